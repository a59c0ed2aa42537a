"""Past decisions, decided again."""

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.model import Action, Inspection, Role, Tier, Unscanned, Zone
from dlp_gateway.policy.evaluate import decide_all
from dlp_gateway.policy.replay import Direction, Past, Rules, compare, replay
from dlp_gateway.store import facts
from tests.unit.policy.examples import HOME, TODAY, envelope, finding, message, policy
from tests.unit.policy.test_properties import inspections, mailboxes, policies

AT = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC).timestamp()
OUTSIDE, INSIDE = "ann@client.example", f"bob@{HOME}"


def past(inspection, *recipients, at=AT):
    sent = envelope(*(recipients or (OUTSIDE,)))
    return Past("d1", at, sent.sender, tuple(r.address for r in sent.recipients), inspection)


def ruled(verdicts):
    return [(v.zone, v.action, v.rules, v.clauses, v.approvals, [h.excepted_by for h in v.hits]) for v in verdicts]


@given(
    policies, inspections, st.lists(mailboxes, min_size=1, max_size=4, unique=True), st.sampled_from(["subject", "all"])
)
def test_the_same_policy_decides_the_same_by_what_is_kept(rules, inspection, to, scope):
    inspection = dataclasses.replace(inspection, scope=scope)
    sent = envelope(*to)

    again = replay(Rules(rules), past(facts.decode(facts.encode(inspection)), *to))

    if again is None:
        assert scope == "subject"
    else:
        assert ruled(again) == ruled(decide_all(rules, inspection, sent, TODAY))


@pytest.mark.parametrize("where", ["subject", "header From", "header", "message", "body", "a.xlsx"])
@pytest.mark.parametrize("scope", ["subject", "all"])
def test_what_was_not_read_weighs_as_it_did(where, scope):
    inspection = Inspection(unscanned=(Unscanned(where, "damaged"),), scope=scope)

    again = replay(Rules(policy()), past(facts.decode(facts.encode(inspection)), INSIDE))

    assert ruled(again) == ruled(decide_all(policy(), inspection, envelope(INSIDE), TODAY))


@pytest.mark.parametrize(("zone", "expected"), [("UTC", Zone.PARTNER), ("Australia/Sydney", Zone.EXTERNAL)])
def test_the_day_is_that_of_the_organisation(zone, expected):
    at = dt.datetime(2027, 1, 1, 20, tzinfo=dt.UTC).timestamp()
    rules = Rules(policy(), day=lambda moment: dt.datetime.fromtimestamp(moment, ZoneInfo(zone)).date())

    (verdict,) = replay(rules, past(message(finding()), "a@personal-partner.example", at=at))

    assert verdict.zone is expected


def test_partners_are_those_of_the_day():
    rules = policy()
    tfn = message(finding())

    then = replay(Rules(rules), past(tfn, "a@personal-partner.example"))
    later = replay(Rules(rules), past(tfn, "a@personal-partner.example", at=AT + 400 * 86400))

    assert [v.zone for v in (*then, *later)] == [Zone.PARTNER, Zone.EXTERNAL]
    assert [v.action for v in (*then, *later)] == [Action.DELIVER, Action.HOLD]


def test_who_becomes_an_outsider_is_unknown_where_only_the_subject_was_read():
    subject_only = Inspection(scope="subject")
    elsewhere = policy(organisation={"name": "x", "domains": ["other.example"]})

    found = compare(Rules(policy()), Rules(elsewhere), [past(subject_only, INSIDE)])

    assert (found.decided, found.unknown, found.flips) == (0, 1, [])


@pytest.mark.parametrize(
    ("rules", "direction", "new", "gone"),
    [
        ({"external": {"mode": "off"}}, Direction.PASSED, (), ("external",)),
        ({"external": {"mode": "monitor"}}, Direction.PASSED, (), ("external",)),
        ({"external": {"action": "return"}}, Direction.OTHERWISE, (), ()),
    ],
)
def test_a_changed_rule_flips(rules, direction, new, gone):
    changed = policy(rules=rules)

    found = compare(Rules(policy()), Rules(changed), [past(message(finding())), past(message())])

    assert (found.decided, found.flipped, found.directions[direction]) == (2, 1, 1)
    assert (found.flips[0].new, found.flips[0].gone) == (new, gone)
    assert found.rules == {(rule, "gone"): 1 for rule in gone}


def test_a_stricter_rule_stops_what_passed():
    crowd = message(people=30)

    found = compare(Rules(policy()), Rules(policy(rules={"bulk": {"people": 20}})), [past(crowd, OUTSIDE, INSIDE)])

    assert found.flips[0].directions == {Direction.STOPPED}
    assert found.flips[0].changes == ((Action.DELIVER, Action.HOLD, 1),)
    assert found.rules == {("bulk", "new"): 1}


def test_another_number_of_reviewers_is_counted_and_is_no_flip():
    changed = policy(rules={"external": {"approvals": 3}})

    found = compare(Rules(policy()), Rules(changed), [past(message(finding()))])

    assert (found.flipped, found.approvals) == (0, 1)


def test_findings_that_no_longer_stand_are_left_out():
    weak = dataclasses.replace(finding(), score=0.6)
    sure = Rules(policy(), lambda one: one.score >= 0.8)

    found = compare(Rules(policy()), sure, [past(message(weak)), past(message(weak, finding(Tier.HIGH_RISK)))])

    assert [flip.directions for flip in found.flips] == [{Direction.PASSED}]


def test_all_flips_are_counted_and_the_first_are_kept():
    found = compare(
        Rules(policy()), Rules(policy(rules={"external": {"mode": "off"}})), [past(message(finding()))] * 5, most=2
    )

    assert (found.flipped, len(found.flips)) == (5, 2)


def test_a_subject_is_judged_for_all():
    name = message(finding(Tier.CONTACT, Role.SUBJECT, "PERSON"))
    permitted = policy(rules={"subject": {"not_personal": ["PERSON"]}})

    found = compare(Rules(policy()), Rules(permitted), [past(name, OUTSIDE, INSIDE)])

    assert found.flips[0].changes == ((Action.REFUSE, Action.DELIVER, 2),)
