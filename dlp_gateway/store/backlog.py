"""Looking through what waits to be delivered: a filter, and where and why most of it waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dlp_gateway.model import Zone
from dlp_gateway.store import database
from dlp_gateway.store.spool import Waiting
from dlp_gateway.store.values import Kind

_QUEUED = (
    "SELECT r.id, r.message_id, m.kind, m.sender_literal, r.literal, r.zone, m.content_size, r.queued_at, r.due,"
    " r.attempts, r.leased_by, r.code, r.enhanced, r.text, r.host"
    " FROM dlp_recipient r JOIN dlp_message m ON m.id = r.message_id WHERE r.state = 'queued'"
)
_DESTINATIONS = (
    "SELECT domain, zone, COUNT(*), SUM(CASE WHEN attempts > 0 THEN 1 ELSE 0 END), MIN(queued_at), MIN(due)"
    " FROM dlp_recipient WHERE state = 'queued' GROUP BY domain, zone ORDER BY COUNT(*) DESC, domain LIMIT %s"
)
_ANSWERS = (
    "SELECT code, enhanced, COUNT(*) FROM dlp_recipient WHERE state = 'queued' AND (attempts > 0 OR code > 0)"
    " GROUP BY code, enhanced ORDER BY COUNT(*) DESC, code LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; "" and None ask for nothing.

    ``recipient`` is a part of an address, ``message_id`` the beginning of an
    identifier, ``code`` a reply code. ``tried`` says whether there was an
    attempt, ``queued_before`` is in seconds since the epoch.
    """

    recipient: str = ""
    sender: str = ""
    message_id: str = ""
    kind: str = ""
    zone: str = ""
    code: int | None = None
    tried: bool | None = None
    queued_before: float | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """What waits for one domain: how many deliveries, how many of them were tried; times since the epoch."""

    domain: str
    zone: Zone
    waiting: int
    tried: int
    oldest: float
    next_due: float


@dataclass(frozen=True, slots=True)
class Answer:
    """How many deliveries had this last answer; code 0 is none at all."""

    code: int
    enhanced: str
    count: int


def search(wanted: Wanted, *, after: int = 0, limit: int = 100) -> list[Waiting]:
    """What waits and matches everything given, in the order it was queued, behind delivery ``after``.

    Raises StoreError.
    """
    statement, values = f"{_QUEUED} AND r.id > %s", [after]
    for clause, value in _conditions(wanted):
        statement += f" AND {clause}"
        values += [value] * clause.count("%s")
    with database.failures("the queue was not read"), database.cursor() as cursor:
        cursor.execute(f"{statement} ORDER BY r.id LIMIT %s", (*values, limit))
        return [_waiting(row) for row in cursor.fetchall()]


def destinations(limit: int = 50) -> list[Destination]:
    """Where most waits to go, most first; raises StoreError."""
    return [
        Destination(row[0], Zone(row[1]), row[2], int(row[3]), row[4], row[5]) for row in _rows(_DESTINATIONS, limit)
    ]


def answers(limit: int = 20) -> list[Answer]:
    """The last answers that most of it has had, most first; raises StoreError."""
    return [Answer(*row) for row in _rows(_ANSWERS, limit)]


def count() -> int:
    """How many deliveries wait; raises StoreError."""
    return int(_rows("SELECT COUNT(*) FROM dlp_recipient WHERE state = 'queued' LIMIT %s", 1)[0][0])


def _waiting(row: Any) -> Waiting:
    delivery_id, message_id, kind, sender, recipient, zone, *rest = row
    return Waiting(delivery_id, message_id, Kind(kind), sender, recipient, Zone(zone), *rest)


def _rows(statement: str, limit: int) -> list[Any]:
    with database.failures("the queue was not counted"), database.cursor() as cursor:
        cursor.execute(statement, (limit,))
        return list(cursor.fetchall())


def _conditions(wanted: Wanted) -> Iterator[tuple[str, Any]]:
    if wanted.recipient:
        yield "LOWER(r.literal) LIKE %s ESCAPE '!'", f"%{database.literally(wanted.recipient.lower())}%"
    if wanted.sender:
        yield "LOWER(m.sender_literal) LIKE %s ESCAPE '!'", f"%{database.literally(wanted.sender.lower())}%"
    if wanted.message_id:
        yield "r.message_id LIKE %s ESCAPE '!'", f"{database.literally(wanted.message_id)}%"
    if wanted.kind:
        yield "m.kind = %s", wanted.kind
    if wanted.zone:
        yield "r.zone = %s", wanted.zone
    if wanted.code is not None:
        yield "r.code = %s", wanted.code
    if wanted.tried is not None:
        yield f"r.attempts {'>' if wanted.tried else '='} 0", None
    if wanted.queued_before is not None:
        yield "r.queued_at < %s", wanted.queued_before
