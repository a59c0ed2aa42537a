"""Everything that is looked for, as a list."""

import pytest

from dlp_gateway.configfile import ConfigError
from dlp_gateway.detection.catalogue import PEOPLE, STATEMENTS, catalogue
from dlp_gateway.detection.engine import load_engine
from dlp_gateway.detection.tuning import Tuning
from dlp_gateway.model import Tier
from dlp_gateway.settings import default_detectors_dir

PACKS = [default_detectors_dir()]


@pytest.fixture(scope="module")
def shipped():
    return catalogue(PACKS, Tuning())


def test_it_is_what_the_engine_knows(shipped):
    engine = load_engine(PACKS, Tuning())

    assert shipped.entities == engine.entities
    assert shipped.names == engine.entities | {recogniser.name for recogniser in engine.recognisers}
    assert set(shipped.limits) == set(engine._models.statements.thresholds)


def test_a_detector_of_a_pack(shipped):
    tfn = next(detector for detector in shipped.detectors if detector.name == "au_tfn")

    assert (tfn.entity, tfn.tier, tfn.languages, tfn.threshold) == ("TFN", Tier.PERSONAL, ("en",), 0.5)
    assert tfn.reference.startswith("https://www.ato.gov.au/")
    assert tfn.match
    assert tfn.no_match
    assert "tax file number" in tfn.context


def test_models_are_listed_by_what_they_find(shipped):
    said = {detector.entity: detector for detector in shipped.detectors if detector.name == STATEMENTS}
    names = {detector.entity for detector in shipped.detectors if detector.name == PEOPLE}

    assert (said["HEALTH"].tier, said["HEALTH"].threshold) == (Tier.HIGH_RISK, shipped.limits["health"])
    assert all(detector.reference for detector in shipped.detectors)
    assert "PERSON" in names


def test_tuning_shows():
    tuning = Tuning.model_validate(
        {
            "threshold": 0.4,
            "detectors": {
                "TFN": {"threshold": 0.8, "context": ["payroll"]},
                "au_ihi": {"enabled": False, "negative_context": ["part"]},
            },
            "models": {"thresholds": {"health": 0.11}, "statements": "shipped"},
            "presidio": [{"class": "site.Badge", "entities": {"BADGE_NO": "BADGE"}, "tier": "personal"}],
        }
    )
    found = {(one.name, one.entity): one for one in catalogue(PACKS, tuning).detectors}

    assert (found["au_tfn", "TFN"].threshold, found["au_tfn", "TFN"].added_context) == (0.8, ("payroll",))
    assert (found["au_ihi", "IHI"].enabled, found["au_ihi", "IHI"].added_negative) == (False, ("part",))
    assert found["au_crn", "CRN"].threshold == 0.4
    assert found[STATEMENTS, "HEALTH"].threshold == 0.11
    assert found["Badge", "BADGE"].tier is Tier.PERSONAL


def test_names_that_only_a_detector_from_outside_may_have_are_taken_on_trust(shipped):
    named = {"detectors": {"NOTHING_SUCH": {"threshold": 0.9}}}

    with pytest.raises(ConfigError, match="NOTHING_SUCH"):
        shipped.check(Tuning.model_validate(named))
    shipped.check(Tuning.model_validate({**named, "presidio": [{"class": "site.Badge"}]}))
