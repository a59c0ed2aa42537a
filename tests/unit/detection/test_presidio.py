"""Both directions of the Presidio adapter; in a process of its own, because the library is large."""

import subprocess
import sys

import pytest

from dlp_gateway.configfile import ConfigError
from dlp_gateway.detection.engine import load_engine
from dlp_gateway.detection.tuning import Tuning
from tests.unit.detection.conftest import DETECTORS, NO_MODELS

SCRIPT = """
import json, socket, sys
def refuse(*args, **kwargs):
    raise AssertionError("network")
socket.socket.connect = refuse
from pathlib import Path
from dlp_gateway.detection.engine import load_engine
from dlp_gateway.detection.tuning import Tuning
from dlp_gateway.model import Role, Text
tuning = Tuning(
    models={"people": "none", "statements": "none"},
    presidio=[
        {"class": "presidio_analyzer.predefined_recognizers.EmailRecognizer"},
        {
            "class": "presidio_analyzer.predefined_recognizers.CryptoRecognizer",
            "entities": {"CRYPTO": "WALLET"},
            "tier": "high_risk",
        },
        {"class": "presidio_analyzer.predefined_recognizers.UkNinoRecognizer"},
    ],
    detectors={"UK_NINO": {"threshold": 0.95}},
)
engine = load_engine([Path(sys.argv[1])], tuning)
text = "x" * 60_000 + " mail anna@mail.com, wallet 16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ and JG 10 37 59 A"
found = engine.scan([Text("body", text, Role.BODY)]).findings
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine
import spacy
from dlp_gateway.detection.presidio import EngineRecognizer
nlp = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
nlp.nlp = {"en": spacy.blank("en")}
analyzer = AnalyzerEngine(
    registry=RecognizerRegistry(recognizers=[EngineRecognizer(engine)]), nlp_engine=nlp, supported_languages=["en"]
)
back = analyzer.analyze("TFN: 615 191 209 of Bo", language="en")
outside = [f for f in found if f.detector.startswith("presidio")]
print(json.dumps({
    "found": [[f.entity, str(f.tier), f.detector, text[f.start:f.end]] for f in outside],
    "entities": sorted(engine.entities & {"EMAIL_ADDRESS", "WALLET", "CRYPTO"}),
    "back": [[r.entity_type, r.start, r.end] for r in back],
}))
"""


@pytest.fixture(scope="module")
def answer():
    import json

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(DETECTORS)], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.strip().split("\n")[-1])


def test_its_recognisers_run_as_detectors_of_ours(answer):
    assert ["EMAIL_ADDRESS", "personal", "presidio:EmailRecognizer", "anna@mail.com"] in answer["found"]
    assert ["WALLET", "high_risk", "presidio:CryptoRecognizer", "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ"] in answer["found"]


def test_tuning_holds_for_them_too(answer):
    assert "UK_NINO" not in {entity for entity, *_ in answer["found"]}


def test_their_entities_are_known(answer):
    assert answer["entities"] == ["EMAIL_ADDRESS", "WALLET"]


def test_our_engine_is_one_of_its_recognisers(answer):
    assert ["TFN", 5, 16] in answer["back"]


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"class": "presidio_analyzer.NoSuchRecognizer"}, "NoSuchRecognizer cannot be loaded"),
        ({"class": "no_such_package.Recognizer"}, "cannot be loaded"),
        ({"class": "collections.OrderedDict"}, "no Presidio EntityRecognizer"),
        (
            {"class": "presidio_analyzer.predefined_recognizers.SpacyRecognizer", "pipeline": "en_core_web_none"},
            "en_core_web_none is not installed",
        ),
    ],
)
def test_what_cannot_be_loaded_is_an_error(choice, reason):
    with pytest.raises(ConfigError, match=reason):
        load_engine([DETECTORS], Tuning(models=NO_MODELS.models, presidio=[choice]))


@pytest.mark.parametrize("people", ["spacy:en_core_web_none", "presidio:no_such_package.Recognizer"])
def test_a_people_model_that_is_not_there_is_an_error(people):
    with pytest.raises(ConfigError, match=r"cannot be loaded|not installed"):
        load_engine([DETECTORS], Tuning(models={"people": people, "statements": "none"}))
