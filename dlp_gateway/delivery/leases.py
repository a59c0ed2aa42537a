"""The deliveries this worker holds, and the clockwork that keeps them its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog

from dlp_gateway.store.values import Queue

log = structlog.get_logger()


class Leases:
    """Knows until when each delivery is ours; renews what takes long.

    Each lease is renewed when a third of it has passed; most deliveries are
    over long before. ``clock`` is the clock of the queue (epoch seconds).
    """

    def __init__(self, queue: Queue, seconds: float, clock: Callable[[], float]) -> None:
        self._queue = queue
        self._seconds = seconds
        self._clock = clock
        self._until: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self._until)

    def __contains__(self, delivery_id: int) -> bool:
        return delivery_id in self._until

    def take(self, delivery_ids: Iterable[int], leased_at: float) -> None:
        """Note deliveries that were leased at that time."""
        self._until.update(dict.fromkeys(delivery_ids, leased_at + self._seconds))

    def drop(self, delivery_ids: Iterable[int]) -> None:
        """Forget deliveries that are settled."""
        for delivery_id in delivery_ids:
            self._until.pop(delivery_id, None)

    def hold(self, delivery_ids: Iterable[int]) -> bool:
        """Tell whether all these are still ours: if not, another worker may be sending them."""
        now = self._clock()
        return all(self._until.get(delivery_id, 0.0) > now for delivery_id in delivery_ids)

    def _ours(self, delivery_ids: Iterable[int], now: float) -> list[int]:
        return [delivery_id for delivery_id in delivery_ids if self._until.get(delivery_id, 0.0) > now]

    async def renew(self, delivery_ids: Iterable[int]) -> None:
        """Prolong these leases now, as far as they are still ours; raises what the queue raises.

        One that ran out is never renewed: another worker may have the delivery
        by now. Nor does one count as renewed of which the queue says so only
        after its end: another worker may have been faster.
        """
        now = self._clock()
        wanted = self._ours(delivery_ids, now)
        if not wanted:
            return
        await self._queue.renew(wanted, now, self._seconds)
        for delivery_id in self._ours(wanted, self._clock()):
            self._until[delivery_id] = now + self._seconds

    async def accuse(self, delivery_ids: Iterable[int]) -> None:
        """Let these be blamed should the worker die before they are renewed; raises what the queue raises."""
        await self._queue.accuse(self._ours(delivery_ids, self._clock()))

    async def acquit(self, delivery_ids: Iterable[int]) -> None:
        """Renew what a worker died beside, so that it is not blamed a second time; a failure is logged."""
        wanted = list(delivery_ids)
        try:
            if wanted:
                await self.renew(wanted)
        except Exception:  # to be blamed is no reason not to be sent
            log.exception("delivery.lease.renewal_failed", deliveries=len(wanted))

    async def keep(self) -> None:
        """Renew for ever what comes of age; a failure is logged and tried again."""
        while True:
            await asyncio.sleep(self._seconds / 6)
            aged = self._clock() + self._seconds * 2 / 3
            old = [delivery_id for delivery_id, until in self._until.items() if until <= aged]
            try:
                if old:
                    await self.renew(old)
            except Exception:  # whatever the store raises, the leases are worth another try
                log.exception("delivery.lease.renewal_failed", deliveries=len(old))

    async def give_back(self) -> None:
        """Let everything still held be due at once; a failure is logged: it is due when its lease ends."""
        now = self._clock()
        held = self._ours(self._until, now)
        self._until.clear()
        try:
            if held:
                await self._queue.renew(held, now, 0)
        except Exception:  # stopping goes on
            log.exception("delivery.lease.return_failed", deliveries=len(held))
