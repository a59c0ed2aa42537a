"""Recording how attempts ended: in bulk, and until the store has taken it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from dlp_gateway.store.values import Outcome, Queue

log = structlog.get_logger()

LONGEST_PAUSE = 5.0
"""Seconds between tries to record one outcome while the store fails."""


class Settlement:
    """Settles what was put in, as many outcomes at a time as came together.

    An outcome that is not recorded would be a message sent twice, so it is
    never dropped: while the store fails it is offered again and again, and
    as its lease is kept, nothing new is leased beyond ``in_flight``. A batch
    that fails is halved, so that one bad outcome does not hold up the rest.
    ``settled`` is told the delivery ids.
    """

    def __init__(self, queue: Queue, clock: Callable[[], float], settled: Callable[[Sequence[int]], None]) -> None:
        self._queue = queue
        self._clock = clock
        self._settled = settled
        self._waiting: list[Outcome] = []
        self._some = asyncio.Event()
        self._stubborn: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, outcomes: Sequence[Outcome]) -> None:
        """Take outcomes to settle soon."""
        if outcomes:
            self._waiting += outcomes
            self._some.set()
            self._idle.clear()

    async def run(self) -> None:
        """Settle for ever."""
        while True:
            await self._some.wait()
            self._some.clear()
            batch, self._waiting = self._waiting, []
            await self._settle(batch)
            if not self._waiting and not self._stubborn:
                self._idle.set()

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

    async def _settle(self, batch: Sequence[Outcome]) -> None:
        if await self._offer(batch):
            return
        if len(batch) > 1:
            half = len(batch) // 2
            await self._settle(batch[:half])
            await self._settle(batch[half:])
            return
        task = asyncio.get_running_loop().create_task(self._insist(batch))
        self._stubborn.add(task)
        task.add_done_callback(self._relieved)

    async def _insist(self, batch: Sequence[Outcome]) -> None:
        pause = 0.1
        while True:
            await asyncio.sleep(pause)
            if await self._offer(batch):
                return
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _offer(self, batch: Sequence[Outcome]) -> bool:
        try:
            await self._queue.settle(batch, self._clock())
        except Exception:  # whatever the store raises, the outcome stands
            log.exception("delivery.settlement.failed", outcomes=len(batch))
            return False
        self._settled([outcome.delivery_id for outcome in batch])
        return True

    def _relieved(self, task: asyncio.Task[None]) -> None:
        self._stubborn.discard(task)
        if not self._waiting and not self._stubborn:
            self._idle.set()
