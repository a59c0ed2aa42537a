import asyncio

import pytest

from dlp_gateway.store.waiting import Bell


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def bell():
    bell = Bell(Clock())
    bell.answered(bell.heard(), None)
    return bell


async def wakes(bell, seconds=60.0):
    """Whether a wait ends at once."""
    try:
        async with asyncio.timeout(0.02):
            await bell.wait(seconds)
    except TimeoutError:
        return False
    return True


async def test_the_queue_is_asked_once_before_anybody_waits():
    assert await wakes(Bell(Clock()))


async def test_nothing_new_means_waiting(bell):
    assert not await wakes(bell)


async def test_a_ring_between_asking_and_waiting_is_not_missed(bell):
    heard = bell.heard()
    bell.ring()
    bell.answered(heard, None)

    assert await wakes(bell)


async def test_what_rang_is_over_when_a_later_answer_found_nothing(bell):
    bell.ring()
    bell.answered(bell.heard(), None)

    assert not await wakes(bell)


async def test_a_ring_wakes_all_who_wait(bell):
    waiting = [asyncio.ensure_future(bell.wait(60)) for _ in range(3)]
    await asyncio.sleep(0)
    bell.ring()

    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)


async def test_a_ring_from_another_thread_wakes(bell):
    waiting = asyncio.ensure_future(bell.wait(60))
    await asyncio.sleep(0)
    await asyncio.to_thread(bell.ring)

    async with asyncio.timeout(5):
        await waiting


async def test_the_wait_ends_when_the_next_is_due(bell):
    bell.answered(bell.heard(), 100.005)
    assert await wakes(bell)

    bell.answered(bell.heard(), 99.0)
    assert await wakes(bell)

    bell.answered(bell.heard(), 500.0)
    assert not await wakes(bell)


async def test_an_earlier_due_date_wakes_who_waits_for_a_later_one(bell):
    bell.answered(bell.heard(), 500.0)
    waiting = asyncio.ensure_future(bell.wait(60))
    await asyncio.sleep(0)
    bell.ring_at(200.0)

    async with asyncio.timeout(5):
        await waiting


async def test_the_wait_is_over_after_its_seconds(bell):
    async with asyncio.timeout(5):
        await bell.wait(0.001)
        await bell.wait(0)
