"""Verifications that are on record: when the record was last known to be whole, and who saw to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlp_gateway.audit.chain import EntryKind
from dlp_gateway.audit.verify import Report
from dlp_gateway.store import history


@dataclass(frozen=True, slots=True)
class Run:
    """A verification that is on record: when, by whom, and what it found.

    ``broken`` is "" for a sound record, otherwise what is wrong with which
    entry. Up to ``signed`` a checkpoint vouches for the entries.
    """

    at: float
    by: str
    first: int
    last: int
    entries: int
    signed: int
    erased: int
    broken: str


def last_run() -> Run | None:
    """The last verification on record; raises StoreError."""
    found = history.newest(history.Wanted(kind=EntryKind.VERIFY), limit=1)
    return None if not found else _run(found[0].at, found[0].actor, json.loads(found[0].details))


def runs(since: float, before: float) -> list[Run]:
    """The verifications of a period, the newest first; raises StoreError."""
    found = history.newest(history.Wanted(kind=EntryKind.VERIFY, since=since, before=before), limit=1000)
    return [_run(entry.at, entry.actor, json.loads(entry.details)) for entry in found]


def _run(at: float, by: str, details: Mapping[str, Any]) -> Run:
    numbers = {name: int(details[name]) for name in ("first", "last", "entries", "signed", "erased")}
    return Run(at, by, broken=str(details.get("broken", "")), **numbers)


def details(report: Report) -> dict[str, Any]:
    """What an entry says of a verification."""
    broken = report.broken
    numbers = {
        "first": report.first,
        "last": report.last,
        "entries": report.entries,
        "signed": report.signed,
        "erased": report.erased,
    }
    return numbers if broken is None else {**numbers, "broken": f"entry {broken.seq} ({broken.fault}): {broken.why}"}
