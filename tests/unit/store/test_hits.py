"""How often each entity is found, and how often it stops mail wrongly."""

import dataclasses

import pytest

from dlp_gateway.model import DAY, Action, Finding, Inspection, Role, RuleHit, Tier
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.store import database, hits, retention
from dlp_gateway.store.hits import Tally
from tests.unit.store.contract import rows
from tests.unit.store.examples import NOW, intake, verdict

TFN = Finding("TFN", Tier.PERSONAL, "body", 4, 15, 0.99, detector="au_tfn")
HEALTH = Finding("HEALTH", Tier.HIGH_RISK, "body", 30, 60, 0.8, detector="statements")
NAME = Finding("PERSON", Tier.CONTACT, "subject", 0, 12, 0.8, Role.SUBJECT, detector="people")


def stopped(*reasons, rule="external", action=Action.HOLD, **more):
    return dataclasses.replace(
        verdict("ann@example.net", action), hits=(RuleHit(rule, "5.14(a)", action, reasons, **more),)
    )


def decision(*findings, verdicts=(), at=NOW, message_id=None):
    return intake(*verdicts, inspection=Inspection(findings), at=at, message_id=message_id).decision


@pytest.mark.parametrize(
    ("verdicts", "blamed"),
    [
        ((), set()),
        ((verdict("a@example.net", Action.DELIVER),), set()),
        ((stopped("TFN in body"),), {"TFN"}),
        ((stopped("TFN in body", monitored=True),), set()),
        ((stopped("TFN in body", excepted_by="e1"),), set()),
        ((stopped("an attachment: damaged", rule="unscannable"),), set()),
        ((stopped("ABN in body"),), set()),
        ((stopped("HEALTH in body", rule="high-risk"), stopped("TFN in body")), {"TFN", "HEALTH"}),
        ((stopped("PERSON in subject", rule="subject", action=Action.REFUSE),), {"PERSON"}),
        ((stopped("TFN in body", "and 3 more"),), {"TFN", "HEALTH"}),
        ((stopped("HEALTH in body", "and 3 more", rule="high-risk"),), {"HEALTH"}),
        ((stopped("and 3 more", rule="subject"),), {"PERSON"}),
        ((stopped("and 3 more", rule="encryption"),), set()),
    ],
)
def test_because_of_what_a_message_was_stopped(verdicts, blamed):
    assert hits.blamed(decision(TFN, HEALTH, NAME, verdicts=verdicts)) == blamed


def test_what_is_kept_of_a_decision():
    other = dataclasses.replace(TFN, detector="site_tfn")

    assert hits.rows(decision(TFN, other, NAME, verdicts=(stopped("TFN in body"),), message_id="m1")) == [
        ("m1", "PERSON", NOW, 1, "people", False),
        ("m1", "TFN", NOW, 2, "au_tfn,site_tfn", True),
    ]


async def commit(store, *findings, at=NOW, message_id=None, action=Action.HOLD):
    held = stopped(*(f"{finding.entity} in body" for finding in findings), action=action)
    verdicts = (held,) if findings and action is not Action.DELIVER else ()
    await store.commit(intake(*verdicts, inspection=Inspection(findings), at=at, message_id=message_id))


async def test_the_tallies_of_a_quarter(store, review_keys):
    await commit(store, TFN, message_id="new")
    await commit(store, TFN, HEALTH, at=NOW - 8 * DAY, message_id="let-go")
    await commit(store, TFN, at=NOW - 40 * DAY, action=Action.DELIVER)
    await commit(store, TFN, at=NOW - 100 * DAY)
    await commit(store)
    desk = Desk(review_keys, lambda: NOW)
    await store.write(lambda: desk.release("let-go", None, Reviewer("dpo", "dpo@westendonsixth.com"), "no such number"))
    await store.write(
        lambda: database.rows("Mark").create(
            message_id="new", entity="TFN", detector="au_tfn", place="body 1", reviewer="dpo", at=NOW
        )
    )

    found = await store.read(lambda: hits.tallies(NOW))

    assert found == {"TFN": Tally("TFN", (1, 2, 3), 2, 2, 1), "HEALTH": Tally("HEALTH", (0, 1, 1), 1, 1, 0)}
    assert (found["TFN"].share, Tally("X").share) == (1.0, None)


async def test_the_detectors_of_an_entity(store):
    await commit(store, TFN)
    await commit(store, TFN, dataclasses.replace(TFN, detector="site_tfn"), at=NOW - 8 * DAY)

    assert await store.read(lambda: hits.by_detector("TFN", NOW)) == {"au_tfn": (1, 2, 2), "site_tfn": (0, 1, 1)}


async def test_the_last_decisions_of_an_entity(store):
    for n in range(4):
        await commit(store, TFN, at=NOW + n, message_id=f"d{n}")

    found = await store.read(lambda: hits.recent("TFN", 2))

    assert [(one.decision, one.detectors, one.stopped, one.released, one.marked) for one in found] == [
        ("d3", ("au_tfn",), True, False, False),
        ("d2", ("au_tfn",), True, False, False),
    ]


async def test_they_go_with_the_message(store):
    await commit(store, TFN, action=Action.REFUSE)

    await store.write(lambda: retention.purge(decisions=NOW + 1, own=0, entries=0, now=NOW + 1))

    assert await rows(store, "SELECT * FROM dlp_hit") == []


@pytest.mark.parametrize("statement", [hits._COUNTS, hits._WRONG, hits._DETECTORS, hits._RECENT])
async def test_no_message_is_read_for_figures(store, statement):
    plan = [row[-1] for row in await rows(store, f"EXPLAIN QUERY PLAN {statement}", *([1] * statement.count("%s")))]

    assert not [step for step in plan if "dlp_message" in step]
    assert not [step for step in plan if step.startswith("SCAN") and "INDEX" not in step], plan
