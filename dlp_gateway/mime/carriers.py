"""Text within text: what plain text says once it is decoded the way a recipient would.

Base64 and hex runs, percent and backslash escapes, entities, pasted
quoted-printable. Random tokens, hashes and links are everywhere in mail, so a
run is only a reading when what comes out looks like text.
"""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

from dlp_gateway.mime.html import decode_data_uri

DEFAULT_BUDGET = 8_000_000
_MOST_RUNS = 400
_DEEPEST = 2

# At least 24 characters: shorter runs hold no identifier with its context. Lines of one run may be indented.
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{12,}(?:[ \t]*\r?\n[ \t>]*[A-Za-z0-9+/_-]{4,})*={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:0x)?(?:[0-9A-Fa-f]{2}[ :]?){12,}(?![0-9A-Za-z])")
_PERCENT = re.compile(r"(?:[\w.+-]{0,40}%[0-9A-Fa-f]{2}){3,}[\w.+-]{0,40}")
_BACKSLASH = re.compile(r"\\(?:u\{?([0-9A-Fa-f]{4,6})\}?|x([0-9A-Fa-f]{2}))")
_ENTITY = re.compile(r"&#(?:\d{2,6}|[xX][0-9A-Fa-f]{2,5});?")
_QUOTED = re.compile(r"=[0-9A-F]{2}|=\r?\n")
_DATA_URI = re.compile(r"data:[\w.+/-]{0,80}(?:;[\w=.+-]{1,60}){0,4},[A-Za-z0-9+/=_%-]{8,}", re.IGNORECASE)
_ARMOUR_BEGIN, _ARMOUR_END = "-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----"

_WORD = re.compile(r"[^\W\d_]{2,}")
_MAGIC = (
    (b"PK\x03\x04", "application/zip"),
    (b"%PDF-", "application/pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x89PNG\r\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"{\\rtf", "application/rtf"),
)


def extra_readings(text: str, budget: int = DEFAULT_BUDGET) -> tuple[str, ...]:
    """Return what encoded runs in ``text`` say, without repetition; at most ``budget`` characters in all."""
    found: dict[str, None] = {}
    waiting = [(text, 0)]
    left = budget
    while waiting and left > 0:
        source, depth = waiting.pop()
        for reading in _readings(source):
            if reading in found or reading == source:
                continue
            left -= len(reading)
            if left <= 0:
                break
            found[reading] = None
            if depth + 1 < _DEEPEST:
                waiting.append((reading, depth + 1))
    return tuple(found)


def embedded_parts(text: str) -> tuple[tuple[str, bytes], ...]:
    """Return the files that stand in ``text``: ``data:`` URIs, base64 of a known file type, PGP messages."""
    parts: list[tuple[str, bytes]] = []
    if "data:" in text or "DATA:" in text:
        decoded = (decode_data_uri(match[0]) for match in _first(_DATA_URI, text))
        parts += [part for part in decoded if part is not None]
    parts += [("application/pgp-encrypted", armour.encode("utf-8", "replace")) for armour in _armours(text)]
    for match in _first(_BASE64, text):
        if (content := _base64(match[0])) is not None:
            kind = next((kind for magic, kind in _MAGIC if content.startswith(magic)), None)
            if kind is not None:
                parts.append((kind, content))
    return tuple(dict.fromkeys(parts))


def _readings(text: str) -> Iterator[str]:
    for match in _first(_BASE64, text):
        yield from _plausible(_base64(match[0]))
    for match in _first(_HEX, text):
        yield from _plausible(_hex(match[0]))
    if text.count("%") >= 3:
        yield from _replaced(_PERCENT, text, lambda match: _decode(unquote_to_bytes(match[0])) or match[0])
    if "\\u" in text or "\\x" in text:
        yield from _replaced(_BACKSLASH, text, _unescape)
    if "&#" in text:
        yield from _replaced(_ENTITY, text, lambda match: html.unescape(match[0]))
    if text.count("=") >= 2 and len(_QUOTED.findall(text, 0, 200_000)) >= 2:
        decoded = _decode(quopri.decodestring(text.encode("utf-8", "surrogatepass")))
        if decoded is not None:
            yield decoded


def _first(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for count, match in enumerate(pattern.finditer(text)):
        if count >= _MOST_RUNS:
            return
        yield match


def _armours(text: str) -> Iterator[str]:
    at = 0
    for _ in range(_MOST_RUNS):
        begin = text.find(_ARMOUR_BEGIN, at)
        end = text.find(_ARMOUR_END, begin) if begin >= 0 else -1
        if end < 0:
            return
        at = end + len(_ARMOUR_END)
        yield text[begin:at]


def _replaced(pattern: re.Pattern[str], text: str, replace: Callable[[re.Match[str]], str]) -> Iterator[str]:
    changed = pattern.sub(replace, text)
    if changed != text:
        yield changed


def _unescape(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return chr(code) if code < 0xD800 or 0xE000 <= code < 0x110000 else match[0]


def _base64(run: str) -> bytes | None:
    compact = re.sub(r"[^A-Za-z0-9+/_-]", "", run).replace("-", "+").replace("_", "/")
    if len(compact) < 24:
        return None
    usable = len(compact) - (1 if len(compact) % 4 == 1 else 0)
    try:
        return base64.b64decode(compact[:usable] + "=" * (-usable % 4))
    except binascii.Error:
        return None


def _hex(run: str) -> bytes | None:
    digits = re.sub(r"0x|[ :]", "", run)
    return bytes.fromhex(digits[: len(digits) // 2 * 2])


def _decode(content: bytes) -> str | None:
    head = content[:8]
    wide = ("utf-16-le",) if head[1::2].count(0) >= 3 else ("utf-16-be",) if head[::2].count(0) >= 3 else ()
    for charset in (*wide, "utf-8", "cp1252"):
        try:
            return content.decode(charset)
        except UnicodeDecodeError:
            continue
    return None


def _plausible(content: bytes | None) -> Iterator[str]:
    """Pass on what looks like text: printable, with words or with as many digits as an identifier has."""
    if not content:
        return
    text = _decode(content)
    if text is None:
        return
    sample = text[:4000]
    odd = sum(1 for c in sample if not (c.isprintable() or c in "\r\n\t")) + sample.count("�")
    if odd * 50 > len(sample):
        return
    ascii_share = sum(1 for c in sample if c.isascii()) / len(sample)
    letters = sum(len(word) for word in _WORD.findall(sample))
    digits = sum(1 for c in sample if c.isdigit())
    if ascii_share > 0.7 and (letters * 2 > len(sample) or digits >= 8):
        yield text
