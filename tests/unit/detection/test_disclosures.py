import pytest

from dlp_gateway.detection.cues import Cues
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
        ("Mia Lang is 54 and works part time", True),
        ("Mia Lang was 58 when she joined us", True),
        ("Mia Lang is now 47.", True),
        ("Mia Lang, who's 61, works part time", True),
        ("Mia Lang is at 10:30 with us", False),
        ("Mia Lang is 20 over on the budget", False),
        ("Mia Lang says that it was 54.5 or 12%", False),
        ("Jeff Lang\n\t03/13/2001 12:10 PM", False),
        ("Jeff Lang on the phone with us", False),
    ],
)
def test_birth_shows_in_the_words(text, expected):
    assert bool(labels(text, birth=0.9, about_person=0.9)) is expected


@pytest.mark.parametrize(
    "text",
    [
        "9f2c7b41d0e65a8833c1907745ab12ffe0c4d98ab6310552",
        "- - - - -",
        "42",
        "Title",
        "\x1b$BMh=52PMKF|$N==;~$K$*;G$",
        "1 Redgum Rovers 12 9 2 1 38:14 24 29 pts, 2 Millbrook 12 8 2 2 31:15 16 26 pts",
    ],
)
def test_what_is_no_language_is_not_asked(text):
    assert labels(text, health=0.99, about_person=0.99) == set()


@pytest.mark.parametrize(
    "text",
    [
        "1001,Lang,Mia,2024-06-30,2024-07-14,14,88120044,0491570157,depression",
        "INC-20240630-8812 / 0491570157 / 14:20:05 / Bo Larsen / bipolar",
        "4410 2025-05-12 2025-05-19 0.75 88120069 Greta Wexler migraine",
        "*" * 80 + " Mia Lang | HIV+ " + "*" * 80,
    ],
)
def test_words_among_many_figures_and_marks_are_asked(text):
    assert labels(text, health=0.99, about_person=0.99) == {"health"}


@pytest.mark.parametrize(
    ("text", "cues", "scores", "expected"),
    [
        ("Mia Lang (HIV Positive)\n0491 570 156", {"health": ["HIV positive"]}, {"health": 0.95}, {"health"}),
        ("Regards\nMia Lang\nBo Larsen Epilepsy", {"health": ["epilepsy"]}, {"health": 0.95}, {"health"}),
        ("Mia Lang\nHIV Clinic\n0491 570 156", {"health": ["HIV"]}, {"health": 0.8}, set()),
        ("Mia Lang\nPhysician\n0491 570 156", {"health": ["HIV"]}, {"health": 0.95}, set()),
        ("Mia Lang\nHIV Clinic\n0491 570 156", {"health": ["HIV"]}, {"health": 0.95, "about_person": 0.7}, set()),
        ("Mia Lang\nUnion Delegate\n0491 570 156", {"union": ["union"]}, {"union": 0.99}, set()),
    ],
)
def test_what_no_title_says_counts_in_a_signature_when_a_word_and_the_model_are_sure(text, cues, scores, expected):
    assert labels(text, cues, **{"about_person": 0.95, **scores}) == expected


class SaysByWords(Says):
    """Gives a passage the score of an ethnicity when it has a word for one."""

    def classify(self, passages):
        return [{"ethnicity": 0.95 if "aborig" in p.lower() or "people" in p else 0.05} for p in passages]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I acknowledge the Gadigal people and pay my respects to Elders.", set()),
        ("Mia Lang is well. I acknowledge the Gadigal people, on whose land I work.", set()),
        ("Mia Lang identifies as Aboriginal. I acknowledge the Gadigal people, on whose land I work.", {"ethnicity"}),
        ("Mia Lang is of the Gadigal people.", {"ethnicity"}),
        ("Site: Aboriginal Hill | Contact: Mia Lang | Telephone: 5550 2208", set()),
        ("Contact: Mia Lang | Town: Aboriginal Hill", set()),
        ("Site: Perth | Contact: Mia Lang | Remarks: Aboriginal", {"ethnicity"}),
    ],
)
def test_neither_an_acknowledgement_of_country_nor_a_place_tells_somebody_s_ethnicity(text, expected):
    limits = {"ethnicity": 0.5}
    reader = Reader(SaysByWords({}), Somebody(), Cues({}, Normaliser()), limits)

    assert {d.label for d in reader.disclosures([Text("body", text, Role.BODY)]) if d.disclosed} == expected


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


def test_in_another_language_the_word_counts_where_the_model_sees_nobody():
    cues = {"health": ["[nl]", "kanker"], "pay": ["[fr]", "gagne"]}

    assert labels("Lang heeft kanker.", cues, health=0.01, about_person=0.1) == {"health"}
    assert labels("Lang heeft kanker.", cues) == {"health"}
    assert labels("Lang has the word kanker.", cues, health=0.01, about_person=0.1) == set()


class Lang:
    """Finds Mia Lang wherever she is named."""

    def find(self, texts):
        return [
            [PersonSpan(t.index("Mia Lang"), t.index("Mia Lang") + 8, 1.0)] if "Mia Lang" in t else [] for t in texts
        ]

    def mark(self, lines):
        raise AssertionError("not asked here")


def said_of_mia(text, **scores) -> set[str]:
    limits = {**LIMITS, "pay": 0.5, "finance": 0.5, "discipline": 0.5}
    cues = Cues({"finance": ["owes"], "pay": ["salary"]}, Normaliser())
    reader = Reader(Says({"about_person": 0.95, **scores}), Lang(), cues, limits)
    return {d.label for d in reader.disclosures([Text("body", text, Role.BODY)]) if d.disclosed}


@pytest.mark.parametrize(
    ("text", "scores", "expected"),
    [
        ("Nurse, salary 38,000 to 42,000. Apply to Mia Lang.", {"pay": 0.95}, set()),
        ("Mia Lang has a salary of 38,000 to 42,000.", {"pay": 0.95}, {"pay"}),
        ("Mia Lang has a salary of 38,000 to 42,000.", {"pay": 0.2}, set()),
        ("Mia Lang has a salary of 38,000.", {"pay": 0.2}, {"pay"}),
        ("Sparkle Ltd got a final warning. Contact there is Mia Lang.", {"discipline": 0.95}, set()),
        ("Sparkle Ltd gave a final warning to Mia Lang.", {"discipline": 0.95}, {"discipline"}),
        ("Mia Lang owes me a coffee then.", {"finance": 0.2}, set()),
        ("Mia Lang owes me a coffee then.", {"finance": 0.6}, {"finance"}),
        ("Mia Lang owes me 400 since June.", {"finance": 0.2}, {"finance"}),
    ],
)
def test_debts_and_pay_of_companies_open_roles_and_friends(text, scores, expected):
    assert said_of_mia(text, **scores) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lang gagne 2 900 euros.", True),
        ("Lang gagne 2.900\u00a0€.", True),
        ("Lang gagne 3 jours.", False),
        ("Lang gagne le prix 2026.", False),
    ],
)
def test_a_word_for_pay_needs_a_sum(text, expected):
    reader = Reader(Says({}), Somebody(), Cues({"pay": ["[fr]", "gagne"]}, Normaliser()), {**LIMITS, "pay": 0.5})

    assert bool([d for d in reader.disclosures([Text("body", text, Role.BODY)]) if d.disclosed]) is expected


@pytest.mark.parametrize(("hint", "expected"), [("Lang_Mia.docx", {"health"}), ("report.docx", set())])
def test_a_file_named_after_somebody_speaks_of_that_person(hint, expected):
    text = Text("file", "Was in the ward with a stroke and is now at home.", Role.DOCUMENT, (hint,))
    reader = Reader(Says({"health": 0.9, "about_person": 0.2}), Somebody(), Cues({}, Normaliser()), LIMITS)

    assert {d.label for d in reader.disclosures([text]) if d.disclosed} == expected
