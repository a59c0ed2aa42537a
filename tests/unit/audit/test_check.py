"""Tampering with the record in the database itself."""

import asyncio

import pytest

from dlp_gateway.audit.chain import EntryKind, Note, TextKind
from dlp_gateway.audit.check import check
from dlp_gateway.audit.verify import Fault
from dlp_gateway.model import Action
from dlp_gateway.store import database, history, pruning, record, retention
from dlp_gateway.store.keys import load_audit
from dlp_gateway.store.store import Options, Store
from tests.unit.store.contract import deliver_all, kinds, rows
from tests.unit.store.examples import NOW, intake, verdict

DAY = 86400.0


@pytest.fixture
def verified(store, key_directory):
    return lambda kept=(): store.read(lambda: check(load_audit(key_directory), kept))


@pytest.fixture
async def day(store):
    """decide, hold, decide, decide, deliver, deliver, deliver."""
    await store.commit(
        intake(verdict("ann@example.net", Action.DELIVER), verdict("bob@example.org", Action.HOLD), message_id="one")
    )
    await store.commit(intake(message_id="two", at=NOW + 1))
    await store.commit(intake(message_id="three", at=NOW + 2))
    await deliver_all(store, NOW + 3)


def tamper(store, statement, *parameters):
    def run():
        with database.cursor() as cursor:
            cursor.execute(statement, parameters)

    return store.read(run)


@pytest.mark.parametrize(
    ("statement", "seq", "fault"),
    [
        ("UPDATE dlp_audit_entry SET actor = 'x' WHERE seq = 3", 3, Fault.EDITED),
        ("UPDATE dlp_audit_entry SET at = at + 1 WHERE seq = 1", 1, Fault.EDITED),
        ("UPDATE dlp_audit_entry SET details = '{}' WHERE seq = 7", 7, Fault.EDITED),
        ("UPDATE dlp_audit_entry SET hash = previous WHERE seq = 2", 2, Fault.EDITED),
        ("DELETE FROM dlp_audit_entry WHERE seq = 4", 4, Fault.REMOVED),
        ("DELETE FROM dlp_audit_entry WHERE seq = 1", 1, Fault.REMOVED),
        ("DELETE FROM dlp_audit_entry WHERE seq >= 6", 6, Fault.CUT_OFF),
        ("DELETE FROM dlp_audit_entry", 1, Fault.CUT_OFF),
        ("UPDATE dlp_audit_head SET hash = x'00'", 7, Fault.EDITED),
        ("UPDATE dlp_audit_text SET text = 'eve@example.org' WHERE text = 'bob@example.org'", 1, Fault.TEXT_EDITED),
        ("UPDATE dlp_audit_text SET salt = x'00' WHERE text = 'ann@example.net'", 1, Fault.TEXT_EDITED),
        ("DELETE FROM dlp_audit_text WHERE text = 'bob@example.org'", 1, Fault.TEXT_REMOVED),
        ("UPDATE dlp_message SET facts = '{}' WHERE id = 'two'", 3, Fault.FACTS_EDITED),
    ],
)
async def test_what_was_done_is_named(store, day, verified, statement, seq, fault):
    assert await kinds(store) == ["decide", "hold", "decide", "decide", "deliver", "deliver", "deliver"]
    assert (await verified()).sound

    await tamper(store, statement)

    broken = (await verified()).broken
    assert (broken.seq, broken.fault) == (seq, fault)


async def test_swapped_rows_are_named(store, day, verified):
    for old, new in ((2, 99), (6, 2), (99, 6)):
        await tamper(store, "UPDATE dlp_audit_entry SET seq = %s WHERE seq = %s", new, old)

    broken = (await verified()).broken

    assert (broken.seq, broken.fault) == (2, Fault.SWAPPED)


INSERTED = (
    "INSERT INTO dlp_audit_entry (seq, at, kind, actor, subject, details, tokens, previous, hash)"
    " VALUES (%s, %s, 'delete', 'anna', 'one', '{}', '', x'', x'')"
)


@pytest.mark.parametrize("seq", [0, -1, -(2**63)])
async def test_what_is_put_in_front_of_the_chain_is_named_and_shown_nowhere(store, day, verified, seq):
    before = await store.read(lambda: (history.of("one"), history.newest(history.Wanted()), history.length()))

    await tamper(store, INSERTED, seq, NOW + 1e6)

    broken = (await verified()).broken
    assert (broken.seq, broken.fault) == (1, Fault.INSERTED)
    assert await store.read(lambda: (history.of("one"), history.newest(history.Wanted()), history.length())) == before
    assert await store.read(lambda: history.get(seq)) is None
    assert [entry.seq for entry in await store.read(lambda: list(history.entries()))] == list(range(1, 8))


async def test_what_is_put_in_front_of_the_chain_does_not_keep_it_from_being_cut(store, day):
    await tamper(store, INSERTED, -5, NOW + 1e9)

    pruned = await store.write(lambda: pruning.prune(NOW + 10 * DAY, NOW + 10 * DAY, None))

    assert pruned.entries == 7
    assert {entry.kind for entry in await store.read(lambda: list(history.entries(after=None)))} == {"prune"}


@pytest.mark.parametrize("turns", [1, 4])
async def test_a_cut_while_the_record_is_verified_is_no_fault(store, key_directory, monkeypatch, turns):
    for n in range(12):
        await store.commit(intake(verdict("bob@example.org", Action.HOLD), message_id=f"m{n}", at=NOW + n))
    monkeypatch.setattr(history, "_PAGE", 2)
    monkeypatch.setattr("dlp_gateway.audit.check._PAGE", 1)
    monkeypatch.setattr(pruning, "_BATCH", 4)
    cuts = []

    def cut(_passed):
        if len(cuts) < turns:
            cuts.append(pruning._prune_batch(NOW + 100, NOW + 100, None, pruning._Proven(0)))

    report = await store.write(lambda: check(load_audit(key_directory), passed=cut))

    assert report.sound, report.broken
    assert report.first == 1 + sum(cuts)
    assert len(cuts) == turns
    assert all(cuts)


async def test_what_is_removed_while_the_record_is_verified_is_a_fault(store, day, key_directory, monkeypatch):
    monkeypatch.setattr(history, "_PAGE", 2)
    monkeypatch.setattr("dlp_gateway.audit.check._PAGE", 1)

    def remove(_passed):
        with database.cursor() as cursor:
            cursor.execute("DELETE FROM dlp_audit_entry WHERE seq <= 5")

    broken = (await store.write(lambda: check(load_audit(key_directory), passed=remove))).broken

    assert (broken.seq, broken.fault) == (1, Fault.REMOVED)


async def test_cutting_off_with_the_head_is_shown_by_what_was_kept_elsewhere(path, gateway_keys, key_directory):
    kept = []
    options = Options(reserve=0, checkpoint_entries=3, checkpoint_to=kept.append)
    store = await Store.open(f"sqlite:///{path}", gateway_keys, options)
    try:
        for n in range(8):
            await store.commit(intake(message_id=f"m{n}"))
        last = (await rows(store, "SELECT MAX(seq) FROM dlp_audit_entry"))[0][0]
        assert last > 8  # checkpoints are entries too
        (digest,) = (await rows(store, "SELECT hash FROM dlp_audit_entry WHERE seq = 2"))[0]
        await tamper(store, "DELETE FROM dlp_audit_text")  # nothing may hang on texts here
        await tamper(store, "DELETE FROM dlp_audit_entry WHERE seq > 2")
        await tamper(store, "UPDATE dlp_audit_head SET seq = 2, hash = %s", bytes(digest))
        keys = load_audit(key_directory)

        assert (await store.read(lambda: check(keys))).broken.fault is Fault.TEXT_REMOVED
        assert (await store.read(lambda: check(keys, kept))).broken.fault is Fault.CUT_OFF
    finally:
        await store.close()


async def test_checkpoints_come_by_number_by_time_and_at_the_end(path, gateway_keys, key_directory):
    kept = []
    options = Options(reserve=0, checkpoint_entries=5, checkpoint_seconds=1000, checkpoint_to=kept.append)
    store = await Store.open(f"sqlite:///{path}", gateway_keys, options)
    for _n in range(12):
        await store.commit(intake())
    by_number = len(kept)
    await store.close()

    assert by_number == 2
    assert len(kept) == 3
    assert [checkpoint.valid(load_audit(key_directory)) for checkpoint in kept] == [True] * 3

    store = await Store.open(f"sqlite:///{path}", gateway_keys, options)
    await store.close()
    assert len(kept) == 3  # nothing new, nothing signed


async def test_entries_of_other_processes_are_signed_in_time(path, gateway_keys):
    loop = asyncio.get_running_loop()
    signed = asyncio.Event()
    options = Options(reserve=0, checkpoint_seconds=0.02, checkpoint_to=lambda _: loop.call_soon_threadsafe(signed.set))
    store = await Store.open(f"sqlite:///{path}", gateway_keys, options)
    try:

        def sign_in():
            with database.transact():
                record.append(database.cursor(), [Note(EntryKind.SIGN_IN, NOW, "dpo", "console", {})])

        await store.read(sign_in)
        async with asyncio.timeout(20):
            await signed.wait()
    finally:
        await store.close()


async def test_who_is_told_of_checkpoints_cannot_stop_the_store(path, gateway_keys):
    def broken(checkpoint):
        raise OSError("no such folder")

    store = await Store.open(
        f"sqlite:///{path}", gateway_keys, Options(reserve=0, checkpoint_entries=1, checkpoint_to=broken)
    )
    try:
        await store.commit(intake())
        await store.commit(intake())
        assert store.health().alive
    finally:
        await store.close()


async def test_a_pruned_record_verifies_and_its_texts_are_gone(store, verified):
    await store.commit(intake(message_id="old"))
    await deliver_all(store)
    await store.commit(intake(verdict("bob@example.org", Action.HOLD), message_id="young", at=NOW + 2 * DAY))

    early = await store.write(lambda: retention.purge(decisions=0, own=0, entries=NOW + 0.9 * DAY, now=NOW + 2 * DAY))
    purged = await store.write(lambda: retention.purge(decisions=0, own=0, entries=NOW + 1.5 * DAY, now=NOW + 2 * DAY))

    report = await verified()
    assert report.sound, report.broken
    assert (early.entries, purged.entries) == (0, 2)
    assert (report.first, report.entries) == (3, 3)
    texts = {row[0] for row in await rows(store, "SELECT text FROM dlp_audit_text")}
    assert texts == {"jo@westendonsixth.com", "bob@example.org"}


async def test_pruning_goes_in_steps_and_leaves_what_tells_of_it(store, verified, monkeypatch):
    monkeypatch.setattr(pruning, "_BATCH", 4)
    for n in range(10):
        await store.commit(intake(verdict(f"r{n}@example.net", Action.DELIVER)))

    purged = await store.write(lambda: retention.purge(decisions=0, own=0, entries=NOW + 9e9, now=NOW + 10e9))

    assert purged.entries == 10
    report = await verified()
    assert report.sound, report.broken
    texts = await rows(store, "SELECT text FROM dlp_audit_text WHERE text LIKE %s", "r%")
    assert texts == []


async def test_an_address_that_is_named_again_while_pruning_stays(store, verified, monkeypatch):
    await store.commit(intake(message_id="old"))
    await store.commit(intake(verdict("bob@example.org", Action.HOLD), at=NOW + 2 * DAY))
    reading = history.entries

    def slow(after=0):
        yield from reading(after)
        if after == 0:
            record.append(
                database.cursor(),
                [Note(EntryKind.SIGN_IN, NOW + 2 * DAY, "x", "y", {}, ((TextKind.ADDRESS, "ann@example.net"),))],
            )

    monkeypatch.setattr(history, "entries", slow)
    await store.write(lambda: retention.purge(decisions=0, own=0, entries=NOW + 1.5 * DAY, now=NOW + 2 * DAY))
    monkeypatch.undo()

    report = await verified()
    assert report.sound, report.broken


async def test_the_story_of_one_message_is_read_in_order(store, day):
    assert [entry.kind for entry in await store.read(lambda: history.of("one"))] == ["decide", "hold", "deliver"]
