"""The systems that are measured, each started afresh between a load generator and a sink.

``wire`` is the generator talking to the sink; ``postfix`` a private instance of
Debian's Postfix as plain relay, its intake throttle off; ``gateway`` this
project as it ships, ``gateway_patterns`` the same without its two models;
``glue`` what one would write in an afternoon: aiosmtpd with
presidio-analyzer's default recognisers on spaCy's blank English pipeline,
nothing durable; ``glue_context`` the same with words as lemmas, so that
context counts.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.integration.postfix import Postfix

_TICKS = os.sysconf("SC_CLK_TCK")
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class System:
    """A running system: where it listens, and the process its processes descend from (None: no cost of its own)."""

    name: str
    port: int
    root: int | None

    def cpu_seconds(self) -> float:
        """Processor time used so far by all its processes, those that ended included."""
        if self.root is None:
            return 0.0
        return sum(_cpu(pid) for pid in _family(self.root))

    def resident_bytes(self) -> int:
        """Memory of all its processes, shared pages counted once (proportional set size)."""
        if self.root is None:
            return 0
        return sum(_pss(pid) for pid in _family(self.root))


def _family(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents.setdefault(int(fields[1]), []).append(int(entry.name))
    family, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        family.append(pid)
        waiting += parents.get(pid, [])
    return family


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(value) for value in fields[11:15]) / _TICKS


def _pss(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def free_port() -> int:
    """A port of the loopback address that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class SinkProcess:
    """The counting next hop, in a process of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.smtp_sink", str(self.port)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        self._line()

    def _line(self) -> str:
        stdout = self._process.stdout
        line = stdout.readline() if stdout else ""
        if not line:
            raise RuntimeError("the sink ended")
        return line

    def state(self) -> tuple[int, float]:
        """How many messages have arrived, and when the last one did."""
        self._process.send_signal(signal.SIGUSR1)
        count, last = self._line().split()
        return int(count), float(last)

    def wait_for(self, count: int, quiet_seconds: float = 60.0) -> tuple[int, float]:
        """Wait until ``count`` messages are there, or nothing has come for ``quiet_seconds``."""
        seen, since = -1, time.monotonic()
        while True:
            arrived, last = self.state()
            if arrived >= count or (arrived == seen and time.monotonic() - since > quiet_seconds):
                return arrived, last
            if arrived != seen:
                seen, since = arrived, time.monotonic()
            time.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def wire(sink: int) -> Iterator[System]:
    """Nothing in between."""
    yield System("wire", sink, None)


@contextlib.contextmanager
def postfix(sink: int) -> Iterator[System]:
    """A private Postfix that relays everything to the sink."""
    with Postfix(relay_to=f"127.0.0.1:{sink}") as server:
        yield System("postfix", server.port, int((server.folder / "queue/pid/master.pid").read_text()))


@contextlib.contextmanager
def _glue(name: str, context: str, sink: int) -> Iterator[System]:
    port = free_port()
    with _started([sys.executable, "-m", "benchmarks.presidio_glue", str(port), str(sink), context], port) as process:
        yield System(name, port, process.pid)


def glue(sink: int) -> contextlib.AbstractContextManager[System]:
    """Aiosmtpd and presidio-analyzer, by hand, on a blank pipeline."""
    return _glue("glue", "plain", sink)


def glue_context(sink: int) -> contextlib.AbstractContextManager[System]:
    """The same with words as lemmas."""
    return _glue("glue_context", "context", sink)


@contextlib.contextmanager
def _gateway(name: str, sink: int, models: str) -> Iterator[System]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as folder:
        home = Path(folder)
        shutil.copytree(ROOT / "config", home / "config")
        tuning = home / "config/detection.yaml"
        tuning.write_text(re.sub(r"(people|statements): shipped", rf"\1: {models}", tuning.read_text("utf-8")), "utf-8")
        hop = f'{{"host": "127.0.0.1:{sink}", "tls": "none"}}'
        environment = {
            "DLP_GATEWAY_CONFIG": str(home / "config"),
            "DLP_GATEWAY__SMTP__LISTEN": f'["127.0.0.1:{port}"]',
            "DLP_GATEWAY__STORE__URL": f"sqlite:///{home}/dlp-gateway.db",
            "DLP_GATEWAY__KEYS__DIRECTORY": f"{home}/keys",
            "DLP_GATEWAY__DELIVERY__INTERNAL": hop,
            "DLP_GATEWAY__DELIVERY__EXTERNAL": hop,
            "DLP_GATEWAY__MONITORING__LISTEN": "null",
        }
        program = [sys.executable, "-m", "dlp_gateway.cli"]
        everything = {**os.environ, **environment}
        subprocess.run([*program, "keys", "init"], check=True, env=everything, cwd=ROOT, capture_output=True)
        with _started([*program, "serve"], port, everything) as process:
            yield System(name, port, process.pid)


def gateway(sink: int) -> contextlib.AbstractContextManager[System]:
    """This gateway with its shipped configuration, SQLite, and the sink as both next hops."""
    return _gateway("gateway", sink, "shipped")


def gateway_patterns(sink: int) -> contextlib.AbstractContextManager[System]:
    """The same without its two models: what it finds by patterns alone, as the glue does."""
    return _gateway("gateway_patterns", sink, "none")


SYSTEMS: tuple[Callable[[int], contextlib.AbstractContextManager[System]], ...] = (
    wire,
    postfix,
    gateway,
    gateway_patterns,
    glue,
    glue_context,
)


@contextlib.contextmanager
def _started(
    command: list[str], port: int, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes] | None = None, seconds: float = 120.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"the system under test ended with {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
            if probe.recv(100).startswith(b"220"):
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers on port {port}")
