"""Cutting the oldest entries off the record's chain, by a signed entry that says so.

Whoever removes entries from the database can write such an entry, but not
sign it. The gateway signs what it has verified before: that the chain is whole
from its first entry up to a checkpoint of its own behind what is to go. So
nobody has it sign away what they have altered to look old.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dlp_gateway.audit.chain import GENESIS, Checkpoint, Entry, EntryKind, Note, Prune, entry_hash
from dlp_gateway.model import DAY
from dlp_gateway.store import database, history, record
from dlp_gateway.store.change import change
from dlp_gateway.store.values import ACTOR

SigningKey = tuple[str, Ed25519PrivateKey]

_BATCH = 5000
# Whether an entry is about a decision that is kept for a person's request, or a message frozen for a dispute.
_OLDEST = (
    "SELECT seq, at, hash, kind, subject IN (SELECT message_id FROM dlp_restriction UNION SELECT message_id"
    " FROM dlp_hold WHERE restricted_at IS NOT NULL AND closed_at IS NULL) FROM dlp_audit_entry WHERE seq >= 1"
    " ORDER BY seq LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many entries were removed; ``broken`` is the first that does not fit the chain, where none was signed for."""

    entries: int
    broken: int | None = None


@dataclass(frozen=True, slots=True)
class _Proven:
    """Up to ``through`` a signature of ours vouches for the entries; ``broken`` as in ``Pruned``."""

    through: int
    broken: int | None = None


def prune(before: float, now: float, key: SigningKey | None) -> Pruned:
    """Cut entries older than ``before`` off, with entries that say so; then erase the texts that only they named.

    With a ``key`` only what is signed goes; the rest waits until it is. Where
    the chain is broken, entries go when they are due all the same, as nobody's
    data may be kept for ever, but without a signature, which ``audit verify``
    tells. Raises StoreError.
    """
    with database.failures("the record was not read"), database.cursor() as cursor:
        cursor.execute(_OLDEST, (1,))
        oldest: Any = cursor.fetchone()
    # Once a day is enough: afterwards the whole rest of the record is read.
    if oldest is None or oldest[1] >= before - DAY or oldest[4]:
        return Pruned(0)
    proven = _Proven(0) if key is None else _prove(before, key)
    count = 0
    while pruned := _prune_batch(before, now, key, proven):
        count += pruned
    if count:
        _erase_unnamed()
    return Pruned(count, proven.broken)


def _prove(before: float, key: SigningKey) -> _Proven:
    """Verify the chain from its first entry up to a checkpoint of ours behind everything that is old."""
    keys = {key[0]: key[1].public_key()}
    previous: Entry | None = None
    old, through = True, 0
    for entry in history.entries():
        old = old and entry.at < before
        if not _fits(entry, previous):
            if previous is not None and history.length()[0] > previous.seq:
                return _Proven(through)  # another gateway has cut the record meanwhile: the next round goes on
            return _Proven(through, entry.seq)
        if entry.kind == EntryKind.CHECKPOINT and str(entry.said().get("key")) in keys:
            if not _vouches(entry, keys):
                return _Proven(through, entry.seq)
            through = entry.seq - 1
            if not old:
                break
        previous = entry
    return _Proven(through)


def _fits(entry: Entry, previous: Entry | None) -> bool:
    """Whether an entry fits its own hash, and the entry before."""
    if previous is None:
        behind = entry.seq > 1 or entry.previous == GENESIS
    else:
        behind = (entry.seq, entry.previous) == (previous.seq + 1, previous.hash)
    fields = (entry.seq, entry.at, entry.kind, entry.actor, entry.subject, entry.details, entry.tokens, entry.previous)
    return behind and entry_hash(*fields) == entry.hash


def _vouches(entry: Entry, keys: Mapping[str, Any]) -> bool:
    try:
        checkpoint = Checkpoint.parse(entry.said())
    except ValueError:
        return False
    return (checkpoint.seq, checkpoint.hash) == (entry.seq - 1, entry.previous) and checkpoint.valid(keys)


def _prune_batch(before: float, now: float, key: SigningKey | None, proven: _Proven) -> int:
    with change() as made:
        last, _, _ = record.head(made.cursor)
        made.cursor.execute(_OLDEST, (_BATCH + 1,))
        rows: list[Any] = made.cursor.fetchall()
        old = list(itertools.takewhile(lambda row: row[1] < before and row[0] < last and not row[4], rows[:_BATCH]))
        # The last one that is proven stays with the checkpoint over it, see below.
        signed = key is not None and (proven.broken is None or (bool(old) and old[0][0] < proven.through))
        if signed:
            old = [row for row in old if row[0] <= proven.through]
        # An entry stays with the checkpoint over it: its age is what a checkpoint kept elsewhere tells.
        if old and len(old) < len(rows) and rows[len(old)][3] == EntryKind.CHECKPOINT:
            old.pop()
        if not old:
            return 0
        through, digest = int(old[-1][0]), bytes(old[-1][2])
        made.cursor.execute("DELETE FROM dlp_audit_entry WHERE seq <= %s", (through,))
        if signed and key is not None:
            details = Prune.signed(through, digest, now, *key).details()
        else:
            details = {"through": through, "hash": digest.hex()}
        made.rows.notes.append(Note(EntryKind.PRUNE, now, ACTOR, "record", {**details, "entries": len(old)}))
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
