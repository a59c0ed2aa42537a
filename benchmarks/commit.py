"""How fast messages become durable, and what a message costs from commit to the end of its delivery.

    python -m benchmarks.commit [--url sqlite:////tmp/x.db] [--messages 20000] [--size 2048]
                                [--queued 10000] [--decisions 100000]

*commit* is the intake alone: encryption, rows, record, synced to disk. *whole* adds lease,
content, settlement, its record entry and the destruction of the key. CPU is of this process,
all threads; the rows are what a text mail to one outsider makes.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import resource
import secrets
import sys
import tempfile
import time
from pathlib import Path

from dlp_gateway.cli.serve import SWITCH_SECONDS
from dlp_gateway.model import (
    Action,
    Address,
    Client,
    Decision,
    Envelope,
    Finding,
    Inspection,
    Recipient,
    Tier,
    Verdict,
    Zone,
)
from dlp_gateway.store import keys
from dlp_gateway.store.identifiers import new_id
from dlp_gateway.store.store import Options, Store
from dlp_gateway.store.values import Intake, Outcome, State


def intake(content: bytes, now: float) -> Intake:
    number = secrets.randbelow(5000)
    sender = Address(f"user{number}", "westendonsixth.com", f"user{number}@westendonsixth.com")
    to = Address(f"client{number}", "example.net", f"client{number}@example.net")
    recipient = Recipient(to)
    findings = (
        Finding("person_name", Tier.CONTACT, "body", 0, 9, 0.85, detector="names", evidence=("context",)),
        Finding("email", Tier.CONTACT, "body", 40, 62, 1.0, detector="pattern"),
    )
    decision = Decision(
        id=new_id(now),
        at=now,
        envelope=Envelope(sender, (recipient,), Client("127.0.0.1", "client.example")),
        verdicts=(Verdict(recipient, Zone.EXTERNAL, Action.DELIVER),),
        inspection=Inspection(findings, people=1, visible=(to.literal,), milliseconds=1.25),
        policy="3f1c0d",
        size=len(content),
        digest=hashlib.sha256(content).hexdigest(),
    )
    return Intake(decision, content)


async def committing(store: Store, content: bytes, clients: int, count: int, due: float | None = None) -> list[float]:
    latencies: list[float] = []

    async def client() -> None:
        for _ in range(count // clients):
            started = time.perf_counter()
            await store.commit(intake(content, time.time() if due is None else due))
            latencies.append(time.perf_counter() - started)

    await asyncio.gather(*(client() for _ in range(clients)))
    return latencies


async def delivering(store: Store, count: int) -> None:
    done = 0
    while done < count:
        now = time.time()
        due = await store.lease("benchmark", 50, now, 60.0)
        for delivery in due:
            await store.content(delivery.message_id)
        if due:
            outcomes = [Outcome(d.delivery_id, State.DELIVERED, 250, "2.0.0", "ok", "sink", "TLSv1.3") for d in due]
            await store.settle(outcomes, time.time())
            done += len(due)
        else:
            await store.wait(1.0)


def processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def row(name: str, clients: int, count: int, wall: float, cpu: float, latencies: list[float]) -> str:
    ordered = sorted(latencies)
    p50, p99 = (1000 * ordered[int(len(ordered) * q)] for q in (0.5, 0.99))
    return f"| {name} | {clients} | {count / wall:,.0f} | {1e6 * cpu / count:.0f} | {p50:.2f} | {p99:.2f} |"


async def measure(url: str, directory: Path, arguments: argparse.Namespace) -> None:
    store = await Store.open(url, keys.load_gateway(directory), Options(reserve=0))
    content = b"Subject: minutes\r\n\r\n" + secrets.token_hex(arguments.size // 2).encode()
    if arguments.decisions:
        await asyncio.gather(
            committing(store, content, 50, arguments.decisions), delivering(store, arguments.decisions // 50 * 50)
        )
    if arguments.queued:
        await committing(store, content, 50, arguments.queued, due=time.time() + 1e6)
    await store.close()
    started = time.perf_counter()
    store = await Store.open(url, keys.load_gateway(directory), Options(reserve=0))
    print(f"before: {arguments.decisions} decisions on record, {arguments.queued} messages waiting;", end=" ")
    print(f"opened in {1000 * (time.perf_counter() - started):.0f} ms, disk sync {1000 * sync_seconds():.2f} ms")
    print("\n| what | clients | messages/s | CPU us each | p50 ms | p99 ms |\n|---|---|---|---|---|---|")
    for clients in (1, 10, 50):
        count = arguments.messages if clients == 50 else arguments.messages // 10 * (1 + clients // 10)
        started, cpu = time.perf_counter(), processor_seconds()
        latencies = await committing(store, content, clients, count)
        wall, used = time.perf_counter() - started, processor_seconds() - cpu
        print(row("commit", clients, len(latencies), wall, used, latencies))
        await delivering(store, len(latencies))
    count = arguments.messages // 50 * 50
    started, cpu = time.perf_counter(), processor_seconds()
    latencies, _ = await asyncio.gather(committing(store, content, 50, count), delivering(store, count))
    print(row("whole", 50, count, time.perf_counter() - started, processor_seconds() - cpu, latencies))
    await store.close()


def sync_seconds() -> float:
    """The median time this disk takes to make 4 KB durable: the floor for one client."""
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(50):
            file.write(bytes(4096))
            file.flush()
            started = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - started)
    return sorted(times)[len(times) // 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", help="database; default: SQLite in a temporary folder")
    parser.add_argument("--messages", type=int, default=20000)
    parser.add_argument("--size", type=int, default=2048, help="bytes of content")
    parser.add_argument("--queued", type=int, default=0, help="messages that wait for a retry meanwhile")
    parser.add_argument("--decisions", type=int, default=0, help="messages decided and delivered beforehand")
    arguments = parser.parse_args()
    sys.setswitchinterval(SWITCH_SECONDS)  # as the gateway does
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "keys"
        keys.init(directory)
        url = arguments.url or f"sqlite:///{folder}/benchmark.db"
        asyncio.run(measure(url, directory, arguments))


if __name__ == "__main__":
    main()
