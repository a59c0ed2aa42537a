"""A delivery worker on a real store, to be killed: by one message, or by the test.

``python -m tests.integration.delivery_victim FOLDER HOST:PORT LIMIT`` ends
with 0 once a message was set aside, which is after ``LIMIT`` deaths.
"""

import asyncio
import os
import sys
from pathlib import Path

from dlp_gateway.delivery.schedule import Schedule
from dlp_gateway.delivery.settings import ConnectionSettings, DeliverySettings, Routes, RouteSettings, Timeouts
from dlp_gateway.delivery.tls import TlsPolicy
from dlp_gateway.delivery.worker import DeliveryService
from dlp_gateway.model import TlsMode, Zone
from dlp_gateway.store import keys
from dlp_gateway.store.store import Options, Store
from dlp_gateway.store.values import State

POISON = b"this message kills"


class Fragile:
    """The store's queue, but reading the poison ends the process, as a fault in native code would."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.set_aside = asyncio.Event()

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def content(self, message_id):
        content = await self._store.content(message_id)
        if POISON in content:
            os._exit(9)
        return content

    async def settle(self, outcomes, now):
        await self._store.settle(outcomes, now)
        if any(outcome.state is State.FAILED for outcome in outcomes):
            self.set_aside.set()


async def main(folder: Path, address: str, limit: int) -> None:
    store = await Store.open(f"sqlite:///{folder}/gateway.db", keys.load_gateway(folder / "keys"), Options(reserve=0))
    queue = Fragile(store)
    route = RouteSettings(hosts=(address,), tls=TlsPolicy(TlsMode.NONE))
    settings = DeliverySettings(
        "gateway.westendonsixth.com",
        lease=2,
        idle=0.05,
        poison_limit=limit,
        uncertain_limit=1000,
        schedule=Schedule(first=0.2, factor=1, longest=0.2, uncertain=0.2),
        timeouts=Timeouts(final=2),
        connection=ConnectionSettings(connections=10, pause=0.1, longest_pause=0.1),
    )
    service = DeliveryService(queue, Routes(dict.fromkeys(Zone, route)), settings)
    running = asyncio.create_task(service.run())
    await queue.set_aside.wait()
    await service.drain()
    await running
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
