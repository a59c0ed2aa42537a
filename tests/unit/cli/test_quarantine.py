import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dlp_gateway.cli import quarantine
from dlp_gateway.inspection.pool import PoolSettings
from dlp_gateway.model import Action
from dlp_gateway.quarantine.views import Revealed
from tests.unit.cli.conftest import columns
from tests.unit.store.examples import CONTENT, PLANTED, intake, verdict

HOLD = verdict("bob@example.org", Action.HOLD)
HIGH = verdict("eve@example.org", Action.HOLD, approvals=2)
DELIVER = verdict("ann@example.net", Action.DELIVER)
REASON = ("--reason", "agreed with the client")
DPO = ("--reviewer", "The DPO <dpo@westendonsixth.com>", *REASON)
DEPUTY = ("--reviewer", "The deputy <deputy@westendonsixth.com>", *REASON)


@pytest.fixture
def held(gateway, now):
    """Two held messages, one of them for three recipients."""
    gateway.commit(
        intake(HOLD, HIGH, DELIVER, message_id="one", at=now - 3 * 86400, user="pat"),
        intake(HOLD, message_id="two", at=now, sender=None),
    )
    return gateway


def recipients(gateway):
    """Where each recipient of each held message stands."""
    lines = gateway.run("quarantine", "list", "--json").output.splitlines()
    return {m["id"]: {r["address"]: r["state"] for r in m["recipients"]} for m in map(json.loads, lines)}


def queued(gateway):
    rows = map(json.loads, gateway.run("queue", "list", "--json").output.splitlines())
    return [(row["kind"], row["recipient"]) for row in rows]


def notices(gateway):
    """The notices that wait, as they would go out."""
    found = []

    async def read(store):
        waiting = await store.lease("test", 100, time.time() + 1, 60)
        found.extend([await store.content(one.message_id) for one in waiting if one.kind == "notice"])

    gateway.commit(then=read)
    return [content.decode() for content in found]


def recorded(gateway):
    entries = map(json.loads, gateway.run("audit", "export").output.splitlines())
    return [(entry["kind"], entry["actor"]) for entry in entries if entry["actor"] != "gateway"]


# ---------------------------------------------------------------- looking


def test_nothing_is_held(gateway):
    gateway.commit()  # a gateway has run
    assert gateway.run("quarantine", "list") == (0, "Nothing is held.\n", "")


def test_what_is_held_is_listed_the_next_to_expire_first(held):
    first, second = columns(held.run("quarantine", "list").output)

    assert first[0] == "one"
    assert first[1] == "3d 0h"
    assert first[2].startswith("in 26d 23h")
    assert first[3:] == ["<jo@westendonsixth.com>", "bob@example.org, eve@example.org", "external", "0 of 2"]
    assert second[0] == "two"
    assert second[3] == "<>"


def test_masked_it_shows_kinds_and_places_only(held):
    output = held.run("quarantine", "show", "one").output

    assert "To <eve@example.org> (external): held" in output
    assert "external (clause 5.14(a))" in output
    assert "needs 2 different reviewers; approved by: none yet" in output
    assert "au_tfn (personal) in body" in output
    assert "Not inspected:" in output
    assert recorded(held) == []


@pytest.fixture
def worker(monkeypatch):
    """Real confined workers that find one known value."""
    made = {"factory": "tests.unit.cli.revealing:build", "arguments": {}, "readable": (Path.cwd(),)}

    def use(**arguments):
        monkeypatch.setattr(
            quarantine, "pool_settings", lambda _: PoolSettings(**{**made, "arguments": arguments}, workers=2)
        )

    use()
    return use


def test_revealed_it_shows_values_and_that_is_on_record(held, worker):
    done = held.run("quarantine", "show", "one", "--reveal", *DPO, shows_content=True)

    assert done.status == 0
    assert "Subject: Quillfeather" in done.output
    assert "au_tfn in body: 123 456 782" in done.output
    assert recorded(held) == [("view", "The DPO")]


def test_raw_it_is_the_message_as_it_was_held(held):
    done = held.run("quarantine", "show", "one", "--reveal", "--raw", *DPO, shows_content=True)

    assert done.output.encode() == CONTENT.replace(b"\r\n", b"\n")
    assert recorded(held) == [("view", "The DPO")]


def test_what_is_revealed_steers_no_terminal(held, monkeypatch):
    async def revealed(*_):
        return Revealed("\x1b]0;owned\x07\x1b[2J", (("au_tfn", "attachment \u202e", "123\r\n\x9b2J 456\u2028"),))

    monkeypatch.setattr(quarantine, "_revealed", revealed)
    output = held.run("quarantine", "show", "one", "--reveal", *DPO, shows_content=True).output

    assert "Subject: \\x1b]0;owned\\x07\\x1b[2J\n" in output
    assert "  au_tfn in attachment \\u202e: 123\\r\\n\\x9b2J 456\\u2028\n" in output
    assert all(character == "\n" or character.isprintable() for character in output)


def test_a_raw_message_is_not_written_to_a_terminal(held, monkeypatch):
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)

    assert "may steer a terminal" in held.fails("quarantine", "show", "one", "--reveal", "--raw", *DPO)
    assert recorded(held) == []


def test_when_the_worker_fails_the_values_stay_where_they_are(held, worker):
    worker(fails=True)

    errors = held.fails("quarantine", "show", "one", "--reveal", *DPO)

    assert "cannot be shown: ValueError" in errors
    assert recorded(held) == [("view", "The DPO")]


def test_a_configuration_that_is_wrong_is_told_when_values_are_wanted(held):
    (held.config / "policy.yaml").write_text("organisation: 7\n")

    assert "policy.yaml:1" in held.fails("quarantine", "show", "one", "--reveal", *DPO)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--reason", "r"), "say who acts"),
        (("--reviewer", " ", "--reason", "r"), "say who acts"),
        (("--reviewer", "dpo", "--reason", "r"), "--reviewer 'name <address>'"),
    ],
)
def test_nobody_sees_values_without_a_name(held, arguments, said):
    assert said in held.fails("quarantine", "show", "one", "--reveal", *arguments)
    assert recorded(held) == []


def test_nobody_sees_values_without_a_reason(held):
    assert "a reason is needed" in held.refused(
        "quarantine", "show", "one", "--reveal", "--reviewer", "dpo@westendonsixth.com"
    )
    assert recorded(held) == []


def test_the_reviewer_may_come_from_the_environment(held, monkeypatch):
    monkeypatch.setenv("DLP_GATEWAY_REVIEWER", "dpo@westendonsixth.com")

    assert held.run("quarantine", "delete", "two", *REASON).status == 0
    assert recorded(held) == [("delete", "dpo@westendonsixth.com")]


# ---------------------------------------------------------------- acting


@pytest.mark.parametrize(
    "reviewer",
    [
        "dpo",
        "The DPO",
        "<>",
        "The DPO <>",
        "The DPO <dpo",
        "dpo@",
        "A <a@b.example> <dpo@b.example>",
        "\x1b[2J <d@b.example>",
    ],
)
@pytest.mark.parametrize("command", ["release", "return", "delete"])
def test_a_reviewer_is_known_by_an_address(held, monkeypatch, command, reviewer):
    said = "say who acts, with the mail address: --reviewer 'name <address>'"
    assert said in held.fails("quarantine", command, "one", "--reviewer", reviewer, *REASON)
    monkeypatch.setenv("DLP_GATEWAY_REVIEWER", reviewer)
    assert said in held.fails("quarantine", command, "one", *REASON)
    assert recorded(held) == []


@pytest.mark.parametrize(
    "again", ["Dana Osei <dpo@westendonsixth.com>", "dpo+2@westendonsixth.com", '"The DPO" <d.osei@westendonsixth.com>']
)
def test_nobody_is_two_people_by_another_name(held, again):
    held.run("quarantine", "release", "one", *DPO)

    assert "already; another one is needed" in held.refused(
        "quarantine", "release", "one", "--reviewer", again, *REASON
    )
    assert recipients(held)["one"]["eve@example.org"] == "held"


def test_who_has_approved_one_recipient_releases_the_others(gateway, now):
    gateway.commit(intake(HIGH, message_id="one", at=now))
    gateway.run("quarantine", "release", "one", *DPO)
    gateway.commit(intake(HIGH, verdict("cy@example.org", Action.HOLD, approvals=3), message_id="two", at=now))
    gateway.run("quarantine", "release", "two", "--to", "eve@example.org", *DPO)

    named = gateway.refused("quarantine", "release", "two", "--to", "eve@example.org", "--to", "cy@example.org", *DPO)
    rest = gateway.run("quarantine", "release", "two", *DPO)

    assert "name the others alone" in named
    assert rest.output.splitlines() == [
        "<cy@example.org>: approved; another reviewer has to agree",
        "<eve@example.org>: approved by you already; another reviewer has to agree",
    ]
    assert "already; another one is needed" in gateway.refused("quarantine", "release", "one", *DPO)


def test_what_is_no_reason_for_the_hold_is_not_listed_as_one(gateway, now):
    hit = HOLD.hits[0]
    idle = (replace(hit, rule="transfer", monitored=True), replace(hit, rule="encryption", excepted_by="census-2026"))
    gateway.commit(intake(replace(HOLD, hits=(*HOLD.hits, *idle)), message_id="one", at=now))

    (row,) = map(json.loads, gateway.run("quarantine", "list", "--json").output.splitlines())
    assert row["recipients"][0]["rules"] == [hit.rule]
    listed = gateway.run("quarantine", "list").output
    assert (hit.rule in listed, "transfer" in listed, "encryption" in listed) == (True, False, False)


def test_everything_that_is_held_is_listed(gateway, now, monkeypatch):
    monkeypatch.setattr("dlp_gateway.quarantine.held._PAGE", 2)
    gateway.commit(*(intake(HOLD, message_id=f"m{n}", at=now + n) for n in range(5)))

    assert sorted(recipients(gateway)) == [f"m{n}" for n in range(5)]


def test_high_risk_needs_two_people(held):
    first = held.run("quarantine", "release", "one", *DPO)

    assert first.status == 0
    assert first.output.splitlines() == [
        "<bob@example.org>: released",
        "<eve@example.org>: approved; another reviewer has to agree",
    ]
    assert recipients(held)["one"] == {"bob@example.org": "queued", "eve@example.org": "held"}
    assert "approved by: the dpo" in held.run("quarantine", "show", "one").output

    assert "already; another one is needed" in held.refused("quarantine", "release", "one", *DPO)
    assert recipients(held)["one"]["eve@example.org"] == "held"

    second = held.run("quarantine", "release", "one", *DEPUTY)
    assert second.output == "<eve@example.org>: released\n"
    assert "one" not in recipients(held)
    assert [kind for kind, _ in recorded(held)] == ["approve", "release", "release"]


def test_a_release_tells_the_sender_once_somebody_is_released(held):
    held.run("quarantine", "release", "one", "--to", "eve@example.org", *DPO)
    assert queued(held) == [("mail", "ann@example.net")]

    held.run("quarantine", "release", "one", "--to", "EVE@example.org", *DEPUTY)
    assert sorted(queued(held)) == [
        ("mail", "ann@example.net"),
        ("mail", "eve@example.org"),
        ("notice", "jo@westendonsixth.com"),
    ]
    assert recipients(held)["one"]["bob@example.org"] == "held"


def test_the_sender_hears_of_those_who_are_released_alone(held):
    held.run("quarantine", "release", "one", *DPO)

    (told,) = notices(held)
    assert ("<bob@example.org>" in told, "<eve@example.org>" in told) == (True, False)


@pytest.mark.parametrize(
    "reviewer", ["Jo <jo@westendonsixth.com>", "JO+news@westendonsixth.com", "Pat <pat@westendonsixth.com>"]
)
def test_nobody_releases_their_own_mail(held, reviewer):
    errors = held.refused("quarantine", "release", "one", "--reviewer", reviewer, *REASON)

    assert "was sent by the reviewer" in errors
    assert recipients(held)["one"]["bob@example.org"] == "held"


@pytest.mark.parametrize(
    ("command", "state", "kind"), [("return", "returned", "return"), ("delete", "deleted", "delete")]
)
def test_what_is_not_sent_ends_and_the_sender_hears_of_it(held, command, state, kind):
    done = held.run("quarantine", command, "one", *DPO)

    assert done == (0, f"<bob@example.org>: {state}\n<eve@example.org>: {state}\n", "")
    assert list(recipients(held)) == ["two"]
    assert recorded(held) == [(kind, "The DPO")]
    assert ("notice", "jo@westendonsixth.com") in queued(held)


@pytest.mark.parametrize("command", ["release", "return", "delete"])
@pytest.mark.parametrize(("message", "more"), [("one", ("--no-notice",)), ("two", ())])
def test_nobody_is_told_when_told_so_or_without_a_sender(held, command, message, more):
    assert held.run("quarantine", command, message, *more, *DPO).status == 0

    assert all(kind != "notice" for kind, _ in queued(held))


def test_what_is_over_is_over(held):
    held.run("quarantine", "delete", "two", *DPO)

    for command in ("release", "return", "delete"):
        assert "not held any more" in held.refused("quarantine", command, "two", *DPO)


@pytest.mark.parametrize("command", ["release", "return", "delete"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none", *DPO), "no message none is or was held"),
        (("one", "--to", "zoe@example.org", *DPO), "not held for <zoe@example.org>"),
        (("one", "--to", "ann@example.net", *DPO), "not held for <ann@example.net>"),
    ],
)
def test_what_cannot_be_done_is_told(held, command, arguments, said):
    assert said in held.fails("quarantine", command, *arguments)
    assert recorded(held) == []


@pytest.mark.parametrize("command", ["release", "return", "delete"])
def test_acts_need_a_reason(held, command):
    assert "a reason is needed" in held.refused(
        "quarantine", command, "one", "--reviewer", "dpo@westendonsixth.com", "--reason", " "
    )
    assert held.run("quarantine", command, "one", "--reviewer", "dpo@westendonsixth.com").status == 2


def test_the_private_key_may_lie_elsewhere(held):
    away = held.root / "usb"
    (held.keys / "review").rename(away)

    assert str(held.keys) in held.fails("quarantine", "release", "two", *DPO)
    assert held.run("quarantine", "release", "two", "--review-directory", away, *DPO).status == 0


@pytest.mark.parametrize(("command", "state"), [("return", "returned"), ("delete", "deleted")])
def test_what_opens_nothing_needs_no_private_key(held, command, state):
    (held.keys / "review").rename(held.root / "usb")

    assert held.run("quarantine", command, "two", *DPO).output == f"<bob@example.org>: {state}\n"


@pytest.mark.parametrize("command", ["release", "return", "delete"])
def test_a_record_of_pseudonyms_needs_their_key(held, command):
    held.edit("addresses: readable", "addresses: pseudonym")
    (held.keys / "pseudonym.key").unlink()

    assert "pseudonym.key" in held.refused("quarantine", command, "two", *DPO)


def test_other_bytes_are_not_released(held):
    import sqlite3

    with sqlite3.connect(held.database) as connection:
        connection.execute("UPDATE dlp_chunk SET body = zeroblob(length(body))")
    connection.close()

    held.refused("quarantine", "release", "two", *DPO)
    assert recipients(held)["two"] == {"bob@example.org": "held"}


def test_the_planted_words_are_in_the_message():
    assert all(word.encode() in CONTENT for word in PLANTED)
