import dataclasses
import json

import pytest

from dlp_gateway.model import Action, Attachment, Finding, Grade, Inspection, Protection, Role, RuleHit, Tier, Unscanned
from dlp_gateway.store import facts
from tests.unit.store.examples import INSPECTION, PLANTED, verdict


def test_the_version_in_the_clear_holds_no_name_of_a_place():
    text = facts.encode(INSPECTION)

    assert not [word for word in (*PLANTED, "ann@", "bob@") if word in text]


def test_the_version_in_the_clear_is_enough_to_judge_again():
    kept = facts.decode(facts.encode(INSPECTION))

    for kept_one, finding in zip(kept.findings, INSPECTION.findings, strict=True):
        for name in {field.name for field in dataclasses.fields(Finding)} - {"where"}:
            assert getattr(kept_one, name) == getattr(finding, name)
    assert [finding.where for finding in kept.findings] == ["body 1", "document 2", "subject"]
    assert [(a.type, a.size, a.protection) for a in kept.attachments] == [("xlsx", 4711, Protection(Grade.NONE, ""))]
    assert [u.why for u in kept.unscanned] == ["picture not read"]
    assert [address.partition("@")[2] for address in kept.visible] == ["example.net", "example.org"]
    assert (kept.people, kept.scope, kept.milliseconds) == (1, "all", 3.5)


def test_places_that_were_the_same_stay_the_same():
    findings = [Finding("a", Tier.CONTACT, where, 0, 1, 1.0, Role.DOCUMENT) for where in ("x", "y", "x")]

    kept = facts.decode(facts.encode(Inspection(tuple(findings))))

    assert [finding.where for finding in kept.findings] == ["document 1", "document 2", "document 1"]


@pytest.mark.parametrize(
    "name",
    ["findings", "attachments", "unscanned", "risk", "visible"],
)
def test_what_is_too_much_is_counted(name):
    many = {
        "findings": Finding("au_tfn", Tier.PERSONAL, "body", 0, 1, 1.0),
        "attachments": Attachment("n", "n", "pdf", 1, Protection(Grade.NONE, "")),
        "unscanned": Unscanned("x", "not read"),
        "risk": Unscanned("x", "sign"),
        "visible": None,
    }[name]
    addresses = tuple(f"{number}@example.net" for number in range(facts.KEPT + 7))

    kept = json.loads(facts.encode(Inspection(**{name: (many,) * (facts.KEPT + 7) if many else addresses})))

    assert len(kept[name]) == facts.KEPT
    assert kept["omitted"][name] == 7
    assert kept["omitted"]["entities"] == ({"au_tfn": 7} if name == "findings" else {})


def test_of_too_many_findings_the_surest_of_each_kind_is_kept():
    many = [Finding("au_tfn", Tier.PERSONAL, "body", n, n + 1, 0.6) for n in range(facts.KEPT)]
    last = [Finding("au_tfn", Tier.PERSONAL, "body", 0, 1, 0.9), Finding("HEALTH", Tier.HIGH_RISK, "body", 0, 1, 0.5)]

    text = facts.encode(Inspection((*many, *last)))
    kept = facts.decode(text).findings

    assert kept[-2:] == (
        Finding("au_tfn", Tier.PERSONAL, "body 1", 0, 1, 0.9),
        Finding("HEALTH", Tier.HIGH_RISK, "body 1", 0, 1, 0.5),
    )
    assert len(kept) == facts.KEPT
    assert json.loads(text)["omitted"]["entities"] == {"au_tfn": 2}
    assert not facts.complete(text)
    assert facts.complete(facts.encode(INSPECTION))


def test_what_is_not_read_of_the_subject_is_told_from_the_rest():
    unread = tuple(Unscanned(where, "damaged") for where in ("subject", "header From", "wombat-4471.xlsx"))

    kept = facts.decode(facts.encode(Inspection(unscanned=unread)))

    assert [item.where for item in kept.unscanned] == ["subject", "place 2", "place 3"]


def test_an_address_seen_twice_is_one_and_a_route_stays_a_route():
    kept = facts.decode(facts.encode(Inspection(visible=("a@x.example", "A@x.example", "b%y.example@x.example"))))

    assert kept.visible == ("0@x.example", "1%@x.example")


def test_the_sealed_version_is_complete():
    inspection, reasons = facts.decode_sealed(facts.encode_sealed(INSPECTION, [verdict("a@example.net", Action.HOLD)]))

    assert inspection == INSPECTION
    assert reasons == [("external", ("TFN in attachment 1 (xlsx)",))]


def test_hits_are_kept_with_their_reasons():
    hits = (
        RuleHit("external", "5.14(a)", Action.HOLD, ("TFN in attachment 2 (xlsx), B7",), monitored=True),
        RuleHit("subject", "5.14(c)", Action.REFUSE, (), excepted_by="exception-7"),
    )

    assert facts.decode_hits(facts.encode_hits(hits)) == hits
