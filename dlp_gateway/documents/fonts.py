"""Fonts: told by their structure, not by four letters that a name may begin with (``OTTO``).

OpenType tables (ISO/IEC 14496-22, section 4), WOFF 1.0 and 2.0 (W3C). The
outlines hold nothing of a person's; what is written between or behind them is read.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from dlp_gateway.documents import leftovers
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, under
from dlp_gateway.model import Part, Role, Text

_OUTLINES = (b"\0\x01\0\0", b"OTTO", b"true")
_WEB = (b"wOFF", b"wOF2")
_MOST_TABLES = 200
# The licence that foundries write into fonts speaks of "any person"; only figures in it are worth a look.
_LICENCE = re.compile(r"\b(?:copyright|trademarks?|licen[cs]ed?|font software|all rights reserved)\b", re.IGNORECASE)
_FIGURES = re.compile(r"\d[\d .-]{5,}|@")
# Tables that an obfuscated font (ECMA-376-1, 17.8.1) shows behind the 32 octets that are changed.
_USUAL = frozenset({b"cmap", b"cvt ", b"fpgm", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"name", b"post"})
_NEEDED = frozenset({b"head", b"bhed", b"cmap"})  # a font without any of these shows nothing


def is_font(content: bytes) -> bool:
    """Whether ``content`` is a font by its directory, which lies inside the file and names what every font has."""
    return _end(content) > 0


def is_embedded_font(content: bytes) -> bool:
    """Whether this is a font as Office files embed it: plain, with its start obfuscated, or as Embedded OpenType."""
    if content[34:36] == b"LP" and content[:4] == struct.pack("<I", len(content)):
        return True
    tags = {content[at : at + 4] for at in range(44, 44 + 16 * 12, 16)}
    return is_font(content) or len(tags & _USUAL) >= 3


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield what is said in a font (names, licence, anything else in clear text), and the data behind it."""
    end = _end(part.content)
    said = [run for run in leftovers.sentences(part.content[:end]) if not _LICENCE.search(run) or _FIGURES.search(run)]
    if text := "\n".join(said):
        budget.charge("characters", len(text))
        yield Text(under(part.where, "font properties"), text, Role.METADATA, part.names)
    if part.content[end:].strip(b"\0"):
        yield Part(
            under(part.where, "data behind the font"), part.content[end:], part.names, part.declared, inline=True
        )


def _end(content: bytes) -> int:
    """Where the font ends that ``content`` begins with; 0 when it begins with none."""
    magic = content[:4]
    if magic in _WEB and len(content) >= 44:
        length, tables = struct.unpack_from(">IH", content, 8)
        return length if 44 <= length <= len(content) and 0 < tables <= _MOST_TABLES else 0
    if content[34:36] == b"LP" and magic == struct.pack("<I", len(content)):
        return len(content)  # Embedded OpenType
    if magic not in _OUTLINES or len(content) < 12:
        return 0
    count = struct.unpack_from(">H", content, 4)[0]
    end = 12 + 16 * count
    if not 0 < count <= _MOST_TABLES or end > len(content):
        return 0
    directory = end
    tags = set()
    for tag, _, offset, size in struct.iter_unpack(">4sIII", content[12:directory]):
        if offset < directory or offset + size > len(content):
            return 0
        tags.add(tag)
        end = max(end, offset + size)
    return end if tags & _NEEDED else 0
