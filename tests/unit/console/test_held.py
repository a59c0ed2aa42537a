"""The list of what is held: what it shows and hides, its filter, its groups, and acts on many."""

import pytest

from dlp_gateway.model import Action
from dlp_gateway.store import database, history
from tests.unit.store.examples import PLANTED, intake, verdict

HOLD = verdict("bob@example.org", Action.HOLD)
HIGH = verdict("eve@example.org", Action.HOLD, approvals=2)


def states():
    with database.cursor() as cursor:
        cursor.execute("SELECT message_id, state FROM dlp_recipient ORDER BY message_id, id")
        return dict(cursor.fetchall())


def shown(response):
    assert response.status_code == 200
    text = response.content.decode()
    assert not [word for word in PLANTED if word in text]
    return text


@pytest.fixture
def now(console):
    return console.clock.now


def test_nothing_is_held(console):
    assert "Nothing is held." in shown(console.client("dpo").get("/held/"))


@pytest.mark.parametrize("role", ["security", "dpo"])
def test_the_list_tells_who_and_why_and_nothing_that_is_sealed(console, now, role):
    console.commit(intake(HOLD, message_id="one", at=now - 7200))

    text = shown(console.client(role).get("/held/"))

    for part in ("one", "jo@westendonsixth.com", "bob@example.org", "external", "TFN in attachment 1", "2 h 0 min"):
        assert part in text
    assert ("Tick one" in text) is (role == "dpo")


@pytest.mark.parametrize("role", ["admin", "auditor", ""])
def test_others_do_not_see_it(console, role):
    assert console.client(role).get("/held/").status_code == 403


FILTERS = {
    "sender=JO%40": {"one", "high"},
    "sender=kim": {"kim"},
    "recipient=eve": {"high"},
    "recipient=%25": set(),
    "rule=external": {"one", "kim", "high"},
    "rule=subject": set(),
    "kind=tfn": {"one", "kim", "high"},
    "kind=passport": set(),
    "risk=high": {"high"},
    "risk=low": {"one", "kim"},
    "age=3": {"kim"},
    "expires=7": {"kim"},
    "state=restricted": set(),
    "state=free": {"one", "kim", "high"},
    "state=appeal": set(),
    "id=hi": {"high"},
    "sender=kim&recipient=eve": set(),
    "risk=nonsense": {"one", "kim", "high"},
}


@pytest.fixture
def filled(console, now):
    from dlp_gateway.model import Finding, Inspection, Tier

    found = Inspection(findings=(Finding("TFN", Tier.PERSONAL, "body", 0, 5, 0.9),))
    console.commit(
        intake(HOLD, message_id="one", at=now - 60, inspection=found),
        intake(HOLD, message_id="kim", at=now - 29 * 86400, sender="kim@westendonsixth.com", inspection=found),
        intake(HIGH, message_id="high", at=now - 7200, inspection=found),
        intake(verdict("ann@example.net", Action.DELIVER), message_id="sent", at=now),
    )
    return console


@pytest.mark.parametrize(("query", "expected"), FILTERS.items())
def test_the_filter(filled, query, expected):
    text = shown(filled.client("dpo").get(f"/held/?{query}"))

    assert {name for name in ("one", "kim", "high", "sent") if f"/held/{name}/" in text} == expected


ORDERS = {
    "expiry": ["kim", "high", "one"],
    "oldest": ["kim", "high", "one"],
    "newest": ["one", "high", "kim"],
    "sender": ["high", "one", "kim"],
    "risk": ["high", "kim", "one"],
}


@pytest.mark.parametrize(("order", "expected"), ORDERS.items())
def test_the_order(filled, order, expected):
    text = shown(filled.client("dpo").get(f"/held/?order={order}"))

    assert sorted(expected, key=lambda name: text.index(f"/held/{name}/")) == expected


def test_similar_messages_stand_together(console, now):
    console.commit(*(intake(HOLD, message_id=f"m{n}", at=now - n) for n in range(5)))
    console.commit(intake(verdict("ann@example.net", Action.HOLD), message_id="other", at=now))
    browser = console.client("dpo")

    text = shown(browser.get("/held/"))
    assert "4 more like this" in text
    assert "in 2 groups of similar ones" in text

    alone = shown(browser.get("/held/?like=m2"))
    assert "all like m2" in alone
    assert "/held/other/" not in alone
    assert "more like this" not in alone


def bulk(console, act, *ids, reason="fine", role="dpo", query=""):
    given = {"act": act, "id": list(ids), "reason": reason, "list": query}
    return console.client(role).post("/held/bulk/", given, follow=True)


ACTS = {"release": "queued", "return": "returned", "delete": "deleted"}


@pytest.mark.parametrize(("act", "state"), ACTS.items())
def test_many_ordinary_messages_at_once(console, now, act, state):
    console.commit(*(intake(HOLD, message_id=name, at=now) for name in ("one", "two", "three")))

    response = bulk(console, act, "one two", "two", reason="agreed with them", query="sender=jo")

    assert states() == {"one": state, "two": state, "three": "held"} | {
        key: value for key, value in states().items() if key not in {"one", "two", "three"}
    }
    assert "2 messages." in shown(response)
    assert response.redirect_chain == [("/held/?sender=jo", 302)]
    assert [entry.kind for entry in history.of("one")] == ["decide", "hold", act]


@pytest.mark.parametrize("act", ACTS)
def test_what_is_high_risk_is_refused_among_many(console, now, act):
    console.commit(intake(HIGH, message_id="high", at=now), intake(HOLD, message_id="one", at=now))

    text = shown(bulk(console, act, "high one gone"))

    assert states()["high"] == "held"
    assert states()["one"] == ACTS[act]
    assert "message high is high-risk" in text
    assert "there is no held message gone" in text


@pytest.mark.parametrize(
    ("act", "ids", "reason", "said"),
    [
        ("release", ["one"], " ", "a reason is needed"),
        ("release", [], "r", "tick the messages first"),
        ("burn", ["one"], "r", "tick the messages first"),
        ("delete", [" ".join(f"m{n}" for n in range(201))], "r", "at most 200"),
    ],
)
def test_many_at_once_need_a_choice_and_a_reason(console, now, act, ids, reason, said):
    console.commit(intake(HOLD, message_id="one", at=now))

    assert said in shown(bulk(console, act, *ids, reason=reason))
    assert states()["one"] == "held"


def test_ones_own_are_not_released_among_many(console, now):
    console.commit(intake(HOLD, message_id="one", at=now, sender="dpo@westendonsixth.com"))

    assert "somebody else has to release it" in shown(bulk(console, "release", "one"))
    assert states()["one"] == "held"


@pytest.mark.parametrize("role", ["security", "admin", "auditor", ""])
def test_others_cannot_act(console, now, role):
    console.commit(intake(HOLD, message_id="one", at=now))

    assert bulk(console, "delete", "one", role=role).status_code == 403
    assert states()["one"] == "held"
