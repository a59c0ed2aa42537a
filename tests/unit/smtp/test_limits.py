import dataclasses
import ipaddress

import pytest

from dlp_gateway.smtp.limits import ConnectionCount, MemoryBudget, RateLimit, ReceivingLimits, client_key


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(ReceivingLimits)])
def test_every_limit_is_positive(name):
    assert getattr(ReceivingLimits(), name) > 0
    with pytest.raises(ValueError, match=name):
        ReceivingLimits(**{name: 0})


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
    ],
)
def test_client_key(address, key):
    assert client_key(ipaddress.ip_address(address)) == key


def test_rate_limit_counts_by_key_and_forgets_with_the_window():
    clock = Clock()
    rate = RateLimit(2, 60, clock)
    for _ in range(2):
        assert not rate.reached("a")
        rate.count("a")

    assert rate.reached("a")
    assert not rate.reached("b")
    clock.now += 60
    assert not rate.reached("a")
    rate.count("a")
    assert not rate.reached("a")


def test_connection_count():
    connections = ConnectionCount(2)
    assert [connections.enter("a") for _ in range(3)] == [True, True, False]
    assert connections.enter("b")
    connections.leave("a")
    assert connections.enter("a")
    for key in ("a", "a", "b"):
        connections.leave(key)
    assert [connections.enter("a") for _ in range(3)] == [True, True, False]


def test_memory_budget():
    budget = MemoryBudget(100)
    first, second = budget.reservation("a"), budget.reservation("b")

    assert first.resize(60)
    assert not second.resize(41)
    assert (second.size, budget.used) == (0, 60)
    assert second.resize(40)
    assert not budget.fits(1, "c")
    assert first.resize(10)
    assert budget.fits(50, "c")
    first.release()
    first.release()
    second.release()
    assert budget.used == 0


# What one client's messages hold, what another one of a client would be, and whether it fits into 1600.
SHARES = [
    ([], "a", 1600, True),
    ([], "a", 1601, False),
    ([800], "a", 400, True),
    ([800], "a", 401, False),
    ([800], "b", 800, True),
    ([400, 400], "a", 400, True),
    ([400, 400, 400], "a", 24, False),
    ([400, 400, 400], "a", 23, True),
    ([400, 400, 400], "b", 400, True),
]


@pytest.mark.parametrize(("held", "client", "size", "fits"), SHARES)
def test_one_client_leaves_memory_to_others(held, client, size, fits):
    budget = MemoryBudget(1600)
    assert all(budget.reservation("a").resize(each) for each in held)

    assert budget.fits(size, client) is fits
    assert budget.reservation(client).resize(size) is fits


def test_the_only_message_of_a_client_grows_while_there_is_room():
    budget = MemoryBudget(1600)
    reservation = budget.reservation("a")

    assert all(reservation.resize(size) for size in range(0, 1601, 100))
    reservation.release()
    assert budget.fits(1600, "b")


def test_a_reservation_can_shrink_when_the_budget_became_smaller():
    budget = MemoryBudget(100)
    reservation = budget.reservation("a")
    assert reservation.resize(80)
    budget.limit = 10

    assert not reservation.resize(81)
    assert reservation.resize(20)
    assert budget.used == 20
