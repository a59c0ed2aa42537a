"""WordPiece splitting: pieces, shapes and offsets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.detection.wordpiece import MAX_WORD, SHAPES, WordPiece

VOCABULARY = "[PAD] [UNK] [CLS] [SEP] maria lopez ##lopez jose ##s cv _ . , pdf ’ s 名 o ##e".split()
NONE, LOWER, TITLE, UPPER, MIXED, MIXED_UP = range(6)
GLUED, SPACE, WIDE, LINE = range(4)


@pytest.fixture(scope="module")
def splitter() -> WordPiece:
    return WordPiece(VOCABULARY)


def shown(splitter: WordPiece, text: str) -> list[tuple[str, str]]:
    pieces = splitter.encode(text)
    return [
        (VOCABULARY[number], text[start:end])
        for number, start, end in zip(pieces.ids, pieces.starts, pieces.ends, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="empty"),
        pytest.param(" \t\r\n", [], id="only space"),
        pytest.param("Maria Lopez", [("maria", "Maria"), ("lopez", "Lopez")], id="case folded"),
        pytest.param("MariaLopez", [("maria", "Maria"), ("##lopez", "Lopez")], id="continuing piece"),
        pytest.param("José", [("jose", "José")], id="composed accent"),
        pytest.param("Jose\u0301 Lopez", [("jose", "Jose\u0301"), ("lopez", "Lopez")], id="combining accent"),
        pytest.param("cv_Maria.", [("cv", "cv"), ("_", "_"), ("maria", "Maria"), (".", ".")], id="file name"),
        pytest.param("maria\u200blopez", [("maria", "maria"), ("##lopez", "lopez")], id="zero-width character dropped"),
        pytest.param("maria\u00a0lopez", [("maria", "maria"), ("lopez", "lopez")], id="no-break space"),
        pytest.param("名名", [("名", "名"), ("名", "名")], id="CJK characters stand apart"),
        pytest.param("xyz maria", [("[UNK]", "xyz"), ("maria", "maria")], id="unknown word is one piece"),
        pytest.param("maria" * 30, [("[UNK]", "maria" * 30)], id="overlong word is one piece"),
        pytest.param("maria,lopez", [("maria", "maria"), (",", ","), ("lopez", "lopez")], id="punctuation cuts"),
        pytest.param("maria’s", [("maria", "maria"), ("’", "’"), ("s", "s")], id="typographic apostrophe cuts"),
    ],
)
def test_pieces_and_offsets(splitter: WordPiece, text: str, expected: list[tuple[str, str]]) -> None:
    assert shown(splitter, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("maria lopez", [(LOWER, LINE), (LOWER, SPACE)]),
        ("Maria  LOPEZ", [(TITLE, LINE), (UPPER, WIDE)]),
        ("Maria\nlopez", [(TITLE, LINE), (LOWER, LINE)]),
        ("maria\tlopez", [(LOWER, LINE), (LOWER, WIDE)]),
        ("MariaLopez", [(MIXED_UP, LINE), (MIXED_UP, GLUED)]),
        ("mariaLopez", [(MIXED, LINE), (MIXED_UP, GLUED)]),
        ("O.", [(TITLE, LINE), (NONE, GLUED)]),
        ("Jose\u0301.", [(TITLE, LINE), (NONE, GLUED)]),
    ],
)
def test_shapes_tell_case_and_gap(splitter: WordPiece, text: str, expected: list[tuple[int, int]]) -> None:
    assert [divmod(shape, 4) for shape in splitter.encode(text).shapes] == expected


@given(st.text(max_size=300))
def test_offsets_are_sorted_and_inside(text: str) -> None:
    pieces = WordPiece(VOCABULARY).encode(text)
    assert len(pieces.ids) == len(pieces.shapes) == len(pieces.starts) == len(pieces.ends)
    edge = 0
    for start, end, shape in zip(pieces.starts, pieces.ends, pieces.shapes, strict=True):
        assert edge <= start + (start < edge)
        assert start < end <= len(text)
        assert 0 <= shape < SHAPES
        edge = end


def test_splitting_twice_gives_the_same() -> None:
    splitter = WordPiece(VOCABULARY)
    text = "Maria Lopez, CV_Maria.pdf\nMARIA lopez"
    first, second = splitter.encode(text), splitter.encode(text)
    assert first.codes.tolist() == second.codes.tolist()
    assert (first.starts, first.ends) == (second.starts, second.ends)


def test_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlp_gateway.detection.wordpiece._CACHED", 10)
    splitter = WordPiece(VOCABULARY)
    text = " ".join(f"maria{number}" for number in range(1000)) + " " + "maria" * 10
    splitter.encode(text)
    splitter.encode_unplaced(text)
    caches = (splitter._placed, splitter._codes, splitter._glued, splitter._cuts)
    assert all(0 < len(cache) <= 10 for cache in caches)
    assert not any(len(word) > 24 for cache in caches for word in cache)


def test_a_word_of_the_greatest_length_is_still_cut(splitter: WordPiece) -> None:
    word = "maria" + "s" * (MAX_WORD - 5)
    assert len(splitter.encode(word)) == MAX_WORD - 4


@given(st.text(alphabet="aMñ1名.'_ \t\n\r\u200b\u00a0", max_size=40))
def test_without_offsets_the_pieces_are_the_same(text: str) -> None:
    splitter = WordPiece(VOCABULARY)
    placed, unplaced = splitter.encode(text), splitter.encode_unplaced(text)

    assert unplaced.codes.tolist() == placed.codes.tolist()


@pytest.mark.parametrize("text", ["maria" + " " * 1_000_000, " " * 1_000_000, "\n\t " * 300_000 + "maria"])
def test_a_sea_of_spaces_is_crossed_once(splitter: WordPiece, text: str) -> None:
    assert shown(splitter, text) == [("maria", "maria")] * text.count("maria")
