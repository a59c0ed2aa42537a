"""Requests of persons: registered with a clock, looked for, exported, frozen, erased, answered, with a receipt."""

import datetime as dt
import json
import re

import pytest

from dlp_gateway.audit.chain import EntryKind, Note, Texts
from dlp_gateway.audit.check import check
from dlp_gateway.audit.export import told
from dlp_gateway.console.sections import rights_acts
from dlp_gateway.housekeeping import limits
from dlp_gateway.model import Action
from dlp_gateway.quarantine import answers, held
from dlp_gateway.quarantine import rights as acts
from dlp_gateway.quarantine.expiry import expire
from dlp_gateway.quarantine.rules import Reviewer, ReviewError
from dlp_gateway.store import (
    clocks,
    database,
    erasure,
    history,
    keys,
    persons,
    receipts,
    requests,
    restriction,
    retention,
)
from dlp_gateway.store.change import change
from dlp_gateway.store.errors import StoreUnavailableError
from dlp_gateway.store.requests import DataSubject, RequestKind
from dlp_gateway.wiring import letterhead
from tests.unit.store.contract import deliver_all
from tests.unit.store.examples import PLANTED, intake, outgoing, verdict

DAY = 86400.0
JO = "jo@westendonsixth.com"
ANN = "ann@example.net"
BOB = "bob@example.org"
OTHER = "sam@westendonsixth.com"
HELD = verdict(BOB, Action.HOLD)
DELIVERED = verdict(ANN, Action.DELIVER)


@pytest.fixture
def dpo(console):
    return console.client("dpo")


def entries(subject):
    return [(entry.kind, json.loads(entry.details).get("act")) for entry in history.of(subject)]


def sound(console):
    return check(keys.load_audit(console.gateway.keys)).sound


def register(console, kind, *addresses, words=(), at=None):
    now = console.clock()
    return requests.register(DataSubject(addresses, tuple(words)), kind, at or now, actor="dpo", now=now)


def post(client, request, act, **data):
    response = client.post(f"/rights/{request.id}/{act}/", data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def frozen(*messages):
    return [held.find(message).restricted_at is not None for message in messages]


def commit(console, *intakes, then=None):
    console.commit(*intakes, then=then)


def mail(console, message_id, *verdicts, **more):
    return intake(*verdicts, message_id=message_id, at=console.clock() - DAY, **more)


@pytest.mark.parametrize(
    ("received", "months", "until"),
    [
        ("2026-03-03", 1, "2026-04-03"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-01-30", 1, "2028-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-10-31", 3, "2027-01-31"),
    ],
)
def test_the_clock_is_a_calendar_month(received, months, until):
    day = dt.datetime.fromisoformat(f"{received}T09:30:00+00:00").timestamp()

    due = dt.datetime.fromtimestamp(requests.due(day, months), dt.UTC)

    assert due.isoformat() == f"{until}T23:59:59+00:00"


def test_a_request_is_registered_and_listed_with_its_clock(console, dpo):
    received = dt.datetime.fromtimestamp(console.clock(), dt.UTC).date() - dt.timedelta(days=2)
    data = {
        "kind": "erase",
        "addresses": "Jo@WestEndOnSixth.com\n",
        "words": "Jo  Quillfeather\n",
        "received": received,
    }

    page = dpo.post("/rights/new/", data, follow=True).content.decode()

    (request,) = requests.listed()
    assert request.person == DataSubject((JO,), ("Jo Quillfeather",))
    assert JO in page
    assert entries(request.name) == [(EntryKind.PERSON, "received")]
    assert "days left" in dpo.get("/rights/").content.decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"addresses": "", "words": ""}, "Say who asks"),
        ({"addresses": "no address"}, "not a mail address"),
        ({"addresses": "a b@c.example"}, "not a mail address"),
        ({"words": "Jo"}, "3 to 120 characters"),
        ({"words": "x" * 121}, "3 to 120 characters"),
        ({"addresses": "\n".join(f"a{n}@b.example" for n in range(21))}, "At most 20 lines"),
        ({"addresses": JO, "received": "2100-01-01"}, "in the future"),
        ({"addresses": JO, "kind": "everything"}, "valid choice"),
    ],
)
def test_what_cannot_be_registered_is_said(console, dpo, data, said):
    given = {"kind": "access", "addresses": "", "words": "", "received": "2026-01-02", **data}

    assert said in dpo.post("/rights/new/", given).content.decode()
    assert requests.listed() == []


def test_the_list_says_what_is_late_and_names_nobody(console, dpo):
    register(console, RequestKind.ACCESS, JO, at=console.clock() - 40 * DAY)
    register(console, RequestKind.ACCESS, BOB, words=("Quillfeather",), at=console.clock() - 27 * DAY)

    page = dpo.get("/rights/").content.decode()

    assert "overdue by" in page
    assert not [word for word in (JO, BOB, "Quillfeather") if word in page]


def test_an_extension_needs_a_reason_within_the_first_month_and_is_given_once(console, dpo):
    request = register(console, RequestKind.ACCESS, JO)
    assert "needed" in post(dpo, request, "extend", reason=" ")

    post(dpo, request, "extend", reason="many messages")

    extended = requests.find(request.id)
    assert (extended.due_at, extended.extension) == (requests.due(request.received_at, 3), "many messages")
    assert "already" in post(dpo, request, "extend", reason="again")
    late = register(console, RequestKind.ACCESS, BOB, at=console.clock() - 40 * DAY)
    assert "first month is over" in post(dpo, late, "extend", reason="late")
    assert entries(request.name) == [(EntryKind.PERSON, "received"), (EntryKind.PERSON, "extended")]


def test_a_person_is_found_everywhere_by_address(console, dpo):
    commit(
        console,
        mail(console, "sent", DELIVERED, HELD, outgoing=(outgoing(JO),)),
        mail(console, "tagged", DELIVERED, sender="jo+lists@westendonsixth.com"),
        mail(console, "login", DELIVERED, sender=OTHER, user="JO@westendonsixth.com"),
        mail(console, "got", verdict(JO, Action.DELIVER), sender=OTHER),
        mail(console, "else", DELIVERED, sender=OTHER),
    )
    console.account("security", "jo", address=JO)
    request = register(console, RequestKind.ACCESS, JO)

    found = persons.traces(request.person)

    assert (found.sent.count, found.received.count, found.own.count) == (3, 1, 1)
    assert (found.addresses, found.under_way) == (2, 5)
    assert [(kept.message_id, kept.role) for kept in found.held] == [("sent", "sender")]
    assert {line.message_id for line in found.latest} == {"sent", "tagged", "login", "got"}
    assert [account.name for account in found.accounts] == ["jo"]
    page = dpo.get(f"/rights/{request.id}/").content.decode()
    assert "/held/sent/" in page
    assert not [word for word in PLANTED if word in page]


def test_a_pseudonymised_record_is_searched_with_the_key(console, dpo):
    settings = console.gateway.config / "gateway.yaml"
    settings.write_text(re.sub(r"(?m)^audit:.*", "audit: {addresses: pseudonym}", settings.read_text()))
    commit(console, mail(console, "held", HELD))
    desk = console.services.desk()
    desk.restrict("held", Reviewer("dpo"), "dispute with jo@westendonsixth.com", on=True)
    desk.restrict("held", Reviewer("dpo"), "over", on=False)
    desk.delete("held", None, Reviewer("dpo"), "no")  # its entry names Bob by pseudonym
    request = register(console, RequestKind.ERASE, BOB)
    key = console.review_keys().pseudonym

    assert persons.traces(request.person).addresses == 1  # as the store of this test keeps them
    assert persons.traces(request.person, key).addresses == 2
    acts.erase(desk, request.id, (), Reviewer("dpo"), notice=lambda _: (), reasons_by_name=False, now=console.clock())
    assert persons.traces(request.person, key).addresses == 1
    request = register(console, RequestKind.ERASE, BOB)
    post(dpo, request, "erase")
    assert persons.traces(request.person, key).addresses == 0
    assert sound(console)


def test_words_are_searched_inside_held_messages_only_when_asked_and_on_record(console, dpo):
    commit(console, mail(console, "one", HELD), mail(console, "two", HELD, content=b"Subject: Hello\r\n\r\nnobody\r\n"))
    request = register(console, RequestKind.ACCESS, words=("quillFEATHER", "123-456-782"))
    assert [kind for kind, _ in entries("one") if kind == EntryKind.VIEW] == []

    page = post(dpo, request, "search")

    assert "2 held messages opened and searched, something found in 1; 0 left" in page
    assert "Subject, body" in page
    assert not [word for word in PLANTED if word in page]
    for message_id in ("one", "two"):
        (view,) = (entry for entry in history.of(message_id) if entry.kind == EntryKind.VIEW)
        assert view.actor == "dpo"
        texts = history.texts(view.tokens.split())
        assert [text.text for text in texts.values()] == [f"{request.name}: searched for the person"]


def test_a_search_goes_on_where_it_stopped(console, monkeypatch):
    commit(console, *(mail(console, f"m{n}", HELD) for n in range(5)))
    request = register(console, RequestKind.ACCESS, words=("Quillfeather",))
    desk, seen = console.services.desk(), []

    def look(content, words):
        seen.append(words)
        return [("body", 1, 2)]

    def step(**more):
        return acts.search(desk, look, request.id, Reviewer("dpo"), clock=console.clock, **more)

    first = step(limit=2)
    console.commit(mail(console, "m9", HELD))
    second, third = step(limit=3), step()

    assert [(done.opened, done.left) for done in (first, second, third)] == [(2, 3), (3, 1), (1, 0)]
    assert len(seen) == 6
    assert requests.find(request.id).opened == 6


def test_what_cannot_be_searched_is_said(console, dpo):
    commit(console, mail(console, "one", HELD))
    request = register(console, RequestKind.ACCESS, words=("Quillfeather",))

    acts.search(console.services.desk(), lambda *_: None, request.id, Reviewer("dpo"), clock=console.clock)

    assert "could not be searched" in dpo.get(f"/rights/{request.id}/").content.decode()


def test_the_export_has_everything_of_the_person_and_masks_the_others(console, dpo):
    commit(
        console,
        mail(console, "sent", DELIVERED, HELD, outgoing=(outgoing(JO),)),
        mail(console, "got", verdict(JO, Action.DELIVER), verdict(BOB, Action.DELIVER), sender=OTHER),
    )
    console.services.desk().restrict("sent", Reviewer("other-dpo"), "Jo Quillfeather asked, with Ann", on=True)
    console.services.desk().restrict("sent", Reviewer("other-dpo"), "sam said so", on=False)
    request = register(console, RequestKind.EXPORT, JO, words=("Jo Quillfeather",))

    response = dpo.post(f"/rights/{request.id}/export/")

    text = response.content.decode()
    data = json.loads(text)
    assert response["Content-Disposition"] == f'attachment; filename="{request.name}.json"'
    assert data["schema"] == "dlp-gateway person export 1"
    sent, got = sorted(data["decisions"], key=lambda one: one["id"], reverse=True)
    assert (sent["sender"], [r["address"] for r in sent["recipients"]]) == (JO, ["masked", "masked"])
    assert (got["sender"], [r["address"] for r in got["recipients"]]) == ("masked", [JO, "masked"])
    assert sent["found"] == {"au_tfn": 1, "person_name": 2}
    assert sent["held"]["restricted"] is False
    assert [notice["kind"] for notice in data["notices"]] == ["notice"]
    kinds = [entry["kind"] for entry in data["record"]]
    assert kinds.count("decide") == 2
    (frozen,) = (entry for entry in data["record"] if entry["kind"] == "restrict")
    assert (frozen["by"], frozen["details"]["reason"]) == ("masked", "Jo Quillfeather asked, with Ann")
    assert not [other for other in (ANN, BOB, OTHER, "other-dpo", "sam said so") if other in text]
    assert (EntryKind.PERSON, "exported") in entries(request.name)


def test_a_person_with_more_texts_than_a_statement_takes_is_exported(console, dpo):
    commit(console, mail(console, "held", HELD))
    with change() as made:
        for number in range(1100):
            texts = Texts()
            details = {"reason": texts.reason(f"the recipient may have it, {number}")}
            made.rows.notes.append(Note(EntryKind.VIEW, console.clock(), "kim", "held", details, tuple(texts.items)))
    request = register(console, RequestKind.EXPORT, JO, words=("May",))

    data = json.loads(dpo.post(f"/rights/{request.id}/export/").content)

    views = [entry for entry in data["record"] if entry["kind"] == "view"]
    assert [entry["details"]["reason"] for entry in views] == [
        f"the recipient may have it, {number}" for number in range(1100)
    ]


def test_a_restriction_stops_every_clock_until_it_is_lifted(console, dpo):
    commit(console, mail(console, "held", HELD), mail(console, "over", DELIVERED), then=deliver_all)
    request = register(console, RequestKind.RESTRICT, JO)
    gateway_keys = keys.load_gateway(console.gateway.keys)
    later = console.clock() + 400 * DAY

    assert "2 more decisions" in post(dpo, request, "restrict")

    assert held.find("held").restricted_at is not None
    told = len(history.of("over"))
    assert expire(later, gateway_keys, lambda _: ()) == []
    purged = retention.purge(decisions=later, own=later, entries=later, now=later)
    assert purged.decisions == 0
    assert len(history.of("over")) == told
    console.clock.now = later
    assert "The restriction of 2 decisions is lifted" in post(console.client("dpo"), request, "lift")
    assert held.find("held").restricted_at is None
    assert held.find("held").expires_at > later
    assert retention.purge(decisions=later, own=later, entries=later, now=later).decisions == 1
    assert sound(console)


def test_lifting_a_request_lifts_no_other_dispute(console):
    commit(console, mail(console, "a", HELD), mail(console, "b", HELD))
    who = Reviewer("dpo")
    console.services.desk().restrict("a", who, "a dispute of its own", on=True)
    first, second = (register(console, RequestKind.RESTRICT, address) for address in (JO, BOB))
    for request in (first, second):
        acts.restrict(request.id, (), who, console.clock())

    acts.lift(first.id, who, console.clock())
    assert frozen("a", "b") == [True, True]
    acts.lift(second.id, who, console.clock())
    assert frozen("a", "b") == [True, False]


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0, 1), (1, 1, 0)])
def test_of_two_restrictions_the_last_to_be_lifted_lets_the_message_go(console, dpo, order):
    commit(console, mail(console, "b", HELD))
    both = [register(console, RequestKind.RESTRICT, address) for address in (JO, BOB)]
    for request in both:
        post(dpo, request, "restrict")
    expires_at = held.find("b").expires_at
    console.clock.now += 10 * DAY
    dpo = console.client("dpo")

    for number in order[:-1]:
        post(dpo, both[number], "lift")
        assert frozen("b") == [True]
    assert f"/rights/{both[order[-1]].id}/lift/" in dpo.get(f"/rights/{both[order[-1]].id}/").content.decode()
    post(dpo, both[order[-1]], "lift")

    assert frozen("b") == [False]
    assert held.find("b").expires_at == pytest.approx(expires_at + 10 * DAY, abs=1)
    for request in both:
        assert f"/rights/{request.id}/lift/" not in dpo.get(f"/rights/{request.id}/").content.decode()
    assert expire(console.clock() + 4000 * DAY, keys.load_gateway(console.gateway.keys), lambda _: ()) == ["b"]
    assert sound(console)


def test_the_last_restriction_lets_the_message_go_also_when_the_first_request_is_gone(console, dpo):
    commit(console, mail(console, "b", HELD))
    first, second = (register(console, RequestKind.RESTRICT, address) for address in (JO, BOB))
    for request in (first, second):
        post(dpo, request, "restrict")
    post(dpo, first, "lift")
    post(dpo, first, "answer", outcome="granted", answer="told by letter")
    later = console.clock() + 2000 * DAY
    assert clocks.run(limits(console.services.settings, later), later)["requests"] == 1

    acts.lift(second.id, Reviewer("dpo"), later)

    assert frozen("b") == [False]


def test_what_an_older_version_left_frozen_for_no_request_can_be_lifted(console, dpo):
    commit(console, mail(console, "b", HELD))
    first, second = (register(console, RequestKind.RESTRICT, address) for address in (JO, BOB))
    post(dpo, first, "restrict")
    with database.cursor() as cursor:  # as lifting it used to leave it, with the second request in between
        cursor.execute("DELETE FROM dlp_restriction")
    assert f"/rights/{first.id}/lift/" in dpo.get(f"/rights/{first.id}/").content.decode()
    post(dpo, second, "restrict")

    post(dpo, second, "lift")

    assert frozen("b") == [False]


def test_what_a_request_restricts_is_lifted_there_and_nowhere_else(console, dpo):
    commit(console, mail(console, "a", HELD), mail(console, "b", HELD))
    console.services.desk().restrict("b", Reviewer("dpo"), "a dispute of its own", on=True)
    request = register(console, RequestKind.RESTRICT, JO)
    post(dpo, request, "restrict")

    for name in ("a", "b"):
        page = dpo.post(f"/held/{name}/restrict/", {"on": "0", "reason": "the dispute is over"}, follow=True)
        assert f"is restricted for {request.name}; lift it there" in page.content.decode()

    assert frozen("a", "b") == [True, True]
    later = console.clock() + 400 * DAY
    assert expire(later, keys.load_gateway(console.gateway.keys), lambda _: ()) == []
    post(dpo, request, "lift")
    assert frozen("a", "b") == [False, True]
    dpo.post("/held/b/restrict/", {"on": "0", "reason": "the dispute is over"})
    assert frozen("a", "b") == [False, False]


def test_a_restriction_that_breaks_off_changes_nothing_and_can_be_done_again(console, monkeypatch):
    commit(console, mail(console, "a", HELD), mail(console, "b", HELD))
    request = register(console, RequestKind.RESTRICT, JO)
    write = receipts.write

    def broken(*_, **__):
        raise StoreUnavailableError("another process holds the database")

    monkeypatch.setattr(receipts, "write", broken)
    with pytest.raises(StoreUnavailableError):
        acts.restrict(request.id, (), Reviewer("dpo"), console.clock())
    assert (restriction.restricting(request), frozen("a", "b")) == (0, [False, False])
    monkeypatch.setattr(receipts, "write", write)

    assert acts.restrict(request.id, (), Reviewer("dpo"), console.clock()) == 2
    assert frozen("a", "b") == [True, True]


@pytest.mark.parametrize("finish", ["again", "clock"])
def test_a_restriction_that_was_left_half_done_is_completed(console, finish):
    commit(console, mail(console, "a", HELD), mail(console, "b", HELD))
    request = register(console, RequestKind.RESTRICT, JO)
    with database.cursor() as cursor:  # as an older version left it, when it was interrupted
        for name in ("a", "b"):
            cursor.execute(
                "INSERT INTO dlp_restriction (request_id, message_id, at) VALUES (%s, %s, 1)", (request.id, name)
            )
    with pytest.raises(ReviewError, match=f"restricted for {request.name}"):
        console.services.desk().delete("a", None, Reviewer("dpo"), "no")

    if finish == "again":
        assert acts.restrict(request.id, (), Reviewer("dpo"), console.clock()) == 0
    else:
        later = console.clock() + 400 * DAY
        assert expire(later, keys.load_gateway(console.gateway.keys), lambda _: ()) == []

    assert frozen("a", "b") == [True, True]
    assert requests.find(request.id).receipt["done"]["held messages frozen"] == 2
    acts.lift(request.id, Reviewer("dpo"), console.clock() + 401 * DAY)
    assert frozen("a", "b") == [False, False]


@pytest.mark.parametrize("why", ["dispute", "request"])
def test_what_hangs_on_a_frozen_message_is_kept_with_it(console, dpo, why):
    commit(console, mail(console, "held", HELD), mail(console, "other", HELD, sender=OTHER))
    for name in ("held", "other"):
        with database.cursor() as cursor:
            cursor.execute(
                "INSERT INTO dlp_link (digest, message_id, at, expires_at) VALUES (%s, %s, 1, 2)", (f"key {name}", name)
            )
            cursor.execute(
                "INSERT INTO dlp_mark (message_id, entity, detector, place, reviewer, at)"
                " VALUES (%s, 'au_tfn', 'au', 'body', 'dpo', 1)",
                (name,),
            )
            cursor.execute(
                "INSERT INTO dlp_appeal (message_id, at, key_id, sealed, answer, answered_at, answered_by)"
                " VALUES (%s, 1, 'reviewers-1', '', 'refused', 1, 'dpo')",
                (name,),
            )
    if why == "dispute":
        console.services.desk().restrict("held", Reviewer("dpo"), "court case", on=True)
    else:
        post(dpo, register(console, RequestKind.RESTRICT, JO), "restrict")
    later = console.clock() + 2000 * DAY
    entries_before = len(history.of("held"))

    clocks.run(limits(console.services.settings, later), later)
    retention.purge(decisions=later, own=later, entries=later, now=later)

    for table in ("dlp_link", "dlp_mark", "dlp_appeal"):
        with database.cursor() as cursor:
            cursor.execute(f"SELECT message_id FROM {table}")
            assert cursor.fetchall() == [("held",)], table
    assert len(history.of("held")) == entries_before


def test_erasure_shows_first_what_it_does_and_then_leaves_no_address(console, dpo):
    commit(
        console,
        mail(console, "sent", DELIVERED, outgoing=(outgoing(JO),)),
        mail(console, "got", verdict(JO, Action.DELIVER), sender=OTHER),
        mail(console, "kept", DELIVERED, sender=OTHER),
        then=deliver_all,
    )
    console.commit(mail(console, "held", HELD))
    request = register(console, RequestKind.ERASE, JO)
    preview = dpo.get(f"/rights/{request.id}/erase/").content.decode()
    assert "2 decisions on mail from the person" in preview
    assert 'value="held"' in preview

    page = post(dpo, request, "erase", message="held")

    assert "queued or held" in page  # the notice that tells Jo
    assert held.find("held").closed_at is not None
    commit(console, then=deliver_all)
    assert erasure.resume(console.clock()) == 1
    done = requests.find(request.id)
    assert done.receipt["done"] == {
        "held messages": 1,
        "sender addresses": 2,
        "recipient addresses": 1,
        "notices": 2,
        "texts of the record": 2,
    }
    assert JO.encode() not in raw(console, request)
    assert OTHER.encode() in raw(console, request)
    assert sound(console)
    receipt = json.loads(dpo.get(f"/rights/{request.id}/receipt.json/").content)
    assert (receipt["left"], receipt["done"]) == ([], done.receipt["done"])
    assert {step["by"] for step in receipt["steps"]} == {"dpo", "gateway"}
    named = {entry.seq: entry.kind for entry in history.entries() if entry.seq in receipt["record_entries"]}
    assert {EntryKind.PERSON, EntryKind.ERASE, EntryKind.DELETE} == set(named.values())
    printed = dpo.get(f"/rights/{request.id}/receipt/").content.decode()
    assert JO not in printed
    post(dpo, request, "answer", outcome="granted", answer="told by letter")
    assert requests.find(request.id).done_by == "dpo"


def test_the_notice_of_an_erasure_names_nobody_who_got_it_meanwhile(console, dpo, monkeypatch):
    console.commit(mail(console, "held", HELD, verdict(ANN, Action.HOLD)))
    request, named = register(console, RequestKind.ERASE, JO), []

    def released_first(settings):
        """A reviewer acts after the message was read and before it is destroyed."""
        console.services.desk().release("held", [held.find("held").waiting[0].id], Reviewer("kim", OTHER), "fine")
        return letterhead(settings)

    def telling(_letter, _event, message, recipients, *_rest):
        named.extend(one.address.literal for one in message.recipients if one.id in recipients)
        return ()

    monkeypatch.setattr(rights_acts, "letterhead", released_first)
    monkeypatch.setattr(answers, "to_sender", telling)
    post(dpo, request, "erase", message="held")

    assert named == [ANN]
    assert [one.state for one in held.find("held").recipients] == ["queued", "deleted"]


def test_an_erasure_that_breaks_off_keeps_on_the_receipt_what_it_destroyed(console):
    console.commit(mail(console, "a", HELD), mail(console, "b", HELD))
    request, desk = register(console, RequestKind.ERASE, ANN), console.services.desk()
    as_asked = {"reasons_by_name": False, "now": console.clock()}

    def notice(message):
        if message.message_id == "a":
            desk.release("b", None, Reviewer("kim", OTHER), "fine")
        return ()

    with pytest.raises(ReviewError, match="not held any more"):
        acts.erase(desk, request.id, ["a", "b"], Reviewer("dpo"), notice=notice, **as_asked)
    acts.erase(desk, request.id, [], Reviewer("dpo"), notice=notice, **as_asked)

    receipt = requests.find(request.id).receipt
    (deleted,) = (entry.seq for entry in history.of("a") if entry.kind == EntryKind.DELETE)
    assert receipt["done"]["held messages"] == 1
    assert receipt["entries"] == [deleted]


def test_what_cannot_be_noted_on_the_receipt_is_not_destroyed(console, monkeypatch):
    console.commit(mail(console, "a", HELD))
    request, desk = register(console, RequestKind.ERASE, ANN), console.services.desk()

    def fail(*_args, **_more):
        raise StoreUnavailableError("away")

    monkeypatch.setattr(erasure, "add_held", fail)
    with pytest.raises(StoreUnavailableError):
        acts.erase(
            desk,
            request.id,
            ["a"],
            Reviewer("dpo"),
            notice=lambda _: (),
            reasons_by_name=False,
            now=console.clock(),
        )

    assert held.find("a").waiting


def test_mail_that_comes_after_the_erasure_began_is_no_part_of_it(console):
    commit(console, mail(console, "queued", DELIVERED))
    request = register(console, RequestKind.ERASE, JO)
    request = erasure.begin(request.id, reasons_by_name=False, actor="dpo", now=console.clock())
    assert erasure.run(request, actor="dpo", now=console.clock())
    later = intake(DELIVERED, message_id="later", at=console.clock() + DAY)
    commit(console, then=deliver_all)
    commit(console, later)

    assert erasure.resume(console.clock() + DAY) == 1

    assert requests.find(request.id).erased_at == console.clock() + DAY
    assert [line.message_id for line in persons.traces(request.person).latest] == ["later"]


def senders_on_record(message_id):
    return [details["sender"] for entry, details in told(history.of(message_id)) if entry.kind == EntryKind.DECIDE]


def test_while_an_erasure_waits_the_record_of_mail_that_came_later_stays(console):
    commit(console, mail(console, "before", DELIVERED), then=deliver_all)
    commit(console, mail(console, "held", HELD))
    desk, request = console.services.desk(), register(console, RequestKind.ERASE, JO)
    left = acts.erase(
        desk, request.id, (), Reviewer("dpo"), notice=lambda _: (), reasons_by_name=False, now=console.clock()
    )
    assert [one.what for one in left] == ["messages under way"]
    assert senders_on_record("before") == senders_on_record("held") == ["(erased)"]
    desk.restrict("held", Reviewer("dpo"), f"{JO} objects", on=True)
    desk.restrict("held", Reviewer("dpo"), "it was settled", on=False)
    commit(console, intake(HELD, message_id="later", at=console.clock() + DAY))
    desk.restrict("later", Reviewer("dpo"), f"{JO} objects again", on=True)
    desk.restrict("later", Reviewer("dpo"), "it was settled again", on=False)

    for days in (1.1, 1.2):
        assert erasure.resume(console.clock() + days * DAY) == 0

    assert senders_on_record("later") == [JO]
    reasons = {text.text for _, text in history.all_texts() if text.kind == "reason"}
    assert reasons == {"it was settled", f"{JO} objects again", "it was settled again"}
    desk.delete("held", None, Reviewer("dpo"), "no")
    assert erasure.resume(console.clock() + 2 * DAY) == 1
    assert senders_on_record("later") == [JO]
    assert [line.message_id for line in persons.traces(request.person).latest] == ["later"]
    assert sound(console)


def test_what_names_the_person_in_mail_of_the_erasure_goes_when_that_is_finished(console):
    commit(console, mail(console, "queued", verdict(JO, Action.DELIVER), sender=OTHER))
    request = register(console, RequestKind.ERASE, JO)
    request = erasure.begin(request.id, reasons_by_name=False, actor="dpo", now=console.clock())
    assert erasure.run(request, actor="dpo", now=console.clock())
    assert persons.traces(request.person).addresses == 0
    commit(console, then=deliver_all)
    assert persons.traces(request.person).addresses == 1

    assert erasure.resume(console.clock() + DAY) == 1

    assert persons.traces(request.person).addresses == 0
    assert sound(console)


def test_an_erasure_that_is_begun_again_takes_what_has_come_since(console):
    commit(console, mail(console, "held", HELD))
    request = register(console, RequestKind.ERASE, JO)
    for at in (0, 2 * DAY):
        request = erasure.begin(request.id, reasons_by_name=False, actor="dpo", now=console.clock() + at)
        erasure.run(request, actor="dpo", now=console.clock() + at)
        if not at:
            commit(console, intake(DELIVERED, message_id="later", at=console.clock() + DAY))

    assert senders_on_record("later") == ["(erased)"]


def raw(console, request):
    """The files of the database, without what the request itself says of the person."""
    with database.cursor() as cursor:
        cursor.execute("UPDATE dlp_person_request SET person = '' WHERE id = %s", (request.id,))
    assert database.checkpoint()
    found = b"".join(file.read_bytes() for file in sorted(console.gateway.database.parent.glob("*.db*")))
    with database.cursor() as cursor:
        cursor.execute("UPDATE dlp_person_request SET person = %s WHERE id = %s", (request.person.text(), request.id))
    return found


def test_what_is_restricted_is_not_erased_and_the_page_says_why(console, dpo):
    commit(console, mail(console, "one", HELD), mail(console, "two", DELIVERED), then=deliver_all)
    freeze = register(console, RequestKind.RESTRICT, JO)
    post(dpo, freeze, "restrict")
    request = register(console, RequestKind.ERASE, JO)

    assert "nothing was erased now" in post(dpo, request, "erase", message="one")
    page = post(dpo, request, "erase")

    assert "restricted for a dispute or a request" in page
    assert persons.traces(request.person).sent.count == 2
    assert persons.traces(request.person).addresses == 1
    assert "not everything is erased yet" in post(dpo, request, "answer", outcome="granted", answer="done")
    post(dpo, request, "answer", outcome="refused", answer="a dispute is open")
    assert requests.find(request.id).outcome == "refused"


def test_reasons_that_name_the_person_go_only_if_asked(console, dpo):
    commit(console, mail(console, "one", HELD))
    desk = console.services.desk()
    desk.restrict("one", Reviewer("dpo"), f"{JO} objects", on=True)
    desk.restrict("one", Reviewer("dpo"), "Jo Quillfeather agreed", on=False)
    request = register(console, RequestKind.ERASE, JO, words=("jo quillfeather",))

    def reasons():
        return {text.text for _, text in history.all_texts() if text.kind == "reason"}

    post(dpo, request, "erase")
    assert f"{JO} objects" not in reasons()
    assert "Jo Quillfeather agreed" in reasons()
    again = register(console, RequestKind.ERASE, JO, words=("jo quillfeather",))
    post(dpo, again, "erase", reasons="on")
    assert "Jo Quillfeather agreed" not in reasons()
    assert sound(console)


def test_an_answer_closes_the_request_and_is_on_record(console, dpo):
    request = register(console, RequestKind.RECTIFY, JO)
    assert "Say how" in post(dpo, request, "answer", outcome="granted", answer="")

    page = post(dpo, request, "answer", outcome="refused", answer="the mail had that address")

    assert "the mail had that address" in page
    assert "answered already" in post(dpo, request, "search")
    assert entries(request.name)[-1] == (EntryKind.PERSON, "answered")
    assert "the mail had that address" not in {text.text for _, text in history.all_texts()}


@pytest.mark.parametrize("path", ["", "receipt/", "receipt.json/", "erase/"])
def test_a_request_that_is_not_there(dpo, path):
    assert dpo.get(f"/rights/77/{path}").status_code == 404


@pytest.mark.parametrize("act", ["extend", "answer", "search", "restrict", "lift", "erase", "export"])
def test_an_act_on_a_request_that_is_not_there(dpo, act):
    data = {"outcome": "granted", "answer": "yes", "reason": "why"}
    assert dpo.post(f"/rights/77/{act}/", data).status_code == 404


@pytest.mark.parametrize("role", ["admin", "security", "auditor"])
def test_nobody_but_data_protection_officers_sees_requests(console, role):
    request = register(console, RequestKind.ERASE, JO)
    client = console.client(role)
    for path in ("", "new/", "retention/", f"{request.id}/", f"{request.id}/erase/", f"{request.id}/receipt/"):
        assert client.get(f"/rights/{path}").status_code == 403
    for act in ("search", "erase", "export", "restrict"):
        assert client.post(f"/rights/{request.id}/{act}/").status_code == 403


def test_every_kind_that_is_stored_is_on_the_retention_page(console, dpo):
    commit(console, mail(console, "one", HELD, outgoing=(outgoing(JO),)), mail(console, "two", DELIVERED))
    register(console, RequestKind.ACCESS, JO)

    page = dpo.get("/rights/retention/").content.decode()

    counts = dict(re.findall(r'<th scope="row">([^<]+)</th>\s*<td class="number">(\d+)</td>', page))
    assert counts["Held messages"] == "1"
    assert counts["Decisions with their findings, without values"] == "2"
    assert counts["Notices and bounces of the gateway"] == "1"
    assert counts["Requests of persons, in figures"] == "1"
    assert "retention.decisions_days" in page
    assert JO not in page
