"""What the sender of a held message is told when a reviewer has decided about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dlp_gateway.model import Action, Recipient, Verdict, Zone
from dlp_gateway.policy import explain
from dlp_gateway.quarantine.acts import Mail
from dlp_gateway.quarantine.held import Held
from dlp_gateway.quarantine.notices import Event, Letterhead, Occasion, compose
from dlp_gateway.store.values import Kind, Outgoing


def to_sender(
    letterhead: Letterhead,
    event: Event,
    message: Held,
    recipients: Collection[int],
    paragraphs: Sequence[str],
    now: float,
    *,
    link: str = "",
) -> tuple[Outgoing, ...]:
    """The notice to go out together with an act on some of the recipients; none where there is no sender.

    ``paragraphs`` are the reviewer's words; they go to the sender as they are.
    ``link`` is the address of the sender's page.
    """
    if message.sender is None:
        return ()
    chosen = [recipient.address for recipient in message.recipients if recipient.id in recipients]
    occasion = Occasion(event, message.message_id, message.sender, chosen, paragraphs=paragraphs, link=link)
    content = compose(letterhead, occasion, now)
    # Senders are of the organisation: nobody else gets past the SMTP side.
    return (Outgoing(Kind.NOTICE, Recipient(message.sender, ("NEVER",)), Zone.INTERNAL, content, message.message_id),)


def after_act(letterhead: Letterhead, event: Event, message: Held, paragraphs: Sequence[str], now: float) -> Mail:
    """The notice that goes out with an act, about those recipients that the act was for in the end."""
    return lambda done: to_sender(letterhead, event, message, [one.id for one in done], paragraphs, now)


def advice(message: Held) -> tuple[str, ...]:
    """One paragraph a rule that speaks against the message: fault, clause, places, and how to send it properly."""
    return explain.paragraphs(
        [Verdict(Recipient(waits.address), waits.zone, Action.HOLD, waits.hits) for waits in message.waiting]
    )
