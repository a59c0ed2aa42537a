"""Carries one consignment to its end: the boundary where every fault becomes an outcome."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog

from dlp_gateway.delivery.allowance import Allowance
from dlp_gateway.delivery.attempt import Attempt
from dlp_gateway.delivery.bounces import Origin, Reported, Trace, build, trace_of, without_reply
from dlp_gateway.delivery.consignment import Cargo, Consignment, ContentError, CrowdedError, ErasedError
from dlp_gateway.delivery.crowding import Crowding
from dlp_gateway.delivery.leases import Leases
from dlp_gateway.delivery.observer import Observer
from dlp_gateway.delivery.outcomes import Conclusion, conclude, given_up_in_doubt
from dlp_gateway.delivery.pool import Pool
from dlp_gateway.delivery.result import Result, deferred, failed, untried
from dlp_gateway.delivery.routing import Router
from dlp_gateway.delivery.settings import DeliverySettings
from dlp_gateway.delivery.transaction import Mail
from dlp_gateway.model import Address, Recipient, Zone
from dlp_gateway.policy.zones import canonical_domain
from dlp_gateway.store.values import Due, Kind, Outcome, Outgoing, Queue, State

log = structlog.get_logger()

MAX_REMEMBERED = 10_000
"""Deliveries whose faults, or uncertain ends, are counted at a time; the oldest are forgotten."""


class LeaseLostError(Exception):
    """Another worker may have the deliveries by now."""


class UnreportedError(Exception):
    """The report that the sender has to get cannot be made now."""


@dataclass(slots=True)
class Carrier:
    """Takes consignments to their destinations; ``carry`` never raises.

    ``clock`` is the queue's (epoch seconds), ``chance`` gives numbers in
    [0, 1), ``zone_of`` the zone of a sender's domain, for reports.
    """

    queue: Queue
    router: Router
    pool: Pool
    leases: Leases
    settings: DeliverySettings
    clock: Callable[[], float]
    chance: Callable[[], float]
    observer: Observer
    zone_of: Callable[[str], Zone]
    allowance: Allowance = field(init=False)
    _faults: Counter[int] = field(default_factory=Counter, init=False)
    _doubts: Counter[int] = field(default_factory=Counter, init=False)
    _crowding: Crowding = field(init=False)
    _suspects: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def __post_init__(self) -> None:
        self.allowance = Allowance(self.settings.bytes_in_flight)
        self._crowding = Crowding(self.settings.in_flight, self.settings.schedule.first)

    async def carry(self, consignment: Consignment) -> Sequence[Outcome]:
        """Try once; return what to settle: nothing for deliveries that are left to the next lease."""
        cargo = Cargo(self.queue, self.allowance, consignment, self.settings.connection.patience)
        try:
            return await self._outcomes(consignment, await self._results(consignment, cargo), cargo)
        finally:
            cargo.unload()

    def thin(self, deliveries: int) -> None:
        """Send about so many that wait for a connection, or for room in memory, back to the queue."""
        self.allowance.thin(max(deliveries - self.pool.thin(deliveries), 0))

    async def _results(self, consignment: Consignment, cargo: Cargo) -> Sequence[Result | None]:
        """Attempt, and give every way to fail its meaning."""
        if consignment.lost >= self.settings.poison_limit:
            return [_set_aside()] * len(consignment.dues)
        attempt = Attempt(
            consignment.destination, consignment.recipients, cargo, lambda some: self._load(cargo, consignment, some)
        )
        try:
            await self._attempt(attempt, consignment)
        except asyncio.CancelledError:
            # The service is stopping: what is known is settled, the rest is given back.
            return _decided(attempt.results)
        except LeaseLostError:
            log.warning("delivery.lease.lost", message=consignment.dues[0].message_id)
            return _decided(attempt.results)
        except ErasedError:
            return _filled(attempt.results, failed("5.3.0", "the content has been erased"))
        except CrowdedError:
            return _filled(attempt.results, untried("4.3.1", "no room in memory for the content now", code=452))
        except ContentError as error:
            cause = error.__cause__ or error
            log.exception("delivery.content.unavailable", exc_info=cause, message=consignment.dues[0].message_id)
            return _filled(attempt.results, deferred("4.3.0", "the content cannot be read now"))
        except Exception as error:  # noqa: BLE001 - the one place where a fault of ours becomes an outcome
            return _filled(attempt.results, self._fault(consignment, error))
        else:
            for delivery_id in consignment.delivery_ids:
                self._faults.pop(delivery_id, None)
        return attempt.results

    async def _attempt(self, attempt: Attempt, consignment: Consignment) -> None:
        if consignment.destination.settings.maildir is None:
            await attempt.send(self.router, self.pool, self.settings.timeouts, self.settings.max_hops)
        else:
            first = consignment.dues[0]
            # The same name at each attempt: one that was not recorded is overwritten, not doubled.
            name = f"{int(first.queued_at)}.{first.message_id}-{first.delivery_id}.{self.settings.hostname}"
            await attempt.file(name)

    async def _load(self, cargo: Cargo, consignment: Consignment, recipients: Sequence[Recipient]) -> Mail:
        """Return the mail to send, sure that it is still ours to send."""
        if consignment.lost:
            mail = await self._suspect(cargo, consignment, recipients)
        else:
            mail = await cargo.mail(recipients)
        if not self.leases.hold(consignment.delivery_ids):
            raise LeaseLostError
        return mail

    async def _suspect(self, cargo: Cargo, consignment: Consignment, recipients: Sequence[Recipient]) -> Mail:
        """Load what a worker may have died on: one at a time, and nothing else to blame if it happens again.

        The others were acquitted when they were leased, so that messages
        beside a poisonous one are not set aside with it. Afterwards the worker
        has survived the content, and says so before the long waits of the
        wire: being killed there says nothing about the message. Nor does being
        killed while it waits for room in memory, so that comes first.
        """
        await cargo.reserve()
        async with self._suspects:
            try:
                await self.leases.accuse(consignment.delivery_ids)
                mail = await cargo.mail(recipients)
                await self.leases.renew(consignment.delivery_ids)
            except (ContentError, ErasedError):
                raise
            except Exception as error:
                raise ContentError from error
        return mail

    def _fault(self, consignment: Consignment, error: Exception) -> Result:
        """Count a fault of the gateway itself against the message; set it aside when there are too many."""
        for delivery_id in consignment.delivery_ids:
            self._faults[delivery_id] += 1
        _forget_oldest(self._faults)
        count = max(self._faults[delivery_id] for delivery_id in consignment.delivery_ids)
        log.error("delivery.fault", exc_info=error, message=consignment.dues[0].message_id, faults=count)
        if count >= self.settings.poison_limit:
            return _set_aside()
        return deferred("4.3.0", "a fault of the gateway")

    async def _outcomes(
        self, consignment: Consignment, results: Sequence[Result | None], cargo: Cargo
    ) -> Sequence[Outcome]:
        now = self.clock()
        ends = [(due, result) for due, result in zip(consignment.dues, results, strict=True) if result is not None]
        conclusions = [self._concluded(due, self._doubted(due, result), now) for due, result in ends]
        bounce: Outgoing | None = None
        if reported := [each.report for each in conclusions if each.report is not None]:
            try:
                bounce = await self._report(consignment, reported, cargo, now)
            except (asyncio.CancelledError, UnreportedError):
                # A failure without its report must not be: it is left to the next lease and fails again. Only what
                # may have arrived is not tried that soon: it is not given up yet.
                tried = [self._concluded(due, result, now).outcome for due, result in ends]
                return [outcome for outcome in tried if outcome.state is not State.FAILED]
        # The report goes with each delivery it tells of: one of them may be over already, by another hand.
        return [each.outcome if each.report is None else replace(each.outcome, bounce=bounce) for each in conclusions]

    def _concluded(self, due: Due, result: Result, now: float) -> Conclusion:
        stretch = self._crowding.stretch(now) if result.untried else 1.0
        return conclude(due, result, self.settings.schedule, now, self.chance(), stretch)

    def _doubted(self, due: Due, result: Result) -> Result:
        """Count the ends of a delivery that are uncertain: after too many it is given up, for each may be a copy."""
        if result.state is not State.UNCERTAIN:
            if result.final:
                self._doubts.pop(due.delivery_id, None)
            return result
        self._doubts[due.delivery_id] += 1
        _forget_oldest(self._doubts)
        if self._doubts[due.delivery_id] < self.settings.uncertain_limit:
            return result
        return given_up_in_doubt(result, self._doubts[due.delivery_id])

    async def _report(
        self, consignment: Consignment, reported: Sequence[Reported], cargo: Cargo, now: float
    ) -> Outgoing:
        """Return one report for all recipients it concerns, at least a bare one; raises UnreportedError."""
        message = consignment.dues[0].message_id
        try:
            return self._bounce(consignment, reported, await self._trace(consignment, cargo), now)
        except Exception:  # a report with less in it is better than none
            log.exception("delivery.report.bare", message=message)
        try:
            return self._bounce(consignment, without_reply(reported), Trace(), now)
        except Exception as error:
            log.exception("delivery.report.failed", message=message)
            raise UnreportedError from error

    async def _trace(self, consignment: Consignment, cargo: Cargo) -> Trace:
        """Return the headers that a report shows; none of what may have killed a worker."""
        trace = Trace()
        if consignment.lost < self.settings.poison_limit:
            try:
                trace = trace_of(await cargo.content())
            except (ContentError, ErasedError):
                log.warning("delivery.report.without_headers", message=consignment.dues[0].message_id)
        return trace

    def _bounce(self, consignment: Consignment, reported: Sequence[Reported], trace: Trace, now: float) -> Outgoing:
        due = consignment.dues[0]
        origin = Origin(due.message_id, due.sender, due.envid, due.queued_at)
        content = build(self.settings.hostname, origin, reported, trace, now)
        sender = address_of(due.sender)
        return Outgoing(Kind.BOUNCE, Recipient(sender), self.zone_of(sender.domain), content, about=due.message_id)

    def tell(self, consignment: Consignment, outcomes: Sequence[Outcome], seconds: float) -> None:
        """Tell the observer and the log how a consignment ended that took ``seconds``."""
        zone = consignment.dues[0].zone
        self.observer.attempted(zone, seconds)
        for outcome in outcomes:
            self.observer.settled(zone, outcome.state)
        alike = Counter(replace(outcome, delivery_id=0, next_attempt=None, bounce=None) for outcome in outcomes)
        for outcome, count in alike.items():
            log.info(
                "delivery.attempt",
                message=consignment.dues[0].message_id,
                zone=zone.value,
                state=outcome.state.value,
                recipients=count,
                code=outcome.code,
                enhanced=outcome.enhanced,
                text=outcome.text,
                host=outcome.host,
                tls=outcome.tls,
                seconds=round(seconds, 3),
            )


def address_of(literal: str) -> Address:
    """Return the mailbox of a reverse-path that this gateway has accepted."""
    local, _, domain = literal.rpartition("@")
    canonical = domain.lower().rstrip(".")
    # What an older release accepted and this one would not stays as it is, in lower case.
    with suppress(ValueError):
        canonical = canonical_domain(domain)
    return Address(local, canonical, literal)


def _decided(results: Sequence[Result | None]) -> Sequence[Result | None]:
    """Return what is known of an attempt that was cut off: what one host cannot take, another one was still to take."""
    return [None if known is not None and known.final and known.elsewhere else known for known in results]


def _filled(results: Sequence[Result | None], result: Result) -> Sequence[Result | None]:
    return [known or result for known in _decided(results)]


def _forget_oldest(counts: Counter[int]) -> None:
    while len(counts) > MAX_REMEMBERED:
        del counts[next(iter(counts))]


def _set_aside() -> Result:
    return failed("5.3.0", "set aside: the delivery worker broke on it again and again")
