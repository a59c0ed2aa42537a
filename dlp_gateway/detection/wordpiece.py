"""Text to WordPiece ids with offsets: what the shipped encoder reads.

The splitting is that of BERT's uncased vocabulary (Devlin et al. 2019,
``google-research/bert`` tokenization.py): control characters dropped, CJK
characters set apart, accents stripped after NFD, lower case, a cut at every
space and punctuation mark, then the longest known piece first. Each piece
keeps its offsets in the given text, and a *shape*, which gives back what the
uncased vocabulary throws away: the case of the word and the gap before it
(nothing, space, tab or wide gap, line end). Id and shape of a piece are one
number, its *code*, so that a text is one list of small integers.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

MAX_WORD = 100
"""Longer words are one unknown piece, as in the original."""

SHAPES = 24
"""Number of shape ids: six cases times four gaps."""

_CACHED = 20_000
_CACHED_LENGTH = 24

_SPACES = " \t\n\r"
# On text without spaces at its end, or looking for the last chunk would be quadratic.
_CHUNK = re.compile(rf"[{_SPACES}]*[^{_SPACES}]+")
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+|[!-/:-@\[-`{-~]")
_NOT_PLAIN = re.compile(r"[^!-~]")


Codes = NDArray[np.int32]
_NO_CODES: Codes = np.zeros(0, np.int32)
_CODE = struct.Struct("=i")


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """The WordPieces of one text: a code for each, and as many offsets (which may be left out)."""

    codes: Codes
    starts: Sequence[int] = ()
    ends: Sequence[int] = ()

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def ids(self) -> Codes:
        """The places of the pieces in the vocabulary."""
        return self.codes // SHAPES

    @property
    def shapes(self) -> Codes:
        """What the vocabulary does not tell of the pieces."""
        return self.codes % SHAPES


class _Made(dict[str, T]):
    """What ``make`` gives for short texts, made once; begins anew when it is full, so memory stays bounded."""

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> T:
        made = self._make(text)
        if len(text) <= _CACHED_LENGTH:
            if len(self) >= _CACHED:
                self.clear()
            self[text] = made
        return made


class WordPiece:
    """Splits text by one vocabulary; holds no state but bounded caches of short words.

    Args:
        vocabulary: the pieces in the order of their ids; continuing pieces
            begin with ``##``. Must hold ``[UNK]``, ``[CLS]`` and ``[SEP]``.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._ids = {piece: number for number, piece in enumerate(vocabulary)}
        self.unknown = self._ids["[UNK]"]
        self.first = self._ids["[CLS]"]
        self.last = self._ids["[SEP]"]
        # How long pieces that begin with a character can be: of a number no more than a few digits are tried at once.
        self._longest: dict[str, int] = {}
        for piece in vocabulary:
            begins, length = (piece[:3], len(piece) - 2) if piece.startswith("##") else (piece[:1], len(piece))
            self._longest[begins] = max(length, self._longest.get(begins, 0))
        # By what stands between two spaces, with the space before it; codes are bytes, which are joined fastest.
        self._placed = _Made(self._split)
        self._codes = _Made(self._coded)
        self._glued = _Made(self._plain)
        self._cuts = _Made(self._cut)

    @classmethod
    def load(cls, file: Path) -> WordPiece:
        """Read a vocabulary file, one piece a line (UTF-8).

        Raises:
            OSError: the file cannot be read.
            KeyError: one of the special pieces is missing.
        """
        return cls(file.read_text(encoding="utf-8").rstrip("\n").split("\n"))

    def encode(self, text: str) -> Pieces:
        """Return the pieces of ``text``, without the special first and last one."""
        codes: list[Codes] = [_NO_CODES]
        starts: list[int] = []
        ends: list[int] = []
        for match in _CHUNK.finditer(text.rstrip(_SPACES)):
            start = match.start()
            chunk = self._placed[match.group()]
            codes.append(chunk.codes)
            starts += [start + offset for offset in chunk.starts]
            ends += [start + offset for offset in chunk.ends]
        return Pieces(np.concatenate(codes), starts, ends)

    def encode_unplaced(self, text: str) -> Pieces:
        """Return the same pieces without offsets, which takes a fraction of the time."""
        chunks = _CHUNK.findall(text.rstrip(_SPACES))
        return Pieces(np.frombuffer(b"".join(map(self._codes.__getitem__, chunks)), np.int32))

    def _coded(self, chunk: str) -> bytes:
        """Return the codes of the pieces of a chunk; the words of plain ASCII are known singly more often."""
        shown = chunk.lstrip(_SPACES)
        if _NOT_PLAIN.search(shown):
            return self._split(chunk).codes.tobytes()
        words = b"".join(map(self._glued.__getitem__, _ASCII_WORD.findall(shown)))
        return _moved(words, _gap(chunk, 0, len(chunk) - len(shown)))

    def _plain(self, word: str) -> bytes:
        """Return the codes of a word of plain ASCII with nothing before it."""
        case = _case(word)
        codes: list[int] = []
        at = 0
        for number, length in self._cuts[word.lower()]:
            codes.append(_code(number, case, word[at], gap=0))
            at += length
        return struct.pack(f"={len(codes)}i", *codes)

    def _split(self, chunk: str) -> Pieces:
        codes: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        shown = chunk.lstrip(_SPACES)
        shift = len(chunk) - len(shown)
        # Only the first chunk of a text may begin without a space.
        opening, previous = _gap(chunk, 0, shift), 0
        for word, begins, stops in _words(shown):
            case = _case(shown[begins[0] : stops[-1]])
            gap = _gap(shown, previous, begins[0]) if previous else opening
            at = 0
            for number, length in self._cuts[word]:
                begin = begins[at]
                codes.append(_code(number, case, shown[begin], gap))
                starts.append(shift + begin)
                ends.append(shift + stops[at + length - 1])
                gap = 0
                at += length
            previous = stops[-1]
        return Pieces(np.array(codes, np.int32), starts, ends)

    def _cut(self, word: str) -> tuple[tuple[int, int], ...]:
        whole = ((self.unknown, len(word)),)
        if len(word) > MAX_WORD:
            return whole
        pieces = []
        start = 0
        while start < len(word):
            going_on = "##" if start else ""
            longest = self._longest.get(going_on + word[start], 0)
            for end in range(min(len(word), start + longest), start, -1):
                number = self._ids.get(going_on + word[start:end])
                if number is not None:
                    pieces.append((number, end - start))
                    start = end
                    break
            else:
                return whole
        return tuple(pieces)


_NONE, _LOWER, _TITLE, _UPPER, _MIXED = range(5)


def _case(word: str) -> int:
    if word.islower():
        return _LOWER
    if word.isupper():
        return _UPPER if len(word) > 1 else _TITLE
    if word[0].isupper() and word[1:].islower():
        return _TITLE
    return _MIXED if word.lower() != word.upper() else _NONE


_OPENING = 3


def _gap(text: str, start: int, end: int) -> int:
    """0 nothing, 1 one space, 2 a wide gap or tab, 3 a line end (or the start of the text)."""
    if end == 0:
        return _OPENING
    between = text[start:end]
    if between == " ":
        return 1
    if "\n" in between or "\r" in between:
        return 3
    return 2 if "\t" in between or len(between) > 1 else int(start < end)


def _code(piece: int, case: int, letter: str, gap: int) -> int:
    """The code of a piece of a word of this case; ``letter`` is the first of the piece, ``gap`` what is before it."""
    return piece * SHAPES + (case + (case == _MIXED and letter.isupper())) * 4 + gap


def _moved(codes: bytes, gap: int) -> bytes:
    """Change the gap before the first of some codes by ``gap``."""
    first, *_ = _CODE.unpack_from(codes)
    return _CODE.pack(first + gap) + codes[_CODE.size :]


def after_space(code: int) -> int:
    """The code of a text's first piece, as it is where the text goes on behind one space."""
    return code - 2 if code % 4 == 3 else code


def _words(text: str) -> Iterator[tuple[str, Sequence[int], Sequence[int]]]:
    """Yield normalised words and, for each of their characters, where it starts and ends in ``text``."""
    if _NOT_PLAIN.search(text) is None:
        lowered = text.lower()
        for match in _ASCII_WORD.finditer(text):
            start, end = match.span()
            yield lowered[start:end], range(start, end), range(start + 1, end + 1)
        return
    word: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for offset, character in enumerate(text):
        for kind, letter in _normal(character):
            if kind is _Kind.LETTER:
                word.append(letter)
                starts.append(offset)
                ends.append(offset + 1)
                continue
            if kind is _Kind.ACCENT:
                if word:
                    ends[-1] = offset + 1
                continue
            if word:
                yield "".join(word), starts, ends
                word, starts, ends = [], [], []
            if kind is _Kind.MARK:
                yield letter, (offset,), (offset + 1,)
    if word:
        yield "".join(word), starts, ends


class _Kind(Enum):
    LETTER = 1
    MARK = 2
    SPACE = 3
    ACCENT = 4


def _normal(character: str) -> Iterator[tuple[_Kind, str]]:
    """Yield what becomes of one character: normalised letters, a mark on its own, a space, or nothing."""
    if character.isascii() and character.isalnum():
        yield _Kind.LETTER, character.lower()
        return
    category = unicodedata.category(character)
    if character in "\t\n\r" or category in {"Zs", "Zl", "Zp"}:
        yield _Kind.SPACE, " "
        return
    if category in {"Cc", "Cf", "Co", "Cs"} or character in "\0\ufffd":
        return
    if _cjk(ord(character)):
        yield _Kind.MARK, character
        return
    for part in unicodedata.normalize("NFD", character):
        if unicodedata.category(part) == "Mn":
            yield _Kind.ACCENT, part
            continue
        for letter in part.lower():
            yield (_Kind.MARK if _punctuation(letter) else _Kind.LETTER), letter


def _punctuation(character: str) -> bool:
    code = ord(character)
    ascii_mark = 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
    return ascii_mark or unicodedata.category(character).startswith("P")


def _cjk(code: int) -> bool:
    """Whether a code point is in the blocks of Chinese characters that BERT sets apart."""
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0x20000 <= code <= 0x2A6DF
        or 0x2A700 <= code <= 0x2CEAF
        or 0xF900 <= code <= 0xFAFF
        or 0x2F800 <= code <= 0x2FA1F
    )
