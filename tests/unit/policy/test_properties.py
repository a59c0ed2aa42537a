"""What holds for every policy and every message."""

import dataclasses
import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.model import Action, Attachment, Finding, Grade, Inspection, Protection, Role, Tier, Unscanned
from dlp_gateway.policy.definition import from_canonical
from dlp_gateway.policy.evaluate import decide_all
from dlp_gateway.policy.rules import RuleName
from dlp_gateway.policy.weakening import weaker
from tests.unit.policy.examples import HOME, TODAY, address, envelope, evaluate, exception, partner, policy, recipient

PATIENCE = {Action.DELIVER: 0, Action.HOLD: 1, Action.RETURN: 2, Action.REFUSE: 3}

findings = st.builds(
    Finding,
    entity=st.sampled_from(["PERSON", "TFN", "HEALTH", "ORGANISATION"]),
    tier=st.sampled_from(Tier),
    where=st.sampled_from(["subject", "body", "a.xlsx > B7"]),
    start=st.just(0),
    end=st.just(5),
    score=st.just(0.9),
    role=st.sampled_from(Role),
)
attachments = st.builds(
    Attachment,
    name=st.just("a.xlsx"),
    where=st.just("a.xlsx"),
    type=st.just("xlsx"),
    size=st.just(1),
    protection=st.builds(
        Protection,
        state=st.sampled_from(Grade),
        scheme=st.sampled_from(["none", "office-agile", "office-rc4", "zip-aes256", "pgp", "pdf-aes256"]),
        password_inside=st.booleans(),
        password_announced=st.booleans(),
    ),
)
unread = st.builds(Unscanned, where=st.sampled_from(["subject", "body", "a.xlsx", "message"]), why=st.just("damaged"))
inspections = st.builds(
    Inspection,
    findings=st.lists(findings, max_size=3).map(tuple),
    attachments=st.lists(attachments, max_size=2).map(tuple),
    unscanned=st.lists(unread, max_size=1).map(tuple),
    risk=st.lists(unread, max_size=1).map(tuple),
    people=st.sampled_from([0, 10, 49, 50, 51, 100]),
    visible=st.sampled_from([0, 2, 19, 20, 40]).map(lambda n: tuple(f"p{i}@c{i % 4}.example" for i in range(n))),
)

DOMAINS = [HOME, f"uk.{HOME}", "a.example", "hr.a.example", "b.example", "client.cn", "client.nz", "client.io", "c.org"]
mailboxes = st.builds("{}@{}".format, st.sampled_from(["pay", "ann", "x%y.example"]), st.sampled_from(DOMAINS))

modes = st.sampled_from(["enforce", "enforce", "monitor", "off"])
actions = st.sampled_from(["refuse", "hold", "return"])
rule_sections = st.fixed_dictionaries(
    {},
    optional={
        name: st.fixed_dictionaries(
            {},
            optional={
                "mode": modes,
                "action": actions,
                "approvals": st.integers(1, 3),
                **{
                    RuleName.SUBJECT: {"not_personal": st.lists(st.sampled_from(["PERSON", "ORGANISATION"]))},
                    RuleName.HIGH_RISK: {"schemes": st.lists(st.sampled_from(["pgp", "zip-aes", "office", "pdf"]))},
                    RuleName.ENCRYPTION: {"at_least": st.sampled_from(["adequate", "strong"])},
                    RuleName.BULK: {"people": st.sampled_from([20, 50, 51])},
                    RuleName.EXPOSURE: {"recipients": st.sampled_from([2, 20]), "domains": st.sampled_from([1, 5])},
                }.get(name, {}),
            },
        )
        for name in RuleName
    },
)
days = st.sampled_from([dt.date(2026, 3, 1), dt.date(2026, 3, 2), dt.date(2026, 12, 31)])
partners = st.lists(
    st.builds(
        partner,
        st.sampled_from(["a.example", "hr.a.example", "client.cn", "c.org"]),
        clear=st.sampled_from(Tier),
        country=st.sampled_from([None, "AU", "CN", "NZ"]),
        bulk=st.booleans(),
        safeguards=st.sampled_from([None, "clauses"]),
        until=days,
    ),
    max_size=2,
    unique_by=lambda entry: entry["domain"],
)
exceptions = st.lists(
    st.builds(
        exception,
        name=st.sampled_from(["one", "two"]),
        rules=st.lists(st.sampled_from(RuleName), min_size=1, max_size=3),
        sender=st.sampled_from([HOME, f"uk.{HOME}", f"pay@{HOME}"]),
        recipient=st.sampled_from(["a.example", "hr.a.example", "ann@a.example", "client.cn"]),
        until=days,
    ),
    max_size=2,
    unique_by=lambda entry: entry["id"],
)
policies = st.builds(
    policy,
    organisation=st.builds(
        lambda more, country: {"name": "W", "domains": [HOME, *more], "country": country},
        st.lists(st.just("b.example"), max_size=1),
        st.sampled_from(["AU", "AU", "NZ"]),
    ),
    partners=partners,
    countries=st.fixed_dictionaries(
        {},
        optional={
            "safeguards": st.lists(st.sampled_from(["NZ", "CN", "IO", "AU"])),
            "generic_domains": st.lists(st.sampled_from(["io", "cn"]), unique=True),
            "unknown": st.sampled_from(["safe", "unsafe"]),
        },
    ),
    rules=rule_sections,
    exceptions=exceptions,
)


@given(policies, inspections, mailboxes, findings)
def test_a_further_finding_never_makes_a_verdict_more_permissive(tested, inspection, to, further):
    more = dataclasses.replace(inspection, findings=(*inspection.findings, further))
    before = evaluate(tested, inspection, address(f"pay@{HOME}"), recipient(to), TODAY)
    after = evaluate(tested, more, address(f"pay@{HOME}"), recipient(to), TODAY)

    assert PATIENCE[after.action] >= PATIENCE[before.action]
    assert set(after.rules) >= set(before.rules)
    assert after.approvals >= before.approvals


@given(policies, inspections, mailboxes, unread)
def test_something_unread_never_makes_a_verdict_more_permissive(tested, inspection, to, further):
    more = dataclasses.replace(inspection, unscanned=(*inspection.unscanned, further))
    before = evaluate(tested, inspection, None, recipient(to), TODAY)
    after = evaluate(tested, more, None, recipient(to), TODAY)

    assert PATIENCE[after.action] >= PATIENCE[before.action]


@given(policies, inspections, mailboxes)
def test_only_enforced_rules_stop(tested, inspection, to):
    verdict = evaluate(tested, inspection, address(f"pay@{HOME}"), recipient(to), TODAY)
    modes_by_rule = {name.value: rule.mode for name, rule in tested.rules.stopping()}

    assert all(modes_by_rule[rule] == "enforce" for rule in verdict.rules)
    assert (verdict.action is Action.DELIVER) == (not verdict.rules)


@given(policies, inspections, mailboxes, mailboxes)
def test_an_exception_reaches_no_further_than_it_says(tested, inspection, sender, to):
    bare = dataclasses.replace(tested, exceptions=())
    verdict = evaluate(tested, inspection, address(sender), recipient(to), TODAY)
    strict = evaluate(bare, inspection, address(sender), recipient(to), TODAY)
    taken = {hit.rule: hit.excepted_by for hit in verdict.hits if hit.excepted_by}
    by_id = {exception.id: exception for exception in tested.exceptions}

    assert set(strict.rules) - set(verdict.rules) <= set(taken)
    for rule, name in taken.items():
        found = by_id[name]
        assert rule in found.rules
        assert found.until >= TODAY
        assert "%" not in to
        assert address(to).domain.endswith(found.recipient.rpartition("@")[2])
        assert address(sender).domain.endswith(found.sender.rpartition("@")[2])


# Messages with one fault each, and a pair of policies that differ in one thing: so one difference decides.
one_fault = st.one_of(
    findings.map(lambda finding: Inspection(findings=(finding,))),
    st.builds(
        lambda attachment, risk: Inspection(attachments=(attachment,), risk=risk),
        attachments,
        st.sampled_from([(), (Unscanned("body", "a word for a special category"),)]),
    ),
    st.sampled_from([20, 50, 51]).map(lambda people: Inspection(people=people)),
    st.builds(
        lambda shown, domains: Inspection(visible=tuple(f"p{n}@c{n % domains}.example" for n in range(shown))),
        st.sampled_from([19, 20, 30]),
        st.sampled_from([2, 3, 4]),
    ),
)
_LEAVES = {
    "organisation": [
        {"name": "W", "domains": [HOME, *more], "country": country}
        for more in ([], ["b.example"], ["a.example"])
        for country in ("AU", "CN")
    ],
    "countries": [
        {"safeguards": safe, "generic_domains": generic, "unknown": unknown}
        for safe in ([], ["CN"], ["IO"])
        for generic in ([], ["cn"], ["io"])
        for unknown in ("safe", "unsafe")
    ],
    "partners": [
        [],
        *(
            [partner(domain, clear, country, bulk=bulk, safeguards=safeguards, until=until)]
            for domain in ("a.example", "hr.a.example", "client.cn")
            for clear in Tier
            for country in (None, "CN", "NZ")
            for bulk in (False, True)
            for safeguards in (None, "clauses")
            for until in (dt.date(2026, 3, 1), dt.date(2026, 3, 2))
        ),
        [partner("a.example", "high_risk"), partner("hr.a.example")],
        [partner("a.example", country="NZ"), partner("hr.a.example", country="CN")],
    ],
    "rules": [
        {},
        *({name: {key: value}} for name in RuleName for key, value in (("mode", "monitor"), ("mode", "off"))),
        *({name: {"approvals": number}} for name in RuleName for number in (2, 3)),
        *({"subject": {"not_personal": [entity]}} for entity in ("PERSON", "TFN")),
        *({"bulk": {"people": people}} for people in (20, 51)),
        *({"exposure": {"recipients": recipients}} for recipients in (19, 21)),
        *({"exposure": {"domains": domains}} for domains in (2, 4)),
        *({"high-risk": {"schemes": schemes}} for schemes in ([], ["zip"], ["office"], ["pdf-aes"])),
        {"encryption": {"at_least": "strong"}},
    ],
    "exceptions": [
        [],
        *(
            [exception(rules=rules, sender=sender, recipient=to, until=until)]
            for rules in (["external"], ["external", "high-risk", "bulk"], ["encryption", "transfer", "subject"])
            for sender in (HOME, f"uk.{HOME}", f"pay@{HOME}")
            for to in ("a.example", "ann@a.example", "client.cn")
            for until in (dt.date(2026, 3, 1), dt.date(2026, 12, 31))
        ),
    ],
}


@st.composite
def changes(draw):
    """Two policies that differ in one section."""
    section = draw(st.sampled_from(sorted(_LEAVES)))
    leaves = {name: draw(st.sampled_from(_LEAVES[name][:4])) for name in _LEAVES}
    new = draw(st.sampled_from(_LEAVES[section]))
    return policy(**{**leaves, section: draw(st.sampled_from(_LEAVES[section]))}), policy(**{**leaves, section: new})


@given(
    changes(),
    one_fault,
    st.sampled_from([f"pay@{HOME}", f"pay@uk.{HOME}"]),
    st.sampled_from(["ann@a.example", "ann@hr.a.example", "ann@b.example", "ann@client.cn", "ann@client.io"]),
)
def test_what_is_not_called_weaker_is_not_weaker(pair, inspection, sender, to):
    old, new = pair
    before = evaluate(old, inspection, address(sender), recipient(to), TODAY)
    after = evaluate(new, inspection, address(sender), recipient(to), TODAY)
    if before.action is not Action.DELIVER and after.action is Action.DELIVER:
        assert weaker(old, new)
    if before.approvals > after.approvals:
        assert weaker(old, new)


@given(policies)
def test_no_policy_is_weaker_than_itself(tested):
    assert weaker(tested, tested) == []


@given(policies)
def test_the_canonical_form_reads_back_and_keeps_the_fingerprint(tested):
    again = from_canonical(tested.canonical)

    assert again.fingerprint == tested.fingerprint
    assert again.canonical == tested.canonical


@given(policies, inspections, st.lists(mailboxes, min_size=1, max_size=4))
def test_an_envelope_is_refused_whole_or_not_at_all(tested, inspection, to):
    verdicts = decide_all(tested, inspection, envelope(*to), TODAY)
    alone = [evaluate(tested, inspection, envelope(*to).sender, recipient(mailbox), TODAY) for mailbox in to]

    assert len({v.action is Action.REFUSE for v in verdicts}) == 1
    for together, single in zip(verdicts, alone, strict=True):
        assert (together.action is Action.DELIVER) == (single.action is Action.DELIVER)
        assert together.hits == single.hits


@given(inspections, mailboxes)
def test_reasons_hold_no_file_names(inspection, to):
    secret = dataclasses.replace(
        inspection,
        attachments=tuple(dataclasses.replace(a, where="Maria Lopez.xlsx") for a in inspection.attachments),
        findings=tuple(
            dataclasses.replace(f, where="Maria Lopez.xlsx > Sheet Maria > B7") for f in inspection.findings
        ),
        unscanned=(Unscanned("Maria Lopez.zip > Maria.docx", "damaged"),),
        risk=(Unscanned("Maria Lopez.xlsx", "a word for a special category"),),
    )
    verdict = evaluate(policy(), secret, address(f"pay@{HOME}"), recipient(to), TODAY)

    assert "Maria" not in repr(verdict.hits)
