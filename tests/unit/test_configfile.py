import pytest

from dlp_gateway.configfile import ConfigError, Problem, Severity, parse

TEXT = """\
a: 1
b:
  - x: NO
    "y": 1.50
  - {z: 2027-01-01}
c: yes
"""


def test_yaml_1_2_words_are_text():
    data = parse(TEXT, "f").data

    assert data["b"][0] == {"x": "NO", "y": 1.5}
    assert data["c"] == "yes"
    assert {type(data["a"]), type(data["b"]), type(data["b"][0]), type(data["b"][0]["y"])} == {int, list, dict, float}


@pytest.mark.parametrize("day", ["2027-01-01", "2027-06-31", "2027-06-30T25:00:00Z", "2027-13-01 10:00:00"])
def test_days_are_text_whether_a_calendar_has_them_or_not(day):
    assert parse(f"a: {day}\nb: [{day}]\n{day}: c\n", "f").data == {"a": day, "b": [day], day: "c"}


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ((), 1),
        (("a",), 1),
        (("b",), 2),
        (("b", 0), 3),
        (("b", 0, "y"), 4),
        (("b", 1, "z"), 5),
        (("b", 1, "missing"), 5),
        (("missing",), 1),
        (("b", 7), 2),
        (("a", "deeper"), 1),
        (("c",), 6),
    ],
)
def test_lines(location, line):
    assert parse(TEXT, "f").line(location) == line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: secret\na: other\n", 'f:2: the key "a" stands here twice'),
        ("a: [1\nb: 2", "f:2: not valid YAML: "),
        ("- a\n", "f:1: expected keys with values (name: value)"),
        ("a: *b\n", "f:1: not valid YAML: "),
        ("a: \0", "f:1: not valid YAML: "),
        ("a: " + "[" * 60 + "]" * 60, "f:1: nested deeper than 40 levels"),
        ("a: 1\nb: " + "[" * 20_000, "f:1: nested deeper than 40 levels"),
        ("a: 1\nb: " + "7" * 5000, "f:2: not valid YAML: "),
        ("a: 1\nb: !!int secret", "f:2: not valid YAML: "),
        ("a: 1\nb: {c: !!float secret}", "f:2: not valid YAML: "),
        ("a: 1\nb: [!!bool secret]", "f:2: not valid YAML: "),
        ('a: "\\UFFFFFFFF"', "f:1: not valid YAML: "),
    ],
)
def test_bad_text_says_where_and_why_and_repeats_no_value(text, said):
    with pytest.raises(ConfigError) as error:
        parse(text, "f")

    assert str(error.value).startswith(said)
    assert "secret" not in str(error.value)
    assert "other" not in str(error.value)


def test_an_empty_file_is_an_empty_mapping():
    assert parse("# nothing\n", "f").data == {}
    assert parse("", "f").line(("a",)) == 1


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("f", 3, "is wrong"), "f:3: is wrong"),
        (Problem("f", 3, "is odd", Severity.WARNING), "f:3: warning: is odd"),
        (Problem("DLP_GATEWAY__HOSTNAME", 0, "is wrong"), "DLP_GATEWAY__HOSTNAME: is wrong"),
    ],
)
def test_problems_in_words(problem, text):
    assert str(problem) == text
