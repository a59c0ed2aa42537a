"""Text inside text: base64, hexadecimal, percent and character escapes, entities, ROT13.

Encoding is no encryption: whatever a reader with an online decoder can read is
read here too. Only what decodes to plain text counts; the finding points at
the encoded stretch.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import quopri
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

import re2

# Shorter stretches hold no identifier with its label; longer ones are files, which the document readers unpack.
_SHORTEST, _LONGEST = 12, 1 << 20
_PRINTABLE = 0.92
DEPTH = 2

_BASE64 = re2.compile(
    r"(?:[A-Za-z0-9+/_-]{16,}[ \t]*\r?\n[ \t]*)*[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]{1,15})?={0,2}"
)
_HEX = re2.compile(r"(?i)\b(?:[0-9a-f]{2}[ :]?){12,}")
_ROT13 = re2.compile(r"(?i)\brot[ -]?13\b")
_SURROGATE = re.compile("[\ud800-\udfff]")
_JUNK = re.compile(r"[\s:]+")


# Where it is worth decoding, in normalised text (RE2 syntax, letters of either case).
TRIGGER = (
    r"[a-z0-9+/]{20}[a-z0-9+/_-]{4}|(?:[0-9a-f]{2}[ :]){11}|(?:%[0-9a-f]{2}[^%\n]{0,8}){3}"
    r"|(?:&#x?[0-9a-f]{1,7};?[^&\n]{0,8}){2}"
    r"|(?:\\[ux][0-9a-f]{2,4}[^\\\n]{0,8}){2}|(?:=[0-9a-f]{2}[^=\n]{0,8}){3}|[a-z0-9+/]{16}={1,2}|rot[ -]?13"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """The plain text of the stretch ``start:end``."""

    scheme: str
    start: int
    end: int
    text: str = field(repr=False)


def decode(text: str) -> Iterator[Decoded]:
    """Yield every stretch of a text that is another text in an encoding."""
    if not text.isascii():
        # RE2 reads UTF-8, in which lone surrogates cannot be written; offsets stay.
        text = _SURROGATE.sub("\ufffd", text)
    yield from _stretches(text, "base64", _BASE64, _from_base64)
    yield from _stretches(text, "hexadecimal", _HEX, _from_hex)
    for scheme, pattern, decoder in _ESCAPES:
        if pattern.search(text):
            yield from _lines(text, scheme, pattern, decoder)
    if _ROT13.search(text[:_LONGEST]):
        yield Decoded("ROT13", 0, len(text), codecs.decode(text[:_LONGEST], "rot13"))


def _stretches(text: str, scheme: str, pattern: re2._Regexp, decoder: Callable[[str], str | None]) -> Iterator[Decoded]:
    if not pattern.search(text):
        return
    for match in pattern.finditer(text):
        start, end = match.span()
        if _SHORTEST <= end - start <= _LONGEST:
            plain = decoder(text[start:end])
            if plain is not None:
                yield Decoded(scheme, start, end, plain)


def _from_base64(stretch: str) -> str | None:
    code = _JUNK.sub("", stretch).replace("-", "+").replace("_", "/").rstrip("=")
    # A remainder of one character cannot occur; words glued to the end do that.
    code = code[: len(code) - 1] if len(code) % 4 == 1 else code
    try:
        return _plain(base64.b64decode(code + "=" * (-len(code) % 4), validate=True))
    except binascii.Error:
        return None


def _from_hex(stretch: str) -> str | None:
    code = _JUNK.sub("", stretch)
    return _plain(bytes.fromhex(code[: len(code) // 2 * 2]))


def _plain(data: bytes) -> str | None:
    """Return decoded bytes as text when nearly all of it is printable."""
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        fair = sum(c.isalnum() or c in " \n\r\t.,;:-@/|\"'()" for c in text)
        if len(text) >= 8 and fair >= _PRINTABLE * len(text) and (encoding == "utf-8" or text.isascii()):
            return text
    return None


def _lines(text: str, scheme: str, pattern: re2._Regexp, decoder: Callable[[str], str]) -> Iterator[Decoded]:
    """Decode whole lines, so that labels beside the escapes stay beside them."""
    last = -1
    for match in pattern.finditer(text):
        start = max(text.rfind("\n", 0, match.start()) + 1, match.start() - 512)
        if start < last:
            continue
        end = text.find("\n", match.end())
        end = min(len(text) if end < 0 else end, match.end() + 2048)
        last = end
        plain = decoder(text[start:end])
        if plain != text[start:end]:
            yield Decoded(scheme, start, end, plain)


def _unescape(line: str) -> str:
    return re.sub(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))", lambda m: chr(int(m[1] or m[2], 16)), line)


def _unquote_printable(line: str) -> str:
    return quopri.decodestring(line.encode("utf-8", "replace")).decode("utf-8", "replace")


_ESCAPES: tuple[tuple[str, re2._Regexp, Callable[[str], str]], ...] = (
    ("percent encoding", re2.compile(r"%[0-9A-Fa-f]{2}[^%\n]{0,8}%[0-9A-Fa-f]{2}[^%\n]{0,8}%[0-9A-Fa-f]{2}"), unquote),
    (
        "character references",
        re2.compile(r"(?i)&#(?:x[0-9a-f]{1,6}|\d{1,7});?[^&\n]{0,8}&#(?:x[0-9a-f]{1,6}|\d{1,7})"),
        html.unescape,
    ),
    (
        "character escapes",
        re2.compile(r"(?i)\\(?:u[0-9a-f]{4}|x[0-9a-f]{2})[^\\\n]{0,8}\\(?:u[0-9a-f]{4}|x[0-9a-f]{2})"),
        _unescape,
    ),
    (
        "quoted-printable",
        re2.compile(r"=[0-9A-F]{2}[^=\n]{0,8}=[0-9A-F]{2}[^=\n]{0,8}=[0-9A-F]{2}"),
        _unquote_printable,
    ),
)
