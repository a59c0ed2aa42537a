"""Try: what would become of a message, and that nothing remains of it."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from dlp_gateway.console import trying
from dlp_gateway.console.trying import TryingError
from dlp_gateway.detection.values import Candidate
from dlp_gateway.inspection import inspector
from dlp_gateway.inspection.encoding import candidate_to_plain, to_plain
from dlp_gateway.inspection.pool import NoWorker, WorkerFailed
from dlp_gateway.model import Finding, Inspection, Role, Tier
from dlp_gateway.store import database

TEXT = "Dear Ann, the tax file number is 123 456 782."
START = TEXT.index("123")
FOUND = Finding("TFN", Tier.PERSONAL, "body", START, START + 11, 0.99, detector="au_tfn")
CANDIDATES = [
    Candidate(
        "TFN", Tier.PERSONAL, "body", Role.BODY, START, START + 11, 0.99, "au_tfn", ("check: passed",), (), kept=True
    ),
    Candidate(
        "CRN", Tier.PERSONAL, "body", Role.BODY, 0, 4, 0.1, "au_crn", (), ("no context word near by",), kept=False
    ),
]


class Worker:
    """In place of the confined worker, which the tests of inspection run; remembers what it was asked."""

    def __init__(self, inspection=None, failure=None):
        self.inspection = inspection or Inspection((FOUND,))
        self.failure = failure
        self.asked = []
        self.pool = self

    async def request(self, payload):
        self.asked.append(payload)
        if self.failure is not None:
            raise self.failure
        runs = [(TEXT[:START], ()), (TEXT[START : START + 11], ("TFN",)), None, (TEXT[START + 11 :], ())]
        return {
            "inspection": to_plain(self.inspection),
            "candidates": [candidate_to_plain(one) for one in CANDIDATES],
            "omitted": 0,
            "texts": [
                {"where": "body", "role": "body", "runs": runs},
                {"where": "empty", "role": "body", "runs": [(" ", ())]},
            ],
        }, 1.0

    def run(self, coroutine):
        try:
            coroutine.send(None)
        except StopIteration as done:
            return done.value
        raise AssertionError("it waited")


@pytest.fixture
def worker(console, monkeypatch):
    worker = Worker()
    monkeypatch.setattr(console.services, "inspector", lambda: worker)
    return worker


GIVEN = {"sender": "jo@westendonsixth.com", "recipients": "ann@example.net, bob@westendonsixth.com", "text": TEXT}


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_the_verdict_is_explained_for_each_recipient(console, worker):
    response = console.client("security").post("/try/", {**GIVEN, "subject": "Pay"})

    said = words(response)
    assert "It would not reach everybody" in said
    assert "ann@example.net held for review" in said
    assert "bob@westendonsixth.com delivered" in said
    assert "Rule external (clause 5.14(a))" in said
    assert "TFN found personal body 0.99 au_tfn + check: passed" in said
    assert "CRN no finding personal body 0.10 au_crn − no context word near by" in said
    assert '<mark>123 456 782<span class="kind">TFN</span></mark>' in response.content.decode()
    assert response["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert worker.asked[0] | {"raw": b""} == {"raw": b"", "scope": "all", "pictures": True, "explain": True}


@pytest.mark.parametrize("role", ["dpo", "security", "admin"])
def test_who_may_try(console, role):
    assert console.client(role).get("/try/").status_code == 200


def test_the_auditor_may_not(console):
    assert console.client("auditor").post("/try/", GIVEN).status_code == 403


def test_nothing_remains(console, worker, capsys, caplog):
    client = console.client("dpo")
    client.get("/try/")
    before = _rows()

    client.post("/try/", GIVEN)

    assert _rows() == before
    assert "123 456 782" not in console.gateway.database.read_bytes().decode("latin-1")
    assert "123 456 782" not in capsys.readouterr().out + capsys.readouterr().err + caplog.text
    assert "123 456 782" not in client.get("/try/").content.decode()


def _rows():
    with database.cursor() as cursor:
        cursor.execute("SELECT (SELECT COUNT(*) FROM dlp_message), (SELECT seq FROM dlp_audit_head)")
        return cursor.fetchone()


def test_a_message_file_goes_to_the_worker_as_it_is(console, worker):
    raw = b"From: a@westendonsixth.com\r\nSubject: x\r\n\r\n\xff not even text \x00"

    response = console.client("dpo").post("/try/", {**GIVEN, "file": SimpleUploadedFile("any.eml", raw)})

    assert response.status_code == 200
    assert worker.asked[0]["raw"] == raw


def test_inside_the_subject_alone_is_read(console, worker):
    console.client("dpo").post("/try/", {**GIVEN, "recipients": "bob@westendonsixth.com"})

    assert worker.asked[0]["scope"] == "subject"


def test_what_is_given_is_escaped(console, worker):
    page = console.client("dpo").post("/try/", {**GIVEN, "subject": "<script>alert(1)</script>"}).content.decode()

    assert "<script>alert" not in page


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"recipients": " , "}, "Name at least one recipient."),
        ({"recipients": "nobody"}, "The gateway would not take the address nobody"),
        ({"sender": "x@@y"}, "The gateway would not take the address x@@y"),
        ({"recipients": " ".join(f"a{n}@example.net" for n in range(51))}, "At most 50 recipients"),
        ({"text": " "}, "Write a Subject or a text"),
        ({"text": "x" * 1_000_001}, "At most 1000000 characters"),
    ],
)
def test_what_cannot_be_tried_is_refused_with_a_reason(console, worker, given, said):
    response = console.client("dpo").post("/try/", {**GIVEN, **given})

    assert response.status_code == 422
    assert said in words(response)
    assert worker.asked == []


def test_a_file_that_is_too_large_is_not_read(console, worker):
    console.gateway.edit("max_message_bytes: 52428800", "max_message_bytes: 1048576")

    response = console.client("dpo").post("/try/", {**GIVEN, "file": SimpleUploadedFile("a.eml", b"x" * 1_048_577)})

    assert response.status_code == 422
    assert "A message may have 1048576 bytes" in words(response)


def test_a_worker_that_fails_leaves_the_message_unread(console, worker):
    worker.failure = WorkerFailed("memory limit")

    said = words(console.client("dpo").post("/try/", GIVEN))

    assert "memory limit" in said
    assert "ann@example.net held for review" in said


def test_without_a_worker_it_is_said_so(console, worker):
    worker.failure = NoWorker("none")

    response = console.client("dpo").post("/try/", GIVEN)

    assert response.status_code == 503
    assert "no worker is free" in words(response)


@pytest.mark.parametrize("subject", ["a\r\nBcc: x@example.net", "a\nb", "ünïcode ✓", ""])
def test_a_subject_stays_one_line(subject):
    raw = trying.written(subject, "text\r\n.\r\nmore", trying.envelope("a@b.example", "c@d.example"))

    assert b"\nBcc:" not in raw
    assert raw.split(b"\r\n\r\n", 1)[1].startswith(b"text")


def test_the_null_sender_may_be_tried():
    sent = trying.envelope("", "a@b.example\nc@d.example;a@b.example")

    assert sent.sender is None
    assert [recipient.address.literal for recipient in sent.recipients] == ["a@b.example", "c@d.example"]
    with pytest.raises(TryingError):
        trying.envelope("", "<a@b.example> extra@")


def test_the_worker_explains_with_everything_it_considered():
    class Engine:
        def scan(self, texts, **_how):
            from dlp_gateway.detection.values import Detection

            return Detection((FOUND,), 0, tuple(CANDIDATES))

    raw = trying.written("Pay", TEXT, trying.envelope("a@b.example", "c@d.example"))
    examined = inspector.Inspector(Engine()).examine(raw, explain=True)

    told = inspector._explained(Engine(), examined, raw, inspector.mime.ReadingBudget())

    assert [(one["entity"], one["kept"]) for one in told["candidates"]] == [("TFN", True), ("CRN", False)]
    assert told["inspection"]["findings"][0]["entity"] == "TFN"
    body = next(text for text in told["texts"] if text["role"] == "body")
    assert ("123 456 782", ("TFN",)) in body["runs"]
