import json
import sqlite3
import time
from contextlib import closing

import pytest

from dlp_gateway.audit.chain import Checkpoint, EntryKind, Note
from dlp_gateway.audit.witness import Witness
from dlp_gateway.model import Action
from dlp_gateway.store import database
from dlp_gateway.store import record as audit_record
from tests.unit.store.examples import intake, verdict

ANN = verdict("ann@example.net", Action.DELIVER)
HOLD = verdict("bob@example.org", Action.HOLD)


@pytest.fixture
def record(gateway, now):
    gateway.commit(intake(ANN, message_id="one", at=now), intake(HOLD, message_id="two", at=now))
    gateway.commit(intake(ANN, message_id="three", at=now))
    return gateway


def tamper(gateway, statement, *parameters):
    with closing(sqlite3.connect(gateway.database)) as connection, connection:
        assert connection.execute(statement, parameters).rowcount > 0


def entries(gateway, *more):
    return [json.loads(line) for line in gateway.run("audit", "export", *more).output.splitlines()]


def test_a_whole_record(record):
    count = len(entries(record))

    done = record.run("audit", "verify")

    assert done == (0, f"The record is whole: {count} entries, signed up to number {count - 1} of {count}.\n", "")


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE dlp_audit_entry SET actor = 'somebody' WHERE seq = 2", 2),
        ("DELETE FROM dlp_audit_entry WHERE seq = 2", 2),
        ("UPDATE dlp_audit_text SET text = 'zoe@example.org' WHERE text = 'ann@example.net'", 1),
        ("UPDATE dlp_message SET facts = replace(facts, 'au_tfn', 'nothing') WHERE id = 'one'", 1),
    ],
)
def test_tampering_is_told_with_the_entry(record, statement, number):
    tamper(record, statement)

    done = record.run("audit", "verify")

    assert done.status == 1
    assert done.output.startswith(f"The record is broken at entry {number} (")


def test_a_record_cut_off_with_its_head_needs_checkpoints_kept_elsewhere(record):
    kept = record.root / "kept.jsonl"
    kept.write_text(record.run("audit", "checkpoints").output)
    last = max(entry["seq"] for entry in entries(record))
    assert record.run("audit", "verify", "--checkpoints", kept).status == 0

    tamper(record, "DELETE FROM dlp_audit_entry WHERE seq > 3")
    tamper(record, "UPDATE dlp_audit_head SET seq = 3, hash = (SELECT hash FROM dlp_audit_entry WHERE seq = 3)")

    assert last > 4
    done = record.run("audit", "verify", "--checkpoints", kept)
    assert done.status == 1
    assert done.output.startswith("The record is broken at entry ")


def forge_prune(gateway):
    """Remove everything and say that it was pruned, as whoever can write the database can do it."""
    database.configure(f"sqlite:///{gateway.database}")
    with database.transact():
        cursor = database.cursor()
        seq, digest, _ = audit_record.head(cursor)
        cursor.execute("DELETE FROM dlp_audit_entry")
        cursor.execute("DELETE FROM dlp_audit_text")
        details = {"through": seq, "hash": digest.hex(), "entries": seq}
        audit_record.append(cursor, [Note(EntryKind.PRUNE, time.time(), "gateway", "record", details)])
    database.close()


def test_a_prune_without_a_signature_is_told(record):
    forge_prune(record)

    done = record.run("audit", "verify")

    assert done.status == 0
    lines = done.output.splitlines()
    assert lines[0].startswith("The record is whole: 1 entries")
    assert lines[1].startswith(f"Entries before {entries(record)[0]['seq']} were pruned on 20")
    assert lines[2].startswith(f"Not signed: that entries were pruned (entry {entries(record)[0]['seq']})")


@pytest.mark.parametrize("where", ["elsewhere", "beside the keys"])
def test_a_record_emptied_by_a_forged_prune_is_shown(record, where):
    text = record.run("audit", "checkpoints").output
    if where == "elsewhere":
        kept = record.root / "kept.jsonl"
        kept.write_text(text)
        more = ("--checkpoints", kept)
    else:
        Witness.beside(record.keys).keep(Checkpoint.parse(json.loads(text.splitlines()[-1])))
        more = ()
    assert record.run("audit", "verify", *more).status == 0

    forge_prune(record)

    done = record.run("audit", "verify", *more)
    assert done.status == 1
    assert "was pruned 0 days after that" in done.output
    assert "the record is kept for 1095 days" in done.output
    assert "the record is kept for 7 days" in record.run("audit", "verify", *more, "--record-days", "7").output


def test_a_record_made_anew_is_shown_by_what_was_signed_last(record):
    """Without any checkpoint in it, and so without a signature that would not fit."""
    text = record.run("audit", "checkpoints").output
    Witness.beside(record.keys).keep(Checkpoint.parse(json.loads(text.splitlines()[-1])))
    database.configure(f"sqlite:///{record.database}")
    with database.transact():
        cursor = database.cursor()
        cursor.execute("DELETE FROM dlp_audit_entry")
        cursor.execute("DELETE FROM dlp_audit_text")
        cursor.execute("UPDATE dlp_audit_head SET seq = 0, hash = %s, checkpoint = 0", (bytes(32),))
        notes = [Note(EntryKind.VERIFY, time.time(), "dpo", "record", {"n": n}) for n in range(20)]
        audit_record.append(cursor, notes)
    database.close()

    done = record.run("audit", "verify")

    assert done.status == 1
    assert "(rewritten)" in done.output


def test_a_damaged_memory_of_what_was_signed_last_is_told(record):
    (record.keys / "audit-signed.json").write_text("{}")

    assert "audit-signed.json is damaged" in record.fails("audit", "verify")


@pytest.mark.parametrize("text", ["{}", "[]", "not json", '{"seq": "x"}', '"text"'])
def test_a_file_without_checkpoints_is_told(record, text):
    path = record.root / "kept.jsonl"
    path.write_text(text)

    assert f"{path} holds no checkpoints" in record.fails("audit", "verify", "--checkpoints", path)


def test_a_missing_file_of_checkpoints_is_told(record):
    assert "holds no checkpoints" in record.fails("audit", "verify", "--checkpoints", record.root / "none")


def test_the_record_is_exported(record):
    found = entries(record)

    assert [entry["seq"] for entry in found] == list(range(1, len(found) + 1))
    assert [entry["kind"] for entry in found if entry["kind"] != "checkpoint"] == ["decide", "decide", "hold", "decide"]
    assert entries(record, "--after", 3) == found[3:]


def test_the_record_is_exported_for_a_siem(record):
    lines = record.run("audit", "export", "--format", "cef").output.splitlines()

    assert len(lines) == len(entries(record))
    assert all(line.startswith("CEF:0|dlp-gateway|") for line in lines)


def test_an_unknown_form_is_told(record):
    assert "there is no format xml; use json or cef" in record.fails("audit", "export", "--format", "xml")


def test_a_period_in_figures(record):
    done = record.run("audit", "report", "--since", "2020-01-01")

    assert done.status == 0
    assert "3 messages decided." in done.output
    assert "deliver, external: 2" in done.output
    assert "hold, external: 1" in done.output
    assert "@" not in done.output
    assert "The record is whole" in done.output


def test_without_keys_nothing_can_be_verified(record):
    (record.keys / "audit-1.pub").unlink()

    assert str(record.keys) in record.fails("audit", "verify")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "--after", "-1"), "Invalid value"),
        (("export", "--after", str(2**63)), "Invalid value"),
        (("verify", "--record-days", "0"), "Invalid value"),
        (("verify", "--record-days", str(10**400)), "Invalid value"),
        (("report", "--since", "2026-11-01", "--until", "9999-12-31"), "no day that has a next one"),
    ],
    ids=lambda given: " ".join(given)[:40] if isinstance(given, tuple) else "",
)
def test_numbers_and_days_that_cannot_be_are_told(gateway, arguments, said):
    gateway.commit()

    assert said in gateway.fails("audit", *arguments)
