"""Those who wait for a connection to one next hop, and whether it is worth it."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from dlp_gateway.delivery.result import DeliveryError, Result
from dlp_gateway.delivery.settings import ConnectionSettings

T = TypeVar("T")

SPAN = 10
"""The pace of a next hop is taken over one part in so many of the patience."""

PER_CONNECTION = 5
"""Deliveries for each connection that may wait whatever the pace."""


class Crowd(Generic[T]):
    """Who waits, first come, first served; ``busy`` is what those hear who wait in vain.

    All deliveries in hand share one bound, so those for a next hop that stalls
    must not fill it for the whole of their patience: who would not be served
    within it, at the pace of late, is told so at once, the last to come first.
    What is still too many over all next hops is thinned out by ``thin``.
    """

    def __init__(self, settings: ConnectionSettings, busy: Result) -> None:
        self._least = settings.connections * PER_CONNECTION
        self._span = settings.patience / SPAN
        self._busy = busy
        self._waiting: dict[asyncio.Future[T], int] = {}
        self._deliveries = 0
        self._served = 0
        self._pace: int | None = None
        self._watch: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def join(self, deliveries: int) -> asyncio.Future[T]:
        """Wait with so many deliveries: return what will be set; raises DeliveryError when that is in vain."""
        if self._waiting and self._deliveries + deliveries > self._room():
            raise DeliveryError(self._busy)
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[T] = loop.create_future()
        self._waiting[waiter] = deliveries
        self._deliveries += deliveries
        if self._watch is None:
            self._served = 0
            self._watch = loop.call_later(self._span, self._look)
        return waiter

    def leave(self, waiter: asyncio.Future[T]) -> None:
        """Wait no longer."""
        self._deliveries -= self._waiting.pop(waiter)
        if not self._waiting and self._watch is not None:
            # Without anybody waiting the pace is that of the mail, not of the next hop.
            self._watch.cancel()
            self._watch = self._pace = None

    def first(self) -> asyncio.Future[T] | None:
        """Return whose turn it is."""
        return next((waiter for waiter in self._waiting if not waiter.done()), None)

    def served(self, deliveries: int) -> None:
        """Count what got its connection."""
        self._served += deliveries

    def line(self) -> list[tuple[asyncio.Future[T], int]]:
        """Return who still hopes, in the order of coming, and with how many deliveries."""
        return [(waiter, deliveries) for waiter, deliveries in self._waiting.items() if not waiter.done()]

    def dismiss(self, result: Result) -> None:
        """Tell all who wait that it is in vain."""
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(DeliveryError(result))

    def _room(self) -> float:
        """How many deliveries may wait: as many as the patience lasts for; no bound before the pace is known."""
        if self._pace is None:
            return float("inf")
        return max(self._least, max(self._pace, self._served) * SPAN)

    def _look(self) -> None:
        """Take the pace, and turn away whom it is too slow for."""
        self._pace, self._served = self._served, 0
        self._watch = asyncio.get_running_loop().call_later(self._span, self._look)
        room, waiting = self._room(), 0
        for position, (waiter, deliveries) in enumerate(self._waiting.items()):
            waiting += deliveries
            if position and waiting > room and not waiter.done():
                waiter.set_exception(DeliveryError(self._busy))


def thin(crowds: Iterable[Crowd[Any]], deliveries: int, result: Result) -> int:
    """Tell so many deliveries ``result``, of the longest crowd first, and of each the last to come; return how many."""
    lines = [line for crowd in crowds if (line := crowd.line())]
    longest = [(-sum(count for _, count in line), number) for number, line in enumerate(lines)]
    heapq.heapify(longest)
    told = 0
    while told < deliveries and longest:
        length, number = heapq.heappop(longest)
        waiter, count = lines[number].pop()
        waiter.set_exception(DeliveryError(result))
        told += count
        if lines[number]:
            heapq.heappush(longest, (length + count, number))
    return told
