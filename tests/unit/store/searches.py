"""What every database must find of what is held, queued and marked: run on SQLite and on PostgreSQL."""

import dataclasses

import pytest

from dlp_gateway.model import Action, Finding, Inspection, RuleHit, Tier
from dlp_gateway.quarantine import appeals
from dlp_gateway.quarantine.marking import mark
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer, ReviewError
from dlp_gateway.store import backlog, holds, keys, marks, spool
from dlp_gateway.store.backlog import Wanted as Queued
from dlp_gateway.store.holds import Order, Wanted
from dlp_gateway.store.marks import Place
from dlp_gateway.store.values import Kind
from tests.unit.store.contract import rows
from tests.unit.store.examples import NOW, deferred, intake, outgoing, verdict

DPO = Reviewer("dpo", "dpo@westendonsixth.com")
HIT = RuleHit("external", "5.14(a)", Action.HOLD, ("TFN in body", "PERSON in document 1"))
MONITORED = RuleHit("bulk", "2.1", Action.HOLD, ("many people",), monitored=True)
EXCEPTED = RuleHit("transfer", "4.2", Action.HOLD, ("country",), excepted_by="payroll")


def held(*verdicts, **more):
    found = Inspection(findings=(Finding("TFN", Tier.PERSONAL, "body", 0, 5, 0.9, detector="au_tfn"),))
    return intake(*verdicts, **{"inspection": found, **more})


def stopped(to, *hits, approvals=1):
    return dataclasses.replace(verdict(to, Action.HOLD, approvals=approvals), hits=hits or (HIT,))


HELD = {
    Wanted(): ["a", "b", "c_1"],
    Wanted(message_id="c_"): ["c_1"],
    Wanted(message_id="%"): [],
    Wanted(sender="KIM@"): ["b"],
    Wanted(recipient="Example.ORG"): ["a", "c_1"],
    Wanted(recipient="exa_ple"): [],
    Wanted(recipient="ann@"): [],
    Wanted(rule="external"): ["a", "b"],
    Wanted(rule="unscannable"): ["c_1"],
    Wanted(rule="extern"): [],
    Wanted(kind="TFN"): ["a", "b"],
    Wanted(kind="PASSPORT"): [],
    Wanted(high_risk=True): ["b"],
    Wanted(high_risk=False): ["a", "c_1"],
    Wanted(restricted=True): ["c_1"],
    Wanted(restricted=False): ["a", "b"],
    Wanted(appealed=True): ["a"],
    Wanted(appealed=False): ["b", "c_1"],
    Wanted(held_before=NOW + 1): ["a"],
    Wanted(expires_before=NOW + 30 * 86400 + 2): ["a", "b"],
    Wanted(rule="external", high_risk=False): ["a"],
}


class Searches:
    """Subclasses have the fixtures of ``conftest``."""

    @pytest.fixture
    async def filled(self, store, review_keys, clock, key_directory):
        await store.commit(
            held(stopped("bob@example.org", HIT, MONITORED, EXCEPTED), stopped("eve@example.org"), message_id="a")
        )
        await store.commit(
            held(
                stopped("joe@example.com", approvals=2),
                message_id="b",
                at=NOW + 1,
                sender="kim@westendonsixth.com",
            )
        )
        unread = RuleHit("unscannable", "5.14", Action.HOLD, ("attachment 1: damaged",))
        await store.commit(
            held(stopped("bob@example.org", unread), message_id="c_1", at=NOW + 2, inspection=Inspection())
        )
        await store.commit(held(stopped("ann@example.net"), message_id="over", at=NOW + 3))
        await store.commit(held(verdict("ann@example.net", Action.DELIVER), message_id="sent", at=NOW + 4))
        desk = Desk(review_keys, clock)
        await store.write(lambda: desk.delete("over", None, DPO, "r"))
        await store.write(lambda: desk.restrict("c_1", DPO, "r", on=True))
        await store.write(lambda: desk.release("b", None, DPO, "r"))
        await store.write(lambda: appeals.ask("a", "please", keys.load_sealing(key_directory), NOW))
        return store

    @pytest.mark.parametrize(("wanted", "expected"), HELD.items(), ids=[str(n) for n in range(len(HELD))])
    async def test_what_is_held_is_found(self, filled, wanted, expected):
        assert [one.message_id for one in await filled.read(lambda: holds.search(wanted))] == expected
        assert await filled.read(lambda: holds.ids(wanted)) == expected

    @pytest.mark.parametrize(
        ("order", "expected"),
        [
            (Order.EXPIRY, ["a", "b", "c_1"]),
            (Order.OLDEST, ["a", "b", "c_1"]),
            (Order.NEWEST, ["c_1", "b", "a"]),
            (Order.SENDER, ["a", "c_1", "b"]),
            (Order.RISK, ["b", "a", "c_1"]),
        ],
    )
    async def test_what_is_held_is_in_order(self, filled, order, expected):
        assert [one.message_id for one in await filled.read(lambda: holds.search(Wanted(), order))] == expected
        assert await filled.read(lambda: holds.ids(Wanted(), order)) == expected

    async def test_a_held_message_in_a_list_tells_what_is_enforced(self, filled):
        first, second, third = await filled.read(lambda: holds.search(Wanted()))

        assert first.recipients == ("bob@example.org", "eve@example.org")
        assert (first.domains, first.rules) == (("example.org",), ("external",))
        assert first.reasons == ("TFN in body", "PERSON in document 1")
        assert first.kinds == ("TFN", "PERSON")
        assert (first.appealed, first.restricted, first.approvals, first.approved) == (True, False, 1, 0)
        assert (second.approvals, second.approved) == (2, 1)
        assert (third.restricted, third.kinds) == (True, ())

    async def test_findings_are_marked_once_and_taken_back(self, filled):
        what = Place("TFN", "au_tfn", "body 1")
        for wrong, marked in ((True, {what}), (True, {what}), (False, set()), (False, set()), (True, {what})):
            await filled.write(lambda wrong=wrong: mark("a", what, DPO, NOW, wrong=wrong))
            assert await filled.read(lambda: marks.of("a")) == marked
        with pytest.raises(ReviewError, match="nothing like that"):
            await filled.write(lambda: mark("a", Place("TFN", "au_tfn", "body 2"), DPO, NOW, wrong=True))

    async def test_the_queue_is_searched_and_counted(self, store):
        deliver = verdict("ann@example.net", Action.DELIVER)
        await store.commit(intake(deliver, message_id="one", outgoing=(outgoing(),)))
        await store.commit(intake(verdict("eve@example.com", Action.DELIVER), message_id="two_", at=NOW + 9))
        leased = await store.lease("worker", 2, NOW, 60)
        first = next(due for due in leased if due.message_id == "one")
        await store.settle([deferred(first.delivery_id, NOW + 3600)], NOW)

        async def found(**wanted):
            return [row.recipient for row in await store.read(lambda: backlog.search(Queued(**wanted)))]

        ann, jo, eve = "ann@example.net", "jo@westendonsixth.com", "eve@example.com"
        assert await found() == [ann, jo, eve]
        assert await found(recipient="EXAMPLE.") == [ann, eve]
        assert await found(sender="jo@") == [ann, eve]
        assert await found(message_id="two_") == [eve]
        assert await found(message_id="_") == []
        assert await found(kind=Kind.NOTICE) == [jo]
        assert await found(zone="internal") == [jo]
        assert await found(code=451) == [ann]
        assert await found(tried=False) == [jo, eve]
        assert await found(queued_before=NOW + 1) == [ann, jo]
        after = await store.read(lambda: backlog.search(Queued(), after=first.delivery_id, limit=1))
        assert [row.recipient for row in after] == [jo]
        assert await store.read(backlog.count) == 3
        assert [(one.domain, one.waiting, one.tried) for one in await store.read(backlog.destinations)] == [
            ("example.com", 1, 0),
            ("example.net", 1, 1),
            ("westendonsixth.com", 1, 0),
        ]
        assert [(one.code, one.enhanced, one.count) for one in await store.read(backlog.answers)] == [(451, "4.7.1", 1)]

    async def test_senders_are_told_of_what_was_dropped_in_the_same_transaction(self, store, key_directory):
        await store.commit(intake(verdict("ann@example.net", Action.DELIVER), message_id="one"))
        (listed,) = await store.read(spool.waiting)
        asked = []

        def report(dropped):
            asked.extend(dropped)
            return [outgoing()]

        reports = spool.Reports(report, keys.load_sealing(key_directory))
        await store.write(lambda: spool.drop([listed.delivery_id], actor="admin", reason="r", now=NOW, reports=reports))

        assert [(one.message_id, one.sender, one.recipient.address.literal) for one in asked] == [
            ("one", "jo@westendonsixth.com", "ann@example.net")
        ]
        assert await rows(store, "SELECT state FROM dlp_recipient ORDER BY id") == [("dropped",), ("queued",)]
