import json

import pytest
import typer
from typer.testing import CliRunner

from dlp_gateway.cli import check
from dlp_gateway.detection.values import Candidate
from dlp_gateway.inspection.inspector import Examination
from dlp_gateway.model import Attachment, Finding, Grade, Inspection, Protection, Role, Tier, Unscanned

MESSAGE = b"""\
From: Alice Ng <alice@westendonsixth.com>
To: "bob@westendonsixth.com" <bob@client.example>
Cc: carol@westendonsixth.com
Bcc: dan@other.example
Subject: Lunch

%s
"""


class WordInspector:
    """Finds the word SECRET, and fails on BROKEN; remembers what it was asked for."""

    def __init__(self):
        self.asked = []

    def examine(self, raw, *, scope="all", pictures=False, explain=False):
        self.asked.append((scope, pictures, explain))
        if b"BROKEN" in raw:
            raise RecursionError("SECRET of the message")
        findings, candidates, attachments = (), (), ()
        if b"SECRET" in raw and scope == "all":
            findings = (
                Finding("HEALTH", Tier.HIGH_RISK, "body", 4, 10, 0.98765, Role.BODY),
                Finding("PERSON", Tier.CONTACT, "Ann Lee.pdf", 0, 7, 0.9, Role.FILENAME),
            )
            attachments = (Attachment("Ann Lee.pdf", "Ann Lee.pdf", "pdf", 10, Protection(Grade.NONE, "none")),)
            if explain:
                candidates = (
                    Candidate(
                        entity="HEALTH",
                        tier=Tier.HIGH_RISK,
                        where="body",
                        role=Role.BODY,
                        start=4,
                        end=10,
                        score=0.98,
                        detector="statements",
                        raised=("model",),
                        sank=(),
                        kept=True,
                    ),
                )
        inspection = Inspection(findings=findings, attachments=attachments, scope=scope)
        return Examination(inspection, (), candidates)


@pytest.fixture
def inspector(monkeypatch):
    made = WordInspector()
    monkeypatch.setattr(check, "_inspector", lambda _: made)
    return made


@pytest.fixture
def message(tmp_path):
    def write(body=b"See you at one.", name="m.eml"):
        path = tmp_path / name
        path.write_bytes(MESSAGE % body)
        return path

    return write


def run(*arguments, stdin=None):
    app = typer.Typer()
    app.command()(check.check)
    result = CliRunner().invoke(app, list(map(str, arguments)), input=stdin)
    return result.exit_code, result.stdout, result.stderr


def data(output):
    return [json.loads(line) for line in output.split("\n") if line]


def test_a_message_for_all(inspector, message):
    status, output, _ = run(message(), "--json")
    (found,) = data(output)

    assert status == 0
    assert set(found) == {"id", "recipients", "findings", "attachments", "unscanned", "ms"}
    assert found["recipients"] == [
        {"address": "bob@client.example", "zone": "external", "action": "deliver", "rules": [], "clauses": []},
        {"address": "carol@westendonsixth.com", "zone": "internal", "action": "deliver", "rules": [], "clauses": []},
        {"address": "dan@other.example", "zone": "external", "action": "deliver", "rules": [], "clauses": []},
    ]
    assert inspector.asked == [("all", True, False)]


def test_a_message_that_stops_for_some(inspector, message):
    status, output, _ = run("--json", message(b"a SECRET"))
    (found,) = data(output)

    assert status == 1
    assert found["recipients"][0] == {
        "address": "bob@client.example",
        "zone": "external",
        "action": "hold",
        "rules": ["external", "high-risk"],
        "clauses": ["5.14(a)"],
    }
    assert found["recipients"][1]["action"] == "deliver"
    assert found["findings"][0] == {
        "entity": "HEALTH",
        "tier": "high_risk",
        "where": "body",
        "start": 4,
        "end": 10,
        "score": 0.988,
    }
    assert found["attachments"] == [
        {"name": "Ann Lee.pdf", "type": "pdf", "protection": {"state": "none", "scheme": "none"}}
    ]


def test_a_finding_in_a_file_name_does_not_repeat_it(inspector, message):
    _, output, _ = run("--json", message(b"a SECRET"))

    assert data(output)[0]["findings"][1]["where"] == "name of attachment 1 (pdf)"


def test_the_envelope_can_be_given(inspector, message):
    status, output, _ = run(
        "--json", message(b"a SECRET"), "--from", "x@westendonsixth.com", "--to", "eve@westendonsixth.com"
    )

    assert status == 0
    assert [r["address"] for r in data(output)[0]["recipients"]] == ["eve@westendonsixth.com"]
    assert inspector.asked == [("subject", False, False)]


def test_standard_input(inspector):
    status, output, _ = run("-", "--json", stdin=MESSAGE % b"Hello")

    assert status == 0
    assert data(output)[0]["id"] == "-"


def test_in_words(inspector, message):
    status, output, _ = run(message(b"a SECRET"))

    assert status == 1
    assert "hold     bob@client.example  external  (external, high-risk: clause 5.14(a))" in output
    assert "deliver  carol@westendonsixth.com  internal\n" in output


def test_explained(inspector, message):
    _, output, _ = run(message(b"a SECRET"), "--explain")

    assert "Rule high-risk (clause 5.14(a))" in output
    assert "So it is held for review, 2 different reviewers have to release it." in output
    assert "finding    HEALTH in body 4-10, 0.98 by statements: + model" in output
    assert inspector.asked == [("all", True, True)]


def test_explained_as_json(inspector, message):
    _, output, _ = run(message(b"a SECRET"), "--explain", "--json")
    (found,) = data(output)

    assert found["explanation"]["carol@westendonsixth.com"][0] == "The recipient is inside the organisation."
    assert found["candidates"][0]["raised"] == ["model"]


def test_an_inspection_that_fails_stops_the_message_and_says_nothing_of_it(inspector, message):
    status, output, errors = run("--json", message(b"BROKEN"))
    (found,) = data(output)

    assert status == 1
    assert {recipient["action"] for recipient in found["recipients"]} == {"hold"}
    assert {recipient["rules"][0] for recipient in found["recipients"]} == {"unscannable"}
    assert "SECRET" not in output + errors


# ---------------------------------------------------------------- an index


def index(tmp_path, *entries):
    path = tmp_path / "index.jsonl"
    path.write_text("\n".join(e if isinstance(e, str) else json.dumps(e) for e in entries) + "\n\n")
    return path


def test_an_index(inspector, message, tmp_path):
    message(b"a SECRET", "1.eml")
    message(b"fine", "2.eml")
    listed = index(
        tmp_path,
        {"id": "one", "file": "1.eml", "mail_from": "a@westendonsixth.com", "rcpt": ["b@c.example"], "more": 1},
        {"id": "two", "file": "2.eml", "mail_from": "", "rcpt": ["b@c.example", "jürgen@münchen.example"]},
    )

    status, output, _ = run("--json", "--index", listed)
    found = data(output)

    assert status == 1
    assert [one["id"] for one in found] == ["one", "two"]
    assert [[r["action"] for r in one["recipients"]] for one in found] == [["hold"], ["deliver", "deliver"]]
    assert found[1]["recipients"][1]["address"] == "jürgen@münchen.example"


@pytest.mark.parametrize(
    "line", ["{", "[]", "1", '{"id": "x"}', '{"id": 1, "file": "2.eml", "mail_from": null, "rcpt": 7}']
)
def test_a_bad_line_is_told_and_the_others_are_judged(inspector, message, tmp_path, line):
    message(name="2.eml")
    good = {"id": "two", "file": "2.eml", "mail_from": "a@westendonsixth.com", "rcpt": ["b@c.example"]}

    status, output, errors = run("--json", "--index", index(tmp_path, line, good))

    assert status == 2
    assert [one["id"] for one in data(output)] == ["two"]
    assert "index.jsonl:1: is not an object with id, file, mail_from and rcpt" in errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name the messages to judge"),
        (("nowhere.eml",), "nowhere.eml: cannot be read: No such file or directory"),
        (("--index", "nowhere.jsonl"), "nowhere.jsonl: cannot be read"),
        (("--config", "nowhere", "x.eml"), "gateway.yaml: cannot be read"),
    ],
)
def test_errors(inspector, arguments, said):
    status, output, errors = run(*arguments)

    assert (status, output) == (2, "")
    assert said in errors


def test_a_message_without_recipients_is_an_error(inspector, tmp_path):
    path = tmp_path / "m.eml"
    path.write_bytes(b"Subject: x\n\nHello\n")

    status, _, errors = run(path)

    assert status == 2
    assert "has no recipient; name one with --to" in errors


def test_an_address_that_the_gateway_refuses_is_judged_as_an_outsider(inspector, message):
    status, output, errors = run("--json", message(), "--to", "=?utf-8?q?x?=@westendonsixth.com<b@evil.example")

    assert status == 0
    assert data(output)[0]["recipients"][0]["zone"] == "external"
    assert "would not take this address" in errors


HOSTILE = "a\ud800\x1b]0;title\x07\x9b2J\r\n  deliver  \u2028b.txt"


class NamesInspector(WordInspector):
    """Sees a file of a hostile name, which was not read and shows a risk."""

    def examine(self, raw, *, scope="all", pictures=False, explain=False):
        protection = Protection(Grade.NONE, "none")
        unread = (Unscanned(HOSTILE, "damaged"),)
        inspection = Inspection(
            (Finding("PERSON", Tier.CONTACT, HOSTILE, 0, 7, 0.9, Role.DOCUMENT),),
            (Attachment(HOSTILE, HOSTILE, "txt", 10, protection),),
            unread,
            unread,
        )
        candidate = Candidate("PERSON", Tier.CONTACT, HOSTILE, Role.DOCUMENT, 0, 7, 0.9, "people", (), (), kept=False)
        return Examination(inspection, (), (candidate,))


def test_a_hostile_name_ends_nothing_and_commands_no_terminal(message, monkeypatch):
    monkeypatch.setattr(check, "_inspector", lambda _: NamesInspector())
    status, output, errors = run("--explain", "--to", "bob@client.example", message(), message(name="n.eml"))

    assert (status, errors) == (1, "")
    assert [line for line in output.split("\n") if line.startswith("  deliver")] == []
    assert sum("]0;title" in line and "b.txt" in line for line in output.split("\n")) == 8
    assert not [c for c in output if c != "\n" and not c.isprintable()]


def test_a_hostile_name_ends_no_line_of_json(message, monkeypatch):
    monkeypatch.setattr(check, "_inspector", lambda _: NamesInspector())
    status, output, errors = run("--json", "--explain", "--to", "bob@client.example", message(), message(name="n.eml"))
    found = data(output)

    assert (status, errors) == (1, "")
    assert [len(found), found[0]["attachments"][0]["name"]] == [2, HOSTILE.replace("\ud800", "?")]


def test_a_recipient_in_the_header_commands_no_terminal(inspector, tmp_path):
    path = tmp_path / "m.eml"
    path.write_bytes(b"To: bob\x1b[2J\xff@client.example\nSubject: Lunch\n\nAt one.\n")
    status, output, _ = run(path)

    assert status == 0
    assert not [c for c in output if c != "\n" and not c.isprintable()]
