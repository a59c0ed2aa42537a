"""The oldest entries of the record go, and the gateway signs that only for what it has verified."""

import pytest

from dlp_gateway.audit.chain import Checkpoint, EntryKind
from dlp_gateway.audit.check import check
from dlp_gateway.audit.verify import Fault
from dlp_gateway.store import database, history, pruning, record
from dlp_gateway.store.keys import load_audit
from tests.unit.store.examples import NOW, intake

DAY = 86400.0


@pytest.fixture
def sign(store, gateway_keys):
    async def sign(at):
        def run():
            with database.transact():
                return record.add_checkpoint(database.cursor(), at, *gateway_keys.audit)

        return await store.read(run)

    return sign


@pytest.fixture
async def days(store, sign):
    """Ten days with two decisions each, each day signed at its end: entries 3n+1, 3n+2, and 3n+3 the checkpoint."""
    for day in range(10):
        for hour in (1, 2):
            await store.commit(intake(message_id=f"d{day}h{hour}", at=NOW + day * DAY + hour * 3600))
        await sign(NOW + day * DAY + 10 * 3600)


@pytest.fixture
def prune(store, gateway_keys):
    return lambda before, key=gateway_keys.audit: store.write(lambda: pruning.prune(before, NOW + 20 * DAY, key))


@pytest.fixture
def verified(store, key_directory):
    def run(kept=(), kept_for=15 * DAY):
        return store.read(lambda: check(load_audit(key_directory), kept, kept_for=kept_for, now=NOW + 30 * DAY))

    return run


@pytest.fixture
async def kept(store, days):
    """Its checkpoints, as they are kept elsewhere."""
    entries = await store.read(lambda: list(history.entries()))
    return [Checkpoint.parse(entry.said()) for entry in entries if entry.kind == EntryKind.CHECKPOINT]


def edit(store, *statements):
    def run():
        with database.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    return store.read(run)


def relink(store, *, at, through):
    """Make entries look old and fit again, as whoever knows how hashes are made can do it."""

    def run():
        previous = bytes(32)
        with database.cursor() as cursor:
            for entry in list(history.entries()):
                if entry.seq <= through:
                    fields = (entry.kind, entry.actor, entry.subject, entry.details, entry.tokens)
                    digest = pruning.entry_hash(entry.seq, at, *fields, previous)
                    cursor.execute(
                        "UPDATE dlp_audit_entry SET at = %s, previous = %s, hash = %s WHERE seq = %s",
                        (at, previous, digest, entry.seq),
                    )
                    previous = digest

    return store.read(run)


@pytest.mark.parametrize("batch", [2, 4, 5000])
async def test_a_whole_record_is_pruned_with_a_signature(prune, verified, kept, monkeypatch, batch):
    monkeypatch.setattr(pruning, "_BATCH", batch)
    pruned = await prune(NOW + 5 * DAY)

    assert pruned == pruning.Pruned(15)
    report = await verified(kept, 15 * DAY)
    assert report.sound, report.broken
    assert (report.first, report.cut.through, report.cut.signed, report.unsigned) == (16, 15, True, ())


@pytest.mark.parametrize(("hours", "entries"), [(0.5, 12), (1.5, 13), (2.5, 13), (10.5, 15), (26, 16)])
async def test_an_entry_stays_with_the_checkpoint_over_it(prune, verified, kept, hours, entries):
    """So that the age of what goes is never less than that of a checkpoint kept elsewhere."""
    assert (await prune(NOW + 4 * DAY + hours * 3600)).entries == entries

    report = await verified(kept, (16 - hours / 24) * DAY)
    assert report.sound, report.broken


async def test_what_is_not_signed_yet_waits(store, sign, prune, verified):
    for day in range(3):
        await store.commit(intake(message_id=f"d{day}", at=NOW + day * DAY))
    assert (await prune(NOW + 9 * DAY)).entries == 0

    await sign(NOW + 10 * DAY)

    assert (await prune(NOW + 9 * DAY)).entries == 2  # the third with the checkpoint over it
    assert (await verified()).sound


async def test_without_a_key_it_is_pruned_without_a_signature(store, days, prune, verified):
    assert (await prune(NOW + 5 * DAY, None)).entries == 15

    report = await verified()
    assert report.sound, report.broken
    assert len(report.unsigned) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE dlp_audit_entry SET actor = 'x' WHERE seq = 8",
        "DELETE FROM dlp_audit_entry WHERE seq = 8",
        "UPDATE dlp_audit_entry SET previous = hash WHERE seq = 8",
    ],
)
async def test_a_broken_record_is_pruned_and_not_signed_from_there_on(store, days, prune, verified, statement):
    await edit(store, statement)

    pruned = await prune(NOW + 5 * DAY)

    assert pruned.broken in {8, 9}
    entries = await store.read(lambda: list(history.entries()))
    assert entries[0].seq == 16
    assert ["signature" in entry.said() for entry in entries if entry.kind == EntryKind.PRUNE] == [True, False]
    assert (await verified()).broken.fault is Fault.REMOVED


@pytest.mark.parametrize("through", [29, 30])
async def test_what_was_made_to_look_old_is_not_signed_away(store, days, prune, verified, through):
    await relink(store, at=NOW - 900 * DAY, through=through)

    pruned = await prune(NOW - 100 * DAY)

    assert pruned.broken is not None
    entries = await store.read(lambda: list(history.entries()))
    assert not [entry for entry in entries if entry.kind == EntryKind.PRUNE and "signature" in entry.said()]


async def test_a_cut_by_another_gateway_at_the_same_time_is_no_broken_record(store, days, prune, verified, monkeypatch):
    """Both gateways of one database prune; this one has read some entries when the other one takes the next away."""
    entries = history.entries
    key = prune.__defaults__[0]

    def interrupted():
        monkeypatch.undo()
        before = list(entries())
        yield from before[:4]
        pruning.prune(NOW + 4 * DAY, NOW + 20 * DAY, key)
        yield from (entry for entry in before if entry.seq > history.length()[0])

    monkeypatch.setattr(history, "entries", interrupted)
    pruned = await prune(NOW + 5 * DAY)

    assert pruned.broken is None
    assert (await verified()).broken is None
