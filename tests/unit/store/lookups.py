"""Figures, decisions and the record looked through: run on SQLite as unit tests, on PostgreSQL as integration tests."""

import pytest

from dlp_gateway.audit.report import Month, month
from dlp_gateway.model import Action, RuleHit, Verdict, Zone
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.store import counters, database, decision_log, history, hours, reporting
from dlp_gateway.store.decision_log import Wanted
from dlp_gateway.store.figures import count, total
from dlp_gateway.store.workload import waiting_by_age
from tests.unit.store.examples import NOW, intake, verdict

HELD = verdict("ann@example.net", Action.HOLD, approvals=2)
SENT = verdict("Bo@Example.org", Action.DELIVER)
BULK = RuleHit("bulk", "2.1", Action.HOLD, ("60 people in body",), monitored=True)
WATCHED = Verdict(SENT.recipient, Zone.EXTERNAL, Action.DELIVER, (BULK,))


async def filled(store):
    await store.commit(intake(HELD, SENT, message_id="m1", at=NOW - 500))
    await store.commit(intake(SENT, message_id="m2", at=NOW - 400, sender="Kim@westendonsixth.com"))
    await store.commit(intake(WATCHED, message_id="m3", at=NOW - 90_000))


class Lookups:
    @pytest.mark.parametrize(("window", "few"), [(1, 0), (1000, 1000)])
    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            (Wanted(), ["m2", "m1", "m3"]),
            (Wanted(decision_id="M1"), ["m1"]),
            (Wanted(sender="KIM@westendonsixth.com"), ["m2"]),
            (Wanted(sender="westendonsixth.com", since=NOW - 450), ["m2"]),
            (Wanted(recipient="bo@example.org"), ["m2", "m1", "m3"]),
            (Wanted(recipient="@example.net", before=NOW), ["m1"]),
            (Wanted(action=Action.HOLD), ["m1"]),
            (Wanted(action=Action.RETURN), []),
            (Wanted(rule="bulk", zone=Zone.EXTERNAL), ["m3"]),
            (Wanted(rule="bul_"), []),
            (Wanted(entity="au_tfn", policy="policy-1"), ["m2", "m1", "m3"]),
            (Wanted(entity="nothing"), []),
        ],
    )
    async def test_decisions_are_found(self, store, monkeypatch, wanted, expected, window, few):
        monkeypatch.setattr(decision_log, "_WINDOW", window)
        monkeypatch.setattr(decision_log, "_FEW", few)
        await filled(store)

        found = await store.read(lambda: [one.id for one in decision_log.everything(wanted, page=2)])

        assert found == expected

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [
            (Wanted(recipient="åsa@example.org"), ["m1"]),
            (Wanted(recipient="A\u030asa@example.org"), ["m1"]),
            (Wanted(recipient="åke@example.org"), []),
            (Wanted(sender="ÅSA@westendonsixth.com"), ["m1"]),
        ],
    )
    async def test_decisions_are_found_by_addresses_beyond_ascii(self, store, wanted, expected):
        to = verdict("ÅSA@example.org", Action.DELIVER)
        await store.commit(intake(to, message_id="m1", sender="Åsa@westendonsixth.com"))
        await store.commit(intake(SENT, message_id="m2"))

        assert [one.id for one in await store.read(lambda: list(decision_log.everything(wanted)))] == expected

    async def test_entries_are_found(self, store):
        await filled(store)

        def kinds(**wanted):
            return [entry.kind for entry in history.newest(history.Wanted(**wanted))]

        assert await store.read(lambda: kinds(subject="m1")) == ["hold", "decide"]
        assert await store.read(lambda: kinds(kind="release")) == []
        assert await store.read(lambda: kinds(actor="anna")) == []
        assert await store.read(lambda: kinds(kind="decide", since=NOW - 1000, before=NOW)) == ["decide", "decide"]
        assert [entry.subject for entry in await store.read(lambda: history.decided(["m1", "m2"]))] == ["m2", "m1"]
        assert await store.read(history.length) == (1, 4)
        assert (await store.read(lambda: history.get(2))).kind == "hold"
        assert await store.read(lambda: history.get(5)) is None

    async def test_a_report_is_the_same_from_kept_hours(self, store, review_keys, clock):
        await filled(store)
        clock.now = NOW + 3600
        desk = Desk(review_keys, clock)
        for name in ("anna", "ben"):
            await store.write(
                lambda name=name: desk.release("m1", None, Reviewer(name, f"{name}@westendonsixth.com"), "fine")
            )
        wanted, now = Month.of(NOW), NOW + 86_400
        report = await store.read(lambda: month(wanted, now))

        kept = await store.write(lambda: hours.keep(now))

        assert kept > 24
        assert await store.read(lambda: month(wanted, now)) == report
        assert report.figures == total((await store.read(lambda: count(wanted.since, wanted.before))).values())
        assert (report.figures.decided, report.waiting) == (3, 0)
        assert report.figures.acts == {"approve": 1, "release": 1}
        assert report.figures.outcomes == {("external", "release"): 1}
        assert report.figures.waited == {"68": 1}

    async def test_what_waits_is_counted(self, store):
        await filled(store)

        assert await store.read(lambda: waiting_by_age(NOW + 2 * 86_400)) == {(1, True): 1}
        assert await store.read(counters.last_decision) == NOW - 400
        assert await store.read(lambda: reporting.waiting_at(NOW)) == 1
        assert await store.read(lambda: reporting.waiting_at(NOW - 500)) == 0

    async def test_marks_requests_and_versions_are_counted(self, store):
        await filled(store)

        def work():
            mark = {"entity": "au_tfn", "detector": "au", "place": "body", "reviewer": "anna", "at": NOW}
            database.rows("Mark").create(message_id="m1", **mark)
            clock = {"received_at": NOW, "due_at": NOW + 10, "done_at": NOW + 5}
            database.rows("PersonRequest").create(person="", kind="access", taken_by="anna", **clock)
            version = {"fingerprint": "f", "at": NOW, "actor": "anna", "policy": "", "detection": ""}
            database.rows("PolicyVersion").create(**version)
            return count(NOW - 1, NOW + 1), reporting.requests(NOW, NOW + 8), reporting.versions(NOW, NOW + 1)

        counted, served, versions = await store.write(work)

        assert total(counted.values()).marks == {"au_tfn": 1}
        assert (served.received, served.in_time, served.late, served.open) == ({"access": 1}, 1, 0, 0)
        assert [version.fingerprint for version in versions] == ["f"]
