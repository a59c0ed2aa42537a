"""Objects and macros inside compound documents: ObjectPool of Word, MBD storages of Excel."""

from __future__ import annotations

from collections.abc import Iterator

from olefile import OleFileIO

from dlp_gateway.documents import ole, vba
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, under
from dlp_gateway.model import Part


def read(part: Part, file: OleFileIO, budget: DocumentBudget) -> Iterator[Item]:
    """Yield macros and embedded objects of a compound document."""
    from dlp_gateway.documents import excel97, powerpoint97, word97

    documents = {
        "worddocument": word97.read_storage,
        "workbook": excel97.read_storage,
        "book": excel97.read_storage,
        "powerpoint document": powerpoint97.read_storage,
    }
    paths = file.listdir()
    if macros := [p for p in paths if any("vba" in piece.lower() or piece == "Macros" for piece in p[:-1])]:
        yield from vba.read(part, file, macros, budget)
    for path in paths:
        name = path[-1].lower()
        if not any(piece.lower() == "objectpool" or piece.startswith("MBD") for piece in path[:-1]):
            continue
        budget.charge("entries", 1)
        if name == "\x01ole10native":
            yield ole.native(part, ole.stream(file, path, budget))
        elif name in ("package", "contents", "embeddedodf"):
            yield Part(under(part.where, "embedded file"), ole.stream(file, path, budget), inline=True)
        elif reader := documents.get(name):
            inner = Part(under(part.where, "embedded file"), part.content, part.names)
            yield from reader(inner, file, path[:-1], budget)
