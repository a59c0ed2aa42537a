import asyncio

from dlp_gateway.delivery.leases import Leases
from tests.unit.delivery.examples import due
from tests.unit.delivery.memory_queue import Clock, MemoryQueue


class BrokenQueue(MemoryQueue):
    async def renew(self, delivery_ids, now, seconds):
        raise OSError("database is locked")


def leases(kind=MemoryQueue, seconds=60.0):
    queue = kind(Clock())
    queue.put(b"", *(due(number) for number in range(5)))
    return Leases(queue, seconds, queue.clock), queue


async def test_a_lease_holds_until_its_end():
    held, queue = leases()
    held.take([1, 2], queue.clock.now)

    assert held.hold([1, 2])
    assert not held.hold([1, 3])
    queue.clock.now += 60
    assert not held.hold([1])


async def test_a_renewed_lease_holds_longer():
    held, queue = leases()
    held.take([1, 2], queue.clock.now)
    queue.clock.now += 50
    await held.renew([1])
    queue.clock.now += 50

    assert held.hold([1])
    assert not held.hold([2])


async def test_what_takes_long_is_renewed_and_nothing_else():
    held, queue = leases(seconds=0.06)
    held.take([0], queue.clock.now - 0.04)
    held.take([1], queue.clock.now)
    held.take([2], queue.clock.now + 0.03)
    queue.clock.now += 0.03
    keeping = asyncio.create_task(held.keep())
    await queue.until(lambda: bool(queue.renewals))
    keeping.cancel()

    assert queue.renewals[0] == (1,)


async def test_what_ran_out_is_not_renewed_for_another_may_have_it():
    held, queue = leases()
    held.take([1, 2], queue.clock.now)
    queue.clock.now += 60
    held.take([3], queue.clock.now)
    await held.renew([1, 2, 3])
    await held.renew([1, 2])
    await held.accuse([1, 3])

    assert queue.renewals == [(3,)]
    assert queue.accused == [(3,)]
    assert not held.hold([1])
    assert held.hold([3])


async def test_what_was_renewed_too_late_is_not_held():
    class Slow(MemoryQueue):
        async def renew(self, delivery_ids, now, seconds):
            # The line to the store was cut for a while, and another worker reached it first.
            self.clock.now += 25
            await super().renew(delivery_ids, now, seconds)

    held, queue = leases(Slow)
    held.take([1], queue.clock.now)
    held.take([2], queue.clock.now + 20)
    queue.clock.now += 40
    await held.renew([1, 2])

    assert not held.hold([1])
    assert held.hold([2])


async def test_d03_of_two_only_the_accused_is_blamed():
    held, queue = leases()
    await queue.lease("dies", 10, queue.clock.now, 60)
    await queue.move(60)
    await queue.lease("worker", 10, queue.clock.now, 60)
    held.take([0, 1], queue.clock.now)
    await held.acquit([0, 1])
    await held.accuse([1])
    await queue.move(60)

    lost = {due.delivery_id: due.lost for due in await queue.lease("worker", 10, queue.clock.now, 60)}
    assert (lost[0], lost[1]) == (1, 2)


async def test_d03_to_acquit_nothing_or_in_vain_does_no_harm():
    held, queue = leases(BrokenQueue)
    held.take([1], queue.clock.now)
    await held.acquit([])
    await held.acquit([1])

    assert held.hold([1])


async def test_a_store_that_fails_does_not_end_the_keeping():
    held, queue = leases(BrokenQueue, seconds=0.006)
    held.take([1], queue.clock.now - 1)
    keeping = asyncio.create_task(held.keep())
    for _ in range(3):
        await asyncio.sleep(0.002)

    assert not keeping.done()
    keeping.cancel()
    await held.give_back()


async def test_only_what_is_still_ours_is_given_back():
    held, queue = leases()
    held.take([1], queue.clock.now - 60)
    held.take([2, 3], queue.clock.now)
    held.drop([3])
    await held.give_back()

    assert queue.renewals == [(2,)]
    assert len(held) == 0
