"""Finds names of people in text with the shipped encoder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlp_gateway.detection.memo import Memo
from dlp_gateway.detection.transformer import Encoder
from dlp_gateway.detection.values import PersonSpan
from dlp_gateway.detection.wordpiece import Pieces

MEMO = 4_000  # Subjects
WINDOW = 126
"""Pieces of one run; a longer stretch is read in windows that overlap."""

OVERLAP = 32

PERSONAL = ("PERSON", "EMAIL", "PHONE", "ADDRESS", "ID", "DOB", "HEALTH_ETC")
"""Labels of what may not stand in a Subject; the others are there for contrast."""

SHORT = 160
"""Texts up to so many characters (subject lines, file names) are read without asking the gate."""

_LONGEST = 16 * WINDOW
"""Pieces of the longest stretch that is read as one; bounds the memory."""

# A line, or a sentence of it; what has neither is cut at a space.
_UNIT = re.compile(r"[^\n]{1,400}?(?:[a-z]{3}[.!?](?=\s)|(?=\n|\Z))|[^\n]{1,400}(?=\s)|[^\n]{1,400}")


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters ``start:end`` of a text and what they are: one of the model's labels, with its probability."""

    start: int
    end: int
    score: float
    label: str


class PeopleModel:
    """Finds names of people of many cultures, in prose, lists, signatures and subject lines.

    ``thresholds`` are the probabilities from which on each label counts.
    """

    def __init__(self, encoder: Encoder) -> None:
        manifest = encoder.manifest
        self._encoder = encoder
        self._memo: Memo[list[Mark]] = Memo(MEMO)
        self._labels = list(dict.fromkeys(tag[2:] for tag in manifest.tags if tag != "O"))
        self._begin = np.array([manifest.tags.index(f"B-{label}") for label in self._labels])
        self._inside = np.array([manifest.tags.index(f"I-{label}") for label in self._labels])
        self._name_threshold = manifest.thresholds["gate:name"]
        self._detail_threshold = manifest.thresholds["gate:detail"]
        self._glance_threshold = manifest.thresholds["glance:name"]
        self._personal = [n for n, tag in enumerate(manifest.tags) if tag[2:] in PERSONAL]
        self.thresholds: Mapping[str, float] = {label: manifest.thresholds[label] for label in self._labels}

    @classmethod
    def load(cls, directory: Path, encoder: Encoder | None = None) -> PeopleModel:
        """Load the model of a directory; ``encoder`` shares one that is loaded already.

        Raises:
            ModelError: something is missing, damaged or of another version.
        """
        return cls(encoder or Encoder.load(directory))

    def find(self, texts: Sequence[str]) -> list[list[PersonSpan]]:
        """Return the names in each text, in order, never overlapping; offsets in the given string.

        Texts may be of any length; time is linear in it, memory bounded.
        """
        return [
            [
                PersonSpan(mark.start, mark.end, mark.score)
                for mark in self._marks(text, self._may_hold_names if len(text) > SHORT else _all)
                if mark.label == "PERSON"
            ]
            for text in texts
        ]

    def mark(self, lines: Sequence[str]) -> list[list[Mark]]:
        """Return everything the model knows in each line, in order, never overlapping.

        Meant for subject lines, of which its labels beside PERSON were learnt: EMAIL, PHONE, ADDRESS, ID, DOB,
        HEALTH_ETC (a personal detail of somebody) and, for contrast, ORG, LOC, PRODUCT, JOB_TITLE. Those for
        contrast are left out, or a first answer, where nothing personal is in sight.
        """
        return [self._remembered(line) for line in lines]

    def _remembered(self, line: str) -> list[Mark]:
        marks = self._memo.get(line)
        if marks is None:
            marks = list(self._marks(line, self._may_hold_details))
            self._memo.put(line, marks)
        return marks

    def _may_hold_details(self, units: Sequence[Pieces]) -> list[bool]:
        """Tell whether a Subject may hold a personal detail; it is read as a whole or not at all."""
        worth = any(logit >= self._detail_threshold for logit in self._encoder.name_gate.details(units))
        return [worth] * len(units)

    def _may_hold_names(self, units: Sequence[Pieces]) -> list[bool]:
        """Tell which units of a text may hold a name."""
        return [logit >= self._name_threshold for logit in self._encoder.name_gate.names(units)]

    def _marks(self, text: str, gate: Callable[[Sequence[Pieces]], list[bool]]) -> Iterator[Mark]:
        units = [match.span() for match in _UNIT.finditer(text)]
        pieces = [self._encoder.tokenizer.encode(text[start:end]) for start, end in units]
        worth = gate(pieces)
        line_ends = [end == len(text) or text[end] == "\n" for _, end in units]
        for first, last in _stretches(worth, [len(p) for p in pieces], line_ends):
            start, end = units[first][0], units[last - 1][1]
            stretch = pieces[first] if last == first + 1 else self._encoder.tokenizer.encode(text[start:end])
            if len(stretch):
                yield from self._decode(text, start, stretch, self._probabilities(stretch))

    def _probabilities(self, pieces: Pieces) -> NDArray[np.float32]:
        """Probabilities of the tags for each piece; in overlaps, from the window whose edge is farther."""
        parts: list[NDArray[np.float32]] = []
        start = 0
        while True:
            end = min(start + WINDOW, len(pieces))
            logits = self._read(pieces, start, end)
            before = OVERLAP // 2 if start else 0
            after = OVERLAP // 2 if end < len(pieces) else 0
            parts.append(logits[before : len(logits) - after])
            if end == len(pieces):
                break
            start = end - OVERLAP
        return probabilities(np.concatenate(parts))

    def _read(self, pieces: Pieces, start: int, end: int) -> NDArray[np.float32]:
        """Logits of the tags; the first answer where it sees nothing personal."""
        glance = self._encoder.glance(pieces, start, end)
        if loudest(glance.tags, self._personal) < self._glance_threshold:
            return glance.tags
        return self._encoder.read(glance)[0]

    def _decode(self, text: str, shift: int, pieces: Pieces, probabilities: NDArray[np.float32]) -> Iterator[Mark]:
        words = list(_words(text, shift, pieces))
        firsts = np.array([word.first for word in words])
        sizes = np.array([word.last + 1 - word.first for word in words])
        # A word is all of a name or none of it: its pieces speak with one voice.
        entity = (
            np.add.reduceat(probabilities[:, self._begin] + probabilities[:, self._inside], firsts) / sizes[:, None]
        )
        begins = probabilities[firsts][:, self._begin] > probabilities[firsts][:, self._inside]
        best = entity.argmax(axis=1)
        scores = entity[np.arange(len(best)), best]
        current: Mark | None = None
        for word, label, score, begin in zip(words, best.tolist(), scores.tolist(), begins, strict=True):
            name = self._labels[label]
            hit = score >= self.thresholds[name]
            if current and hit and name == current.label and not begin[label] and not word.opens_cell:
                current = Mark(current.start, word.end, max(current.score, score), name)
                continue
            if current:
                yield current
            current = Mark(word.start, word.end, score, name) if hit else None
        if current:
            yield current


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax of each row."""
    odds: NDArray[np.float32] = np.exp(logits - logits.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    return odds


def loudest(logits: NDArray[np.float32], wanted: Sequence[int]) -> float:
    """The highest probability among the pieces that one has some of the ``wanted`` tags."""
    return float(probabilities(logits)[:, wanted].sum(axis=1).max())


def _all(units: Sequence[Pieces]) -> list[bool]:
    return [True] * len(units)


@dataclass(frozen=True, slots=True)
class _Word:
    """Pieces ``first`` to ``last``, which are characters ``start:end`` of the text."""

    first: int
    last: int
    start: int
    end: int
    opens_cell: bool


def _words(text: str, shift: int, pieces: Pieces) -> Iterator[_Word]:
    """Join the pieces of a word; a capital after a small letter begins a new one (MariaLopez.pdf).

    A word ``opens_cell`` after a line break or a tab: no name goes on there.
    """
    first = 0
    for number in range(1, len(pieces) + 1):
        if number < len(pieces):
            start, end = pieces.starts[number], pieces.ends[number - 1]
            before, letter = text[shift + end - 1], text[shift + start]
            same = before.isalnum() and letter.isalnum() and not (before.islower() and letter.isupper())
            if start == end and same:
                continue
        gap = text[shift + pieces.ends[first - 1] : shift + pieces.starts[first]] if first else ""
        opens = "\n" in gap or "\t" in gap
        yield _Word(first, number - 1, shift + pieces.starts[first], shift + pieces.ends[number - 1], opens)
        first = number


def _stretches(worth: Sequence[bool], sizes: Sequence[int], line_ends: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Runs of neighbouring units that are worth reading; cut at a line end when they would not fit into a window."""
    first, size = 0, 0
    for number, (wanted, length) in enumerate(zip(worth, sizes, strict=True)):
        limit = WINDOW if number and line_ends[number - 1] else _LONGEST
        if first < number and (not wanted or size + length > limit):
            yield first, number
            first, size = number, 0
        if wanted:
            size += length
        else:
            first, size = number + 1, 0
    if first < len(worth):
        yield first, len(worth)
