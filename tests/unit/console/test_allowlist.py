"""The text of detection.yaml without the values of its allow-list."""

import time

import pytest

from dlp_gateway.configfile import parse
from dlp_gateway.console.allowlist import comparable, without_values
from dlp_gateway.detection.tuning import Tuning

ENTRY = "allow:\n  - entity: TFN\n    value: {}\n    owner: a@b.example\n    reason: test\n    until: 2026-12-01\n"
BLIND = ENTRY.format("(not shown)")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('"TEST-[0-9]+"', "(not shown)"),
        ("4111 ?1{4} 9982", "(not shown)"),
        ("Smith, John", "(not shown)"),
        ("'O''Brien 123456782'", "(not shown)"),
        ('"say \\"x\\", y"', "(not shown)"),
        ("Smith#John", "(not shown)"),
        ("Unit 4 #123456782", "(not shown) #(not shown)"),
        ("Unit 4  # of John Smith", "(not shown)  # (not shown)"),
        (">-\n      123 456 782", "(not shown)\n"),
        ("|  # Ann\n      123\n       456 782\n", "(not shown)\n\n\n"),
        ("Smith,\n      John", "(not shown)\n"),
        ("'Smith,\n\n      John'", "(not shown)\n\n"),
        ("&it '123456782'", "(not shown)"),
    ],
)
def test_no_value_is_shown_however_it_is_written(value, shown):
    text = ENTRY.format(value)
    read = Tuning.from_source(parse(text, "detection.yaml")).allow[0].value

    blind = without_values(text)

    assert blind == ENTRY.format(shown)
    assert blind.count("\n") == text.count("\n")
    assert read not in blind
    assert Tuning.from_source(parse(blind, "detection.yaml")).allow[0].value == "(not shown)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("threshold: 0.5\nallow: []  # none yet\n", "threshold: 0.5\nallow: []  # (not shown)\n"),
        (
            "allow: [{entity: X, value: 'a, b', owner: c}] # d",
            "allow: [{entity: X, value: (not shown), owner: c}] # (not shown)",
        ),
        ('{"allow": [{"value": "a", "owner": c}]}', '{"allow": [{"value": (not shown), "owner": c}]}'),
        ("? allow\n: - {value: a}\n", "? allow\n: - {value: (not shown)}\n"),
        (
            "\ufeffallow:\r\n- value: >-\r\n    a\r\n  owner: b\r\n",
            "\ufeffallow:\r\n- value: (not shown)\r\n\r\n  owner: b\r\n",
        ),
        ("allow: [&a {<<: [{value: x}, *a], reason: y}]", "allow: [&a {<<: [{value: (not shown)}, *a], reason: y}]"),
        ("allow: &a [{value: x}, *a]", "allow: (not shown)"),
        ("base: &w 99\nallow: [{value: *w}]", "base: (not shown)\nallow: [{value: *w}]"),
        ("allow: [{valeu: 123, owner: b}, 456]", "allow: [{valeu: (not shown), owner: b}, (not shown)]"),
        ("allow: 123456782\n", "allow: (not shown)\n"),
        (
            "allow:\n# Ann 1\n- value: a\n  # Ann 2\n  owner: b\n  # Ann 3\n# The models\nmodels: {} # ours\n",
            "allow:\n# (not shown)\n- value: (not shown)\n  # (not shown)\n  owner: b\n  # (not shown)\n"
            "# The models\nmodels: {} # ours\n",
        ),
        ("#   - value: >-\n#       1 2\n#       3\n#     owner: b\n", "#   - value: (not shown)\n\n\n#     owner: b\n"),
        ("threshold: 0.5 # low\nallow:\n- value: '123\nmodels: {}\n", "threshold: 0.5 # low\n(not shown)\n\n\n"),
        ("allow: {value: a}\n---\nallow: []\n", "(not shown)\n\n\n"),
        ("", ""),
        ("- allow\n- value: 1\n", "- allow\n- value: 1\n"),
    ],
)
def test_nothing_else_of_the_list_may_be_a_value(text, shown):
    assert without_values(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "# value: " * 60_000,
        "#" * 500_000,
        "#\n" * 250_000 + "allow: [}",
        "allow: " + "[" * 500_000,
        "# value: a\n#" * 40_000,
    ],
)
def test_odd_texts_take_no_longer_than_others(text):
    began = time.monotonic()
    without_values(text)
    assert time.monotonic() - began < 5


def test_a_changed_value_shows_in_a_comparison_though_it_is_not_shown():
    old = "allow:\n- value: 'a\n    b'\n- value: c\n"
    new = "allow:\n- value: 'a\n    d'\n- value: c\n"

    assert comparable(old, new) == (
        "allow:\n- value: (not shown, 1)\n\n- value: (not shown, 2)\n",
        "allow:\n- value: (not shown, 3)\n\n- value: (not shown, 2)\n",
    )
