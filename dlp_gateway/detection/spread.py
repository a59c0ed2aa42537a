"""Values whose characters are spread out: over lines, cells, odd separators, spelled as words.

"TFN: 4 1 2 / 2-7-7 / 3 0 5", one digit a line, "four one two ...": where a
label says what follows, the characters behind it are pulled together and
compared with the compact form of the value. Only recognisers with a validator
use this, so a chance match needs the label, the length and the check digit.
"""

from __future__ import annotations

import re

# How far behind a label the value may begin, and over how many bytes it may stretch.
LEAD = 80
REACH = 240

_WORDS = {
    "zero": "0",
    "oh": "0",
    "nought": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
}
# Words that people put between groups when they dictate.
_FILLERS = frozenset(("and", "then", "dash", "hyphen", "space", "dot", "slash", "next", "followed", "by", "point"))
_REPEATS = {"double": 2, "triple": 3}
_TOKEN = re.compile(rb"[A-Za-z]+|\d|[^A-Za-z\d]")
_LOOKS_LIKE = str.maketrans("OoQDIlLiSsBZz", "0000111155822")


def gather(data: bytes, start: int, *, letters: bool) -> tuple[str, list[tuple[int, int]]]:
    """Pull together the characters from ``start`` on.

    Returns the characters and the byte span of each. Digits, spelled digits and,
    with ``letters``, short runs of capitals count; separators of up to four
    characters and dictation words are passed over; anything else ends it.
    """
    figures: list[str] = []
    spans: list[tuple[int, int]] = []
    gap, repeat = 0, 1
    for token in _TOKEN.finditer(data, start, min(len(data), start + REACH)):
        text = token[0].decode("ascii", "replace")
        taken = _taken(text, letters=letters)
        if taken:
            figures.extend(taken * repeat if len(taken) == 1 else taken)
            spans.extend([token.span()] * (len(taken) * (repeat if len(taken) == 1 else 1)))
            gap, repeat = 0, 1
        elif text.lower() in _REPEATS:
            repeat = _REPEATS[text.lower()]
        elif text.lower() in _FILLERS:
            gap = 0
        elif not text.isalpha() and gap < 4 and text not in "@#&=":
            gap += 1
        else:
            break
    return "".join(figures), spans


def _taken(text: str, *, letters: bool) -> str:
    """Return the characters of the value that a token stands for, if any."""
    if text.isdigit():
        return text
    spelled = _WORDS.get(text.lower())
    if spelled is not None:
        return spelled
    if not text.isalpha():
        return ""
    if letters:
        return text if len(text) <= 4 and text.isupper() else ""
    folded = text.translate(_LOOKS_LIKE)
    return folded if folded.isdigit() and len(text) <= 3 else ""
