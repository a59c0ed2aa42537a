"""What happens by itself: expiry with a notice, escalation once a day, figures."""

import asyncio
import datetime as dt
from dataclasses import replace

import pytest
from django.contrib.auth import get_user_model

from dlp_gateway.housekeeping import Housekeeping
from dlp_gateway.model import Action, Zone
from dlp_gateway.monitoring.metrics import Metrics
from dlp_gateway.quarantine import escalation, held
from dlp_gateway.quarantine.duty import Reader
from dlp_gateway.quarantine.notices import Letterhead
from dlp_gateway.settings import default_config_dir, load_settings
from dlp_gateway.store import database, keys, spool
from dlp_gateway.store.store import Options, Store
from dlp_gateway.store.values import Kind
from tests.unit.store.contract import rows
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


def zone_of(domain):
    return Zone.INTERNAL if domain == "westendonsixth.com" else Zone.EXTERNAL


@pytest.fixture
async def staff(store):
    """Two reviewers of the console, one with a mailbox outside, an administrator, and somebody who is gone."""

    def make():
        database.migrate(everything=True)
        made = get_user_model().objects.create_user
        ann = made("ann", "ann@westendonsixth.com", role="dpo")
        made("ben", "ben@westendonsixth.com", role="dpo", deputy=ann, away_until=dt.date(2027, 1, 20))
        made("cy", "cy@elsewhere.example", role="dpo")
        made("dee", "dee@westendonsixth.com", role="admin")
        made("eve", "eve@westendonsixth.com", role="dpo", is_active=False)

    await store.write(make)


async def waiting(store):
    return await store.read(spool.waiting)


async def test_what_waits_too_long_is_reported_once_a_day(store, gateway_keys, settings):
    now = [NOW]
    housekeeping = Housekeeping(store, gateway_keys, settings, Metrics(), zone_of, lambda: now[0])
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
    housekeeping = Housekeeping(store, gateway_keys, quiet, Metrics(), zone_of, lambda: now[0])
    await store.commit(intake(verdict("ann@example.net", Action.HOLD)))

    now[0] += 31 * 24 * HOUR
    await housekeeping.tidy()

    assert await store.read(held.waiting) == []
    (notice,) = await waiting(store)
    assert notice.sender == ""
    assert notice.kind is Kind.NOTICE


async def test_reviewers_get_a_digest_a_day_deputies_for_who_is_away(store, gateway_keys, settings, staff):
    now = [NOW]  # 15 January 2027, 08:00 UTC
    first = Housekeeping(store, gateway_keys, settings, Metrics(), zone_of, lambda: now[0])
    second = Housekeeping(store, gateway_keys, settings, Metrics(), zone_of, lambda: now[0])
    await store.commit(intake(verdict("ann@example.net", Action.HOLD)))

    for hours, readers in (
        (0, ["ann"]),
        (1, ["ann"]),
        (22.9, ["ann"]),
        (23.1, ["ann", "ann"]),
        (24 * 6, ["ann", "ann", "ann", "ben"]),
    ):
        now[0] = NOW + hours * HOUR
        for housekeeping in (first, second):
            await housekeeping.tidy()
        digests = sorted(row.recipient for row in await waiting(store) if "privacy" not in row.recipient)
        assert digests == [f"{name}@westendonsixth.com" for name in readers], hours


async def test_what_waits_too_long_is_reported_to_reviewers_where_nobody_else_is_named(
    store, gateway_keys, settings, staff
):
    changes = {"escalate_to": (), "digest_hour": None}
    alone = settings.model_copy(update={"quarantine": settings.quarantine.model_copy(update=changes)})
    housekeeping = Housekeeping(store, gateway_keys, alone, Metrics(), zone_of, lambda: NOW + 25 * HOUR)
    await store.commit(intake(verdict("ann@example.net", Action.HOLD)))

    await housekeeping.tidy()

    assert [row.recipient for row in await waiting(store)] == ["ann@westendonsixth.com"]


async def test_a_gateway_that_starts_anew_does_not_report_again(store, gateway_keys, settings):
    await store.commit(intake(verdict("ann@example.net", Action.HOLD)))

    for _ in range(2):
        await Housekeeping(store, gateway_keys, settings, Metrics(), zone_of, lambda: NOW + 25 * HOUR).tidy()

    assert len(await waiting(store)) == 1


async def test_after_a_reload_the_new_keys_and_settings_are_used(store, tmp_path, gateway_keys, settings):
    housekeeping = Housekeeping(store, gateway_keys, settings, Metrics(), zone_of, lambda: NOW + 25 * HOUR)
    await store.commit(intake(verdict("ann@example.net", Action.HOLD)))
    keys.init(tmp_path / "keys")
    keys.rotate(tmp_path / "keys", keys.Name.SPOOL)
    rotated = keys.load_gateway(tmp_path / "keys")
    other = settings.quarantine.model_copy(update={"escalate_to": ("new.lead@westendonsixth.com",)})

    housekeeping.use(rotated, settings.model_copy(update={"quarantine": other}))
    await housekeeping.tidy()

    (mail,) = await waiting(store)
    assert mail.recipient == "new.lead@westendonsixth.com"
    assert {key_id for (key_id,) in await rows(store, "SELECT key_id FROM dlp_wrap")} == {"reviewers-1", "spool-2"}


async def test_a_clock_that_was_ahead_and_was_set_back_keeps_nothing_waiting(
    store, gateway_keys, settings, monkeypatch
):
    now, tidied = [NOW + 10 * HOUR], []
    keeper = Housekeeping(store, gateway_keys, settings, Metrics(), zone_of, lambda: now[0])
    monkeypatch.setattr("dlp_gateway.housekeeping._FIGURES_SECONDS", 0)

    async def tidy():
        tidied.append(now[0])
        now[0] = NOW
        if len(tidied) == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr(keeper, "tidy", tidy)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(keeper.run(), 60)

    assert tidied == [NOW + 10 * HOUR, NOW]


async def test_all_that_waits_too_long_is_counted_by_the_rules_that_hold_it(store, gateway_keys, settings):
    hold = verdict("ann@example.net", Action.HOLD)
    monitored = replace(hold.hits[0], rule="transfer", monitored=True)
    excepted = replace(hold.hits[0], rule="encryption", excepted_by="census-2026")
    await store.commit(intake(replace(hold, hits=(*hold.hits, monitored, excepted)), message_id="old"))
    await store.commit(intake(hold, message_id="young", at=NOW + 20 * HOUR))

    (late,) = await store.read(lambda: escalation.overdue(24, NOW + 25 * HOUR))
    report = escalation.report(Letterhead("g", "dpo", 30), Reader("privacy.lead@westendonsixth.com"), [late], NOW)

    assert late.message_id == "old"
    assert f"({hold.hits[0].rule})".encode() in report
