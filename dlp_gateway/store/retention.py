"""Keeping nothing longer than needed: what is too old is removed, on record, and what was left behind.

What is kept for a person's request or frozen for a dispute is not removed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dlp_gateway.audit.chain import Kind as Entry
from dlp_gateway.audit.chain import Note
from dlp_gateway.store import database, history, queue, record, wraps
from dlp_gateway.store.change import change
from dlp_gateway.store.intake import ACTOR

_BATCH = 500
_PRUNE_BATCH = 5000
_DAY = 86400.0

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
    """How many were removed."""

    decisions: int
    own: int
    entries: int


def purge(*, decisions: float, own: float, entries: float, now: float, batch: int = _BATCH) -> Purged:
    """Remove what is older than the given moments: decisions, finished notices and bounces, entries of the record.

    Works in small transactions, so that mail goes on. Entries of the record
    go once a day's worth is too old, up to the first about a decision that
    is restricted: the chain is cut at its end only. Ends with the
    write-ahead log cut off, so that what was removed is gone from the files.
    Raises StoreError.
    """
    removed = Purged(
        _remove("decisions", "=", decisions, now, batch),
        _remove("notices", "<>", own, now, batch),
        _prune(entries, now),
    )
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
    return Note(Entry.ERASE, now, ACTOR, "retention", {"what": what, "count": count})


def _prune(before: float, now: float) -> int:
    """Cut the oldest entries off the chain, with entries that say so; then erase the texts that only they named."""
    with database.failures("the record was not read"), database.cursor() as cursor:
        cursor.execute("SELECT at FROM dlp_audit_entry ORDER BY seq LIMIT 1")
        oldest: Any = cursor.fetchone()
    # Once a day is enough: afterwards the whole rest of the record is read.
    if oldest is None or oldest[0] >= before - _DAY:
        return 0
    count = 0
    while pruned := _prune_batch(before, now):
        count += pruned
    if count:  # None when the oldest entry is about a decision that is restricted.
        _erase_unnamed()
    return count


def _prune_batch(before: float, now: float) -> int:
    with change() as made:
        last, _, _ = record.head(made.cursor)
        made.cursor.execute(
            "SELECT seq, at, hash, subject IN (SELECT message_id FROM dlp_restriction) FROM dlp_audit_entry"
            " ORDER BY seq LIMIT %s",
            (_PRUNE_BATCH,),
        )
        old: list[Any] = list(
            itertools.takewhile(lambda row: row[1] < before and row[0] < last and not row[3], made.cursor.fetchall())
        )
        if not old:
            return 0
        through, _, digest, _ = old[-1]
        made.cursor.execute("DELETE FROM dlp_audit_entry WHERE seq <= %s", (through,))
        details = {"through": through, "hash": bytes(digest).hex(), "entries": len(old)}
        made.rows.notes.append(Note(Entry.PRUNE, now, ACTOR, "record", details))
        return len(old)


def _erase_unnamed() -> None:
    """Erase the addresses and texts that no entry names any more."""
    unnamed = {token for token, _ in history.all_texts()}
    last = 0
    for entry in history.entries():
        unnamed.difference_update(entry.tokens.split())
        last = entry.seq
    with change() as made:
        record.head(made.cursor)  # Now nobody appends: look at what came in the meantime.
        for entry in history.entries(after=last):
            unnamed.difference_update(entry.tokens.split())
        record.erase(made.cursor, unnamed)
