"""A bound on the bytes of content in memory."""

from __future__ import annotations

import asyncio
from collections import deque


class Allowance:
    """Lets content of up to ``total`` bytes be in memory at once, first come, first served.

    A message larger than that is let in when it is alone.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._taken = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size: int) -> None:
        """Wait until ``size`` bytes are free and take them; ``give`` them back later."""
        if not self._waiting and self._fits(size):
            self._taken += size
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                # Whoever was behind it may fit now.
                self._admit()
            else:
                self.give(size)
            raise

    def give(self, size: int) -> None:
        """Give back what was taken."""
        self._taken -= size
        self._admit()

    def _fits(self, size: int) -> bool:
        return self._taken == 0 or self._taken + size <= self._total

    def _admit(self) -> None:
        while self._waiting and (self._waiting[0][1].done() or self._fits(self._waiting[0][0])):
            size, turn = self._waiting.popleft()
            if not turn.done():
                self._taken += size
                turn.set_result(None)
