"""Compound files (MS-CFB) that are no Office document: embedded objects and packages inside documents."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import olefile

from dlp_gateway.documents import charset, pictures, vba
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part, Role, Text, Unscanned

_MAX_STREAM = 64 << 20
_MAX_PROPERTY = 65_536
_LPSTR, _LPWSTR = 0x1E, 0x1F
# Streams of embedded objects that describe the object and hold no content of the author's.
_MACHINERY = (
    "\x01ole",
    "\x03objinfo",
    "\x01compobj",
    "\x03linkinfo",
    "\x03print",
    "\x03accessobjsitedata",
    "\x02olepres",
)


@contextmanager
def opened(content: bytes) -> Iterator[olefile.OleFileIO]:
    """Open a compound file; whatever olefile raises on damaged ones becomes Unreadable."""
    try:
        with olefile.OleFileIO(io.BytesIO(content), raise_defects=olefile.DEFECT_INCORRECT) as ole:
            yield ole
    except (OSError, IndexError, TypeError, AttributeError, struct.error, OverflowError) as error:
        raise Unreadable("compound file is damaged") from error


def stream(ole: olefile.OleFileIO, path: list[str] | str, budget: DocumentBudget) -> bytes:
    """Return a stream's bytes, charged to the budget; raises Unreadable when its sectors are broken."""
    try:
        size = ole.get_size(path)
        if size > _MAX_STREAM:
            raise Unreadable("stream of the compound file is too large")
        budget.charge("bytes", size)
        return bytes(ole.openstream(path).read())
    except (OSError, IndexError, TypeError, struct.error) as error:
        raise Unreadable("compound file is damaged") from error


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield what an embedded object holds: packaged files, contents of known programs, macros."""
    with opened(part.content) as ole:
        yield from properties(part, ole, budget)
        paths = ole.listdir()
        found = any(path[-1].lower() == "vba" or "vba" in map(str.lower, path[:-1]) for path in paths)
        if found:
            yield from vba.read(part, ole, paths, budget)
        for path in paths:
            name = path[-1].lower()
            budget.charge("entries", 1)
            if name == "\x01ole10native":
                found = True
                yield native(part, stream(ole, path, budget))
            elif name in ("package", "contents", "embeddedodf", "workbook", "worddocument") and len(path) == 1:
                found = True
                yield Part(under(part.where, "embedded file"), stream(ole, path, budget), inline=True)
            elif name == "equation native":
                found = True
            elif name.startswith(_MACHINERY) or "summaryinformation" in name:
                found = found or len(paths) <= 4
            else:
                for number, picture in enumerate(pictures.carved(stream(ole, path, budget)), 1):
                    found = True
                    yield Part(under(part.where, f"picture {number}"), picture, inline=True)
        if not found:
            yield Unscanned(part.where, "compound files of this type are not read")


def native(part: Part, data: bytes) -> Part:
    """An OLE 1.0 package (MS-OLEDS 2.3.6): size, flags, label, path, more paths, size, content."""
    position, names = 6, list[str]()
    for _ in range(2):
        stop = data.find(b"\0", position)
        if stop < 0:
            raise Unreadable("embedded package is damaged")
        names.append(charset.decode(data[position:stop]))
        position = stop + 1
    if len(data) < position + 8:
        raise Unreadable("embedded package is damaged")
    position += 4
    skip = struct.unpack_from("<I", data, position)[0]
    position += 4 + skip
    size = struct.unpack_from("<I", data, position)[0] if position + 4 <= len(data) else 0
    return Part(under(part.where, "embedded file"), data[position + 4 : position + 4 + size], tuple(names))


def properties(part: Part, ole: olefile.OleFileIO, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the words of the summary information streams (MS-OLEPS), user-defined ones too."""
    said: list[str] = []
    for name in ("\x05SummaryInformation", "\x05DocumentSummaryInformation"):
        if not ole.exists(name):
            continue
        data = stream(ole, name, budget)
        said += _property_strings(data)
    if said:
        text = "\n".join(dict.fromkeys(said))
        yield Text(under(part.where, "properties"), text, Role.METADATA, part.names)


def _property_strings(data: bytes) -> list[str]:
    """Every string of a property set, found by type tag (VT_LPSTR 1E, VT_LPWSTR 1F): size, then characters."""
    found: list[str] = []
    for position in range(0, len(data) - 4, 4):
        size = int.from_bytes(data[position : position + 4], "little")
        body = position + 4
        if not 1 < size <= min(_MAX_PROPERTY, len(data) - body):
            continue
        kind = int.from_bytes(data[position - 4 : position], "little") if position else 0
        if kind == _LPWSTR and body + 2 * size <= len(data):
            found.append(data[body : body + 2 * size].decode("utf-16-le", "replace").rstrip("\0"))
        elif kind == _LPSTR or data[body + size - 1] == 0:
            # vectors of strings (headings, names of own properties) carry sizes only
            word = data[body : body + size].rstrip(b"\0")
            said = charset.decode(word) if kind == _LPSTR else word.decode("latin-1")
            if len(said) > 2 and said.isprintable():
                found.append(said)
    return [f for f in found if f.strip()]
