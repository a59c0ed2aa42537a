"""Encoded words (RFC 2047) in header values, read wherever they stand and however they are bent."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

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
    A value encoded twice is read both ways, and octets that say different things by their label and by
    their first octets are read as each.
    """
    if "=?" not in value:
        return (value,)
    found: dict[str, None] = {}
    waiting = [value]
    for _ in range(_ROUNDS):
        encoded: list[str] = []
        for current in waiting:
            pieces = _pieces(current)
            for nth in range(max(len(piece.texts) for piece in pieces)):
                joined = "".join(piece.said(nth) for piece in pieces)
                found[joined] = None
                if any(piece.loose for piece in pieces):
                    found["".join((" " if piece.loose else "") + piece.said(nth) for piece in pieces)] = None
                if "=?" in joined and joined != current:
                    encoded.append(joined)
        waiting = encoded
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A decoded word in every reading, or what stands between; ``loose``: a reader may show a blank before it."""

    texts: tuple[str, ...]
    loose: bool = False

    def said(self, nth: int) -> str:
        return self.texts[min(nth, len(self.texts) - 1)]


def _pieces(value: str) -> list[_Piece]:
    """Split into decoded pieces."""
    pieces: list[_Piece] = []
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
                pieces.append(_Piece((between,)))
        following = finish + 2 if ends else finish
        length = following - match.start()
        loose = adjacent and bool(between) and last_length + length < 70
        run.append((match[1].partition("*")[0], _octets(match[2], value[match.end() : finish]), loose))
        at, last_length = following, length
    _flush(run, pieces)
    if at < len(value):
        pieces.append(_Piece((value[at:],)))
    return pieces


def _flush(run: list[tuple[str, bytes, bool]], pieces: list[_Piece]) -> None:
    """Decode a run of adjacent words; those of one charset are joined first unless each is whole by itself."""
    index = 0
    while index < len(run):
        charset, octets, loose = run[index]
        index += 1
        joined = [(octets, loose)]
        while index < len(run) and run[index][0].lower() == charset.lower():
            joined.append(run[index][1:])
            index += 1
        words = [_Piece(charsets.of_word(piece, charset), flag) for piece, flag in joined]
        whole = charsets.of_word(b"".join(piece for piece, _ in joined), charset)
        if len(whole) == max(len(word.texts) for word in words) and all(
            text == "".join(word.said(nth) for word in words) for nth, text in enumerate(whole)
        ):
            pieces.extend(words)
        else:
            pieces.append(_Piece(whole, loose))
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
