"""The sender's side of a held message: ask for its release with a justification, or withdraw it.

The justification is for reviewers' eyes: it is sealed to their key, the record
says only that there is one, and it is erased with the content. A message has
one open appeal at a time. What a reviewer does with the message answers it;
``Desk.refuse_appeal`` answers it and keeps the message held.
"""

from __future__ import annotations

from typing import Any

from dlp_gateway.audit.chain import EntryKind, Note, Texts
from dlp_gateway.quarantine.acts import Mail, close_if_done, end, locked, send
from dlp_gateway.quarantine.held import Held
from dlp_gateway.quarantine.rules import SENDER, ReviewError
from dlp_gateway.store import appeals as statements
from dlp_gateway.store import history
from dlp_gateway.store.appeals import Appeal
from dlp_gateway.store.change import change
from dlp_gateway.store.intake import canonical
from dlp_gateway.store.keys import ReviewKeys, SealingKeys, latest
from dlp_gateway.store.sealing import SealError, open_words, seal_words

__all__ = ["LONGEST", "MOST", "Appeal", "ask", "justification", "may_ask", "of", "said", "waiting", "withdraw"]

LONGEST = 2000  # characters of a justification: half a page
MOST = 3  # appeals for one message: after a refusal there may be something new to say, not for ever


def of(message_id: str) -> Appeal | None:
    """The newest appeal for a message, answered or not; None without one. Raises StoreError."""
    found = statements.of(message_id)
    return found[-1] if found else None


def waiting(limit: int = 1000) -> list[Appeal]:
    """The appeals that nobody has answered, oldest first; raises StoreError."""
    return statements.unanswered(limit)


def may_ask(message: Held) -> bool:
    """Whether the sender may ask for release now; raises StoreError."""
    asked = statements.of(message.message_id)
    free = not asked or (not asked[-1].open and len(asked) < MOST)
    return free and message.closed_at is None and message.restricted_at is None


def said(message_id: str) -> str:
    """The reason given with the last refusal of an appeal, which is for the sender's eyes too; "" without one.

    It stands in the record, and is "" when it was erased there. Raises StoreError.
    """
    refusals = [entry for entry in history.of(message_id) if entry.kind == EntryKind.REFUSE_APPEAL]
    if not refusals:
        return ""
    token = refusals[-1].tokens.split()[0]
    found = history.texts([token]).get(token)
    return found.text if found is not None else ""


def justification(keys: ReviewKeys, appeal: Appeal) -> str:
    """What the sender wrote; show it only where the message itself is opened, which is on record.

    Raises:
        SealError: the key is not the right one, or it was altered.
        ReviewError: it was erased, as the message is not held any more.
    """
    if not appeal.sealed:
        raise ReviewError(f"message {appeal.message_id} is not held any more; what its sender wrote was erased with it")
    if appeal.key_id not in keys.reviewers:
        raise SealError(f"the appeal for {appeal.message_id} needs {appeal.key_id}, which is not in the review folder")
    return open_words(keys.reviewers[appeal.key_id], appeal.sealed, appeal.message_id, appeal.key_id)


def ask(message_id: str, words: str, keys: SealingKeys, now: float, pseudonyms: bytes | None = None) -> None:
    """Ask for the release of a held message; on record without the ``words``, which only reviewers can read.

    Raises:
        ReviewError: it is not held any more, restricted, an appeal is open or
            was refused too often, or ``words`` are missing or too long.
        StoreError: the database cannot be read or written.
    """
    words = "\n".join(words.split("\r\n")).strip()
    if not words:
        raise ReviewError("say why the message should go; nobody but the reviewers can read it")
    if len(words) > LONGEST:
        raise ReviewError(f"the justification has {len(words)} characters; {LONGEST} are the most, so shorten it")
    key_id = latest(keys.reviewers)
    sealed = seal_words(keys.reviewers[key_id], words, message_id, key_id)
    with change(pseudonyms) as made:
        message = locked(made, message_id)
        asked = statements.of(message_id)
        if asked and asked[-1].open:
            raise ReviewError(f"a release of message {message_id} was asked for already; the answer comes by mail")
        if len(asked) >= MOST:
            raise ReviewError(f"a release of message {message_id} was refused {len(asked)} times; speak to a reviewer")
        statements.add(made.cursor, message_id, now, key_id, sealed)
        made.rows.notes.append(_note(EntryKind.APPEAL, message, now, recipients=False))


def withdraw(message_id: str, outgoing: Mail, keys: SealingKeys, now: float, pseudonyms: bytes | None = None) -> None:
    """Delete a held message for all who wait for it, as its sender wishes; on record as the sender's act.

    ``outgoing`` confirms it. Raises ReviewError when it is not held any more
    or restricted, StoreError.
    """
    with change(pseudonyms) as made:
        message = locked(made, message_id)
        end(made, message.waiting, "withdrawn", now)
        made.rows.notes.append(_note(EntryKind.WITHDRAW, message, now, recipients=True))
        send(made, outgoing, message.waiting, keys, now)
        close_if_done(made, message, now, ended="withdrawn", by=SENDER)


def _note(kind: EntryKind, message: Held, now: float, *, recipients: bool) -> Note:
    texts = Texts()
    details: dict[str, Any] = {}
    if message.sender is not None:
        details["sender"] = texts.address(canonical(message.sender))
    if recipients:
        details["recipients"] = [{"address": texts.address(canonical(r.address))} for r in message.waiting]
    return Note(kind, now, SENDER, message.message_id, details, tuple(texts.items))
