import asyncio

import pytest

from dlp_gateway.delivery.crowd import Crowd, thin
from dlp_gateway.delivery.result import DeliveryError, deferred
from dlp_gateway.delivery.settings import ConnectionSettings

BUSY = deferred("4.4.5", "the next hop is busy")
# Ten may wait whatever the pace.
SETTINGS = ConnectionSettings(connections=2, patience=600)


def crowd(*deliveries):
    """A crowd with somebody waiting for each number of deliveries; its pace is taken when the test says so."""
    made = Crowd(SETTINGS, BUSY)
    return made, [made.join(number) for number in deliveries]


def turned_away(waiting):
    return [waiter.done() and waiter.exception().result == BUSY for waiter in waiting]


async def test_before_the_pace_is_known_all_may_wait():
    _, waiting = crowd(*[1] * 1000)

    assert not any(turned_away(waiting))


@pytest.mark.parametrize(
    ("served", "deliveries", "stay"),
    [
        (0, [1] * 1000, 10),
        (0, [100, 1, 1], 1),
        (0, [4, 4, 4], 2),
        (1, [1] * 1000, 10),
        (50, [1] * 1000, 500),
        (100, [1] * 1000, 1000),
    ],
)
async def test_who_would_not_be_served_in_time_is_told_so_the_last_to_come_first(served, deliveries, stay):
    many, waiting = crowd(*deliveries)
    many.served(served)
    many._look()

    assert turned_away(waiting) == [position >= stay for position in range(len(deliveries))]


async def test_whoever_comes_later_is_told_at_once():
    many, waiting = crowd(*[1] * 10)
    many._look()

    with pytest.raises(DeliveryError):
        many.join(1)
    many.served(2)
    assert not many.join(10).done()
    assert not any(turned_away(waiting))


async def test_a_crowd_that_was_gone_is_judged_anew():
    many, waiting = crowd(1)
    many._look()
    many.leave(waiting[0])

    assert not any(turned_away([many.join(1) for _ in range(1000)]))


async def test_the_pace_is_taken_while_somebody_waits():
    many = Crowd(ConnectionSettings(connections=2, patience=0.1), BUSY)
    waiting = [many.join(1) for _ in range(12)]
    found = await asyncio.gather(*waiting[10:], return_exceptions=True)

    assert [error.result for error in found] == [BUSY, BUSY]
    for waiter in waiting:
        many.leave(waiter)
    assert many._watch is None


@pytest.mark.parametrize(
    ("crowds", "deliveries", "stay"),
    [
        ([[1] * 5], 0, [5]),
        ([[1] * 5], 2, [3]),
        ([[1] * 5], 9, [0]),
        ([[1] * 10, [1] * 2, [1] * 6], 7, [4, 2, 5]),
        ([[1] * 10, [100, 50]], 60, [10, 0]),
        ([[], [3, 3]], 1, [0, 1]),
    ],
)
async def test_the_longest_crowds_are_thinned_the_last_to_come_first(crowds, deliveries, stay):
    made = [crowd(*line) for line in crowds]
    told = thin([one for one, _ in made], deliveries, BUSY)

    gone = [turned_away(waiting) for _, waiting in made]
    assert gone == [[at >= count for at in range(len(line))] for count, line in zip(stay, crowds, strict=True)]
    assert told == sum(sum(line[count:]) for count, line in zip(stay, crowds, strict=True))
    assert [len(one.line()) for one, _ in made] == stay
