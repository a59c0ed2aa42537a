"""Open sessions, kept for the next message to the same server, within limits for each.

No NOOP is sent to find out whether a kept session is still alive: a line that
the server closed or spoke on is seen without asking, and one that dies on the
first command costs nothing, because the attempt goes on over a fresh one (see
``Transaction.heard``). RSET goes out only where a transaction was left
unfinished, together with the next one.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from dlp_gateway.delivery.client import Endpoint, Session, open_session
from dlp_gateway.delivery.crowd import Crowd, thin
from dlp_gateway.delivery.result import DeliveryError, Result, deferred, untried
from dlp_gateway.delivery.settings import ConnectionSettings, Timeouts
from dlp_gateway.delivery.tls import TlsPolicy, context

MAX_REMEMBERED = 1000
"""Servers beyond this number are forgotten as soon as nothing is open with them."""


class Pool:
    """All sessions of a gateway called ``hostname``; ``clock`` gives monotonic seconds."""

    def __init__(
        self, hostname: str, settings: ConnectionSettings, timeouts: Timeouts, clock: Callable[[], float]
    ) -> None:
        self._hostname = hostname
        self._settings = settings
        self._timeouts = timeouts
        self._servers: dict[Endpoint, _Server] = {}
        self._contexts: dict[TlsPolicy, ssl.SSLContext] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self.clock = clock
        self.closed = False

    def deadline(self) -> float:
        """Return until when, by the pool's clock, it is worth waiting for a connection that is wanted now."""
        return self.clock() + self._settings.patience

    async def acquire(
        self, endpoint: Endpoint, deliveries: int = 1, deadline: float | None = None, *, fresh: bool = False
    ) -> Session:
        """Return a session for one transaction of so many deliveries; give it back by ``release``.

        Waits until ``deadline``, by default for the whole patience. ``fresh``
        drops the kept ones first: one of them turned out dead. Raises
        DeliveryError when the server cannot be had now.
        """
        server = self._servers.get(endpoint)
        if server is None:
            if len(self._servers) >= MAX_REMEMBERED:
                self._servers = {key: kept for key, kept in self._servers.items() if not kept.forgettable}
            server = self._servers[endpoint] = _Server(self, endpoint, self._settings)
        if fresh:
            server.close_idle()
        return await server.acquire(deliveries, self.deadline() if deadline is None else deadline)

    def release(self, session: Session) -> None:
        """Take ``session`` back, whatever state it is in."""
        self._servers[session.endpoint].release(session)

    def thin(self, deliveries: int) -> int:
        """Send so many that wait for a connection back to the queue, without asking other hosts; return how many."""
        crowds = [server.crowd for server in self._servers.values()]
        return thin(crowds, deliveries, untried("4.4.5", "too much mail waits for next hops"))

    def renew(self) -> None:
        """Open what is opened from now on with the authorities as their files name them now."""
        self._contexts.clear()
        for server in self._servers.values():
            server.close_idle()

    async def close(self) -> None:
        """Say QUIT wherever no transaction is going on; sessions given back later are closed too."""
        self.closed = True
        for server in self._servers.values():
            server.close_idle()
        while self._leaving:
            await asyncio.wait(tuple(self._leaving))

    async def open(self, endpoint: Endpoint) -> Session:
        """Open a session beyond all limits; ``_Server`` keeps them."""
        tls = self._contexts.get(endpoint.tls)
        if tls is None:
            try:
                tls = self._contexts[endpoint.tls] = context(endpoint.tls)
            except OSError as error:
                text = "the file of trusted authorities cannot be read"
                raise DeliveryError(deferred("4.3.5", text, host=endpoint.hop.name)) from error
        return await open_session(endpoint, tls, self._hostname, self._timeouts)

    def leave(self, session: Session) -> None:
        """Close ``session`` without making anybody wait for it."""
        if not session.usable:
            session.wire.abort()
            return
        task = asyncio.get_running_loop().create_task(session.wire.quit(self._timeouts.quit))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


class _Server:
    """The sessions of one endpoint: how many are open, which are idle, who waits for one."""

    def __init__(self, pool: Pool, endpoint: Endpoint, settings: ConnectionSettings) -> None:
        self._pool = pool
        self._endpoint = endpoint
        self._settings = settings
        self._idle: list[Session] = []
        self._open = 0
        self._opening = 0
        self._refused = False
        self._failures = 0
        self._shut_until = float("-inf")
        self._ceiling = settings.connections
        self._lowered_until = float("-inf")
        self._busy = untried("4.4.5", "the next hop is busy", host=endpoint.hop.name, elsewhere=True)
        self._last = self._busy
        self.crowd: Crowd[Session | None] = Crowd(settings, self._busy)
        self._sweep: asyncio.TimerHandle | None = None

    @property
    def forgettable(self) -> bool:
        """True when nothing would be lost with this object."""
        return not (self._open or self.crowd) and self._shut_until <= self._pool.clock()

    async def acquire(self, deliveries: int, deadline: float) -> Session:
        """Return an idle session, a new one, or the first that comes free; raises DeliveryError."""
        while True:
            session = self._take_idle()
            if session is None and self._pool.clock() < self._shut_until:
                raise DeliveryError(self._last)
            if session is None and self._open < self._limit():
                # While the server refused another one, one of those it has may have come free.
                session = await self._open_one() or self._take_idle()
            if session is None:
                session = await self._wait(deliveries, deadline)
            if session is not None:
                self.crowd.served(deliveries)
                return session

    def release(self, session: Session) -> None:
        """Hand ``session`` to the next, keep it for later, or close it."""
        if self._pool.closed or not session.usable or session.transactions >= self._settings.messages:
            self._drop(session)
        elif not self._hand_over(session):
            session.idle_since = self._pool.clock()
            self._idle.append(session)
            self._watch()

    def close_idle(self, used_before: float = float("inf")) -> None:
        """Close the idle sessions that were last used before that time of the pool's clock."""
        while self._idle and self._idle[0].idle_since < used_before:
            self._drop(self._idle.pop(0))

    def _limit(self) -> int:
        if self._failures:
            return 1  # after a failure one goes ahead, the others wait for what it finds
        return self._ceiling if self._pool.clock() < self._lowered_until else self._settings.connections

    def _take_idle(self) -> Session | None:
        while self._idle:
            session = self._idle.pop()
            if session.usable:
                return session
            self._drop(session)
        return None

    async def _open_one(self) -> Session | None:
        """Open a session; None when the server takes no more of us, yet serves those it has."""
        self._open += 1
        self._opening += 1
        try:
            session = await self._pool.open(self._endpoint)
        except DeliveryError as error:
            self._open -= 1
            self._opening -= 1
            self._rebuffed(error)
            return None
        except BaseException:
            self._open -= 1
            self._opening -= 1
            self._hand_over(None)
            raise
        self._opening -= 1
        if self._failures or self._refused:
            self._failures, self._refused, self._lowered_until = 0, False, float("-inf")
            for _ in range(self._settings.connections - 1):
                self._hand_over(None)
        return session

    def _rebuffed(self, error: DeliveryError) -> None:
        """Draw the conclusion from an opening that failed; raises ``error`` when the server serves nobody.

        Only sessions that were established show that the server serves
        anybody. While others are still being opened, what they find is
        waited for.
        """
        if established := self._open - self._opening:
            self._ceiling = established
            self._lowered_until = self._pool.clock() + self._settings.longest_pause
        elif self._opening:
            self._refused = True
        else:
            self._shut(error.result)
            raise error

    def _shut(self, result: Result) -> None:
        """Leave the server alone for a while, and tell those who wait for it."""
        self._last = result
        pause = min(self._settings.pause * 2 ** min(self._failures, 32), self._settings.longest_pause)
        self._failures += 1
        self._shut_until = self._pool.clock() + pause
        self._refused, self._lowered_until = False, float("-inf")
        self.crowd.dismiss(result)

    async def _wait(self, deliveries: int, deadline: float) -> Session | None:
        """Wait for a session, or for room to open one (None); raises DeliveryError at ``deadline`` or before."""
        waiter = self.crowd.join(deliveries)
        try:
            async with asyncio.timeout(deadline - self._pool.clock()):
                return await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                # It was handed something in the very moment it gave up.
                self._pass_on(waiter.result())
            if isinstance(error, TimeoutError):
                raise DeliveryError(self._busy) from None
            raise
        finally:
            self.crowd.leave(waiter)

    def _pass_on(self, session: Session | None) -> None:
        if session is None:
            self._hand_over(None)
        else:
            self.release(session)

    def _drop(self, session: Session) -> None:
        self._pool.leave(session)
        self._open -= 1
        self._hand_over(None)

    def _hand_over(self, session: Session | None) -> bool:
        """Give ``session``, or room for one, to the first who waits; False when nobody does."""
        waiter = self.crowd.first()
        if waiter is None:
            return False
        waiter.set_result(session)
        return True

    def _watch(self) -> None:
        """See to it that idle sessions are closed in time."""
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(self._settings.idle, self._tidy)

    def _tidy(self) -> None:
        self._sweep = None
        self.close_idle(self._pool.clock() - self._settings.idle)
        if self._idle:
            self._watch()
