"""The one thread that writes: it takes what waits and makes it true in one transaction (group commit).

Concurrent sessions share the cost of a commit: while one group is written and
synced to disk, the next gathers. If a group fails, its jobs are tried one by
one, so that a bad one fails alone; nobody hears of success before the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlp_gateway.audit.chain import Checkpoint, Note
from dlp_gateway.audit.witness import Witness, WitnessError
from dlp_gateway.store import database, record
from dlp_gateway.store import queue as statements
from dlp_gateway.store.errors import StoreError, StoreFullError, StoreInvalidError, StoreUnavailableError, describe
from dlp_gateway.store.intake import Rows
from dlp_gateway.store.keys import GatewayKeys
from dlp_gateway.store.values import Outcome

# Large messages share a transaction with few others, which would have to wait for all of them.
_GROUP_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Commit:
    """Rows of an intake that wait to become true; ``size`` is what it adds to the disk, about."""

    rows: Rows
    size: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """Ends of attempts."""

    outcomes: Sequence[Outcome]
    now: float


@dataclass(frozen=True, slots=True)
class Recording:
    """Entries for the record that go with nothing else."""

    notes: Sequence[Note]


@dataclass(frozen=True, slots=True)
class Statement:
    """A few statements that share the group's transaction; run again if the group has to be split."""

    run: Callable[[Any], Any]


Work = Commit | Settlement | Recording | Statement


@dataclass(slots=True)
class Job:
    """Work, and who waits for it."""

    work: Work
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    since: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Signing:
    """When the head of the record's chain is signed, and who is told of each checkpoint.

    ``witness`` remembers the last one outside of the database: what does not
    go on from there is not signed.
    """

    entries: int
    seconds: float
    tell: Callable[[Checkpoint], None] | None = None
    witness: Witness | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How the writer is: ``waiting`` jobs, the longest for ``oldest`` seconds.

    ``failed`` says why the database did not take the last group, until it
    takes one again; jobs that were bad in themselves do not count. ``altered``
    says why the record is not signed any more, until it can be again;
    ``forgetful`` why what was signed last could not be remembered.
    """

    alive: bool
    waiting: int
    oldest: float
    failed: str | None
    altered: str | None = None
    forgetful: str | None = None


class Writer:
    """Runs jobs from any event loop on one thread, grouped; see the module."""

    def __init__(
        self,
        keys: GatewayKeys,
        *,
        pseudonyms: bool,
        reserve: int,
        group: int,
        signing: Signing,
        clock: Callable[[], float],
    ) -> None:
        self.keys = keys
        self._pseudonyms = pseudonyms
        self._reserve = reserve
        self._group = group
        self._signing = signing
        self._clock = clock
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting: dict[int, Job] = {}
        self._failed: str | None = None
        self._altered: str | None = None
        self._forgetful: str | None = None
        self._signed_at = time.monotonic()
        self._unsigned = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def do(self, work: Work) -> Any:
        """Wait until ``work`` is true; raises StoreError when it is not and will not be."""
        loop = asyncio.get_running_loop()
        job = Job(work, loop, loop.create_future())
        if self._closing or not self._thread.is_alive():
            raise StoreUnavailableError("the store is closed")
        self._waiting[id(job)] = job
        self._jobs.put(job)
        return await job.future

    def health(self) -> Health:
        """How the writer is, without asking it."""
        waiting = list(self._waiting.values())
        oldest = max((time.monotonic() - job.since for job in waiting), default=0.0)
        alive = self._thread.is_alive() and not self._closing
        return Health(alive, len(waiting), oldest, self._failed, self._altered, self._forgetful)

    def close(self) -> None:
        """Finish what waits, sign the head of the chain and end the thread. Blocks; call it off the event loop."""
        self._closing = True
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            open_ = True
            while open_:
                jobs, open_ = self._gather()
                jobs = self._refuse_without_room(jobs)
                if jobs:
                    self._transact_or_split(jobs)
                self._checkpoint(final=not open_)
        finally:
            self._refuse_all()
            database.close()

    def _gather(self) -> tuple[list[Job], bool]:
        """What waits now, at most a group of it; waits for a first job until a checkpoint may be due."""
        jobs: list[Job] = []
        size = 0
        try:
            job = self._jobs.get(timeout=self._signing.seconds)
            while job is not None:
                jobs.append(job)
                size += job.work.size if isinstance(job.work, Commit) else 0
                if len(jobs) >= self._group or size >= _GROUP_BYTES:
                    return jobs, True
                job = self._jobs.get_nowait()
        except queue.Empty:
            return jobs, True
        return jobs, False

    def _refuse_without_room(self, jobs: list[Job]) -> list[Job]:
        """Keep the last room on the disk for settlements: new mail is refused before it is used up."""
        free = database.free_bytes()
        if free is None:
            return jobs
        kept = []
        for job in jobs:
            if isinstance(job.work, Commit):
                free -= 2 * job.work.size
                if free < self._reserve:
                    self._fail(job, StoreFullError("nothing was stored: less than the reserve is free on the disk"))
                    continue
            kept.append(job)
        return kept

    def _transact_or_split(self, jobs: list[Job]) -> None:
        try:
            results = self._transact(jobs)
        except StoreUnavailableError as error:
            if database.is_postgresql():
                # The line may have broken on the way to the commit or back: look before doing it again.
                self._split(jobs, lost=True)
            else:
                self._fail_all(jobs, error)
        except StoreError as error:
            if len(jobs) == 1:
                self._fail(jobs[0], error)
            else:
                self._split(jobs, lost=False)
        else:
            self._resolve(zip(jobs, results, strict=True))

    def _split(self, jobs: list[Job], *, lost: bool) -> None:
        """Try the jobs of a failed group one by one; give up on all when the database does not answer."""
        for n, job in enumerate(jobs):
            try:
                result = self._transact([job], lost=lost)
            except StoreUnavailableError as error:
                self._fail_all(jobs[n:], error)
                return
            except StoreError as error:
                self._fail(job, error)
            else:
                self._resolve([(job, result[0])])

    def _transact(self, jobs: Sequence[Job], *, lost: bool = False) -> list[Any]:
        """One transaction; ``lost`` when the end of an earlier one is not known."""
        try:
            with database.failures("nothing was stored"), database.transact():
                results, recorded = self._statements(jobs, lost=lost)
        except StoreInvalidError:
            raise
        except StoreError as error:
            self._failed = str(error)
            if isinstance(error, StoreUnavailableError):
                database.close()  # The connection may be the reason; the next transaction makes a new one.
            raise
        except Exception as error:  # noqa: BLE001  # one bad job must not end the thread that all others need
            raise StoreInvalidError(f"nothing was stored: {describe(error)}") from None
        self._failed = None
        self._unsigned += recorded
        return results

    def _statements(self, jobs: Sequence[Job], *, lost: bool) -> tuple[list[Any], int]:
        cursor = database.cursor()
        rows = Rows()
        for job in jobs:
            if isinstance(job.work, Commit) and not (lost and _is_stored(cursor, job.work)):
                rows.extend(job.work.rows)
            elif isinstance(job.work, Recording):
                rows.notes += job.work.notes
        rows.insert(cursor)
        for job in jobs:
            if isinstance(job.work, Settlement):
                settled, finished = statements.settle(cursor, job.work.outcomes, job.work.now, self.keys)
                settled.insert(cursor)
                statements.erase(cursor, finished)
                rows.notes += settled.notes
        results = [job.work.run(cursor) if isinstance(job.work, Statement) else None for job in jobs]
        record.append(cursor, rows.notes, self.keys.pseudonym if self._pseudonyms else None)
        return results, len(rows.notes)

    def _checkpoint(self, *, final: bool) -> None:
        """Sign the head of the chain when enough entries or time have passed; then also let go of what was erased."""
        passed = time.monotonic() - self._signed_at
        if not (final or passed >= self._signing.seconds or self._unsigned >= self._signing.entries):
            return
        self._signed_at, self._unsigned = time.monotonic(), 0
        try:
            checkpoint = self._sign()
            if passed >= self._signing.seconds:
                with database.failures("the write-ahead log was not cut off"):
                    database.checkpoint()
            if checkpoint is not None and self._signing.tell is not None:
                self._signing.tell(checkpoint)
        except StoreError as error:
            self._failed = str(error)
            database.close()
        except Exception as error:  # noqa: BLE001  # whoever is told of checkpoints must not end the thread either
            self._failed = f"the checkpoint was not handed on: {describe(error)}"

    def _sign(self) -> Checkpoint | None:
        """Sign the head of the chain; None when nothing is new, or it does not go on from what was signed last."""
        witness = self._signing.witness
        try:
            last = None if witness is None else witness.read()
            with database.failures("the head of the record was not signed"), database.transact():
                # None when there is nothing new: entries of other processes count too.
                checkpoint = record.add_checkpoint(database.cursor(), self._clock(), *self.keys.audit, last)
        except (record.RecordAlteredError, WitnessError) as error:
            self._altered = str(error)
            return None
        self._altered = None
        if checkpoint is not None and witness is not None:
            try:
                witness.keep(checkpoint)
                self._forgetful = None
            except WitnessError as error:
                self._forgetful = str(error)
        return checkpoint

    def _fail(self, job: Job, error: StoreError) -> None:
        self._tell([(job, None, error)])

    def _fail_all(self, jobs: Iterable[Job], error: StoreError) -> None:
        self._tell([(job, None, error) for job in jobs])

    def _resolve(self, results: Iterable[tuple[Job, Any]]) -> None:
        self._tell([(job, result, None) for job, result in results])

    def _tell(self, ends: Sequence[tuple[Job, Any, Exception | None]]) -> None:
        loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any, Exception | None]]] = {}
        for job, result, error in ends:
            self._waiting.pop(id(job), None)
            loops.setdefault(job.loop, []).append((job.future, result, error))
        for loop, told in loops.items():
            with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits there any more.
                loop.call_soon_threadsafe(_set_results, told)

    def _refuse_all(self) -> None:
        """Nobody waits for ever for a writer that has ended."""
        self._closing = True
        jobs = list(self._waiting.values())
        self._tell([(job, None, StoreUnavailableError("the store is closed")) for job in jobs])


def _set_results(told: Sequence[tuple[asyncio.Future[Any], Any, Exception | None]]) -> None:
    for future, result, error in told:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


def _is_stored(cursor: Any, work: Commit) -> bool:
    """Whether an earlier try, whose end was not heard of, has made this intake true after all."""
    first = work.rows.messages[0]
    cursor.execute("SELECT at, content_digest, facts FROM dlp_message WHERE id = %s", (first[0],))
    row = cursor.fetchone()
    return row is not None and tuple(row) == (first[3], first[18], first[16])
