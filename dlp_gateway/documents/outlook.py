"""Outlook messages (.msg, MS-OXMSG): fields, bodies, recipients, attachments and messages inside."""

from __future__ import annotations

import re
from collections.abc import Iterator

from olefile import OleFileIO

from dlp_gateway.documents import embedded, mapi, ole
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.documents.ole import Path
from dlp_gateway.model import Part

_PROPERTY = re.compile(r"__substg1\.0_([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})(?:-\d{8})?")
_OBJECT = "__substg1.0_3701000d"  # the storage of a message or OLE object that is attached (MS-OXMSG 2.2.2.1)
_HEADER, _NAMES = "__properties_version1.0", "__nameid_version1.0"
_MAX_DEPTH = 16


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield everything in an Outlook message; messages attached to it are read in place."""
    with ole.opened(part.content) as file:
        yield from ole.properties(part, file, budget)
        yield from read_storage(part, file, [], budget)


def read_storage(part: Part, file: OleFileIO, storage: list[str], budget: DocumentBudget) -> Iterator[Item]:
    """Yield the message in one storage of a compound file (``[]`` is the root)."""
    yield from _message(part, file, tuple(storage), budget, 0)


def _message(
    part: Part,
    file: OleFileIO,
    storage: Path,
    budget: DocumentBudget,
    depth: int,
) -> Iterator[Item]:
    if depth > _MAX_DEPTH:
        raise Unreadable("messages are nested too deeply")
    inside = ole.tree(file)
    properties, textual = _properties(file, inside.streams.get(storage, []), storage, budget)
    yield from mapi.body_items(part, properties, budget)
    yield from mapi.other_words(part, properties, textual)
    number = 0
    for child in inside.storages.get(storage, []):
        name = child[-1].lower()
        if name.startswith("__recip"):
            found, strings = _properties(file, inside.streams.get(child, []), child, budget)
            yield from mapi.other_words(Part(under(part.where, "recipient"), b""), found, strings)
            yield from _strange(part, file, child, budget)
        elif name.startswith("__attach"):
            number += 1
            yield from _attachment(part, file, child, number, budget, depth)
        elif name == _NAMES:
            yield from _strange(part, file, child, budget)
        else:
            yield from embedded.read_object(part, file, list(child), budget)
    yield from _strange(part, file, storage, budget, nested=False)


def _attachment(
    part: Part,
    file: OleFileIO,
    storage: Path,
    number: int,
    budget: DocumentBudget,
    depth: int,
) -> Iterator[Item]:
    budget.charge("entries", 1)
    inside = ole.tree(file)
    found, strings = _properties(file, inside.streams.get(storage, []), storage, budget)
    keys = (mapi.ATTACH_LONG_FILENAME, mapi.ATTACH_FILENAME, mapi.DISPLAY_NAME)
    names = tuple(dict.fromkeys(mapi.words(found[k]) for k in keys if k in found))
    where = under(part.where, f"attachment {number}")
    yield from mapi.other_words(Part(where, b"", names), found, strings)
    attached = Part(where, part.content, names)
    for child in inside.storages.get(storage, []):
        below = [name.lower() for name in inside.streams.get(child, [])]
        if child[-1].lower().startswith(_OBJECT) and _HEADER in below:
            yield from _message(attached, file, child, budget, depth + 1)
        else:
            yield from embedded.read_object(attached, file, list(child), budget)
    if mapi.ATTACH_DATA in found:
        yield Part(where, found[mapi.ATTACH_DATA], names)
    yield from _strange(attached, file, storage, budget, nested=False)


def _strange(
    part: Part, file: OleFileIO, storage: Path, budget: DocumentBudget, *, nested: bool = True
) -> Iterator[Item]:
    """What stands in a storage and is no property: no part of the format, so it may be anything."""
    inside = ole.tree(file)
    for number, name in enumerate(inside.streams.get(storage, []), 1):
        if _PROPERTY.fullmatch(name) is None and name.lower() != _HEADER:
            yield from embedded.read_stream(part, file, (*storage, name), number, budget)
    for child in inside.storages.get(storage, []) if nested else ():
        yield from embedded.read_object(part, file, list(child), budget)


def _properties(
    file: OleFileIO, streams: list[str], storage: Path, budget: DocumentBudget
) -> tuple[dict[int, bytes], set[int]]:
    """Return the values of one storage by property id, and which of them are strings."""
    found: dict[int, bytes] = {}
    textual: set[int] = set()
    for name in streams:
        match = _PROPERTY.fullmatch(name)
        if match is None:
            continue
        key, kind = int(match[1], 16), int(match[2], 16)
        if kind & 0xEFFF in (mapi.STRING8, mapi.UNICODE) or (
            kind == mapi.BINARY and key in (mapi.HTML, mapi.RTF_COMPRESSED, mapi.ATTACH_DATA)
        ):
            value = ole.stream(file, [*storage, name], budget)
            found[key] = found.get(key, b"") + value if kind & 0x1000 else value
            if kind != mapi.BINARY:
                textual.add(key)
    return found, textual
