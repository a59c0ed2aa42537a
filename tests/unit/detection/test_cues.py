import pytest

from dlp_gateway.configfile import ConfigError
from dlp_gateway.detection.cues import Cues, is_english
from dlp_gateway.detection.disclosures import ENTITIES
from dlp_gateway.detection.normalise import Normaliser
from dlp_gateway.detection.values import PersonSpan
from tests.unit.detection.conftest import DETECTORS


@pytest.fixture(scope="module")
def shipped() -> Cues:
    return Cues.load([DETECTORS], tuple(ENTITIES), Normaliser())


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("she is pregnant", "health"),
        ("sie ist schwanger", "health"),
        ("atteint de sclérose en plaques", "health"),
        ("joined the CPSU", "union"),
        ("a practising Muslim", "religion"),
        ("wegen Diebstahl angezeigt", "offence"),
        ("kandydował do PiS i głosuje na nich", "politics"),
    ],
)
def test_the_shipped_words(shipped, text, label):
    assert label in shipped.labels(text)


def test_ordinary_words_are_no_cues(shipped):
    assert shipped.labels("The order is on its way and will arrive on Thursday with the invoice.") == frozenset()


@pytest.mark.parametrize(
    ("text", "name", "label"),
    [
        ("Frau Karen Weber hat angerufen", "Karen Weber", "ethnicity"),
        ("Marie Dupont est au bureau lundi", "Marie Dupont", "family"),
        ("Herr Jain kommt am Montag", "Jain", "religion"),
    ],
)
def test_a_name_points_at_nothing(shipped, text, name, label):
    start = text.index(name)

    assert label in shipped.labels(text)
    assert label not in shipped.labels(text, [PersonSpan(start, start + len(name), 0.9)])
    assert label in shipped.labels(f"{text}, {name}", [PersonSpan(start, start + len(name), 0.9)])


@pytest.mark.parametrize(
    "text",
    [
        "Tom Reilly orders 200 units per week",
        "Tom Reilly met Ann Lee re invoice 4412",
        "Tom Reilly, van hire, Friday",
        "Reilly via Doha, do not delay",
    ],
)
def test_words_that_english_shares_make_no_other_language(text):
    assert is_english(text)


@pytest.mark.parametrize(
    "text", ["Frau Weber leidet an Asthma", "Marie est malade", "Il signor Rossi ha perso", "Jan heeft een kind"]
)
def test_other_languages(text):
    assert not is_english(text)


def test_a_list_of_an_unknown_label_is_an_error(tmp_path):
    folder = tmp_path / "lexicons" / "cues"
    folder.mkdir(parents=True)
    (folder / "helth.txt").write_text("ill\n", encoding="utf-8")

    with pytest.raises(ConfigError, match="helth"):
        Cues.load([tmp_path], tuple(ENTITIES), Normaliser())


def test_an_empty_list_is_an_error(tmp_path):
    folder = tmp_path / "lexicons" / "cues"
    folder.mkdir(parents=True)
    (folder / "health.txt").write_text("# nothing\n", encoding="utf-8")

    with pytest.raises(ConfigError, match="no word"):
        Cues.load([tmp_path], tuple(ENTITIES), Normaliser())
