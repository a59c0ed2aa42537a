"""Looking for a person's names, numbers or addresses in the texts of an opened message, in the confined worker.

What leaves the worker is where something stands and how often, never the text,
and no name of a file: a place is its role and a number, as in the facts that
are kept of a decision.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dlp_gateway.detection.normalise import Normaliser
from dlp_gateway.model import Role, Text

# Words of a name may stand in another order, with a title or a middle name between them.
_BETWEEN = 1
_WORD = re.compile(r"\w+")
_SEPARATORS = r"[\s.\-/()]{0,2}"
_LEAST_DIGITS = 5

Place = tuple[str, int, int]


def places(texts: Sequence[Text], words: Sequence[str]) -> list[Place]:
    """The role and number of each text that holds one of ``words``, and how often; in order.

    Letters are compared as they read (case, accents and look-alikes folded),
    numbers whatever separates their digits. The words of one name count in
    any order when they stand together.
    """
    normalise = Normaliser()
    wanted = [_Wanted(_read(normalise, word)) for word in words if word.strip()]
    numbers: dict[str, int] = {}
    found: dict[tuple[str, int], int] = {}
    for text in texts:
        place = (text.role.value, 0 if text.role is Role.SUBJECT else numbers.setdefault(text.where, len(numbers) + 1))
        read = _read(normalise, text.text)
        count = sum(one.count(read) for one in wanted)
        if count:
            found[place] = max(count, found.get(place, 0))  # several readings of one place are one place
    return [(role, number, count) for (role, number), count in found.items()]


class _Wanted:
    """One name, number or address to look for."""

    def __init__(self, word: str) -> None:
        digits = re.sub(r"\D", "", word)
        letters = re.search(r"[^\W\d_]", word)
        self._tokens = _WORD.findall(word)
        self._exact: re.Pattern[str] | None = None
        if letters is None and len(digits) >= _LEAST_DIGITS:
            self._exact = re.compile(rf"(?<!\d){_SEPARATORS.join(digits)}(?!\d)")
        elif "@" in word or len(self._tokens) <= 1:
            self._exact = re.compile(rf"(?<!\w){re.escape(word.strip())}(?!\w)")

    def count(self, text: str) -> int:
        """How often it stands in ``text``."""
        if self._exact is not None:
            return sum(1 for _ in self._exact.finditer(text))
        first = set(self._tokens)
        if not all(token in text for token in first):
            return 0
        return self._together(_WORD.findall(text))

    def _together(self, tokens: Sequence[str]) -> int:
        """How often all words stand within as many words and a few more."""
        wanted = sorted(self._tokens)
        reach = len(wanted) + _BETWEEN
        count, at = 0, 0
        last = len(tokens) - len(wanted)
        known = set(wanted)
        while at <= last:
            if tokens[at] in known:
                near = [token for token in tokens[at : at + reach] if token in known]
                if all(near.count(token) >= wanted.count(token) for token in known):
                    count += 1
                    at += len(wanted)
                    continue
            at += 1
        return count


def _read(normalise: Normaliser, text: str) -> str:
    """The text as it reads, in lower case."""
    return normalise(text).data.decode("utf-8", "replace").lower()
