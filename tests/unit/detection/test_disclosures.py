import pytest

from dlp_gateway.detection.cues import Cues, is_english
from dlp_gateway.detection.disclosures import ENOUGH, ENTITIES, Reader
from dlp_gateway.detection.normalise import Normaliser
from dlp_gateway.detection.values import PersonSpan
from dlp_gateway.model import Role, Text

LIMITS = {"health": 0.5, "union": 0.5, "credentials": 0.5, "birth": 0.5, "about_person": 0.5}


class Says:
    """Gives every passage the same scores."""

    thresholds = LIMITS

    def __init__(self, scores):
        self.scores = scores

    def classify(self, passages):
        return [self.scores for _ in passages]


class Somebody:
    def find(self, texts):
        return [[PersonSpan(0, 4, 1.0)] if "Lang" in text else [] for text in texts]

    def mark(self, lines):
        raise AssertionError("not asked here")


def test_another_language_needs_no_word_of_the_model():
    assert labels("Frau Lang ist mit dem Team und der Familie schwanger.", {"health": ["schwanger"]}) == {"health"}
    assert labels("Mrs Lang is with the team and the family in the ward.", {"health": ["ward"]}) == set()


def labels(text: str, cues=None, role=Role.BODY, **scores) -> set[str]:
    reader = Reader(Says(scores), Somebody(), Cues(cues or {}, Normaliser()), LIMITS)
    return {d.label for d in reader.disclosures([Text("body", text, role)]) if d.disclosed}


PROSE = "Mia Lang was in the ward with the doctor and is well."


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({"health": 0.9, "about_person": 0.9}, {"health"}),
        ({"health": 0.4, "about_person": 0.9}, set()),
        ({"health": 0.9, "about_person": 0.3}, set()),
        ({"health": 0.9}, {"health"}),
        ({}, set()),
        ({"something": 0.9, "about_person": 0.9}, set()),
    ],
)
def test_a_statement_counts_about_a_person_from_its_threshold_on(scores, expected):
    assert labels(PROSE, **scores) == expected


def test_a_cue_lowers_what_it_takes_when_a_person_is_sure():
    assert labels(PROSE, {"health": ["ward"]}, health=0.1, about_person=0.95) == {"health"}
    assert labels(PROSE, {"health": ["ward"]}, health=0.1, about_person=0.7) == set()
    assert labels(PROSE, {"union": ["ward"]}, health=0.1, about_person=0.95) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Frau Lang ist mit dem Team und der Familie schwanger.", {"health"}),
        ("Frau Wolf ist mit dem Team und der Familie schwanger.", set()),
        ("The word schwanger is what Mia Lang said in the talk.", set()),
    ],
)
def test_in_another_language_a_cue_and_a_name_suffice(text, expected):
    assert labels(text, {"health": ["schwanger"]}, health=0.0, about_person=0.6) == expected


@pytest.mark.parametrize(
    ("text", "score", "expected"),
    [
        ("log in as mlang with the password Tin-Whistle-64", 0.6, True),
        ("the PIN of her locker is 7702", 0.6, True),
        ("the word is Papaya$unset and the name saskia.m", 0.95, True),
        ("the word is Papaya$unset and the name saskia.m", 0.6, False),
        ("client = paylane.Client(sandbox=True) print(client.charge(amount=1, currency='AUD'))", 0.99, False),
        ("her password is swordfish(9", 0.6, True),
        ("passwords need fourteen characters and a symbol", 0.99, False),
        ("Unopened handsets from the delivery of Tuesday", 0.99, False),
    ],
)
def test_credentials_need_a_secret(text, score, expected):
    assert bool(labels(text, credentials=score, about_person=0.9)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mia Lang was born in the spring", True),
        ("Mia Lang (46) and her team", True),
        ("Mia Lang, 14/02/1951, customer", True),
        ("Jeff Lang\n\t03/13/2001 12:10 PM", False),
        ("Jeff Lang on the phone with us", False),
    ],
)
def test_birth_shows_in_the_words(text, expected):
    assert bool(labels(text, birth=0.9, about_person=0.9)) is expected


@pytest.mark.parametrize(
    "text",
    ["9f2c7b41d0e65a8833c1907745ab12ffe0c4d98ab6310552", "- - - - -", "42", "Title", "\x1b$BMh=52PMKF|$N==;~$K$*;G$"],
)
def test_what_is_no_language_is_not_asked(text):
    assert labels(text, health=0.99, about_person=0.99) == set()


def test_properties_of_documents_have_to_be_sentences():
    assert labels("Westend on Sixth", role=Role.METADATA, health=0.9, about_person=0.9) == set()
    assert labels(
        "Second from left Belinda Soto, four months pregnant", role=Role.METADATA, health=0.9, about_person=0.9
    )


def test_findings_of_one_label_are_bounded():
    text = Text(
        "body", "\n\n".join(f"Mia Lang was ill in week number {chr(97 + n % 26)}{n}." for n in range(300)), Role.BODY
    )
    reader = Reader(Says({"pay": 0.9, "about_person": 0.9}), Somebody(), Cues({}, Normaliser()), {**LIMITS, "pay": 0.5})

    assert len(list(reader.disclosures([text]))) == ENOUGH


def test_when_enough_is_high_risk_nothing_more_is_asked():
    says = Says({"health": 0.9, "about_person": 0.9})
    asked = []
    says.classify = lambda passages: [asked.append(p) or says.scores for p in passages]
    text = Text(
        "body", "\n\n".join(f"Mia Lang was ill in week number {chr(97 + n % 26)}{n}." for n in range(900)), Role.BODY
    )

    list(Reader(says, Somebody(), Cues({}, Normaliser()), LIMITS).disclosures([text]))

    assert len(asked) < 100


def test_every_label_has_an_entity_of_the_policy():
    assert len(ENTITIES) == 19
    assert all(entity.isupper() for entity, _ in ENTITIES.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She has been diagnosed and will be away.", True),
        ("Er ist seit Montag nicht im Büro und wird vertreten.", False),
        ("Elle est en arrêt depuis la semaine dernière.", False),
        ("Nuestra compañera está de baja por dos meses.", False),
        ("Mia Lang", True),
    ],
)
def test_languages(text, expected):
    assert is_english(text) is expected


@pytest.mark.parametrize(("hint", "expected"), [("Lang_Mia.docx", {"health"}), ("report.docx", set())])
def test_a_file_named_after_somebody_speaks_of_that_person(hint, expected):
    text = Text("file", "Was in the ward with a stroke and is now at home.", Role.DOCUMENT, (hint,))
    reader = Reader(Says({"health": 0.9, "about_person": 0.2}), Somebody(), Cues({}, Normaliser()), LIMITS)

    assert {d.label for d in reader.disclosures([text]) if d.disclosed} == expected
