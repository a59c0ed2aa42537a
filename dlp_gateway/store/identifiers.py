"""Names for messages: short enough to read out, sorted by time, never guessable."""

from __future__ import annotations

import secrets

# Crockford's base 32: no i, l, o, u, so that nobody misreads one on the telephone.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(at: float) -> str:
    """An identifier for a message first seen at ``at`` (seconds since the epoch).

    Nine characters of time (milliseconds), a hyphen, twelve random ones (60
    bits). Identifiers made later sort later, so that an index over them grows
    at its end.
    """
    return f"{_digits(int(at * 1000), 9)}-{_digits(secrets.randbits(60), 12)}"


def _digits(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, 32)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))
