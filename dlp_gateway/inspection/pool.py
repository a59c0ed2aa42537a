"""Hands messages to confined workers, one at a time each, and replaces those that fail.

A worker that answers late is killed; one that dies, is replaced; in both cases
the caller gets ``WorkerFailed`` with a phrase for the record. Waiting callers
are served in order, large messages by a worker of their own, so that nobody
waits behind them. What a failed inspection means is for the caller to say, so
the pool retries only what no message is to blame for: a worker that ended
because the process it came from did.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import structlog

from dlp_gateway.inspection import frames
from dlp_gateway.inspection.confinement import ProcessLimits
from dlp_gateway.inspection.zygote_client import Forked, PoolError, ZygoteClient

__all__ = ["NoWorker", "PoolError", "PoolObserver", "PoolSettings", "WorkerFailed", "WorkerPool"]

log = structlog.get_logger()

_END_SECONDS = 2.0
# A process that workers come from which ended, or could not be started, again within these seconds is waited longer
# for each time: loading the models takes a processor for seconds.
_STEADY_SECONDS = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
# The worker for large messages yields to those for small ones, but not so much that its time would run out.
_NICE = 5
_CLOSED = "the workers have been stopped"


class WorkerFailed(Exception):
    """A worker did not answer this request; ``why`` is a phrase for the record."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NoWorker(WorkerFailed):
    """No worker took this request: all are busy for too long, or none can be started or kept."""


class _LostError(Exception):
    """A worker ended together with the process it came from; what it was reading has no part in that."""


class PoolObserver(Protocol):
    """Hears of what operators want to count."""

    def worker_ended(self) -> None:
        """A worker that failed was replaced."""
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
    forked: Forked
    lane: _Lane
    served: int = 0


class WorkerPool:
    """Confined workers behind one asynchronous call."""

    def __init__(self, settings: PoolSettings, observer: PoolObserver | None = None) -> None:
        self._settings = settings
        self._observer = observer
        self._small, self._large = _Lane(0), _Lane(_NICE)
        self._zygote = ZygoteClient(_start_request(settings))
        self._busy: set[_Worker] = set()
        self._pending = 0
        self._closing = False
        self._rest = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Whether the process that workers come from is running."""
        return self._zygote.alive

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of confinement in force."""
        return self._zygote.layers

    async def start(self) -> None:
        """Start the zygote and all workers; raises PoolError with the reason when it cannot."""
        await self._zygote.start()
        for lane in (*[self._small] * self._settings.count, self._large):
            lane.idle.put_nowait(await self._fork(lane))
        self._keeping = asyncio.create_task(self._keep_alive())

    async def _keep_alive(self) -> None:
        """Start the process that workers come from anew when it ended, though nobody asks for a worker.

        Whoever steers mail by what is told of ``alive`` sends none before.
        """
        loop = asyncio.get_running_loop()
        pause, revived = 0.0, loop.time() - _STEADY_SECONDS
        while not self._closing:
            await self._zygote.ended()
            pause = 0.0 if loop.time() - revived >= _STEADY_SECONDS else min(2 * pause or _FIRST_PAUSE, _LONGEST_PAUSE)
            await asyncio.sleep(pause)
            try:
                await self._zygote.revive()
            except (PoolError, OSError, frames.FrameError) as error:
                log.error("workers cannot be started anew", why=str(error))  # noqa: TRY400 - the text is ours
            revived = loop.time()

    async def stop(self) -> None:
        """End all workers at once; whoever asked or waits for one gets NoWorker."""
        self._closing = True
        workers = list(self._busy)
        for lane in (self._small, self._large):
            while not lane.idle.empty():
                if (worker := lane.idle.get_nowait()) is not None:
                    workers.append(worker)
            for _ in range(self._pending):
                lane.idle.put_nowait(None)
        for worker in workers:
            worker.forked.writer.close()
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait((self._keeping,))
        await self._zygote.stop()

    @property
    def count(self) -> int:
        """Number of workers, the one for large messages aside."""
        return self._settings.count

    async def retire(self) -> None:
        """Let the requests under way end, then stop.

        Under way are also those that wait for a worker, and what a caller asks
        for at once after an answer (without awaiting anything in between).
        """
        while self._pending:
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
        lane = self._large if size >= self._settings.large_bytes else self._small
        self._pending += 1
        try:
            try:
                return await self._serve(lane, frame)
            except _LostError:
                return await self._serve(lane, frame)
        except _LostError:
            raise NoWorker("the process that workers come from ended twice") from None
        finally:
            self._pending -= 1
            self._rest.set()

    async def _serve(self, lane: _Lane, frame: bytes) -> tuple[dict[str, Any], float]:
        worker = await self._take(lane)
        self._busy.add(worker)
        healthy = False
        try:
            answer = await self._exchange(worker, frame)
            healthy = "error" not in answer
        finally:
            self._busy.discard(worker)
            await asyncio.shield(self._give_back(worker, healthy=healthy))
        if not healthy:
            raise WorkerFailed(str(answer["error"]))
        return answer["reply"], float(answer["milliseconds"])

    async def _exchange(self, worker: _Worker, frame: bytes) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._settings.seconds):
                worker.forked.writer.write(frame)
                await worker.forked.writer.drain()
                answer: dict[str, Any] = frames.unpack(await frames.receive(worker.forked.reader))
        except TimeoutError:
            raise WorkerFailed(f"time limit of {self._settings.seconds:g} s") from None
        except (frames.FrameError, ConnectionError):
            raise WorkerFailed(await self._why_ended(worker)) from None
        if not isinstance(answer, dict) or not ({"reply", "milliseconds"} <= answer.keys() or "error" in answer):
            raise WorkerFailed("reply not understood")
        return answer

    async def _why_ended(self, worker: _Worker) -> str:
        """A phrase for the record; raises _LostError when the worker's end was no doing of its own."""
        try:
            # The end of the line and the news of the worker's end come in any order.
            status = await asyncio.wait_for(asyncio.shield(worker.forked.ended), _END_SECONDS)
        except TimeoutError:
            return "worker ended"
        if status is None:
            raise _LostError
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number == signal.SIGXCPU:
                return f"processor time limit of {self._settings.limits.cpu_seconds} s"
            return f"worker killed by {signal.Signals(number).name}"
        return f"worker ended with status {os.waitstatus_to_exitcode(status)}"

    async def _take(self, lane: _Lane) -> _Worker:
        if self._closing:
            raise NoWorker(_CLOSED)
        try:
            worker = await asyncio.wait_for(lane.idle.get(), self._settings.wait_seconds)
        except TimeoutError:
            raise NoWorker(f"no worker was free within {self._settings.wait_seconds:g} s") from None
        if worker is not None and worker.forked.lives and not self._closing:
            return worker
        if worker is not None:
            worker.forked.writer.close()
        if self._closing:
            raise NoWorker(_CLOSED)
        # An earlier replacement failed, and its place in the queue is a promise to try again;
        # or the worker died while it had nothing to do: no message is to blame, and none may meet it.
        if worker is not None:
            self._count_restart()
        return await self._fresh(lane)

    async def _fresh(self, lane: _Lane) -> _Worker:
        """A new worker for a place in the queue; the place stays, whatever becomes of the attempt or the caller."""
        forking = asyncio.ensure_future(self._fork(lane))
        try:
            return await asyncio.shield(forking)
        except asyncio.CancelledError:
            forking.add_done_callback(lambda done: lane.idle.put_nowait(_made(done)))
            raise
        except (PoolError, OSError) as error:
            lane.idle.put_nowait(None)
            raise NoWorker(_CLOSED if self._closing else "no worker could be started") from error

    async def _give_back(self, worker: _Worker, *, healthy: bool) -> None:
        worker.served += 1
        if self._closing:
            worker.forked.writer.close()
            return
        if healthy and worker.served < self._settings.recycle_after:
            worker.lane.idle.put_nowait(worker)
            return
        if not healthy:
            self._count_restart()
        self._zygote.kill(worker.forked)
        try:
            worker.lane.idle.put_nowait(await self._fork(worker.lane))
        except (PoolError, OSError):
            worker.lane.idle.put_nowait(None)

    def _count_restart(self) -> None:
        if self._observer is not None:
            self._observer.worker_ended()

    async def _fork(self, lane: _Lane) -> _Worker:
        return _Worker(await self._zygote.fork(lane.nice), lane)


def _start_request(settings: PoolSettings) -> dict[str, Any]:
    limits = settings.limits
    return {
        "factory": settings.factory,
        "arguments": dict(settings.arguments),
        "readable": [str(path) for path in settings.readable],
        "required": list(settings.required_layers),
        "limits": {
            "memory_bytes": limits.memory_bytes,
            "cpu_seconds": limits.cpu_seconds,
            "open_files": limits.open_files,
        },
    }


def _made(forking: asyncio.Future[_Worker]) -> _Worker | None:
    """The worker that a caller asked for and did not wait for; None where there is none."""
    return None if forking.cancelled() or forking.exception() is not None else forking.result()
