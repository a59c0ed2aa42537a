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

# What is said of a password instead of telling it.
_REMARKS = re.compile(
    r"(?:un)?(?:changed|known|set|sent|told|given)|same|forgotten|forgot|lost|wrong|incorrect|invalid|expired|reset|hidden"
    r"|masked|removed|withheld|separate(?:ly)?|texted|sms|phone|mail|e-?mail(?:ed)?|attached|below|above|later|follows"
    r"|pending|secret|your\w*|string|text|char|varchar|word|password|passwort|kennwort|encrypted|hashed|vault|keepass"
    r"|bitwarden|lastpass|1password|unveraendert|unverandert|folgt|separat|getrennt|vergessen|geheim|bekannt|inconnu",
    re.IGNORECASE,
)

# What a password is like.
_DESCRIBED = re.compile(
    r"weak|strong|short|long|safe|unsafe|insecure|correct|right|valid|default|locked|blocked|blank|empty|missing|mandatory"
    r"|needed|shared|private|personal|confidential|stored|safely|ready|active|okay|case-sensitive|provided|supplied|issued"
    r"|chosen|created|complicated|simple|easy|new|old",
    re.IGNORECASE,
)
# Words of a sentence about a password; a passphrase is of nouns, verbs and the like.
_SENTENCE = re.compile(
    r"\b(?:the|this|that|will|would|can|may|must|should|shall|your?|our|their|from|with|for|ask|call|please|are|is|was|has|been"
    r"|not|and|you|them|which|when|see|sent|separate(?:ly)?|later|by|to|in|on)\b",
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


def chosen_password(value: str) -> bool:
    """Accept what stands behind a user name and "Password:", a plain word too; no placeholder and no remark."""
    text = value.rstrip(".,;:!?)")
    said = _REMARKS.fullmatch(text) or _DESCRIBED.fullmatch(text) or (" " in text and _SENTENCE.search(text))
    plain = len(text) >= 4 and filled(text) and not _PLACEHOLDER.fullmatch(text) and not said
    return plain and not text.startswith(("http:", "https:", "(", "/"))


_PAIR = re.compile(
    r"[:=] ?(?P<user>[a-z][a-z0-9._@-]{2,60}) ?(?P<slash>/) ?(?P<password>[^\s/]{6,64})\Z", re.IGNORECASE
)
# A place in the web or in folders is no user with a password.
_PLACE = re.compile(
    r"\b(?:pages?|guides?|manuals?|documentation|docs|folders?|files?|path|site|website|portal|link|url|wiki|forms?|drive|share)\b",
    re.IGNORECASE,
)
_HOST = re.compile(
    r"(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|info|biz|app|dev|cloud|online|example|local|internal|[a-z]{2})",
    re.IGNORECASE,
)


def login_pair(value: str) -> bool:
    """Accept "login ...: user / password"; not the address of a page or the path of a folder."""
    found = _PAIR.search(value)
    if found is None:
        return False
    label, user = value[: found.start()], found["user"]
    spaced = value[found.start("slash") - 1] == " " == value[found.end("slash")]
    place = not spaced and (_PLACE.search(label) is not None or _HOST.fullmatch(user) is not None)
    return not place and password(found["password"])


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
