"""What has to happen by itself: held messages expire, old records go, figures are refreshed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

import structlog

from dlp_gateway.model import DAY, Zone
from dlp_gateway.monitoring.metrics import Metrics
from dlp_gateway.quarantine import digest, duty, escalation
from dlp_gateway.quarantine.answers import to_sender
from dlp_gateway.quarantine.duty import Reader
from dlp_gateway.quarantine.expiry import expire
from dlp_gateway.quarantine.held import Held
from dlp_gateway.quarantine.notices import Event
from dlp_gateway.settings import Settings
from dlp_gateway.store import clocks, counters, erasure, hours, retention, staff
from dlp_gateway.store.keys import GatewayKeys
from dlp_gateway.store.store import Store
from dlp_gateway.store.values import Outgoing
from dlp_gateway.store.workload import workload
from dlp_gateway.wiring import letterhead, pseudonym_key

log = structlog.get_logger()

_TIDY_SECONDS = 600.0
_FIGURES_SECONDS = 10.0


class Housekeeping:
    """Runs the clocks of one gateway. On a shared database each node does; the work is the same and done once.

    ``zone_of`` tells the zone of a domain; figures of what is held stay inside.
    """

    def __init__(
        self,
        store: Store,
        keys: GatewayKeys,
        settings: Settings,
        metrics: Metrics,
        zone_of: Callable[[str], Zone],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._keys = keys
        self._settings = settings
        self._metrics = metrics
        self._zone_of = zone_of
        self._clock = clock
        self._said: tuple[str | None, str | None] = (None, None)

    def use(self, keys: GatewayKeys, settings: Settings) -> None:
        """Go on with rotated keys and with what a reload may change in the settings."""
        self._keys = keys
        self._settings = settings

    async def run(self) -> None:
        """Work until cancelled; a failure is logged and the next round tries again."""
        tidied = float("-inf")
        while True:
            try:
                self.watch_record()
                self._metrics.waiting(await self._store.read(lambda: counters.counts(self._clock())))
                # Also when the clock was ahead, and was set back.
                if not 0 <= self._clock() - tidied < _TIDY_SECONDS:
                    tidied = self._clock()
                    await self.tidy()
            except Exception:
                # Whatever it is, the clocks go on: what is due is erased in a later round.
                log.exception("housekeeping failed")
            await asyncio.sleep(_FIGURES_SECONDS)

    def watch_record(self) -> None:
        """Say when the record begins or ceases to be signed, and when what was signed last is not remembered."""
        health = self._store.health()
        self._metrics.record(altered=health.altered is not None)
        before, self._said = self._said, (health.altered, health.forgetful)
        if health.altered is not None and health.altered != before[0]:
            log.error("the record is not signed any more", reason=health.altered)
        if health.altered is None and before[0] is not None:
            log.warning("the record is signed again")
        if health.forgetful is not None and health.forgetful != before[1]:
            log.error("what was signed last is not remembered", reason=health.forgetful)

    async def tidy(self) -> None:
        """Do once what is due now."""
        now = self._clock()
        keep = self._settings.retention
        pseudonyms = pseudonym_key(self._settings, self._keys)
        expired = await self._store.write(
            lambda: expire(now, self._keys, lambda message: self._notice(message, now), pseudonyms=pseudonyms)
        )
        swept = await self._store.write(retention.sweep)
        await self._store.write(lambda: hours.keep(now))  # before anything that is to be counted is removed
        purged = await self._store.write(
            lambda: retention.purge(
                decisions=now - keep.decisions_days * DAY,
                own=now - keep.notices_days * DAY,
                entries=now - keep.record_days * DAY,
                now=now,
                key=self._keys.audit,
            )
        )
        if purged.broken is not None:
            log.error("the record is broken and was pruned without a signature: run audit verify", entry=purged.broken)
        cleared = await self._store.write(lambda: clocks.run(limits(self._settings, now), now))
        erased = await self._store.write(lambda: erasure.resume(now, pseudonyms))
        await self._tell_reviewers(now)
        log.info(
            "tidied",
            expired=len(expired),
            swept=swept,
            decisions=purged.decisions,
            own=purged.own,
            entries=purged.entries,
            erasures=erased,
            **{what.replace(" ", "_"): count for what, count in cleared.items() if count},
        )

    async def _tell_reviewers(self, now: float) -> None:
        """Send the daily digest, and report what waits too long."""
        settings, head = self._settings.quarantine, letterhead(self._settings)
        zone = ZoneInfo(settings.time_zone)
        today = self._settings.day(now)
        members = await self._store.read(staff.active)
        if settings.digest_hour is not None:
            readers = self._inside(duty.of_digest(members, today))
            since = digest.last_due(now, settings.digest_hour, zone)
            waits = await self._store.read(lambda: workload(now))
            sent = await self._store.write(lambda: digest.send(head, readers, waits, now, since, self._keys))
            if sent:
                log.info("digest sent", readers=sent, held=waits.total)
        if settings.escalate_after_hours is not None:
            hours_allowed = settings.escalate_after_hours
            late = await self._store.read(lambda: escalation.overdue(hours_allowed, now))
            told = self._inside(duty.of_escalation(members, settings.escalate_to, today))
            if await self._store.write(lambda: escalation.send(head, told, late, now, self._keys)):
                log.info("escalated", readers=len(told), held=len(late))

    def _inside(self, readers: Sequence[Reader]) -> list[Reader]:
        """Those whose mailbox is of the organisation."""
        inside = [reader for reader in readers if self._zone_of(reader.address.rpartition("@")[2]) is Zone.INTERNAL]
        if len(inside) < len(readers):
            log.warning("reviewers with mailboxes outside are told nothing", readers=len(readers) - len(inside))
        return inside

    def _notice(self, message: Held, now: float) -> Sequence[Outgoing]:
        """Tell the sender that it was deleted."""
        stopped = [recipient.id for recipient in message.waiting]
        return to_sender(letterhead(self._settings), Event.EXPIRED, message, stopped, (), now)


def limits(settings: Settings, now: float) -> clocks.Limits:
    """The moments before which things are due, by the settings."""
    keep = settings.retention
    return clocks.Limits(
        links=now - keep.links_days * DAY,
        appeals=now - keep.appeals_days * DAY,
        marks=now - keep.marks_days * DAY,
        requests=now - keep.requests_days * DAY,
        persons=now - keep.persons_days * DAY,
        policies=now - keep.policies_days * DAY,
        accounts_unused=now - keep.accounts_days * DAY,
        accounts_disabled=now - settings.console.account_days * DAY,
    )
