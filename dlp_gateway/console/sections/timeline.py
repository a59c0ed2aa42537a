"""What the record says of one message, step by step, in words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlp_gateway.audit.chain import Entry, EntryKind, resolved
from dlp_gateway.store import history

_ERASED = "(erased)"
_ACTIONS = {"deliver": "to be delivered", "hold": "held", "refuse": "refused", "return": "returned"}

_TITLES: Mapping[str, str] = {
    EntryKind.DECIDE: "Decided",
    EntryKind.HOLD: "Held, sealed to the reviewers",
    EntryKind.DELIVER: "Delivered",
    EntryKind.UNCERTAIN: "Perhaps delivered; tried again",
    EntryKind.DEFER: "Delivery put off",
    EntryKind.BOUNCE: "Not delivered",
    EntryKind.RETRY: "Delivery tried again at once",
    EntryKind.DROP: "Delivery given up",
    EntryKind.VIEW: "Opened",
    EntryKind.COPY: "Copy taken",
    EntryKind.APPROVE: "Release approved; another reviewer has to agree",
    EntryKind.RELEASE: "Released",
    EntryKind.RETURN: "Returned to the sender",
    EntryKind.DELETE: "Deleted",
    EntryKind.EXPIRE: "Expired, deleted",
    EntryKind.RESTRICT: "Restricted for a dispute",
    EntryKind.APPEAL: "The sender asked for its release",
    EntryKind.REFUSE_APPEAL: "The sender's request was refused",
    EntryKind.WITHDRAW: "Withdrawn by the sender",
    EntryKind.MARK: "A finding was marked as wrong",
    EntryKind.ERASE: "Erased",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the record in words; ``reason`` is what a reviewer wrote, "" without one."""

    at: float
    actor: str
    title: str
    notes: tuple[str, ...]
    reason: str
    seq: int


def of(message_id: str) -> list[Step]:
    """The steps in order; raises StoreError."""
    entries = history.of(message_id)
    texts = history.texts(token for entry in entries for token in entry.tokens.split())
    return [_step(entry, {token: text.text for token, text in texts.items()}) for entry in entries]


def _step(entry: Entry, texts: Mapping[str, str]) -> Step:
    known = [texts.get(token) for token in entry.tokens.split()]
    details: dict[str, Any] = resolved(json.loads(entry.details), known, _ERASED)
    reason = str(details.get("reason", ""))
    return Step(entry.at, entry.actor, _title(entry.kind, details), tuple(_notes(entry, details)), reason, entry.seq)


def _title(kind: str, details: Mapping[str, Any]) -> str:
    if kind == EntryKind.COPY:
        return f"Copy taken of the {details.get('copy', 'message')}"
    if kind == EntryKind.RESTRICT and not details.get("on", True):
        return "Restriction lifted"
    if kind == EntryKind.MARK and not details.get("wrong", True):
        return "A mark was taken back"
    return _TITLES.get(kind, kind.replace("_", " ").capitalize())


def _notes(entry: Entry, details: Mapping[str, Any]) -> list[str]:
    notes = []
    if entry.kind == EntryKind.DECIDE:
        counts = Counter(item["action"] for item in details.get("recipients", ()))
        notes.append(", ".join(f"{count} {_ACTIONS.get(action, action)}" for action, count in sorted(counts.items())))
    else:
        addresses = [str(item["address"]) for item in details.get("recipients", ())]
        addresses += [str(details["recipient"])] if "recipient" in details else []
        if addresses:
            notes.append(f"for {', '.join(addresses)}")
    if entry.kind == EntryKind.MARK:
        notes.append(f"{details['entity']} in {details['place']} ({details['detector']})")
    if details.get("host"):
        answer = f", {details.get('code', '')} {details.get('enhanced', '')}".rstrip(" ,")
        notes.append(f"by {details['host']}{answer}")
    return notes
