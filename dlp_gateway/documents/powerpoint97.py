"""PowerPoint 97-2003 presentations (MS-PPT): all text atoms of slides, notes, masters and comments."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from olefile import OleFileIO

from dlp_gateway.documents import embedded, office_crypto, ole, protection, unpack
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.flowing import FlowingText
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part

_TEXT_CHARS, _TEXT_BYTES, _CSTRING, _OLE_OBJECT = 0x0FA0, 0x0FA8, 0x0FBA, 0x1011
_TAG_DATA = 0x138B  # records of newer versions (comments among them) inside an atom
_ENCRYPTED_TOKEN = 0xF3D1C4DF
_MAX_DEPTH = 64
_CONTAINERS = {0x03EE: "slide", 0x03F0: "speaker notes", 0x03F8: "slide master", 0x2EE4: "comment"}


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the text of a presentation, earlier versions kept by fast saving too; or its lock."""
    with ole.opened(part.content) as file:
        yield from ole.properties(part, file, budget)
        yield from read_storage(part, file, [], budget)
        yield from embedded.read(part, file, budget)


def read_storage(part: Part, file: OleFileIO, storage: list[str], budget: DocumentBudget) -> Iterator[Item]:
    """Yield the presentation in one storage of a compound file (``[]`` is the root)."""

    def stream(name: str) -> bytes:
        path = [*storage, name]
        return ole.stream(file, path, budget) if file.exists(path) else b""

    document, user = stream("PowerPoint Document"), stream("Current User")
    token = struct.unpack_from("<I", user, 12)[0] if len(user) >= 16 else 0
    if token == _ENCRYPTED_TOKEN or file.exists([*storage, "EncryptedSummary"]):
        grade = protection.graded("office-rc4-cryptoapi", cipher="RC4", key_bits=_key_bits(document))
        yield office_crypto.legacy(part, grade, budget)
        return
    flow = FlowingText(budget)
    objects: list[bytes] = []
    try:
        _walk(document, 0, len(document), flow, objects, 0)
    except struct.error as error:
        raise Unreadable("presentation is damaged") from error
    if (text := flow.text(under(part.where, "slides"), hints=part.names)) is not None:
        yield text
    for data in objects:
        content = unpack.inflate(data[4:], budget, wbits=zlib.MAX_WBITS)[0]
        yield Part(under(part.where, "embedded file"), content, inline=True)
    yield from _pictures(part, stream("Pictures"), budget)


def _key_bits(document: bytes) -> int:
    """KeySize of the EncryptionHeader in the CryptSession10Container (record 2F14); 40 when it is not found."""
    at = document.rfind(b"\x14\x2f")
    if at < 0 or at + 42 > len(document):
        return 40
    bits = struct.unpack_from("<I", document, at + 6 + 28)[0]
    return int(bits) if bits in (40, 56, 64, 128) else 40


def _walk(data: bytes, position: int, stop: int, flow: FlowingText, objects: list[bytes], depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise Unreadable("presentation is nested too deeply")
    while position + 8 <= stop:
        head, kind, size = struct.unpack_from("<HHI", data, position)
        body, position = position + 8, min(position + 8 + size, stop)
        if head & 0x0F == 0x0F or kind == _TAG_DATA:
            if label := _CONTAINERS.get(kind):
                flow.place(label)
            _walk(data, body, position, flow, objects, depth + 1)
        elif kind in (_TEXT_CHARS, _CSTRING):
            said = data[body:position].decode("utf-16-le", "replace")
            flow.add(said.replace("\r", "\n").replace("\x0b", "\n").replace("\0", ""))
            flow.line()
        elif kind == _TEXT_BYTES:
            flow.add(data[body:position].decode("latin-1").replace("\r", "\n").replace("\x0b", "\n"))
            flow.line()
        elif kind == _OLE_OBJECT and size > 4:
            objects.append(data[body:position])


def _pictures(part: Part, stream: bytes, budget: DocumentBudget) -> Iterator[Item]:
    """Pictures of the OfficeArt delay stream (MS-ODRAW 2.2.23): header, identifiers, file."""
    position = 0
    while position + 8 <= len(stream):
        head, kind, size = struct.unpack_from("<HHI", stream, position)
        body = stream[position + 8 : position + 8 + size]
        position += 8 + size
        identifiers = 32 if (head >> 4) & 1 else 16
        if kind in (0xF01D, 0xF01E, 0xF029, 0xF02A, 0xF01F):
            yield Part(under(part.where, "picture"), body[identifiers + 1 :], inline=True)
        elif kind in (0xF01A, 0xF01B):
            metafile = unpack.inflate(body[identifiers + 34 :], budget, wbits=zlib.MAX_WBITS)[0]
            yield Part(under(part.where, "picture"), metafile, inline=True)
