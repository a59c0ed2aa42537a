"""Text behind a right-to-left override, in the order in which it is shown.

U+202E makes every mail program show what follows from right to left, letters
of Latin script too, up to U+202C or the end of the line (Unicode Standard
Annex 9, 2.2 and 3.3.2). Honest mail has no use for it.
"""

from __future__ import annotations

import re

OVERRIDE = "\u202e"
_RUN = re.compile("\u202e+([^\u202c-\u202e\u2066-\u2069\n\r\u2028\u2029]*)")
_NOTHING = "\u200b"


def as_shown(text: str) -> str:
    """Return the text as it is shown, of the same length: what is overridden reversed, the override itself as nothing.

    Text without one is returned as it is. The result holds no override.
    """
    if OVERRIDE not in text:
        return text
    return _RUN.sub(_reversed, text)


def as_written(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where characters ``start:end`` of the text as it is shown stand in ``text``."""
    if OVERRIDE not in text:
        return start, end
    for run in _RUN.finditer(text, max(0, text.rfind(OVERRIDE, 0, start + 1))):
        low, high = run.span(1)
        if low >= end:
            break
        if low <= start and end <= high:
            return low + high - end, low + high - start
        if start < high:
            start, end = min(start, low), max(end, high)
    return start, end


def _reversed(match: re.Match[str]) -> str:
    return _NOTHING * (match.start(1) - match.start()) + match[1][::-1]
