"""Messages a second, processor time and latency of the gateway beside its peers, in one run.

``python -m benchmarks.throughput [--count N] [--systems wire,postfix,...] [--mix]``
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import messages
from benchmarks.systems import ROOT, SYSTEMS, SinkProcess, System

CONNECTIONS = 20
_WARM_UP = 60


@dataclass(frozen=True, slots=True)
class Figures:
    """One system under one kind of mail; times in milliseconds, memory in bytes."""

    system: str
    kind: str
    sent: int
    delivered: int
    per_second: float
    cpu: float
    p50: float
    p95: float
    p99: float
    memory: int
    codes: dict[str, int]

    def row(self) -> str:
        """A line of the table."""
        return (
            f"| {self.system} | {self.kind} | {self.per_second:,.0f} | {self.cpu:.2f} | {self.p50:.1f} "
            f"| {self.p95:.1f} | {self.p99:.1f} | {self.memory / 1e6:,.0f} "
            f"| {self.delivered}/{self.sent} | {self.codes} |"
        )


HEAD = (
    "| system | mail | delivered/s | CPU ms a message | p50 ms | p95 ms | p99 ms | memory MB | delivered | replies |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def generate(port: int, mail: Sequence[messages.Message], rate: float = 0.0) -> dict[str, Any]:
    """Send ``mail`` from a process of its own and return what it measured."""
    plan = "\n".join(message.line() for message in mail)
    command = [sys.executable, "-m", "benchmarks.smtp_load", str(port), str(CONNECTIONS), str(rate)]
    ended = subprocess.run(command, input=plan, capture_output=True, text=True, check=True, cwd=ROOT)
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def measure(
    system: System,
    sink: SinkProcess,
    kind: str,
    mail: Sequence[messages.Message],
    *,
    stopped: int = 0,
    rate: float = 0.0,
) -> Figures:
    """Send ``mail`` through ``system`` and wait until all but the ``stopped`` have arrived."""
    generate(system.port, mail[:_WARM_UP])
    before, _ = sink.wait_for(_WARM_UP, quiet_seconds=3)
    cpu = system.cpu_seconds()
    result = generate(system.port, mail, rate)
    arrived, last = sink.wait_for(before + len(mail) - stopped, quiet_seconds=10)
    delivered = arrived - before
    took = max(last, result["began"] + result["seconds"]) - result["began"]
    time.sleep(0.5)
    cpu = system.cpu_seconds() - cpu
    cuts = statistics.quantiles(result["latencies"], n=100)
    return Figures(
        *(system.name, kind, len(mail), delivered, len(mail) / took, cpu * 1000 / len(mail)),
        *(cuts[49], cuts[94], cuts[98], system.resident_bytes(), result["codes"]),
    )


def compare(count: int, names: Sequence[str], kinds: Sequence[str]) -> list[Figures]:
    """Measure each named system with each kind of mail, freshly started for each kind."""
    rows = []
    for kind in kinds:
        for start in SYSTEMS:
            if start.__name__ not in names:
                continue
            amount = max(200, count // 8) if start.__name__.startswith("glue") or kind == "mix" else count
            mail = list({"small": messages.small, "mix": messages.mix}.get(kind, messages.small)(amount))
            if kind == "internal":
                mail = list(messages.small(amount, inside=True))
            sink = SinkProcess()
            try:
                with start(sink.port) as system:
                    figures = measure(system, sink, kind, mail)
            finally:
                sink.stop()
            rows.append(figures)
            print(figures.row(), flush=True)
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=4000)
    parser.add_argument("--systems", default=",".join(start.__name__ for start in SYSTEMS))
    parser.add_argument("--kinds", default="small,internal,mix")
    options = parser.parse_args()
    print(HEAD)
    compare(options.count, options.systems.split(","), options.kinds.split(","))


if __name__ == "__main__":
    main()
