"""Words that point at a statement, each in its language.

The statements model decides. A word of its label in a passage that is surely
about a person lowers what it takes; in a language other than English, where
the model sees little, the word and a person's name in one passage suffice. So
a word counts in passages of its own language alone: "zona" is a wife in
Polish typed without accents, and a place in Spanish.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ahocorasick_rs

from dlp_gateway.configfile import ConfigError, Problem
from dlp_gateway.detection.context import Hit, Vocabulary, view
from dlp_gateway.detection.languages import ENGLISH, LANGUAGES, languages
from dlp_gateway.detection.normalise import Normalised, Normaliser
from dlp_gateway.detection.packs import read_words
from dlp_gateway.detection.values import PersonSpan

# Words above the first section of a list; they count in every language.
_ANY = "any"
_SECTION = re.compile(r"\[(\w+)\]")
_LETTER = re.compile(rb"[a-z0-9\x80-\xff]")
_ENDING = rb"[a-z0-9\x80-\xff]*"


@dataclass(frozen=True, slots=True)
class _Cue:
    """A word of one language; ``rest`` is what has to follow its beginning, the part before the first ``*``."""

    label: str
    language: str
    beginning: str
    rest: re.Pattern[bytes]

    @property
    def accented(self) -> bool:
        return not self.beginning.isascii()


class Cues:
    """The words of ``lexicons/cues/<label>.txt`` in the pack directories, found in one pass."""

    def __init__(self, words: Mapping[str, Sequence[str]], normaliser: Normaliser) -> None:
        """Take the lines of each label: words, and headings of sections such as ``[de]``."""
        self._normaliser = normaliser
        listed = [(label, *entry) for label, lines in words.items() for entry in _entries(lines)]
        common = [one for one in listed if one[1] in (_ANY, ENGLISH)]
        self._vocabulary = Vocabulary(sorted({word for _, _, word in common}), normaliser)
        self._common: dict[int, set[tuple[str, str]]] = {}
        for label, language, word in common:
            for number in self._vocabulary.numbers([word]):
                self._common.setdefault(number, set()).add((label, language))
        foreign: dict[bytes, list[_Cue]] = {}
        for label, language, word in listed:
            if language not in (_ANY, ENGLISH):
                beginning, star, rest = word.lower().partition("*")
                cue = _Cue(label, language, beginning, _rest(star + rest, normaliser))
                foreign.setdefault(_form(beginning, normaliser), []).append(cue)
        self._foreign = list(foreign.values())
        self._beginnings = ahocorasick_rs.BytesAhoCorasick(list(foreign))

    @classmethod
    def load(cls, directories: Sequence[Path], labels: Sequence[str], normaliser: Normaliser) -> Cues:
        """Read the word lists; those of later directories are added.

        Raises:
            ConfigError: a list cannot be read, its name is no label, or a section no language that is known.
        """
        words: dict[str, list[str]] = {}
        for directory in directories:
            for path in sorted((directory / "lexicons" / "cues").glob("*.txt")):
                if path.stem not in labels:
                    raise ConfigError([Problem(path.name, 0, f"there is no statement label {path.stem!r}")])
                try:
                    lines = read_words(path)
                    list(_entries(lines))
                except (OSError, ValueError) as error:
                    raise ConfigError([Problem(path.name, 0, str(error))]) from error
                # Each list begins without a section, whatever the one before it ended with.
                words.setdefault(path.stem, []).extend((f"[{_ANY}]", *lines))
        return cls(words, normaliser)

    def labels(self, passage: str, names: Sequence[PersonSpan] = ()) -> frozenset[str]:
        """Return the labels that a word of the passage points at; a word in one of the ``names`` points at nothing.

        Karen, Marie, Jain and Black are names of people far more often than anything else.
        """
        normalised = self._normaliser(passage)
        spans = [normalised.bytes_of(name.start, name.end) for name in names]
        found = {label for hit in self._common_hits(normalised, spans) for label, _ in self._common[hit.word]}
        return frozenset(found | self._of_other_languages(passage, normalised, names, spans))

    def may_suffice(self, passage: str) -> bool:
        """Tell cheaply whether ``sufficient`` could return anything, whoever is named and whatever the language is."""
        data = self._normaliser(passage).data
        return bool(self._beginnings.find_matches_as_indexes(view(data))) or any(
            language == _ANY for hit in self._vocabulary.find(data) for _, language in self._common[hit.word]
        )

    def sufficient(self, passage: str, names: Sequence[PersonSpan]) -> frozenset[str]:
        """Return the labels that a word of a language other than English points at, in a passage of that language.

        Words of every language suffice where the passage is surely not English. The language is told without the
        names: "de la Cruz" is no Spanish.
        """
        normalised = self._normaliser(passage)
        spans = [normalised.bytes_of(name.start, name.end) for name in names]
        found = self._of_other_languages(passage, normalised, names, spans)
        if ENGLISH not in languages(_without(passage, names)):
            pairs = (pair for hit in self._common_hits(normalised, spans) for pair in self._common[hit.word])
            found |= {label for label, language in pairs if language == _ANY}
        return frozenset(found)

    def _common_hits(self, normalised: Normalised, spans: Sequence[tuple[int, int]]) -> Iterator[Hit]:
        return (hit for hit in self._vocabulary.find(normalised.data) if _outside(hit.start, hit.end, spans))

    def _of_other_languages(
        self, passage: str, normalised: Normalised, names: Sequence[PersonSpan], spans: Sequence[tuple[int, int]]
    ) -> set[str]:
        found: set[str] = set()
        spoken: frozenset[str] | None = None
        data = view(normalised.data)
        for number, start, end in self._beginnings.find_matches_as_indexes(data, overlapping=True):
            if (start and _LETTER.match(data, start - 1)) or not _outside(start, end, spans):
                continue
            spoken = spoken or languages(_without(passage, names))
            low, high = normalised.span(start, end)
            written = passage[low:high].lower()
            found.update(
                cue.label
                for cue in self._foreign[number]
                if cue.language in spoken and cue.rest.match(data, end) and (len(spoken) == 1 or _same(cue, written))
            )
        return found


def _entries(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each word with its language.

    Raises:
        ValueError: a section is no language that is known, or a word begins with ``*``.
    """
    language = _ANY
    for line in lines:
        if heading := _SECTION.fullmatch(line):
            language = heading[1]
            if language not in LANGUAGES | {_ANY}:
                raise ValueError(f"there is no language {language!r}; there are {', '.join(sorted(LANGUAGES))}")
        else:
            if line.startswith("*"):
                raise ValueError(f"{line!r} has no beginning")
            yield language, line


def _form(word: str, normaliser: Normaliser) -> bytes:
    return b" ".join(view(normaliser(word).data).split())


def _rest(rest: str, normaliser: Normaliser) -> re.Pattern[bytes]:
    """Return what follows the beginning of a word: any ending for each ``*``, and the end of the word."""
    # The space that ends a piece is part of the phrase: "zwolnieni* lekarsk*".
    pieces = [re.escape(view(normaliser(piece).data)) for piece in rest.split("*")]
    return re.compile(_ENDING.join(pieces) + rb"(?!" + _LETTER.pattern + rb")")


def _same(cue: _Cue, written: str) -> bool:
    """Tell whether a word has its accents; where the language is not sure, they make the word."""
    return not cue.accented or written.replace("-", " ") == cue.beginning.replace("-", " ")


def _without(passage: str, names: Sequence[PersonSpan]) -> str:
    for name in names:
        passage = passage[: name.start] + " " * (name.end - name.start) + passage[name.end :]
    return passage


def _outside(start: int, end: int, spans: Sequence[tuple[int, int]]) -> bool:
    return not any(low < end and start < high for low, high in spans)
