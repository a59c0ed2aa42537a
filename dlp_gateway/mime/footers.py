"""A footer in clear text behind a base64 body, as mailing lists and disclaimer appliances append it.

Lenient decoders make rubbish of its letters; where all of the body is accounted
for, as encoded text and as a footer, the rubbish is no file.
"""

from __future__ import annotations

import binascii
import re

# Lines of one length, a last one that may be shorter, and the end of the line (RFC 2045, section 6.8).
_FIRST = re.compile(rb"\s*+([A-Za-z0-9+/]{4,998}+)(={0,2})[ \t]*\r?\n")
_LONG_WORD = re.compile(rb"[A-Za-z0-9+/]{41}")  # longer than words are, and parts of a link
_LONGEST = 2_000


def body_above(raw: bytes) -> bytes | None:
    """Return what the base64 in ``raw`` holds when nothing but a short footer of words stands behind it; else None."""
    first = _FIRST.match(raw)
    if first is None:
        return None
    end, lines = first.end(), [first[1] + first[2]]
    if not first[2]:
        following = re.compile(rb"[A-Za-z0-9+/]{1,%d}={0,2}[ \t]*\r?(?:\n|\Z)" % len(first[1]))
        while len(lines[-1]) == len(first[1]) and (line := following.match(raw, end)):
            lines.append(line[0].strip())
            end = line.end()
    footer = raw[end:]
    if not footer.strip() or len(footer) > _LONGEST or _LONG_WORD.search(footer):
        return None
    try:
        return binascii.a2b_base64(b"".join(lines), strict_mode=True)
    except binascii.Error:
        return None
