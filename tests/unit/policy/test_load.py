from pathlib import Path

import pytest

from dlp_gateway.configfile import ConfigError, Severity
from dlp_gateway.policy.load import load_policy
from dlp_gateway.policy.rules import Mode
from tests.unit.policy.examples import TODAY

SHIPPED = Path(__file__).parents[3] / "config" / "policy.yaml"

GOOD = """\
organisation:
  name: Westend on Sixth
  domains: [westendonsixth.com]
partners:
  - domain: bureau.example
    agreement: DPA 1
    owner: dpo@westendonsixth.com
    until: 2027-01-01
    clear: personal
rules:
  subject:
    not_personal: [ORGANISATION]
  bulk:
    people: 40
exceptions:
  - id: census
    owner: dpo@westendonsixth.com
    reason: statutory return
    until: 2026-12-31
    rules: [encryption]
    sender: payroll@westendonsixth.com
    recipient: statistics.example
"""

KNOWN = {"ORGANISATION", "PERSON", "TFN"}


def problems(text, entities=KNOWN):
    """What load_policy says, errors and warnings, as (line, reason)."""
    try:
        found = load_policy(text, "policy.yaml", TODAY, entities).warnings
    except ConfigError as error:
        found = error.problems
    assert {problem.file for problem in found} <= {"policy.yaml"}
    return [(problem.line, problem.reason) for problem in found]


def test_a_good_policy_has_no_problems():
    assert problems(GOOD) == []


def test_what_is_left_out_is_enforced():
    loaded = load_policy("organisation: {name: W, domains: [w.example]}", "policy.yaml", TODAY).policy

    assert all(rule.mode is Mode.ENFORCE for _, rule in loaded.rules.stopping())
    assert loaded.partners == ()
    assert loaded.exceptions == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        # form
        ("    people: 40", "    poeple: 40", 14, "there is no such setting; did you mean 'people'?"),
        ("  bulk:", "  bluk:", 13, "there is no such setting; did you mean 'bulk'?"),
        ("partners:", "partnars:", 4, "there is no such setting; did you mean 'partners'?"),
        ("    people: 40", "    people: 19", 14, "should be greater than or equal to 20"),
        ("    people: 40", "    people: 2001", 14, "should be less than or equal to 2000"),
        ("until: 2027-01-01", "until: 2027-02-30", 8, "partners.0.until: should be a valid date"),
        ("    people: 40", "    people: many", 14, "should be a valid integer"),
        ("    people: 40", "    mode: sometimes", 14, "should be 'enforce', 'monitor' or 'off'"),
        ("    people: 40", "    action: deliver", 14, "should be"),
        ("    people: 40", "    clause: 5.14", 14, "should be text; put it in quotes"),
        ("    people: 40", "    approvals: 0", 14, "greater than or equal to 1"),
        ("    people: 40", "    people: 40\n    people: 50", 15, 'the key "people" stands here twice'),
        ("    people: 40", "    people: [40", 15, "not valid YAML"),
        ("  name: Westend on Sixth\n", "", 1, "organisation.name: is missing"),
        ("    agreement: DPA 1\n", "", 5, "partners.0.agreement: is missing"),
        ("    reason: statutory return\n", "", 16, "exceptions.0.reason: is missing"),
        ("    until: 2026-12-31\n", "", 16, "exceptions.0.until: is missing"),
        ("    clear: personal", "    clear: everything", 9, "should be 'contact', 'personal' or 'high_risk'"),
        ("    clear: personal", "    country: UK", 9, "the code of the United Kingdom is GB"),
        ("    rules: [encryption]", "    rules: [encrypton]", 20, "should be 'subject'"),
        ("    rules: [encryption]", "    rules: [accountability]", 20, "should be 'subject'"),
        ("    rules: [encryption]", "    rules: []", 20, "needs at least 1"),
        # names
        ("[westendonsixth.com]", "[com.au]", 3, "is a public suffix"),
        ("[westendonsixth.com]", "[]", 3, "needs at least 1"),
        ("[westendonsixth.com]", "['wеstend..com']", 3, "not a valid"),
        ("  - domain: bureau.example", "  - domain: co.uk", 5, "is a public suffix"),
        ("    recipient: statistics.example", "    recipient: github.io", 22, "is wider than a registrable domain"),
        ("    recipient: statistics.example", "    recipient: '*.example.org'", 22, "not a valid domain name"),
        ("    recipient: statistics.example", "    recipient: '*@example.org'", 22, "no wildcards"),
        ("    recipient: statistics.example", "    recipient: '@example.org'", 22, "no wildcards"),
        ("    recipient: statistics.example", "    recipient: '*'", 22, "not a valid domain name"),
        ("    recipient: statistics.example", "    recipient: x@com", 22, "is wider than a registrable domain"),
        ("    recipient: statistics.example", "    recipient: '[192.0.2.1]'", 22, "is wider than a registrable domain"),
        ("[ORGANISATION]", "[organisation]", 12, "should match"),
        # sense
        ("[ORGANISATION]", "[PERSON, ORGANIZATION]", 12, "no detector knows ORGANIZATION; did you mean ORGANISATION?"),
        ("    sender: payroll@westendonsixth.com", "    sender: other.example", 21, "is not of the organisation"),
        ("    until: 2026-12-31", "    until: 2028-01-01", 19, "ends more than 366 days from now"),
        ("    until: 2026-12-31", "    until: 2026-03-01", 19, "the exception has ended"),
        ("    until: 2027-01-01", "    until: 2026-03-01", 8, "the agreement has ended"),
        ("  - domain: bureau.example", "  - domain: hr.westendonsixth.com", 5, "belongs to the organisation"),
        ("    clear: personal", "    clear: high_risk", 9, "lets high-risk data travel in clear text"),
        ("    people: 40", "    mode: monitor", 14, "is monitor: the rule records but stops nothing"),
        ("    people: 40", "    mode: off", 14, "is off: the rule does not look at anything"),
        ("  bulk:\n    people: 40", "  high-risk:\n    schemes: [office]", 14, "Office encryption is accepted"),
        ("  bulk:\n    people: 40", "  high-risk:\n    schemes: [z]", 14, "is too short"),
    ],
)
def test_problems_say_line_and_reason(old, new, line, reason):
    assert GOOD.count(old) == 1
    found = problems(GOOD.replace(old, new))

    assert len(found) == 1, found
    assert found[0][0] == line, found
    assert reason in found[0][1]


def test_every_problem_of_a_kind_is_reported_at_once():
    text = GOOD.replace("people: 40", "people: 0").replace("clear: personal", "clear: all").replace("DPA 1", "''")

    assert [line for line, _ in problems(text)] == [6, 9, 14]


@pytest.mark.parametrize(
    ("part", "line", "reason"),
    [
        ("  - id: census", 23, "exceptions.1.id: is used more than once"),
        ("  - domain: bureau.example", 10, "partners.1.domain: is listed more than once"),
    ],
)
def test_doubles_are_found(part, line, reason):
    lines = GOOD.split("\n")
    start = lines.index(part)
    end = next(i for i in range(start + 1, len(lines)) if not lines[i].startswith("    "))
    text = "\n".join(lines[:end] + lines[start:end] + lines[end:])

    assert (line, reason) in problems(text)


@pytest.mark.parametrize("old", ["    until: 2026-12-31", "    until: 2027-01-01"])
def test_what_has_ended_is_a_warning_so_that_a_restart_does_not_fail_overnight(old):
    warnings = load_policy(GOOD.replace(old, "    until: 2026-03-01"), "policy.yaml", TODAY, KNOWN).warnings

    assert [warning.severity for warning in warnings] == [Severity.WARNING]


def test_entities_are_not_checked_without_a_list():
    load_policy(GOOD.replace("ORGANISATION", "SOMETHING_ELSE"), "policy.yaml", TODAY, entities=None)


@pytest.mark.parametrize(
    "text", ["", "- a", "a", "{}", "organisation:", "\t", "a: *b", "\0", "a: " + "[" * 100 + "]" * 100]
)
def test_other_texts_are_refused_with_a_line(text):
    with pytest.raises(ConfigError) as error:
        load_policy(text, "policy.yaml", TODAY)

    assert all(str(problem).startswith("policy.yaml:") for problem in error.value.problems)


def test_the_shipped_policy_is_sound_and_says_every_default():
    loaded = load_policy(SHIPPED.read_text("utf-8"), "config/policy.yaml", TODAY)

    assert loaded.warnings == ()
    assert loaded.policy.organisation.domains == ("westendonsixth.com",)
    for name, rule in loaded.policy.rules.stopping():
        written = set(loaded.source.data["rules"][name])
        assert written >= {"clause", "mode", "action"}
        # Values an administrator sees in the file are the ones that hold without it, the entities apart.
        assert [key for key in written - {"not_personal"} if getattr(rule, key) != getattr(type(rule)(), key)] == []


def test_the_fingerprint_is_of_the_meaning_not_of_the_layout():
    first = load_policy(GOOD, "policy.yaml", TODAY).policy
    commented = load_policy("# a comment\n" + GOOD.replace("people: 40", "people:    40   # few"), "x", TODAY).policy
    changed = load_policy(GOOD.replace("people: 40", "people: 41"), "policy.yaml", TODAY).policy
    consent = "supersedes: {fingerprint: 0123456789ab, approved_by: dpo, reason: agreed}\n"
    superseding = load_policy(GOOD + consent, "policy.yaml", TODAY).policy

    assert first.fingerprint == commented.fingerprint == superseding.fingerprint
    assert first.fingerprint != changed.fingerprint
