"""The gateway's side of the zygote: starts it, has workers forked from it, hears how they end, and replaces it.

Whoever waits for something of a zygote that ended hears so at once: of a
worker that ended with it how it ended is not known, and no worker comes of a
fork that was asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from dlp_gateway.inspection import frames

log = structlog.get_logger()

_READY_SECONDS = 120.0

_STOPPED = "the workers have been stopped"

# The wait status of a worker; None when the zygote that would have told it ended first.
_Ended = asyncio.Future[int | None]


class PoolError(Exception):
    """The workers cannot be started; the text says why (configuration, confinement)."""


@dataclass(frozen=True, slots=True, eq=False)
class Forked:
    """A worker and the line to it; ``ended`` is its wait status, or None when the zygote ended before telling it."""

    pid: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    ended: _Ended

    @property
    def lives(self) -> bool:
        """Whether the worker can take a request, as far as is known by now."""
        return not (self.ended.done() or self.reader.at_eof() or self.writer.is_closing())


class ZygoteClient:
    """One zygote at a time, started with the request ``start``.

    Where it ended, ``revive`` and the next fork start it anew.
    """

    def __init__(self, start: Mapping[str, Any]) -> None:
        self._start = dict(start)
        self.process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._listener: asyncio.Task[None] | None = None
        self._forked: asyncio.Queue[tuple[int, _Ended] | None] = asyncio.Queue()
        self._ended: dict[int, _Ended] = {}
        self._forking = asyncio.Lock()
        self._stopped = False
        self.layers: tuple[str, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether the zygote is running and can be heard."""
        return (
            self.process is not None
            and self.process.returncode is None
            and self._listener is not None
            and not self._listener.done()
        )

    async def start(self) -> None:
        """Start the zygote; raises PoolError with the reason when it cannot."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "dlp_gateway.inspection.zygote",
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                env=environment,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        if self._stopped:  # while it was being started: ``stop`` has not seen it
            ours.close()
            self.process.kill()
            await self.process.wait()
            raise PoolError(_STOPPED)
        self._control = ours
        self._send(self._start)
        ours.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            data = await asyncio.wait_for(loop.sock_recv(ours, 64 * 1024), _READY_SECONDS)
        except TimeoutError:
            raise PoolError(f"the inspection workers were not ready within {_READY_SECONDS:g} s") from None
        answer = frames.unpack(data) if data else {"failed": "the process ended; its error output says why"}
        if "failed" in answer:
            raise PoolError(f"the inspection workers cannot start: {answer['failed']}")
        self.layers = tuple(answer["ready"])
        self._listener = asyncio.create_task(self._listen(ours))

    async def ended(self) -> None:
        """Return when there is no zygote to be heard (any more)."""
        if self._listener is not None:
            await asyncio.wait((self._listener,))

    async def revive(self) -> None:
        """Start the zygote anew where it ended; raises PoolError or OSError when it cannot be started."""
        async with self._forking:
            if not self.alive:
                await self._restart()

    async def fork(self, nice: int) -> Forked:
        """A new worker of that niceness; raises PoolError or OSError when none can be had."""
        async with self._forking:
            if self.alive and (worker := await self._forked_off(nice)) is not None:
                return worker
            await self._restart()
            worker = await self._forked_off(nice)
        if worker is None:
            raise PoolError("the process that workers come from has ended")
        return worker

    def kill(self, worker: Forked) -> None:
        """End a worker at once."""
        worker.writer.close()
        if worker.ended.done():
            return  # its number may be another's by now
        with contextlib.suppress(OSError):
            self._send({"do": "kill", "pid": worker.pid})

    async def stop(self) -> None:
        """End the zygote, and with it all workers."""
        self._stopped = True
        await self._hang_up()
        if self.process is not None:
            await self.process.wait()

    async def _restart(self) -> None:
        if self._stopped:
            raise PoolError(_STOPPED)
        await self._hang_up()
        self._forked = asyncio.Queue()
        await self.start()

    async def _hang_up(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait((self._listener,))
        if self._control is not None:
            self._control.close()
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    async def _forked_off(self, nice: int) -> Forked | None:
        """A new worker; None when the process that it would come from has ended."""
        ours, theirs = socket.socketpair()
        try:
            self._send({"do": "fork", "nice": nice}, (theirs.fileno(),))
        except OSError:
            ours.close()
            return None
        finally:
            theirs.close()
        try:
            forked = await asyncio.wait_for(self._forked.get(), _READY_SECONDS)
        except TimeoutError:
            ours.close()
            raise PoolError("no worker was started") from None
        if forked is None:
            ours.close()
            return None
        pid, ended = forked
        reader, writer = await asyncio.open_connection(sock=ours, limit=1024 * 1024)
        return Forked(pid, reader, writer, ended)

    async def _listen(self, control: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            while data := await loop.sock_recv(control, 64 * 1024):
                event = frames.unpack(data)
                if "forked" in event:
                    ended = self._ended[event["forked"]] = loop.create_future()
                    self._forked.put_nowait((event["forked"], ended))
                elif (known := self._ended.pop(event["ended"], None)) is not None:
                    known.set_result(event["status"])
        except (OSError, frames.FrameError):
            return  # as at the end of the line
        finally:
            if not self._stopped:
                log.error("the process that inspection workers come from has ended")
            # Nobody will say any more how these ended; whoever waits for a fork waits in vain.
            for ended in self._ended.values():
                ended.set_result(None)
            self._ended.clear()
            self._forked.put_nowait(None)

    def _send(self, command: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        if self._control is None:
            raise PoolError("the worker pool is not running")
        data = frames.pack(command)[frames.HEADER.size :]
        if descriptors:
            socket.send_fds(self._control, [data], descriptors)
        else:
            self._control.send(data)
