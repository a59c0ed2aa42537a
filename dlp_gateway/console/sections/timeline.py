"""What the record says of one message, step by step, in words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlp_gateway.audit.chain import Entry, Kind
from dlp_gateway.store import history

_REFERENCE = re.compile(r"@(\d+)")
_ERASED = "(erased)"
_ACTIONS = {"deliver": "to be delivered", "hold": "held", "refuse": "refused", "return": "returned"}

_TITLES: Mapping[str, str] = {
    Kind.DECIDE: "Decided",
    Kind.HOLD: "Held, sealed to the reviewers",
    Kind.DELIVER: "Delivered",
    Kind.UNCERTAIN: "Perhaps delivered; tried again",
    Kind.DEFER: "Delivery put off",
    Kind.BOUNCE: "Not delivered",
    Kind.RETRY: "Delivery tried again at once",
    Kind.DROP: "Delivery given up",
    Kind.VIEW: "Opened",
    Kind.COPY: "Copy taken",
    Kind.APPROVE: "Release approved; another reviewer has to agree",
    Kind.RELEASE: "Released",
    Kind.RETURN: "Returned to the sender",
    Kind.DELETE: "Deleted",
    Kind.EXPIRE: "Expired, deleted",
    Kind.RESTRICT: "Restricted for a dispute",
    Kind.APPEAL: "The sender asked for its release",
    Kind.REFUSE_APPEAL: "The sender's request was refused",
    Kind.WITHDRAW: "Withdrawn by the sender",
    Kind.MARK: "A finding was marked as wrong",
    Kind.ERASE: "Erased",
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
    known = [texts.get(token, _ERASED) for token in entry.tokens.split()]
    details: dict[str, Any] = json.loads(entry.details)
    reason = _text(details.get("reason", ""), known)
    return Step(
        entry.at, entry.actor, _title(entry.kind, details), tuple(_notes(entry, details, known)), reason, entry.seq
    )


def _title(kind: str, details: Mapping[str, Any]) -> str:
    if kind == Kind.COPY:
        return f"Copy taken of the {details.get('copy', 'message')}"
    if kind == Kind.RESTRICT and not details.get("on", True):
        return "Restriction lifted"
    if kind == Kind.MARK and not details.get("wrong", True):
        return "A mark was taken back"
    return _TITLES.get(kind, kind.replace("_", " ").capitalize())


def _notes(entry: Entry, details: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    notes = []
    if entry.kind == Kind.DECIDE:
        counts = Counter(item["action"] for item in details.get("recipients", ()))
        notes.append(", ".join(f"{count} {_ACTIONS.get(action, action)}" for action, count in sorted(counts.items())))
    else:
        addresses = [_text(item["address"], known) for item in details.get("recipients", ())]
        addresses += [_text(details["recipient"], known)] if "recipient" in details else []
        if addresses:
            notes.append(f"for {', '.join(addresses)}")
    if entry.kind == Kind.MARK:
        notes.append(f"{details['entity']} in {details['place']} ({details['detector']})")
    if details.get("host"):
        answer = f", {details.get('code', '')} {details.get('enhanced', '')}".rstrip(" ,")
        notes.append(f"by {details['host']}{answer}")
    return notes


def _text(value: Any, known: Sequence[str]) -> str:
    """A text of the record: ``@0`` stands for the first of an entry's erasable texts."""
    if isinstance(value, str) and (match := _REFERENCE.fullmatch(value)):
        number = int(match[1])
        return known[number] if number < len(known) else _ERASED
    return str(value)
