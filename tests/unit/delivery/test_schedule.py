import itertools

import pytest

from dlp_gateway.delivery.schedule import Schedule
from dlp_gateway.model import DAY

MINUTE = 60.0
HOUR = 3600.0


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 60), (1, 120), (2, 240), (3, 480), (4, 960), (5, 1920), (6, 3600), (7, 3600), (100, 3600), (100_000, 3600)],
)
def test_pauses_grow_to_the_longest(attempts, seconds):
    assert Schedule().pause(attempts, 0.5) == pytest.approx(seconds)


def test_a_factor_that_is_no_integer_is_not_cut_off():
    schedule = Schedule(first=100, factor=1.25, longest=300, jitter=0)

    assert [schedule.pause(n, 0.9) for n in range(6)] == pytest.approx([100, 125, 156.25, 195.3125, 244.140625, 300])


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 48.0), (0.25, 54.0), (0.5, 60.0), (0.75, 66.0)])
def test_jitter_spreads_to_both_sides(chance, seconds):
    assert Schedule().pause(0, chance) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("attempts", "age", "next_age"),
    [
        (0, 0, MINUTE),
        (6, 2 * HOUR, 3 * HOUR),
        (99, 5 * DAY - MINUTE, 5 * DAY),
        (99, 5 * DAY, None),
        (99, 6 * DAY, None),
    ],
)
def test_the_last_attempt_falls_on_the_expiry(attempts, age, next_age):
    next_attempt = Schedule().next_attempt(attempts, 1000.0, 1000.0 + age, 0.5)

    assert next_attempt == (None if next_age is None else pytest.approx(1000.0 + next_age))


def simulated(schedule, outage, uncertain=()):
    """Attempt times and warnings of a message whose next hop is away for the first ``outage`` seconds.

    The attempts with the numbers ``uncertain`` end uncertain.
    """
    now, due_at, attempts, tried, warned = 0.0, 0.0, 0, [], []
    while now < outage:
        tried.append(now)
        least = schedule.uncertain if attempts in uncertain else 0.0
        before, due_at = due_at, schedule.next_attempt(attempts, 0.0, now, 0.5, least)
        if schedule.warns(before, 0.0, now, due_at):
            warned.append(now)
        attempts += 1
        if due_at is None:
            break
        now = due_at
    return tried, warned


def test_d07_the_attempts_of_five_days_as_numbers():
    tried, warned = simulated(Schedule(), outage=10 * DAY)

    assert tried[:8] == pytest.approx([0, 60, 180, 420, 900, 1860, 3780, 7380])
    assert {round(after - before) for before, after in itertools.pairwise(tried[6:-1])} == {3600}
    assert tried[-1] == 5 * DAY
    assert warned == []


def test_the_sender_is_warned_once_at_the_mark():
    tried, warned = simulated(Schedule(warn_after=4 * HOUR), outage=10 * DAY)

    assert warned == [4 * HOUR]
    assert tried[-1] == 5 * DAY


def test_no_warning_when_delivery_comes_in_time():
    assert simulated(Schedule(warn_after=4 * HOUR), outage=3 * HOUR)[1] == []


def test_a_late_attempt_warns_and_the_next_does_not():
    schedule = Schedule(warn_after=4 * HOUR)

    assert schedule.warns(due_at=4 * HOUR, queued_at=0.0, now=9 * HOUR)
    assert not schedule.warns(due_at=10 * HOUR, queued_at=0.0, now=10 * HOUR)
    assert not schedule.warns(due_at=None, queued_at=0.0, now=10 * HOUR)


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": 0},
        {"factor": 0.5},
        {"longest": 1},
        {"jitter": 1},
        {"expiry": 0},
        {"warn_after": 6 * DAY},
        {"warn_after": 0},
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="a schedule has"):
        Schedule(**wrong)


@pytest.mark.parametrize(
    ("age", "pause"),
    [
        (4 * HOUR - MINUTE, HOUR),
        (3 * HOUR + MINUTE, HOUR),
        (4 * HOUR, 1.1 * HOUR),
        (5 * DAY - HOUR, HOUR),
        (5 * DAY - HOUR + 1, None),
        (5 * DAY - MINUTE, None),
    ],
)
def test_what_may_have_arrived_is_not_tried_sooner_for_a_mark_or_the_expiry(age, pause):
    schedule = Schedule(warn_after=4 * HOUR)

    found = schedule.next_attempt(3, 0.0, age, 0.5, schedule.uncertain)

    assert found == (None if pause is None else pytest.approx(age + pause))


@pytest.mark.parametrize("uncertain", [(), (0,), (6,), (7,), range(6, 12), range(200)])
def test_the_sender_is_warned_once_although_an_attempt_jumps_over_the_mark(uncertain):
    tried, warned = simulated(Schedule(warn_after=4 * HOUR), 10 * DAY, uncertain)

    assert len(warned) == 1
    assert 2.5 * HOUR < warned[0] <= 4 * HOUR
    assert all(tried[n + 1] - tried[n] >= HOUR for n in uncertain if n + 1 < len(tried))


def test_a_pause_is_stretched_to_the_longest():
    assert [Schedule().pause(0, 0.5, stretch=stretch) for stretch in (1, 2.5, 1000)] == [60, 150, 3600]


@pytest.mark.parametrize("schedule", [Schedule(), Schedule(uncertain=9000), Schedule(jitter=0), Schedule(longest=60)])
def test_nothing_waits_longer_than_the_farthest(schedule):
    pauses = [
        schedule.next_attempt(attempts, 0.0, 0.0, chance, least)
        for attempts in (0, 5, 100)
        for chance in (0.0, 0.5, 0.999)
        for least in (0.0, schedule.uncertain)
    ]

    assert max(pauses) <= schedule.farthest
