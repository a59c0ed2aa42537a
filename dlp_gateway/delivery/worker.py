"""The delivery service: takes what is due from the queue, sends it, records how that ended."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

from dlp_gateway.delivery.carrier import Carrier
from dlp_gateway.delivery.consignment import Consignment, group
from dlp_gateway.delivery.leases import Leases
from dlp_gateway.delivery.observer import Observer, Unobserved
from dlp_gateway.delivery.pool import Pool
from dlp_gateway.delivery.resolver import Resolver
from dlp_gateway.delivery.routing import Router
from dlp_gateway.delivery.settings import DeliverySettings, Routes
from dlp_gateway.delivery.settlement import Settlement
from dlp_gateway.model import Zone
from dlp_gateway.store.values import Due, Outcome, Queue

log = structlog.get_logger()

PAUSE = 1.0
"""Seconds until the queue is asked again after it failed."""

FULL = 1.0
"""Seconds without room for another batch until some of those that wait for a next hop make room."""

RECALL = 60.0
"""Seconds between looks for what a clock that was ahead has put off."""

FLUSH = 10.0
"""Seconds that stopping waits for the store to take the last outcomes."""


class DeliveryService:
    """One delivery worker; any number may share a queue.

    ``clock`` is the clock of the queue (epoch seconds), ``chance`` gives
    numbers in [0, 1), ``zone_of`` the zone of a sender's domain, where
    reports are sent: senders are of the organisation.
    """

    def __init__(
        self,
        queue: Queue,
        routes: Routes,
        settings: DeliverySettings,
        *,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
        observer: Observer | None = None,
        zone_of: Callable[[str], Zone] = lambda _: Zone.INTERNAL,
    ) -> None:
        names = settings.resolver.own_names | {settings.hostname}
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._resolver = Resolver(replace(settings.resolver, own_names=names), time.monotonic)
        self._router = Router(routes, self._resolver)
        self._pool = Pool(settings.hostname, settings.connection, settings.timeouts, time.monotonic)
        self._leases = Leases(queue, settings.lease, clock)
        self._settlement = Settlement(queue, clock, self._settled)
        self._carrier = Carrier(
            queue,
            self._router,
            self._pool,
            self._leases,
            settings,
            clock,
            chance,
            observer or Unobserved(),
            zone_of,
        )
        self._carrying: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()
        self._full_since: float | None = None
        self._stop = asyncio.Event()
        self._stopped = asyncio.Event()
        self._stopped.set()

    def use(self, routes: Routes) -> None:
        """Go on with routes read anew: logins and authorities may have changed. What is under way goes on."""
        self._router = self._carrier.router = Router(routes, self._resolver)
        self._pool.renew()

    async def run(self) -> None:
        """Deliver until ``drain`` is called. A fault is logged and survived."""
        self._stopped.clear()
        work = (self._leases.keep(), self._settlement.run(), self._recall())
        helpers = [asyncio.create_task(each) for each in work]
        try:
            while not self._stop.is_set():
                await self._round()
        finally:
            await self._wind_down(helpers)
            self._stopped.set()

    async def drain(self) -> None:
        """Take nothing new, finish what was begun, give back the rest; returns when all is at rest.

        What is still under way after ``settings.drain`` seconds is cut off:
        before the final dot it goes back to the queue, after it it is
        recorded as uncertain.
        """
        self._stop.set()
        await self._stopped.wait()

    async def _round(self) -> None:
        """Lease once and start what came; wait when there is no room or nothing due."""
        batch = self._settings.batch
        lacking = batch - (self._settings.in_flight - len(self._leases))
        if lacking > 0:
            await self._make_room(lacking)
            return
        self._full_since = None
        try:
            now = self._clock()
            dues = await self._queue.lease(self._settings.worker, batch, now, self._settings.lease)
            # One that is still being sent here came again because its lease ran out unseen, by a leap of the clock.
            new = [due for due in dues if due.delivery_id not in self._leases]
            self._leases.take((due.delivery_id for due in dues), now)
            await self._leases.acquit(due.delivery_id for due in new if due.lost)
            self._start(new)
            if len(dues) < batch:
                await self._unless_stopped(self._queue.wait(self._settings.idle))
        except Exception:  # whatever the store raises, mail has to go on
            log.exception("delivery.queue.failed")
            await self._unless_stopped(asyncio.sleep(PAUSE))

    async def _recall(self) -> None:
        """Take back for ever what waits for a moment that no clock but a wrong one has named."""
        while True:
            try:
                await self._queue.recall(self._clock(), self._settings.schedule.farthest)
            except Exception:  # whatever the store raises, the next look may do
                log.exception("delivery.recall.failed")
            await asyncio.sleep(RECALL)

    async def _make_room(self, lacking: int) -> None:
        """Wait for room; what next hops do not take for too long goes back to the queue, so that others have a turn."""
        now = time.monotonic()
        if self._full_since is None:
            self._full_since = now
        elif now >= self._full_since + FULL:
            self._carrier.thin(lacking)
            self._full_since = now
        self._room.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._full_since + FULL - now):
                await self._unless_stopped(self._room.wait())

    def _start(self, dues: Sequence[Due]) -> None:
        for consignment in group(dues, self._router, self._settings.recipients):
            task = asyncio.get_running_loop().create_task(self._carry(consignment))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _carry(self, consignment: Consignment) -> None:
        outcomes: Sequence[Outcome] = ()
        started = time.monotonic()
        try:
            outcomes = await self._carrier.carry(consignment)
            self._carrier.tell(consignment, outcomes, time.monotonic() - started)
        except Exception:  # not even a fault in telling may take the worker down
            log.exception("delivery.fault", message=consignment.dues[0].message_id)
        self._settlement.put(outcomes)
        if not self._stop.is_set():
            # Without an outcome it is left to the next lease, this worker's or another's.
            settled = {outcome.delivery_id for outcome in outcomes}
            self._settled([each for each in consignment.delivery_ids if each not in settled])

    def _settled(self, delivery_ids: Sequence[int]) -> None:
        self._leases.drop(delivery_ids)
        self._room.set()

    async def _unless_stopped(self, wait: Coroutine[Any, Any, object]) -> None:
        """Wait for ``wait`` or for the stop, whichever is first; raises what ``wait`` raises."""
        waiting = asyncio.ensure_future(wait)
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((waiting, stopping), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not waiting.done():
                waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting

    async def _wind_down(self, helpers: Sequence[asyncio.Task[None]]) -> None:
        if self._carrying:
            await asyncio.wait(tuple(self._carrying), timeout=self._settings.drain)
        for task in tuple(self._carrying):
            task.cancel()
        if self._carrying:
            await asyncio.wait(tuple(self._carrying))
        if not await self._settlement.flush(FLUSH):
            log.error("delivery.settlement.unfinished", deliveries=len(self._leases))
        self._settlement.stop()
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        await self._leases.give_back()
        await self._pool.close()
