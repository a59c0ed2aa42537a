"""What waits for reviewers, in figures."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dlp_gateway.model import DAY
from dlp_gateway.store import appeals, database

# Upper bounds in days of the age classes; what is older comes last.
AGES = (1, 3, 7, 14)
SOON_DAYS = 3

_OPEN = (
    "SELECT h.held_at, h.expires_at, h.restricted_at, MAX(r.approvals) FROM dlp_hold h"
    " JOIN dlp_recipient r ON r.message_id = h.message_id AND r.state = 'held'"
    " WHERE h.closed_at IS NULL GROUP BY h.message_id, h.held_at, h.expires_at, h.restricted_at"
)


@dataclass(frozen=True, slots=True)
class Workload:
    """Messages that wait, by index of their age class (0: less than ``AGES[0]`` days) and whether they need two.

    ``expiring`` are those that will be deleted within ``SOON_DAYS``, ``restricted``
    those frozen for a dispute, ``appeals`` the senders that wait for an answer.
    """

    waiting: Mapping[tuple[int, bool], int]
    expiring: int
    restricted: int
    appeals: int

    @property
    def total(self) -> int:
        """All messages that wait."""
        return sum(self.waiting.values())


def workload(now: float) -> Workload:
    """Count what waits; raises StoreError."""
    with database.failures("what waits was not counted"), database.cursor() as cursor:
        cursor.execute(_OPEN)
        rows = cursor.fetchall()
    return Workload(
        waiting=_by_age(((row[0], row[3]) for row in rows), now),
        expiring=sum(row[2] is None and row[1] - now <= SOON_DAYS * DAY for row in rows),
        restricted=sum(row[2] is not None for row in rows),
        appeals=appeals.count_unanswered(),
    )


def waiting_by_age(now: float) -> Mapping[tuple[int, bool], int]:
    """The ``waiting`` of a workload alone; raises StoreError."""
    with database.failures("the held messages were not counted"), database.cursor() as cursor:
        cursor.execute(_OPEN)
        return _by_age(((row[0], row[3]) for row in cursor.fetchall()), now)


def _by_age(held: Iterable[tuple[float, int]], now: float) -> Counter[tuple[int, bool]]:
    """Count messages by when they were held and how many approvals each needs at most."""
    bounds = [days * DAY for days in AGES]
    return Counter((bisect_right(bounds, now - held_at), approvals > 1) for held_at, approvals in held)
