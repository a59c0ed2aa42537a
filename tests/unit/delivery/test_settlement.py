import asyncio
from contextlib import asynccontextmanager

import pytest

from dlp_gateway.delivery.settlement import Settlement
from dlp_gateway.store.values import Outcome, State
from tests.unit.delivery.examples import due
from tests.unit.delivery.memory_queue import Clock, MemoryQueue


def outcome(number):
    return Outcome(number, State.DELIVERED)


class FailingQueue(MemoryQueue):
    """Refuses batches that hold a bad delivery, or everything ``down`` times."""

    def __init__(self, bad=(), down=0):
        super().__init__(Clock())
        self.bad = set(bad)
        self.down = down
        self.put(b"", *(due(number) for number in range(20)))

    async def settle(self, outcomes, now):
        self.down -= 1
        if self.down >= 0 or self.bad & {each.delivery_id for each in outcomes}:
            raise OSError("database is locked")
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
