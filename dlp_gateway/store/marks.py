"""The statements of marks: a reviewer says that what a detector found somewhere is no such thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlp_gateway.store import database


@dataclass(frozen=True, slots=True)
class Place:
    """What is marked: an entity that a detector found at a place as it is named in the clear ("document 2")."""

    entity: str
    detector: str
    place: str


def of(message_id: str) -> frozenset[Place]:
    """What is marked in a message; raises StoreError."""
    with database.failures("the marks were not read"), database.cursor() as cursor:
        cursor.execute("SELECT entity, detector, place FROM dlp_mark WHERE message_id = %s", (message_id,))
        return frozenset(Place(*row) for row in cursor.fetchall())


def add(cursor: Any, message_id: str, what: Place, reviewer: str, now: float) -> bool:
    """Mark something; False when it is marked already."""
    cursor.execute(
        "INSERT INTO dlp_mark (message_id, entity, detector, place, reviewer, at) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        (message_id, what.entity, what.detector, what.place, reviewer, now),
    )
    return bool(cursor.rowcount == 1)


def remove(cursor: Any, message_id: str, what: Place) -> bool:
    """Take a mark back; False when there is none."""
    cursor.execute(
        "DELETE FROM dlp_mark WHERE message_id = %s AND entity = %s AND detector = %s AND place = %s",
        (message_id, what.entity, what.detector, what.place),
    )
    return bool(cursor.rowcount == 1)
