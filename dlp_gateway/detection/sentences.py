"""The sentences of passages, each turned into pieces once.

Passages overlap, and letters repeat a greeting: the same sentence stands in
two or more of them. What is worked out for a sentence alone, its pieces and
what the gate makes of them, is worked out once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from dlp_gateway.detection.wordpiece import Pieces, WordPiece, after_space

# Cuts only where both sides give the same pieces as the whole would: before what surely becomes a piece.
_BREAK = re.compile(r"((?<=[.!?]) (?=[\w!-~])|\n(?=[\w!-~]))")


@dataclass(frozen=True, slots=True)
class Window:
    """What is read as one: numbers of sentences, and which of them go on in the line of the one before."""

    sentences: tuple[int, ...]
    going_on: tuple[bool, ...]


class Sentences:
    """The distinct sentences of some passages; ``pieces`` has those of each, without offsets."""

    def __init__(self, tokenizer: WordPiece) -> None:
        self.pieces: list[Pieces] = []
        self._tokenizer = tokenizer
        self._numbers: dict[str, int] = {}

    def windows(self, passage: str, longest: int) -> list[Window]:
        """Add the sentences of a passage and return it, or the parts of it that have up to ``longest`` pieces."""
        parts = _BREAK.split(passage)
        numbers = tuple(map(self._number, parts[::2]))
        going_on = (False, *(gap == " " for gap in parts[1::2]))
        whole = Window(numbers, going_on)
        if sum(len(self.pieces[n]) for n in numbers) <= longest:
            return [whole]
        return [Window((number,), (False,)) for number in self._cut(self.join(whole), longest)]

    def join(self, window: Window) -> Pieces:
        """Return the pieces of a window: those that its text as a whole would have."""
        parts = [self.pieces[number].codes for number in window.sentences]
        codes = np.concatenate(parts)
        first = 0
        for part, going_on in zip(parts, window.going_on, strict=True):
            if going_on and len(part):
                codes[first] = after_space(codes[first])
            first += len(part)
        return Pieces(codes)

    def _number(self, sentence: str) -> int:
        number = self._numbers.get(sentence)
        if number is None:
            number = self._numbers[sentence] = len(self.pieces)
            self.pieces.append(self._tokenizer.encode_unplaced(sentence))
        return number

    def _cut(self, pieces: Pieces, longest: int) -> range:
        """Add the parts of a long passage, in which one sentence among very many would drown."""
        first = len(self.pieces)
        for start in range(0, len(pieces), longest):
            self.pieces.append(Pieces(pieces.codes[start : start + longest]))
        return range(first, len(self.pieces))
