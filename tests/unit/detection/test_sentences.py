"""Sentences are turned into pieces once, and give the pieces that the whole passage has."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dlp_gateway.detection.sentences import Sentences
from dlp_gateway.detection.wordpiece import WordPiece

ROOT = Path(__file__).parents[3]
TOKENIZER = WordPiece.load(ROOT / "detectors" / "models" / "vocab.txt")
# Of what cuts, joins, vanishes or changes when text is turned into pieces.
ODD = st.text(st.sampled_from("aB9.!? \n\t\r\x00\x1c\u00a0\u0301\u200bé中-"), max_size=40)


@given(ODD)
def test_joins_to_the_pieces_of_the_whole(passage: str) -> None:
    sentences = Sentences(TOKENIZER)
    (window,) = sentences.windows(passage, 1000)
    joined, whole = sentences.join(window), TOKENIZER.encode_unplaced(passage)
    assert joined.codes.tolist() == whole.codes.tolist()


@pytest.mark.parametrize(
    ("passages", "distinct"),
    [
        (["One. Two. Three."], 3),
        (["One. Two.", "Two. Three."], 3),
        (["Dear Mo,\nyou owe us.", "Dear Mo,\nyou paid."], 3),
        (["no end here", "no end here"], 1),
        ([""], 1),
    ],
)
def test_encodes_a_sentence_once(passages: list[str], distinct: int) -> None:
    sentences = Sentences(TOKENIZER)
    for passage in passages:
        sentences.windows(passage, 1000)
    assert len(sentences.pieces) == distinct


@given(ODD, st.integers(1, 5))
@example("? \x00\r9", 1)
def test_long_passages_come_in_parts(passage: str, longest: int) -> None:
    sentences = Sentences(TOKENIZER)
    windows = sentences.windows(passage, longest)
    parts = [sentences.join(window) for window in windows]
    assert all(len(part) <= longest for part in parts)
    whole = TOKENIZER.encode_unplaced(passage)
    assert [code for part in parts for code in part.codes] == whole.codes.tolist()
