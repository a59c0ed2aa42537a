"""Keeping nothing longer than needed: what is too old is removed, on record, and what was left behind.

What is kept for a person's request or frozen for a dispute is not removed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dlp_gateway.audit.chain import EntryKind, Note
from dlp_gateway.store import database, pruning, queue, wraps
from dlp_gateway.store.change import change
from dlp_gateway.store.values import ACTOR

_BATCH = 500

# Messages that nobody waits for; recipients that a reviewer or a worker still has to deal with keep theirs.
_OVER = (
    "SELECT m.id FROM dlp_message m WHERE m.at < %s AND m.kind {} 'mail' AND NOT EXISTS (SELECT 1 FROM dlp_recipient r"
    " WHERE r.message_id = m.id AND r.state IN ('queued', 'held'))"
    " AND NOT EXISTS (SELECT 1 FROM dlp_restriction x WHERE x.message_id = m.id) ORDER BY m.at LIMIT %s"
)
_DEPENDENT = (
    "DELETE FROM dlp_approval WHERE recipient_id IN (SELECT id FROM dlp_recipient WHERE message_id = %s)",
    "DELETE FROM dlp_link WHERE message_id = %s",
    "DELETE FROM dlp_appeal WHERE message_id = %s",
    "DELETE FROM dlp_mark WHERE message_id = %s",
    "DELETE FROM dlp_hit WHERE message_id = %s",
    "DELETE FROM dlp_person_match WHERE message_id = %s",
    "DELETE FROM dlp_wrap WHERE message_id = %s",
    "DELETE FROM dlp_chunk WHERE message_id = %s",
    "DELETE FROM dlp_hold WHERE message_id = %s",
    "DELETE FROM dlp_recipient WHERE message_id = %s",
    "DELETE FROM dlp_message WHERE id = %s",
)


@dataclass(frozen=True, slots=True)
class Purged:
    """How many were removed; ``broken`` is an entry that does not fit the record's chain, where one was met."""

    decisions: int
    own: int
    entries: int
    broken: int | None = None


def purge(
    *,
    decisions: float,
    own: float,
    entries: float,
    now: float,
    key: pruning.SigningKey | None = None,
    batch: int = _BATCH,
) -> Purged:
    """Remove what is older than the given moments: decisions, finished notices and bounces, entries of the record.

    Works in small transactions, so that mail goes on. Entries of the record
    go once a day's worth is too old, up to the first about a decision that
    is restricted or a message that is frozen: the chain is cut at its end
    only, and that is signed with ``key``. Ends with the write-ahead log cut
    off, so that what was removed is gone from the files. Raises StoreError.
    """
    gone = _remove("decisions", "=", decisions, now, batch), _remove("notices", "<>", own, now, batch)
    pruned = pruning.prune(entries, now, key)
    removed = Purged(*gone, pruned.entries, pruned.broken)
    with database.failures("the write-ahead log was not cut off"):
        database.checkpoint()
    return removed


def sweep() -> int:
    """Destroy keys and content that nobody may need any more; returns how many keys.

    Settlement and review do this as they go, so that this finds nothing,
    unless the database was restored from a backup or edited by hand. Raises
    StoreError.
    """
    count = 0
    for holder, state in ((wraps.DELIVERY, "queued"), (wraps.REVIEWERS, "held")):
        with change() as made:
            made.cursor.execute(
                "SELECT w.message_id FROM dlp_wrap w WHERE w.holder = %s AND NOT EXISTS"
                " (SELECT 1 FROM dlp_recipient r WHERE r.message_id = w.message_id AND r.state = %s)",
                (holder, state),
            )
            found = [row[0] for row in made.cursor.fetchall()]
            queue.erase(made.cursor, found, holder)
            count += len(found)
    return count


def remove(cursor: Any, message_ids: Iterable[str]) -> None:
    """Delete messages with everything that belongs to them; nobody may wait for them any more."""
    found = [(message_id,) for message_id in message_ids]
    for statement in _DEPENDENT:
        cursor.executemany(statement, found)


def _remove(what: str, kinds: str, before: float, now: float, batch: int) -> int:
    count = 0
    while True:
        with change() as made:
            made.cursor.execute(_OVER.format(kinds), (before, batch))
            found = [row[0] for row in made.cursor.fetchall()]
            remove(made.cursor, found)
            if found:
                made.rows.notes.append(removal(what, len(found), now))
        count += len(found)
        if len(found) < batch:
            return count


def removal(what: str, count: int, now: float) -> Note:
    """The entry for what a clock has removed."""
    return Note(EntryKind.ERASE, now, ACTOR, "retention", {"what": what, "count": count})
