"""What nobody released in time is deleted, never sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dlp_gateway.audit.chain import EntryKind, Note, Texts
from dlp_gateway.quarantine import held
from dlp_gateway.quarantine.acts import close_if_done, end, locked
from dlp_gateway.quarantine.held import Held
from dlp_gateway.quarantine.rules import ReviewError
from dlp_gateway.store import database, restriction
from dlp_gateway.store.change import change
from dlp_gateway.store.intake import add_outgoing, canonical
from dlp_gateway.store.keys import GatewayKeys
from dlp_gateway.store.values import ACTOR, Outgoing


def expire(
    now: float,
    keys: GatewayKeys,
    notice: Callable[[Held], Sequence[Outgoing]],
    *,
    pseudonyms: bytes | None = None,
    limit: int = 500,
) -> list[str]:
    """Delete held messages whose time is over; returns their identifiers.

    ``notice`` makes what tells the sender. Each message is a transaction of
    its own; at most ``limit`` at a call. What a person's request restricts is
    frozen before, if it was not. Ends with the write-ahead log cut off.
    Raises StoreError.
    """
    restriction.complete(now)
    expired = []
    for message in held.waiting(limit=limit, expiring_before=now):
        try:
            _expire(message.message_id, now, keys, notice, pseudonyms)
        except ReviewError:
            continue  # A reviewer was faster, or a restriction.
        expired.append(message.message_id)
    if expired:
        with database.failures("the write-ahead log was not cut off"):
            database.checkpoint()
    return expired


def _expire(
    message_id: str,
    now: float,
    keys: GatewayKeys,
    notice: Callable[[Held], Sequence[Outgoing]],
    pseudonyms: bytes | None,
) -> None:
    with change(pseudonyms) as made:
        message = locked(made, message_id)
        chosen = message.waiting
        end(made, chosen, "expired", now)
        texts = Texts()
        details = {"recipients": [{"address": texts.address(canonical(r.address))} for r in chosen]}
        made.rows.notes.append(Note(EntryKind.EXPIRE, now, ACTOR, message_id, details, tuple(texts.items)))
        for mail in notice(message):
            add_outgoing(made.rows, mail, keys, now)
        close_if_done(made, message, now, ended="expired", by=ACTOR)
