"""Binary files of little structure that come along with others: what they say is found as runs of characters.

Resource forks and folder settings of macOS in archives, form controls in
Office documents: known to hold names and captions, and nothing else to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Outside, under
from dlp_gateway.model import Part, Role, Text

_NARROW = re.compile(rb"[\x20-\x7e\xa0-\xff]{5,}")
_LITTLE = re.compile(rb"(?:[\x20-\x7e\xa0-\xff]\0){4,}")
_BIG = re.compile(rb"(?:\0[\x20-\x7e\xa0-\xff]){4,}")
# Classes of bytes: 1 for what text is written with, 0 for NUL, 2 for all other.
_CLASSES = bytes(0 if b == 0 else 1 if 32 <= b < 127 or b in b"\t\r\n" else 2 for b in range(256))
_LETTERS = bytes(range(48, 58)) + bytes(range(65, 91)) + bytes(range(97, 123)) + b" \t\r\n"
_SEPARATORS = b" \t\r\n,;|"
_SHORTEST = 13  # printable characters in a row: chance hardly makes as many in a megabyte of packed data
_LONG = 256
BEHIND = "data behind the content"
_FEW = 16  # bytes that are no file: a line end, a checksum, or a word


def words(content: bytes) -> str:
    """Return every run of characters in single bytes or UTF-16, one a line, each once."""
    found = [m.decode("latin-1") for m in _NARROW.findall(content)]
    found += [m.decode("utf-16-le") for m in _LITTLE.findall(content)]
    found += [m.decode("utf-16-be") for m in _BIG.findall(content)]
    return "\n".join(dict.fromkeys(found))


def sentences(content: bytes) -> list[str]:
    """Return the runs of text in content that is meant for the eye or the machine (pixels, outlines), each once.

    Stricter than ``words``: runs of thirteen characters in ASCII, eight in UTF-16, of letters, digits and blanks
    mostly, so that packed data gives none. Base64 and patterns of pixels are left out. Linear, and quick where
    there is nothing.
    """
    classes = content.translate(_CLASSES)
    found = [run.decode("latin-1") for run in _runs(content, classes, b"\1", _SHORTEST)]
    # Big-endian text is found too, from its second octet on.
    found += [run.decode("latin-1") for run in _runs(content, classes, b"\1\0", 8)]
    return list(dict.fromkeys(found))


def _runs(content: bytes, classes: bytes, unit: bytes, shortest: int) -> Iterator[bytes]:
    """Yield the runs of ``unit`` in ``classes`` that are text, in single bytes."""
    mark, at = unit * shortest, 0
    repeated = re.compile(b"(?:" + unit + b")++\1?")
    while (start := classes.find(mark, at)) >= 0:
        match = repeated.match(classes, start)
        at = match.end() if match else len(classes)
        run = content[start : at : len(unit)]
        if _is_said(run):
            yield run


def _is_said(run: bytes) -> bool:
    """Whether a run of printable characters is text: neither a pattern of pixels nor encoded data."""
    if (len(run) - len(run.translate(None, _LETTERS))) * 6 < len(run) * 5 or len(set(run[:_LONG])) < 5:
        return False
    return len(run) <= _LONG or (len(run) - len(run.translate(None, _SEPARATORS))) * 40 >= len(run)


def behind(part: Part, end: int, budget: DocumentBudget) -> Iterator[Item]:
    """Yield what stands behind ``end``, where the format of a file is over, as a file; a few bytes as their words."""
    rest = part.content[end:].rstrip(b"\0")
    if len(rest.strip(b" \t\r\n")) > _FEW:
        yield Outside(Part(under(part.where, BEHIND), rest, inline=True))
    elif said := words(rest):
        budget.charge("characters", len(said))
        yield Text(under(part.where, BEHIND), said, Role.METADATA, part.names)


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the words of such a file as metadata."""
    said = words(part.content)
    budget.charge("characters", len(said))
    if said:
        yield Text(part.where, said, Role.METADATA, part.names)
