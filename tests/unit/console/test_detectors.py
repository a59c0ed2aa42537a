"""How detectors do."""

import dataclasses
import datetime as dt
import re
import time

import pytest

from dlp_gateway.model import Action, Finding, Inspection, RuleHit, Tier
from tests.unit.store.examples import intake, verdict

DAY = 86400.0


def held(*findings, at, message_id, to="ann@example.net"):
    reasons = tuple(f"{finding.entity} in body" for finding in findings)
    stopped = dataclasses.replace(
        verdict(to, Action.HOLD), hits=(RuleHit("external", "5.14(a)", Action.HOLD, reasons),)
    )
    return intake(stopped, inspection=Inspection(findings), at=at, message_id=message_id)


TFN = Finding("TFN", Tier.PERSONAL, "body", 4, 15, 0.99, detector="au_tfn")
HEALTH = Finding("HEALTH", Tier.HIGH_RISK, "body", 30, 60, 0.8, detector="statements")


@pytest.fixture
def found(console):
    now = time.time()
    console.commit(
        held(TFN, at=now - 60, message_id="d-new"),
        held(TFN, HEALTH, at=now - 20 * DAY, message_id="d-older"),
        held(dataclasses.replace(TFN, entity="BADGE", detector="site_badge"), at=now, message_id="d-gone"),
    )
    return console


def cells(page, entity):
    """The words of an entity's line."""
    row = next(row for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL) if f"/detectors/{entity}/" in row)
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<t[dh].*?>(.*?)</t[dh]>", row)]


def entities(page):
    return re.findall(r'href="/detectors/([A-Z_]+)/"', page)


@pytest.mark.parametrize("role", ["dpo", "security", "admin"])
def test_every_entity_has_a_line_with_its_figures(found, role):
    page = found.client(role).get("/detectors/").content.decode()

    assert cells(page, "TFN") == ["TFN", "personal", "1", "2", "2", "2", "0 %", "0", "0.5", "en", "au_tfn"]
    assert cells(page, "IHI")[2:8] == ["0", "0", "0", "0", "–", "0"]
    assert "no longer looked for" in cells(page, "BADGE")[1]
    assert 'href="https://www.ato.gov.au/individuals-and-families/tax-file-number" rel="external noreferrer"' in page


def test_the_auditor_sees_no_detectors(console):
    assert console.client("auditor").get("/detectors/").status_code == 403
    assert console.client("auditor").get("/detectors/TFN/").status_code == 403


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("sort=quarter", "TFN"),
        ("sort=week", "BADGE"),
        ("sort=entity&order=reverse", "VISA_NUMBER"),
        ("sort=tier", None),
        ("sort=nonsense&order=more", None),
    ],
)
def test_it_is_sorted_as_asked(found, query, first):
    response = found.client("dpo").get(f"/detectors/?{query}")

    order = entities(response.content.decode())
    assert response.status_code == 200
    assert len(order) == len(set(order))
    if query == "sort=entity&order=reverse":
        assert order == sorted(order, reverse=True)
    elif first:
        assert order[0] == first


def test_it_is_narrowed_by_tier_and_words(console):
    client = console.client("dpo")

    assert entities(client.get("/detectors/?words=tax+file").content.decode()) == ["TFN"]
    assert "HEALTH" in entities(client.get("/detectors/?tier=high_risk").content.decode())
    assert "TFN" not in entities(client.get("/detectors/?tier=high_risk").content.decode())
    assert "Nothing that is looked for" in client.get("/detectors/?words=quillfeather").content.decode()


def test_a_release_shows_as_let_go(found):
    from dlp_gateway.quarantine.rules import Reviewer

    found.services.desk().release("d-new", None, Reviewer("dpo", "dpo@westendonsixth.com"), "no such number")

    assert cells(found.client("dpo").get("/detectors/").content.decode(), "TFN")[6] == "50 %"
    page = found.client("dpo").get("/detectors/TFN/").content.decode()
    assert "released" in page


def test_the_page_of_an_entity(found):
    page = found.client("dpo").get("/detectors/TFN/").content.decode()

    assert "TFN: 615 191 209" in page  # an example of the pack
    assert "tax file number" in page
    assert "https://www.ato.gov.au/" in page
    assert re.findall(r'href="/decisions/([^/]+)/"', page) == ["d-new", "d-older"]
    assert "/detectors/?" not in page


def test_an_administrator_sees_no_way_to_the_decisions(found):
    page = found.client("admin").get("/detectors/TFN/").content.decode()

    assert "d-new" in page
    assert "/decisions/" not in page


def test_the_page_of_an_entity_that_only_the_past_knows(found):
    page = found.client("dpo").get("/detectors/BADGE/").content.decode()

    assert "site_badge" in page
    assert "no longer there" in page


@pytest.mark.parametrize("name", ["tfn", "NOTHING", "<b>"])
def test_what_is_not_looked_for_has_no_page(console, name):
    assert console.client("dpo").get(f"/detectors/{name}/").status_code == 404


def test_the_allow_list_shows_its_owners_and_not_its_values(console):
    soon = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=10)
    (console.gateway.config / "detection.yaml").write_text(
        "detectors:\n  TFN: {threshold: 0.8, context: [pay office]}\nallow:\n"
        f"  - {{entity: TFN, value: '615 191 209', owner: boss@x.example, reason: training, until: {soon}}}\n"
        "  - {entity: au_tfn, value: '735278579', owner: old@x.example, reason: past, until: 2020-01-01}\n"
        f"  - {{entity: IHI, value: '8003.*', owner: other@x.example, reason: other, until: {soon}}}\n"
    )

    page = console.client("dpo").get("/detectors/TFN/").content.decode()

    assert "boss@x.example" in page
    assert "ends in 10 days" in page
    assert "ended" in page
    assert "other@x.example" not in page
    assert "pay office" in page
    assert ">0.8<" in page
    assert "735278579</" not in page.split('id="allowed"')[1]
    assert "615 191 209" not in page.split('id="allowed"')[1]
