"""One engine for all tests of the package, without models: what is tested here is patterns, checks and context."""

from pathlib import Path

import pytest

from dlp_gateway.detection.engine import Engine, load_engine
from dlp_gateway.detection.tuning import ModelChoice, Tuning

DETECTORS = Path(__file__).parents[3] / "detectors"
NO_MODELS = Tuning(models=ModelChoice(people="none", statements="none"))


@pytest.fixture(scope="session")
def engine() -> Engine:
    return load_engine([DETECTORS], NO_MODELS)


@pytest.fixture(scope="session")
def engine_with_models() -> Engine:
    return load_engine([DETECTORS], Tuning())
