"""What happens by itself: expiry with a notice, escalation once a day, figures."""

import pytest

from dlp_gateway.housekeeping import Housekeeping
from dlp_gateway.model import Action
from dlp_gateway.monitoring.metrics import Metrics
from dlp_gateway.quarantine import held
from dlp_gateway.settings import default_config_dir, load_settings
from dlp_gateway.store import keys, spool
from dlp_gateway.store.store import Options, Store
from dlp_gateway.store.values import Kind
from tests.unit.store.examples import NOW, intake, verdict

HOUR = 3600.0


@pytest.fixture(scope="module")
def gateway_keys(tmp_path_factory):
    directory = tmp_path_factory.mktemp("housekeeping") / "keys"
    keys.init(directory)
    return keys.load_gateway(directory)


@pytest.fixture
async def store(tmp_path, gateway_keys):
    store = await Store.open(
        f"sqlite:///{tmp_path}/store.db", gateway_keys, Options(hold_seconds=30 * 24 * HOUR, reserve=0)
    )
    yield store
    await store.close()


@pytest.fixture
def settings():
    return load_settings(
        default_config_dir(), {"DLP_GATEWAY__QUARANTINE": '{"escalate_to": ["privacy.lead@westendonsixth.com"]}'}
    )


async def waiting(store):
    return await store.read(spool.waiting)


async def test_what_waits_too_long_is_reported_once_a_day(store, gateway_keys, settings):
    now = [NOW]
    housekeeping = Housekeeping(store, gateway_keys, settings, Metrics(), lambda: now[0])
    await store.commit(intake(verdict("ann@example.net", Action.HOLD)))

    for hours, reports in ((1, 0), (25, 1), (26, 1), (50, 2)):
        now[0] = NOW + hours * HOUR
        await housekeeping.tidy()
        assert len(await waiting(store)) == reports, hours
    assert {row.recipient for row in await waiting(store)} == {"privacy.lead@westendonsixth.com"}


async def test_what_expires_is_deleted_and_its_sender_told(store, gateway_keys, settings):
    now = [NOW]
    quiet = settings.model_copy(
        update={"quarantine": settings.quarantine.model_copy(update={"escalate_after_hours": None})}
    )
    housekeeping = Housekeeping(store, gateway_keys, quiet, Metrics(), lambda: now[0])
    await store.commit(intake(verdict("ann@example.net", Action.HOLD)))

    now[0] += 31 * 24 * HOUR
    await housekeeping.tidy()

    assert await store.read(held.waiting) == []
    (notice,) = await waiting(store)
    assert notice.sender == ""
    assert notice.kind is Kind.NOTICE
