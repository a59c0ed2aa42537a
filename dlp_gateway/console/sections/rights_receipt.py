"""What was done for a request, step by step, and the receipt of it: figures, times, numbers in the record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlp_gateway.audit.chain import Entry, EntryKind
from dlp_gateway.store import history
from dlp_gateway.store.person_export import iso
from dlp_gateway.store.requests import Request

SCHEMA = "dlp-gateway receipt 1"

_TITLES: Mapping[str, str] = {
    "received": "Registered",
    "extended": "Two more months taken",
    "searched": "Held messages searched",
    "exported": "Export handed out",
    "restricted": "Restricted",
    "restriction lifted": "Restriction lifted",
    "erasing": "Erasure begun",
    "erasure": "Erased",
    "erased": "Nothing is left to erase",
    "answered": "Answered",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the record about the request, in words without the person."""

    seq: int
    at: float
    actor: str
    title: str


def steps(request: Request) -> list[Step]:
    """The steps in order; raises StoreError."""
    return [Step(entry.seq, entry.at, entry.actor, _title(entry)) for entry in history.of(request.name)]


def receipt(request: Request, now: float) -> dict[str, Any]:
    """The receipt as data; it holds nothing about the person but the request's number."""
    taken = steps(request)
    return {
        "schema": SCHEMA,
        "request": request.name,
        "kind": request.kind.value,
        "received_at": iso(request.received_at),
        "due_at": iso(request.due_at),
        "extended_at": iso(request.extended_at),
        "erasure_begun_at": iso(request.erasing_at),
        "erasure_finished_at": iso(request.erased_at),
        "answered_at": iso(request.done_at),
        "answered_by": request.done_by or None,
        "outcome": request.outcome.value if request.outcome else None,
        "messages_searched": request.opened,
        "done": request.receipt.get("done", {}),
        "left": [{"what": what, "count": count, "why": why} for what, count, why in request.receipt.get("left", ())],
        "steps": [{"at": iso(one.at), "by": one.actor, "what": one.title, "entry": one.seq} for one in taken],
        "record_entries": sorted({*(one.seq for one in taken), *request.receipt.get("entries", ())}),
        "made_at": iso(now),
    }


def _title(entry: Entry) -> str:
    details: dict[str, Any] = json.loads(entry.details)
    if entry.kind == EntryKind.ERASE:
        count = len(details.get("tokens", ()))
        return f"Erased: {count} text{'' if count == 1 else 's'} of the record"
    title = _TITLES.get(str(details.get("act")), str(details.get("act", entry.kind)).capitalize())
    if details.get("act") == "erasure":
        return f"{title}: {details['count']} {details['what']}"
    if "decisions" in details:
        return f"{title}: {details['decisions']} decisions"
    if "outcome" in details:
        return f"{title}: {details['outcome']}"
    return title
