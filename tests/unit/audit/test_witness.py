"""What was signed last is remembered beside the key, and nothing is signed that does not go on from there."""

import json

import pytest

from dlp_gateway.audit.chain import Checkpoint, EntryKind, Note
from dlp_gateway.audit.witness import Witness, WitnessError
from dlp_gateway.store import database, history, pruning, record
from dlp_gateway.store.record import RecordAlteredError
from tests.unit.store.examples import NOW, intake

DAY = 86400.0


@pytest.fixture
def witness(tmp_path):
    return Witness.beside(tmp_path)


def signing(gateway_keys, witness, now=NOW):
    """What the gateway does now and then."""

    def run():
        with database.transact():
            made = record.add_checkpoint(database.cursor(), now, *gateway_keys.audit, witness.read())
        if made is not None:
            witness.keep(made)
        return made

    return run


def execute(*statements):
    def run():
        with database.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    return run


def test_a_checkpoint_is_remembered(witness, gateway_keys):
    assert witness.read() is None
    for seq in (1, 2):
        checkpoint = Checkpoint.signed(seq, bytes(32), NOW, *gateway_keys.audit)
        witness.keep(checkpoint)
        assert witness.read() == checkpoint
    assert witness.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in witness.path.parent.iterdir()] == ["audit-signed.json"]


@pytest.mark.parametrize("text", ["", "{}", "[]", "7", '{"seq": 1}', "[" * 100_000, '{"seq": "\\ud800"}', "\xff"])
def test_a_damaged_one_is_said(witness, text):
    witness.path.write_bytes(text.encode("latin-1"))

    with pytest.raises(WitnessError, match="is damaged"):
        witness.read()


def test_one_that_cannot_be_written_is_said(tmp_path, gateway_keys):
    with pytest.raises(WitnessError, match="cannot be written"):
        Witness.beside(tmp_path / "none").keep(Checkpoint.signed(1, bytes(32), NOW, *gateway_keys.audit))


async def test_signing_goes_on_from_the_last_signature(store, gateway_keys, witness):
    for n in range(3):
        await store.commit(intake(message_id=f"m{n}"))
        assert (await store.read(signing(gateway_keys, witness))).seq == 2 * n + 1
    assert await store.read(signing(gateway_keys, witness)) is None


@pytest.mark.parametrize(
    ("done", "why"),
    [
        (("DELETE FROM dlp_audit_entry WHERE seq > 1", "UPDATE dlp_audit_head SET seq = 1"), "is gone"),
        (("DELETE FROM dlp_audit_entry WHERE seq < 5",), "is gone"),
        (("UPDATE dlp_audit_entry SET hash = previous WHERE seq = 2",), "is another one now"),
    ],
)
async def test_nothing_is_signed_on_top_of_a_record_that_was_altered(store, gateway_keys, witness, done, why):
    for n in range(2):
        await store.commit(intake(message_id=f"m{n}"))
    await store.read(signing(gateway_keys, witness))
    for n in range(2, 5):
        await store.commit(intake(message_id=f"m{n}"))
    last = witness.read()

    await store.read(execute(*done))

    for _ in range(2):
        with pytest.raises(RecordAlteredError, match=f"entry 2, which was signed last, {why}"):
            await store.read(signing(gateway_keys, witness))
    assert witness.read() == last
    entries = await store.read(lambda: list(history.entries()))
    assert not [entry for entry in entries if entry.kind == EntryKind.CHECKPOINT and entry.seq > 3]


@pytest.mark.parametrize("forged", [False, True])
async def test_what_was_pruned_on_record_is_no_reason_what_was_so_without_a_signature_is(
    store, gateway_keys, witness, forged
):
    for n in range(3):
        await store.commit(intake(message_id=f"m{n}", at=NOW + n))
    await store.read(signing(gateway_keys, witness, NOW + 3))
    first = witness.read()
    await store.commit(intake(message_id="m4", at=NOW + 9 * DAY))
    await store.read(signing(gateway_keys, witness, NOW + 9 * DAY))
    if forged:
        details = json.dumps({"through": 4, "hash": "00"})
        note = Note(EntryKind.PRUNE, NOW, "gateway", "record", json.loads(details))
        await store.read(lambda: record.append(database.cursor(), [note]))
        await store.read(execute("DELETE FROM dlp_audit_entry WHERE seq <= 4"))
    else:
        assert (await store.write(lambda: pruning.prune(NOW + 5 * DAY, NOW + 9 * DAY, gateway_keys.audit))).entries == 4
    witness.keep(first)

    if forged:
        with pytest.raises(RecordAlteredError):
            await store.read(signing(gateway_keys, witness))
    else:
        assert await store.read(signing(gateway_keys, witness)) is not None
