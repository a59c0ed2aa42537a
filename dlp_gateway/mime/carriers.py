"""Text within text: what plain text says once it is decoded the way a recipient would.

Base64 and hex runs, percent and backslash escapes, entities, pasted
quoted-printable. Random tokens, hashes and links are everywhere in mail, so a
run is only a reading when what comes out looks like text.

Escapes are ordinary, also within one another: each service that a link is sent
through encodes it once more (RFC 3986, section 2.4), and notations stand side
by side. They are undone as often as they come. Base64 within base64 is not
ordinary.
"""

from __future__ import annotations

import binascii
import html
import quopri
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

from dlp_gateway.mime.html import decode_data_uri

DEFAULT_BUDGET = 8_000_000
# Plain mail carries none or a few; each is looked at by itself.
_MOST = 400
_DEEPEST = 2
# How often escapes are undone: a link sent through three services has been encoded three times.
_MOST_ROUNDS = 6

# Every repeat without an upper bound is possessive: one that can give back keeps a hundred times the text in memory.
# At least 24 characters: shorter runs hold no identifier with its context. Lines of one run may be indented.
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{12,}+"
    r"(?:[ \t]*+\r?\n[ \t>]*+(?:[A-Za-z0-9+/_-]{4,}+|[A-Za-z0-9+/_-]{2,3}+(?==)))*+={0,2}+"
)
# Words of whole bytes; a half byte at the end is taken along, and a word that begins like hexadecimal is left.
_HEX = re.compile(
    r"(?<![0-9A-Za-z])(?:0x)?(?=(?:[0-9A-Fa-f]{2}[ :]?){12})"
    r"(?:(?:[0-9A-Fa-f]{2})++(?![0-9A-Za-z])(?::?[ \t]*+\r?\n[ \t>]*+|[ :])?)*+"
    r"(?:(?:[0-9A-Fa-f]{2})*+[0-9A-Fa-f]?(?![0-9A-Za-z]))?"
)
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})++")
_SEVERAL_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}(?:[\w.+-]{0,40}+%[0-9A-Fa-f]{2}){2}")
_BACKSLASH = re.compile(r"\\(?:u\{?([0-9A-Fa-f]{4,6})\}?|x([0-9A-Fa-f]{2}))")
_ENTITY = re.compile(r"&#(?:\d{2,6}|[xX][0-9A-Fa-f]{2,5});?")
_QUOTED = re.compile(r"=[0-9A-F]{2}|(?<!=)=\r?\n")
_DATA_URI = re.compile(r"data:[\w.+/-]{0,80}(?:;[\w=.+-]{1,60}){0,4},[A-Za-z0-9+/=_%-]{8,}+", re.IGNORECASE)
_ARMOUR_BEGIN, _ARMOUR_END = "-----BEGIN PGP MESSAGE-----", "-----END PGP MESSAGE-----"

_BETWEEN = b" \t\r\n>:="
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_HEAD = 80
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r")) + b"\x7f"
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


# An encoded run, and what it may be without its first line.
_Run = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """What a text carries besides what it says.

    Attributes:
        readings: what encoded runs say, without repetition.
        files: declared types with contents: ``data:`` URIs, base64 of a known file type, PGP messages.
        truncated: there is more than may be taken.
    """

    readings: tuple[str, ...] = field(default=(), repr=False)
    files: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    truncated: bool = False


def carried(text: str, budget: int = DEFAULT_BUDGET) -> Carried:
    """Decode what is encoded in ``text``; never raises on content, in time and memory linear in its length.

    Args:
        text: as a recipient sees it.
        budget: how many characters the readings may have in all.
    """
    base64_runs = list(_runs(_BASE64, text))
    readings, truncated = _all_readings(text, base64_runs, budget)
    files: dict[tuple[str, bytes], None] = {}
    for file in _files(text, base64_runs):
        if len(files) == _MOST and file not in files:
            truncated = True
            break
        files[file] = None
    return Carried(readings, tuple(files), truncated)


def _all_readings(text: str, base64_runs: Sequence[_Run], budget: int) -> tuple[tuple[str, ...], bool]:
    """The readings, those of readings too, and whether there are more."""
    found: dict[str, None] = {}
    # Texts, the runs in them, how deep they were encoded, and whether their escapes are still to be undone.
    waiting: list[tuple[str, Iterable[_Run], int, bool]] = [(text, base64_runs, 0, True)]
    left = budget
    while waiting:
        source, runs, depth, escaped = waiting.pop()
        undone, endless = _unescaped(source) if escaped else ((), False)
        decoded = _decoded(source, runs)
        if depth == _DEEPEST:
            # Nobody encodes thrice but to hide something; what is left unread is said.
            endless = endless or any(reading not in found and reading != source for reading in decoded)
            decoded = iter(())
        levels = chain(zip(undone, repeat(depth), strict=False), zip(decoded, repeat(depth + 1), strict=False))
        for reading, level in levels:
            if reading in found or reading == text:
                continue
            left -= len(reading)
            if left < 0 or len(found) == _MOST:
                return tuple(found), True
            found[reading] = None
            waiting.append((reading, _runs(_BASE64, reading), level, level > depth))
        if endless:
            return tuple(found), True
    return tuple(found), False


def _files(text: str, base64_runs: Sequence[_Run]) -> Iterator[tuple[str, bytes]]:
    for match in _DATA_URI.finditer(text):
        if (part := decode_data_uri(match[0])) is not None:
            yield part
    for armour in _armours(text):
        yield "application/pgp-encrypted", armour.encode("utf-8", "replace")
    for runs in base64_runs:
        for run in runs:
            head = _base64(run[:_HEAD])
            kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
            if kind is not None:
                yield kind, _base64(run)
                break


def _runs(pattern: re.Pattern[str], text: str) -> Iterator[_Run]:
    """Yield each run, and the run from its second line on: the line above may end in a word that passes for a line."""
    for match in pattern.finditer(text):
        run = match[0]
        line = run.find("\n")
        yield (run,) if line < 0 else (run, run[line + 1 :])


def _decoded(text: str, base64_runs: Iterable[_Run]) -> Iterator[str]:
    """Yield what base64 and hex runs say."""
    for found, decode, shortest in ((base64_runs, _base64, 18), (_runs(_HEX, text), _hex, 12)):
        for runs in found:
            readings = (_plausible(run, decode, shortest) for run in runs)
            if (reading := next(filter(None, readings), None)) is not None:
                yield reading


def _unescaped(text: str) -> tuple[tuple[str, ...], bool]:
    """The readings of a text without its escapes, and whether there are still some in the last of them.

    Each notation is undone by itself once, then all of them until nothing changes: without quoted-printable, whose
    marks are also those of ``?id=42`` in a link, and with it.
    """
    by_itself = {undo: undo(text) for undo in _NOTATIONS}
    found = dict.fromkeys(by_itself.values())
    endless = False
    if any(reading != text for reading in found):
        for notations in (_NOTATIONS[:-1], _NOTATIONS):
            reading, ends = _until_nothing_changes(text, notations)
            found[reading] = None
            endless = endless or not ends
            if by_itself[_without_quoted] == text:
                break
    found.pop(text, None)
    return tuple(found), endless


def _until_nothing_changes(text: str, notations: Sequence[Callable[[str], str]]) -> tuple[str, bool]:
    for _ in range(_MOST_ROUNDS):
        before = text
        for undo in notations:
            text = undo(text)
        if text == before:
            return text, True
    return text, all(undo(text) == text for undo in notations)


def _without_percent(text: str) -> str:
    if "%" not in text or _SEVERAL_PERCENT.search(text) is None:
        return text
    return _PERCENT.sub(lambda match: _decode(bytes.fromhex(match[0].replace("%", ""))) or match[0], text)


def _without_backslashes(text: str) -> str:
    return _BACKSLASH.sub(_unescape, text) if "\\u" in text or "\\x" in text else text


def _without_entities(text: str) -> str:
    return _ENTITY.sub(lambda match: html.unescape(match[0]), text) if "&#" in text else text


def _without_quoted(text: str) -> str:
    if "=" not in text or (first := _QUOTED.search(text)) is None or _QUOTED.search(text, first.end()) is None:
        return text
    return _decode(quopri.decodestring(text.encode("utf-8", "surrogatepass"))) or text


# Quoted-printable comes last.
_NOTATIONS = (_without_percent, _without_backslashes, _without_entities, _without_quoted)


def _armours(text: str) -> Iterator[str]:
    at = 0
    while True:
        begin = text.find(_ARMOUR_BEGIN, at)
        end = text.find(_ARMOUR_END, begin) if begin >= 0 else -1
        if end < 0:
            return
        at = end + len(_ARMOUR_END)
        yield text[begin:at]


def _unescape(match: re.Match[str]) -> str:
    code = int(match[1] or match[2], 16)
    return chr(code) if code < 0xD800 or 0xE000 <= code < 0x110000 else match[0]


def _base64(run: str) -> bytes:
    compact = run.encode("ascii").translate(_TO_BASE64, _BETWEEN)
    usable = len(compact) - (1 if len(compact) % 4 == 1 else 0)
    return binascii.a2b_base64(compact[:usable] + b"=" * (-usable % 4))


def _hex(run: str) -> bytes:
    digits = run.removeprefix("0x").encode("ascii").translate(None, _BETWEEN)
    return binascii.unhexlify(digits[: len(digits) // 2 * 2])


def _wide(content: bytes) -> str | None:
    head = content[:8]
    return "utf-16-le" if head[1::2].count(0) >= 3 else "utf-16-be" if head[::2].count(0) >= 3 else None


def _decode(content: bytes) -> str | None:
    wide = _wide(content)
    for charset in (*((wide,) if wide else ()), "utf-8", "cp1252"):
        try:
            return content.decode(charset)
        except UnicodeDecodeError:
            continue
    return None


def _plausible(run: str, decode: Callable[[str], bytes], shortest: int) -> str | None:
    """Decode a run to what looks like text: printable, with words or with as many digits as an identifier has."""
    head = decode(run[:_HEAD])
    # Hashes, keys and links are told by their first bytes.
    if _wide(head) is None and len(head) - len(head.translate(None, _CONTROLS)) > 2:
        return None
    content = decode(run)
    text = _decode(content) if len(content) >= shortest else None
    if not text:
        return None
    sample = text[:4000]
    odd = sum(1 for c in sample if not (c.isprintable() or c in "\r\n\t")) + sample.count("\ufffd")
    if odd * 50 > len(sample):
        return None
    ascii_share = sum(1 for c in sample if c.isascii()) / len(sample)
    letters = sum(len(word) for word in _WORD.findall(sample))
    digits = sum(1 for c in sample if c.isdigit())
    return text if ascii_share > 0.7 and (letters * 2 > len(sample) or digits >= 8) else None
