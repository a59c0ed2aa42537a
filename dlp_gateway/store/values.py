"""What the store takes and gives: frozen values and the interfaces of its users.

The mail path writes ``Intake`` (one transaction for deliveries, holds and the
decision record); the delivery workers lease ``Due`` rows and settle them with
``Outcome``. Times are seconds since the epoch (UTC).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from dlp_gateway.model import Decision, Recipient, Zone

ACTOR = "gateway"
"""Who did it, in entries of what the gateway does by itself."""

# What there is most of in the record, written by the mail path. The partial indices of the record leave it out, and a
# statement uses them only where it leaves out the same, in the same words.
EVERYDAY = ("decide", "deliver", "hold")
RARE = "NOT (kind IN ({}))".format(", ".join(f"'{kind}'" for kind in EVERYDAY))


class Kind(StrEnum):
    """Why a message is in the store."""

    MAIL = "mail"
    NOTICE = "notice"
    BOUNCE = "bounce"


class State(StrEnum):
    """How one attempt to deliver to one recipient ended.

    ``uncertain``: the line broke after the final dot, so the next hop may or
    may not have taken the message (RFC 1047); it is tried again, and counted.
    """

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message of our own making (notice, bounce) to commit with something else.

    ``sender`` is always the null reverse-path. ``about`` is the decision that
    caused it.
    """

    kind: Kind
    recipient: Recipient
    zone: Zone
    content: bytes = field(repr=False)
    about: str = ""


@dataclass(frozen=True, slots=True)
class SenderLink:
    """What is kept of the link in a notice: the SHA-256 of its key (hexadecimal), and when it stops working."""

    digest: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Intake:
    """One accepted or refused message, to become true in one transaction.

    ``content`` is the message as received with our trace headers in front;
    None when every recipient was refused (only the record is kept).
    Recipients whose verdict is ``deliver`` become deliveries, those with
    ``hold`` one hold sealed to the reviewers, all of them one audit entry.
    ``link`` is to the sender's page of what is held, if a notice names it.
    """

    decision: Decision
    content: bytes | None = field(repr=False)
    outgoing: tuple[Outgoing, ...] = ()
    link: SenderLink | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """One recipient of one message, leased to a delivery worker.

    ``sender`` is the reverse-path literal, "" for the null one. ``attempts``
    counts the attempts that ended in an ``Outcome``; ``due_at`` is the time
    this attempt was due. ``lost`` counts the leases since then that ran
    out without a ``renew``: the worker died at once.
    """

    delivery_id: int
    message_id: str
    kind: Kind
    sender: str
    recipient: Recipient
    zone: Zone
    attempts: int
    queued_at: float
    eight_bit: bool
    smtputf8: bool
    ret: str | None
    envid: str | None
    size: int
    due_at: float | None = None
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one attempt; ``text`` is one printable ASCII line without personal data.

    ``next_attempt`` is set for deferred and uncertain only. ``bounce``, a
    report to the sender, is committed together with it, whatever the state
    (a failure; a delay or a relay that the sender asked to hear of).
    ``untried`` is true for a deferral without anybody having been asked:
    it does not count as an attempt.
    """

    delivery_id: int
    state: State
    code: int = 0
    enhanced: str = ""
    text: str = ""
    host: str = ""
    tls: str = ""
    next_attempt: float | None = None
    bounce: Outgoing | None = None
    untried: bool = False

    @property
    def final(self) -> bool:
        """True when no further attempt follows."""
        return self.state in (State.DELIVERED, State.FAILED)

    @property
    def attempts(self) -> int:
        """What it adds to the attempts of its delivery."""
        return 0 if self.untried else 1


class Queue(Protocol):
    """The outgoing queue, as the delivery workers see it."""

    async def lease(self, worker: str, limit: int, now: float, seconds: float) -> Sequence[Due]:
        """Take up to ``limit`` due deliveries, oldest first, for ``seconds``.

        Deliveries of one message and zone come together. A lease that ran out
        (its worker died) is due again. No delivery is leased to two workers.
        """
        ...

    async def content(self, message_id: str) -> bytes:
        """The bytes to send; raises KeyError when they are erased."""
        ...

    async def renew(self, delivery_ids: Sequence[int], now: float, seconds: float) -> None:
        """Let the leases end at ``now + seconds``: still being worked on.

        ``seconds`` 0 gives them back: due again at once, no attempt counted.
        """
        ...

    async def accuse(self, delivery_ids: Sequence[int]) -> None:
        """Count these leases as lost if they run out from now on, though they were renewed.

        The worker is about to read what may kill it; ``renew`` says that it
        has lived.
        """
        ...

    async def settle(self, outcomes: Sequence[Outcome], now: float) -> None:
        """Record the ends of attempts in one transaction, with their audit entries.

        A report that several of them share is added once; in another call it
        is added again. What was recorded before with the same ``now`` changes
        nothing, so that a call that failed may be made again. When the last
        delivery of a message is settled for good, its key is destroyed.
        """
        ...

    async def recall(self, now: float, seconds: float) -> None:
        """Let be due what a clock that was ahead has put off.

        That is what nobody has on lease and what was queued for a later
        moment than now, or is to be tried later than ``seconds`` from now.
        """
        ...

    async def wait(self, seconds: float) -> None:
        """Return when something new may be due, at the latest after ``seconds``."""
        ...
