"""The daily digest: figures, links, nothing else; once a day over all gateways."""

import datetime as dt
import email
from zoneinfo import ZoneInfo

import pytest

from dlp_gateway.model import Action
from dlp_gateway.quarantine import appeals, digest
from dlp_gateway.quarantine.duty import Reader
from dlp_gateway.quarantine.notices import Letterhead
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.store import keys, rounds
from dlp_gateway.store.change import change
from dlp_gateway.store.workload import Workload, workload
from tests.unit.store.examples import NOW, PLANTED, SENDER, intake, verdict

HEAD = Letterhead("g.westendonsixth.com", "Kim", 30, "https://dlp.westendonsixth.com")
ANN = Reader("ann@westendonsixth.com", ("ben",))
DAY = 86400.0
HOLD = verdict("bob@example.org", Action.HOLD)
RISKY = verdict("bob@example.org", Action.HOLD, approvals=2)


def moment(text):
    return dt.datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("UTC", "2027-01-15T07:00:00+00:00", "2027-01-15T07:00:00+00:00"),
        ("UTC", "2027-01-15T23:59:59+00:00", "2027-01-15T07:00:00+00:00"),
        ("UTC", "2027-01-15T06:59:59+00:00", "2027-01-14T07:00:00+00:00"),
        ("Australia/Sydney", "2027-01-15T06:59:00+11:00", "2027-01-14T07:00:00+11:00"),
        ("Australia/Sydney", "2027-01-15T07:01:00+11:00", "2027-01-15T07:00:00+11:00"),
        # Clocks go back on 4 April 2027: the hour of the wall clock stays.
        ("Australia/Sydney", "2027-04-04T12:00:00+10:00", "2027-04-04T07:00:00+10:00"),
        ("Australia/Sydney", "2027-04-04T06:00:00+10:00", "2027-04-03T07:00:00+11:00"),
    ],
)
def test_it_is_due_at_an_hour_of_the_wall_clock(zone, now, due):
    assert digest.last_due(moment(now), 7, ZoneInfo(zone)) == moment(due)


@pytest.fixture
async def waiting(store, key_directory, review_keys, clock):
    """Messages of several ages, one of them asked for, one frozen, one done."""
    for number, (held, age) in enumerate([(HOLD, 0.5), (HOLD, 0.1), (RISKY, 2), (HOLD, 29), (HOLD, 8), (HOLD, 1)]):
        await store.commit(intake(held, message_id=f"m{number}", at=NOW - age * DAY))
    desk = Desk(review_keys, clock)
    await store.write(lambda: desk.restrict("m4", Reviewer("cy"), "dispute", on=True))
    await store.write(lambda: desk.delete("m5", None, Reviewer("cy"), "no"))
    await store.write(lambda: appeals.ask("m1", "please", keys.load_sealing(key_directory), NOW))
    return store


async def test_what_waits_is_counted_by_age_and_risk(waiting):
    found = await waiting.read(lambda: workload(NOW))

    assert found == Workload(
        {(0, False): 2, (1, True): 1, (3, False): 1, (4, False): 1}, expiring=1, restricted=1, appeals=1
    )
    assert found.total == 5


async def test_it_says_figures_and_links_and_nothing_else(waiting):
    raw = digest.compose(HEAD, ANN, await waiting.read(lambda: workload(NOW)), NOW)
    mail = email.message_from_bytes(raw)
    body = mail.get_payload().replace("\r\n", "\n")

    assert (mail["To"], mail["Subject"]) == ("<ann@westendonsixth.com>", "5 held messages wait for review")
    assert mail["Auto-Submitted"] == "auto-generated"
    rows = [line.rsplit(maxsplit=2) for line in body.splitlines()[1:5]]
    assert rows == [
        ["less than 1 day", "2", "0"],
        ["1 to 3 days", "0", "1"],
        ["7 to 14 days", "1", "0"],
        ["over 14 days", "1", "0"],
    ]
    assert "1 of them will be deleted within 3 days.\n  https://dlp.westendonsixth.com/held/?expires=3\n" in body
    assert (
        "1 of them have a sender who asks for release.\n  https://dlp.westendonsixth.com/held/?state=appeal\n" in body
    )
    assert "1 of them are at rest for a dispute." in body
    assert "You stand in for: ben." in body
    for word in (*PLANTED, SENDER, "bob@example.org", "please", "m1"):
        assert word not in body
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


async def test_without_a_console_there_is_no_link(waiting):
    head = Letterhead("g.westendonsixth.com", "Kim", 30)

    assert b"://" not in digest.compose(head, ANN, await waiting.read(lambda: workload(NOW)), NOW)


async def sent(store, now, since, gateway_keys):
    waits = await store.read(lambda: workload(now))
    count = await store.write(lambda: digest.send(HEAD, [ANN], waits, now, since, gateway_keys))
    assert len(await store.lease("worker", 9, now, 10 * DAY)) == count
    return count


async def test_it_is_sent_once(waiting, gateway_keys):
    times = [(NOW, NOW - 60), (NOW + 1, NOW - 60), (NOW + DAY, NOW + DAY - 60)]

    assert [await sent(waiting, *at, gateway_keys) for at in times] == [1, 0, 1]


async def test_nobody_is_told_that_nothing_waits(store, gateway_keys):
    assert await sent(store, NOW, NOW - 60, gateway_keys) == 0


async def test_a_round_that_failed_is_not_done(store):
    def fail():
        with change() as made:
            assert rounds.take(made.cursor, "digest", NOW, NOW)
            raise RuntimeError

    def take():
        with change() as made:
            return rounds.take(made.cursor, "digest", NOW, NOW)

    with pytest.raises(RuntimeError):
        await store.write(fail)
    assert await store.write(take)
    assert not await store.write(take)


@pytest.mark.parametrize(
    ("before", "taken"),
    [
        (-DAY - 1, True),
        (-60, False),
        (0, False),
        (300, False),  # the clock of another gateway
        (10 * 3600, True),  # one that was ahead
        (30 * DAY, True),
    ],
)
async def test_what_a_clock_that_was_ahead_has_done_is_done_again(store, before, taken):
    def take(now):
        with change() as made:
            return rounds.take(made.cursor, "escalation", now, now - DAY)

    assert await store.write(lambda: take(NOW + before))
    assert await store.write(lambda: take(NOW)) is taken
    assert not await store.write(lambda: take(NOW))
