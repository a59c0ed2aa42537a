"""Text of unknown character set: which bytes are text at all, and how to read them."""

from __future__ import annotations

import codecs

from dlp_gateway.mime import charsets

_WIDE_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\x0b\x0c\r\x08\x1a\x1b")) + b"\x7f"


def is_wide(content: bytes) -> bool:
    """Whether ``content`` is UTF-16 or UTF-32, by its mark or its zero bytes."""
    return content.startswith(_WIDE_MARKS) or charsets.utf16_by_zeros(content) is not None


def is_text(content: bytes) -> bool:
    """Whether ``content`` is text in some usual character set: hardly a control character in all of it."""
    if is_wide(content):
        return True
    controls = len(content) - len(content.translate(None, _CONTROLS))
    return controls * 500 <= len(content) and content.count(0) * 2000 <= len(content)


def readings(content: bytes, declared: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return every plausible reading of a text file, the likeliest first; never raises."""
    return tuple(dict.fromkeys(text.removeprefix("\ufeff") for text in charsets.decode(content, declared).texts))


def decode(content: bytes) -> str:
    """Return one reading of a short text (a name, a comment): the guess by its letters when there is one."""
    return readings(content)[-1]
