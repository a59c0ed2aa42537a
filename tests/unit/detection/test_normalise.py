import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.detection.normalise import Normaliser

# Trap E1: characters that draw nothing. Each between two digits must leave the digits side by side.
INVISIBLE = [
    *("\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u00ad", "\u034f", "\u2060", "\u2061", "\u2062", "\u2063"),
    *("\u2064", "\ufeff", "\u2800", "\u115f", "\u1160", "\u3164", "\uffa0", "\ufe0f", "\ufe00", "\u180e", "\u061c"),
    *("\u202a", "\u202e", "\u2066", "\u206f", "\U000e0020", "\u0300", "\x00", "\x08", "\x7f", "\U0001d173"),
]


@pytest.fixture(scope="module")
def normalise() -> Normaliser:
    return Normaliser()


@pytest.mark.parametrize("character", INVISIBLE, ids=lambda c: f"U+{ord(c):04X}")
def test_invisible_characters_disappear_and_offsets_stay(normalise, character):
    text = f"TFN 4{character}1{character}2 end"

    result = normalise(text)

    assert result.data == b"TFN 412 end"
    assert text[slice(*result.span(4, 7))] == f"4{character}1{character}2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("４７１６", "4716"),  # full width
        ("٤١١١", "4111"),  # Arabic-Indic
        ("۴۱۱۱", "4111"),  # extended Arabic-Indic
        ("४१११", "4111"),  # Devanagari
        ("𝟒𝟙𝟣𝟭", "4111"),  # mathematical
        ("①②③", "123"),
        ("⓵⓶", "12"),
        ("1️⃣2️⃣", "12"),  # keycaps
        ("Ⅷ", "VIII"),
        ("4\u00a01\u20091\u202f1\u30001", "4 1 1 1 1"),
        ("1‐2‑3‒4–5—6―7−8﹣9－0", "1-2-3-4-5-6-7-8-9-0"),
        ("Zoë Hallström Łódź Straße Ærø", "Zoe Hallstrom Lodz Strasse AEro"),
        ("ТFN", "TFN"),  # Cyrillic Te
        ("ΤFΝ", "TFN"),  # Greek Tau, Nu
        ("раѕѕроrt", "passport"),
        ("ＴＦＮ：１", "TFN:1"),
        ("𝓟𝓪𝓼𝓼𝔭𝕠𝖗𝗍", "Passport"),
        ("🅰🇺", "AU"),
        ("ﬁle", "file"),
        ("№ 5", "No 5"),
        ("a\u2028b\x0bc\x85d", "a\nb\nc\nd"),
        ("田中 한국", "田中 한국"),
        ("\ud800", "\ufffd"),
        ("", ""),
    ],
)
def test_disguises_come_off(normalise, text, expected):
    assert normalise(text).data.decode() == expected


def test_ascii_is_left_alone(normalise):
    result = normalise("plain\ttext\r\n")

    assert result.data == b"plain\ttext\r\n"
    assert result.origin is None


@given(st.text(max_size=60))
def test_every_byte_points_into_the_text_in_order(text):
    result = Normaliser()(text)

    previous = 0
    for place in range(len(result.data)):
        start, end = result.span(place, place + 1)
        assert previous <= start < end <= len(text)
        previous = start


@given(st.text(max_size=40), st.text(alphabet="abc 123", min_size=1, max_size=10), st.text(max_size=40))
def test_spans_lead_there_and_back(before, middle, after):
    text = f"{before}\n{middle}\n{after}"
    result = Normaliser()(text)
    start, end = result.bytes_of(len(before) + 1, len(before) + 1 + len(middle))

    assert result.data[start:end].decode() == middle
    # What draws nothing right behind belongs to nobody: the way back ends at the last drawn character.
    assert result.span(start, end) == (len(before) + 1, len(before) + 1 + len(middle))


def test_no_letter_of_a_latin_script_is_left_with_its_accent(normalise):
    accented = [chr(c) for c in range(0xC0, 0x250) if unicodedata.name(chr(c), "").startswith("LATIN")]
    decomposable = [c for c in accented if unicodedata.decomposition(c)]

    left = [c for c in decomposable if not normalise(c).data.isascii()]

    assert left == []
