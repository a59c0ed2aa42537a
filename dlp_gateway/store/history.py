"""Reading the record: its entries, its head, and the texts that stand beside the chain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlp_gateway.audit.chain import Entry, EntryKind
from dlp_gateway.store import database
from dlp_gateway.store.values import ACTOR, EVERYDAY, RARE

_SELECT = "SELECT seq, at, kind, actor, subject, details, tokens, previous, hash FROM dlp_audit_entry"
_ENTRIES = f"{_SELECT} WHERE seq > %s ORDER BY seq LIMIT %s"
_ALL = f"{_SELECT} ORDER BY seq LIMIT %s"
# The chain begins with number 1. What somebody put in front of it is no part of the record, and is shown nowhere as
# such; ``audit.verify`` names it. "+" keeps the condition away from the choice of an index.
_CHAIN = "+seq >= 1"
_OF = f"{_SELECT} WHERE subject = %s AND {_CHAIN} ORDER BY seq LIMIT %s"
# One by one: SQLite looks both up at once by reading everything between them.
_BOUNDS = "SELECT (SELECT MIN(seq) FROM dlp_audit_entry WHERE seq >= 1), (SELECT MAX(seq) FROM dlp_audit_entry)"
_PAGE = 2000
# Entries of one time are at most this much out of order: the time from a decision to its commit, generously.
_DISORDER = 3600.0

DENSE = tuple(EntryKind(kind) for kind in EVERYDAY)


@dataclass(frozen=True, slots=True)
class Head:
    """The last number and hash of the chain, as the store remembers them."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class SaltedText:
    """An address or free text of the record, and the salt of its commitment."""

    kind: str
    salt: bytes
    text: str


def entries(after: int | None = 0) -> Iterator[Entry]:
    """The record in order, behind the number ``after``; read in pages, so that mail goes on meanwhile.

    None also gives what stands in front of the chain, where the gateway puts nothing.
    """
    while True:
        page = _page(after, _PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].seq


def of(subject: str) -> list[Entry]:
    """What the record says of one message or thing, in order; raises StoreError."""
    with database.failures("the record was not read"), database.cursor() as cursor:
        cursor.execute(_OF, (subject, _PAGE))
        return [_entry(row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are looked for; "" and None ask for nothing. Times in seconds since the epoch."""

    kind: str = ""
    actor: str = ""
    subject: str = ""
    since: float | None = None
    before: float | None = None


def newest(wanted: Wanted, *, below: int | None = None, limit: int = 50) -> list[Entry]:
    """Entries that match everything wanted, the newest first, with numbers below ``below``; raises StoreError.

    Reads little however long the record is: what is dense is found soon, for the rest there is an index.
    """
    conditions = [_CHAIN]
    values: list[Any] = []
    for column, value in (("kind", wanted.kind), ("actor", wanted.actor), ("subject", wanted.subject)):
        if value:
            conditions.append(f"{column} = %s")
            values.append(value)
    if wanted.since is not None or wanted.before is not None:
        first, last = span(wanted.since or 0.0, wanted.before if wanted.before is not None else float("inf"))
        conditions += ["seq >= %s", "seq < %s", "at >= %s", "at < %s"]
        values += [first, last, wanted.since or 0.0, wanted.before if wanted.before is not None else 1e300]
    if (wanted.kind and wanted.kind not in DENSE) or (wanted.actor and wanted.actor != ACTOR and not wanted.kind):
        conditions.append(RARE)
    if below is not None:
        conditions.append("seq < %s")
        values.append(below)
    statement = f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY seq DESC LIMIT %s"
    with database.failures("the record was not read"), database.cursor() as cursor:
        cursor.execute(statement, (*values, limit))
        return [_entry(row) for row in cursor.fetchall()]


def decided(decision_ids: Sequence[str]) -> list[Entry]:
    """The entries of some decisions (not of what became of them), the newest first; raises StoreError."""
    if not decision_ids:
        return []
    marks = database.marks(decision_ids)
    with database.failures("the record was not read"), database.cursor() as cursor:
        cursor.execute(
            f"{_SELECT} WHERE subject IN ({marks}) AND kind = %s AND {_CHAIN} ORDER BY seq DESC",
            (*decision_ids, EntryKind.DECIDE.value),
        )
        return [_entry(row) for row in cursor.fetchall()]


def get(seq: int) -> Entry | None:
    """The entry with that number; raises StoreError."""
    found = next(iter(_page(max(0, seq - 1), 1)), None)
    return found if found is not None and found.seq == seq else None


def span(since: float, before: float) -> tuple[int, int]:
    """Numbers between which (the second excluded) all entries of a period are, and few others; raises StoreError."""
    with database.failures("the record was not read"), database.cursor() as cursor:
        cursor.execute(_BOUNDS)
        first, last = cursor.fetchone()
        if first is None:
            return 0, 0
        return _reached(cursor, since - _DISORDER, first, last), _reached(cursor, before + _DISORDER, first, last)


def _reached(cursor: Any, at: float, low: int, last: int) -> int:
    """The first number whose entry was made at that time or later, as if they were in order of time."""
    high = last + 1
    while low < high:
        middle = (low + high) // 2
        cursor.execute("SELECT seq, at FROM dlp_audit_entry WHERE seq >= %s ORDER BY seq LIMIT 1", (middle,))
        seq, made = cursor.fetchone()
        if made < at:
            low = seq + 1
        else:
            high = middle
    return low


def length() -> tuple[int, int]:
    """The number of the first entry that is kept, and how many there are; raises StoreError."""
    with database.failures("the record was not read"), database.cursor() as cursor:
        cursor.execute(_BOUNDS)
        first, last = cursor.fetchone()
    return (0, 0) if first is None else (int(first), int(last) - int(first) + 1)


def head() -> Head:
    """Where the chain ends; raises StoreError."""
    with database.failures("the record was not read"), database.cursor() as cursor:
        cursor.execute("SELECT seq, hash FROM dlp_audit_head WHERE id = 1")
        row = cursor.fetchone()
    return Head(row[0], bytes(row[1]))


def all_texts() -> Iterator[tuple[str, SaltedText]]:
    """Every token and its text; raises StoreError."""
    last = ""
    while True:
        with database.failures("the record was not read"), database.cursor() as cursor:
            cursor.execute(
                "SELECT token, kind, salt, text FROM dlp_audit_text WHERE token > %s ORDER BY token LIMIT %s",
                (last, _PAGE),
            )
            rows: list[Any] = cursor.fetchall()
        for token, kind, salt, text in rows:
            yield token, SaltedText(kind, bytes(salt), text)
        if len(rows) < _PAGE:
            return
        last = rows[-1][0]


def texts(tokens: Iterable[str]) -> Mapping[str, SaltedText]:
    """The texts behind some tokens, without those that were erased; raises StoreError."""
    wanted = sorted(set(tokens))
    found = {}
    with database.failures("the record was not read"), database.cursor() as cursor:
        for start in range(0, len(wanted), _PAGE):
            batch = wanted[start : start + _PAGE]
            marks = database.marks(batch)
            cursor.execute(
                f"SELECT token, kind, salt, text FROM dlp_audit_text WHERE token IN ({marks})",  # noqa: S608
                batch,
            )
            found.update({row[0]: SaltedText(row[1], bytes(row[2]), row[3]) for row in cursor.fetchall()})
    return found


def facts(decision_ids: Iterable[str]) -> Mapping[str, str]:
    """The facts kept with some decisions, to compare with what the record says of them; raises StoreError."""
    wanted = sorted(set(decision_ids))
    if not wanted:
        return {}
    marks = database.marks(wanted)
    with database.failures("the decisions were not read"), database.cursor() as cursor:
        cursor.execute(f"SELECT id, facts FROM dlp_message WHERE id IN ({marks})", wanted)  # noqa: S608
        return dict(cursor.fetchall())


def _page(after: int | None, limit: int) -> list[Entry]:
    with database.failures("the record was not read"), database.cursor() as cursor:
        if after is None:
            cursor.execute(_ALL, (limit,))
        else:
            cursor.execute(_ENTRIES, (after, limit))
        return [_entry(row) for row in cursor.fetchall()]


def _entry(row: Any) -> Entry:
    seq, at, kind, actor, subject, details, tokens, previous, digest = row
    return Entry(seq, at, kind, actor, subject, details, tokens, bytes(previous), bytes(digest))
