"""The process that workers are forked from: loads models and packs once, parses nothing.

``python -m dlp_gateway.inspection.zygote CONTROL_FD`` is started by the pool
with a SOCK_SEQPACKET control socket. Workers share its memory, and a worker
that was killed is replaced in milliseconds. Requests are ``fork`` (with the
worker's niceness, and its end of a line as ancillary data) and ``kill PID``; answers are
``ready``, ``forked PID`` and ``ended PID STATUS``.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import sysconfig
from pathlib import Path
from typing import Any

from dlp_gateway.inspection import confinement, frames, worker

_MAX_CONTROL = 64 * 1024


def main() -> None:
    """Confine, load what the start request names, then fork on request until the line is closed."""
    control = socket.socket(fileno=int(sys.argv[1]))
    confinement.die_with_parent(signal.SIGKILL)
    null = os.open(os.devnull, os.O_RDWR)
    start = frames.unpack(control.recv(_MAX_CONTROL))
    try:
        layers = _confine([Path(p) for p in start["readable"]], required=start["required"])
        serve = _load(start["factory"], start["arguments"])
    except Exception as error:
        control.send(frames.pack({"failed": f"{type(error).__name__}: {error}"})[frames.HEADER.size :])
        raise SystemExit(1) from error
    gc.collect()
    gc.freeze()
    control.send(_message({"ready": list(layers)}))
    _Zygote(control, serve, confinement.ProcessLimits(**start["limits"]), layers, null).run()


def _message(value: dict[str, Any]) -> bytes:
    return frames.pack(value)[frames.HEADER.size :]


def _load(factory: str, arguments: dict[str, Any]) -> worker.Serve:
    module, _, name = factory.partition(":")
    serve: worker.Serve = getattr(importlib.import_module(module), name)(**arguments)
    return serve


def _confine(readable: list[Path], required: list[str]) -> tuple[str, ...]:
    """Apply the layers for the whole family before anything is loaded; return those in force."""
    confinement.no_new_privileges()
    libraries = [Path(p) for p in {*sysconfig.get_paths().values(), *sys.path, sys.prefix, sys.base_prefix} if p]
    system = [
        Path(p) for p in ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom", "/proc", "/sys")
    ]
    layers = []
    for name, apply in (
        # First, since finding libseccomp writes a temporary file.
        ("seccomp", lambda: importlib.import_module("pyseccomp")),
        ("namespace", confinement.leave_network),
        ("landlock", lambda: confinement.read_only([*readable, *libraries, *system])),
    ):
        try:
            apply()
            layers.append(name)
        except (confinement.ConfinementError, ImportError, RuntimeError) as error:
            if name in required:
                raise confinement.ConfinementError(f"{name} is required but not available: {error}") from error
    if not {"namespace", "seccomp"} & set(layers):
        raise confinement.ConfinementError("neither a network namespace nor seccomp is available")
    return tuple(layers)


class _Zygote:
    def __init__(
        self,
        control: socket.socket,
        serve: worker.Serve,
        limits: confinement.ProcessLimits,
        layers: tuple[str, ...],
        null: int,
    ) -> None:
        self._control = control
        self._serve = serve
        self._limits = limits
        self._layers = layers
        self._null = null
        self._alive: set[int] = set()

    def run(self) -> None:
        signals = socket.socketpair()
        signals[1].setblocking(False)
        signal.set_wakeup_fd(signals[1].fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            readable, _, _ = select.select([self._control, signals[0]], [], [])
            if signals[0] in readable:
                signals[0].recv(4096)
                self._reap()
            if self._control in readable and not self._command():
                return

    def _command(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, _MAX_CONTROL, 1)
        if not data:
            return False
        command = frames.unpack(data)
        if command["do"] == "fork":
            self._fork(descriptors[0], command["nice"])
        elif command["pid"] in self._alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(command["pid"], signal.SIGKILL)
        return True

    def _fork(self, line: int, nice: int) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._control.close()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            status = 1
            try:
                worker.prepare(self._null, self._limits, self._layers, nice, parent)
                worker.run(line, self._serve, self._limits.cpu_seconds)
                status = 0
            finally:
                # Whatever ended the loop, no code of the zygote may run in this process.
                os._exit(status)
        os.close(line)
        self._alive.add(pid)
        self._control.send(_message({"forked": pid}))

    def _reap(self) -> None:
        while self._alive:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._alive.discard(pid)
            self._control.send(_message({"ended": pid, "status": status}))


if __name__ == "__main__":
    main()
