"""Deliveries of one message that go the same way, and its content, in memory only while it is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dlp_gateway.delivery.allowance import Allowance
from dlp_gateway.delivery.routing import Destination, Router
from dlp_gateway.delivery.transaction import Mail
from dlp_gateway.model import Recipient
from dlp_gateway.store.values import Due, Queue


@dataclass(frozen=True, slots=True)
class Consignment:
    """What one transaction carries: at least one delivery, all of one message."""

    destination: Destination
    dues: tuple[Due, ...]

    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """The recipients, in the order of ``dues``."""
        return tuple(due.recipient for due in self.dues)

    @property
    def delivery_ids(self) -> tuple[int, ...]:
        """The deliveries, in the order of ``dues``."""
        return tuple(due.delivery_id for due in self.dues)

    @property
    def lost(self) -> int:
        """How often in a row a worker died on one of them (see ``Due``)."""
        return max(due.lost for due in self.dues)


def group(dues: Iterable[Due], router: Router, most: int) -> list[Consignment]:
    """Put together what is of one message and goes one way, at most ``most`` recipients each, in the order of lease."""
    together: dict[tuple[str, Destination], list[Due]] = {}
    for due in dues:
        destination = router.destination(due.zone, due.recipient.address.domain)
        together.setdefault((due.message_id, destination), []).append(due)
    return [
        Consignment(destination, tuple(found[start : start + most]))
        for (_, destination), found in together.items()
        for start in range(0, len(found), most)
    ]


class ContentError(Exception):
    """The store does not give the content now, or is not sure that it is ours; the cause is chained."""


class CrowdedError(ContentError):
    """There was no room in memory for the content in time."""


class ErasedError(Exception):
    """The content is gone for good."""


class Cargo:
    """The content of a consignment, fetched when first asked for, counted against the allowance until ``unload``.

    ``patience`` is how many seconds it waits for room in memory.
    """

    def __init__(self, queue: Queue, allowance: Allowance, consignment: Consignment, patience: float = 60.0) -> None:
        self._queue = queue
        self._allowance = allowance
        self._destination = consignment.destination
        self._due = consignment.dues[0]
        self._patience = patience
        self._content: bytes | None = None
        self._reserved = False

    def reserve_at_once(self) -> bool:
        """Make sure of room in memory if there is some without waiting."""
        if not self._reserved:
            self._reserved = self._allowance.take_at_once(self._due.size, self._destination)
        return self._reserved

    async def reserve(self) -> None:
        """Make sure of room in memory; raises CrowdedError when there is none in time."""
        if self.reserve_at_once():
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._allowance.take(self._due.size, self._destination)
        except TimeoutError as error:
            raise CrowdedError from error
        self._reserved = True

    async def content(self) -> bytes:
        """Return the bytes to send; raises ContentError or ErasedError."""
        if self._content is None:
            await self.reserve()
            try:
                self._content = await self._queue.content(self._due.message_id)
            except KeyError as error:
                raise ErasedError from error
            except Exception as error:
                raise ContentError from error
        return self._content

    async def mail(self, recipients: Sequence[Recipient]) -> Mail:
        """Return the message for some of its recipients; raises ContentError or ErasedError."""
        due = self._due
        content = await self.content()
        return Mail(due.sender, tuple(recipients), content, due.eight_bit, due.smtputf8, due.ret, due.envid)

    def unload(self) -> None:
        """Let go of the content."""
        self._content = None
        if self._reserved:
            self._allowance.give(self._due.size, self._destination)
        self._reserved = False
