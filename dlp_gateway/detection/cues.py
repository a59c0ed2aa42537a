"""Words that point at a statement, in the languages the model was not trained on too.

The statements model decides. A word of its label in a passage that is surely
about a person lowers what it takes; in a language other than English, where
the model sees little, the word and a person's name in one passage suffice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlp_gateway.configfile import ConfigError, Problem
from dlp_gateway.detection.context import Vocabulary
from dlp_gateway.detection.normalise import Normaliser
from dlp_gateway.detection.packs import read_words
from dlp_gateway.detection.values import PersonSpan

_WORD = re.compile(r"[^\W\d_]+")
# The commonest function words that the other languages do not share; "van", "met", "per", "do" are English, too.
_ENGLISH = frozenset(
    "the and of is was are has have had with for from that this she he his her they you your we our will would not"
    " been who which at by as it be my".split()
)
_OTHER = frozenset(
    "der die das und ist nicht mit von für wird hat haben wurde sich dem den ein eine einen bei nach seit wegen unser"
    " unsere frau herr ihre seine le la les des une est pas pour dans avec sur nous vous qui ses son elle mme du au aux"
    " el los las una para con por que del su sus está nuestro nuestra il lo gli della di non è nostra nostro sono"
    " het een niet voor zijn haar onze wij werd op aan nie jest się z w od pan pani dla przez o os um uma"
    " não com da dos sua seu och att det som för inte är hun han til ikke ja ei".split()
)


class Cues:
    """The words of ``lexicons/cues/<label>.txt`` in the pack directories, found in one pass."""

    def __init__(self, words: Mapping[str, Sequence[str]], normaliser: Normaliser) -> None:
        self._normaliser = normaliser
        self._vocabulary = Vocabulary(sorted({word for some in words.values() for word in some}), normaliser)
        self._labels: dict[int, set[str]] = {}
        for label, some in words.items():
            for number in self._vocabulary.numbers(some):
                self._labels.setdefault(number, set()).add(label)

    @classmethod
    def load(cls, directories: Sequence[Path], labels: Sequence[str], normaliser: Normaliser) -> Cues:
        """Read the word lists; those of later directories are added.

        Raises:
            ConfigError: a list cannot be read, or its name is no label.
        """
        words: dict[str, list[str]] = {}
        for directory in directories:
            for path in sorted((directory / "lexicons" / "cues").glob("*.txt")):
                if path.stem not in labels:
                    raise ConfigError([Problem(path.name, 0, f"there is no statement label {path.stem!r}")])
                try:
                    words.setdefault(path.stem, []).extend(read_words(path))
                except (OSError, ValueError) as error:
                    raise ConfigError([Problem(path.name, 0, str(error))]) from error
        return cls(words, normaliser)

    def labels(self, passage: str, names: Sequence[PersonSpan] = ()) -> frozenset[str]:
        """Return the labels that a word of the passage points at; a word in one of the ``names`` points at nothing.

        Karen, Marie, Jain and Black are names of people far more often than anything else.
        """
        normalised = self._normaliser(passage)
        spans = [normalised.bytes_of(name.start, name.end) for name in names]
        found = {
            hit.word
            for hit in self._vocabulary.find(normalised.data)
            if not any(start < hit.end and hit.start < end for start, end in spans)
        }
        return frozenset(label for number in found for label in self._labels[number])


def is_english(passage: str) -> bool:
    """Tell whether the function words of a passage are English; a passage without any counts as English."""
    words = _WORD.findall(passage.lower())
    if _OTHER.isdisjoint(words):
        return True
    return len([word for word in words if word in _ENGLISH]) >= len([word for word in words if word in _OTHER])
