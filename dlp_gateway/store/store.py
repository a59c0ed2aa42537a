"""The store as the gateway uses it: asynchronous, durable, one writer.

The quiet side (command line, console, reports) needs none of this: it calls
``database.configure`` and the functions of ``spool``, ``decisions``, ``counters``
and ``quarantine``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from dlp_gateway.audit.chain import Checkpoint, Note
from dlp_gateway.audit.witness import Witness
from dlp_gateway.model import DAY
from dlp_gateway.store import database
from dlp_gateway.store import queue as statements
from dlp_gateway.store.errors import StoreError, StoreFullError, StoreInvalidError, StoreUnavailableError, describe
from dlp_gateway.store.intake import Rows, prepare
from dlp_gateway.store.keys import GatewayKeys
from dlp_gateway.store.recent import Recent
from dlp_gateway.store.values import Due, Intake, Outcome, State
from dlp_gateway.store.waiting import Bell
from dlp_gateway.store.writer import Commit, Health, Recording, Settlement, Signing, Statement, Writer

T = TypeVar("T")

# From so many bytes or findings on, an intake is prepared on another thread; below, that costs more than it saves.
_LARGE = 256 * 1024
_MANY = 200
_READERS = 2


@dataclass(frozen=True, slots=True)
class Options:
    """How the store behaves; sizes in bytes.

    ``reserve`` is room on the disk that new mail may not use up. ``group`` is
    the most work that shares one transaction. ``recent`` bounds the content
    kept in memory from its commit to its delivery. The head of the record is
    signed after ``checkpoint_entries`` or ``checkpoint_seconds``, and at the
    end; ``checkpoint_to`` is told of each signature, on the writer's thread.
    ``witness`` remembers the last one, and nothing is signed that does not go
    on from there.
    """

    pseudonyms: bool = False
    hold_seconds: float = 30 * DAY
    reserve: int = 64 << 20
    group: int = 256
    recent: int = 32 << 20
    checkpoint_entries: int = 1000
    checkpoint_seconds: float = 60.0
    checkpoint_to: Callable[[Checkpoint], None] | None = None
    witness: Witness | None = None


class Store:
    """The one commit, the queue (``values.Queue``) and housekeeping; made by ``Store.open``."""

    def __init__(self, claim: ExitStack, keys: GatewayKeys, options: Options, clock: Callable[[], float]) -> None:
        self._claim = claim
        self._options = options
        self._clock = clock
        self._writer = Writer(
            keys,
            pseudonyms=options.pseudonyms,
            reserve=options.reserve,
            group=options.group,
            signing=Signing(
                options.checkpoint_entries, options.checkpoint_seconds, options.checkpoint_to, options.witness
            ),
            clock=clock,
        )
        self._readers = ThreadPoolExecutor(_READERS, "store-reader", initializer=self._connected)
        self._keeper = ThreadPoolExecutor(1, "store-keeper", initializer=self._connected)
        self._connections: list[Any] = []
        self._recent = Recent(options.recent)
        self._bell = Bell(clock)
        self._unsettled: set[int] = set()

    @classmethod
    async def open(
        cls, url: str, keys: GatewayKeys, options: Options | None = None, clock: Callable[[], float] = time.time
    ) -> Store:
        """Connect, bring the schema up to date and start the writer. A process has one store at a time.

        On SQLite the store is the only one on its database, so what a gateway
        before it had in hand when it died is due at once.

        Raises:
            StoreError: the URL is none we support, the database cannot be
                reached, was made by a newer release, or another gateway uses it.
        """
        claim = await asyncio.to_thread(_start, url, clock())
        return cls(claim, keys, options or Options(), clock)

    async def close(self) -> None:
        """Finish what is being written, sign the head of the record and disconnect."""
        await asyncio.to_thread(self._close)

    def use_keys(self, keys: GatewayKeys) -> None:
        """Seal with rotated keys from now on; they must include those of messages still in the store."""
        self._writer.keys = keys

    async def commit(self, intake: Intake) -> None:
        """Make a decision true: its deliveries, its hold, its record. Returns once that is on disk.

        Raises:
            StoreInvalidError: the intake contradicts itself or the store.
            StoreFullError: no room; nothing was stored (452 4.3.1).
            StoreUnavailableError: the database cannot be written (451 4.3.0).
        """
        content = intake.content
        size = (0 if content is None else len(content)) + sum(len(outgoing.content) for outgoing in intake.outgoing)
        heavy = size >= _LARGE or len(intake.decision.inspection.findings) >= _MANY
        rows = await asyncio.to_thread(self._prepare, intake) if heavy else self._prepare(intake)
        if content is not None and rows.delivers(intake.decision.id):
            self._recent.put(intake.decision.id, content)
        try:
            await self._writer.do(Commit(rows, size))
        except BaseException:
            self._recent.get(intake.decision.id)
            raise
        if rows.queued:
            self._bell.ring()

    async def lease(self, worker: str, limit: int, now: float, seconds: float) -> Sequence[Due]:
        """See ``values.Queue``. Nothing is leased while ``settle`` has to be tried again."""
        if self._unsettled:
            raise StoreUnavailableError("nothing is leased until the ends of earlier attempts are recorded")
        heard = self._bell.heard()
        leased: statements.Leased = await self._writer.do(
            Statement(lambda cursor: statements.lease(cursor, worker, limit, now, seconds))
        )
        if leased.all:
            self._bell.answered(heard, leased.next_due)
        return leased.deliveries

    async def renew(self, delivery_ids: Sequence[int], now: float, seconds: float) -> None:
        """See ``values.Queue``."""
        await self._writer.do(Statement(lambda cursor: statements.renew(cursor, delivery_ids, now, seconds)))
        if seconds <= 0:
            self._bell.ring()

    async def accuse(self, delivery_ids: Sequence[int]) -> None:
        """See ``values.Queue``."""
        await self._writer.do(Statement(lambda cursor: statements.accuse(cursor, delivery_ids)))

    async def settle(self, outcomes: Sequence[Outcome], now: float) -> None:
        """See ``values.Queue``.

        Raises:
            StoreUnavailableError, StoreFullError: try again until it is taken;
                until then nothing is leased, because what was sent would look
                as if its lease had run out.
            StoreInvalidError: an outcome contradicts the store.
        """
        ids = {outcome.delivery_id for outcome in outcomes}
        try:
            await self._writer.do(Settlement(outcomes, now))
        except (StoreUnavailableError, StoreFullError):
            self._unsettled |= ids
            raise
        self._unsettled -= ids
        for outcome in outcomes:
            if outcome.bounce is not None:
                self._bell.ring()
            elif outcome.state in {State.DEFERRED, State.UNCERTAIN}:
                self._bell.ring_at(now if outcome.next_attempt is None else outcome.next_attempt)

    async def recall(self, now: float, seconds: float) -> None:
        """See ``values.Queue``."""
        if await self._writer.do(Statement(lambda cursor: statements.recall(cursor, now, seconds))):
            self._bell.ring()

    async def content(self, message_id: str) -> bytes:
        """See ``values.Queue``; raises SealError when the content was altered."""
        recent = self._recent.get(message_id)
        if recent is not None:
            return recent
        return await self.read(lambda: statements.content(database.cursor(), message_id, self._writer.keys))

    async def wait(self, seconds: float) -> None:
        """See ``values.Queue``."""
        await self._bell.wait(seconds)

    async def record(self, *notes: Note) -> None:
        """Add entries to the record, e.g. that the configuration changed."""
        await self._writer.do(Recording(notes))

    async def read(self, function: Callable[[], T]) -> T:
        """Run a reading function (``counters``, ``decisions``) on a thread with a connection; raises what it raises."""
        return await self._run(self._readers, function)

    async def write(self, function: Callable[[], T]) -> T:
        """Run a function that makes changes in transactions of its own (``retention``, ``quarantine.review``).

        Mail goes on between its transactions, so each should be short. Raises
        what the function raises.
        """
        result = await self._run(self._keeper, function)
        self._bell.ring()
        return result

    async def _run(self, threads: ThreadPoolExecutor, function: Callable[[], T]) -> T:
        def run() -> T:
            try:
                with database.failures("the store was not asked"):
                    return function()
            except StoreUnavailableError:
                database.close()  # The connection may be the reason; the next call makes a new one.
                raise

        return await asyncio.get_running_loop().run_in_executor(threads, run)

    def health(self) -> Health:
        """How the writer is; does not wait for it."""
        return self._writer.health()

    def _prepare(self, intake: Intake) -> Rows:
        try:
            return prepare(intake, self._writer.keys, self._options.hold_seconds)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # a value nobody thought of must not be more than a failed intake
            raise StoreInvalidError(f"the intake cannot be stored: {describe(error)}") from None

    def _connected(self) -> None:
        connection = database.connection()
        connection.inc_thread_sharing()  # So that it can be closed when its thread has ended.
        self._connections.append(connection)

    def _close(self) -> None:
        self._keeper.shutdown(wait=True)
        self._writer.close()
        self._readers.shutdown(wait=True)
        for connection in self._connections:
            connection.close()
        self._claim.close()


def _start(url: str, now: float) -> ExitStack:
    """Claim the database and prepare it; the claim lasts until the stack is closed."""
    with ExitStack() as stack:
        stack.enter_context(database.occupy(url))
        if not database.is_postgresql():
            try:
                with database.failures("what was left could not be taken over"), database.transact():
                    statements.take_over(database.cursor(), now)
            finally:
                database.close()
        return stack.pop_all()
