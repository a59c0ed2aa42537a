"""What every database must do for the store: run on SQLite as unit tests, on PostgreSQL as integration tests."""

import asyncio
import json
from dataclasses import replace

import pytest

from dlp_gateway.audit.chain import EntryKind, Note
from dlp_gateway.audit.check import check
from dlp_gateway.model import Action, Zone
from dlp_gateway.quarantine import appeals, held, links, rights
from dlp_gateway.quarantine.expiry import expire
from dlp_gateway.quarantine.notices import Letterhead
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer, ReviewError
from dlp_gateway.store import (
    backlog,
    clocks,
    counters,
    database,
    decision_log,
    decisions,
    erasure,
    history,
    person_export,
    persons,
    record,
    requests,
    retention,
    rounds,
    spool,
)
from dlp_gateway.store.change import change
from dlp_gateway.store.errors import StoreInvalidError
from dlp_gateway.store.keys import load_audit, load_sealing
from dlp_gateway.store.requests import DataSubject, RequestKind
from dlp_gateway.store.values import Kind, Outcome, State
from dlp_gateway.store.workload import workload
from tests.unit.store.examples import (
    CONTENT,
    NOW,
    PLANTED,
    SENDER,
    deferred,
    delivered,
    failed,
    intake,
    outgoing,
    verdict,
)

DAY = 86400.0
DELIVER = verdict("ann@example.net", Action.DELIVER)
HOLD = verdict("bob@example.org", Action.HOLD)
REFUSE = verdict("cat@example.org", Action.REFUSE)
DPO = Reviewer("dpo", "dpo@westendonsixth.com")
DEPUTY = Reviewer("deputy", "deputy@westendonsixth.com")


def forget(address):
    """Erase an address as at a person's request; for the writer."""
    request = requests.register(DataSubject((address,)), RequestKind.ERASE, NOW, actor="dpo", now=NOW)
    return erasure.run(erasure.begin(request.id, reasons_by_name=False, actor="dpo", now=NOW), actor="dpo", now=NOW)


async def rows(store, statement, *parameters):
    def run():
        with database.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()

    return await store.read(run)


async def count(store, table):
    return (await rows(store, f"SELECT COUNT(*) FROM {table}"))[0][0]


async def states(store, message_id):
    found = await rows(store, "SELECT literal, state FROM dlp_recipient WHERE message_id = %s ORDER BY id", message_id)
    return dict(found)


async def holders(store, message_id):
    found = await rows(store, "SELECT holder FROM dlp_wrap WHERE message_id = %s ORDER BY holder", message_id)
    return [row[0] for row in found]


async def kinds(store):
    return [row[0] for row in await rows(store, "SELECT kind FROM dlp_audit_entry ORDER BY seq")]


async def deliver_all(store, now=NOW):
    due = await store.lease("worker", 100, now, 60)
    await store.settle([delivered(d.delivery_id) for d in due], now)
    return due


class Contract:
    # --- commit ---

    async def test_what_may_go_is_due_at_once_with_all_a_next_hop_needs(self, store):
        await store.commit(intake(DELIVER, message_id="one"))

        (due,) = await store.lease("worker", 10, NOW, 60)

        assert (due.message_id, due.kind, due.sender, due.zone) == ("one", Kind.MAIL, SENDER, Zone.EXTERNAL)
        assert due.recipient == DELIVER.recipient
        assert (due.ret, due.envid, due.size, due.attempts, due.queued_at) == ("HDRS", "QQ314159", len(CONTENT), 0, NOW)
        assert await store.content("one") == CONTENT
        assert await store.content("one") == CONTENT  # the second time from the database

    async def test_mixed_verdicts_become_deliveries_and_a_hold(self, store):
        await store.commit(intake(DELIVER, HOLD, REFUSE, message_id="one", outgoing=(outgoing(),)))

        due = await store.lease("worker", 10, NOW, 60)

        assert {(d.kind, d.recipient.address.literal) for d in due} == {
            (Kind.MAIL, "ann@example.net"),
            (Kind.NOTICE, SENDER),
        }
        assert await states(store, "one") == {
            "ann@example.net": "queued",
            "bob@example.org": "held",
            "cat@example.org": "refused",
        }
        assert await holders(store, "one") == ["delivery", "reviewers"]
        assert await kinds(store) == ["decide", "hold"]

    async def test_what_is_wholly_held_can_be_opened_by_the_reviewers_only(self, store):
        await store.commit(intake(HOLD, message_id="one"))

        assert await holders(store, "one") == ["reviewers"]
        assert await store.lease("worker", 10, NOW, 60) == []
        with pytest.raises(KeyError):
            await store.content("one")

    async def test_what_is_refused_is_recorded_without_content(self, store):
        await store.commit(intake(REFUSE, message_id="one", content=None))

        assert await states(store, "one") == {"cat@example.org": "refused"}
        assert await count(store, "dlp_chunk") == 0
        assert await kinds(store) == ["decide"]

    async def test_content_of_a_refused_message_is_not_kept(self, store):
        await store.commit(intake(REFUSE))

        assert await count(store, "dlp_chunk") == 0

    @pytest.mark.parametrize("size", [0, 1, 2048, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3_000_000])
    async def test_content_comes_back_byte_for_byte(self, store, size):
        content = bytes(n * 31 % 256 for n in range(256)) * (size // 256 + 1)
        await store.commit(intake(message_id="one", content=content[:size]))
        await store.content("one")  # what is kept in memory is handed out once

        assert await store.content("one") == content[:size]

    async def test_the_null_sender_stays_null(self, store):
        await store.commit(intake(DELIVER, sender=None))

        (due,) = await store.lease("worker", 10, NOW, 60)

        assert due.sender == ""

    async def test_intake_without_content_for_a_delivery_is_refused(self, store):
        with pytest.raises(StoreInvalidError, match="without content"):
            await store.commit(intake(DELIVER, content=None))

        assert await count(store, "dlp_message") == 0

    async def test_a_bad_intake_does_not_fail_its_neighbours(self, store):
        await store.commit(intake(message_id="taken"))
        good = [intake() for _ in range(20)]
        bad = intake(message_id="taken", content=b"another")

        ends = await asyncio.gather(*map(store.commit, [*good[:10], bad, *good[10:]]), return_exceptions=True)

        assert [type(end) for end in ends if end is not None] == [StoreInvalidError]
        assert await count(store, "dlp_message") == 21
        assert await count(store, "dlp_recipient") == 21
        assert await kinds(store) == ["decide"] * 21

    async def test_a_value_that_no_column_takes_fails_alone(self, store):
        good, bad = intake(), intake(message_id="\ud800")

        ends = await asyncio.gather(store.commit(good), store.commit(bad), return_exceptions=True)

        assert ends[0] is None
        assert isinstance(ends[1], StoreInvalidError)

    async def test_the_database_itself_refuses_to_queue_what_was_not_decided(self, store):
        await store.commit(intake(HOLD))

        def forge():
            with database.cursor() as cursor:
                cursor.execute("UPDATE dlp_recipient SET state = 'queued'")

        with pytest.raises(StoreInvalidError):
            await store.read(forge)

    # --- lease, renew ---

    async def test_no_delivery_is_leased_twice(self, store):
        for _ in range(30):
            await store.commit(intake())

        leases = await asyncio.gather(*(store.lease(f"worker{n}", 7, NOW, 60) for n in range(6)))

        ids = [due.delivery_id for lease in leases for due in lease]
        assert len(ids) == len(set(ids)) == 30

    async def test_the_oldest_comes_first(self, store):
        for at in (3, 1, 2):
            await store.commit(intake(message_id=f"m{at}", at=NOW + at))

        first = await store.lease("worker", 1, NOW + 10, 60)
        rest = await store.lease("worker", 5, NOW + 10, 60)

        assert [due.message_id for due in (*first, *rest)] == ["m1", "m2", "m3"]

    async def test_what_is_not_due_is_not_leased(self, store):
        await store.commit(intake(at=NOW + 5))

        assert await store.lease("worker", 10, NOW + 4, 60) == []
        assert len(await store.lease("worker", 10, NOW + 5, 60)) == 1

    async def test_deliveries_of_a_message_and_zone_come_together(self, store):
        many = [verdict(f"r{n}@example.net", Action.DELIVER) for n in range(4)]
        await store.commit(intake(*many, message_id="first"))
        await store.commit(intake(*many, message_id="second", at=NOW + 1))

        sizes = []
        while due := await store.lease("worker", 6, NOW + 2, 60):
            sizes.append([d.message_id for d in due])

        assert sizes == [["first"] * 4, ["second"] * 4]

    async def test_a_message_larger_than_the_limit_comes_in_pieces(self, store):
        await store.commit(intake(*[verdict(f"r{n}@example.net", Action.DELIVER) for n in range(5)]))

        assert [len(await store.lease("worker", 2, NOW, 60)) for _ in range(4)] == [2, 2, 1, 0]

    async def test_a_lease_that_ran_out_is_due_again_and_counted_as_lost(self, store):
        await store.commit(intake())

        lost = []
        for turn in range(4):
            (due,) = await store.lease("worker", 10, NOW + 60 * turn, 60)
            assert await store.lease("other", 10, NOW + 60 * turn + 59, 60) == []
            lost.append((due.lost, due.attempts))

        assert lost == [(0, 0), (1, 0), (2, 0), (3, 0)]

    async def test_a_renewed_lease_lasts_and_its_end_is_not_lost(self, store):
        await store.commit(intake())
        (due,) = await store.lease("worker", 10, NOW, 60)

        await store.renew([due.delivery_id], NOW + 50, 60)

        assert await store.lease("other", 10, NOW + 109, 60) == []
        (again,) = await store.lease("other", 10, NOW + 110, 60)
        assert again.lost == 0
        (third,) = await store.lease("other", 10, NOW + 170, 60)
        assert third.lost == 1

    async def test_a_renewal_that_comes_late_does_not_touch_the_lease_of_another(self, store):
        await store.commit(intake())
        (due,) = await store.lease("worker", 10, NOW, 60)
        await store.lease("other", 10, NOW + 60, 60)

        await store.renew([due.delivery_id], NOW + 59, 60)

        assert await store.lease("third", 10, NOW + 119, 60) == []
        (again,) = await store.lease("third", 10, NOW + 120, 60)
        assert again.lost == 2

    async def test_a_lease_that_was_given_back_is_due_at_once(self, store):
        await store.commit(intake())
        (due,) = await store.lease("worker", 10, NOW, 60)

        await store.renew([due.delivery_id], NOW + 1, 0)

        (again,) = await store.lease("other", 10, NOW + 1, 60)
        assert (again.lost, again.attempts) == (0, 0)

    # --- settle ---

    async def test_when_the_last_delivery_is_settled_the_content_is_erased(self, store):
        await store.commit(intake(DELIVER, verdict("eve@example.net", Action.DELIVER), message_id="one"))
        first, second = await store.lease("worker", 10, NOW, 60)
        await store.content("one")

        await store.settle([delivered(first.delivery_id)], NOW)
        assert await store.content("one") == CONTENT
        await store.settle([failed(second.delivery_id)], NOW)

        with pytest.raises(KeyError):
            await store.content("one")
        assert await count(store, "dlp_chunk") == 0
        assert await states(store, "one") == {"ann@example.net": "delivered", "eve@example.net": "failed"}
        assert await kinds(store) == ["decide", "deliver", "bounce"]

    async def test_a_deferred_delivery_waits_for_its_time(self, store):
        await store.commit(intake())
        (due,) = await store.lease("worker", 10, NOW, 60)

        await store.settle([deferred(due.delivery_id, NOW + 300)], NOW + 1)

        assert await store.lease("worker", 10, NOW + 299, 60) == []
        (again,) = await store.lease("worker", 10, NOW + 300, 60)
        assert (again.attempts, again.lost, again.due_at) == (1, 0, NOW + 300)
        assert await kinds(store) == ["decide"]

    async def test_an_uncertain_end_is_on_record_and_tried_again(self, store):
        await store.commit(intake())
        (due,) = await store.lease("worker", 10, NOW, 60)

        await store.settle([Outcome(due.delivery_id, State.UNCERTAIN, next_attempt=NOW + 5)], NOW)

        assert await kinds(store) == ["decide", "uncertain"]
        assert len(await store.lease("worker", 10, NOW + 5, 60)) == 1

    async def test_a_bounce_is_queued_with_the_failure(self, store):
        await store.commit(intake())
        (due,) = await store.lease("worker", 10, NOW, 60)

        bounce = outgoing(kind=Kind.BOUNCE, content=b"Subject: failed\r\n\r\n\xc3\xa4\r\n")
        await store.settle([failed(due.delivery_id, bounce)], NOW)

        (report,) = await store.lease("worker", 10, NOW, 60)
        assert (report.kind, report.sender, report.eight_bit) == (Kind.BOUNCE, "", True)
        assert await store.content(report.message_id) == bounce.content

    async def test_one_report_of_several_failures_is_queued_once(self, store):
        await store.commit(intake(DELIVER, verdict("eve@example.net", Action.DELIVER)))
        first, second = await store.lease("worker", 10, NOW, 60)

        bounce = outgoing(kind=Kind.BOUNCE)
        await store.settle([failed(first.delivery_id, bounce), failed(second.delivery_id, bounce)], NOW)

        assert [report.kind for report in await store.lease("worker", 10, NOW, 60)] == [Kind.BOUNCE]

    async def test_a_report_is_queued_although_one_delivery_it_tells_of_is_over(self, store):
        await store.commit(intake(DELIVER, verdict("eve@example.net", Action.DELIVER)))
        first, second = await store.lease("worker", 10, NOW, 60)
        await store.settle([failed(first.delivery_id)], NOW)

        bounce = outgoing(kind=Kind.BOUNCE)
        await store.settle([failed(first.delivery_id, bounce), failed(second.delivery_id, bounce)], NOW + 1)

        assert [report.kind for report in await store.lease("worker", 10, NOW + 1, 60)] == [Kind.BOUNCE]

    async def test_an_outcome_that_comes_late_changes_nothing_but_a_second_delivery_is_on_record(self, store):
        await store.commit(intake(message_id="one"))
        (due,) = await store.lease("worker", 10, NOW, 60)
        await store.settle([delivered(due.delivery_id)], NOW)

        await store.settle([failed(due.delivery_id), deferred(due.delivery_id, NOW + 9)], NOW + 1)
        assert await kinds(store) == ["decide", "deliver"]
        await store.settle([delivered(due.delivery_id)], NOW + 2)

        assert await states(store, "one") == {"ann@example.net": "delivered"}
        details = await rows(store, "SELECT details FROM dlp_audit_entry ORDER BY seq DESC LIMIT 1")
        assert json.loads(details[0][0])["after"] == "delivered"

    async def test_outcomes_of_unknown_deliveries_are_ignored(self, store):
        await store.settle([delivered(4711)], NOW)

        assert await kinds(store) == []

    # --- held messages ---

    @pytest.fixture
    def desk(self, store, review_keys, clock):
        return Desk(review_keys, clock)

    async def test_a_release_sends_exactly_what_was_held_once(self, store, desk):
        await store.commit(intake(HOLD, message_id="one"))

        released = await store.write(lambda: desk.release("one", None, DPO, "agreed with the customer"))

        assert [r.address.literal for r in released.released] == ["bob@example.org"]
        (due,) = await store.lease("worker", 10, NOW, 60)
        assert await store.content("one") == CONTENT
        with pytest.raises(ReviewError, match="not held any more"):
            await store.write(lambda: desk.release("one", None, DPO, "again"))
        await store.settle([delivered(due.delivery_id)], NOW)
        assert await holders(store, "one") == []
        assert await kinds(store) == ["decide", "hold", "release", "deliver"]

    async def test_releasing_to_some_keeps_it_for_the_others(self, store, desk):
        await store.commit(intake(HOLD, verdict("cat@example.org", Action.HOLD), message_id="one"))
        first, second = (await store.read(lambda: held.find("one"))).recipients

        await store.write(lambda: desk.release("one", [first.id], DPO, "fine"))
        await deliver_all(store)

        assert await holders(store, "one") == ["reviewers"]
        with pytest.raises(ReviewError, match="not held for recipient"):
            await store.write(lambda: desk.release("one", [first.id], DPO, "again"))
        await store.write(lambda: desk.delete("one", [second.id], DPO, "no"))
        assert await holders(store, "one") == []
        assert await count(store, "dlp_chunk") == 0

    async def test_a_mixed_message_keeps_the_reviewers_key_when_it_is_delivered(self, store, desk):
        await store.commit(intake(DELIVER, HOLD, message_id="one"))
        await deliver_all(store)

        assert await holders(store, "one") == ["reviewers"]
        await store.write(lambda: desk.release("one", None, DPO, "fine"))

        assert (await store.lease("worker", 10, NOW, 60))[0].recipient == HOLD.recipient
        assert await store.content("one") == CONTENT

    async def test_high_risk_needs_two_reviewers(self, store, desk):
        await store.commit(intake(verdict("bob@example.org", Action.HOLD, approvals=2), message_id="one"))

        first = await store.write(lambda: desk.release("one", None, DPO, "fine"))
        assert (first.released, len(first.waiting)) == ((), 1)
        assert await store.lease("worker", 10, NOW, 60) == []
        with pytest.raises(ReviewError, match="another one is needed"):
            await store.write(lambda: desk.release("one", None, Reviewer("DPO", "dpo@westendonsixth.com"), "fine"))
        second = await store.write(lambda: desk.release("one", None, DEPUTY, "fine too"))

        assert len(second.released) == 1
        assert len(await store.lease("worker", 10, NOW, 60)) == 1
        assert await kinds(store) == ["decide", "hold", "approve", "release"]

    async def test_viewing_shows_all_and_is_on_record(self, store, desk):
        await store.commit(intake(HOLD, message_id="one"))

        opened = await store.write(lambda: desk.view("one", DPO, "looking"))

        assert opened.content == CONTENT
        assert opened.inspection.attachments[0].name == PLANTED[1]
        assert opened.reasons == (("external", ("TFN in attachment 1 (xlsx)",)),)
        assert await kinds(store) == ["decide", "hold", "view"]

    async def test_returning_ends_it_and_sends_the_notice(self, store, desk):
        await store.commit(intake(HOLD, message_id="one"))

        await store.write(lambda: desk.give_back("one", None, DPO, "use the portal", (outgoing(),)))

        assert await states(store, "one") == {"bob@example.org": "returned"}
        assert await holders(store, "one") == []
        (notice,) = await store.lease("worker", 10, NOW, 60)
        assert await store.content(notice.message_id) == outgoing().content  # sealed by the reviewers' process

    async def test_what_expires_is_deleted_and_the_sender_told(self, store, options, gateway_keys):
        await store.commit(intake(HOLD, message_id="old"))
        await store.commit(intake(HOLD, message_id="new", at=NOW + 10))
        over = NOW + options.hold_seconds

        expired = await store.write(lambda: expire(over, gateway_keys, lambda _: (outgoing(),)))

        assert expired == ["old"]
        assert await states(store, "old") == {"bob@example.org": "expired"}
        assert await holders(store, "old") == []
        assert await holders(store, "new") == ["reviewers"]
        assert [due.kind for due in await store.lease("worker", 10, over, 60)] == [Kind.NOTICE]
        assert (await kinds(store))[-1] == "expire"

    async def test_restriction_stops_everything_and_the_clock(self, store, desk, clock, options, gateway_keys):
        await store.commit(intake(HOLD, message_id="one"))
        await store.write(lambda: desk.restrict("one", DPO, "disputed", on=True))
        clock.now = NOW + options.hold_seconds + 1

        assert await store.write(lambda: expire(clock.now, gateway_keys, lambda _: ())) == []
        for act in (desk.release, desk.delete, desk.give_back):
            with pytest.raises(ReviewError, match="restricted"):
                await store.write(lambda act=act: act("one", None, DPO, "fine"))
        await store.write(lambda: desk.restrict("one", DPO, "settled", on=False))

        message = await store.read(lambda: held.find("one"))
        assert message.expires_at == clock.now + options.hold_seconds
        assert message.restricted_at is None

    # --- quiet side ---

    async def test_the_queue_is_listed_retried_and_dropped(self, store):
        await store.commit(intake(DELIVER, message_id="one"))
        await store.commit(intake(verdict("eve@example.com", Action.DELIVER), message_id="two"))
        (first, second) = await store.lease("worker", 10, NOW, 60)
        await store.settle([deferred(first.delivery_id, NOW + 3600), deferred(second.delivery_id, NOW + 3600)], NOW)

        listed = await store.read(spool.waiting)
        assert [(w.message_id, w.recipient, w.attempts, w.code, w.due) for w in listed] == [
            ("one", "ann@example.net", 1, 451, NOW + 3600),
            ("two", "eve@example.com", 1, 451, NOW + 3600),
        ]
        assert [w.message_id for w in await store.read(lambda: spool.waiting(domain="EXAMPLE.com"))] == ["two"]
        assert await store.write(lambda: spool.retry(None, actor="admin", now=NOW + 1)) == 2
        assert len(await store.lease("worker", 1, NOW + 1, 60)) == 1
        dropped = await store.write(
            lambda: spool.drop([first.delivery_id, second.delivery_id], actor="admin", reason="test", now=NOW + 2)
        )

        assert dropped == [second.delivery_id]  # a worker is at the other
        assert await states(store, "two") == {"eve@example.com": "dropped"}
        assert await holders(store, "two") == []
        assert (await kinds(store))[-3:] == ["retry", "retry", "drop"]

    async def test_decisions_are_found_by_what_is_known_of_them(self, store):
        await store.commit(intake(DELIVER, HOLD, message_id="one", at=NOW))
        await store.commit(intake(REFUSE, message_id="two", at=NOW + 1, sender="Max@westendonsixth.com"))
        await store.commit(intake(message_id="three", at=NOW + 2, outgoing=(outgoing(),)))

        async def ids(limit=100, **wanted):
            found = await store.read(lambda: decision_log.search(decision_log.Wanted(**wanted), limit=limit))
            return [d.id for d in found.decisions]

        assert await ids() == ["three", "two", "one"]
        assert await ids(limit=1) == ["three"]
        assert await ids(since=NOW + 1, before=NOW + 2) == ["two"]
        assert await ids(sender="max@WESTENDONSIXTH.com") == ["two"]
        assert await ids(recipient="BOB@example.org") == ["one"]
        assert await ids(action=Action.REFUSE) == ["two"]
        assert await ids(rule="external") == ["two", "one"]
        assert await ids(rule="extern_l") == []
        found = await store.read(lambda: decisions.find("one"))
        assert [(r.address, r.action, r.state) for r in found.recipients] == [
            ("ann@example.net", Action.DELIVER, "queued"),
            ("bob@example.org", Action.HOLD, "held"),
        ]
        assert found.recipients[1].hits[0].clause == "5.14(a)"
        assert found.inspection.findings[0].entity == "au_tfn"
        assert await store.read(lambda: decisions.find("none")) is None

    async def test_counts(self, store):
        await store.commit(intake(DELIVER, HOLD, at=NOW - 2 * 86400))
        await store.commit(intake(verdict("max@westendonsixth.com", Action.DELIVER, zone=Zone.INTERNAL), at=NOW - 10))
        await store.lease("worker", 1, NOW, 60)

        counts = await store.read(lambda: counters.counts(NOW))

        assert counts.queued == {"external": 1, "internal": 1}
        assert (counts.queued_oldest, counts.held_oldest) == (2 * 86400, 2 * 86400)
        assert counts.held == 1

    async def test_purging_removes_what_is_over_and_old(self, store):
        await store.commit(intake(message_id="done", at=NOW, outgoing=(outgoing(),)))
        await deliver_all(store)
        await store.commit(intake(message_id="queued", at=NOW))
        await store.commit(intake(HOLD, message_id="held", at=NOW))
        await store.commit(intake(REFUSE, message_id="young", at=NOW + 2 * DAY))
        limit = NOW + 1.5 * DAY

        purged = await store.write(
            lambda: retention.purge(decisions=limit, own=limit, entries=limit, now=NOW + 3 * DAY)
        )

        assert (purged.decisions, purged.own) == (1, 1)
        assert {row[0] for row in await rows(store, "SELECT id FROM dlp_message")} == {"queued", "held", "young"}
        assert await kinds(store) == ["decide", "erase", "erase", "prune"]
        assert await store.write(retention.sweep) == 0

    async def test_sweeping_destroys_keys_that_were_left(self, store):
        await store.commit(intake(message_id="one"))
        await store.commit(intake(message_id="two"))

        def restore():
            with database.cursor() as cursor:
                cursor.execute("UPDATE dlp_recipient SET state = 'failed' WHERE message_id = 'one'")

        await store.read(restore)

        assert await store.write(retention.sweep) == 1
        assert await holders(store, "one") == []
        assert await holders(store, "two") == ["delivery"]

    # --- senders and reviewers ---

    async def test_a_sender_asks_and_withdraws(self, store, desk, review_keys, key_directory):
        sealing_keys = load_sealing(key_directory)
        address, link = links.new(Letterhead("g.example", "Kim", 30, "https://dlp.example"), NOW)
        await store.commit(replace(intake(DELIVER, HOLD, message_id="one"), link=link))
        key = address.rpartition("/")[2]

        assert await store.write(lambda: links.use(key, NOW)) == "one"
        assert await store.write(lambda: links.use(key, NOW)) is None
        await store.write(lambda: appeals.ask("one", "It is mine.", sealing_keys, NOW))
        (asked,) = await store.read(appeals.waiting)
        assert appeals.justification(review_keys, asked) == "It is mine."
        await store.write(lambda: desk.refuse_appeal("one", DPO, "no"))
        await store.write(lambda: appeals.withdraw("one", (outgoing(),), sealing_keys, NOW))

        answered = await store.read(lambda: appeals.of("one"))
        assert (answered.answer, answered.answered_by, answered.sealed) == ("refused", "dpo", b"")
        assert await states(store, "one") == {"ann@example.net": "queued", "bob@example.org": "withdrawn"}
        assert (await store.read(lambda: check(load_audit(key_directory)))).sound

    async def test_of_two_clicks_on_a_link_one_opens_the_page(self, store):
        address, link = links.new(Letterhead("g.example", "Kim", 30, "https://dlp.example"), NOW)
        await store.commit(replace(intake(HOLD, message_id="one"), link=link))
        key = address.rpartition("/")[2]

        clicks = await asyncio.gather(*(store.read(lambda: links.use(key, NOW)) for _ in range(8)))

        assert sorted(clicks, key=str) == [None] * 7 + ["one"]

    async def test_of_several_gateways_one_does_a_round(self, store):
        def take(now, since):
            with change() as made:
                return rounds.take(made.cursor, "digest", now, since)

        async def gateways(now, since):
            return sum(await asyncio.gather(*(store.read(lambda: take(now, since)) for _ in range(8))))

        assert [await gateways(*at) for at in ((NOW, NOW), (NOW + 1, NOW), (NOW + DAY, NOW + 1))] == [1, 0, 1]

    async def test_figures_of_what_waits(self, store):
        await store.commit(intake(HOLD, at=NOW - 2 * DAY))
        await store.commit(intake(HOLD, verdict("cy@example.org", Action.HOLD, approvals=2), at=NOW - 29 * DAY))

        found = await store.read(lambda: workload(NOW))

        assert (dict(found.waiting), found.expiring) == ({(1, False): 1, (4, True): 1}, 1)

    # --- record ---

    async def test_the_record_of_a_busy_day_verifies(self, store, desk, key_directory, options, gateway_keys):
        for n in range(10):
            await store.commit(intake(DELIVER, HOLD, REFUSE, message_id=f"m{n}", outgoing=(outgoing(),)))
        await deliver_all(store)
        await store.write(lambda: desk.view("m0", DPO, "looking"))
        await store.write(lambda: desk.release("m0", None, DPO, "fine"))
        await store.write(lambda: desk.give_back("m1", None, DPO, "no"))
        await store.write(lambda: desk.delete("m2", None, DPO, "no"))
        await store.write(lambda: expire(NOW + options.hold_seconds, gateway_keys, lambda _: ()))
        await store.record(Note(EntryKind.CONFIGURE, NOW, "admin", "policy-2", {"policy": "policy-2"}))

        report = await store.read(lambda: check(load_audit(key_directory)))

        assert report.sound, report.broken
        assert report.entries == 10 * 2 + 20 + 1 + 1 + 1 + 1 + 7 + 1
        assert len(await store.read(lambda: history.of("m0"))) == 5

    async def test_an_address_can_be_erased_from_the_record(self, store, key_directory):
        await store.commit(intake(DELIVER, HOLD, message_id="one"))

        await store.write(lambda: forget("bob@example.org"))

        report = await store.read(lambda: check(load_audit(key_directory)))
        assert report.sound, report.broken
        assert report.erased == 1
        assert await rows(store, "SELECT text FROM dlp_audit_text WHERE text = 'bob@example.org'") == []
        await store.commit(intake(HOLD, message_id="two"))  # a new token, unlike the erased one
        assert (await store.read(lambda: check(load_audit(key_directory)))).erased == 1

    async def test_a_person_is_found_restricted_exported_and_erased(self, store, review_keys, clock, key_directory):
        person = DataSubject((SENDER, "ann@example.net"), ("login",))
        await store.commit(intake(DELIVER, HOLD, message_id="one", user="login", outgoing=(outgoing(SENDER),)))
        await store.commit(intake(DELIVER, message_id="two", sender="jo+tag@westendonsixth.com"))
        await deliver_all(store)
        desk = Desk(review_keys, clock)

        def serve():
            keep = requests.register(person, RequestKind.RESTRICT, NOW - DAY, actor="dpo", now=NOW)
            rights.restrict(keep.id, (), DPO, NOW)
            found = persons.traces(person)
            assert (found.sent.count, found.received.count, found.own.count, found.under_way) == (2, 2, 1, 1)
            assert (found.restricted, found.addresses, [kept.restricted for kept in found.held]) == (2, 3, [True])
            assert retention.purge(decisions=NOW + 1, own=0, entries=0, now=NOW).decisions == 0
            assert rights.lift(keep.id, DPO, NOW) == 2
            request = requests.register(person, RequestKind.ERASE, NOW - DAY, actor="dpo", now=NOW)
            rights.search(desk, lambda *_: [("body", 1, 1)], request.id, DPO, clock=clock)
            data = person_export.export(requests.find(request.id), NOW)
            assert [len(data[name]) for name in ("decisions", "notices", "found_inside_held_messages")] == [2, 1, 1]
            left = rights.erase(desk, request.id, ["one"], DPO, notice=lambda _: (), reasons_by_name=True, now=NOW)
            assert left == ()
            assert persons.traces(person).sent.count == persons.traces(person).addresses == 0
            assert erasure.resume(NOW) == 0
            return clocks.stored(), clocks.run(clocks.Limits(*(NOW + 1e9,) * 8), NOW)

        stored, removed = await store.write(serve)

        assert (stored["decisions"].count, stored["requests"].count) == (2, 2)
        assert removed["requests"] == 0  # they are not answered
        report = await store.read(lambda: check(load_audit(key_directory)))
        assert report.sound, report.broken

    @pytest.mark.parametrize(
        ("stored", "asked"),
        [
            ("BJÖRK@Example.net", "björk@example.net"),
            ("Björk+list@example.net", "björk@example.net"),
            ("bjo\u0308rk@example.net", "björk@example.net"),
            ("Björk@example.net", "bjo\u0308rk@example.net"),
            ("ÅSA@example.net", "åsa@example.net"),
            ("ИРИНА@example.net", "ирина@example.net"),
        ],
    )
    async def test_a_person_beyond_ascii_is_found_and_erased_however_they_are_spelt(self, store, stored, asked):
        local = stored.partition("@")[0]
        await store.commit(intake(verdict(stored, Action.DELIVER), message_id="to"))
        await store.commit(intake(DELIVER, message_id="from", sender=stored))
        await store.commit(intake(DELIVER, message_id="login", user=local.partition("+")[0].upper()))
        await store.commit(intake(verdict("bjork@example.net", Action.DELIVER), message_id="another"))
        await deliver_all(store)
        person = DataSubject((asked,), (asked.partition("@")[0],))

        def serve():
            found = persons.traces(person)
            request = requests.register(person, RequestKind.ERASE, NOW - DAY, actor="dpo", now=NOW)
            data = person_export.export(requests.find(request.id), NOW)
            erasure.begin(request.id, reasons_by_name=False, actor="dpo", now=NOW + 1)
            left = erasure.run(requests.find(request.id), actor="dpo", now=NOW + 1)
            return found, data, left

        found, data, left = await store.write(serve)

        assert (found.received.count, found.sent.count, found.addresses, left) == (1, 2, 1, ())
        assert [(one["id"], one["login"] or one["recipients"][0]["address"]) for one in data["decisions"]] == [
            ("from", "masked"),
            ("login", local.partition("+")[0].upper()),
            ("to", stored),
        ]
        assert await states(store, "to") == {erasure.ERASED: "delivered"}
        assert await rows(store, "SELECT sender_literal, client_user FROM dlp_message WHERE id = 'from'") == [
            (erasure.ERASED, "")
        ]
        assert await states(store, "another") == {"bjork@example.net": "delivered"}
        texts = {row[0] for row in await rows(store, "SELECT text FROM dlp_audit_text WHERE kind = 'address'")}
        assert texts == {SENDER, "ann@example.net", "bjork@example.net"}

    async def test_a_recorded_end_that_is_told_again_changes_nothing(self, store):
        await store.commit(intake(DELIVER, verdict("eve@example.net", Action.DELIVER), message_id="one"))
        await store.commit(intake(message_id="two"))
        first, second, third = await store.lease("worker", 10, NOW, 60)
        report = outgoing(kind=Kind.BOUNCE)
        ends = [
            delivered(first.delivery_id),
            failed(second.delivery_id, report),
            replace(deferred(third.delivery_id, NOW + 300), bounce=outgoing(kind=Kind.BOUNCE)),
        ]

        for _ in range(2):
            await store.settle(ends, NOW + 1)

        reports = await store.lease("worker", 10, NOW + 1, 60 * 60)
        assert [due.kind for due in reports] == [Kind.BOUNCE] * 2
        assert await kinds(store) == ["decide", "decide", "deliver", "bounce", "defer"]
        (again,) = await store.lease("worker", 10, NOW + 300, 60 * 60)
        assert (again.delivery_id, again.attempts) == (third.delivery_id, 1)
        # The same end of a later attempt counts.
        await store.settle([deferred(third.delivery_id, NOW + 300)], NOW + 301)
        assert await rows(store, "SELECT attempts FROM dlp_recipient WHERE message_id = 'two'") == [(2,)]

    async def test_what_nobody_was_asked_to_take_is_no_attempt(self, store):
        await store.commit(intake(message_id="one"))
        (due,) = await store.lease("worker", 10, NOW, 60)
        busy = replace(deferred(due.delivery_id, NOW + 60), untried=True, code=451, enhanced="4.4.5")
        await store.settle([busy], NOW + 1)

        (again,) = await store.lease("worker", 10, NOW + 60, 60)
        assert (again.attempts, again.due_at) == (0, NOW + 60)
        assert await store.read(backlog.answers) == [backlog.Answer(451, "4.4.5", 1)]

    @pytest.mark.parametrize(
        ("due", "queued", "leased", "recalled"),
        [
            (36_000, 36_000, "", True),  # new, queued while the clock was ahead
            (36_060, 36_000, "", True),  # tried once while it was
            (36_060, -60, "", True),  # queued before, tried while it was
            (61, 61, "", True),
            (36_000, 36_000, "worker", False),
            (4_380, -60, "", False),
            (4_381, -60, "", True),
            (60, 60, "", False),
            (300, -60, "", False),
        ],
    )
    async def test_what_a_clock_that_was_ahead_put_off_is_recalled(self, store, due, queued, leased, recalled):
        await store.commit(intake(message_id="one"))
        await store.write(
            lambda: database.rows("Recipient").update(due=NOW + due, queued_at=NOW + queued, leased_by=leased)
        )

        await store.recall(NOW, 4320)

        assert len(await store.lease("other", 10, NOW, 60)) == recalled

    async def test_several_writers_share_one_chain(self, store, key_directory):
        def outside(n):
            with database.transact():
                note = Note(EntryKind.SIGN_IN, NOW, f"user{n}", "console", {})
                record.append(database.cursor(), [note])

        await asyncio.gather(
            *(store.commit(intake()) for _ in range(40)), *(store.read(lambda n=n: outside(n)) for n in range(40))
        )

        report = await store.read(lambda: check(load_audit(key_directory)))
        assert report.sound, report.broken
        assert report.entries == 80
