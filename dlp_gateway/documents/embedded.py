"""What stands beside and inside compound documents: objects, packages, macros, custom XML, and what nobody knows.

Every stream is accounted for. It belongs to a document that a reader reads, or
describes an object, or is a file that its bytes tell; a stream that is none of
these makes the object unread, whatever else in it was understood.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from olefile import OleFileIO

from dlp_gateway.documents import leftovers, ole, pictures, sniff, vba
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.documents.ole import Path
from dlp_gateway.model import Part, Role, Text, Unscanned

_StorageReader = Callable[[Part, OleFileIO, list[str], DocumentBudget], Iterator[Item]]
# The stream that makes a storage a document, and the streams beside it that its reader reads or that hold no words
# (MS-DOC 2.1, MS-XLS 2.1.7, MS-PPT 2.1). A message (MS-OXMSG) has all of its storage.
_OWN: dict[str, frozenset[str]] = {
    "worddocument": frozenset({"worddocument", "0table", "1table", "data"}),
    "workbook": frozenset({"workbook", "book", "revision log", "user names"}),
    "book": frozenset({"book"}),
    "powerpoint document": frozenset({"powerpoint document", "current user", "pictures", "encryptedsummary"}),
}
_MESSAGE, _PIVOTS = "__properties_version1.0", "_sx_db_cur"
# Streams that describe an object, its cached picture, or a signature, and hold no content of the author's.
_MACHINERY = (
    "\x01ole",
    "\x01compobj",
    "\x02olepres",
    "\x03objinfo",
    "\x03linkinfo",
    "\x03print",
    "\x03eprint",
    "\x03meta",
    "\x03ocx",
    "\x03pic",
    "\x03accessobjsitedata",
    "\x03mail",
    "\x05digitalsignature",
    "_signatures",
    "encryption",
    "equation native",
    "xcb",
)
_PROJECT = frozenset({"project", "projectwm", "projectlk"})
_FORM = frozenset({"f", "o", "x", "\x01compobj", "\x03vbframe"})
_UNKNOWN = "compound files of this type are not read"
_CAPTIONED = frozenset({"ctls", "catalog"})  # form controls of a workbook, names of thumbnails
_SMALL = 256  # bytes of a description as programs write it
_TRIFLE = 16  # a stream no longer than that holds a flag or a number, unless it is text
_BITMAP = b"\x28\0\0\0"  # the size of the header that a bitmap begins with
_HEADER = 64  # bytes around a picture that only describe it


def read(part: Part, file: OleFileIO, budget: DocumentBudget) -> Iterator[Item]:
    """Yield macros, embedded objects and everything else beside the documents in the root, which are read already."""
    yield from _read(part, file, [], budget, already=True)


def read_object(part: Part, file: OleFileIO, storage: list[str], budget: DocumentBudget) -> Iterator[Item]:
    """Yield everything in one storage of a compound file (``[]`` is the root), whatever is in it."""
    yield from _read(part, file, storage, budget, already=False)


def read_stream(part: Part, file: OleFileIO, path: Path, number: int, budget: DocumentBudget) -> Iterator[Item]:
    """Yield what one stream holds that belongs to no document."""
    for item in _stream(part, file, path, number, budget):
        yield Unscanned(part.where, _UNKNOWN) if item is None else item


def _read(part: Part, file: OleFileIO, storage: list[str], budget: DocumentBudget, *, already: bool) -> Iterator[Item]:
    top = tuple(storage)
    paths = list(ole.tree(file).below(top))
    owned = _owned(paths)
    forms = {path[:-1] for path in paths if path[-1].lower() == "\x03vbframe"}
    if macros := [list(path) for path in paths if _is_macro(path, forms)]:
        yield from vba.read(part, file, macros, budget)
    unread = False
    for number, path in enumerate(paths, 1):
        budget.charge("entries", 0)
        if path in owned:
            if owned[path] and not (already and path[:-1] == top):
                budget.charge("entries", 1)
                yield from _document(part, file, path, budget)
        elif not _belongs_to_macros(path, forms):
            for item in _stream(part, file, path, number, budget):
                unread = unread or item is None
                if item is not None:
                    yield item
    if unread:
        yield Unscanned(part.where, _UNKNOWN)


def _owned(paths: list[Path]) -> dict[Path, bool]:
    """The streams that belong to known documents, each with whether it is the one that makes the document."""
    inside: dict[Path, set[str]] = {}
    for path in paths:
        inside.setdefault(path[:-1], set()).add(path[-1].lower())
    messages = {at for at, names in inside.items() if _MESSAGE in names}
    found: dict[Path, bool] = {}
    for path in paths:
        name, beside = path[-1].lower(), inside[path[:-1]]
        above = next((path[:size] for size in range(len(path)) if path[:size] in messages), None)
        if above is not None:
            found[path] = above == path[:-1] and name == _MESSAGE
        elif any(main in beside and name in own for main, own in _OWN.items()):
            found[path] = name in _OWN and not (name == "book" and "workbook" in beside)
        elif len(path) > 1 and path[-2].lower() == _PIVOTS and inside.get(path[:-2], set()) & {"workbook", "book"}:
            found[path] = False
    return found


def _document(part: Part, file: OleFileIO, path: Path, budget: DocumentBudget) -> Iterator[Item]:
    """A document in a storage; that one is damaged does not end the reading of what holds it."""
    from dlp_gateway.documents import excel97, outlook, powerpoint97, word97

    readers: dict[str, _StorageReader] = {
        "worddocument": word97.read_storage,
        "workbook": excel97.read_storage,
        "book": excel97.read_storage,
        "powerpoint document": powerpoint97.read_storage,
        _MESSAGE: outlook.read_storage,
    }
    inner = Part(under(part.where, "embedded file"), part.content, part.names)
    try:
        yield from readers[path[-1].lower()](inner, file, list(path[:-1]), budget)
    except Unreadable as error:
        yield Unscanned(inner.where, str(error))


def _is_macro(path: Path, forms: set[Path]) -> bool:
    return any("vba" in name.lower() or name == "Macros" for name in path[:-1]) or path[:-1] in forms


def _belongs_to_macros(path: Path, forms: set[Path]) -> bool:
    """Whether a stream is a module, the list of modules or part of a form (MS-OVBA 2.2)."""
    name = path[-1].lower()
    in_form = path[:-1] in forms or any(path[:size] in forms for size in range(1, len(path)))
    return "vba" in [piece.lower() for piece in path[:-1]] or name in _PROJECT or (in_form and name in _FORM)


def _stream(part: Part, file: OleFileIO, path: Path, number: int, budget: DocumentBudget) -> Iterator[Item | None]:
    """What one stream holds; None when that is not known."""
    name, data = path[-1].lower(), ole.stream(file, list(path), budget)
    if name == "\x01ole10native":
        yield ole.native(part, data)
    elif name.startswith(_MACHINERY):
        yield from _said(part, leftovers.sentences(data) if len(data) > _SMALL else [], budget)
    elif "summaryinformation" in name:
        if len(path) > 1 or path[0].lower() not in (summary.lower() for summary in ole.SUMMARIES):
            yield from _said(part, ole.property_words(data), budget)
    elif name in _CAPTIONED or (name == "contents" and _is_control(file, path, budget)):
        yield from _said(part, [leftovers.words(data)], budget)
    elif not data.strip(b"\0"):
        return
    elif picture := _bitmap(data):
        yield Part(under(part.where, "picture"), picture, inline=True)
    elif sniff.kinds(data) != (sniff.UNKNOWN,):
        yield Part(under(part.where, "embedded file"), data, inline=True)
    else:
        carved = list(pictures.carved(data))
        for picture in carved:
            yield Part(under(part.where, f"picture {number}"), picture, inline=True)
        if len(data) > max(_TRIFLE, sum(map(len, carved)) + _HEADER if carved else 0):
            yield None


def _bitmap(data: bytes) -> bytes:
    """A bitmap without its file header, as pasted pictures are stored, with one (BITMAPINFOHEADER, MS-WMF 2.2.2.3)."""
    if data[:4] != _BITMAP or data[12:14] != b"\1\0" or len(data) < 44:
        return b""
    bits, used = struct.unpack_from("<H16xI", data, 14)
    palette = 4 * (used or (1 << bits if bits <= 8 else 0))
    return struct.pack("<2sIHHI", b"BM", len(data) + 14, 0, 0, 14 + 40 + palette) + data


def _is_control(file: OleFileIO, path: Path, budget: DocumentBudget) -> bool:
    """Whether the object is a control of a form, which holds names and captions."""
    described = [*path[:-1], "\x01CompObj"]
    return file.exists(described) and b"Forms." in ole.stream(file, described, budget)


def _said(part: Part, words: list[str], budget: DocumentBudget) -> Iterator[Item]:
    """Words in what describes an object, as metadata."""
    if said := "\n".join(dict.fromkeys(word for word in words if word.strip())):
        budget.charge("characters", len(said))
        yield Text(under(part.where, "object"), said, Role.METADATA, part.names)
