"""Names of people: forms and cultures, what is none, windows, offsets."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlp_gateway.detection import people
from dlp_gateway.detection.engine import SUBJECT_LABELS
from dlp_gateway.detection.memo import Memo
from dlp_gateway.detection.people import PERSONAL, PeopleModel
from dlp_gateway.detection.transformer import Glance
from dlp_gateway.detection.wordpiece import Pieces

MODELS = Path(__file__).parents[3] / "detectors" / "models"


@pytest.fixture(scope="module")
def model() -> PeopleModel:
    return PeopleModel.load(MODELS)


def found(model: PeopleModel, text: str) -> list[str]:
    return [text[span.start : span.end] for span in model.find([text])[0]]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        pytest.param("Lunch with Priya Subramaniam on Friday", "Priya Subramaniam", id="Indian"),
        pytest.param("Please ask Kwabena Asante for the key.", "Kwabena Asante", id="Ghanaian"),
        pytest.param("Meeting with Siobhan Gallagher moved", "Siobhan Gallagher", id="Irish"),
        pytest.param("Contract for Nguyen Thi Lan", "Nguyen Thi Lan", id="Vietnamese"),
        pytest.param("Re: Zhang Wei visit", "Zhang Wei", id="Chinese"),
        pytest.param("Feedback from Yuki Tanaka", "Yuki Tanaka", id="Japanese"),
        pytest.param("Fwd: Mohammed Al-Rashid arrives Tuesday", "Mohammed Al-Rashid", id="Arabic"),
        pytest.param("I spoke with Agnieszka Wójcik yesterday.", "Agnieszka Wójcik", id="Polish"),
        pytest.param("Talk to Tāmati Parata about it", "Tāmati Parata", id="Maori"),
        pytest.param("Joaquín Fernández de la Cruz joins us", "Joaquín Fernández de la Cruz", id="Spanish"),
        pytest.param("RE: OFFER FOR SIMON PEMBERTON", "SIMON PEMBERTON", id="capitals"),
        pytest.param("meeting with laura bennett tomorrow", "laura bennett", id="lower case"),
        pytest.param("CV_Maria_Lopez.pdf", "Maria_Lopez", id="file name"),
        pytest.param("JohnPeters_contract.docx", "JohnPeters", id="file name without a joint"),
        pytest.param("Henderson, Claire", "Henderson, Claire", id="surname first"),
        pytest.param("Dear Ms Beaumont,\nthank you for your letter.", "Beaumont", id="title"),
        pytest.param(
            "Kind regards\nHannah Oakes\nAccount Manager\nBrightwater Logistics", "Hannah Oakes", id="signature"
        ),
        pytest.param("Name\tCompany\nLeila Haddad\tHaddad Prints", "Leila Haddad", id="table"),
    ],
)
def test_finds_the_name(model: PeopleModel, text: str, name: str) -> None:
    assert name in found(model, text)


GIVEN = "Simon Siobhan Laura Tom Claire Peter Mary Robert Denise Kiran Leila Marcus Ngaire Owen Paula".split()
FAMILY = "Pemberton Costello Bennett Harris Henderson Walsh Kelly Jones Whitlock Mehta Haddad Webb Tierney".split()
FRAMES = ["Meeting with {} moved", "Re: {}", "Lunch with {}", "{} contract", "Offer {}", "CV {}", "{}, parking", "{}"]


@pytest.mark.parametrize("frame", FRAMES)
def test_nearly_every_ordinary_name_is_found_in_a_subject(model: PeopleModel, frame: str) -> None:
    lines = [frame.format(f"{given} {family}") for given in GIVEN for family in FAMILY]
    missed = [line for line, spans in zip(lines, model.find(lines), strict=True) if not spans]
    assert len(missed) <= 0.04 * len(lines), missed


@pytest.mark.parametrize(
    "text",
    [
        "Invoice 20733 for March",
        "Agenda for the budget meeting in May",
        "Brightwater Logistics Pty Ltd",
        "Flights to Alice Springs",
        "Jaguar dealership in Victoria",
        "Morgan Stanley annual report",
        "Parking permit expires on 30 June",
        "RE: QUOTE FOR OFFICE CHAIRS",
        "quarterly_report_final.xlsx",
        "4111 1111 1111 1111",
        "???",
        "",
        " \n\t\n",
    ],
)
def test_takes_nothing_else_for_a_name(model: PeopleModel, text: str) -> None:
    assert found(model, text) == []


def test_names_stay_apart_line_by_line(model: PeopleModel) -> None:
    text = "Tushar Dhruv\nMariella Mahan\nGreg Curran"
    assert found(model, text) == text.split("\n")


FILLER = "The quarterly figures of the warehouse are attached and the pallets will be moved to the second floor. "


@pytest.mark.parametrize("length", range(1000, 3000, 137))
def test_a_name_at_any_place_of_a_long_text_is_found_whole(model: PeopleModel, length: int) -> None:
    before = (FILLER * 40)[:length].rsplit(" ", 1)[0]
    text = f"{before} and then Priya Subramaniam opened the door. {FILLER * 4}"
    assert "Priya Subramaniam" in found(model, text)


def test_a_list_without_line_ends_is_read_across_windows(model: PeopleModel) -> None:
    names = ["Priya Subramaniam", "Kwabena Asante", "Siobhan Gallagher", "Laura Bennett", "Simon Pemberton"] * 30
    text = "; ".join(names)
    spans = found(model, text)
    assert len(text.split()) > 2 * people.WINDOW
    assert sum(name in spans for name in set(names)) == 5
    assert len(spans) >= 0.97 * len(names)
    assert not [span for span in spans if ";" in span]


def test_spans_are_sorted_apart_and_inside(model: PeopleModel) -> None:
    text = "Hi Laura,\nSimon Pemberton and Priya met Claire Henderson (Brightwater).\n" * 20
    spans = model.find([text])[0]
    assert spans
    edge = 0
    for span in spans:
        assert edge <= span.start < span.end <= len(text)
        assert 0 < span.score <= 1
        edge = span.end


def test_each_text_is_read_by_itself(model: PeopleModel) -> None:
    texts = ["Lunch with Priya Subramaniam", "", "Invoice 20733", "Dear Ms Beaumont,"]
    assert model.find(texts) == [model.find([text])[0] for text in texts]


def test_subject_lines_are_marked_with_more_than_names(model: PeopleModel) -> None:
    line = "Claire Henderson, 14 Harbour Road, Gladstone"
    labels = {mark.label: line[mark.start : mark.end] for mark in model.mark([line])[0]}
    assert labels["PERSON"] == "Claire Henderson"
    assert "14 Harbour Road" in labels["ADDRESS"]


@pytest.mark.parametrize(
    "text", ["a" * 60_000, "a@" * 2_000, "Aa " * 1_000, "\n" * 60_000, "." * 2_000, "\u0301" * 20_000, "名" * 1_000]
)
def test_hostile_text_ends(model: PeopleModel, text: str) -> None:
    assert all(span.end <= len(text) for span in model.find([text])[0])


def test_stretches_keep_a_long_line_together_and_cut_at_line_ends() -> None:
    line_ends = [True, False, False, True, True]
    assert list(people._stretches([True] * 5, [100] * 5, line_ends)) == [(0, 1), (1, 4), (4, 5)]
    assert list(people._stretches([True, False, True, True, False], [10] * 5, [True] * 5)) == [(0, 1), (2, 4)]
    assert list(people._stretches([], [], [])) == []


def test_the_first_glance_looks_for_all_that_the_engine_takes_from_a_subject() -> None:
    assert set(PERSONAL) == set(SUBJECT_LABELS)


@pytest.mark.parametrize(
    ("subject", "asked"),
    [
        ("Quarterly report for the annual review", False),
        ("Meeting moved to Thursday", False),
        ("Siobhan Gallagher", True),
        ("my biopsy on Monday", True),
        ("The report is done. Siobhan Gallagher signs.", True),
    ],
)
def test_the_gate_answers_for_plain_subjects(
    model: PeopleModel, monkeypatch: pytest.MonkeyPatch, subject: str, *, asked: bool
) -> None:
    read: list[int] = []
    glance = model._encoder.glance

    def counted(pieces: Pieces, start: int, end: int) -> Glance:
        read.append(end - start)
        return glance(pieces, start, end)

    monkeypatch.setattr(model._encoder, "glance", counted)
    monkeypatch.setattr(model, "_memo", Memo(10))
    model.mark([subject])
    # Read as a whole, or not at all.
    assert read == ([len(model._encoder.tokenizer.encode(subject))] if asked else [])
