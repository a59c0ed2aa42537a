"""Names for messages: short enough to read out, and sorted by time."""

from __future__ import annotations

import base64
import secrets

# Crockford's base 32: no i, l, o, u, so that nobody misreads one on the telephone.
_ALPHABET = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"0123456789abcdefghjkmnpqrstvwxyz")
_TICKS = 256


def new_id(at: float) -> str:
    """An identifier for a message first seen at ``at`` (seconds since the epoch, to the year 2106).

    Eight characters of time (in 256ths of a second), a hyphen, eight random
    ones (40 bits). Identifiers made later sort later, so that an index over
    them grows at its end.
    """
    return f"{_text(int(at * _TICKS).to_bytes(5, 'big'))}-{_text(secrets.token_bytes(5))}"


def _text(data: bytes) -> str:
    return base64.b32hexencode(data).translate(_ALPHABET).decode("ascii")
