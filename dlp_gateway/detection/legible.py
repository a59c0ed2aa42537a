"""Text as the models are to read it: what a disguise took from plain letters is given back, the rest stays.

The models were taught ordinary text with its accents and quotes. Invisible
characters, full-width and mathematical letters, and letters of another script
in a line that is mostly of Latin ones are folded as for patterns; a line in
another script is left as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from dlp_gateway.detection.folding import fold

# Whatever is not of ordinary Latin text: controls, the soft hyphen, other scripts, compatibility forms, blanks.
_ODD = re.compile("[^\t\n\r -~\xa0-\xac\xae-\u024f\u1e00-\u1eff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2122]")
_LATIN = re.compile("[A-Za-z\xc0-\u024f\u1e00-\u1eff]")
_MARKS = frozenset({"Mn", "Mc", "Me"})


@dataclass(frozen=True, slots=True)
class Legible:
    """The text, and for each of its characters the one that it comes from (None: the same)."""

    text: str = field(repr=False)
    origin: Sequence[int] | None = field(repr=False, default=None)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Translate a non-empty span into characters of the text as it is written."""
        if self.origin is None:
            return start, end
        return self.origin[start], self.origin[end - 1] + 1


def legible(text: str) -> Legible:
    """Return the text as it reads; linear, and of ordinary text the text itself."""
    if _ODD.search(text) is None:
        return Legible(text)
    lines = [_forms(line) if _ODD.search(line) else line for line in text.split("\n")]
    forms = [form for line in lines for form in (*line, "\n")][:-1]
    origin = [place for place, form in enumerate(forms) for _ in form]
    return Legible("".join(forms), origin)


def _forms(line: str) -> list[str]:
    """Return what each character of a line reads as."""
    foreign = sum(_is_foreign(character) for character in line if not character.isascii())
    latin = len(_LATIN.findall(line)) >= foreign
    return [character if _ODD.match(character) is None else _form(character, latin=latin) for character in line]


def _form(character: str, *, latin: bool) -> str:
    if _is_foreign(character) and not latin:
        return character
    if unicodedata.category(character) in _MARKS and not latin:
        return character
    form = fold(character) if not character.isascii() else ""
    return form.replace("\n", " ")


def _is_foreign(character: str) -> bool:
    """Tell whether a character is a letter of another script, and no form of a Latin one."""
    if not character.isalpha() or _LATIN.match(character):
        return False
    return _LATIN.match(unicodedata.normalize("NFKD", character)) is None
