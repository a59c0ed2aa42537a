"""The end of the record's chain: entries are appended in the transaction that makes them true."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from dlp_gateway.audit.chain import Checkpoint, Entry, EntryKind, Note, Prune, TextKind, commit, link, pseudonym
from dlp_gateway.store.database import is_postgresql, marks
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.values import ACTOR, RARE

_ENTRY = (
    "INSERT INTO dlp_audit_entry (seq, at, kind, actor, subject, details, tokens, previous, hash)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_TEXT = "INSERT INTO dlp_audit_text (token, kind, salt, text) VALUES (%s, %s, %s, %s)"
_HEAD = "SELECT seq, hash, checkpoint FROM dlp_audit_head WHERE id = 1"
_BATCH = 500


def append(cursor: Any, notes: Sequence[Note], pseudonyms: bytes | None = None) -> None:
    """Add entries to the chain, last of all in the transaction that holds ``cursor``.

    ``pseudonyms`` is the key that turns addresses into pseudonyms, None to
    keep them readable. Whoever appends holds the head of the chain until the
    transaction ends, therefore last.
    """
    if not notes:
        return
    if pseudonyms is not None:
        notes = [_pseudonymous(note, pseudonyms) for note in notes]
    # The head first: while it is held nobody erases a text that an entry is about to name.
    seq, previous, _ = head(cursor)
    tokens = _tokens(cursor, notes)
    entries = []
    for note in notes:
        entry = link(note, " ".join(tokens[text] for text in note.texts), seq + 1, previous)
        seq, previous = entry.seq, entry.hash
        entries.append(_row(entry))
    cursor.executemany(_ENTRY, entries)
    cursor.execute("UPDATE dlp_audit_head SET seq = %s, hash = %s WHERE id = 1", (seq, previous))


class RecordAlteredError(StoreError):
    """What was signed last is gone from the record, or altered: nothing more is signed on top of that."""


def add_checkpoint(
    cursor: Any, now: float, key_id: str, key: Ed25519PrivateKey, last: Checkpoint | None = None
) -> Checkpoint | None:
    """Sign the head of the chain and record the signature as the next entry; None when nothing is new.

    ``last`` is what was signed last, remembered outside of the database.
    Raises RecordAlteredError when the chain does not go on from there.
    """
    seq, digest, signed = head(cursor)
    if last is not None:
        _need(cursor, last, {key_id: key.public_key()})
    if seq == signed:
        return None
    checkpoint = Checkpoint.signed(seq, digest, now, key_id, key)
    append(cursor, [Note(EntryKind.CHECKPOINT, now, ACTOR, key_id, checkpoint.details())])
    cursor.execute("UPDATE dlp_audit_head SET checkpoint = seq WHERE id = 1")
    return checkpoint


def _need(cursor: Any, last: Checkpoint, keys: Mapping[str, Ed25519PublicKey]) -> None:
    """Raise RecordAlteredError unless the entry signed last is there as it was, or was pruned by a signed entry."""
    cursor.execute("SELECT hash FROM dlp_audit_entry WHERE seq = %s", (last.seq,))
    row = cursor.fetchone()
    if row is not None and bytes(row[0]) == last.hash:
        return
    if row is None and _was_pruned(cursor, last.seq, keys):
        return
    what = "is gone from the record" if row is None else "is another one now"
    raise RecordAlteredError(f"entry {last.seq}, which was signed last, {what}; nothing more is signed")


def _was_pruned(cursor: Any, seq: int, keys: Mapping[str, Ed25519PublicKey]) -> bool:
    cursor.execute(f"SELECT details FROM dlp_audit_entry WHERE kind = 'prune' AND {RARE}")  # noqa: S608
    for (details,) in cursor.fetchall():
        try:
            prune = Prune.parse(json.loads(details))
        except (ValueError, RecursionError):
            continue
        if prune.seq >= seq and prune.valid(keys):
            return True
    return False


def forget_texts(cursor: Any, tokens: Sequence[str], now: float, actor: str, subject: str) -> int:
    """Erase the texts behind some tokens; returns how many. The chain stays unbroken.

    The entries that named the texts keep tokens that tell nothing. That an
    erasure took place is an entry itself, about ``subject``, naming the tokens.
    """
    if tokens:
        head(cursor)
        erase(cursor, tokens)
        append(cursor, [Note(EntryKind.ERASE, now, actor, subject, {"tokens": list(tokens)})])
    return len(tokens)


def erase(cursor: Any, tokens: Iterable[str]) -> None:
    """Delete texts; an entry must say so."""
    cursor.executemany("DELETE FROM dlp_audit_text WHERE token = %s", [(token,) for token in tokens])


def head(cursor: Any) -> tuple[int, bytes, int]:
    """The last number and hash of the chain and the last signed number, locked until the transaction ends."""
    # SQLite's transaction has the only write lock already.
    cursor.execute(_HEAD + " FOR UPDATE" if is_postgresql() else _HEAD)
    seq, digest, checkpoint = cursor.fetchone()
    return int(seq), bytes(digest), int(checkpoint)


def _row(entry: Entry) -> tuple[Any, ...]:
    return (
        entry.seq,
        entry.at,
        entry.kind,
        entry.actor,
        entry.subject,
        entry.details,
        entry.tokens,
        entry.previous,
        entry.hash,
    )


def _pseudonymous(note: Note, key: bytes) -> Note:
    texts = tuple(
        (kind, pseudonym(key, text)) if kind is TextKind.ADDRESS else (kind, text) for kind, text in note.texts
    )
    return replace(note, texts=texts)


def _tokens(cursor: Any, notes: Iterable[Note]) -> dict[tuple[TextKind, str], str]:
    """The token of each text. An address keeps its token until it is erased, so that it is stored once."""
    texts = {text for note in notes for text in note.texts}
    addresses = [text for kind, text in texts if kind is TextKind.ADDRESS]
    tokens: dict[tuple[TextKind, str], str] = {}
    for start in range(0, len(addresses), _BATCH):
        batch = addresses[start : start + _BATCH]
        places = marks(batch)
        cursor.execute(
            f"SELECT text, token FROM dlp_audit_text WHERE kind = 'address' AND text IN ({places})",  # noqa: S608
            batch,
        )
        tokens.update({(TextKind.ADDRESS, text): token for text, token in cursor.fetchall()})
    new = []
    for kind, text in sorted(texts - tokens.keys()):
        salt = secrets.token_bytes(16)
        token = tokens[kind, text] = commit(salt, text)
        new.append((token, kind.value, salt, text))
    if new:
        cursor.executemany(_TEXT, new)
    return tokens
