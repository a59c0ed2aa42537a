import re

import pytest

from dlp_gateway.detection.normalise import Normaliser
from dlp_gateway.detection.packs import Recogniser
from dlp_gateway.detection.relation import ENOUGH, Whom
from dlp_gateway.detection.scoring import Scored
from dlp_gateway.detection.values import PersonSpan
from dlp_gateway.model import Role, Text

NORMALISE = Normaliser()


class Knows:
    """Finds one name wherever it stands."""

    def __init__(self, name):
        self.name = name
        self.asked = []

    def find(self, texts):
        self.asked.extend(texts)
        return [[PersonSpan(m.start(), m.end(), 1.0) for m in re.finditer(self.name, text)] for text in texts]


def recogniser(**given) -> Recogniser:
    return Recogniser.model_validate(
        {
            "name": "x",
            "supported_entity": "X",
            "tier": "personal",
            "reference": "https://example.com",
            "patterns": [{"name": "p", "regex": "x", "score": 0.5}],
            "examples": {"match": ["x"], "no_match": ["y"]},
            **given,
        }
    )


def stands(text: str, people=None, **given) -> bool:
    normalised = NORMALISE(text)
    start = normalised.data.index(b"42")
    candidate = Scored(recogniser(**given), start, start + 2, 1.0, (), ())
    whom = Whom([], people or Knows("Mia Lang"), NORMALISE)
    (checked,) = whom.check(Text("body", text, Role.BODY), normalised, [candidate])
    return checked.stands


@pytest.mark.parametrize(
    ("person", "text", "expected"),
    [
        ("near", "Mia Lang (42)", True),
        ("near", "Mia Lang\nsome other line\n42", True),
        ("near", "42 belongs to Mia Lang", True),
        ("near", "nobody 42", False),
        ("near", "Mia Lang " + "x " * 300 + "42", False),
        ("row", "Mia Lang | 42", True),
        ("row", "Mia Lang\n42", False),
        ("row", "a\n42 | Mia Lang\nb", True),
        ("beside", "Mia Lang (42)", True),
        ("beside", "Mia Lang, 42", True),
        ("beside", "Mia Lang is 42", True),
        ("beside", "Mia Lang spent 42", False),
        ("beside", "42, Mia Lang", False),
        ("near", "Zoë \u200b and Mia Lang: 42", True),
    ],
)
def test_the_person_a_candidate_asks_for(person, text, expected):
    assert stands(text, person=person) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kelvin Tools Pty Ltd, account 42", False),
        ("account 42", True),
        ("Mia Lang of Kelvin Tools Pty Ltd: her account 42", True),
    ],
)
def test_the_owner_a_candidate_asks_for(text, expected):
    assert stands(text, owner="person") is expected


def test_nobody_is_asked_when_nothing_depends_on_it():
    people = Knows("Mia Lang")

    assert stands("just 42", people)
    assert people.asked == []


def test_only_the_surroundings_are_asked():
    people = Knows("Mia Lang")

    stands("far away " * 100 + "42" + " far away" * 100, people, person="near")

    assert len(people.asked) == 1
    assert len(people.asked[0]) < 600


@pytest.mark.parametrize(
    ("hint", "expected"), [("Mia Lang.docx", True), ("Mia_Lang-report.docx", True), ("report.docx", False)]
)
def test_a_file_named_after_somebody_speaks_of_that_person(hint, expected):
    normalised = NORMALISE("Diagnosis: 42")
    candidate = Scored(recogniser(person="near"), 11, 13, 1.0, (), ())

    text = Text("file", "Diagnosis: 42", Role.DOCUMENT, (hint,))
    (checked,) = Whom([text], Knows("Mia Lang"), NORMALISE).check(text, normalised, [candidate])

    assert checked.stands is expected


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        ("Hi Carmen,\n\nattached is the report on Mia Lang.\n\nRegards\nTom", True),
        ("Dear Mia Lang,\n\nthe menu is attached.", False),
        ("The menu is attached.\n\nKind regards\nMia Lang\nEvents", False),
        ("The menu is attached, ask Mia Lang.", False),
        ("The menu is attached.", False),
    ],
)
def test_a_document_is_about_whom_the_letter_speaks_of(letter, expected):
    document = Text("file", "Diagnosis: 42", Role.DOCUMENT, ("scan.txt",))
    texts = [Text("body", letter, Role.BODY), document]
    normalised = NORMALISE(document.text)
    candidate = Scored(recogniser(person="near"), 11, 13, 1.0, (), ())

    (checked,) = Whom(texts, Knows("Mia Lang"), NORMALISE).check(document, normalised, [candidate])

    assert checked.stands is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hi Mia Lang,\n\nthe value is 42", False),
        ("contact: Mia Lang | 42", False),
        ("tested by Mia Lang: 42", False),
        ("The value is 42.\n\nKind regards Mia Lang", False),
        ("The value is 42.\nIt belongs to Mia Lang", True),
        ("A claim from Mia Lang, value 42", True),
        ("Spoke with Mia Lang (value 42)", True),
        ("Please contact Mia Lang. The value is 42", False),
    ],
)
def test_whoever_is_greeted_or_only_introduced_is_not_meant(text, expected):
    assert stands(text, person="near") is expected


def test_of_a_long_list_enough_are_confirmed():
    text = "Mia Lang | 42\n" * 2000
    normalised = NORMALISE(text)
    row = recogniser(person="row")
    scored = [Scored(row, n * 14 + 11, n * 14 + 13, 1.0, (), ()) for n in range(2000)]
    people = Knows("Mia Lang")

    checked = Whom([], people, NORMALISE).check(Text("file", text, Role.DOCUMENT), normalised, scored)

    assert ENOUGH <= sum(one.stands for one in checked) <= 4 * ENOUGH
    assert sum(map(len, people.asked)) < len(text) / 4
