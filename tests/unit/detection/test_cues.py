import pytest

from dlp_gateway.configfile import ConfigError
from dlp_gateway.detection.cues import Cues
from dlp_gateway.detection.disclosures import ENTITIES
from dlp_gateway.detection.normalise import Normaliser
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
