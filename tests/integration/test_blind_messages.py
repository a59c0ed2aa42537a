"""The blind messages through reader, documents, detectors, models and policy, as shipped."""

import pytest

from benchmarks.judging import Judge, blind_cases

# What the gateway promises for mail it was not made with (benchmarks/accuracy.md has the figures).
LEAST_CAUGHT, MOST_STOPPED_WRONGLY = 0.95, 0.04


@pytest.fixture(scope="module")
def judged():
    judge = Judge()
    return [judge.judge(case) for case in blind_cases()]


def test_there_are_enough_of_both_kinds(judged):
    assert len(judged) >= 150
    assert sum(one.caught is not None for one in judged) >= 60
    assert sum(one.caught is None for one in judged) >= 60


def test_messages_to_stop_are_stopped(judged):
    caught = [one.caught for one in judged if one.caught is not None and not one.case.hard]

    assert sum(caught) >= LEAST_CAUGHT * len(caught)


def test_messages_to_deliver_are_delivered(judged):
    stopped = [one.false_stop for one in judged if one.caught is None and not one.case.hard]

    assert sum(stopped) <= MOST_STOPPED_WRONGLY * len(stopped)
