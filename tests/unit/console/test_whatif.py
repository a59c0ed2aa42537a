"""What if: other rules and thresholds, tried on decisions of the past."""

import dataclasses
import re
import time

import pytest

from dlp_gateway.console.rules import in_force
from dlp_gateway.model import Action, Finding, Inspection, Tier, Zone
from dlp_gateway.policy.replay import Rules, replay
from dlp_gateway.store import database, past
from dlp_gateway.store.versions import Version, enter
from tests.unit.store.examples import PLANTED, intake, verdict

HOUR = 3600.0
TFN = Finding("TFN", Tier.PERSONAL, "body", 4, 15, 0.85, detector="au_tfn")
OUTSIDE = verdict("ann@example.net", Action.HOLD)
INSIDE = verdict("bob@westendonsixth.com", Action.DELIVER, zone=Zone.INTERNAL)


@pytest.fixture
def held(console):
    """Three messages with a number that were held, one that passed, and one that never left."""
    now = time.time()
    found = Inspection((TFN,))
    console.commit(
        *(intake(OUTSIDE, INSIDE, inspection=found, at=now - n * HOUR, message_id=f"d-{n}") for n in (1, 2, 3)),
        intake(
            verdict("ann@example.net", Action.DELIVER), inspection=Inspection(), at=now - HOUR, message_id="d-passed"
        ),
        intake(INSIDE, inspection=Inspection(scope="subject"), at=now - HOUR, message_id="d-inside"),
        intake(OUTSIDE, inspection=found, at=now - 20 * 24 * HOUR, message_id="d-old"),
    )
    return console


def ask(console, role="dpo", **given):
    force = in_force(console.services)
    return console.client(role).post(
        "/whatif/", {"policy": force.version.policy, "detection": force.detection, **given}
    )


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.mark.parametrize("role", ["dpo", "security", "admin"])
def test_the_form_begins_with_the_rules_in_force(console, role):
    page = console.client(role).get("/whatif/?entity=TFN").content.decode()

    assert "name: Westend on Sixth" in page
    assert 'value="TFN"' in page
    assert "as it is: enforce" in page
    assert "as it is: 50" in page


def test_the_auditor_tries_nothing(console):
    client = console.client("auditor")

    assert (client.get("/whatif/").status_code, client.post("/whatif/", {}).status_code) == (403, 403)


def test_nothing_flips_when_nothing_is_changed(held):
    response = ask(held)

    assert "No decision would have been another one" in words(response)
    assert "all 6 decisions of the last 30 days" in words(response)


def test_a_rule_that_is_only_monitored(held):
    response = ask(held, **{"mode-external": "monitor", "days": "7"})

    said = words(response)
    assert "3 of 5 decisions would have been others" in said
    assert "3 would pass" in said
    assert re.search(r"external personal data .*? 0 3 ", said)
    assert re.findall(r'href="/decisions/([^/"]+)/"', response.content.decode()) == ["d-1", "d-2", "d-3"]
    assert "rules.external.mode: monitor instead of enforce" in said
    assert "the rule records but stops nothing" in said


def test_an_administrator_gets_no_links_to_decisions(held):
    response = ask(held, role="admin", **{"mode-external": "monitor"})

    assert "d-1" in words(response)
    assert "/decisions/" not in response.content.decode()


def test_a_higher_threshold_for_one_entity(held):
    assert "4 of 6 decisions would have been others" in words(ask(held, entity="TFN", **{"entity-threshold": "0.9"}))
    assert "No decision" in words(ask(held, entity="TFN", **{"entity-threshold": "0.8"}))
    assert "No decision" in words(ask(held, entity="IHI", **{"entity-threshold": "0.9"}))


def test_of_a_lower_threshold_it_is_said_what_cannot_be_shown(held):
    said = words(ask(held, threshold="0.2"))

    assert "No decision would have been another one" in said
    assert "The threshold of all detectors is lower (0.2 instead of 0.5)" in said


def test_what_only_had_its_subject_read_cannot_be_told(held):
    force = in_force(held.services)
    elsewhere = force.version.policy.replace("domains: [westendonsixth.com]", "domains: [other.example]")

    said = words(ask(held, policy=elsewhere))

    assert "1 cannot be told" in said


def test_mistakes_are_told_with_their_lines(console):
    force = in_force(console.services)
    wrong = force.version.policy.replace("    people: 50", "    people: many")
    line = wrong.split("\n").index("    people: many") + 1

    response = ask(console, policy=wrong, detection="thresold: 0.5\n", domains="three")

    said = words(response)
    assert response.status_code == 422
    assert f"policy.yaml:{line}: rules.bulk.people: should be a valid integer" in said
    assert "people: many" in said
    assert "detection.yaml:1: thresold: there is no such setting; did you mean &#x27;threshold&#x27;?" in said
    assert "Domains in sight: write a number" in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"people": "1"}, "single changes: rules.bulk.people:"),
        ({"mode-external": "never"}, "single changes: rules.external.mode:"),
        ({"threshold": "2"}, "single changes: threshold:"),
        ({"entity": "NOTHING", "entity-threshold": "0.5"}, "choose an entity or a detector"),
        ({"entity": "TFN", "entity-threshold": "half"}, "write a number from 0 to 1"),
        ({"policy": ": ["}, "policy.yaml:1: not valid YAML"),
        ({"detection": "detectors: {NOTHING: {}}"}, "no recogniser and no entity is called"),
        ({"policy": "x" * 500_000}, "is longer than"),
    ],
)
def test_what_cannot_be_tried_is_refused_with_a_reason(console, given, said):
    response = ask(console, **given)

    assert response.status_code == 422
    assert said in words(response)


def test_what_runs_is_compared_with_and_not_what_stands_in_the_files(held):
    policy = (held.gateway.config / "policy.yaml").read_text()
    running = policy.replace("external: # clear text", "external:\n    approvals: 3 # clear text")
    enter(Version(0, time.time(), "gateway", "f", running, "threshold: 0.95\n"), "/etc/dlp")

    page = held.client("dpo").get("/whatif/").content.decode()
    said = words(ask(held, detection="threshold: 0.5\n"))

    assert "approvals: 3 # clear text" in page
    assert "threshold: 0.95" in page
    assert "4 would be stopped" in said
    assert "lower (0.5 instead of 0.95)" in said


def test_of_many_some_are_taken(held, monkeypatch):
    from dlp_gateway.console.sections import whatif

    monkeypatch.setattr(whatif, "AMOUNTS", (3,))

    said = words(ask(held, amount="3", **{"mode-external": "off"}))

    assert "3 of 6 decisions of the last 30 days, taken evenly" in said
    assert "about 2.0 times as many" in said


def test_it_ends_when_the_time_is_up(held, monkeypatch):
    from dlp_gateway.console.sections import whatif

    monkeypatch.setattr(whatif, "MOST_SECONDS", 0.0)

    assert "the time was up: the newest 0 of all 6 decisions" in words(ask(held))


def test_no_value_of_the_allow_list_and_nothing_found_is_shown(held):
    (held.gateway.config / "detection.yaml").write_text(
        "allow:\n  - {entity: TFN, value: '123 456 782', owner: a@b.example, reason: x, until: 2030-01-01}\n"
    )

    page = ask(held, **{"mode-external": "off"}).content.decode()

    assert not [word for word in PLANTED if word in page]
    assert "(not shown)" in page
    assert "The allow-list changes" not in page


def test_nothing_is_changed_and_nothing_is_recorded(held):
    held.client("dpo").get("/whatif/")
    before = _everything()

    ask(held, **{"mode-external": "off"})

    versions, entries = _everything()
    assert (versions, entries - before[1]) == (before[0], 1)  # the sign-in of the test itself


def _everything():
    with database.cursor() as cursor:
        cursor.execute("SELECT (SELECT COUNT(*) FROM dlp_policy_version), (SELECT seq FROM dlp_audit_head)")
        return cursor.fetchone()


def test_the_rules_in_force_decide_as_was_decided(held):
    force = in_force(held.services)

    for one in past.sample(0, time.time(), 10).decisions():
        again = replay(Rules(force.loaded.policy), one)
        assert [v.action for v in again] == [
            action for (action,) in _rows("SELECT action FROM dlp_recipient WHERE message_id = %s ORDER BY id", one.id)
        ]
    assert dataclasses.astuple(past.sample(0, time.time(), 10))[0] == 6


def _rows(statement, *parameters):
    with database.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [tuple(map(Action, row)) for row in cursor.fetchall()]
