import asyncio

import pytest

from dlp_gateway.delivery.allowance import Allowance

# Of 800 bytes 100 are for small content alone, which is of at most 6 bytes here.
TOTAL = 800


async def started(coroutine):
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0)
    return task


async def test_content_beyond_the_total_waits_its_turn():
    allowance = Allowance(TOTAL)
    for destination in "ab":
        await allowance.take(300, destination)
    large, less = await started(allowance.take(200, "c")), await started(allowance.take(10, "d"))

    assert not large.done()
    assert not less.done()
    allowance.give(300, "a")
    await asyncio.gather(large, less)


async def test_a_message_larger_than_the_total_goes_alone():
    allowance = Allowance(TOTAL)
    await allowance.take(2000, "a")
    other = await started(allowance.take(10, "b"))

    assert not other.done()
    allowance.give(2000, "a")
    await other


async def test_small_content_never_waits_for_large():
    allowance = Allowance(TOTAL)
    await allowance.take(2000, "a")
    await started(allowance.take(100, "b"))

    async with asyncio.timeout(1):
        for destination in ("a", "b", "inside"):
            await allowance.take(6, destination)


@pytest.mark.parametrize("size", [6, 50])
async def test_one_destination_takes_at_most_half(size):
    allowance = Allowance(TOTAL)
    taken = 0
    while allowance.take_at_once(size, "slow"):
        taken += size
    waiting = await started(allowance.take(size, "slow"))

    assert taken == {6: 48, 50: 350}[size]
    assert not waiting.done()
    assert allowance.take_at_once(size, "inside")
    allowance.give(size, "slow")
    await waiting


async def test_who_waits_for_others_of_its_destination_holds_up_nobody_else():
    allowance = Allowance(TOTAL)
    await allowance.take(300, "slow")
    same = await started(allowance.take(300, "slow"))
    await asyncio.gather(allowance.take(300, "inside"), allowance.take(100, "other"))

    assert not same.done()
    allowance.give(300, "slow")
    await same


async def test_who_waits_for_the_whole_is_not_overtaken():
    allowance = Allowance(TOTAL)
    await allowance.take(600, "a")
    first = await started(allowance.take(200, "b"))

    assert not allowance.take_at_once(50, "c")
    allowance.give(600, "a")
    await first
    assert allowance.take_at_once(50, "c")


async def test_who_gives_up_leaves_no_trace():
    allowance = Allowance(TOTAL)
    await allowance.take(700, "a")
    first, second, third = [
        await started(allowance.take(size, name)) for name, size in (("b", 600), ("c", 300), ("d", 300))
    ]
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    allowance.give(700, "a")
    await asyncio.gather(second, third)
    allowance.give(300, "c")
    allowance.give(300, "d")

    assert allowance.take_at_once(700, "e")


async def test_who_gives_up_at_the_very_moment_of_its_turn_gives_back():
    allowance = Allowance(TOTAL)
    await allowance.take(700, "a")
    first = await started(allowance.take(700, "b"))
    allowance.give(700, "a")
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)

    assert allowance.take_at_once(700, "c")


async def test_those_behind_one_that_gave_up_are_let_in():
    allowance = Allowance(TOTAL)
    await allowance.take(300, "a")
    large = await started(allowance.take(600, "b"))
    less = await started(allowance.take(300, "c"))
    large.cancel()
    await asyncio.gather(large, return_exceptions=True)

    await less


async def test_the_last_to_come_are_turned_away():
    allowance = Allowance(TOTAL)
    await allowance.take(350, "a")
    waiting = [await started(allowance.take(300, "a")) for _ in range(3)]
    allowance.thin(2)
    found = await asyncio.gather(*waiting[1:], return_exceptions=True)

    assert [type(error) for error in found] == [TimeoutError] * 2
    assert not waiting[0].done()
    allowance.give(350, "a")
    await waiting[0]
