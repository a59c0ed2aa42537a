"""docs/detectors.md says how to add a detector; here its example is added, and its settings are read."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from dlp_gateway.detection import scoring
from dlp_gateway.detection.context import Relation
from dlp_gateway.detection.engine import Engine, load_engine
from dlp_gateway.detection.models import Models
from dlp_gateway.detection.names import ShapePeople
from dlp_gateway.detection.packs import Recogniser, load_pack
from dlp_gateway.detection.selftest import run_examples
from dlp_gateway.detection.tuning import Tuning
from dlp_gateway.model import Role, Text
from tests.unit.detection.conftest import DETECTORS, NO_MODELS

DOCS = Path(__file__).parents[3] / "docs" / "detectors.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)


def test_the_example_detector_is_added_by_a_file_alone(tmp_path):
    (tmp_path / "badges.yaml").write_text(re.sub(r"(?m)^ {3}", "", BLOCKS[0]), encoding="utf-8")
    engine = load_engine([DETECTORS, tmp_path], NO_MODELS)

    results = list(run_examples(engine, frozenset({"badges"})))

    assert len(results) == 4
    assert all(result.passed for result in results)
    (found,) = engine.scan([Text("body", "her badge: WB-1234-Q", Role.BODY)]).findings
    assert (found.entity, found.detector) == ("BADGE", "staff_badge")


def test_an_example_that_fails_is_told(tmp_path):
    pack = tmp_path / "badges.yaml"
    pack.write_text(re.sub(r"(?m)^ {3}", "", BLOCKS[0]).replace("wb-", "xx-"), encoding="utf-8")
    engine = Engine(load_pack(pack), Tuning(), Models(ShapePeople()))

    assert [r.passed for r in run_examples(engine) if r.must_match] == [False, False]


def test_the_tuning_of_the_page_is_valid(tmp_path):
    path = tmp_path / "detection.yaml"
    path.write_text(BLOCKS[1].replace("models:\n  people: shipped", "models:\n  people: none"), encoding="utf-8")

    tuning = Tuning.from_yaml(path)

    assert tuning.detectors["TFN"].threshold == pytest.approx(0.6)
    assert tuning.allow[0].entity == "TFN"
    assert set(tuning.detectors) <= {r.name for r in _shipped()} | {r.entity for r in _shipped()}


def test_the_tuning_of_the_page_names_every_setting():
    given = YAML(typ="safe").load(BLOCKS[1])

    assert set(given) == set(Tuning.model_fields)


def test_the_page_names_every_key_of_a_recogniser():
    text = DOCS.read_text(encoding="utf-8")
    keys = {field.alias or name for name, field in Recogniser.model_fields.items()} - {"pack", "type"}

    assert {key for key in keys if key not in text} == set()


@pytest.mark.parametrize(
    ("line", "figure"),
    [
        ("check digit right", scoring.CHECK_DIGIT),
        ("form plausible", scoring.PLAUSIBLE),
        ("context word as the label", scoring.RAISES[Relation.LABEL]),
        ("context word as the label", scoring.RAISES[Relation.COLUMN]),
        ("in the same sentence", scoring.RAISES[Relation.SENTENCE]),
        ("in the name of the file", scoring.RAISES[Relation.HINT]),
        ("near by", scoring.RAISES[Relation.NEAR]),
        ("called something else", -scoring.SINKS),
        ("part of a longer code", -scoring.GLUED),
    ],
)
def test_the_scores_of_the_page_are_those_of_the_code(line, figure):
    (row,) = (r for r in DOCS.read_text(encoding="utf-8").split("\n") if r.startswith(f"| {line}"))

    assert float("".join(row.split("|")[2].split()[:2])) == pytest.approx(figure)


def _shipped():
    return [r for path in sorted(DETECTORS.glob("*.yaml")) for r in load_pack(path)]
