"""What stands in the clear in a PDF that asks for a password or certificate (ISO 32000-2, 7.6).

Encryption covers strings and streams one by one: a crypt filter may leave out
the metadata or everything but attached files, and a file that only says that
it is encrypted leaves out all. So the objects are looked at as they are.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import ciphertext, unpack
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part, Unscanned

_KEY = re.compile(rb"/Encrypt(?=[\s<\d\[])")
_CROSS_REFERENCES = re.compile(rb"/Type\s{0,9}/XRef\b")
_METADATA = re.compile(rb"/Type\s{0,9}/Metadata\b|/Subtype\s{0,9}/XML\b")
# A literal string that begins with so many printable characters is not encrypted (cf. ``ciphertext``).
_CLEAR_STRING = re.compile(rb"\([\x20-\x27\x2a-\x5b\x5d-\x7e]{32}")
_HEADER = re.compile(rb"%PDF-\d\.\d")
_HEADER_WITHIN = 1100
_DICTIONARY = 4096  # bytes in front of a stream that may be its dictionary
_SHORT = 64


@dataclass(frozen=True, slots=True)
class Clear:
    """What is not encrypted: metadata, other streams, and whether strings or text outside of all objects are not."""

    metadata: tuple[bytes, ...] = field(repr=False)
    streams: tuple[bytes, ...] = field(repr=False)
    outside: bytes = field(repr=False)
    strings: bool = False

    @property
    def is_false(self) -> bool:
        """Whether the file claims to be encrypted and is not, or not all of it."""
        return bool(self.streams) or self.strings


def found(content: bytes, budget: DocumentBudget) -> Clear:
    """Return what is in the clear in a PDF file that has an encryption dictionary."""
    metadata, streams, rest = list[bytes](), list[bytes](), list[bytes]()
    position = 0
    for start, stop in _streams(content):
        budget.charge("entries", 0)
        head = content[max(position, start - _DICTIONARY) : start].rpartition(b"obj")[2]
        rest.append(content[position:start])
        position = stop
        body = content[start:stop].strip(b"\r\n")
        if _CROSS_REFERENCES.search(head) or ciphertext.is_possible(packed := body):
            continue
        plain = _inflated(packed, budget) if b"FlateDecode" in head else packed
        (metadata if _METADATA.search(head) else streams).append(plain)
    structure = b"".join((*rest, content[position:]))
    return Clear(tuple(metadata), tuple(streams), _outside(structure), bool(_CLEAR_STRING.search(structure)))


def _streams(content: bytes) -> Iterator[tuple[int, int]]:
    """Where the bytes of every stream begin and end."""
    stop = 0
    while (at := content.find(b"stream", stop)) >= 0:
        start = at + len(b"stream")
        stop = content.find(b"endstream", start)
        if stop < 0:
            return
        yield start, stop
        stop += len(b"endstream")


def _inflated(packed: bytes, budget: DocumentBudget) -> bytes:
    try:
        return unpack.inflate(packed, budget, wbits=15)[0]
    except Unreadable:
        return packed


def _outside(structure: bytes) -> bytes:
    """What belongs to no object, cross-reference table or trailer; comments of programs are shorter."""
    pieces = list[bytes]()
    header = _HEADER.search(structure[:_HEADER_WITHIN])
    position = header.end() if header and not structure[: header.start()].strip() else 0
    while (start := structure.find(b" obj", position)) >= 0:
        head = max(structure.rfind(b"\n", position, start), structure.rfind(b"\r", position, start), position)
        pieces.append(_without_tables(structure[position:head]))
        stop = structure.find(b"endobj", start)
        position = len(structure) if stop < 0 else stop + len(b"endobj")
    pieces.append(_without_tables(structure[position:]))
    outside = b"\n".join(piece for piece in (p.strip(b"\0 \t\r\n\f") for p in pieces) if piece)
    return outside if len(outside) > _SHORT else b""


def _without_tables(text: bytes) -> bytes:
    """The text without what stands between ``xref`` and the end of the file's section."""
    pieces, position = list[bytes](), 0
    while (start := text.find(b"xref", position)) >= 0:
        pieces.append(text[position:start].removesuffix(b"start"))
        stop = text.find(b"%%EOF", start)
        position = len(text) if stop < 0 else stop + len(b"%%EOF")
    return b"\n".join((*pieces, text[position:]))


def without_encryption(content: bytes) -> bytes:
    """Return the file with no encryption dictionary, as whoever sees its clear objects sees it."""
    return _KEY.sub(b"/Ignored", content)


def without_sealed_files(content: bytes) -> tuple[bytes, int]:
    """Return a file with the attached files emptied that are encrypted, and the size of these.

    Raises Unreadable when the file is damaged.
    """
    import pikepdf

    size = 0
    try:
        with pikepdf.open(io.BytesIO(without_encryption(content))) as document:
            for thing in document.objects:
                if isinstance(thing, pikepdf.Stream) and thing.get("/Type") == pikepdf.Name.EmbeddedFile:
                    raw = thing.read_raw_bytes()
                    if len(raw) and ciphertext.is_possible(raw):
                        size += len(raw)
                        thing.write(b"")
            if not size:
                return without_encryption(content), 0
            out = io.BytesIO()
            document.save(out)
    except (pikepdf.PdfError, ValueError, TypeError) as error:
        raise Unreadable("PDF is damaged") from error
    return out.getvalue(), size


def items(part: Part, clear: Clear) -> Iterator[Item]:
    """Yield what is in the clear as parts, and that the claim is false when more than the metadata is."""
    for number, body in enumerate(clear.metadata, 1):
        yield Part(under(part.where, f"metadata {number}"), body, inline=True)
    if clear.outside:
        yield Part(under(part.where, "data outside the document"), clear.outside, part.names, inline=True)
    if clear.is_false:
        yield Unscanned(part.where, ciphertext.CLAIM)
        for number, body in enumerate(clear.streams, 1):
            yield Part(under(part.where, f"clear stream {number}"), body, inline=True)
        yield Part(under(part.where, "pages"), without_encryption(part.content), part.names, inline=True)
