"""The rules for acts on held messages: pure checks, no database.

Separation of duties: nobody releases their own mail, and where two approvals
are asked for they come from two people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dlp_gateway.quarantine.held import Held, HeldRecipient
from dlp_gateway.quarantine.reviewers import Reviewer, mailbox, may_decide
from dlp_gateway.store.approvals import Account
from dlp_gateway.store.intake import canonical

__all__ = [
    "SENDER",
    "ReviewError",
    "Reviewer",
    "approved",
    "choose",
    "consent",
    "left_to",
    "need_reason",
    "need_standing",
    "refuse_own",
]

# The actor of what a sender does on the page of their message; whose message it was stands in the entry's texts.
SENDER = "sender"


class ReviewError(Exception):
    """The act is not allowed or not possible any more; says why, without personal data. Nothing has changed."""


def need_reason(reason: str) -> None:
    """Raise ReviewError unless a reason is given."""
    if not reason.strip():
        raise ReviewError("a reason is needed; it goes on record")


def refuse_own(message: Held, reviewer: Reviewer) -> None:
    """Raise ReviewError when the reviewer is the sender, or the account that handed the message in.

    Also when there is no address of theirs to tell that by.
    """
    if not reviewer.mailbox:
        raise ReviewError("whoever releases a message says so with their mail address: name <address>")
    # An account may be called as the mailbox without its domain.
    mine = {reviewer.mailbox, reviewer.mailbox.rpartition("@")[0], reviewer.name.lower()}
    theirs = {message.user.lower(), mailbox(message.user)}
    if message.sender is not None:
        theirs.add(mailbox(canonical(message.sender)))
    if (mine & theirs) - {""}:
        raise ReviewError(f"message {message.message_id} was sent by the reviewer: somebody else has to release it")


def need_standing(reviewer: Reviewer, accounts: Iterable[Account]) -> None:
    """Raise ReviewError when the reviewer has an account of the console that may give none of several approvals."""
    if not may_decide(reviewer, accounts):
        raise ReviewError("the reviewer's account is disabled or not a reviewer's; it gives none of several approvals")


def choose(message: Held, recipients: Iterable[int] | None) -> list[HeldRecipient]:
    """The recipients meant (None: all that wait); raises ReviewError when one does not wait (any more)."""
    waiting = {recipient.id: recipient for recipient in message.waiting}
    wanted = sorted(waiting) if recipients is None else sorted(set(recipients))
    missing = [number for number in wanted if number not in waiting]
    if missing:
        raise ReviewError(f"message {message.message_id} is not held for recipient {missing[0]} (any more)")
    if not wanted:
        raise ReviewError(f"message {message.message_id}: no recipient was named")
    return [waiting[number] for number in wanted]


def approved(recipient: HeldRecipient, reviewer: Reviewer) -> bool:
    """Whether the reviewer has approved a release to the recipient before, under whatever name."""
    return any(reviewer.is_same(other) for other in recipient.approved_by)


def left_to(waiting: Sequence[HeldRecipient], reviewer: Reviewer) -> list[HeldRecipient]:
    """Those who wait for this reviewer's approval; all, when nobody does, which ``consent`` answers."""
    return [recipient for recipient in waiting if not approved(recipient, reviewer)] or list(waiting)


def consent(chosen: Iterable[HeldRecipient], reviewer: Reviewer) -> tuple[list[HeldRecipient], list[HeldRecipient]]:
    """With this reviewer's approval: the recipients that may go, and those that need another reviewer.

    Raises ReviewError when the reviewer has approved one of them before, under whatever name.
    """
    ready: list[HeldRecipient] = []
    waiting: list[HeldRecipient] = []
    chosen = list(chosen)
    if already := sum(approved(recipient, reviewer) for recipient in chosen):
        if already == len(chosen):
            raise ReviewError("the release was approved by this reviewer already; another one is needed")
        raise ReviewError(
            f"for {already} of these recipients the release was approved by this reviewer already; another one is"
            " needed there, so name the others alone"
        )
    for recipient in chosen:
        (ready if len(recipient.approved_by) + 1 >= recipient.approvals else waiting).append(recipient)
    return ready, waiting
