"""One attempt to take a message to the recipients of one destination, host after host."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from dlp_gateway.delivery import maildir
from dlp_gateway.delivery.client import Endpoint, Session
from dlp_gateway.delivery.consignment import Cargo
from dlp_gateway.delivery.pool import Pool
from dlp_gateway.delivery.result import DeliveryError, Result, deferred, failed
from dlp_gateway.delivery.routing import Destination, Router
from dlp_gateway.delivery.settings import Timeouts
from dlp_gateway.delivery.transaction import Mail, Transaction, is_mailbox
from dlp_gateway.model import Recipient
from dlp_gateway.store.values import State

Load = Callable[[Sequence[Recipient]], Awaitable[Mail]]
"""Makes the mail for some of the recipients; called when a line is ready for it."""


class Attempt:
    """Fills ``results``, one for each of ``recipients``; None where nothing is known (yet)."""

    def __init__(self, destination: Destination, recipients: Sequence[Recipient], cargo: Cargo, load: Load) -> None:
        self._destination = destination
        self._recipients = tuple(recipients)
        self._cargo = cargo
        self._load = load
        self._deadline = 0.0
        self.results: list[Result | None] = [None] * len(self._recipients)

    async def send(self, router: Router, pool: Pool, timeouts: Timeouts, max_hops: int) -> None:
        """Ask the hosts of the destination in turn until every recipient has its answer.

        All of them together have the patience that one connection is worth.
        Raises what ``load`` raises. When cancelled after the final dot, the
        recipients concerned are uncertain; before it, they have no result.
        """
        settings = self._destination.settings
        try:
            hops = await router.hops(self._destination)
        except DeliveryError as error:
            self._note(self._open(), error.result)
            return
        self._deadline = pool.deadline()
        for hop in hops[:max_hops]:
            endpoint = Endpoint(hop, settings.tls, settings.credentials, foreign=settings.mx)
            if not self._open():
                break
            if await self._ask(endpoint, pool, timeouts, fresh=False):
                await self._ask(endpoint, pool, timeouts, fresh=True)

    async def _ask(self, endpoint: Endpoint, pool: Pool, timeouts: Timeouts, *, fresh: bool) -> bool:
        """Run one transaction; True when a kept session turned out dead and nothing was decided."""
        asked = self._open()
        try:
            session = await self._line(endpoint, pool, fresh=fresh)
        except DeliveryError as error:
            self._note(asked, error.result)
            return False
        try:
            mail = await self._load([self._recipients[index] for index in asked])
            transaction = Transaction(session, mail, timeouts)
            try:
                await transaction.run()
            except asyncio.CancelledError:
                session.broken = True
                if transaction.dot:
                    transaction.give_up("4.3.2", "the gateway was stopped")
                    self._take(asked, transaction.results)
                raise
            if session.broken and session.transactions > 1 and not (transaction.heard or fresh):
                return True
            self._take(asked, transaction.results)
        finally:
            pool.release(session)
        return False

    async def _line(self, endpoint: Endpoint, pool: Pool, *, fresh: bool) -> Session:
        """Return a session and have room in memory for the content; raises DeliveryError and CrowdedError."""
        deliveries = len(self._open())
        session = await pool.acquire(endpoint, deliveries, self._deadline, fresh=fresh)
        if self._cargo.reserve_at_once():
            return session
        # Who waits for memory leaves the line to mail that need not.
        pool.release(session)
        await self._cargo.reserve()
        # With the memory in hand it is worth the whole patience again.
        self._deadline = pool.deadline()
        return await pool.acquire(endpoint, deliveries, self._deadline, fresh=fresh)

    async def file(self, name: str) -> None:
        """Deliver into the Maildir of the destination; raises what ``load`` raises."""
        folder = self._destination.settings.maildir
        mail = await self._load(self._recipients)
        addresses = [recipient.address.literal for recipient in self._recipients]
        if folder is None or not all(map(is_mailbox, [*addresses, *filter(None, [mail.sender])])):
            self._note(self._open(), failed("5.1.3", "an address that cannot be sent safely", code=553))
            return
        try:
            await asyncio.to_thread(maildir.store, folder, name, mail.content, mail.sender, addresses)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            text = "the disk of the maildir is full" if full else "the maildir cannot be written to"
            self._note(self._open(), deferred("4.3.1" if full else "4.3.0", text, code=452))
        else:
            self._note(self._open(), Result(State.DELIVERED, 250, "2.0.0", "stored in the maildir"))

    def _open(self) -> list[int]:
        """Return the recipients that may still be tried, by index."""
        return [index for index, result in enumerate(self.results) if result is None or result.elsewhere]

    def _note(self, indexes: Sequence[int], result: Result) -> None:
        """Record that no transaction came about; a host that may work later outweighs one that refuses for good.

        A host without room outweighs none that was asked.
        """
        for index in indexes:
            known = self.results[index]
            if known is None:
                self.results[index] = result
            elif known.state is State.FAILED:
                self.results[index] = replace(result, untried=False)
            elif result.state is not State.FAILED and (known.untried or not result.untried):
                self.results[index] = result

    def _take(self, indexes: Sequence[int], results: Sequence[Result | None]) -> None:
        """Record what a transaction came to; that one host cannot take it is not the end where another may later."""
        for index, result in zip(indexes, results, strict=True):
            known = self.results[index]
            unfit = result is not None and result.state is State.FAILED and result.elsewhere
            if unfit and known is not None and known.state is not State.FAILED:
                self.results[index] = replace(known, untried=False)
            elif result is not None:
                self.results[index] = result
