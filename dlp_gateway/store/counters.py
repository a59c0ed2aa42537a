"""How much waits, and for how long: figures for metrics and health."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlp_gateway.store import database

# Upper bounds in days of the age classes of held messages; the last class is open.
AGES = (1, 3, 7, 14)


@dataclass(frozen=True, slots=True)
class Counts:
    """Figures at one moment; ages in seconds, 0 when nothing waits.

    ``queued`` is by zone, ``leased`` those of them a worker is at. ``held`` is
    by upper bound of age in days ("1", "3", ..., "+Inf").
    """

    queued: Mapping[str, int]
    leased: int
    queued_oldest: float
    held: Mapping[str, int]
    held_oldest: float
    record_entries: int


def counts(now: float) -> Counts:
    """Count what is in the store; raises StoreError. Takes a few milliseconds for 50,000 queued messages."""
    with database.failures("the store was not counted"), database.cursor() as cursor:
        cursor.execute(
            "SELECT zone, COUNT(*), SUM(CASE WHEN leased_by <> '' THEN 1 ELSE 0 END), MIN(queued_at)"
            " FROM dlp_recipient WHERE state = 'queued' GROUP BY zone"
        )
        queue = cursor.fetchall()
        cursor.execute("SELECT held_at FROM dlp_hold WHERE closed_at IS NULL")
        ages = [max(0.0, now - row[0]) for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM dlp_audit_head")
        entries = cursor.fetchone()[0]
    return Counts(
        queued={row[0]: row[1] for row in queue},
        leased=sum(int(row[2]) for row in queue),
        queued_oldest=max((now - row[3] for row in queue), default=0.0),
        held=_by_age(ages),
        held_oldest=max(ages, default=0.0),
        record_entries=int(entries),
    )


def waiting_by_age(now: float) -> Counter[tuple[int, bool]]:
    """Held messages that wait, by class of age (its place in AGES, the last is open) and whether they are high-risk.

    High-risk is what needs more than one reviewer. Raises StoreError.
    """
    with database.failures("the held messages were not counted"), database.cursor() as cursor:
        cursor.execute(
            "SELECT h.held_at, MAX(r.approvals) FROM dlp_hold h JOIN dlp_recipient r ON r.message_id = h.message_id"
            " AND r.state = 'held' WHERE h.closed_at IS NULL GROUP BY h.message_id, h.held_at"
        )
        rows = cursor.fetchall()
    bounds = [days * 86400.0 for days in AGES]
    return Counter((bisect_right(bounds, now - held_at), approvals > 1) for held_at, approvals in rows)


def last_decision() -> float | None:
    """When the newest message was decided on; None when there is none. Raises StoreError."""
    with database.failures("the decisions were not read"), database.cursor() as cursor:
        cursor.execute("SELECT at FROM dlp_message WHERE kind = 'mail' ORDER BY at DESC LIMIT 1")
        row = cursor.fetchone()
    return None if row is None else float(row[0])


def keys_in_use() -> dict[str, int]:
    """How many messages each wrapping key still opens: a version with none may be removed. Raises StoreError."""
    with database.failures("the keys in use were not read"), database.cursor() as cursor:
        cursor.execute("SELECT key_id, COUNT(*) FROM dlp_wrap GROUP BY key_id ORDER BY key_id")
        rows: list[Any] = cursor.fetchall()
    return {row[0]: row[1] for row in rows}


def _by_age(ages: list[float]) -> dict[str, int]:
    bounds = [*(days * 86400.0 for days in AGES), float("inf")]
    classes = dict.fromkeys([*(str(days) for days in AGES), "+Inf"], 0)
    for age in ages:
        name = next(name for name, bound in zip(classes, bounds, strict=True) if age < bound)
        classes[name] += 1
    return classes
