"""What the gateway has to reach by itself: latency, memory, scaling, start; each printed beside its goal.

``python -m benchmarks.goals [NAME ...]``; names are those of ``CHECKS``.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks import messages
from benchmarks.systems import SinkProcess, System, free_port, gateway
from benchmarks.throughput import generate


@dataclass(frozen=True, slots=True)
class Result:
    """A figure beside its goal."""

    what: str
    figure: str
    goal: str
    reached: bool

    def row(self) -> str:
        """A line of the table."""
        return f"| {self.what} | {self.figure} | {self.goal} | {'yes' if self.reached else 'NO'} |"


HEAD = "| what | figure | goal | reached |\n|---|---|---|---|"


@contextmanager
def running() -> Iterator[tuple[System, SinkProcess, float]]:
    """A gateway in front of a sink, and the seconds that it took to be ready."""
    sink = SinkProcess()
    try:
        began = time.monotonic()
        with gateway(sink.port) as system:
            yield system, sink, time.monotonic() - began
    finally:
        sink.stop()


def _percentiles(latencies: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(latencies, n=100)
    return cuts[49], cuts[98]


def latency() -> Iterator[Result]:
    """At half of the capacity, small mail, and again while a message of 25 MB is read."""
    with running() as (system, _, ready):
        yield Result("ready after start, keys made in that time, too", f"{ready:.1f} s", "5 s", ready <= 5)
        generate(system.port, list(messages.small(300)))
        half = 1500 / generate(system.port, list(messages.small(1500)))["seconds"] / 2
        quiet = generate(system.port, list(messages.small(round(20 * half))), half)
        p50, p99 = _percentiles(quiet["latencies"])
        yield Result(f"small at half of the capacity ({half:.0f}/s), p50", f"{p50:.1f} ms", "25 ms", p50 <= 25)
        yield Result("the same, p99", f"{p99:.1f} ms", "250 ms", p99 <= 250)
        sender = threading.Thread(target=generate, args=(system.port, [messages.of_size(25_000_000)]))
        sender.start()
        busy = generate(system.port, list(messages.small(round(6 * half))), half)
        sender.join()
        _, p99 = _percentiles(busy["latencies"])
        yield Result("the same while a letter of 25 MB is read, p99", f"{p99:.1f} ms", "500 ms", p99 <= 500)


def scaling() -> Iterator[Result]:
    """A message of twice the size costs at most 2.2 times as much."""
    with running() as (system, sink, _):
        generate(system.port, list(messages.small(200)))
        costs = {}
        for size, count in ((500_000, 4), (1_000_000, 4), (2_000_000, 4)):
            mail = [messages.of_size(size, number) for number in range(count)]
            before, _ = sink.state()
            cpu = system.cpu_seconds()
            generate(system.port, mail)
            sink.wait_for(before + count)
            time.sleep(0.5)
            costs[size] = (system.cpu_seconds() - cpu) * 1000 / count
        for size in (500_000, 1_000_000):
            ratio = costs[2 * size] / costs[size]
            what = f"CPU of {2 * size / 1e6:.0f} MB to {size / 1e6} MB of text ({costs[size]:.0f} ms)"
            yield Result(what, f"{ratio:.2f}", "2.2", ratio <= 2.2)


def memory(count: int = 50_000) -> Iterator[Result]:
    """Memory of all processes after a warm-up and at the end of many messages, a third of them to outsiders."""
    with running() as (system, sink, _):
        generate(system.port, list(messages.small(2_000)))
        sizes = []
        for part in range(10):
            generate(system.port, list(messages.small(count // 30, seed=part)))
            generate(system.port, list(messages.small(count // 15, inside=True, seed=part)))
            sizes.append(system.resident_bytes() / 1e6)
        sink.wait_for(count + 2_000, quiet_seconds=5)
        most = max(sizes)
        growth = statistics.mean(sizes[-3:]) / statistics.mean(sizes[:3])
        yield Result(
            f"memory of all processes over {count} messages", f"{most:.0f} MB at most", "1,000 MB", most <= 1000
        )
        yield Result("the same, last three tenths to first three", f"{growth:.3f}", "1.05", growth <= 1.05)


def standing() -> Iterator[Result]:
    """Intake with 10,000 messages waiting, and with many decisions on record, beside an empty gateway.

    Internal mail, of which the store is the larger part.
    """
    count = 1_500
    # Next hops that refuse connections: what comes in stays in the queue.
    with gateway(free_port()) as system:
        generate(system.port, list(messages.small(300, inside=True)))
        rates = [count / generate(system.port, list(messages.small(count, inside=True)))["seconds"] for _ in range(9)]
    slower = 1 - statistics.mean(rates[-2:]) / statistics.mean(rates[:2])
    yield Result("intake with over 10,000 messages waiting", f"{slower * 100:+.1f} % slower", "10 %", slower <= 0.10)
    with running() as (system, _, _):
        generate(system.port, list(messages.small(300, inside=True)))
        first = [count / generate(system.port, list(messages.small(count, inside=True)))["seconds"] for _ in range(3)]
        for part in range(20):
            generate(system.port, list(messages.small(5_000, inside=True, seed=part)))
        last = [count / generate(system.port, list(messages.small(count, inside=True)))["seconds"] for _ in range(3)]
    slower = 1 - statistics.median(last) / statistics.median(first)
    yield Result(
        "intake with over 100,000 decisions on record", f"{slower * 100:+.1f} % slower", "10 %", slower <= 0.10
    )


CHECKS: dict[str, Callable[[], Iterator[Result]]] = {
    "latency": latency,
    "scaling": scaling,
    "memory": memory,
    "standing": standing,
}


def main(names: list[str]) -> list[Result]:
    """Run the named checks (none: all) and print their table."""
    print(HEAD)
    results = []
    for name in names or CHECKS:
        for result in CHECKS[name]():
            print(result.row(), flush=True)
            results.append(result)
    return results


if __name__ == "__main__":
    main(sys.argv[1:])
