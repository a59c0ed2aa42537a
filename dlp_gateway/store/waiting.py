"""How delivery workers hear that something may be due, without asking the database all the time."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable


class Bell:
    """Wakes those who wait when something was queued, or when the next retry is due.

    Nothing is missed between asking the queue and waiting: what rings in
    between is remembered until an answer of the queue that is newer than it
    says that nothing more is due.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rung = 1
        self._answered = 0
        self._next: float | None = None
        self._waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = set()

    def ring(self) -> None:
        """Something may be due now."""
        with self._lock:
            self._rung += 1
            waiters, self._waiters = self._waiters, set()
        for loop, future in waiters:
            with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits there any more.
                loop.call_soon_threadsafe(_wake, future)

    def ring_at(self, due: float) -> None:
        """Something will be due at that time."""
        with self._lock:
            sooner = self._next is None or due < self._next
            if sooner:
                self._next = due
            waiting = bool(self._waiters)
        if sooner and waiting:
            self.ring()

    def heard(self) -> int:
        """A mark to be given to ``answered``, taken before the queue is asked."""
        return self._rung

    def answered(self, heard: int, next_due: float | None) -> None:
        """All that was due at ``heard`` has been handed out; the next comes at ``next_due``."""
        with self._lock:
            self._answered = max(self._answered, heard)
            self._next = next_due

    async def wait(self, seconds: float) -> None:
        """Return when something may be due, at the latest after ``seconds``."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._rung > self._answered:
                return
            if self._next is not None:
                seconds = min(seconds, self._next - self._clock())
            if seconds <= 0:
                return
            waiter = (loop, loop.create_future())
            self._waiters.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter[1]
        except TimeoutError:
            return
        finally:
            with self._lock:
                self._waiters.discard(waiter)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
