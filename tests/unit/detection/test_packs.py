from pathlib import Path

import pytest

from dlp_gateway.configfile import ConfigError
from dlp_gateway.detection.packs import load_pack, load_packs
from dlp_gateway.detection.selftest import run_examples
from tests.unit.detection.conftest import DETECTORS

GOOD = """pack: test
recognizers:
  - name: badge
    supported_entity: BADGE
    supported_languages: [en]
    tier: personal
    reference: https://example.com/badges
    context: [badge]
    patterns:
      - {name: digits, regex: '\\d{4}', score: 0.3}
    examples:
      match: ["badge 1234"]
      no_match: ["page 12"]
"""

RECOGNISERS = load_packs([DETECTORS])


@pytest.mark.parametrize("recogniser", RECOGNISERS, ids=lambda r: r.name)
def test_examples(engine, recogniser):
    results = list(run_examples(engine, frozenset({recogniser.name})))

    assert len(results) >= 2
    assert [(r.must_match, r.text) for r in results if not r.passed] == []


@pytest.fixture
def pack(tmp_path):
    def write(text: str, name: str = "test.yaml") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def test_a_pack_is_read(pack):
    (recogniser,) = load_pack(pack(GOOD))

    assert (recogniser.name, recogniser.entity, recogniser.patterns[0].score) == ("badge", "BADGE", 0.3)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("tier: personal", "tear: personal", 6, "no such setting"),
        ("tier: personal", "tier: secret", 6, "contact"),
        ("score: 0.3", "score: 3", 10, "less than or equal to 1"),
        ("\\d{4}", "(?=a)", 10, "RE2 cannot run this regex"),
        ("\\d{4}", "(", 10, "RE2 cannot run this regex"),
        ("    tier: personal\n", "", 3, "is missing"),
        ("context: [badge]", "context: [1099]", 8, "quotes"),
        ("context: [badge]", "validator: au.tfm", 8, "no validator of this name"),
        ("context: [badge]", "validator: stdnum.au.tfm", 8, "no validator of this name"),
        ("context: [badge]", "context_required: true", 3, "can never match"),
        ("context: [badge]", "negative_context_file: none.txt", 8, "none.txt"),
        ("reference: https://example.com/badges", "reference: handbook", 7, "pattern"),
        ('      no_match: ["page 12"]\n', "", 11, "is missing"),
        ("supported_entity: BADGE", "supported_entity: badge", 4, "pattern"),
        ("patterns:", "patterns: []\n    x:", 9, "at least 1"),
        ("pack: test", "pack: test\npack: test", 2, "twice"),
        ("pack: test", "- pack", 2, "YAML"),
    ],
)
def test_mistakes_are_told_with_file_and_line(pack, old, new, line, reason):
    assert old in GOOD
    with pytest.raises(ConfigError) as error:
        load_pack(pack(GOOD.replace(old, new, 1)))

    told = [p for p in error.value.problems if reason in p.reason]
    assert told, str(error.value)
    assert told[0].file == "test.yaml"
    assert told[0].line == line


def test_a_name_twice_in_one_directory_is_refused(pack):
    pack(GOOD, "a.yaml")
    directory = pack(GOOD, "b.yaml").parent

    with pytest.raises(ConfigError, match=r"badge is defined in a\.yaml already"):
        load_packs([directory])


def test_a_later_directory_replaces_a_recogniser(tmp_path):
    for name, entity in (("one", "BADGE"), ("two", "TOKEN")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "test.yaml").write_text(GOOD.replace("BADGE", entity), encoding="utf-8")

    (recogniser,) = load_packs([tmp_path / "one", tmp_path / "two"])

    assert recogniser.entity == "TOKEN"


def test_a_missing_directory_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="no such directory"):
        load_packs([tmp_path / "none"])
