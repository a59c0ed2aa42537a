import asyncio
from contextlib import asynccontextmanager

import pytest

from dlp_gateway.delivery.settlement import Settlement
from dlp_gateway.model import Zone
from dlp_gateway.store.errors import StoreFullError, StoreUnavailableError
from dlp_gateway.store.values import Kind, Outcome, Outgoing, State
from tests.unit.delivery.examples import due, recipient
from tests.unit.delivery.memory_queue import Clock, MemoryQueue


def outcome(number):
    return Outcome(number, State.DELIVERED)


class FailingQueue(MemoryQueue):
    """Refuses batches that hold a bad delivery, or everything ``down`` times."""

    def __init__(self, bad=(), down=0, error=OSError):
        super().__init__(Clock())
        self.bad = set(bad)
        self.down = down
        self.error = error
        self.times = []
        self.put(b"", *(due(number) for number in range(20)))

    async def settle(self, outcomes, now):
        self.down -= 1
        self.times.append(now)
        if self.down >= 0 or self.bad & {each.delivery_id for each in outcomes}:
            raise self.error("database is locked")
        await super().settle(outcomes, now)


@asynccontextmanager
async def running(queue):
    done = []
    settlement = Settlement(queue, queue.clock, done.extend)
    task = asyncio.create_task(settlement.run())
    try:
        yield settlement, done
    finally:
        settlement.stop()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_comes_together_is_settled_together():
    queue = FailingQueue()
    async with running(queue) as (settlement, done):
        for number in range(10):
            settlement.put([outcome(number)])
        assert await settlement.flush(5)

    assert queue.settlements == [10]
    assert done == list(range(10))


async def test_one_bad_outcome_does_not_hold_up_the_rest():
    queue = FailingQueue(bad={3})
    async with running(queue) as (settlement, done):
        settlement.put([outcome(number) for number in range(10)])
        await queue.until(lambda: len(queue.outcomes) == 9)
        assert not await settlement.flush(0.01)
        queue.bad.clear()
        assert await settlement.flush(5)

    assert sorted(done) == list(range(10))


@pytest.mark.parametrize("down", [1, 2, 5])
async def test_a_store_that_comes_back_gets_everything(down):
    queue = FailingQueue(down=down)
    async with running(queue) as (settlement, done):
        settlement.put([outcome(number) for number in range(4)])
        assert await settlement.flush(10)

    assert sorted(done) == [0, 1, 2, 3]
    assert sum(queue.settlements) == 4


async def test_with_nothing_to_do_it_is_flushed():
    async with running(FailingQueue()) as (settlement, _):
        settlement.put([])
        assert await settlement.flush(0.01)


def reported(*numbers, about="m1"):
    """Failures that share a report."""
    report = Outgoing(Kind.BOUNCE, recipient("ann@westendonsixth.com"), Zone.INTERNAL, about.encode(), about)
    return [Outcome(number, State.FAILED, bounce=report) for number in numbers]


def bounces(queue):
    return [row.due.message_id for row in queue.rows.values() if row.due.kind is Kind.BOUNCE]


@pytest.mark.parametrize("error", [StoreUnavailableError, StoreFullError, OSError])
@pytest.mark.parametrize("down", [1, 2, 5])
async def test_recipients_that_share_a_report_share_it_whatever_the_store_does(down, error):
    queue = FailingQueue(down=down, error=error)
    async with running(queue) as (settlement, done):
        settlement.put([*reported(*range(8)), outcome(8), *reported(9, 10, about="m2")])
        assert await settlement.flush(10)

    assert sorted(done) == list(range(11))
    assert len(bounces(queue)) == 2


@pytest.mark.parametrize("error", [StoreUnavailableError, StoreFullError])
async def test_while_the_store_is_away_nothing_is_split(error):
    queue = FailingQueue(down=2, error=error)
    async with running(queue) as (settlement, _):
        settlement.put([outcome(number) for number in range(10)])
        assert await settlement.flush(10)

    assert queue.settlements == [10]


async def test_one_bad_outcome_holds_up_those_of_its_report_alone():
    queue = FailingQueue(bad={3})
    async with running(queue) as (settlement, done):
        settlement.put([*reported(2, 3, 4), *(outcome(number) for number in range(10, 20))])
        await queue.until(lambda: len(queue.outcomes) == 10)
        queue.bad.clear()
        assert await settlement.flush(5)

    assert sorted(done) == [2, 3, 4, *range(10, 20)]
    assert len(bounces(queue)) == 1


async def test_an_outcome_is_offered_with_the_same_time_each_time():
    queue = FailingQueue(down=3, error=StoreUnavailableError)
    ended = queue.clock.now

    class Moving(Clock):
        def __call__(self):
            self.now += 1
            return self.now

    queue.clock = Moving(ended)
    async with running(queue) as (settlement, _):
        settlement.put([outcome(1)])
        assert await settlement.flush(10)

    assert queue.times == [ended + 1] * 4


async def test_it_is_not_flushed_while_something_is_being_settled():
    class Slow(FailingQueue):
        going_on = asyncio.Event()

        async def settle(self, outcomes, now):
            if outcomes[0].delivery_id == 2:
                await self.going_on.wait()
            await super().settle(outcomes, now)

    queue = Slow(down=1, error=StoreUnavailableError)
    async with running(queue) as (settlement, done):
        settlement.put([outcome(1)])
        await queue.until(lambda: queue.settlements == [1])
        settlement.put([outcome(2)])
        assert not await settlement.flush(0.05)
        Slow.going_on.set()
        assert await settlement.flush(5)

    assert done == [1, 2]
