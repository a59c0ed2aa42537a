"""Limits hold for a part and for the message, and time is counted too."""

from __future__ import annotations

import pytest

from dlp_gateway.documents.budget import Amounts, DocumentBudget, DocumentLimits, OverBudget, Tried

SMALL = Amounts(100, 10, 10, 10, 100, 1000, 5.0)
LIMITS = DocumentLimits(part=SMALL, message=Amounts(150, 15, 15, 15, 150, 1500, 8.0), ratio=10, ratio_floor=50)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("unit", ["bytes", "entries", "pages", "cells", "characters", "pixels"])
def test_part_limit_is_inclusive(unit: str) -> None:
    budget = DocumentBudget(LIMITS)
    limit = getattr(SMALL, unit)
    budget.charge(unit, limit)
    with pytest.raises(OverBudget):
        budget.charge(unit, 1)


def test_parts_add_up_for_the_message() -> None:
    budget = DocumentBudget(LIMITS)
    with budget.part():
        budget.charge("bytes", 100)
    with budget.part():
        budget.charge("bytes", 50)
        assert budget.left("bytes") == 0
        with pytest.raises(OverBudget, match="too many bytes"):
            budget.charge("bytes", 1)


def test_left_is_the_smaller_of_both() -> None:
    budget = DocumentBudget(LIMITS)
    with budget.part():
        budget.charge("bytes", 90)
        assert budget.left("bytes") == 10
    with budget.part():
        assert budget.left("bytes") == 60


@pytest.mark.parametrize(("seconds", "over"), [(4.9, False), (5.1, True)])
def test_time_of_a_part(seconds: float, *, over: bool) -> None:
    clock = Clock()
    budget = DocumentBudget(LIMITS, clock=clock)
    with budget.part():
        clock.now = seconds
        if over:
            with pytest.raises(OverBudget, match="too long"):
                budget.check_time()
        else:
            budget.check_time()


def test_time_of_the_message() -> None:
    clock = Clock()
    budget = DocumentBudget(LIMITS, clock=clock)
    for _ in range(2):
        with budget.part():
            clock.now += 4
            budget.check_time()
    with budget.part():
        clock.now += 0.1
        with pytest.raises(OverBudget, match="too long"):
            budget.charge("cells", 1)


@pytest.mark.parametrize(
    ("unpacked", "packed", "over"), [(49, 1, False), (500, 50, False), (501, 50, True), (60, 0, True)]
)
def test_ratio(unpacked: int, packed: int, *, over: bool) -> None:
    budget = DocumentBudget(LIMITS)
    if over:
        with pytest.raises(OverBudget, match="more than its size"):
            budget.check_ratio(unpacked, packed)
    else:
        budget.check_ratio(unpacked, packed)


@pytest.mark.parametrize(
    ("limits", "files", "allowed"),
    [
        (DocumentLimits(password_tries=3), [(5, 0.1)], [3]),
        (DocumentLimits(password_tries=3), [(5, 0.1), (5, 0.1)], [3, 3]),
        (DocumentLimits(password_seconds=1.0, least_tries=1), [(5, 0.6), (5, 0.6)], [2, 2]),
        (DocumentLimits(password_seconds=1.0, least_tries=3), [(5, 0.6)], [3]),
        (DocumentLimits(password_seconds_message=1.0, least_tries=2), [(9, 0.3), (9, 0.3)], [4, 2]),
        (DocumentLimits(password_seconds_message=1.0, least_seconds=1.5), [(9, 0.3)] * 4, [4, 1, 0, 0]),
    ],
    ids=["number", "number of each", "time of each", "least of each", "least beyond the time", "time of all"],
)
def test_password_tries_end_by_number_and_by_time(
    limits: DocumentLimits, files: list[tuple[int, float]], allowed: list[int]
) -> None:
    clock = Clock()
    budget = DocumentBudget(limits, clock=clock)
    found = []
    for wanted, seconds in files:
        tried = Tried()
        for _ in range(wanted):
            with budget.password_try(tried) as ok:
                clock.now += seconds if ok else 0
        found.append(tried.count)
    assert found == allowed
