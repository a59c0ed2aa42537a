"""What the gateway stores now, for how long and why, and what goes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.shortcuts import render

from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import Right
from dlp_gateway.model import DAY
from dlp_gateway.settings import Settings
from dlp_gateway.store import clocks

_MINUTE = 60.0

# Kind, what it is, where it is said how long it is kept, when its clock begins, how it goes.
_KINDS = (
    ("held", "Held messages", "quarantine.retention_days", "when held", "key destroyed, sender told"),
    ("frozen", "Held messages under restriction", "", "", "only after the restriction is lifted"),
    (
        "decisions",
        "Decisions with their findings, without values",
        "retention.decisions_days",
        "when decided",
        "deleted",
    ),
    ("restricted", "Decisions under restriction", "", "", "only after the restriction is lifted"),
    ("notices", "Notices and bounces of the gateway", "retention.notices_days", "when made", "deleted"),
    ("record", "Entries of the record", "retention.record_days", "when made", "the chain is cut at its old end"),
    ("texts", "Addresses and reasons beside the record", "", "", "with the last entry that names them, or on request"),
    ("links", "Links to senders' pages", "retention.links_days", "when used or over", "deleted"),
    ("appeals", "Senders' requests for release", "retention.appeals_days", "when answered", "deleted"),
    ("marks", "Findings marked as wrong", "retention.marks_days", "when marked", "deleted"),
    ("persons", "Who made a request under their rights", "retention.persons_days", "when answered", "erased from it"),
    ("requests", "Requests of persons, in figures", "retention.requests_days", "when answered", "deleted"),
    ("policies", "Versions of the rules", "retention.policies_days", "when replaced", "deleted"),
    ("accounts", "Accounts that may sign in", "retention.accounts_days", "last sign-in", "disabled"),
    (
        "disabled",
        "Disabled accounts that name a person",
        "console.account_days",
        "when disabled",
        "name, address and keys erased",
    ),
    ("sessions", "Sessions of the console", "console.idle_minutes", "last click", "deleted"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One kind: ``next`` is when the first of what is stored goes, None when nothing is due by a clock."""

    what: str
    count: int
    oldest: float | None
    setting: str
    kept: str
    why: str
    begins: str
    goes: str
    next: float | None


def retention(request: Any) -> Any:
    """What is stored, and its clocks."""
    services = request.services
    return render(
        request,
        "console/retention.html",
        {"lines": lines(services.settings, clocks.stored()), "now": services.clock()},
    )


def lines(settings: Settings, stored: dict[str, clocks.Stored]) -> list[Line]:
    """A line for each kind that there can be."""
    found = []
    for kind, what, setting, begins, goes in _KINDS:
        have = stored.get(kind, clocks.Stored(0, None))
        seconds, kept, why = _clock(settings, setting)
        due = None
        if have.oldest is not None and seconds is not None:
            due = have.oldest if kind == "sessions" else have.oldest + seconds
        found.append(Line(what, have.count, have.oldest, setting, kept, why, begins, goes, due))
    return found


def _clock(settings: Settings, setting: str) -> tuple[float | None, str, str]:
    """How long a setting says, in seconds and words, and why."""
    if not setting:
        return None, "", ""
    name, _, key = setting.partition(".")
    section = getattr(settings, name)
    value = getattr(section, key)
    why = str(type(section).model_fields[key].description or "")
    if key.endswith("_minutes"):
        return value * _MINUTE, f"{value} minutes", why
    return value * DAY, f"{value:g} days", why


PAGES = (Page("retention", "rights/retention/", retention, Right.SERVE_PERSONS),)
