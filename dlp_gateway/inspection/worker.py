"""One worker: reads requests from its line, inspects, answers; confined before the first.

The only thing a worker is given is a connected socket; the only thing that
leaves it is a reply of bounded size. Whatever goes wrong with one message is
answered by the name of the error, never by its text (that may quote content).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from dlp_gateway.inspection import confinement, frames

Serve = Callable[[dict[str, Any]], dict[str, Any]]


def prepare(null: int, limits: confinement.ProcessLimits, layers: tuple[str, ...], nice: int, parent: int) -> None:
    """Give up what a worker does not need, for good, before any content arrives.

    ``null`` is a descriptor of /dev/null that takes the place of the standard
    streams: a parser that prints must not reach a log. ``layers`` are the
    confinements that the zygote found to work here, ``nice`` is how much
    priority it gives up (nice(2)), ``parent`` the process number of the zygote.
    """
    confinement.die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit(1)  # the zygote ended before the kernel was asked to tell
    os.setsid()
    os.nice(nice)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    confinement.limit_resources(limits)
    if "seccomp" in layers:
        confinement.filter_calls()


def run(line: int, serve: Serve, cpu_seconds: int) -> None:
    """Serve requests on descriptor ``line`` until it is closed; each may cost ``cpu_seconds``."""
    while (body := frames.read(line)) is not None:
        confinement.limit_cpu(cpu_seconds)
        frames.write(line, _answer(body, serve))


def _answer(body: bytes, serve: Serve) -> bytes:
    started = time.perf_counter()
    try:
        reply = serve(frames.unpack(body))
        frame = frames.pack({"reply": reply, "milliseconds": (time.perf_counter() - started) * 1000})
        if len(frame) <= frames.MAX_REPLY_BYTES:
            return frame
        return frames.pack({"error": "reply too large"})
    except MemoryError:
        return frames.pack({"error": "memory limit"})
    except Exception as error:  # noqa: BLE001 - the boundary: the pool turns it into "not inspected"
        return frames.pack({"error": type(error).__name__})
