"""A delivery service at work on a queue in memory and servers on loopback."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from dlp_gateway.delivery.schedule import Schedule
from dlp_gateway.delivery.settings import ConnectionSettings, DeliverySettings, Routes, RouteSettings
from dlp_gateway.delivery.tls import TlsPolicy
from dlp_gateway.delivery.worker import DeliveryService
from dlp_gateway.model import TlsMode, Zone
from tests.unit.delivery.examples import HOSTNAME, NOW, PATIENT
from tests.unit.delivery.memory_queue import Clock, MemoryQueue
from tests.unit.delivery.peer import Peer

SETTINGS = DeliverySettings(
    HOSTNAME,
    lease=60,
    idle=20,
    drain=20,
    schedule=Schedule(jitter=0),
    timeouts=PATIENT,
    connection=ConnectionSettings(pause=0.001, longest_pause=0.001),
)


class Tally:
    """Counts what an observer is told."""

    def __init__(self) -> None:
        self.states: Counter[tuple[str, str]] = Counter()
        self.attempts = 0

    def settled(self, zone, state) -> None:
        self.states[zone.value, state.value] += 1

    def attempted(self, zone, seconds) -> None:
        assert seconds >= 0
        self.attempts += 1


def new_queue() -> MemoryQueue:
    return MemoryQueue(Clock(NOW))


def routes(external: Peer, internal: Peer | None = None, *, inside: TlsMode = TlsMode.NONE, **domains) -> Routes:
    out = RouteSettings(hosts=(external.address,), tls=TlsPolicy(TlsMode.NONE))
    home = RouteSettings(hosts=((internal or external).address,), tls=TlsPolicy(inside))
    return Routes({Zone.INTERNAL: home, Zone.PARTNER: out, Zone.EXTERNAL: out}, domains)


@asynccontextmanager
async def at_work(queue, where: Routes, observer=None, **changes) -> AsyncIterator[DeliveryService]:
    service = DeliveryService(
        queue, where, replace(SETTINGS, **changes), clock=queue.clock, chance=lambda: 0.5, observer=observer
    )
    running = asyncio.create_task(service.run())
    try:
        yield service
    finally:
        await service.drain()
        await running
