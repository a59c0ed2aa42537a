"""Statements about people: what passages disclose, and what they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlp_gateway.detection.statements import StatementModel

MODELS = Path(__file__).parents[3] / "detectors" / "models"


@pytest.fixture(scope="module")
def model() -> StatementModel:
    return StatementModel.load(MODELS)


def told(model: StatementModel, passage: str) -> set[str]:
    scores = model.classify([passage])[0]
    return {label for label in model.labels if scores.get(label, 0) >= model.thresholds[label]}


@pytest.mark.parametrize(
    ("passage", "label"),
    [
        ("Georgina begins radiotherapy on Tuesday, so Walter will run the workshop.", "health"),
        ("Wes is the shop steward of the maritime union at the depot.", "union"),
        ("Yasmin is a Muslim and prays at noon, please keep the room free.", "religion"),
        ("Mr Thornley stands for the Liberal Party in the state election.", "politics"),
        ("Jedda Morris identifies as Aboriginal.", "ethnicity"),
        ("Anton lives with his boyfriend and is openly gay.", "sexuality"),
        ("The fingerprint template of Helga Brandt is stored on the reader.", "biometric_genetic"),
        ("Corey Blake was convicted of theft in 2018.", "offence"),
        ("Ms Adler has to appear in court on Monday for the hearing of her case.", "proceedings"),
        ("Sunil earns 84,000 a year and wants 90.", "pay"),
        ("Mrs Pettigrew owes us 2,150 and has not paid since March.", "finance"),
        ("Warren got a final written warning for misconduct.", "discipline"),
        ("Lydia's appraisal was poor, she missed all of her targets.", "performance"),
        ("Ottmar and his wife are getting divorced.", "family"),
        ("Mr Bilgin is a Turkish citizen, his visa ends in May.", "nationality"),
        ("User name jfrost, password Winter-1999!", "credentials"),
        ("Ms Carey was born on 3 April 1984.", "birth"),
        ("Customer Ines Vogt returned two of her last three orders and complained about the courier.", "account"),
    ],
)
def test_disclosures_are_told(model: StatementModel, passage: str, label: str) -> None:
    assert label in told(model, passage)


BRIEF = [
    "{} has lymphoma",
    "{} takes lithium",
    "{} is epileptic",
    "{} had a kidney transplant",
    "{} is having chemo on Monday",
    "{} is a recovering alcoholic",
    "{} is a Mormon",
    "{} is a Quaker",
    "{} is a Labour Party member",
    "{} is a shop steward",
    "{} is a Yorta Yorta man",
    "{} is transgender",
    "{} was arrested for burglary",
    "{} is out on parole",
    "{} has been sacked",
    "{} is on a final warning",
    "{} earns 71,000",
    "{} is bankrupt",
    "{} is three months behind with the rent",
    "{} is getting divorced",
    "{} is a refugee from Sudan",
]


@pytest.mark.parametrize("brief", BRIEF)
@pytest.mark.parametrize("passage", ["{}.", "The crates came today, all fine. {}. Could you send the invoice again?"])
def test_a_brief_disclosure_is_told_wherever_it_stands(model: StatementModel, brief: str, passage: str) -> None:
    texts = [passage.format(brief.format(name)) for name in ("Imke Sandoval", "Trevor Okonjo", "Mrs Quayle")]

    assert [text for text in texts if not told(model, text)] == []


@pytest.mark.parametrize(
    "passage",
    [
        "Please find attached the quote for twelve desks.",
        "Tom will send the revised drawings by Friday.",
        "Kind regards\nHannah Oakes\nAccount Manager\n02 5550 7733",
        "Diabetes is on the rise, a new study says.",
        "Staff must be vaccinated before they enter the ward.",
        "Our parental leave policy gives eighteen weeks to either parent.",
        "The server died at night and was revived by a reboot.",
        "The salary band for the open role is 70,000 to 80,000.",
        "Northgate Fittings Pty Ltd is in liquidation.",
        "The union and the employers have agreed on 3.5 per cent.",
        "Passwords must have fourteen characters.",
        "Children under twelve pay half price.",
        "Ask for Lenny at the gate, he has your visitor pass.",
    ],
)
def test_everything_else_is_quiet(model: StatementModel, passage: str) -> None:
    assert told(model, passage) == set()


def test_scores_are_probabilities_of_every_label(model: StatementModel) -> None:
    scores = model.classify(["Corey Blake was convicted of theft in 2018."])[0]
    assert set(scores) == {*model.labels, "about_person"}
    assert len(model.labels) == 19
    assert all(0 <= score <= 1 for score in scores.values())
    assert scores["about_person"] > 0.5


def test_the_gate_answers_for_plain_text(model: StatementModel) -> None:
    assert model.classify(["Invoice 20733", "", "   ", "12 x 40"]) == [{}, {}, {}, {}]


def test_each_passage_is_scored_by_itself(model: StatementModel) -> None:
    passages = ["Corey Blake was convicted of theft.", "", "Our bookkeeper Nerida is pregnant.", "The lift is broken."]
    assert model.classify(passages) == [model.classify([passage])[0] for passage in passages]


def test_a_passage_beyond_the_encoder_is_scored_in_pieces(model: StatementModel) -> None:
    filler = "The pallets will be moved to the second floor by the night shift. " * 40
    assert "offence" in told(model, f"{filler}Corey Blake was convicted of theft in 2018 and went to prison.")


@pytest.mark.parametrize("text", ["a" * 60_000, "he " * 2_000, "\u200b" * 10_000, "£" * 20_000])
def test_hostile_text_ends(model: StatementModel, text: str) -> None:
    assert all(0 <= score <= 1 for score in model.classify([text])[0].values())
