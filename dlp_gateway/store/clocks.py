"""The clocks of what hangs on messages, requests, rules and accounts; and what is stored now, to see that they run.

Messages and the record have theirs in ``retention``, held messages in
``quarantine.expiry``. What a clock removes is on record as a number.
"""

# ruff: noqa: S608  # statements are put together from constants; every value is a parameter

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlp_gateway.store import accounts, database, versions
from dlp_gateway.store.change import change
from dlp_gateway.store.retention import removal

# Not about a message that is kept for a person's request, or frozen for a dispute.
_FREE = (
    "NOT EXISTS (SELECT 1 FROM dlp_restriction x WHERE x.message_id = {0}.message_id) AND NOT EXISTS"
    " (SELECT 1 FROM dlp_hold h WHERE h.message_id = {0}.message_id AND h.restricted_at IS NOT NULL"
    " AND h.closed_at IS NULL)"
)
_ANSWERED = "done_at < %s AND NOT EXISTS (SELECT 1 FROM dlp_restriction x WHERE x.request_id = dlp_person_request.id)"
_SETTLED = f"{_ANSWERED} AND (erasing_at IS NULL OR erased_at IS NOT NULL)"

# What goes, and the statements for it; each has the moment once for every %s.
_STATEMENTS: Mapping[str, tuple[str, ...]] = {
    "links": (f"DELETE FROM dlp_link WHERE (used_at < %s OR expires_at < %s) AND {_FREE.format('dlp_link')}",),
    "appeals": (f"DELETE FROM dlp_appeal WHERE answer <> '' AND answered_at < %s AND {_FREE.format('dlp_appeal')}",),
    "marks": (f"DELETE FROM dlp_mark WHERE at < %s AND {_FREE.format('dlp_mark')}",),
    "persons": (
        f"DELETE FROM dlp_person_match WHERE request_id IN (SELECT id FROM dlp_person_request WHERE {_SETTLED})",
        f"UPDATE dlp_person_request SET person = '', answer = '', extension = '' WHERE person <> '' AND {_SETTLED}",
    ),
    "requests": (
        f"DELETE FROM dlp_person_match WHERE request_id IN (SELECT id FROM dlp_person_request WHERE {_SETTLED})",
        f"DELETE FROM dlp_person_request WHERE {_SETTLED}",
    ),
}

# How many of a kind there are, and when the clock of the oldest began.
_STORED: Mapping[str, str] = {
    "held": "SELECT COUNT(*), MIN(held_at) FROM dlp_hold WHERE closed_at IS NULL AND restricted_at IS NULL",
    "frozen": "SELECT COUNT(*), MIN(restricted_at) FROM dlp_hold WHERE closed_at IS NULL AND restricted_at IS NOT NULL",
    "notices": "SELECT COUNT(*), MIN(at) FROM dlp_message WHERE sender_domain = '' AND kind <> 'mail'",
    "messages": "SELECT COUNT(*), MIN(at) FROM dlp_message",
    "restricted": "SELECT COUNT(DISTINCT message_id), MIN(at) FROM dlp_restriction",
    "texts": "SELECT COUNT(*), NULL FROM dlp_audit_text",
    "links": "SELECT COUNT(*), MIN(COALESCE(used_at, expires_at)) FROM dlp_link",
    "appeals": "SELECT COUNT(*), MIN(answered_at) FROM dlp_appeal",
    "marks": "SELECT COUNT(*), MIN(at) FROM dlp_mark",
    "persons": "SELECT COUNT(*), MIN(done_at) FROM dlp_person_request WHERE person <> ''",
    "requests": "SELECT COUNT(*), MIN(done_at) FROM dlp_person_request",
    "policies": (
        "SELECT COUNT(*), MIN((SELECT MIN(n.at) FROM dlp_policy_version n WHERE n.at > v.at)) FROM dlp_policy_version v"
    ),
}
_RECORD = (
    "SELECT (SELECT MAX(seq) - MIN(seq) + 1 FROM dlp_audit_entry WHERE seq >= 1),"
    " (SELECT at FROM dlp_audit_entry WHERE seq >= 1 ORDER BY seq LIMIT 1)"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Moments (seconds since the epoch): what is older goes; of accounts, those unused or disabled since before."""

    links: float
    appeals: float
    marks: float
    requests: float
    persons: float
    policies: float
    accounts_unused: float
    accounts_disabled: float


@dataclass(frozen=True, slots=True)
class Stored:
    """How many of a kind are stored; ``oldest`` is when the clock of the first to go began, None: none runs."""

    count: int
    oldest: float | None


def run(limits: Limits, now: float) -> dict[str, int]:
    """Remove what is due, each kind in a transaction with its entry; returns how many of each. Raises StoreError.

    Ends with the write-ahead log cut off, so that what was removed is gone from the files.
    """
    removed = {what: _run(what, getattr(limits, what), now) for what in _STATEMENTS}
    removed["policies"] = versions.remove(limits.policies, now)
    removed["sessions"] = accounts.end_sessions(now)
    removed["accounts disabled"] = accounts.disable_unused(limits.accounts_unused, now)
    removed["accounts"] = accounts.forget_disabled(limits.accounts_disabled, now)
    with database.failures("the write-ahead log was not cut off"):
        database.checkpoint()
    return removed


def stored() -> dict[str, Stored]:
    """What is stored now, by kind; raises StoreError."""
    with database.failures("what is stored was not counted"), database.cursor() as cursor:
        found = {what: _stored(cursor, statement) for what, statement in _STORED.items()}
        found["record"] = _stored(cursor, _RECORD)
    messages, own = found.pop("messages"), found["notices"]
    found["decisions"] = Stored(messages.count - own.count, messages.oldest)
    return found | {what: Stored(*counted) for what, counted in accounts.stored().items()}


def _run(what: str, before: float, now: float) -> int:
    with change() as made:
        count = 0
        for statement in _STATEMENTS[what]:
            made.cursor.execute(statement, [before] * statement.count("%s"))
            count = int(made.cursor.rowcount)  # the last one tells: those before it remove what hangs on it
        if count:
            made.rows.notes.append(removal(what, count, now))
    return count


def _stored(cursor: Any, statement: str) -> Stored:
    cursor.execute(statement)
    count, oldest = cursor.fetchone()
    return Stored(int(count or 0), oldest)
