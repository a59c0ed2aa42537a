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
