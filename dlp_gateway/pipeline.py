"""The story of one message: inspect, decide, commit, reply.

Nothing is promised to the client before it is durable, and nothing that goes
wrong on the way lets a message through: an inspection that failed is a fact
that the policy judges (not inspected), a store that failed is a 4xx.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from dlp_gateway.inspection.encoding import from_plain
from dlp_gateway.inspection.pool import NoWorker, WorkerFailed, WorkerPool
from dlp_gateway.model import Action, Decision, Envelope, Inspection, Recipient, Unscanned, Verdict, unread
from dlp_gateway.policy import explain
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.evaluate import Needs, decide_all, demand
from dlp_gateway.quarantine import links
from dlp_gateway.quarantine.notices import Event, Letterhead, NoticeLimiter, Occasion, compose
from dlp_gateway.smtp.replies import Reply
from dlp_gateway.smtp.trace import received_field
from dlp_gateway.store.errors import StoreError, StoreFullError
from dlp_gateway.store.identifiers import new_id
from dlp_gateway.store.values import Intake, Kind, Outgoing

log = structlog.get_logger()

# A worker that hostile content took over may say anything.
_GARBLED = "the inspection's answer cannot be understood"


class Commits(Protocol):
    """Where decisions become true."""

    async def commit(self, intake: Intake) -> None:
        """Return once everything in ``intake`` is durable; raises StoreError when nothing of it is."""
        ...


class PipelineObserver(Protocol):
    """Hears of every message."""

    def decided(self, decision: Decision, seconds: float) -> None:
        """A decision is on record; ``seconds`` is from the end of the data to now."""
        ...

    def undecided(self) -> None:
        """A message was answered 4xx for a fault of ours."""
        ...


@dataclass(frozen=True, slots=True)
class Running:
    """What decides at the moment; replaced as a whole by a reload, so that no message sees a mixture.

    ``day`` is the organisation's calendar day of a moment: agreements and exceptions end with it.
    """

    policy: Policy
    pool: WorkerPool
    letterhead: Letterhead
    day: Callable[[float], dt.date]
    show_user: bool = False


class Pipeline:
    """Takes messages from the SMTP side and answers for them."""

    def __init__(
        self,
        running: Running,
        store: Commits,
        observer: PipelineObserver,
        limiter: NoticeLimiter,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.running = running
        self._store = store
        self._observer = observer
        self._limiter = limiter
        self._clock = clock

    async def accept(self, envelope: Envelope, content: bytes) -> Reply:
        """Decide about one message and answer for it; ``content`` is what is scanned and what is sent."""
        running, began = self.running, self._clock()
        today = running.day(began)
        identifier = new_id(began)
        try:
            inspection = await inspect(running.pool, content, demand(running.policy, envelope.recipients, today))
        except NoWorker as failure:
            log.warning("no worker", decision=identifier, why=failure.why)
            self._observer.undecided()
            return Reply(451, "4.3.2", f"The message cannot be inspected now, please try again later [{identifier}]")
        verdicts = decide_all(running.policy, inspection, envelope, today)
        decision = Decision(
            id=identifier,
            at=began,
            envelope=envelope,
            verdicts=verdicts,
            inspection=inspection,
            policy=running.policy.fingerprint,
            size=len(content),
            digest=hashlib.sha256(content).hexdigest(),
        )
        held = any(verdict.action is Action.HOLD for verdict in verdicts)
        # The null sender is never told (RFC 3834 section 2).
        told = envelope.sender if held else None
        suppressed = self._limiter.admit(told) if told is not None else None
        intake = _intake(running, decision, content, suppressed)
        try:
            await self._store.commit(intake)
        except StoreError as failure:
            log.exception("not committed", decision=identifier)
            if told is not None:
                self._limiter.take_back(told, suppressed)
            self._observer.undecided()
            return _not_stored(failure, identifier)
        self._observer.decided(decision, self._clock() - began)
        log.info("decided", decision=identifier, actions=_counts(verdicts), rules=_rules(verdicts), size=len(content))
        return _answer(verdicts, identifier, told=bool(intake.outgoing))


def _intake(running: Running, decision: Decision, content: bytes, suppressed: int | None) -> Intake:
    """What is to become true of a decision; without a notice of a hold where ``suppressed`` is None."""
    trace = received_field(
        decision.envelope,
        hostname=running.letterhead.hostname,
        message_id=decision.id,
        at=decision.at,
        show_user=running.show_user,
    )
    by_action = {action: [v for v in decision.verdicts if v.action is action] for action in Action}
    held, returned = by_action[Action.HOLD], by_action[Action.RETURN]
    notices: list[Outgoing] = []
    link = None
    if held and suppressed is not None:
        address = ""
        if running.letterhead.console:
            address, link = links.new(running.letterhead, decision.at)
        notices += _notice(running, decision, Event.HELD, held, suppressed=suppressed, link=address)
    if returned:
        # The words also come by themselves: a next hop that cannot take the message (8-bit, large) still takes them.
        notices += _notice(running, decision, Event.RETURNED, returned)
        notices += _notice(running, decision, Event.RETURNED, returned, message=content)
    kept = trace + content if held or by_action[Action.DELIVER] else None
    return Intake(decision, kept, tuple(notices), link)


def _notice(
    running: Running,
    decision: Decision,
    event: Event,
    stopped: Sequence[Verdict],
    *,
    suppressed: int = 0,
    link: str = "",
    message: bytes = b"",
) -> Iterator[Outgoing]:
    """Tell the sender, if there is one, what was not sent, or give it back."""
    sender = decision.envelope.sender
    if sender is None:
        return
    occasion = Occasion(
        event=event,
        decision_id=decision.id,
        sender=sender,
        stopped=[v.recipient.address for v in stopped],
        delivered=[v.recipient.address for v in decision.verdicts if v.action is Action.DELIVER],
        paragraphs=explain.paragraphs(stopped),
        suppressed=suppressed,
        link=link,
        message=message,
    )
    content = compose(running.letterhead, occasion, decision.at)
    zone = running.policy.zones.zone(sender, running.day(decision.at))
    yield Outgoing(Kind.NOTICE, Recipient(sender, ("NEVER",)), zone, content, decision.id)


async def inspect(pool: WorkerPool, content: bytes, needs: Needs) -> Inspection:
    """Inspect ``content`` in a worker; what a failed worker leaves unread is a fact, not an error.

    Raises NoWorker when none could be had, be it for a second try: then too
    little is known of the message, and that is not its fault.
    """
    request = {"raw": content, "scope": needs.scope, "pictures": needs.pictures}
    try:
        reply, milliseconds = await pool.request(request, size=0 if needs.scope == "subject" else len(content))
        return replace(from_plain(reply), milliseconds=milliseconds)
    except NoWorker:
        raise
    except WorkerFailed as failure:
        return await _after_failure(pool, content, needs, failure.why)
    except ValueError:
        return await _after_failure(pool, content, needs, _GARBLED)


async def _after_failure(pool: WorkerPool, content: bytes, needs: Needs, why: str) -> Inspection:
    """Read at least the Subject, on which also the recipients inside depend.

    Asks at once, so that a pool that is being retired still answers.
    """
    nothing = unread(why, needs.scope)
    if needs.scope == "subject":
        return nothing
    try:
        reply, _ = await pool.request({"raw": content, "scope": "subject", "pictures": False})
        subject = from_plain(reply)
    except NoWorker:
        raise
    except (WorkerFailed, ValueError):
        return nothing
    return replace(subject, unscanned=(*subject.unscanned, Unscanned("body", why)), scope="all")


def _answer(verdicts: Sequence[Verdict], identifier: str, *, told: bool) -> Reply:
    if all(verdict.action is Action.REFUSE for verdict in verdicts):
        return Reply(550, "5.7.1", explain.reply(verdicts, identifier))
    if any(verdict.action is not Action.DELIVER for verdict in verdicts):
        notice = ": see the notice" if told else ""
        return Reply(250, "2.6.0", f"Accepted, not for all recipients{notice} [{identifier}]")
    return Reply(250, "2.6.0", f"Accepted [{identifier}]")


def _not_stored(failure: StoreError, identifier: str) -> Reply:
    if isinstance(failure, StoreFullError):
        return Reply(452, "4.3.1", f"No room for another message now, please try again later [{identifier}]")
    return Reply(451, "4.3.0", f"The message cannot be taken now, please try again later [{identifier}]")


def _counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for verdict in verdicts:
        counts[verdict.action.value] = counts.get(verdict.action.value, 0) + 1
    return counts


def _rules(verdicts: Sequence[Verdict]) -> list[str]:
    return sorted({rule for verdict in verdicts for rule in verdict.rules})
