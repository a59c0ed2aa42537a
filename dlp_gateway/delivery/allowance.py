"""A bound on the bytes of content in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field

SMALL = 128
"""Content of up to one part in so many of the total is small: 1 MiB of the default."""

RESERVE = 8
"""One part in so many of the total is for small content alone."""


class Allowance:
    """Lets content of up to ``total`` bytes be in memory at once.

    Small content has a part of its own, so that it never waits behind large
    content. Of either part one ``destination`` takes at most half: a server
    that reads slowly keeps what it has for long. Within this it is first
    come, first served; who only waits for others of its own destination
    holds up nobody else. What is larger than its part, or than half of it,
    is let in when it is alone there.
    """

    def __init__(self, total: int) -> None:
        self._small = total // SMALL
        reserve = total // RESERVE
        self._parts = _Part(total - reserve), _Part(reserve)

    def take_at_once(self, size: int, destination: Hashable) -> bool:
        """Take ``size`` bytes if nobody has to be waited for; ``give`` them back later."""
        return self._part(size).take_at_once(size, destination)

    async def take(self, size: int, destination: Hashable) -> None:
        """Wait until ``size`` bytes are free and take them; ``give`` them back later."""
        await self._part(size).take(size, destination)

    def thin(self, turns: int) -> None:
        """Let so many of those who wait for it fail with TimeoutError, the last to come first."""
        for part in self._parts:
            turns -= part.thin(max(turns, 0))

    def give(self, size: int, destination: Hashable) -> None:
        """Give back what was taken."""
        self._part(size).give(size, destination)

    def _part(self, size: int) -> _Part:
        return self._parts[size <= self._small]


@dataclass(slots=True)
class _Turn:
    size: int
    destination: Hashable
    come: asyncio.Future[None]


@dataclass(slots=True)
class _Part:
    total: int
    taken: int = 0
    shares: Counter[Hashable] = field(default_factory=Counter)
    waiting: list[_Turn] = field(default_factory=list)

    def take_at_once(self, size: int, destination: Hashable) -> bool:
        if not self._in_share(size, destination) or not self._fits(size):
            return False
        if any(self._in_share(turn.size, turn.destination) for turn in self.waiting if not turn.come.done()):
            return False
        self._enter(size, destination)
        return True

    async def take(self, size: int, destination: Hashable) -> None:
        if self.take_at_once(size, destination):
            return
        turn = _Turn(size, destination, asyncio.get_running_loop().create_future())
        self.waiting.append(turn)
        try:
            await turn.come
        except asyncio.CancelledError:
            if turn.come.cancelled():
                # Whoever was behind it may fit now.
                self._admit()
            else:
                self.give(size, destination)
            raise

    def give(self, size: int, destination: Hashable) -> None:
        self.taken -= size
        self.shares[destination] -= size
        if not self.shares[destination]:
            del self.shares[destination]
        self._admit()

    def thin(self, turns: int) -> int:
        waiting = [turn for turn in self.waiting if not turn.come.done()]
        last = waiting[max(len(waiting) - turns, 0) :]
        for turn in last:
            turn.come.set_exception(TimeoutError())
        self._admit()
        return len(last)

    def _fits(self, size: int) -> bool:
        return self.taken == 0 or self.taken + size <= self.total

    def _in_share(self, size: int, destination: Hashable) -> bool:
        taken = self.shares.get(destination, 0)
        return taken == 0 or taken + size <= self.total // 2

    def _enter(self, size: int, destination: Hashable) -> None:
        self.taken += size
        self.shares[destination] += size

    def _admit(self) -> None:
        """Let in whoever fits, in order, until one has to wait for the part as a whole."""
        still: list[_Turn] = []
        full = False
        for turn in self.waiting:
            if turn.come.done():
                continue
            if full or not self._in_share(turn.size, turn.destination):
                still.append(turn)
            elif self._fits(turn.size):
                self._enter(turn.size, turn.destination)
                turn.come.set_result(None)
            else:
                full = True
                still.append(turn)
        self.waiting = still
