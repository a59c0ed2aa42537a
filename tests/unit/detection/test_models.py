import pytest

from dlp_gateway.configfile import ConfigError
from dlp_gateway.detection.disclosures import ENTITIES
from dlp_gateway.detection.models import Models, load_models
from dlp_gateway.detection.names import ShapePeople
from dlp_gateway.detection.tuning import ModelChoice
from tests.unit.detection.conftest import DETECTORS


def test_none_are_loaded_when_none_are_wanted():
    models = load_models([DETECTORS], ModelChoice(people="none", statements="none"))

    assert isinstance(models.people, ShapePeople)
    assert models.statements is None


@pytest.mark.parametrize("choice", [{"people": "/nowhere"}, {"statements": "/nowhere", "people": "none"}])
def test_a_missing_model_is_an_error(choice):
    with pytest.raises(ConfigError, match="nowhere"):
        load_models([DETECTORS], ModelChoice(**choice))


def test_shipped_models_have_to_be_there(tmp_path):
    with pytest.raises(ConfigError, match=r"manifest\.json"):
        load_models([tmp_path], ModelChoice())


class Scores:
    thresholds = {"health": 0.5, "about_person": 0.4}  # noqa: RUF012

    def classify(self, passages):
        return [{} for _ in passages]


def test_limits_are_the_models_with_the_changes():
    limits = Models(ShapePeople(), Scores()).limits({"health": 0.7})

    assert dict(limits) == {"health": 0.7, "about_person": 0.4}


def test_a_change_of_an_unknown_label_is_an_error():
    with pytest.raises(ConfigError, match="helth"):
        Models(ShapePeople(), Scores()).limits({"helth": 0.7})


def test_every_label_can_be_changed():
    assert Models(ShapePeople()).limits(dict.fromkeys(ENTITIES, 0.5)) == {}
