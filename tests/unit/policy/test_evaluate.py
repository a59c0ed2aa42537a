import datetime as dt
import itertools
from dataclasses import replace

import pytest

from dlp_gateway.model import Action, Grade, Inspection, Role, Tier, Unscanned, Zone
from dlp_gateway.policy.evaluate import Needs, decide_all, demand
from dlp_gateway.policy.rules import RuleName
from tests.unit.policy.examples import (
    HOME,
    RISK,
    TODAY,
    address,
    attachment,
    envelope,
    evaluate,
    exception,
    finding,
    message,
    partner,
    policy,
    recipient,
)

SENDER = address(f"payroll@{HOME}")
INSIDE = f"alice@{HOME}"
OUTSIDE = "bob@client.example"
CONTACT_PARTNER = "bob@contact-partner.example"
PERSONAL_PARTNER = "bob@personal-partner.example"
TRUSTED_PARTNER = "bob@trusted-partner.example"
UNSAFE = "bob@client.cn"


def rules(inspection, to=OUTSIDE, tested=None, sender=SENDER):
    return evaluate(tested or policy(), inspection, sender, recipient(to), TODAY).rules


# ---------------------------------------------------------------- findings: tier x role x recipient

_EXTERNAL = ("external",)
_BOTH = ("external", "high-risk")
_FINDINGS = {
    # tier: rules for (inside, outsider, contact partner, personal partner, trusted partner)
    Tier.CONTACT: ((), (), (), (), ()),
    Tier.PERSONAL: ((), _EXTERNAL, _EXTERNAL, (), ()),
    Tier.HIGH_RISK: ((), _BOTH, _BOTH, _BOTH, ()),
}
_RECIPIENTS = (INSIDE, OUTSIDE, CONTACT_PARTNER, PERSONAL_PARTNER, TRUSTED_PARTNER)


@pytest.mark.parametrize(
    ("tier", "role", "to", "expected"),
    [
        (tier, role, to, expected)
        for tier, row in _FINDINGS.items()
        for to, expected in zip(_RECIPIENTS, row, strict=True)
        for role in Role
        if role is not Role.SUBJECT
    ],
)
def test_findings_below_the_subject(tier, role, to, expected):
    assert rules(message(finding(tier, role)), to) == expected


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize(("to", "column"), list(zip(_RECIPIENTS, range(5), strict=True)))
def test_anything_personal_in_a_subject_is_refused_for_everybody(tier, to, column):
    verdict = evaluate(policy(), message(finding(tier, Role.SUBJECT)), SENDER, recipient(to), TODAY)

    assert verdict.action is Action.REFUSE
    assert verdict.rules == ("subject", *_FINDINGS[tier][column])


@pytest.mark.parametrize("to", _RECIPIENTS)
def test_what_is_not_personal_may_stand_in_a_subject(to):
    assert rules(message(finding(Tier.CONTACT, Role.SUBJECT, "ORGANISATION")), to) == ()


def test_high_risk_needs_two_approvals_and_the_others_one():
    tested = policy()
    high = evaluate(tested, message(finding(Tier.HIGH_RISK)), SENDER, recipient(OUTSIDE), TODAY)
    low = evaluate(tested, message(finding(Tier.PERSONAL)), SENDER, recipient(OUTSIDE), TODAY)

    assert (high.action, high.approvals) == (Action.HOLD, 2)
    assert (low.action, low.approvals) == (Action.HOLD, 1)


# ---------------------------------------------------------------- attachments: grade x scheme x password x risk

_SCHEMES = {
    "office-agile": Grade.ADEQUATE,
    "office-standard": Grade.ADEQUATE,
    "pdf-aes256": Grade.ADEQUATE,
    "zip-aes256": Grade.ADEQUATE,
    "ZIP AES-128": Grade.ADEQUATE,
    "7z-aes256": Grade.STRONG,
    "rar5-aes256": Grade.ADEQUATE,
    "odf-aes256": Grade.ADEQUATE,
    "pdf-certificate-aes256": Grade.STRONG,
    "pgp": Grade.STRONG,
    "pgp-passphrase": Grade.STRONG,
    "smime-aes256-gcm": Grade.STRONG,
    "S/MIME enveloped": Grade.STRONG,
    "office-rc4": Grade.WEAK,
    "office-xor": Grade.WEAK,
    "zip-crypto": Grade.WEAK,
    "pdf-rc4": Grade.WEAK,
    "smime-3des": Grade.WEAK,
    "none": Grade.NONE,
}
_GOOD_FOR_HIGH_RISK = {
    "zip-aes256",
    "ZIP AES-128",
    "7z-aes256",
    "rar5-aes256",
    "pdf-certificate-aes256",
    "pgp",
    "pgp-passphrase",
    "smime-aes256-gcm",
    "S/MIME enveloped",
    "smime-3des",  # the scheme would do, its grade does not: rule encryption
}


@pytest.mark.parametrize(
    ("scheme", "inside", "risky", "to"),
    list(itertools.product(_SCHEMES, (False, True), (False, True), (*_RECIPIENTS, UNSAFE))),
)
def test_encrypted_attachments(scheme, inside, risky, to):
    grade = _SCHEMES[scheme]
    inspection = message(attachment(grade, scheme, inside=inside), risk=RISK if risky else ())
    expected = set()
    if to != INSIDE:
        encrypted = grade is not Grade.NONE and not inside
        if inside or grade is Grade.WEAK:
            expected.add("encryption")
        if risky and encrypted and scheme not in _GOOD_FOR_HIGH_RISK and to != TRUSTED_PARTNER:
            expected.add("high-risk")
        if encrypted and to == UNSAFE:
            expected.add("transfer")

    assert set(rules(inspection, to)) == expected


@pytest.mark.parametrize("to", [OUTSIDE, UNSAFE, CONTACT_PARTNER, INSIDE])
@pytest.mark.parametrize("scheme", [scheme for scheme, grade in _SCHEMES.items() if grade is not Grade.NONE])
def test_what_a_message_says_of_a_password_makes_no_verdict_milder(scheme, to):
    silent, says = (
        evaluate(policy(), message(attachment(_SCHEMES[scheme], scheme, announced=said), risk=RISK), SENDER, to, TODAY)
        for to in [recipient(to)]
        for said in (False, True)
    )

    assert set(says.rules) == {*silent.rules, *(() if to == INSIDE else ("encryption",))}
    assert says.approvals == silent.approvals


def test_an_announced_password_is_no_way_around_a_rule_that_is_monitored():
    tested = policy(rules={"encryption": {"mode": "monitor"}})

    assert rules(message(attachment(announced=True), risk=RISK), tested=tested) == ("high-risk",)
    assert rules(message(attachment(announced=True)), UNSAFE, tested) == ("transfer",)
    assert rules(message(attachment(announced=True)), tested=tested) == ()


def test_the_grade_asked_for_is_a_setting():
    strict = policy(rules={"encryption": {"at_least": "strong"}})

    assert rules(message(attachment(Grade.ADEQUATE))) == ()
    assert rules(message(attachment(Grade.ADEQUATE)), tested=strict) == ("encryption",)
    assert rules(message(attachment(Grade.STRONG, "pgp")), tested=strict) == ()


def test_one_bad_attachment_among_good_ones_stops():
    inspection = message(attachment(), attachment(Grade.WEAK, "zip-crypto", kind="zip", where="b.zip"))
    verdict = evaluate(policy(), inspection, SENDER, recipient(OUTSIDE), TODAY)

    assert verdict.hits[0].reasons == ("attachment 2 (zip) is encrypted with zip-crypto, which is weak",)


def test_signs_of_risk_without_an_encrypted_attachment_stop_nothing():
    assert rules(message(risk=RISK)) == ()
    assert rules(message(attachment(Grade.NONE, "none"), risk=RISK)) == ()


# ---------------------------------------------------------------- the other rules


@pytest.mark.parametrize(
    ("to", "facts", "expected"),
    [
        (UNSAFE, (finding(Tier.CONTACT),), ()),
        (UNSAFE, (finding(Tier.PERSONAL),), ("external", "transfer")),
        (UNSAFE, (finding(Tier.HIGH_RISK),), ("external", "high-risk", "transfer")),
        (UNSAFE, (attachment(Grade.STRONG, "pgp"),), ("transfer",)),
        (UNSAFE, (attachment(Grade.NONE, "none"),), ()),
        ("bob@far-partner.example", (finding(Tier.PERSONAL),), ("transfer",)),
        ("bob@client.nz", (attachment(),), ()),
        ("bob@client.io", (attachment(),), ()),
        (INSIDE, (finding(Tier.HIGH_RISK),), ()),
    ],
)
def test_transfer(to, facts, expected):
    assert rules(message(*facts), to) == expected


@pytest.mark.parametrize(("people", "expected"), [(0, ()), (49, ()), (50, ("bulk",)), (5000, ("bulk",))])
def test_bulk(people, expected):
    assert rules(message(people=people)) == expected
    assert rules(message(people=people), INSIDE) == ()
    assert rules(message(people=people), CONTACT_PARTNER) == expected


def test_bulk_may_be_part_of_an_agreement():
    tested = policy(partners=[partner("list.example", bulk=True)])

    assert rules(message(people=50), "bob@list.example", tested) == ()
    assert rules(message(finding(), people=50), "bob@list.example", tested) == ("external",)


def test_people_in_the_text_and_in_to_and_cc_are_not_added_up():
    assert rules(message(people=30, visible=visible(30, 2))) == ()
    assert rules(message(visible=visible(50, 2)), "bob@list.example", policy(partners=[partner("list.example")])) == (
        "bulk",
    )
    tested = policy(partners=[partner("list.example", bulk=True)])
    assert rules(message(visible=visible(50, 2)), "bob@list.example", tested) == ()


def test_addresses_that_are_shown_are_told_with_the_fields_that_show_them():
    hits = evaluate(policy(), message(visible=visible(50, 3)), SENDER, recipient(OUTSIDE), TODAY).hits

    assert [hit.reasons for hit in hits] == [
        ("50 outsiders in To, Cc or Bcc, the limit is 50",),
        ("50 outsiders of 3 domains see each other in To, Cc or Bcc",),
    ]


def visible(outsiders, domains, insiders=0):
    outside = tuple(f"p{n}@client{n % domains}.example" for n in range(outsiders))
    return outside + tuple(f"s{n}@{HOME}" for n in range(insiders))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (visible(20, 3), ("exposure",)),
        (visible(19, 3), ()),
        (visible(20, 2), ()),
        (visible(19, 3, insiders=30), ()),
        (visible(20, 3, insiders=30), ("exposure",)),
        (visible(20, 3)[:19] * 3, ()),
        (visible(49, 2), ()),
        (visible(50, 2), ("bulk",)),
        (visible(50, 1, insiders=9), ("bulk",)),
        (visible(50, 3), ("bulk", "exposure")),
        (tuple(f"P1@CLIENT{n % 3}.example" for n in range(60)), ()),
        ((*visible(17, 3), "a@contact-partner.example", "b@contact-partner.example", "c@x.example"), ("exposure",)),
        ((), ()),
    ],
)
def test_exposure(shown, expected):
    inspection = message(visible=shown)

    assert rules(inspection) == expected
    assert rules(inspection, INSIDE) == ()


@pytest.mark.parametrize(
    ("unscanned", "scope", "outside", "inside"),
    [
        ((), "all", (), ()),
        ((), "subject", ("unscannable",), ()),
        ((Unscanned("report.docx", "damaged"),), "all", ("unscannable",), ()),
        ((Unscanned("body", "unknown charset"),), "all", ("unscannable",), ()),
        ((Unscanned("subject", "cannot be decoded"),), "all", ("unscannable",), ("unscannable",)),
        ((Unscanned("message", "could not be read"),), "all", ("unscannable",), ()),
        ((Unscanned("message", "could not be read"),), "subject", ("unscannable",), ("unscannable",)),
        ((Unscanned("header", "more than one Subject"),), "all", ("unscannable",), ()),
        ((Unscanned("header", "more than one Subject"),), "subject", ("unscannable",), ()),
    ],
)
def test_unscannable(unscanned, scope, outside, inside):
    inspection = Inspection(unscanned=unscanned, scope=scope)

    assert rules(inspection, OUTSIDE) == outside
    assert rules(inspection, TRUSTED_PARTNER) == outside
    assert rules(inspection, INSIDE) == inside


# ---------------------------------------------------------------- modes, actions, exceptions

EVERYTHING = message(
    finding(Tier.HIGH_RISK, Role.SUBJECT),
    attachment(Grade.WEAK, "office-rc4"),
    risk=RISK,
    people=90,
    visible=visible(30, 4),
    unscanned=(Unscanned("body", "too long"),),
)


def test_a_message_can_break_every_rule_at_once():
    assert rules(EVERYTHING, UNSAFE) == tuple(RuleName)


@pytest.mark.parametrize("name", RuleName)
def test_a_monitored_rule_records_and_does_not_stop(name):
    verdict = evaluate(policy(rules={name: {"mode": "monitor"}}), EVERYTHING, SENDER, recipient(UNSAFE), TODAY)

    assert [hit.rule for hit in verdict.hits] == list(RuleName)
    assert [hit.rule for hit in verdict.hits if hit.monitored] == [name]
    assert name not in verdict.rules


@pytest.mark.parametrize("name", RuleName)
def test_a_rule_that_is_off_is_not_looked_at(name):
    verdict = evaluate(policy(rules={name: {"mode": "off"}}), EVERYTHING, SENDER, recipient(UNSAFE), TODAY)

    assert [hit.rule for hit in verdict.hits] == [other for other in RuleName if other != name]


def test_everything_monitored_delivers():
    tested = policy(rules={name: {"mode": "monitor"} for name in RuleName})
    verdict = evaluate(tested, EVERYTHING, SENDER, recipient(UNSAFE), TODAY)

    assert (verdict.action, verdict.rules, verdict.approvals) == (Action.DELIVER, (), 1)


@pytest.mark.parametrize(
    ("external", "high_risk", "expected"),
    [
        ("hold", "hold", Action.HOLD),
        ("return", "hold", Action.RETURN),
        ("hold", "return", Action.RETURN),
        ("refuse", "return", Action.REFUSE),
        ("hold", "refuse", Action.REFUSE),
    ],
)
def test_the_first_of_refuse_return_hold_is_done(external, high_risk, expected):
    tested = policy(rules={"external": {"action": external}, "high-risk": {"action": high_risk}})

    assert evaluate(tested, message(finding(Tier.HIGH_RISK)), SENDER, recipient(OUTSIDE), TODAY).action is expected


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        (SENDER, Action.RETURN),
        (address(f"payroll@uk.{HOME}"), Action.RETURN),
        (None, Action.HOLD),
        (address("bob@client.example"), Action.HOLD),
        (address("bob@trusted-partner.example"), Action.HOLD),
        (address(f"bob%client.example@{HOME}"), Action.HOLD),
    ],
)
def test_a_message_is_returned_to_senders_inside_and_held_for_others(sender, expected):
    tested = policy(rules={"external": {"action": "return", "approvals": 3}})
    verdict = evaluate(tested, message(finding()), sender, recipient(OUTSIDE), TODAY)

    assert (verdict.action, verdict.rules, verdict.approvals) == (expected, ("external",), 3)


@pytest.mark.parametrize(
    ("changes", "sender", "to", "stopped"),
    [
        ({}, f"payroll@{HOME}", OUTSIDE, False),
        ({}, f"payroll@uk.{HOME}", "x@hr.client.example", False),
        ({}, f"payroll@{HOME}", "x@other.example", True),
        ({}, f"payroll@{HOME}", "x@client.example.org", True),
        ({}, f"payroll@{HOME}", "evil.example!x@client.example", True),
        ({}, "payroll@elsewhere.example", OUTSIDE, True),
        ({}, None, OUTSIDE, True),
        ({"sender": f"payroll@{HOME}"}, f"payroll@{HOME}", OUTSIDE, False),
        ({"sender": f"payroll@{HOME}"}, f"Payroll@{HOME}", OUTSIDE, False),
        ({"sender": f"payroll@{HOME}"}, f"sales@{HOME}", OUTSIDE, True),
        ({"sender": f"payroll@{HOME}"}, f"payroll@uk.{HOME}", OUTSIDE, True),
        ({"recipient": OUTSIDE}, f"payroll@{HOME}", OUTSIDE, False),
        ({"recipient": OUTSIDE}, f"payroll@{HOME}", "carol@client.example", True),
        ({"rules": ["bulk"]}, f"payroll@{HOME}", OUTSIDE, True),
        ({"until": dt.date(2026, 3, 2)}, f"payroll@{HOME}", OUTSIDE, False),
        ({"until": dt.date(2026, 3, 1)}, f"payroll@{HOME}", OUTSIDE, True),
    ],
)
def test_exceptions(changes, sender, to, stopped):
    tested = policy(exceptions=[{**exception(), **changes}])
    verdict = evaluate(tested, message(finding()), address(sender) if sender else None, recipient(to), TODAY)

    assert (verdict.action is Action.HOLD) is stopped
    assert verdict.hits[0].excepted_by == (None if stopped else "e1")


def test_an_exception_leaves_the_other_rules():
    tested = policy(exceptions=[exception(rules=["external"])])

    assert rules(message(finding(Tier.HIGH_RISK)), OUTSIDE, tested) == ("high-risk",)


# ---------------------------------------------------------------- the whole envelope


def test_each_recipient_is_judged_alone():
    verdicts = decide_all(policy(), message(finding()), envelope(INSIDE, OUTSIDE, PERSONAL_PARTNER), TODAY)

    assert [v.action for v in verdicts] == [Action.DELIVER, Action.HOLD, Action.DELIVER]
    assert [v.zone for v in verdicts] == [Zone.INTERNAL, Zone.EXTERNAL, Zone.PARTNER]
    assert [v.recipient.address.literal for v in verdicts] == [INSIDE, OUTSIDE, PERSONAL_PARTNER]


@pytest.mark.parametrize(
    ("allowed", "actions"),
    [
        ((), [Action.HOLD, Action.HOLD]),
        ((Zone.PARTNER,), [Action.HOLD, Action.DELIVER]),
        ((Zone.EXTERNAL,), [Action.DELIVER, Action.HOLD]),
        ((Zone.EXTERNAL, Zone.PARTNER), [Action.DELIVER, Action.DELIVER]),
    ],
)
def test_a_value_is_no_finding_towards_the_zones_it_is_allowed_in(allowed, actions):
    facts = message(replace(finding(), allowed=allowed))

    verdicts = decide_all(policy(), facts, envelope(OUTSIDE, CONTACT_PARTNER), TODAY)

    assert [v.action for v in verdicts] == actions
    alone = [evaluate(policy(), facts, SENDER, recipient(to), TODAY).action for to in (OUTSIDE, CONTACT_PARTNER)]
    assert alone == actions


def test_a_subject_is_refused_for_all():
    verdicts = decide_all(policy(), message(finding(role=Role.SUBJECT)), envelope(INSIDE, OUTSIDE), TODAY)

    assert {v.action for v in verdicts} == {Action.REFUSE}


def test_refuse_becomes_hold_when_others_get_the_message():
    tested = policy(rules={"external": {"action": "refuse"}})
    mixed = decide_all(tested, message(finding()), envelope(INSIDE, OUTSIDE), TODAY)
    alone = decide_all(tested, message(finding()), envelope(OUTSIDE, "carol@other.example"), TODAY)

    assert [v.action for v in mixed] == [Action.DELIVER, Action.HOLD]
    assert [v.action for v in alone] == [Action.REFUSE, Action.REFUSE]


def test_a_bounce_is_judged_like_any_mail():
    assert rules(message(finding()), sender=None) == ("external",)


@pytest.mark.parametrize(
    ("to", "needs"),
    [
        ((INSIDE,), Needs("subject", pictures=False)),
        ((INSIDE, f"b@uk.{HOME}"), Needs("subject", pictures=False)),
        ((INSIDE, OUTSIDE), Needs("all", pictures=True)),
        ((TRUSTED_PARTNER,), Needs("all", pictures=True)),
        ((f"bob%evil.example@{HOME}",), Needs("all", pictures=True)),
    ],
)
def test_demand(to, needs):
    assert demand(policy(), tuple(map(recipient, to)), TODAY) == needs


def test_pictures_are_read_only_where_policy_asks():
    assert not demand(policy(pictures={"read": False}), (recipient(OUTSIDE),), TODAY).pictures


def test_of_many_reasons_the_first_are_told_and_the_others_counted():
    many = tuple(finding(where=f"attachment 1 > B{row}", role=Role.DOCUMENT) for row in range(1, 5001))
    hit = evaluate(policy(), message(*many), SENDER, recipient(OUTSIDE), TODAY).hits[0]

    assert len(hit.reasons) == 13
    assert hit.reasons[0] == "TFN in attachment 1, B1"
    assert hit.reasons[-1] == "and 4988 more"


def test_a_reason_is_told_once():
    hit = evaluate(policy(), message(finding(), finding(), finding()), SENDER, recipient(OUTSIDE), TODAY).hits[0]

    assert hit.reasons == ("TFN in body",)
