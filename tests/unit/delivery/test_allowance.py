import asyncio

from dlp_gateway.delivery.allowance import Allowance


async def started(coroutine):
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0)
    return task


async def test_content_beyond_the_total_waits_its_turn():
    allowance = Allowance(100)
    await allowance.take(60)
    large, small = await started(allowance.take(50)), await started(allowance.take(10))

    assert not large.done()
    assert not small.done()
    allowance.give(60)
    await asyncio.gather(large, small)


async def test_a_message_larger_than_the_total_goes_alone():
    allowance = Allowance(100)
    await allowance.take(500)
    other = await started(allowance.take(1))

    assert not other.done()
    allowance.give(500)
    await other


async def test_who_gives_up_leaves_no_trace():
    allowance = Allowance(100)
    await allowance.take(100)
    first, second, third = [await started(allowance.take(size)) for size in (90, 50, 50)]
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    allowance.give(100)
    await asyncio.gather(second, third)
    allowance.give(50)
    allowance.give(50)

    await allowance.take(100)


async def test_who_gives_up_at_the_very_moment_of_its_turn_gives_back():
    allowance = Allowance(100)
    await allowance.take(100)
    first = await started(allowance.take(100))
    allowance.give(100)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)

    await allowance.take(100)


async def test_those_behind_one_that_gave_up_are_let_in():
    allowance = Allowance(100)
    await allowance.take(50)
    large = await started(allowance.take(60))
    small = await started(allowance.take(50))
    large.cancel()
    await asyncio.gather(large, return_exceptions=True)

    await small
