"""Kill -9 at any instant, with misbehaving next hops: nothing answered 250 is lost, nothing goes against its verdict.

``make test`` kills a few times; ``make soak`` 200 times over 10,000 messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.integration.gateway import Gateway, Session
from tests.integration.next_hop import NextHop, Taken

CONNECTIONS = 25

# Each kind of mail with the verdict it must get; the marker stands in the Message-ID.
KINDS = {
    "out": ("desk@brightwater.example", "Agenda", "The lift is repaired on Thursday.", True),
    "in": ("site.office@westendonsixth.com", "Agenda", "The lift is repaired on Thursday.", True),
    "hold": ("desk@brightwater.example", "Form", "The tax file number of Lena Fairweather is 459 599 230.", False),
    "refuse": ("site.office@westendonsixth.com", "Probation of Lena Fairweather", "Please call me.", False),
}


@dataclass
class Ledger:
    """What the clients heard about each message."""

    accepted: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    before_dot: set[str] = field(default_factory=set)


def message(marker: str) -> tuple[str, bytes]:
    kind = marker.split("-", maxsplit=1)[0]
    to, subject, text, _ = KINDS[kind]
    head = (
        "From: <desk@westendonsixth.com>",
        f"To: <{to}>",
        f"Subject: {subject}",
        f"Message-ID: <{marker}@x.example>",
    )
    return to, "\r\n".join((*head, "", text, "")).encode()


def marker_of(taken: Taken) -> str:
    found = taken.content.split(b"Message-ID: <", 1)[-1].partition(b"@")[0].decode()
    return found if found.partition("-")[0] in KINDS else ""


class Misbehaving:
    """A plan of a next hop: mostly takes, else answers 4xx or 5xx, stalls, or cuts the line."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.peaceful = False
        self.failed: set[str] = set()
        self.cut: set[str] = set()

    def __call__(self, taken: Taken) -> str:
        marker = marker_of(taken)
        if self.peaceful or not marker:
            return "take"
        what = self._chance.choices(["take", "4xx", "5xx", "drop", "drop-before", "stall"], [80, 8, 2, 4, 5, 1])[0]
        if what == "5xx":
            self.failed.add(marker)
        if what == "drop":
            self.cut.add(marker)
        return what


async def send_all(gateway: Gateway, markers: list[str], ledger: Ledger, allowed: asyncio.Semaphore) -> None:
    """Send every message once over 25 connections; a lost line is opened again as soon as the gateway is back.

    ``allowed`` spreads the messages over the kills, so that each of them meets some on their way.
    """
    waiting = iter(markers)

    async def client() -> None:
        session = None
        for marker in waiting:
            await allowed.acquire()
            to, content = message(marker)
            while session is None:
                with contextlib.suppress(OSError):
                    session = await Session.open(gateway.port)
                if session is None:
                    await asyncio.sleep(0.02)
            try:
                reply = await session.send("desk@westendonsixth.com", [to], content)
            except OSError:
                # Whether the final dot had been taken is not known: the client would send it again.
                ledger.unknown.add(marker)
                await session.close()
                session = None
                continue
            (ledger.accepted if reply.startswith("250") else ledger.refused).add(marker)
        if session is not None:
            await session.close()

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))


async def kill_now_and_then(
    gateway: Gateway, chance: random.Random, kills: int, share: int, allowed: asyncio.Semaphore
) -> list[tuple[float, float]]:
    """Kill the gateway at random instants under load, start it again each time, then let the rest through.

    Returns the times without a gateway: what a next hop still takes in one of them, nobody hears its answer to.
    """
    gaps = []
    for _ in range(kills):
        for _ in range(share):
            allowed.release()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), chance.uniform(0.01, 0.6))
        killed = time.monotonic()
        await gateway.stop(signal.SIGKILL)
        await gateway.start()
        gaps.append((killed, time.monotonic()))
    for _ in range(share * 2 + CONNECTIONS):
        allowed.release()
    return gaps


@pytest.mark.parametrize(
    ("kills", "count"),
    [
        pytest.param(4, 400, id="few"),
        pytest.param(200, 10_000, id="many", marks=pytest.mark.soak),
    ],
)
async def test_d02_kill_at_any_instant(kills, count, tmp_path, capsys):
    chance = random.Random(kills)
    plan = Misbehaving(chance)
    inside, outside = await NextHop(plan).start(), await NextHop(plan).start()
    gateway = Gateway(
        tmp_path / "gateway",
        internal=f'{{"host": "127.0.0.1:{inside.port}", "tls": "none"}}',
        external=f'{{"host": "127.0.0.1:{outside.port}", "tls": "none"}}',
        settings={
            "DELIVERY__SCHEDULE": '{"first": 0.5, "factor": 1.2, "longest": 2, "uncertain": 1}',
            "DELIVERY__TIMEOUTS": '{"final": 3}',
            "DELIVERY__CONNECTION": '{"pause": 0.1, "longest_pause": 0.5}',
            "DELIVERY__LEASE": "5",
            "DELIVERY__POISON_LIMIT": "1000",
            "SMTP__LIMITS": '{"messages_per_minute": 1000000}',
        },
    ).prepare()
    markers = [f"{chance.choices(list(KINDS), [60, 20, 10, 10])[0]}-{number}" for number in range(count)]
    ledger = Ledger()
    allowed = asyncio.Semaphore(0)
    await gateway.start()
    try:
        killing = asyncio.create_task(kill_now_and_then(gateway, chance, kills, count // kills, allowed))
        await send_all(gateway, markers, ledger, allowed)
        gaps = await killing
        plan.peaceful = True
        await wait_until_delivered(gateway)
    finally:
        await gateway.stop()
        await inside.stop()
        await outside.stop()

    arrivals: dict[str, list[Taken]] = {}
    for taken in (*inside.taken, *outside.taken):
        if marker := marker_of(taken):
            arrivals.setdefault(marker, []).append(taken)
    deliverable = {marker for marker in ledger.accepted if KINDS[marker.split("-")[0]][3]}
    lost = deliverable - arrivals.keys() - plan.failed
    against = {marker for marker in arrivals if not KINDS[marker.split("-")[0]][3]}
    twice = {marker: taken for marker, taken in arrivals.items() if len(taken) > 1}
    unexplained = [
        marker
        for marker, taken in twice.items()
        if marker not in plan.cut and not any(taken[0].at <= back and killed <= taken[-1].at for killed, back in gaps)
    ]
    figures = {
        "messages": count,
        "kills": len(gaps),
        "accepted": len(ledger.accepted),
        "refused": len(ledger.refused),
        "line lost before the reply": len(ledger.unknown),
        "lost": len(lost),
        "against the verdict": len(against),
        "delivered twice": len(twice),
        "of these, line cut by the hop": sum(1 for marker in twice if marker in plan.cut),
        "kinds": dict(Counter(marker.split("-")[0] for marker in markers)),
    }
    with capsys.disabled():
        print(f"\n{figures}")

    assert lost == set()
    assert against == set()
    assert unexplained == []
    assert all(marker.startswith("refuse") for marker in ledger.refused)


async def wait_until_delivered(gateway: Gateway) -> None:
    """Wait until nothing is left to deliver."""
    for _ in range(300):
        listed = await asyncio.to_thread(gateway.run, "queue", "list")
        if b"Nothing waits" in listed.stdout:
            return
    raise AssertionError(listed.stdout.decode()[-2000:])
