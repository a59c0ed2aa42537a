"""The sender's side of a held message: ask for its release with a justification, or withdraw it.

The justification is for reviewers' eyes: it is sealed to their key, the record
says only that there is one, and it is erased with the content. A message has
one open appeal at a time. What a reviewer does with the message answers it;
``Desk.refuse_appeal`` answers it and keeps the message held.
"""

from __future__ import annotations

from dlp_gateway.quarantine.rules import ReviewError
from dlp_gateway.store import appeals as statements
from dlp_gateway.store.appeals import Appeal
from dlp_gateway.store.keys import ReviewKeys
from dlp_gateway.store.sealing import SealError, open_words

__all__ = ["Appeal", "justification", "of", "waiting"]


def of(message_id: str) -> Appeal | None:
    """The newest appeal for a message, answered or not; None without one. Raises StoreError."""
    found = statements.of(message_id)
    return found[-1] if found else None


def waiting(limit: int = 1000) -> list[Appeal]:
    """The appeals that nobody has answered, oldest first; raises StoreError."""
    return statements.unanswered(limit)


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
