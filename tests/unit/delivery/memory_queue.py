"""The queue's protocol kept in memory, with a clock that only moves when told to."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dlp_gateway.store.values import Due, Kind, Outcome, State


class Clock:
    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class Row:
    due: Due
    at: float
    leased_to: str | None = None
    renewed: bool = False
    state: State | None = None


class MemoryQueue:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.rows: dict[int, Row] = {}
        self.contents: dict[str, bytes] = {}
        self.outcomes: list[Outcome] = []
        self.settlements: list[int] = []
        self.renewals: list[tuple[int, ...]] = []
        self.accused: list[tuple[int, ...]] = []
        self.leases = 0
        self.reads = 0
        self.changed = asyncio.Condition()
        self._news = asyncio.Event()

    def put(self, content: bytes, *dues: Due) -> None:
        for due in dues:
            self.rows[due.delivery_id] = Row(due, due.queued_at)
            self.contents[due.message_id] = content
        self.poke()

    def poke(self) -> None:
        self._news.set()

    async def move(self, seconds: float) -> None:
        self.clock.now += seconds
        self.poke()

    async def until(self, condition) -> None:
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(condition)

    def states(self) -> dict[int, State | None]:
        return {number: row.state for number, row in self.rows.items()}

    async def lease(self, worker: str, limit: int, now: float, seconds: float) -> Sequence[Due]:
        self.leases += 1
        open_rows = [row for row in self.rows.values() if row.state not in (State.DELIVERED, State.FAILED)]
        taken = []
        for row in sorted((row for row in open_rows if row.at <= now), key=lambda row: row.at)[:limit]:
            lost = 0 if row.leased_to is None else row.due.lost + (not row.renewed)
            row.due = replace(row.due, lost=lost, due_at=row.at)
            row.at, row.leased_to, row.renewed = now + seconds, worker, False
            taken.append(row.due)
        await self._tell()
        return taken

    async def content(self, message_id: str) -> bytes:
        self.reads += 1
        await self._tell()
        return self.contents[message_id]

    async def renew(self, delivery_ids: Sequence[int], now: float, seconds: float) -> None:
        self.renewals.append(tuple(delivery_ids))
        for number in delivery_ids:
            row = self.rows[number]
            row.at, row.renewed = now + seconds, seconds > 0
            if seconds == 0:
                row.leased_to = None
                row.due = replace(row.due, lost=0)
        await self._tell()

    async def accuse(self, delivery_ids: Sequence[int]) -> None:
        self.accused.append(tuple(delivery_ids))
        for number in delivery_ids:
            self.rows[number].renewed = False

    async def settle(self, outcomes: Sequence[Outcome], now: float) -> None:
        self.settlements.append(len(outcomes))
        reports = []
        for outcome in outcomes:
            row = self.rows[outcome.delivery_id]
            assert row.state not in (State.DELIVERED, State.FAILED)
            row.state, row.leased_to = outcome.state, None
            row.due = replace(row.due, attempts=row.due.attempts + outcome.attempts, lost=0)
            if outcome.next_attempt is not None:
                row.at = outcome.next_attempt
            if outcome.bounce is not None and outcome.bounce not in reports:
                reports.append(outcome.bounce)
                number = 10_000 + len(self.rows)
                bounce = outcome.bounce
                self.put(
                    bounce.content,
                    Due(
                        number,
                        f"bounce-{number}",
                        Kind.BOUNCE,
                        "",
                        bounce.recipient,
                        bounce.zone,
                        0,
                        now,
                        eight_bit=False,
                        smtputf8=False,
                        ret=None,
                        envid=None,
                        size=len(bounce.content),
                    ),
                )
            self.outcomes.append(outcome)
        await self._tell()

    async def recall(self, now: float, seconds: float) -> None:
        for row in self.rows.values():
            late = row.at > now + seconds + 60 or (row.at > now + 60 and row.at == row.due.queued_at)
            if row.state not in (State.DELIVERED, State.FAILED) and row.leased_to is None and late:
                row.at = now
                self.poke()

    async def wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()
