"""Hours are counted once and kept; what is asked for is the same as if everything were counted now."""

import pytest

from dlp_gateway.model import Action, RuleHit, Zone
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.store import database, hours
from dlp_gateway.store.figures import HOUR, Figures, add_encoded, count, encode, total
from tests.unit.store.examples import intake, verdict

MIDNIGHT = 1_799_971_200.0  # UTC


def at(hour):
    return MIDNIGHT + hour * HOUR


async def filled(store):
    hold = verdict("ann@example.net", Action.HOLD)
    monitored = RuleHit("bulk", "2.1", Action.HOLD, ("60 people in body",), monitored=True)
    await store.commit(intake(message_id="m1", at=at(1)))
    await store.commit(intake(hold, verdict("bo@example.org", Action.DELIVER), message_id="m2", at=at(1.5)))
    await store.commit(intake(hold, message_id="m3", at=at(30)))
    object.__setattr__(hold, "hits", (*hold.hits, monitored))
    await store.commit(intake(hold, message_id="m4", at=at(30)))
    await store.commit(intake(verdict("in@westendonsixth.com", Action.DELIVER, zone=Zone.INTERNAL), at=at(50)))


async def test_figures_are_those_of_the_period(store, review_keys, clock):
    await filled(store)
    clock.now = at(33.5)
    desk = Desk(review_keys, clock)
    await store.write(lambda: desk.release("m3", None, Reviewer("anna", "anna@westendonsixth.com"), "fine"))
    await store.write(lambda: desk.delete("m4", None, Reviewer("ben"), "not fine"))

    first = await store.read(lambda: hours.figures(at(0), at(24)))
    second = await store.read(lambda: hours.figures(at(24), at(48)))

    assert (first.decided, second.decided) == (2, 2)
    assert first.actions == {("deliver", "external"): 2, ("hold", "external"): 1}
    assert first.entities["au_tfn", "stopped"] == first.entities["au_tfn", "delivered"] == 1
    assert second.rules == {("external", "enforced"): 2, ("bulk", "monitored"): 1}
    assert second.acts == {"release": 1, "delete": 1}
    assert second.outcomes == {("external", "release"): 1, ("external", "delete"): 1}
    assert second.waited == {"210": 2}


async def test_kept_hours_and_counted_ones_say_the_same(store):
    await filled(store)
    counted = await store.read(lambda: total(count(at(0), at(72)).values()))

    kept = await store.write(lambda: hours.keep(at(31)))
    mixed = await store.read(lambda: hours.figures(at(0), at(72)))

    assert kept == 29  # from the hour of the first message to the last that is surely over
    assert mixed == counted
    assert await store.write(lambda: hours.keep(at(31))) == 0
    days = await store.read(lambda: hours.by_day(int(MIDNIGHT), 3))
    assert [figures.decided for _, figures in days] == [2, 2, 1]


async def test_figures_outlive_the_messages(store):
    await filled(store)
    await store.write(lambda: hours.keep(at(100)))
    before = await store.read(lambda: hours.figures(at(0), at(48)))

    await store.write(lambda: database.rows("Message").delete())

    assert await store.read(lambda: hours.figures(at(0), at(48))) == before


@pytest.mark.parametrize("since", [0, 0.5, 1.2, 29.9])
@pytest.mark.parametrize("before", [1.7, 30.2, 51])
async def test_a_period_may_begin_and_end_within_an_hour(store, since, before):
    await filled(store)
    expected = await store.read(lambda: total(count(at(since), at(before)).values()))

    await store.write(lambda: hours.keep(at(100)))

    assert await store.read(lambda: hours.figures(at(since), at(before))) == expected


def test_what_is_encoded_is_decoded():
    figures = Figures()
    figures.messages["p"] = 3
    figures.actions["hold", "external"] = 2
    figures.waited["17"] = 1

    found = Figures()
    add_encoded(found, encode(figures))
    add_encoded(found, encode(figures))

    assert found == total([figures, figures])
    assert encode(Figures()) == "{}"


async def test_an_empty_store_has_no_hours(store):
    assert await store.write(lambda: hours.keep(at(5))) == 0
    assert await store.read(lambda: hours.figures(at(0), at(24))) == Figures()


@pytest.mark.parametrize("ahead", [2, 10, 24 * 40])
async def test_hours_that_a_clock_was_ahead_to_count_are_counted_again(store, ahead):
    await store.commit(intake(message_id="first", at=at(-3)))
    await store.write(lambda: hours.keep(at(0.1 + ahead)))
    await store.write(lambda: hours.keep(at(0.2)))  # housekeeping, after the clock was set back
    for hour in range(10):
        await store.commit(intake(message_id=f"m{hour}", at=at(hour + 0.5)))
        await store.write(lambda hour=hour: hours.keep(at(hour + 1.3)))
    await store.write(lambda: hours.keep(at(24)))

    days = await store.read(lambda: hours.by_day(int(MIDNIGHT), 1))

    assert [figures.decided for _, figures in days] == [10]
    assert (await store.read(lambda: hours.figures(at(-24), at(24)))).decided == 11


async def test_hours_counted_too_early_are_counted_again_after_days_of_silence(store):
    await store.write(lambda: hours.keep(at(10)))
    await store.commit(intake(message_id="first", at=at(-3)))
    await store.write(lambda: hours.keep(at(10)))
    for hour in range(8):
        await store.commit(intake(message_id=f"m{hour}", at=at(hour + 0.5)))

    await store.write(lambda: hours.keep(at(100)))

    assert (await store.read(lambda: hours.figures(at(0), at(24)))).decided == 8
    assert await store.write(lambda: hours.keep(at(100))) == 0


async def test_an_hour_counted_half_is_counted_again(store):
    await store.commit(intake(message_id="first", at=at(0.1)))
    await store.write(lambda: hours.keep(at(10)))
    await store.commit(intake(message_id="second", at=at(0.2)))
    await store.write(lambda: hours.keep(at(0.3)))
    await store.commit(intake(message_id="third", at=at(0.4)))
    await store.write(lambda: hours.keep(at(10)))

    assert (await store.read(lambda: hours.figures(at(0), at(1)))).decided == 3


async def test_mail_of_a_clock_that_was_ahead_hides_none_that_comes_then(store):
    await store.commit(intake(message_id="wrong", at=at(10.5)))
    await store.write(lambda: hours.keep(at(14)))
    await store.commit(
        intake(message_id="between", at=at(3.5)),
    )
    await store.write(lambda: hours.keep(at(5)))
    await store.commit(intake(message_id="right", at=at(10.6)))

    assert (await store.read(lambda: hours.figures(at(0), at(6)))).decided == 1
    await store.write(lambda: hours.keep(at(20)))
    assert (await store.read(lambda: hours.figures(at(0), at(24)))).decided == 3


async def test_a_clock_that_is_behind_loses_no_figures(store):
    await filled(store)
    await store.write(lambda: hours.keep(at(100)))
    before = await store.read(lambda: hours.figures(at(0), at(100)))
    await store.write(lambda: database.rows("Message").delete())

    await store.write(lambda: hours.keep(0.0))
    await store.write(lambda: hours.keep(at(101)))

    assert await store.read(lambda: hours.figures(at(0), at(100))) == before
    assert await store.write(lambda: hours.keep(at(101))) == 0
