"""Files written into plain text: uuencode, yEnc, BinHex, and PEM blocks of cryptographic messages."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dlp_gateway.mime.budget import OverBudget

_UU_BEGIN = re.compile(rb"(?m)^begin(-base64)?[ \t]+[0-7]{3,4}[ \t]+([^\r\n]{1,1000})\r?$")
_UU_END = re.compile(rb"(?m)^(?:end|====)[ \t\r]*$")
_UU_LENGTH = re.compile(rb"[ -`]")
_Y_BEGIN = re.compile(rb"(?m)^=ybegin [^\r\n]{0,1000}")
_Y_NAME = re.compile(rb"name=([^\r\n]{1,1000})")
_Y_ESCAPE = re.compile(rb"=(.)", re.DOTALL)
_Y_SHIFT = bytes((b - 42) % 256 for b in range(256))
_HQX_MARK = b"(This file must be converted with BinHex"
_HQX_LETTERS = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"
_BASE64_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_HQX_TO_BASE64 = bytes.maketrans(_HQX_LETTERS, _BASE64_LETTERS)
_HQX_OTHERS = bytes(set(range(256)) - set(_HQX_LETTERS))
_ARMOUR = re.compile(rb"-----BEGIN (PKCS7|CMS|PKCS12)-----")
_MOST_FILES = 500
_MOST_UNPACKED = 64 << 20


@dataclass(frozen=True, slots=True)
class File:
    """A file found in text, with the name and the content type that it claims."""

    content: bytes = field(repr=False)
    name: str = field(default="", repr=False)
    declared: str = ""


def files(content: bytes) -> Iterator[File]:
    """Yield the files that are written into ``content``; linear.

    Raises:
        OverBudget: there are too many of them, or one unpacks to too much.
    """
    finders: list[Callable[[bytes], Iterator[File]]] = []
    if b"begin" in content:
        finders += [_yenc] if b"=ybegin " in content else []
        finders.append(_uuencoded)
    if _HQX_MARK in content:
        finders.append(_binhex)
    if b"-----BEGIN " in content:
        finders.append(_armoured)
    for number, file in enumerate(file for find in finders for file in find(content)):
        if number >= _MOST_FILES:
            raise OverBudget(f"more than {_MOST_FILES} files in one text")
        yield file


def _uuencoded(content: bytes) -> Iterator[File]:
    begins = list(_UU_BEGIN.finditer(content))
    for number, begin in enumerate(begins):
        following = begins[number + 1].start() if number + 1 < len(begins) else len(content)
        finish = _UU_END.search(content, begin.end(), following)
        data = content[begin.end() : finish.start() if finish else following]
        decoded = _loose_base64(data) if begin[1] else _uu_lines(data)
        if decoded:
            yield File(decoded, begin[2].strip().decode("utf-8", "replace"))


def bare_uuencode(content: bytes) -> tuple[File, ...]:
    """Return uuencoded data that has no ``begin`` line, if it is some."""
    decoded = _uu_lines(content)
    return (File(decoded),) if decoded else ()


def _uu_lines(data: bytes) -> bytes:
    """Decode uuencoded lines; lines that are none are left out (blank lines, text around, a missing end)."""
    pieces: list[bytes] = []
    for raw in data.split(b"\n"):
        line = raw.rstrip(b"\r")
        if not line or not _UU_LENGTH.match(line):
            continue
        length = (line[0] - 32) & 63
        needed = 1 + (length * 8 + 5) // 6
        if length == 0 or len(line) > needed + 4 or len(line) < needed - 3:
            continue
        try:
            pieces.append(binascii.a2b_uu(line[:1] + line[1:].ljust(needed - 1)[: (length + 2) // 3 * 4]))
        except binascii.Error:
            continue
    return b"".join(pieces)


def _yenc(content: bytes) -> Iterator[File]:
    begins = list(_Y_BEGIN.finditer(content))
    for number, begin in enumerate(begins):
        following = begins[number + 1].start() if number + 1 < len(begins) else len(content)
        finish = content.find(b"\n=yend", begin.end(), following)
        data = content[begin.end() : following if finish < 0 else finish]
        lines = [line for line in data.split(b"\n") if not line.startswith(b"=ypart ")]
        packed = b"".join(line.rstrip(b"\r") for line in lines)
        decoded = _Y_ESCAPE.sub(lambda m: bytes([(m[1][0] - 64) % 256]), packed).translate(_Y_SHIFT)
        name = _Y_NAME.search(begin[0])
        yield File(decoded, name[1].strip().decode("utf-8", "replace") if name else "")


def _binhex(content: bytes) -> Iterator[File]:
    at = 0
    while (mark := content.find(_HQX_MARK, at)) >= 0:
        start = content.find(b":", content.find(b"\n", mark))
        if start < 0:
            return
        finish = content.find(b":", start + 1)
        at = finish if finish >= 0 else len(content)
        packed = content[start + 1 : at].translate(None, _HQX_OTHERS).translate(_HQX_TO_BASE64)
        packed = packed[:-1] if len(packed) % 4 == 1 else packed
        plain = _unpack_runs(binascii.a2b_base64(packed + b"=" * (-len(packed) % 4)))
        if plain and len(plain) > 22 + plain[0]:
            name_end = 1 + plain[0]
            size = int.from_bytes(plain[name_end + 11 : name_end + 15], "big")
            name = plain[1:name_end].decode("mac-roman")
            data = plain[name_end + 21 : name_end + 21 + size]
            rest = plain[name_end + 23 + size :]
            yield File(data or rest, name)
            if data and rest.strip(b"\0"):
                yield File(rest, name, "application/applefile")


def _unpack_runs(packed: bytes) -> bytes:
    """Undo BinHex run-length coding: 0x90 and a count repeat the octet before; a count of 0 is 0x90 itself.

    Raises:
        OverBudget: the result is too long.
    """
    out = bytearray()
    at = 0
    while (mark := packed.find(b"\x90", at)) >= 0:
        if len(out) > _MOST_UNPACKED:
            raise OverBudget("BinHex data that unpacks to too much")
        out += packed[at:mark]
        count = packed[mark + 1] if mark + 1 < len(packed) else 0
        if count == 0:
            out.append(0x90)
        elif out:
            out += out[-1:] * (count - 1)
        at = mark + 2
    return bytes(out + packed[at:])


def _armoured(content: bytes) -> Iterator[File]:
    at = 0
    while (begin := _ARMOUR.search(content, at)) is not None:
        mark = b"-----END " + begin[1] + b"-----"
        finish = content.find(mark, begin.end())
        at = len(content) if finish < 0 else finish + len(mark)
        yield File(content[begin.start() : at], "", "application/pkcs7-mime")


def _loose_base64(data: bytes) -> bytes:
    packed = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    packed = packed[:-1] if len(packed) % 4 == 1 else packed
    return binascii.a2b_base64(packed + b"=" * (-len(packed) % 4))
