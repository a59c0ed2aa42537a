"""MAPI properties as .msg and TNEF files share them: which are words, and how bodies are stored (MS-OXPROPS)."""

from __future__ import annotations

from collections.abc import Iterator

from dlp_gateway.documents import charset
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part, Role, Text

STRING8, UNICODE, BINARY, OBJECT = 0x001E, 0x001F, 0x0102, 0x000D
SUBJECT, BODY, RTF_COMPRESSED, HTML = 0x0037, 0x1000, 0x1009, 0x1013
ATTACH_DATA, ATTACH_FILENAME, ATTACH_LONG_FILENAME, ATTACH_MIME, DISPLAY_NAME = 0x3701, 0x3704, 0x3707, 0x370E, 0x3001
_BODIES = {BODY, RTF_COMPRESSED, HTML}
# Identifiers and classes of the system: no words of a person.
_MACHINERY = {
    0x001A,
    0x0E1D,
    0x1035,
    0x3002,
    0x0C1E,
    0x0064,
    0x0075,
    0x007D,
    0x3FFA,
    0x300B,
    0x0E02,
    0x001F,
    0x3703,
    0x3705,
}
_MAX_RTF = 64 << 20


def body_items(part: Part, properties: dict[int, bytes], budget: DocumentBudget) -> Iterator[Item]:
    """Yield subject and body (plain, HTML, RTF) of a message from its properties."""
    if (subject := properties.get(SUBJECT)) is not None and (said := words(subject)):
        yield Text(under(part.where, "subject"), said, Role.DOCUMENT, part.names)
    if (body := properties.get(BODY)) is not None and (said := words(body)):
        budget.charge("characters", len(said))
        yield Text(under(part.where, "body"), said, Role.DOCUMENT, part.names)
    if html := properties.get(HTML):
        yield Part(under(part.where, "body"), html, part.names, inline=True)
    if packed := properties.get(RTF_COMPRESSED):
        yield Part(under(part.where, "body"), rich_text(packed, budget), part.names, inline=True)


def other_words(part: Part, properties: dict[int, bytes], textual: set[int]) -> Iterator[Item]:
    """Yield every other string property (senders, recipients, keywords, own fields) as one metadata text."""
    said = [
        words(properties[i]) for i in sorted(textual) if i in properties and i not in _BODIES | _MACHINERY | {SUBJECT}
    ]
    if text := "\n".join(dict.fromkeys(s for s in said if s and not s.startswith("/O="))):
        yield Text(under(part.where, "fields"), text, Role.METADATA, part.names)


def words(raw: bytes) -> str:
    """Return a string property as text; UTF-16 is told by its zero bytes."""
    if len(raw) % 2 == 0 and raw[1::2].count(0) * 4 > len(raw):
        return raw.decode("utf-16-le", "replace").rstrip("\0")
    return charset.decode(raw.rstrip(b"\0"))


def rich_text(packed: bytes, budget: DocumentBudget) -> bytes:
    """Expand a compressed RTF body (MS-OXRTFCP); its announced size is checked first."""
    import compressed_rtf

    size = int.from_bytes(packed[4:8], "little") if len(packed) >= 16 else 0
    if size > _MAX_RTF or not size:
        raise Unreadable("compressed RTF body is damaged")
    budget.charge("bytes", size)
    budget.check_ratio(size, len(packed))
    try:
        return bytes(compressed_rtf.decompress(packed))
    except Exception as error:
        raise Unreadable("compressed RTF body is damaged") from error
