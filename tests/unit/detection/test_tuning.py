import datetime as dt

import pytest
from pydantic import ValidationError

from dlp_gateway.configfile import ConfigError
from dlp_gateway.detection.tuning import Allowance, Tuning
from dlp_gateway.model import Zone

GOOD = """threshold: 0.6
detectors:
  TFN: {threshold: 0.7, context: [payee]}
allow:
  - entity: TFN
    value: "123 ?456 ?782"
    owner: dpo@example.com
    reason: published example
    until: 2027-06-30
    zones: [partner]
models: {people: none, statements: none}
"""


@pytest.fixture
def write(tmp_path):
    def write(text: str):
        path = tmp_path / "detection.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_file_is_read(write):
    tuning = Tuning.from_yaml(write(GOOD))

    assert tuning.threshold_of("au_tfn", "TFN") == pytest.approx(0.7)
    assert tuning.threshold_of("au_medicare", "MEDICARE") == pytest.approx(0.6)
    assert tuning.allow[0].until == dt.date(2027, 6, 30)
    assert tuning.allow[0].zones == frozenset({Zone.PARTNER})


def test_the_detector_goes_before_its_entity(write):
    tuning = Tuning.from_yaml(write("detectors: {TFN: {threshold: 0.7}, au_tfn: {threshold: 0.9}}\n"))

    assert tuning.threshold_of("au_tfn", "TFN") == pytest.approx(0.9)


def test_no_file_is_the_shipped_behaviour(tmp_path):
    assert Tuning.from_yaml(tmp_path / "none.yaml") == Tuning()


def test_an_empty_file_is_too(write):
    assert Tuning.from_yaml(write("")) == Tuning()


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("threshold: 0.6", "treshold: 0.6", 1, "did you mean 'threshold'"),
        ("threshold: 0.6", "threshold: 6", 1, "less than or equal to 1"),
        ("threshold: 0.7", "threshold: high", 3, "number"),
        ("owner: dpo@example.com", "owner: ''", 7, "at least 1"),
        ("    owner: dpo@example.com\n", "", 5, "is missing"),
        ("until: 2027-06-30", "until: someday", 9, "isoformat"),
        ('"123 ?456 ?782"', '"("', 6, "RE2"),
        ("zones: [partner]", "zones: [everyone]", 10, "internal"),
        ("people: none", "persons: none", 11, "no such setting"),
    ],
)
def test_mistakes_are_told_with_their_line(write, old, new, line, reason):
    assert old in GOOD
    with pytest.raises(ConfigError) as error:
        Tuning.from_yaml(write(GOOD.replace(old, new, 1)))

    told = [p for p in error.value.problems if reason in p.reason]
    assert told, str(error.value)
    assert told[0].line == line


@pytest.mark.parametrize(
    ("text", "location", "line"),
    [
        ("# ours\ndetectors:\n  TFN: {threshold: 0.7}\n  TNF: {threshold: 0.7}\n", "detectors.TNF", 4),
        ("detectors: {TNF: {enabled: false}}\n", "detectors.TNF", 1),
        (GOOD.replace("  - entity: TFN", "  - entity: TNF"), "allow.0.entity", 5),
    ],
)
def test_a_name_that_nothing_has_is_told_with_file_and_line(write, text, location, line):
    path = write(text)

    with pytest.raises(ConfigError) as error:
        Tuning.from_yaml(path).check_names(frozenset({"TFN"}))

    assert str(error.value) == f"{path}:{line}: {location}: no recogniser and no entity is called 'TNF'"


def test_a_name_of_a_tuning_without_a_file_is_told_too():
    with pytest.raises(ConfigError, match=r"^detection\.yaml: detectors\.TNF: no recogniser"):
        Tuning(detectors={"TNF": {}}).check_names(frozenset({"TFN"}))


@pytest.mark.parametrize("damage", [b"threshold: [\n", b"threshold: 6\n", b"\xff\xfe"])
def test_every_mistake_names_the_file_with_its_folder(write, damage):
    path = write("")
    path.write_bytes(damage)

    with pytest.raises(ConfigError) as error:
        Tuning.from_yaml(path)

    assert {problem.file for problem in error.value.problems} == {str(path)}


def test_no_value_of_an_allowance_is_shown(write):
    assert "123" not in repr(Tuning.from_yaml(write(GOOD)))


def test_a_value_that_is_no_regex_is_not_quoted():
    with pytest.raises(ValidationError) as caught:
        Allowance(entity="TFN", value="412277305(", owner="a", reason="b", until="2027-01-01")

    assert "412277305" not in "; ".join(error["msg"] for error in caught.value.errors())
