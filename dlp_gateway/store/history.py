"""Reading the record: its entries, its head, and the texts that stand beside the chain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dlp_gateway.audit.chain import Entry
from dlp_gateway.store import database

_ENTRIES = (
    "SELECT seq, at, kind, actor, subject, details, tokens, previous, hash FROM dlp_audit_entry"
    " WHERE seq > %s ORDER BY seq LIMIT %s"
)
_PAGE = 2000


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


def entries(after: int = 0) -> Iterator[Entry]:
    """The record in order, behind the number ``after``; read in pages, so that mail goes on meanwhile."""
    while True:
        page = _page(after)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].seq


def of(subject: str) -> list[Entry]:
    """What the record says of one message or thing, in order; raises StoreError."""
    with database.failures("the record was not read"), database.cursor() as cursor:
        cursor.execute(_ENTRIES.replace("seq > %s", "subject = %s"), (subject, _PAGE))
        return [_entry(row) for row in cursor.fetchall()]


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
            marks = ", ".join("%s" for _ in batch)
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
    marks = ", ".join("%s" for _ in wanted)
    with database.failures("the decisions were not read"), database.cursor() as cursor:
        cursor.execute(f"SELECT id, facts FROM dlp_message WHERE id IN ({marks})", wanted)  # noqa: S608
        return dict(cursor.fetchall())


def _page(after: int) -> list[Entry]:
    with database.failures("the record was not read"), database.cursor() as cursor:
        cursor.execute(_ENTRIES, (after, _PAGE))
        return [_entry(row) for row in cursor.fetchall()]


def _entry(row: Any) -> Entry:
    seq, at, kind, actor, subject, details, tokens, previous, digest = row
    return Entry(seq, at, kind, actor, subject, details, tokens, bytes(previous), bytes(digest))
