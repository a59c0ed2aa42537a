"""Every pattern is found by its own number, and a set that cannot be run is an error."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.detection.pattern_sets import EngineError, PatternSets

PATTERNS = [r"\bab\b", r"\d{3}", r"c+d", r"^e", r"f$", r"\d\d-\d\d", r"g.h", r"[xyz]{2}", r"é"]


@pytest.mark.parametrize("count", range(len(PATTERNS) + 1))
@given(text=st.text("ab123cdefg\nhxyzé- ", max_size=30))
def test_finds_the_numbers_of_the_patterns_that_occur(count: int, text: str) -> None:
    patterns = PATTERNS[:count]
    expected = [
        n for n, pattern in enumerate(patterns) if re.search(pattern.replace("$", r"\Z"), text, re.ASCII | re.DOTALL)
    ]
    assert PatternSets(patterns).match(text.encode()) == expected


def test_case_does_not_count() -> None:
    assert PatternSets(PATTERNS).match(b"AB") == [0]


def test_a_set_that_answers_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """As RE2 documents it for a set whose automaton runs out of memory: "nothing matched"."""
    monkeypatch.setattr("re2.Set.Match", lambda _set, _text: [])
    with pytest.raises(EngineError, match="out of memory"):
        PatternSets(PATTERNS).match(b"ab")
