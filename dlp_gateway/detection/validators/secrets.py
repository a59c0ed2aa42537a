"""Passwords and keys: what is a secret, and what only stands where one would."""

from __future__ import annotations

import re
from collections import Counter
from math import log2

_PLACEHOLDER = re.compile(
    r"[*•x_.\-?#]{3,}|<.*|\[.*|\{.*|\$[({].*|%.*%|.*(?:your|example|changeme|placeholder|redacted|dummy|xxxx|\.\.\.).*",
    re.IGNORECASE,
)

_HYPHENATED = re.compile(r"[A-Z]?[a-z]+(?:[-'/][A-Za-z]?[a-z]+)*")
_UNFILLED = re.compile(
    r"[\W_]*$|(?:none|no|nil|n/?a|not (?:applicable|exported|known|stated|disclosed|recorded|provided|required)"
    r"|unknown|tbc|tba|tbd|optional|required"
    r"|yes ?/ ?no|text\b|string|varchar|char\b|numeric|integer|boolean|free text|select|choose|please"
    r"|all\b|any\b|see\b|under \d|keine?|ninguna?)\b",
    re.IGNORECASE,
)


def password(value: str) -> bool:
    """Accept what a person would set as a password: letters with digits, symbols or both cases, no placeholder."""
    text = value.rstrip(".,;:!?)")
    if len(text) < 4 or _PLACEHOLDER.fullmatch(text):
        return False
    kinds = sum(any(map(test, text)) for test in (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum()))
    # "Incorrect" begins with a capital and is a word; two kinds count only if it is more than that.
    word = text.isalpha() and text[1:].islower()
    return kinds >= 2 and not word and not _HYPHENATED.fullmatch(text)


def filled(value: str) -> bool:
    """Accept what somebody wrote into a form; not blanks, "none", "n/a", "yes / no" or the description of a field."""
    text = value.strip().strip(".,;:!?").lower()
    return bool(text) and not _UNFILLED.match(text)


def secret(value: str) -> bool:
    """Accept a generated key: mixed characters, at least 2.8 bits a character, no placeholder and no path of words."""
    if _PLACEHOLDER.fullmatch(value) or not any(map(str.isdigit, value)) or not any(map(str.isalpha, value)):
        return False
    counts = Counter(value)
    return -sum(n / len(value) * log2(n / len(value)) for n in counts.values()) >= 2.8
