import pytest

from dlp_gateway.detection.bidi import as_shown, as_written
from dlp_gateway.model import Role, Text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("abc", "abc"),
        ("\u202ecba", "\u200babc"),
        ("a \u202ecb\u202c d", "a \u200bbc\u202c d"),
        ("\u202eba\ndc", "\u200bab\ndc"),
        ("\u202e\u202eba", "\u200b\u200bab"),
        ("\u202eba\u202edc", "\u200bab\u200bcd"),
        ("\u202eba\u202ddc", "\u200bab\u202ddc"),
        ("\u202b\u05d0b\u202c", "\u202b\u05d0b\u202c"),
        ("\u202e", "\u200b"),
    ],
)
def test_what_is_overridden_is_read_as_it_is_shown(text, shown):
    assert as_shown(text) == shown
    assert len(as_shown(text)) == len(text)
    assert as_shown(as_shown(text)) == as_shown(text)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 2, (0, 2)), (4, 6, (7, 9)), (4, 9, (4, 9)), (2, 6, (2, 9)), (8, 11, (4, 11)), (10, 12, (10, 12))],
)
def test_places_of_what_is_shown_are_those_of_what_is_written(start, end, expected):
    assert as_written("ab \u202eedcba\u202cfgh", start, end) == expected


def test_findings_point_into_the_text_as_it_is_written(engine):
    value = "412 277 305"
    text = f"first line\n\u202e{value[::-1]} :NFT reh\u202c"

    (found,) = engine.scan([Text("body", text, Role.BODY)]).findings

    assert found.entity == "TFN"
    assert text[found.start : found.end] == value[::-1]
