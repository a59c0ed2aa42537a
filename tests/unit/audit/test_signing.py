"""The gateway signs what goes on from its last signature, and says so when the record does not."""

import pytest
from structlog.testing import capture_logs

from dlp_gateway.audit.chain import GENESIS, EntryKind, entry_hash
from dlp_gateway.audit.witness import Witness
from dlp_gateway.housekeeping import Housekeeping
from dlp_gateway.model import Zone
from dlp_gateway.monitoring.metrics import Metrics
from dlp_gateway.settings import default_config_dir, load_settings
from dlp_gateway.store import database, history, record
from dlp_gateway.store.store import Options, Store
from tests.unit.store.examples import intake


@pytest.fixture
def witness(tmp_path):
    return Witness.beside(tmp_path)


@pytest.fixture
def opened(path, gateway_keys, witness):
    options = Options(reserve=0, checkpoint_entries=1, checkpoint_seconds=1000, witness=witness)
    return lambda: Store.open(f"sqlite:///{path}", gateway_keys, options)


def made_anew():
    """The chain without its second entry and without signatures, as whoever can write the database can make it."""
    kept = [entry for entry in history.entries() if entry.kind != EntryKind.CHECKPOINT and entry.subject != "m1"]
    previous = GENESIS
    with database.transact():
        cursor = database.cursor()
        cursor.execute("DELETE FROM dlp_audit_entry")
        for seq, entry in enumerate(kept, 1):
            fields = (entry.at, entry.kind, entry.actor, entry.subject, entry.details, entry.tokens)
            digest = entry_hash(seq, *fields, previous)
            cursor.execute(record._ENTRY, (seq, *fields, previous, digest))
            previous = digest
        cursor.execute("UPDATE dlp_audit_head SET seq = %s, hash = %s, checkpoint = 0", (len(kept), previous))


async def checkpoints(store):
    entries = await store.read(lambda: list(history.entries()))
    return [entry.seq for entry in entries if entry.kind == EntryKind.CHECKPOINT]


async def test_a_record_made_anew_is_not_signed_and_that_is_said(opened, witness, gateway_keys):
    store = await opened()
    for number in range(3):
        await store.commit(intake(message_id=f"m{number}"))
    await store.close()
    last = witness.read()
    assert last is not None

    store = await opened()
    metrics = Metrics()
    settings = load_settings(default_config_dir(), {})
    housekeeping = Housekeeping(store, gateway_keys, settings, metrics, lambda _: Zone.INTERNAL)
    try:
        assert store.health().altered is None
        await store.read(made_anew)
        for number in range(2):
            await store.commit(intake(message_id=f"n{number}"))
            await store.settle([], 0.0)  # the signature would be made by now
            assert f"entry {last.seq}, which was signed last" in store.health().altered
            assert store.health().failed is None  # mail goes on
        with capture_logs() as logs:
            housekeeping.watch_record()
            housekeeping.watch_record()
        assert await checkpoints(store) == []
    finally:
        await store.close()
    assert witness.read() == last
    assert metrics.record_altered._value.get() == 1
    assert [line["event"] for line in logs] == ["the record is not signed any more"]


async def test_after_the_memory_was_taken_away_it_is_signed_again(opened, witness):
    store = await opened()
    await store.commit(intake(message_id="m0"))
    await store.commit(intake(message_id="m1"))
    await store.close()
    store = await opened()
    await store.read(made_anew)
    await store.commit(intake())
    await store.settle([], 0.0)
    assert store.health().altered is not None

    witness.path.unlink()
    await store.commit(intake())
    await store.settle([], 0.0)

    assert store.health().altered is None
    await store.close()
    assert witness.read() is not None


async def test_mail_goes_on_where_nothing_can_be_remembered(path, gateway_keys, tmp_path):
    options = Options(reserve=0, checkpoint_entries=1, witness=Witness(tmp_path / "none" / "file"))
    store = await Store.open(f"sqlite:///{path}", gateway_keys, options)
    try:
        await store.commit(intake())
        await store.settle([], 0.0)
        health = store.health()
        assert (health.alive, health.failed, health.altered) == (True, None, None)
        assert "cannot be written" in health.forgetful
        assert await checkpoints(store) == [2]
    finally:
        await store.close()
