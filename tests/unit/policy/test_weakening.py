import copy
import datetime as dt

import pytest

from dlp_gateway.policy.definition import policy_from
from dlp_gateway.policy.weakening import unapproved, weaker
from tests.unit.policy.examples import exception, partner

BASE = {
    "organisation": {"name": "W", "domains": ["westendonsixth.com"], "country": "AU"},
    "partners": [
        partner("bureau.example", "personal", "NZ"),
        partner("far.example", "contact", "CN"),
        partner("big.example", "personal"),
        partner("hr.big.example", "contact"),
    ],
    "countries": {"safeguards": ["NZ", "GB"], "generic_domains": ["co"], "unknown": "unsafe"},
    "pictures": {"read": True, "unread": "hold-large", "small_side": 100, "small_area": 100_000},
    "rules": {
        "subject": {"not_personal": ["ORGANISATION"]},
        "high-risk": {"approvals": 2, "schemes": ["pgp", "zip-aes"]},
        "encryption": {"at_least": "strong"},
        "bulk": {"mode": "monitor", "people": 50},
        "transfer": {"mode": "monitor", "action": "refuse"},
        "unscannable": {"action": "return"},
    },
    "exceptions": [
        exception("one", ["external", "bulk"], "westendonsixth.com", "client.example", dt.date(2026, 12, 31))
    ],
}


def changed(path, value):
    data = copy.deepcopy(BASE)
    node = data
    for step in path[:-1]:
        node = node[step] if not isinstance(node, dict) else node.setdefault(step, {})
    if value is None:
        del node[path[-1]]
    elif isinstance(node, list) and path[-1] == "+":
        node.append(value)
    else:
        node[path[-1]] = value
    return policy_from(data)


@pytest.mark.parametrize(
    ("path", "value", "location", "reason"),
    [
        (("organisation", "domains", "+"), "sister.example", ("organisation", "domains", 1), "becomes internal"),
        (("organisation", "country"), "US", ("organisation", "country"), "US becomes the home country"),
        (("rules", "external"), {"mode": "monitor"}, ("rules", "external", "mode"), "monitor instead of enforce"),
        (("rules", "subject", "mode"), "off", ("rules", "subject", "mode"), "off instead of enforce"),
        (("rules", "bulk", "mode"), "off", ("rules", "bulk", "mode"), "off instead of monitor"),
        (("rules", "subject", "action"), "hold", ("rules", "subject", "action"), "hold instead of refuse"),
        (("rules", "unscannable", "action"), None, ("rules", "unscannable", "action"), "hold instead of return"),
        (("rules", "bulk", "people"), 51, ("rules", "bulk", "people"), "51 instead of 50"),
        (("rules", "exposure"), {"recipients": 21}, ("rules", "exposure", "recipients"), "21 instead of 20"),
        (("rules", "exposure"), {"domains": 4}, ("rules", "exposure", "domains"), "4 instead of 3"),
        (("rules", "high-risk", "approvals"), 1, ("rules", "high-risk", "approvals"), "1 instead of 2"),
        (
            ("rules", "high-risk", "schemes", "+"),
            "office",
            ("rules", "high-risk", "schemes", 2),
            "office becomes enough",
        ),
        (("rules", "high-risk", "schemes", "+"), "zip", ("rules", "high-risk", "schemes", 2), "zip becomes enough"),
        (("rules", "encryption", "at_least"), "adequate", ("rules", "encryption", "at_least"), "adequate instead of"),
        (
            ("rules", "subject", "not_personal", "+"),
            "PERSON",
            ("rules", "subject", "not_personal", 1),
            "PERSON may stand in a Subject",
        ),
        (("pictures", "read"), False, ("pictures", "read"), "no longer read"),
        (("pictures", "unread"), "pass", ("pictures", "unread"), "pass instead of hold-large"),
        (("pictures", "small_side"), 101, ("pictures", "small_side"), "101 instead of 100"),
        (("pictures", "small_area"), 100_001, ("pictures", "small_area"), "100001 instead of 100000"),
        (("countries", "safeguards", "+"), "CN", ("countries", "safeguards", 2), "CN counts as a country"),
        (("countries", "unknown"), "safe", ("countries", "unknown"), "unknown country counts as safe"),
        (("partners", "+"), partner("new.example"), ("partners", 4), "new.example is a new partner"),
        (("partners", 0, "clear"), "high_risk", ("partners", 0), "high_risk instead of personal data"),
        (("partners", 0, "bulk"), True, ("partners", 0), "may have lists of people"),
        (("partners", 0, "until"), dt.date(2027, 1, 2), ("partners", 0), "until 2027-01-02 instead of 2027-01-01"),
        (("partners", 0, "safeguards"), "clauses", ("partners", 0), "has safeguards for transfers"),
        (("partners", 1, "country"), "NZ", ("partners", 1), "counts as being in a country with safeguards"),
        (("partners", 3), None, ("partners",), "hr.big.example may have personal instead of contact data"),
        (
            ("exceptions", "+"),
            exception("two", recipient="other.example"),
            ("exceptions", 1),
            "two is a new or wider exception",
        ),
        (("exceptions", 0, "until"), dt.date(2027, 1, 1), ("exceptions", 0), "wider"),
        (("exceptions", 0, "rules", "+"), "subject", ("exceptions", 0), "wider"),
        (("exceptions", 0, "recipient"), "example.org", ("exceptions", 0), "wider"),
    ],
)
def test_weaker(path, value, location, reason):
    found = weaker(policy_from(BASE), changed(path, value))

    assert [(weakening.location, reason in weakening.reason) for weakening in found] == [(location, True)]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("organisation", "name"), "Another name"),
        (("rules", "bulk", "mode"), "enforce"),
        (("rules", "bulk", "people"), 20),
        (("rules", "external"), {"action": "refuse"}),
        (("rules", "external"), {"action": "return"}),
        (("rules", "subject", "action"), "return"),
        (("rules", "unscannable", "action"), "refuse"),
        (("rules", "transfer", "action"), "hold"),
        (("rules", "transfer"), {"mode": "enforce", "action": "hold"}),
        (("rules", "external"), {"approvals": 2}),
        (("rules", "external"), {"clause": "7.1"}),
        (("rules", "subject", "not_personal"), []),
        (("rules", "high-risk", "schemes"), ["pgp"]),
        (("rules", "high-risk", "schemes", "+"), "zip-aes256"),
        (("pictures", "unread"), "hold-all"),
        (("pictures", "small_area"), 0),
        (("countries", "safeguards"), []),
        (("countries", "generic_domains"), []),
        (("countries", "generic_domains", "+"), "io"),
        (("partners", 0, "clear"), "contact"),
        (("partners", 0), None),
        (("partners", 0, "owner"), "other@westendonsixth.com"),
        (("exceptions", 0), None),
        (("exceptions", 0, "until"), dt.date(2026, 6, 1)),
        (("exceptions", 0, "rules"), ["bulk"]),
        (("exceptions", 0, "recipient"), "hr.client.example"),
        (("exceptions", 0, "recipient"), "bob@client.example"),
        (("exceptions", 0, "sender"), "payroll@westendonsixth.com"),
        (("exceptions", "+"), exception("two", ["bulk"], "uk.westendonsixth.com", "bob@client.example")),
    ],
)
def test_not_weaker(path, value):
    assert weaker(policy_from(BASE), changed(path, value)) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (["io"], [], []),
        ([], ["io"], ["recipients under .io count as safe"]),
        ([], ["nz"], []),
    ],
)
def test_generic_domains_where_the_unknown_is_safe(old, new, expected):
    def with_generic(domains):
        return changed(("countries",), {"safeguards": ["NZ"], "generic_domains": domains, "unknown": "safe"})

    assert [weakening.reason for weakening in weaker(with_generic(old), with_generic(new))] == expected


def test_a_partner_abroad_that_is_no_longer_listed_must_not_become_unknown_and_safe():
    data = copy.deepcopy(BASE)
    data["countries"]["unknown"] = "safe"
    old = policy_from(data)
    del data["partners"][1]

    assert [w.reason for w in weaker(old, policy_from(data))] == [
        "far.example counts as being in a country with safeguards"
    ]


def test_consent_names_the_policy_it_replaces():
    old = policy_from(BASE)
    weak = changed(("rules", "bulk", "people"), 51)
    consent = {"fingerprint": old.fingerprint[:12], "approved_by": "dpo@westendonsixth.com", "reason": "agreed"}
    approved = policy_from({**BASE, "rules": {**BASE["rules"], "bulk": {"people": 51}}, "supersedes": consent})
    stale = policy_from({**BASE, "rules": {**BASE["rules"], "bulk": {"people": 52}}, "supersedes": consent})

    assert len(unapproved(old, weak)) == 1
    assert unapproved(old, approved) == []
    assert len(unapproved(approved, stale)) == 1
