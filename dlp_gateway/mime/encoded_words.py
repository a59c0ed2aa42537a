"""Encoded words (RFC 2047) in header values, read wherever they stand and however they are bent."""

from __future__ import annotations

import binascii
import re

from dlp_gateway.mime import charsets

# How a word begins: charset, with its language behind * (RFC 2231 section 5), and encoding. A whole word has 75
# characters at most (RFC 2047 section 2), so a charset has fewer, and a longer one is none.
_START = re.compile(r"=\?([^?]{0,75})\?([bBqQ])\?")
# An octet of the Q encoding (RFC 2047 section 4.2), lower case hex too.
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
# What decoders of B skip: padding in the middle, blanks, other characters.
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
# Blanks between adjacent words are not shown (RFC 2047 section 6.2).
_BLANK = re.compile(r"[ \t\r\n]*")
# Where a word without ?= ends.
_WORD_END = re.compile(r"\s|$")
_ROUNDS = 2  # a value encoded twice is read once more


def readings(value: str) -> tuple[str, ...]:
    """Return every plausible reading of a header value, the usual one first.

    Words are decoded inside quotes and inside other words, with or without blanks between them. Octets of
    adjacent words of one charset are joined before they are decoded, so that a character may be split over
    two words. Words split although they would have fit into one are also read with a blank between them.
    A value encoded twice is read both ways.
    """
    if "=?" not in value:
        return (value,)
    found: dict[str, None] = {}
    current = value
    for _ in range(_ROUNDS):
        pieces = _pieces(current)
        joined = "".join(text for text, _ in pieces)
        found[joined] = None
        if any(loose for _, loose in pieces):
            found["".join((" " if loose else "") + text for text, loose in pieces)] = None
        if "=?" not in joined or joined == current:
            break
        current = joined
    return tuple(found)


def _pieces(value: str) -> list[tuple[str, bool]]:
    """Split into decoded pieces; the flag says that a reader may show a blank before this one."""
    pieces: list[tuple[str, bool]] = []
    run: list[tuple[str, bytes, bool]] = []  # adjacent words: charset, octets, loose
    at, last_length, ends = 0, 75, True
    while (match := _START.search(value, at)) is not None:
        finish = value.find("?=", match.end()) if ends else -1
        ends = finish >= 0
        if not ends:  # the end is missing: the word goes on up to the next blank
            blank = _WORD_END.search(value, match.end())
            finish = blank.start() if blank else len(value)
        between = value[at : match.start()]
        adjacent = bool(run) and _BLANK.fullmatch(between) is not None
        if not adjacent:
            _flush(run, pieces)
            if between:
                pieces.append((between, False))
        following = finish + 2 if ends else finish
        length = following - match.start()
        loose = adjacent and bool(between) and last_length + length < 70
        run.append((match[1].partition("*")[0], _octets(match[2], value[match.end() : finish]), loose))
        at, last_length = following, length
    _flush(run, pieces)
    if at < len(value):
        pieces.append((value[at:], False))
    return pieces


def _flush(run: list[tuple[str, bytes, bool]], pieces: list[tuple[str, bool]]) -> None:
    """Decode a run of adjacent words; those of one charset are joined first unless each is whole by itself."""
    index = 0
    while index < len(run):
        charset, octets, loose = run[index]
        index += 1
        joined = [(octets, loose)]
        while index < len(run) and run[index][0].lower() == charset.lower():
            joined.append(run[index][1:])
            index += 1
        texts = [charsets.decode(piece, (charset,)).texts[0] for piece, _ in joined]
        whole = charsets.decode(b"".join(piece for piece, _ in joined), (charset,)).texts[0]
        if whole == "".join(texts):
            pieces.extend((text, flag) for text, (_, flag) in zip(texts, joined, strict=True))
        else:
            pieces.append((whole, loose))
    run.clear()


def _octets(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogatepass")
    if encoding in "qQ":
        return _HEX.sub(lambda m: bytes([int(m[1], 16)]), raw.replace(b"_", b" "))
    packed = _NOT_BASE64.sub(b"", raw.replace(b"-", b"+").replace(b"_", b"/"))
    whole = len(packed) & ~3
    rest = packed[whole:]
    if len(rest) > 1:
        return binascii.a2b_base64(packed[:whole] + rest + b"=" * (4 - len(rest)))
    return binascii.a2b_base64(packed[:whole])
