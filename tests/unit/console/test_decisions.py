"""The searchable list of decisions, one page a decision, and the list for other systems."""

import csv
import datetime as dt
import html
import io
import json
import re

import pytest

from dlp_gateway.audit.export import csv_row
from dlp_gateway.model import Action, RuleHit, Verdict, Zone
from dlp_gateway.store import decision_log
from dlp_gateway.store.decision_log import Mark, Wanted
from tests.unit.store.examples import PLANTED, delivered, intake, verdict

HELD = verdict("ann@example.net", Action.HOLD)
SENT = verdict("Bo@Example.org", Action.DELIVER)
REFUSED = verdict("cy@westendonsixth.com", Action.REFUSE, zone=Zone.INTERNAL)
WATCHED = Verdict(
    SENT.recipient,
    Zone.EXTERNAL,
    Action.DELIVER,
    (RuleHit("bulk", "2.1", Action.HOLD, ("60 people in body",), monitored=True),),
)


@pytest.fixture
def filled(console):
    now = console.clock.now
    console.commit(
        intake(HELD, SENT, message_id="m1", at=now - 500),
        intake(SENT, message_id="m2", at=now - 400, sender="Kim@westendonsixth.com"),
        intake(REFUSED, message_id="m3", at=now - 300, content=None, sender=None),
        intake(WATCHED, message_id="m4", at=now - 90_000),
    )
    return console


def listed(page):
    return re.findall(r'href="/decisions/(m\d)/"', page.content.decode())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["m3", "m2", "m1", "m4"]),
        ("decision_id=m2", ["m2"]),
        ("decision_id=nothing", []),
        ("sender=KIM@westendonsixth.com", ["m2"]),
        ("sender=westendonsixth.com", ["m2", "m1", "m4"]),
        ("sender=@westendonsixth.com", ["m2", "m1", "m4"]),
        ("recipient=bo@example.org", ["m2", "m1", "m4"]),
        ("recipient=example.net", ["m1"]),
        ("recipient=nobody@example.net", []),
        ("action=hold", ["m1"]),
        ("action=refuse", ["m3"]),
        ("action=return", []),
        ("action=deliver", ["m2", "m1", "m4"]),
        ("rule=external", ["m3", "m1"]),
        ("rule=bulk", ["m4"]),
        ("zone=internal", ["m3"]),
        ("zone=external&action=refuse", []),
        ("recipient=bo@example.org&action=hold", []),
        ("entity=au_tfn", ["m3", "m2", "m1", "m4"]),
        ("entity=au_tf_", []),
        ("policy=policy-1", ["m3", "m2", "m1", "m4"]),
        ("policy=policy-2", []),
        ("sender=%25", []),
        ("action=nonsense", ["m3", "m2", "m1", "m4"]),
        ("after=nonsense", ["m3", "m2", "m1", "m4"]),
    ],
)
def test_what_matches_is_listed_newest_first(filled, query, expected):
    page = filled.client("security").get(f"/decisions/?{query}")

    assert listed(page) == expected
    assert not [word for word in PLANTED if word in page.content.decode()]


def test_what_is_suggested_to_look_for_can_be_found(console):
    suggested = re.search(r"such as (\w+)", console.client("auditor").get("/decisions/").content.decode())[1]

    assert suggested in console.services.looking()[1].entities


def test_days_are_those_of_utc(filled):
    day = dt.datetime.fromtimestamp(filled.clock.now - 90_000, dt.UTC).date()

    page = filled.client("dpo").get(f"/decisions/?since={day}&until={day}")

    assert "m4" in listed(page)
    assert listed(filled.client("dpo").get(f"/decisions/?until={day - dt.timedelta(days=1)}")) == []


def test_the_list_goes_on_where_it_ended(console):
    at = console.clock.now
    console.commit(*(intake(SENT, message_id=f"n{n:03}", at=at - n // 3) for n in range(120)))
    client, address, seen = console.client("dpo"), "/decisions/", []

    while address:
        page = client.get(address).content.decode()
        seen += re.findall(r'href="/decisions/(n\d+)/"', page)
        following = re.search(r'rel="next"[^>]*href="([^"]+)"', page)
        address = f"/decisions/{html.unescape(following[1])}" if following else None

    assert len(seen) == 120
    assert len(set(seen)) == 120
    assert [int(key[1:]) // 3 for key in seen] == sorted(int(key[1:]) // 3 for key in seen)


def test_a_page_looks_at_so_many_and_says_how_far(console, monkeypatch):
    monkeypatch.setattr(decision_log, "_WINDOW", 5)
    at = console.clock.now
    console.commit(*(intake(SENT, message_id=f"n{n:03}", at=at - n) for n in range(12)))

    first = decision_log.search(Wanted(rule="external"))
    second = decision_log.search(Wanted(rule="external"), first.following)
    third = decision_log.search(Wanted(rule="external"), second.following)

    assert [found.exhausted for found in (first, second, third)] == [False, False, True]
    assert first.following == Mark(at - 5)
    assert third.following is None
    assert "Look further back" in console.client("dpo").get("/decisions/?rule=external").content.decode()


def test_what_is_beyond_the_window_is_found_in_the_end(console, monkeypatch):
    monkeypatch.setattr(decision_log, "_WINDOW", 5)
    at = console.clock.now
    console.commit(
        *(intake(SENT, message_id=f"n{n:03}", at=at - n) for n in range(12)),
        intake(WATCHED, message_id="last", at=at - 50),
    )

    assert [one.id for one in decision_log.everything(Wanted(rule="bulk"), page=3)] == ["last"]


@pytest.mark.parametrize("few", [0, 1, 1000])
def test_few_and_many_find_the_same(filled, monkeypatch, few):
    monkeypatch.setattr(decision_log, "_FEW", few)

    found = decision_log.search(Wanted(recipient="example.org", action=Action.DELIVER))

    assert [one.id for one in found.decisions] == ["m2", "m1", "m4"]


def test_a_decision_is_explained(filled):
    page = filled.client("auditor").get("/decisions/m1/").content.decode()

    assert "personal data beyond contact information would leave in clear text" in page
    assert "(clause 5.14(a))" in page
    assert "TFN in attachment 1 (xlsx)" in page
    assert "au_tfn" in page
    assert "document 2" in page
    assert "picture not read" in page
    assert "The record was not verified here yet." in page
    assert not [word for word in PLANTED if word in page]


def test_a_decision_tells_what_became_of_it(filled):
    async def deliver(store):
        due = await store.lease("worker", 10, filled.clock.now, 60)
        await store.settle([delivered(one.delivery_id) for one in due if one.message_id == "m2"], filled.clock.now)

    filled.commit(then=deliver)

    page = " ".join(filled.client("dpo").get("/decisions/m2/").content.decode().split())

    assert "<dd>250 2.0.0 accepted</dd>" in page
    assert "mx.example.net" in page
    assert "TLSv1.3" in page
    assert "Delivered" in page


@pytest.mark.parametrize(("role", "linked"), [("dpo", True), ("security", True), ("auditor", False)])
def test_the_held_page_is_linked_for_those_who_may_see_it(filled, role, linked):
    assert (b'href="/held/m1/"' in filled.client(role).get("/decisions/m1/").content) is linked


def test_its_place_in_the_chain_is_told(filled):
    client = filled.client("dpo")
    client.post("/record/verify/")
    filled.services.verification.wait()

    page = " ".join(client.get("/decisions/m1/").content.decode().split())

    assert re.search(r"Entry 1 of \d+\.", page)
    assert "The chain was verified up to entry" in page
    assert "by dpo" in page


@pytest.mark.parametrize("path", ["/decisions/nothing/", "/decisions/export/exe/"])
def test_what_is_not_there_is_not_found(filled, path):
    assert filled.client("dpo").get(path).status_code == 404


def saved(console, form, query=""):
    response = console.client("dpo").get(f"/decisions/export/{form}/{query}")
    return response, b"".join(response.streaming_content).decode()


def test_decisions_are_saved_as_csv(filled):
    response, text = saved(filled, "csv", "?action=hold")
    rows = list(csv.DictReader(io.StringIO(text)))

    assert response["Content-Disposition"] == 'attachment; filename="decisions.csv"'
    assert [(row["decision"], row["recipient"], row["action"]) for row in rows] == [
        ("m1", "ann@example.net", "hold"),
        ("m1", "Bo@Example.org", "deliver"),
    ]
    assert (rows[0]["rules"], rows[0]["clauses"], rows[0]["found"]) == ("external", "5.14(a)", "au_tfn:1 person_name:2")
    assert not [word for word in PLANTED if word in text]


def test_decisions_are_saved_as_json_lines(filled):
    _, text = saved(filled, "json")
    found = [json.loads(line) for line in text.splitlines()]

    assert [one["decision"] for one in found] == ["m3", "m2", "m1", "m4"]
    assert found[3]["recipients"][0]["hits"][0]["monitored"] is True
    assert not [word for word in PLANTED if word in text]


def test_decisions_are_saved_as_cef(filled):
    _, text = saved(filled, "cef", "?action=hold")

    assert text.startswith("CEF:0|dlp-gateway|dlp-gateway|")
    assert "duser=ann@example.net,bo@example.org" in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=HYPERLINK(0)@example.net", '"\'=HYPERLINK(0)@example.net"'),
        ("+1", '"\'+1"'),
        ("-1", '"\'-1"'),
        ("@SUM(A1)", '"\'@SUM(A1)"'),
        ("\t=1", '"\'\t=1"'),
        ("\r=1", '"\'\r=1"'),
        ('a"b', '"a""b"'),
        ("a,b", '"a,b"'),
        ("", '""'),
        (-1, "-1"),
    ],
)
def test_no_text_is_a_formula(cell, written):
    assert csv_row([cell]) == written


def test_an_address_is_no_formula_in_a_spreadsheet(console):
    console.commit(intake(verdict("=cmd|x@example.net", Action.DELIVER), sender="+1+1@westendonsixth.com"))

    _, text = saved(console, "csv")

    assert '"\'=cmd|x@example.net"' in text
    assert '"\'+1+1@westendonsixth.com"' in text
