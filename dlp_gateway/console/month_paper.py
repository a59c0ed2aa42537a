"""The month in figures as a paper: the same words and numbers for the page and the PDF."""

from __future__ import annotations

import datetime as dt

from dlp_gateway.audit.report import Report
from dlp_gateway.console.paper import Paper, Part, Table
from dlp_gateway.console.pictures import by_action, by_rule
from dlp_gateway.model import Action

_ACTIONS = {"deliver": "Delivered", "hold": "Held for review", "refuse": "Refused at once", "return": "Returned"}
_SPECIAL = 30


def month_paper(report: Report, organisation: str) -> Paper:
    """The report of ``organisation`` for people who know neither mail nor this program."""
    state = "" if report.whole else " The month is not over: these are the figures so far."
    lead = (
        f"{organisation}: what the data protection gateway decided about outgoing mail in {report.month.name}, and "
        f"what became of it. Days are those of UTC; made {_moment(report.made_at)} UTC.{state}",
        "Figures are numbers only: they name nobody and hold nothing of any message.",
    )
    parts = (_short(report), _actions(report), _rules(report), _entities(report), _review(report))
    return Paper(f"{report.month.name} in figures", lead, (*parts, _requests(report), _record(report)))


def _short(report: Report) -> Part:
    figures = report.figures
    rows = (
        ("Messages decided", _count(figures.decided), _count(report.before.decided)),
        ("Recipients", _count(report.recipients), _count(report.before.actions.total())),
        ("Stopped, by recipient", _count(report.stopped), _count(report.stopped_before)),
        (
            "Share stopped",
            _percent(report.stopped, report.recipients),
            _percent(report.stopped_before, report.before.actions.total()),
        ),
        *(
            (f"Held messages: {words}", _count(figures.acts[kind]), _count(report.before.acts[kind]))
            for words, kind in (("released", "release"), ("returned", "return"), ("deleted", "delete"))
        ),
    )
    table = Table("The month, and the month before", ("", report.month.name, report.month.last.name), rows)
    return Part("In short", tables=(table,))


def _actions(report: Report) -> Part:
    rows = tuple((_ACTIONS[action], *(_count(n) for n in counts)) for action, counts in report.actions)
    table = Table(
        "Recipients by what was decided and where they are", ("Decided", "Inside", "Partner", "Outside", "All"), rows
    )
    text = (
        "A message to several recipients is decided for each of them: it may be delivered to one and held for another."
    )
    return Part("What was decided", (text,), by_action("days", report.days), (table,))


def _rules(report: Report) -> Part:
    rows = tuple(
        (
            line.rule,
            *(_count(n) for n in (line.enforced, line.monitored, line.excepted)),
            *(_count(n) for n in line.ends),
            _share(line.released_share),
        )
        for line in report.rules
    )
    head = (
        "Rule",
        "Stopped",
        "Monitored",
        "Excepted",
        "Released",
        "Returned",
        "Deleted",
        "Withdrawn",
        "Expired",
        "Share",
    )
    table = Table("Recipients by rule; ends of held messages by rule", head, rows, empty="No rule spoke this month.")
    text = (
        "A monitored rule is recorded and stops nothing. The share is that of releases among what reviewers decided: "
        "where it is high, the rule or its detectors may be too strict."
    )
    return Part("By rule", (text,), by_rule("rules", report.figures, f"in {report.month.name}"), (table,))


def _entities(report: Report) -> Part:
    rows = tuple((name, _count(stopped), _count(delivered)) for name, stopped, delivered in report.entities[:_SPECIAL])
    table = Table(
        "Messages by kind of data found in them, the most often stopped first",
        ("Kind", "Stopped for somebody", "Delivered"),
        rows,
        empty="Nothing was found this month.",
    )
    text = (
        "Simple contact information may leave, and data inside the organisation is not counted: "
        "of internal mail only the Subject is read."
    )
    return Part("Kinds of data", (text,), tables=(table,))


def _review(report: Report) -> Part:
    acts = report.figures.acts
    rows = (
        ("Held, by recipient", _count(report.action(Action.HOLD))),
        ("Opened by a reviewer", _count(acts["view"])),
        ("Release approved, a second reviewer needed", _count(acts["approve"])),
        ("Released", _count(acts["release"])),
        ("Returned to the sender", _count(acts["return"])),
        ("Deleted", _count(acts["delete"])),
        ("Withdrawn by the sender", _count(acts["withdraw"])),
        ("Expired without a decision", _count(acts["expire"])),
        ("Waiting at the end", _count(report.waiting)),
        ("Releases asked for by senders", _count(acts["appeal"])),
        ("of these refused", _count(acts["refuse_appeal"])),
        ("Time to a decision, half within", _minutes(report.median)),
        ("Time to a decision, nine of ten within", _minutes(report.p90)),
        ("Released among decided (likely false alarms)", _share(report.released_share)),
        ("Findings marked as wrong", _count(report.figures.marks.total())),
    )
    marks = report.figures.marks.most_common(10)
    wrong = Table(
        "Findings marked as wrong, by kind",
        ("Kind", "Times"),
        tuple((entity, _count(count)) for entity, count in marks),
        empty="No finding was marked as wrong this month.",
    )
    text = "Nobody releases what they sent; high-risk messages need two reviewers; opening one needs a reason."
    return Part("Review", (text,), tables=(Table("What was held, and what became of it", ("", "Number"), rows), wrong))


def _requests(report: Report) -> Part:
    found = report.requests
    rows = (
        *((f"Received: {kind}", _count(count)) for kind, count in sorted(found.received.items())),
        ("Answered in time", _count(found.in_time)),
        ("Answered late", _count(found.late)),
        ("Open at the end", _count(found.open)),
        ("of these overdue", _count(found.overdue)),
    )
    text = "Requests of persons about data that the gateway itself holds; they are answered within one month."
    return Part("People's requests", (text,), tables=(Table("Requests", ("", "Number"), rows),))


def _record(report: Report) -> Part:
    found = tuple(
        (_moment(run.at), run.by, f"{run.entries:,}", "broken: " + run.broken if run.broken else "whole")
        for run in report.runs[:_SPECIAL]
    )
    verified = Table(
        "Verifications of the record",
        ("When (UTC)", "By", "Entries", "Found"),
        found,
        texts=4,
        empty="The record was not verified from the console this month.",
    )
    versions = Table(
        "Rules that came into force",
        ("When (UTC)", "Version", "By"),
        tuple((_moment(version.at), version.fingerprint[:12], version.actor) for version in report.versions),
        texts=3,
        empty="The rules did not change this month.",
    )
    decided = tuple((policy[:12], _count(count)) for policy, count in report.figures.messages.most_common(_SPECIAL))
    running = Table("Messages by the version of the rules that decided", ("Version", "Messages"), decided)
    text = (
        "Every decision and every act of a reviewer is an entry in a chain that cannot be changed unseen. "
        "A verification reads all of it."
    )
    return Part("The record and the rules", (text,), tables=(verified, versions, *((running,) if decided else ())))


def _count(number: int) -> str:
    return f"{number:,}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"


def _share(share: float | None) -> str:
    return "none decided" if share is None else f"{100 * share:.0f} %"


def _minutes(minutes: int | None) -> str:
    if minutes is None:
        return "none decided"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes / 60:.1f} h" if minutes < 2880 else f"{minutes / 1440:.1f} days"


def _moment(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%d %b %Y %H:%M")
