"""What delivering costs this process: queue in memory, next hop a sink of its own process, lines kept open.

    python -m benchmarks.delivery [--messages 10000] [--size 2048] [--connections 20] [--profile]

Printed are messages a second and CPU milliseconds a message (user and system, this process
only), logging included. The store's part is measured by ``benchmarks.commit``.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from dlp_gateway.delivery.settings import ConnectionSettings, DeliverySettings, Routes, RouteSettings
from dlp_gateway.delivery.tls import TlsPolicy
from dlp_gateway.delivery.worker import DeliveryService
from dlp_gateway.model import Address, Recipient, TlsMode, Zone
from dlp_gateway.store.values import Due, Kind, Outcome, State

PORT = 20266


class Backlog:
    """A queue of ``count`` equal messages that forgets them once they are settled."""

    def __init__(self, count: int, content: bytes) -> None:
        self._left = count
        self._missing = count
        self._content = content
        self.done = asyncio.Event()
        self.states: set[State] = set()

    async def lease(self, worker: str, limit: int, now: float, seconds: float) -> Sequence[Due]:  # noqa: ARG002
        """Give out the next."""
        taken = range(self._left, max(0, self._left - limit), -1)
        self._left -= len(taken)
        return [self._due(number, now) for number in taken]

    def _due(self, number: int, now: float) -> Due:
        to = Recipient(Address(f"client{number}", "example.net", f"client{number}@example.net"))
        return Due(
            number, f"01J{number:010}", Kind.MAIL, "ann@westendonsixth.com", to, Zone.EXTERNAL, 0, now,
            eight_bit=False, smtputf8=False, ret=None, envid=None, size=len(self._content),
        )  # fmt: skip

    async def content(self, message_id: str) -> bytes:  # noqa: ARG002
        """Give the one content."""
        return self._content

    async def renew(self, delivery_ids: Sequence[int], now: float, seconds: float) -> None:
        """Do nothing: no lease runs out."""

    async def accuse(self, delivery_ids: Sequence[int]) -> None:
        """Do nothing: no worker dies."""

    async def settle(self, outcomes: Sequence[Outcome], now: float) -> None:  # noqa: ARG002
        """Count what is done."""
        self.states |= {outcome.state for outcome in outcomes}
        self._missing -= len(outcomes)
        if not self._missing:
            self.done.set()

    async def wait(self, seconds: float) -> None:
        """Wait in vain: nothing new comes."""
        await asyncio.sleep(seconds)


async def measure(messages: int, size: int, connections: int) -> tuple[float, float]:
    """Return messages a second and CPU milliseconds a message."""
    line = b"The scaffolding on the east side comes down on Thursday.\r\n"
    content = b"Message-ID: <1@x>\r\nSubject: x\r\n\r\n" + line * (size // len(line))
    queue = Backlog(messages, content)
    route = RouteSettings(hosts=(f"127.0.0.1:{PORT}",), tls=TlsPolicy(TlsMode.NONE))
    settings = DeliverySettings("gateway.westendonsixth.com", connection=ConnectionSettings(connections=connections))
    service = DeliveryService(queue, Routes(dict.fromkeys(Zone, route)), settings)
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    running = asyncio.create_task(service.run())
    await queue.done.wait()
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    await service.drain()
    await running
    if queue.states != {State.DELIVERED}:
        raise SystemExit(f"not everything was delivered: {queue.states}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return messages / seconds, cpu / messages * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--profile", action="store_true", help="print where the time goes; slows everything down")
    chosen = parser.parse_args()
    sink = subprocess.Popen([sys.executable, "-m", "benchmarks.smtp_sink", str(PORT)], stdout=subprocess.PIPE)
    try:
        assert sink.stdout
        sink.stdout.readline()
        profiler = cProfile.Profile()
        if chosen.profile:
            profiler.enable()
        with Path(os.devnull).open("w") as log:
            structlog.configure(
                processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
                logger_factory=structlog.PrintLoggerFactory(log),
                cache_logger_on_first_use=True,
            )
            rate, cpu = asyncio.run(measure(chosen.messages, chosen.size, chosen.connections))
        profiler.disable()
    finally:
        sink.terminate()
        sink.wait()
    print(f"{rate:.0f} messages/s, {cpu:.3f} ms CPU a message ({chosen.messages} of {chosen.size} bytes)")
    if chosen.profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
