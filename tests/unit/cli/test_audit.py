import json
import sqlite3
from contextlib import closing

import pytest

from dlp_gateway.model import Action
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
