"""What a report needs beside figures: people's requests, versions of the rules, what still waits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from dlp_gateway.store import database


@dataclass(frozen=True, slots=True)
class Requests:
    """People's requests of a period: received by kind; done, in time or late; open and overdue at its end."""

    received: Counter[str]
    in_time: int
    late: int
    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class Version:
    """Rules that came into force: when, which, and who put them there."""

    at: float
    fingerprint: str
    actor: str


def requests(since: float, before: float) -> Requests:
    """How people's requests were served; raises StoreError."""
    with database.failures("the requests were not counted"), database.cursor() as cursor:
        cursor.execute(
            "SELECT kind, received_at, due_at, done_at FROM dlp_person_request"
            " WHERE received_at < %s AND (done_at IS NULL OR done_at >= %s OR received_at >= %s)",
            (before, since, since),
        )
        rows: list[Any] = cursor.fetchall()
    received = Counter(kind for kind, at, _, _ in rows if at >= since)
    done = [(due, at) for _, _, due, at in rows if at is not None and since <= at < before]
    waiting = [due for _, _, due, at in rows if at is None or at >= before]
    late = sum(at > due for due, at in done)
    return Requests(received, len(done) - late, late, len(waiting), sum(due < before for due in waiting))


def versions(since: float, before: float) -> list[Version]:
    """The versions of the rules that came into force in a period, in order; raises StoreError."""
    with database.failures("the versions of the rules were not read"), database.cursor() as cursor:
        cursor.execute(
            "SELECT at, fingerprint, actor FROM dlp_policy_version WHERE at >= %s AND at < %s ORDER BY at",
            (since, before),
        )
        return [Version(*row) for row in cursor.fetchall()]


def waiting_at(moment: float) -> int:
    """How many messages were held at a moment, as far as they are still known; raises StoreError."""
    with database.failures("the held messages were not counted"), database.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM dlp_hold WHERE held_at < %s AND (closed_at IS NULL OR closed_at > %s)",
            (moment, moment),
        )
        return int(cursor.fetchone()[0])
