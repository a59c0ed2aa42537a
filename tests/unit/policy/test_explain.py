import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.model import Action, Grade, Role, Tier
from dlp_gateway.policy.evaluate import decide_all
from dlp_gateway.policy.explain import LONGEST_REPLY, paragraphs, reply, story, wording
from dlp_gateway.policy.rules import RuleName
from tests.unit.policy.examples import (
    HOME,
    TODAY,
    attachment,
    envelope,
    evaluate,
    exception,
    finding,
    message,
    policy,
    recipient,
)
from tests.unit.policy.test_evaluate import EVERYTHING, SENDER, UNSAFE


def verdict(inspection, to, tested=None):
    return evaluate(tested or policy(), inspection, SENDER, recipient(to), TODAY)


def test_every_rule_has_words():
    for name in RuleName:
        words = wording(name.value)
        assert all((words.fault, words.meaning.endswith("."), words.remedy.endswith(".")))


def test_reply_to_a_refused_subject():
    verdicts = decide_all(policy(), message(finding(role=Role.SUBJECT)), envelope(f"a@{HOME}"), TODAY)

    assert reply(verdicts, "01J-7Q") == (
        "Not sent: the Subject holds personal information (clause 5.14(c), subject). Write a Subject without names, "
        "numbers or facts of a person (a case or ticket number is fine) and send again. [01J-7Q]"
    )


@pytest.mark.parametrize("clause", ["2.1", "C" * 60])
@pytest.mark.parametrize("identifier", ["01J-7Q", "x" * 200])
def test_a_reply_names_the_first_fault_and_its_whole_remedy_however_many_there_are(clause, identifier):
    tested = policy(rules={name: {"clause": clause} for name in RuleName})
    text = reply((verdict(EVERYTHING, UNSAFE, tested),), identifier)

    assert text.startswith(f"Not sent: {wording(RuleName.SUBJECT).fault} (clause {clause}, subject); ")
    assert re.search(rf"; and \d more\. {re.escape(wording(RuleName.SUBJECT).remedy)} \[{identifier[:80]}\]$", text)
    assert len(text) <= LONGEST_REPLY


@pytest.mark.parametrize(
    "to",
    [
        ("bob@client.example", "bob@personal-partner.example"),
        ("bob@personal-partner.example", "bob@client.example"),
    ],
)
def test_a_notice_names_what_stops_the_message_towards_any_recipient(to):
    inspection = message(finding(), finding(Tier.HIGH_RISK, entity="HEALTH"))
    said = paragraphs(decide_all(policy(), inspection, envelope(*to), TODAY))

    (found,) = re.findall(r"Found: ([^.]*)\.", said[0])
    assert sorted(found.split(", ")) == ["HEALTH in body", "TFN in body"]


@given(st.text(max_size=300))
def test_a_reply_is_one_short_line_of_ascii_that_ends_with_the_id(identifier):
    for verdicts in ((verdict(EVERYTHING, UNSAFE),), ()):
        text = reply(verdicts, identifier)
        assert len(text) <= LONGEST_REPLY
        assert all(" " <= c <= "~" for c in text)
        assert text.endswith("]")


def test_a_notice_says_fault_clause_place_and_remedy_once_a_rule():
    verdicts = decide_all(
        policy(),
        message(finding(), attachment(Grade.WEAK, "zip-crypto", kind="zip")),
        envelope("bob@client.example", "carol@other.example"),
        TODAY,
    )

    assert paragraphs(verdicts) == (
        "Personal data beyond contact information would leave in clear text (clause 5.14(a)). Email to outsiders may "
        "say of people only name, email, telephone, address, job title and place of work. Found: TFN in body. "
        "Take out what goes beyond that, or move it into an encrypted attachment and give the password another way.",
        "An attachment is not adequately encrypted (clause 5.14(a)). Weak encryption, or a password that travels in "
        "the same message, protects nothing. Found: attachment 1 (zip) is encrypted with zip-crypto, which is weak. "
        "Encrypt with AES (Office 2007 or later, PDF, ZIP AES, 7z) and give the password by telephone or text message.",
    )


@pytest.mark.parametrize(
    ("inspection", "to", "sections", "lines"),
    [
        (
            message(),
            "bob@client.example",
            {},
            ("The recipient is outside the organisation.", "No rule speaks against it.", "So it is delivered."),
        ),
        (
            message(finding()),
            f"a@{HOME}",
            {},
            (
                "The recipient is inside the organisation.",
                "Inside, anything but the Subject is free (clause 5.14(b)).",
                "No rule speaks against it.",
                "So it is delivered.",
            ),
        ),
        (
            message(finding(Tier.HIGH_RISK, entity="HEALTH")),
            "bob@personal-partner.example",
            {},
            (
                "The recipient is a partner with a written agreement (country AU).",
                "Rule external (clause 5.14(a)), personal data beyond contact information would leave in clear text: "
                "HEALTH in body.",
                "Rule high-risk (clause 5.14(a)), high-risk personal data is not protected well enough: "
                "HEALTH in body.",
                "So it is held for review, 2 different reviewers have to release it.",
            ),
        ),
        (
            message(finding(), people=60),
            "bob@client.de",
            {"exceptions": [exception(recipient="client.de")], "rules": {"bulk": {"mode": "monitor"}}},
            (
                "The recipient is outside the organisation (country DE).",
                "Rule external (clause 5.14(a)), personal data beyond contact information would leave in clear text: "
                "TFN in body. Excepted by e1.",
                "Rule bulk (clause 2.1), it lists contact details of many people: contact details of 60 people, the "
                "limit is 50. Only monitored; enforced, it would be held for review.",
                "So it is delivered.",
            ),
        ),
    ],
)
def test_story(inspection, to, sections, lines):
    tested = policy(**sections)

    assert story(tested, verdict(inspection, to, tested)) == lines


def test_a_monitored_rule_is_not_held_against_the_sender():
    tested = policy(rules={"external": {"mode": "monitor"}})
    monitored = verdict(message(finding()), "bob@client.example", tested)

    assert monitored.action is Action.DELIVER
    assert paragraphs((monitored,)) == ()
