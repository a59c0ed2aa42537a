"""The steps that acts on held messages are made of, each within the transaction of the act."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dlp_gateway.quarantine import held
from dlp_gateway.quarantine.held import Held, HeldRecipient
from dlp_gateway.quarantine.rules import ReviewError
from dlp_gateway.store import appeals, queue, restriction, reviewing, wraps
from dlp_gateway.store.change import Change
from dlp_gateway.store.intake import add_outgoing
from dlp_gateway.store.keys import ReviewKeys, SealingKeys
from dlp_gateway.store.values import Outgoing

# Mail that goes out with an act: as it is, or made of the recipients that the act was for in the end.
Mail = Sequence[Outgoing] | Callable[[Sequence[HeldRecipient]], Sequence[Outgoing]]


def still_held(message_id: str) -> Held:
    """The message, if a reviewer may still act on it; raises ReviewError."""
    message = held.find(message_id)
    if message is None:
        raise ReviewError(f"there is no held message {message_id}")
    if message.closed_at is not None:
        raise ReviewError(f"message {message_id} is not held any more")
    return message


def locked(made: Change, message_id: str, *, restricted: bool = False, kept: bool | None = None) -> Held:
    """The held message as it is now, protected from other writers until the transaction ends; raises ReviewError.

    ``restricted`` says that the act may be done while the message is
    restricted, ``kept`` (without it the same) while a person's request
    restricts it: that is lifted for all decisions of the request, never here.
    """
    reviewing.lock(made.cursor, [message_id])
    message = still_held(message_id)
    if not (restricted if kept is None else kept) and (keepers := restriction.keepers(message_id)):
        raise ReviewError(f"message {message_id} is restricted for {' and '.join(keepers)}; lift it there")
    if message.restricted_at is not None and not restricted:
        raise ReviewError(f"message {message_id} is restricted for a dispute; lift the restriction first")
    return message


def end(made: Change, chosen: Sequence[HeldRecipient], state: str, now: float) -> None:
    """Let recipients go from held to another state, which is final."""
    reviewing.end(made.cursor, [recipient.id for recipient in chosen], state, now)


def send(made: Change, mail: Mail, chosen: Sequence[HeldRecipient], keys: ReviewKeys | SealingKeys, now: float) -> None:
    """Queue the mail that goes out with an act for the recipients ``chosen``, as they are behind the lock."""
    for one in mail(chosen) if callable(mail) else mail:
        add_outgoing(made.rows, one, keys, now)


def close_if_done(made: Change, message: Held, now: float, *, ended: str, by: str) -> None:
    """Destroy the reviewers' key, and with it the content unless it is to be sent, when nobody waits any more.

    What the sender wrote goes with it; their appeal is answered by how it
    ``ended`` and who did that.
    """
    if reviewing.close_if_done(made.cursor, message.message_id, now):
        appeals.answer(made.cursor, message.message_id, ended, by, now)
        appeals.erase(made.cursor, message.message_id)
    queue.erase(made.cursor, [message.message_id], wraps.REVIEWERS)
