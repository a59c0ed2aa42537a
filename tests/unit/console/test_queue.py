"""The queue: what waits and why, trying again, giving up."""

import dataclasses

import pytest

from dlp_gateway.model import Action
from dlp_gateway.store import database, history
from dlp_gateway.store.values import Outcome, State
from tests.unit.store.examples import PLANTED, intake, verdict

BOB = verdict("bob@example.org", Action.DELIVER)
ANN = verdict("ann@example.net", Action.DELIVER)


def rows():
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT r.literal, r.state, m.kind FROM dlp_recipient r JOIN dlp_message m ON m.id = r.message_id"
        )
        return sorted(cursor.fetchall())


def number(address):
    with database.cursor() as cursor:
        cursor.execute("SELECT id FROM dlp_recipient WHERE literal = %s", (address,))
        return cursor.fetchone()[0]


def shown(response):
    assert response.status_code == 200
    text = response.content.decode()
    assert not [word for word in PLANTED if word in text]
    return text


def put_off(at):
    """Let the delivery to Bob be put off."""

    async def then(store):
        leased = await store.lease("w", 10, at, 60)
        bob = next(due for due in leased if due.recipient.address.literal == "bob@example.org")
        later = Outcome(bob.delivery_id, State.DEFERRED, 451, "4.2.2", "full", "mx.example.org", next_attempt=at + 3600)
        await store.settle([later], at)
        await store.renew([due.delivery_id for due in leased if due is not bob], at, 0)

    return then


@pytest.fixture
def queued(console):
    now = console.clock.now
    console.commit(
        intake(BOB, message_id="one", at=now - 7200),
        intake(ANN, message_id="two", at=now - 60, sender="kim@westendonsixth.com"),
        then=put_off(now),
    )
    return console


def test_nothing_waits(console):
    assert "Nothing waits." in shown(console.client("admin").get("/queue/"))


@pytest.mark.parametrize("role", ["admin", "security"])
def test_the_queue_tells_what_waits_and_why(queued, role):
    text = shown(queued.client(role).get("/queue/"))

    for part in (
        "bob@example.org",
        "jo@westendonsixth.com",
        "451 4.2.2",
        "mx.example.org",
        "The mailbox is full",
        "in 1 h 0 min",
        "2 h 0 min",
        "not tried yet",
        "2 deliveries wait",
    ):
        assert part in text
    assert ("Retry the ticked" in text) is (role == "admin")


@pytest.mark.parametrize("role", ["dpo", "auditor", ""])
def test_others_do_not_see_it(queued, role):
    assert queued.client(role).get("/queue/").status_code == 403


FILTERS = {
    "recipient=BOB%40": {"bob"},
    "recipient=%40example.net": {"ann"},
    "recipient=%25": set(),
    "sender=kim": {"ann"},
    "id=on": {"bob"},
    "kind=mail": {"bob", "ann"},
    "kind=bounce": set(),
    "zone=external": {"bob", "ann"},
    "zone=internal": set(),
    "code=451": {"bob"},
    "tried=yes": {"bob"},
    "tried=no": {"ann"},
    "age=1": {"bob"},
    "code=x": {"bob", "ann"},
    "after=0": {"bob", "ann"},
}


@pytest.mark.parametrize(("query", "expected"), FILTERS.items())
def test_the_filter(queued, query, expected):
    text = shown(queued.client("admin").get(f"/queue/?{query}"))

    assert {name for name in ("bob", "ann") if f'class="address">{name}@' in text} == expected


def test_pages_follow_each_other(console, monkeypatch):
    from dlp_gateway.console.sections import queue

    monkeypatch.setattr(queue, "_PAGE", 1)
    console.commit(intake(BOB, at=console.clock.now), intake(ANN, at=console.clock.now))
    browser = console.client("admin")

    first = shown(browser.get("/queue/?zone=external"))
    assert "bob@" in first
    assert "ann@" not in first
    second = shown(browser.get(f"/queue/?zone=external&after={number('bob@example.org')}"))
    assert f"zone=external&amp;after={number('bob@example.org')}" in first
    assert "ann@" in second
    assert "bob@" not in second


def act(console, name, role="admin", **given):
    return console.client(role).post(f"/queue/{name}/", given, follow=True)


@pytest.mark.parametrize(
    ("given", "count"),
    [({"scope": "all"}, 2), ({"scope": "all", "list": "tried=yes"}, 1), ({"scope": "ticked"}, 1)],
)
def test_trying_again_makes_deliveries_due(queued, given, count):
    response = act(queued, "retry", id=number("bob@example.org"), **given)

    text = shown(response)
    assert ("1 delivery is due now" if count == 1 else "2 deliveries are due now") in text
    assert "in 1 h 0 min" not in text
    assert [entry.kind for entry in history.of("one")][-1] == "retry"


def test_giving_up_tells_the_sender_and_the_record(queued):
    response = act(
        queued, "drop", id=number("bob@example.org"), reason="no such house", tell="on", list="zone=external"
    )

    assert "1 delivery is given up" in shown(response)
    assert response.redirect_chain == [("/queue/?zone=external", 302)]
    assert rows() == [
        ("ann@example.net", "queued", "mail"),
        ("bob@example.org", "dropped", "mail"),
        ("jo@westendonsixth.com", "queued", "bounce"),
    ]
    entry = history.of("one")[-1]
    assert (entry.kind, entry.actor) == ("drop", "admin")
    assert [text.text for text in history.texts(entry.tokens.split()).values() if text.kind == "reason"] == [
        "no such house"
    ]


def test_the_report_is_one_and_goes_to_who_wants_it(console):
    never = dataclasses.replace(ANN, recipient=dataclasses.replace(ANN.recipient, notify=("NEVER",)))
    console.commit(
        intake(BOB, never, message_id="one", at=console.clock.now),
        intake(verdict("eve@example.org", Action.DELIVER), sender=None, message_id="two", at=console.clock.now),
    )

    chosen = [number(address) for address in ("bob@example.org", "ann@example.net", "eve@example.org")]
    act(console, "drop", id=chosen, reason="r", tell="on")

    reports = {}

    async def read(store):
        for due in await store.lease("w", 10, console.clock.now + 1, 60):
            reports[due.recipient.address.literal] = (due.zone, await store.content(due.message_id))

    console.commit(then=read)
    ((zone, content),) = reports.values()
    assert (list(reports), zone) == (["jo@westendonsixth.com"], "internal")
    assert b"Action: failed" in content
    assert b"bob@example.org" in content
    assert b"ann@example.net" not in content
    assert b"given up" in content


def test_without_the_wish_nobody_is_told(queued):
    act(queued, "drop", id=number("bob@example.org"), reason="r")

    assert [kind for _, _, kind in rows()] == ["mail", "mail"]


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("retry", {}, "tick deliveries first"),
        ("drop", {"reason": "r"}, "tick deliveries first"),
        ("drop", {"id": "1"}, "a reason is needed"),
        ("drop", {"id": "999", "reason": "r"}, "1 delivery is left alone"),
        ("retry", {"id": "x"}, "tick deliveries first"),
    ],
)
def test_acts_need_deliveries_and_a_reason(queued, name, given, said):
    assert said in shown(act(queued, name, **given))
    assert [state for _, state, _ in rows()] == ["queued", "queued"]


def test_what_is_being_delivered_is_left_alone(queued):
    async def lease(store):
        await store.lease("w", 10, queued.clock.now, 600)

    queued.commit(then=lease)

    assert "being delivered" in shown(queued.client("admin").get("/queue/"))
    assert "1 delivery is left alone" in shown(act(queued, "drop", id=number("ann@example.net"), reason="r"))


@pytest.mark.parametrize("role", ["security", "dpo", "auditor", ""])
@pytest.mark.parametrize("name", ["retry", "drop"])
def test_others_cannot_act(queued, role, name):
    assert act(queued, name, role, id=number("bob@example.org"), reason="r").status_code == 403
    assert [state for _, state, _ in rows()] == ["queued", "queued"]


@pytest.mark.parametrize("digits", ["9" * 30, "9" * 5000])
def test_a_number_that_no_delivery_can_have_is_not_found(queued, digits):
    browser = queued.client("admin")

    assert browser.get("/queue/", {"after": digits}).status_code == 404
    for act in ("retry", "drop"):
        assert browser.post(f"/queue/{act}/", {"id": digits, "reason": "r"}).status_code == 404
    assert "bob@example.org" in shown(browser.get("/queue/", {"after": "x"}))
    assert "bob@example.org" not in shown(browser.get("/queue/", {"after": "9" * 18}))
