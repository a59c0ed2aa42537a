"""Other thresholds for findings of the past."""

import pytest

from dlp_gateway.detection.retuning import Retuning
from dlp_gateway.detection.tuning import Tuning
from dlp_gateway.model import Finding, Tier

LIMITS = {"health": 0.7, "pay": 0.6}


def found(score, entity="TFN", detector="au_tfn"):
    return Finding(entity, Tier.PERSONAL, "body 1", 0, 9, score, detector=detector)


def retuning(before=None, after=None):
    return Retuning(Tuning.model_validate(before or {}), Tuning.model_validate(after or {}), LIMITS)


@pytest.mark.parametrize(
    ("after", "finding", "stands"),
    [
        ({}, found(0.5), True),
        ({"threshold": 0.8}, found(0.79), False),
        ({"threshold": 0.8}, found(0.8), True),
        ({"detectors": {"TFN": {"threshold": 0.9}}}, found(0.85), False),
        ({"detectors": {"au_tfn": {"threshold": 0.9}}}, found(0.85), False),
        ({"detectors": {"IHI": {"threshold": 0.9}}}, found(0.85), True),
        ({"detectors": {"TFN": {"enabled": False}}}, found(1.0), False),
        ({"detectors": {"au_tfn": {"enabled": False}}}, found(1.0), False),
        ({"threshold": 1.0}, found(0.3, "PERSON", "people"), True),
        ({"threshold": 1.0}, found(0.8, "HEALTH", "statements"), True),
        ({"models": {"thresholds": {"health": 0.9}}}, found(0.8, "HEALTH", "statements"), False),
        ({"models": {"thresholds": {"health": 0.9}}}, found(0.9, "HEALTH", "statements"), True),
        ({"models": {"thresholds": {"health": 0.9}}}, found(0.8, "SALARY", "statements"), True),
        ({"models": {"thresholds": {"health": 0.9}}}, found(0.2, "HEALTH", "statements"), True),
        ({"models": {"thresholds": {"health": 0.2}}}, found(0.8, "HEALTH", "statements"), True),
        ({"models": {"statements": "none"}}, found(0.8, "HEALTH", "statements"), False),
    ],
)
def test_what_would_still_stand(after, finding, stands):
    assert retuning(after=after).stands(finding) is stands


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {}, None),
        ({}, {"threshold": 0.6}, None),
        ({}, {"threshold": 0.4}, "of all detectors is lower (0.4 instead of 0.5)"),
        ({}, {"detectors": {"TFN": {"threshold": 0.3}}}, "of TFN is lower"),
        ({"detectors": {"TFN": {"threshold": 0.9}}}, {}, "of TFN is lower (0.5 instead of 0.9)"),
        ({"detectors": {"TFN": {"enabled": False}}}, {}, "TFN is switched on"),
        ({}, {"detectors": {"TFN": {"enabled": False}}}, None),
        ({}, {"detectors": {"TFN": {"context": ["payroll"]}}}, "words around TFN"),
        ({}, {"models": {"thresholds": {"health": 0.4}}}, "statement label health is lower"),
        ({}, {"models": {"thresholds": {"health": 0.9}}}, "with a cue word"),
        ({}, {"models": {"statements": "none"}}, None),
        ({"models": {"statements": "none"}}, {}, "Another statements model"),
        ({}, {"models": {"people": "none"}}, "by their shape"),
        ({}, {"presidio": [{"class": "a.B"}]}, "from outside"),
    ],
)
def test_what_the_past_cannot_show_is_said(before, after, said):
    told = retuning(before, after).unseen()

    assert (said is None and told == ()) or (len(told) == 1 and said in told[0])
