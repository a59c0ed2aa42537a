"""Which held messages were searched for a person, and where something was found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from dlp_gateway.store import database
from dlp_gateway.store.change import change
from dlp_gateway.store.requests import Request

# What was searched is noted message by message: one that was received earlier may be held later than another.
# Once all of the person was erased the notes are gone, and only what was held since is new.
_UNSEARCHED = (
    "FROM dlp_hold h WHERE h.closed_at IS NULL AND h.held_at > %s AND NOT EXISTS"
    " (SELECT 1 FROM dlp_person_match p WHERE p.request_id = %s AND p.message_id = h.message_id)"
)
_NEXT = f"SELECT h.message_id {_UNSEARCHED} ORDER BY h.held_at, h.message_id LIMIT %s"
_LEFT = f"SELECT COUNT(*) {_UNSEARCHED}"
_FOUND = (
    "SELECT p.message_id, p.places, h.restricted_at, h.held_at, h.expires_at FROM dlp_person_match p"
    " JOIN dlp_hold h ON h.message_id = p.message_id"
    " WHERE p.request_id = %s AND p.places <> '[]' AND h.closed_at IS NULL ORDER BY p.message_id"
)
_ADD = (
    "INSERT INTO dlp_person_match (request_id, message_id, at, places) VALUES (%s, %s, %s, %s)"
    " ON CONFLICT (request_id, message_id) DO UPDATE SET at = excluded.at, places = excluded.places"
)
_PASSED = (
    "INSERT INTO dlp_person_match (request_id, message_id, at, places)"
    " SELECT %s, message_id, held_at, '[]' FROM dlp_hold WHERE message_id = %s ON CONFLICT DO NOTHING"
)

# The place of a message that could not be searched.
UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Match:
    """A held message with words of the request in it: role, number and count of each place."""

    message_id: str
    places: tuple[tuple[str, int, int], ...]
    restricted: bool
    held_at: float
    expires_at: float

    @property
    def unread(self) -> bool:
        """Whether it could not be searched, so that somebody has to look."""
        return any(role == UNREAD for role, _, _ in self.places)


def following(request: Request, limit: int) -> list[str]:
    """The next held messages to be searched, oldest first. Raises StoreError."""
    with database.failures("the held messages were not read"), database.cursor() as cursor:
        cursor.execute(_NEXT, (request.erased_at or 0.0, request.id, limit))
        return [row[0] for row in cursor.fetchall()]


def left(request: Request) -> int:
    """How many held messages were not searched yet; raises StoreError."""
    with database.failures("the held messages were not counted"), database.cursor() as cursor:
        cursor.execute(_LEFT, (request.erased_at or 0.0, request.id))
        return int(cursor.fetchone()[0])


def searched(request: Request, message_id: str, places: Sequence[tuple[str, int, int]], now: float) -> None:
    """Note that a message was opened and searched for the request, and where something was found."""
    with change() as made:
        made.cursor.execute(_ADD, (request.id, message_id, now, json.dumps(places)))
        made.cursor.execute(
            "UPDATE dlp_person_request SET searched = %s, opened = opened + 1 WHERE id = %s", (message_id, request.id)
        )


def passed(request: Request, message_id: str) -> None:
    """Note that a message could not be opened, as it is not held any more, so that the search goes on behind it."""
    with change() as made:
        made.cursor.execute(_PASSED, (request.id, message_id))
        made.cursor.execute("UPDATE dlp_person_request SET searched = %s WHERE id = %s", (message_id, request.id))


def restart(request: Request) -> None:
    """Let the search begin anew; what it found is found again."""
    with change() as made:
        made.cursor.execute("UPDATE dlp_person_request SET searched = '' WHERE id = %s", (request.id,))
        made.cursor.execute("DELETE FROM dlp_person_match WHERE request_id = %s", (request.id,))


def of(request: Request) -> list[Match]:
    """What the search has found in messages that are still held; raises StoreError."""
    with database.failures("the matches were not read"), database.cursor() as cursor:
        cursor.execute(_FOUND, (request.id,))
        return [
            Match(row[0], tuple((r, n, c) for r, n, c in json.loads(row[1])), row[2] is not None, row[3], row[4])
            for row in cursor.fetchall()
        ]
