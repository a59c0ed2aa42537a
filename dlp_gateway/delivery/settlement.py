"""Recording how attempts ended: in bulk, and until the store has taken it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import chain

import structlog

from dlp_gateway.store.errors import StoreFullError, StoreUnavailableError
from dlp_gateway.store.values import Outcome, Queue

log = structlog.get_logger()

LONGEST_PAUSE = 5.0
"""Seconds between tries to record one outcome while the store fails."""

AWAY = (StoreUnavailableError, StoreFullError)
"""What says nothing of the outcomes: the store takes nothing at all now."""


class Settlement:
    """Settles what was put in, as many outcomes at a time as came together.

    An outcome that is not recorded would be a message sent twice, so it is
    never dropped: while the store fails it is offered again and again, and
    as its lease is kept, nothing new is leased beyond ``in_flight``. A batch
    that is refused is halved, so that one bad outcome does not hold up the
    rest; those that share a report stay together, because each call of
    ``Queue.settle`` adds its reports anew. An outcome has the same time each
    time it is offered: by it the store knows one that it has taken already,
    although nobody heard of it. ``settled`` is told the delivery ids.
    """

    def __init__(self, queue: Queue, clock: Callable[[], float], settled: Callable[[Sequence[int]], None]) -> None:
        self._queue = queue
        self._clock = clock
        self._settled = settled
        self._waiting: list[Outcome] = []
        self._some = asyncio.Event()
        self._stubborn: set[asyncio.Task[None]] = set()
        self._unsettled = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, outcomes: Sequence[Outcome]) -> None:
        """Take outcomes to settle soon."""
        if outcomes:
            self._waiting += outcomes
            self._unsettled += len(outcomes)
            self._some.set()
            self._idle.clear()

    async def run(self) -> None:
        """Settle for ever."""
        while True:
            await self._some.wait()
            self._some.clear()
            batch, self._waiting = self._waiting, []
            await self._settle(batch, self._clock())

    async def flush(self, seconds: float) -> bool:
        """Wait until everything is settled; False when it is not after ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def stop(self) -> None:
        """Give up on what the store would not take."""
        for task in self._stubborn:
            task.cancel()

    async def _settle(self, batch: Sequence[Outcome], now: float) -> None:
        """Offer a batch that ended ``now``; what is not taken is halved or insisted on."""
        error = await self._offer(batch, now)
        if error is None or await self._halved(batch, now, error):
            return
        task = asyncio.get_running_loop().create_task(self._insist(batch, now))
        self._stubborn.add(task)
        task.add_done_callback(self._stubborn.discard)

    async def _halved(self, batch: Sequence[Outcome], now: float, error: Exception) -> bool:
        """Settle the halves where ``error`` may be that of one of them; False when there is nothing to halve."""
        parts = [] if isinstance(error, AWAY) else _inseparable(batch)
        if len(parts) < 2:
            return False
        half = len(parts) // 2
        await self._settle([*chain(*parts[:half])], now)
        await self._settle([*chain(*parts[half:])], now)
        return True

    async def _insist(self, batch: Sequence[Outcome], now: float) -> None:
        pause = 0.1
        while True:
            await asyncio.sleep(pause)
            error = await self._offer(batch, now)
            if error is None or await self._halved(batch, now, error):
                return
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _offer(self, batch: Sequence[Outcome], now: float) -> Exception | None:
        """Return why the store did not take the batch, or None when it did."""
        try:
            await self._queue.settle(batch, now)
        except Exception as error:  # whatever the store raises, the outcome stands
            log.exception("delivery.settlement.failed", outcomes=len(batch))
            return error
        self._settled([outcome.delivery_id for outcome in batch])
        self._unsettled -= len(batch)
        if not self._unsettled:
            self._idle.set()
        return None


def _inseparable(batch: Sequence[Outcome]) -> list[list[Outcome]]:
    """Return the outcomes one by one, but those that share a report together."""
    parts: dict[tuple[str, int], list[Outcome]] = {}
    for outcome in batch:
        alone = outcome.bounce is None
        key = ("delivery", outcome.delivery_id) if alone else ("report", id(outcome.bounce))
        parts.setdefault(key, []).append(outcome)
    return list(parts.values())
