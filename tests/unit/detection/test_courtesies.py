import pytest

from dlp_gateway.detection.courtesies import without_acknowledgement, without_pronouns
from dlp_gateway.detection.passages import passages
from tests.unit.mime.reading import alarm


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("Mia Lang (she/her)", "Mia Lang"),
        ("Mia Lang [She / Her / Hers]", "Mia Lang"),
        ("Mia Lang she/they", "Mia Lang"),
        ("Mia Lang | they/them | Analyst", "Mia Lang | | Analyst"),
        ("Mia Lang, he/him", "Mia Lang,"),
        ("They/them | Analyst", "| Analyst"),
        ("My pronouns: he/him", ""),
        ("Pronouns are ze/zir", ""),
        ("Mere (ia/she)", "Mere"),
        ("Ute Krug (sie/ihr)", "Ute Krug"),
        ("Mia Lang (she/her) is pregnant", "Mia Lang is pregnant"),
    ],
)
def test_pronouns_beside_a_name_are_left_out(line, rest):
    assert " ".join(without_pronouns(line).split()) == rest
    assert len(without_pronouns(line)) == len(line)


@pytest.mark.parametrize(
    "line",
    ["he/she must sign", "Sam uses they/them", "Sam was he/him until May.", "and/or", "s/he", "The/her", "09/12"],
)
def test_pronouns_in_a_sentence_stay(line):
    assert without_pronouns(line) == line


def test_a_signature_with_pronouns_is_a_signature():
    assert [p.text for p in passages("See you there.\n\nRegards\nMia Lang (she/her)\nChaplain")] == ["See you there."]


@pytest.mark.parametrize(
    ("passage", "rest"),
    [
        ("I acknowledge the Gadigal people as the Traditional Custodians of the land on which I work.", ""),
        ("Mia Lang\nWe acknowledge the Turrbal and Jagera peoples, on whose lands we meet.", "Mia Lang"),
        (
            "Ulm Ltd acknowledges the Traditional Owners of Country. We pay our respects to Elders. Bo is ill.",
            "Bo is ill.",
        ),
    ],
)
def test_an_acknowledgement_of_country_is_left_out(passage, rest):
    assert without_acknowledgement(passage) == rest


@pytest.mark.parametrize(
    "passage",
    [
        "Sam identifies as Aboriginal.",
        "We acknowledge that Mia Lang and the Elders are Aboriginal.",
        "I acknowledge the Gadigal people, and Mia Lang is one of them.",
        "Mr Lang acknowledges the Elders of his people.",
        "I acknowledge your order.",
    ],
)
def test_what_is_said_of_somebody_is_no_acknowledgement(passage):
    assert without_acknowledgement(passage) is None


@pytest.mark.parametrize(
    "line", ["she/" * 250_000, "(she/" * 200_000, "pronouns " * 110_000 + "/", "she/her " * 120_000]
)
def test_a_line_of_any_length_is_looked_at_in_linear_time(line):
    with alarm():
        without_pronouns(line)
        without_acknowledgement(line)
