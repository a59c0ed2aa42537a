"""The month in figures, and what the gateway itself processes and stores."""

import datetime as dt
import io
import re
from collections import Counter

import pypdfium2
import pytest

from dlp_gateway.audit.report import Month, month, percentile
from dlp_gateway.console.month_paper import month_paper
from dlp_gateway.console.pdf import pdf
from dlp_gateway.console.roles import Role
from dlp_gateway.model import Action, Zone
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.store import database, hours, reporting
from tests.unit.store.examples import PLANTED, intake, verdict

DAY = 86400.0
HELD = verdict("ann@example.net", Action.HOLD)
SENT = verdict("bo@example.org", Action.DELIVER)


@pytest.fixture
def filled(console):
    """Two days of May and one of April 2026; the 20th of May is today."""
    now = console.clock.now = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC).timestamp()
    console.commit(
        intake(HELD, SENT, message_id="m1", at=now - 3600),
        intake(HELD, message_id="m2", at=now - 7200),
        intake(SENT, at=now - 10 * DAY),
        intake(verdict("in@westendonsixth.com", Action.REFUSE, zone=Zone.INTERNAL), content=None, at=now - 30 * DAY),
    )
    return console


def release(console, message_id):
    # The store that committed signed its record by the real clock, which may be ahead of the test's.
    database.cursor().execute("UPDATE dlp_audit_entry SET at = %s WHERE kind = 'checkpoint'", (console.clock.now,))
    console.services.desk().release(message_id, None, Reviewer("dpo", "dpo@westendonsixth.com"), "fine")


def text_of(data):
    """The words of a PDF, page by page."""
    document = pypdfium2.PdfDocument(io.BytesIO(data))
    pages = []
    for n in range(len(document)):
        page = document[n]
        content = page.get_textpage()
        pages.append(content.get_text_bounded())
        content.close()
        page.close()
    document.close()
    return pages


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_a_month_is_in_figures(filled):
    release(filled, "m1")

    report = month(Month(2026, 5), filled.clock.now)

    assert (report.figures.decided, report.recipients, report.stopped, report.stopped_before) == (3, 4, 2, 1)
    assert dict(report.actions)["hold"] == (0, 0, 2, 2)
    assert [(line.rule, line.enforced, line.released_share) for line in report.rules] == [("external", 2, 1.0)]
    assert (report.median, report.p90, report.released_share, report.waiting) == (60, 60, 1.0, 1)
    assert report.entities[0] == ("au_tfn", 2, 1)
    assert not report.whole


@pytest.mark.parametrize("role", list(Role))
def test_every_role_reads_reports_without_names(filled, role):
    page = filled.client(role).get("/reports/")

    assert "May 2026 in figures" in words(page)
    assert not [word for word in (*PLANTED, "ann@", "bo@", "jo@") if word in page.content.decode()]


def test_a_month_is_chosen(filled):
    hours.keep(filled.clock.now)
    page = filled.client("admin").get("/reports/?month=2026-04")

    assert "Refused at once 1 0 0 1" in words(page)
    assert re.findall(r'<option value="([\d-]+)"', page.content.decode()) == ["2026-05", "2026-04"]


@pytest.mark.parametrize("wanted", ["2026-06", "2026-13", "1999-01", "nonsense", "2026-5-1", "../x"])
def test_months_that_are_none_are_not_found(filled, wanted):
    assert filled.client("admin").get("/reports/", {"month": wanted}).status_code == 404


def test_the_pdf_has_the_figures_of_the_page(filled):
    release(filled, "m1")
    response = filled.client("auditor").get("/reports/2026-05.pdf")
    pages = text_of(response.content)

    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="report-2026-05.pdf"'
    assert "May 2026 in figures" in pages[0]
    assert all(f"Page {n}" in page for n, page in enumerate(pages, 1))
    paper = month_paper(month(Month(2026, 5), filled.clock.now), "Westend on Sixth")
    said = " ".join(" ".join(pages).split())
    for part in paper.parts:
        assert part.title in said
        for table in part.tables:
            assert all(" ".join(row) in said for row in table.rows), table.caption


def test_a_pdf_is_a4_and_its_longest_tables_go_on(filled):
    report = month(Month(2026, 5), filled.clock.now)
    report.figures.marks.update({f"KIND_{n}": n for n in range(10)})
    report.figures.messages.update({f"{n:012}": n + 1 for n in range(30)})
    document = pypdfium2.PdfDocument(pdf(month_paper(report, "A & B <Ltd>")))

    assert [round(size) for size in document.get_page_size(0)] == [595, 842]
    assert 3 <= len(document) <= 6
    document.close()


@pytest.mark.parametrize(
    ("waited", "median", "p90"),
    [
        ({}, None, None),
        ({"7": 1}, 7, 7),
        ({"1": 1, "2": 1, "100": 1}, 2, 100),
        ({"5": 90, "600": 10}, 5, 5),
        ({"5": 89, "600": 11}, 5, 600),
        ({"10": 1, "9": 1}, 9, 10),
    ],
)
def test_percentiles(waited, median, p90):
    assert (percentile(Counter(waited), 0.5), percentile(Counter(waited), 0.9)) == (median, p90)


@pytest.mark.parametrize(
    ("text", "before", "after", "days"),
    [
        ("2026-01", "2025-12", "2026-02", 31),
        ("2028-02", "2028-01", "2028-03", 29),
        ("2026-12", "2026-11", "2027-01", 31),
    ],
)
def test_months(text, before, after, days):
    wanted = Month.parse(text)

    assert (str(wanted), str(wanted.last), str(wanted.next), wanted.days) == (text, before, after, days)
    assert wanted.before - wanted.since == days * 86400
    assert Month.of(wanted.since) == Month.of(wanted.before - 1) == wanted


def test_requests_of_persons_are_counted(filled):
    may = Month(2026, 5)
    made = (
        (may.since - DAY, may.since + DAY, may.since + 2 * DAY),  # answered in May, late
        (may.since, may.since + 30 * DAY, may.since + DAY),  # in time
        (may.since + DAY, may.since + 5 * DAY, None),  # open, overdue at the end
        (may.since + DAY, may.before + DAY, None),  # open
        (may.since - 60 * DAY, may.since - 30 * DAY, may.since - DAY),  # of April
        (may.before, may.before + DAY, None),  # of June
    )
    for received, due, done in made:
        database.rows("PersonRequest").create(
            person="", kind="access", received_at=received, due_at=due, done_at=done, taken_by="dpo"
        )

    found = reporting.requests(may.since, may.before)

    assert (found.received, found.in_time, found.late, found.open, found.overdue) == ({"access": 3}, 1, 1, 2, 1)


def test_verifications_and_rules_of_the_month_are_told(filled):
    filled.client("auditor").post("/record/verify/")
    filled.services.verification.wait()
    database.rows("PolicyVersion").create(
        fingerprint="abcdef0123456789", at=filled.clock.now - 60, actor="chris", policy="", detection=""
    )

    said = words(filled.client("admin").get("/reports/"))

    assert re.search(r"20 May 2026 12:00 auditor \d+ whole", said)
    assert "20 May 2026 11:59 abcdef012345 chris" in said


def test_what_is_stored_is_said_with_its_clock(filled):
    filled.services._environment["DLP_GATEWAY__RETENTION__DECISIONS_DAYS"] = "77"

    said = words(filled.client("auditor").get("/reports/processing/"))

    assert "Controller Westend on Sixth" in said
    assert "Decisions 77 days" in said
    assert "retention.decisions_days 4" in said
    assert "Held messages, sealed 30 days" in said


def test_the_record_of_processing_is_saved(filled):
    response = filled.client("auditor").get("/reports/processing.pdf")

    assert response["Content-Disposition"] == 'attachment; filename="processing.pdf"'
    assert "Record of processing" in text_of(response.content)[0]


def test_every_clock_of_the_settings_is_in_the_record_of_processing(filled):
    said = words(filled.client("auditor").get("/reports/processing/"))

    for name in type(filled.services.settings.retention).model_fields:
        assert f"retention.{name}" in said
