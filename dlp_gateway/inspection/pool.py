"""Hands messages to confined workers, one at a time each, and replaces those that fail.

A worker that answers late is killed; one that dies, is replaced; in both cases
the caller gets ``WorkerFailed`` with a phrase for the record. Waiting callers
are served in order, large messages by a worker of their own, so that nobody
waits behind them. The pool never retries by itself: what a failed inspection
means is for the caller to say.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from dlp_gateway.inspection import frames
from dlp_gateway.inspection.confinement import ProcessLimits

_READY_SECONDS = 120.0
_END_SECONDS = 2.0
# The worker for large messages yields to those for small ones, but not so much that its time would run out.
_NICE = 5


class PoolError(Exception):
    """The workers cannot be started; the text says why (configuration, confinement)."""


class WorkerFailed(Exception):
    """A worker did not answer this request; ``why`` is a phrase for the record."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NoWorker(WorkerFailed):
    """No worker took this request: all are busy for too long, or none can be started."""


class PoolObserver(Protocol):
    """Hears of what operators want to count."""

    def worker_ended(self, why: str) -> None:
        """A worker was replaced because of ``why``."""
        ...


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How workers run.

    ``factory`` is ``module:callable``; called once with ``arguments`` in the
    zygote, it returns the function that answers requests. ``readable`` are the
    files and folders that it may read besides Python's own. ``seconds`` is the
    wall time of one request and ``wait_seconds`` the longest wait for a free
    worker (both together below the ten minutes that RFC 5321 section
    4.5.3.2.6 lets a client wait); after ``recycle_after`` requests a worker is replaced
    by a fresh one, so that nothing a parser leaks can grow for ever.
    Requests of ``large_bytes`` or more go to one more worker, of lower
    priority.
    """

    factory: str
    arguments: Mapping[str, Any]
    readable: tuple[Path, ...] = ()
    workers: int = 0
    seconds: float = 60.0
    wait_seconds: float = 240.0
    recycle_after: int = 5000
    large_bytes: int = 1 << 20
    limits: ProcessLimits = field(default_factory=ProcessLimits)
    required_layers: tuple[str, ...] = ("seccomp",)

    @property
    def count(self) -> int:
        """Number of workers: as set, or one for each core this process may use; the one for large ones aside."""
        return self.workers or len(os.sched_getaffinity(0))


@dataclass(slots=True, eq=False)
class _Lane:
    """Workers that may serve a request; None in place of one that could not be started."""

    nice: int
    idle: asyncio.Queue[_Worker | None] = field(default_factory=asyncio.Queue)


@dataclass(slots=True, eq=False)
class _Worker:
    pid: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    lane: _Lane
    served: int = 0


class WorkerPool:
    """Confined workers behind one asynchronous call."""

    def __init__(self, settings: PoolSettings, observer: PoolObserver | None = None) -> None:
        self._settings = settings
        self._observer = observer
        self._small, self._large = _Lane(0), _Lane(_NICE)
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._forked: asyncio.Queue[int] = asyncio.Queue()
        self._ended: dict[int, asyncio.Future[int]] = {}
        self._forking = asyncio.Lock()
        self._busy: set[_Worker] = set()
        self._listener: asyncio.Task[None] | None = None
        self._closing = False
        self._rest = asyncio.Event()
        self.layers: tuple[str, ...] = ()
        self.restarts = 0

    @property
    def alive(self) -> bool:
        """Whether the process that workers come from is running."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the zygote and all workers; raises PoolError with the reason when it cannot."""
        await self._start_zygote()
        for lane in (*[self._small] * self._settings.count, self._large):
            lane.idle.put_nowait(await self._fork(lane))

    async def stop(self) -> None:
        """End all workers at once; requests under way fail."""
        self._closing = True
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener
        workers = list(self._busy)
        for lane in (self._small, self._large):
            while not lane.idle.empty():
                if (worker := lane.idle.get_nowait()) is not None:
                    workers.append(worker)
        for worker in workers:
            worker.writer.close()
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    @property
    def count(self) -> int:
        """Number of workers, the one for large messages aside."""
        return self._settings.count

    async def retire(self) -> None:
        """Let the requests under way end, then stop."""
        self._closing = True
        while self._busy:
            self._rest.clear()
            await self._rest.wait()
        await self.stop()

    async def request(self, payload: Mapping[str, Any], *, size: int = 0) -> tuple[dict[str, Any], float]:
        """Return a worker's reply and the milliseconds it took; raises WorkerFailed.

        ``size`` is how many bytes there are to read, which tells who reads them.
        The time limit starts when a worker has taken the request, so a full
        house is not mistaken for a slow reader.
        """
        frame = frames.pack(dict(payload))
        worker = await self._take(self._large if size >= self._settings.large_bytes else self._small)
        self._busy.add(worker)
        healthy = False
        try:
            answer = await self._exchange(worker, frame)
            healthy = "error" not in answer
        finally:
            self._busy.discard(worker)
            self._rest.set()
            await asyncio.shield(self._give_back(worker, healthy=healthy))
        if not healthy:
            raise WorkerFailed(str(answer["error"]))
        return answer["reply"], float(answer["milliseconds"])

    async def _exchange(self, worker: _Worker, frame: bytes) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._settings.seconds):
                worker.writer.write(frame)
                await worker.writer.drain()
                answer: dict[str, Any] = frames.unpack(await frames.receive(worker.reader))
        except TimeoutError:
            raise WorkerFailed(f"time limit of {self._settings.seconds:g} s") from None
        except (frames.FrameError, ConnectionError):
            raise WorkerFailed(await self._why_ended(worker)) from None
        if not isinstance(answer, dict) or not ({"reply", "milliseconds"} <= answer.keys() or "error" in answer):
            raise WorkerFailed("reply not understood")
        return answer

    async def _why_ended(self, worker: _Worker) -> str:
        ended = self._ended.get(worker.pid)
        if ended is None:
            return "worker ended"
        try:
            status = await asyncio.wait_for(asyncio.shield(ended), _END_SECONDS)
        except (TimeoutError, asyncio.CancelledError):
            return "worker ended"
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number == signal.SIGXCPU:
                return f"processor time limit of {self._settings.limits.cpu_seconds} s"
            return f"worker killed by {signal.Signals(number).name}"
        return f"worker ended with status {os.waitstatus_to_exitcode(status)}"

    async def _take(self, lane: _Lane) -> _Worker:
        try:
            worker = await asyncio.wait_for(lane.idle.get(), self._settings.wait_seconds)
        except TimeoutError:
            raise NoWorker(f"no worker was free within {self._settings.wait_seconds:g} s") from None
        if worker is not None:
            return worker
        # An earlier replacement failed; its place in the queue is a promise to try again.
        try:
            return await self._fork(lane)
        except (PoolError, OSError) as error:
            lane.idle.put_nowait(None)
            raise NoWorker("no worker could be started") from error

    async def _give_back(self, worker: _Worker, *, healthy: bool) -> None:
        worker.served += 1
        if self._closing:
            worker.writer.close()
            return
        if healthy and worker.served < self._settings.recycle_after:
            worker.lane.idle.put_nowait(worker)
            return
        if not healthy:
            self.restarts += 1
            if self._observer is not None:
                self._observer.worker_ended("failed")
        self._kill(worker)
        try:
            worker.lane.idle.put_nowait(await self._fork(worker.lane))
        except (PoolError, OSError):
            worker.lane.idle.put_nowait(None)

    def _kill(self, worker: _Worker) -> None:
        worker.writer.close()
        with contextlib.suppress(OSError):
            self._send({"do": "kill", "pid": worker.pid})

    def _send(self, command: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        if self._control is None:
            raise PoolError("the worker pool is not running")
        data = frames.pack(command)[frames.HEADER.size :]
        if descriptors:
            socket.send_fds(self._control, [data], descriptors)
        else:
            self._control.send(data)

    async def _start_zygote(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "dlp_gateway.inspection.zygote",
                str(theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                env=environment,
            )
        finally:
            theirs.close()
        self._control = ours
        limits = self._settings.limits
        start = {
            "factory": self._settings.factory,
            "arguments": dict(self._settings.arguments),
            "readable": [str(path) for path in self._settings.readable],
            "required": list(self._settings.required_layers),
            "limits": {
                "memory_bytes": limits.memory_bytes,
                "cpu_seconds": limits.cpu_seconds,
                "open_files": limits.open_files,
            },
        }
        self._send(start)
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

    async def _listen(self, control: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while data := await loop.sock_recv(control, 64 * 1024):
            event = frames.unpack(data)
            if "forked" in event:
                self._ended[event["forked"]] = loop.create_future()
                self._forked.put_nowait(event["forked"])
            elif (ended := self._ended.pop(event["ended"], None)) is not None and not ended.done():
                self._ended_status(event["ended"], ended, event["status"])

    def _ended_status(self, pid: int, ended: asyncio.Future[int], status: int) -> None:
        # Kept until the caller has looked: the end of the line and this event come in any order.
        ended.set_result(status)
        self._ended[pid] = ended
        asyncio.get_running_loop().call_later(2 * _END_SECONDS, self._ended.pop, pid, None)

    async def _fork(self, lane: _Lane) -> _Worker:
        async with self._forking:
            if not self.alive:
                await self._restart_zygote()
            ours, theirs = socket.socketpair()
            try:
                self._send({"do": "fork", "nice": lane.nice}, (theirs.fileno(),))
            except OSError as error:
                ours.close()
                raise PoolError("the process that workers come from has ended") from error
            finally:
                theirs.close()
            try:
                pid = await asyncio.wait_for(self._forked.get(), _READY_SECONDS)
            except TimeoutError:
                ours.close()
                raise PoolError("no worker was started") from None
            reader, writer = await asyncio.open_connection(sock=ours, limit=1024 * 1024)
            return _Worker(pid, reader, writer, lane)

    async def _restart_zygote(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
        if self._control is not None:
            self._control.close()
        self._forked = asyncio.Queue()
        self._ended.clear()
        await self._start_zygote()
