"""Outlook messages (.msg, MS-OXMSG): fields, bodies, recipients, attachments and messages inside."""

from __future__ import annotations

import re
from collections.abc import Iterator

from olefile import OleFileIO

from dlp_gateway.documents import mapi, ole
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part

_PROPERTY = re.compile(r"__substg1\.0_([0-9A-Fa-f]{4})([0-9A-Fa-f]{4})(?:-\d{8})?")
_MAX_DEPTH = 16


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield everything in an Outlook message; messages attached to it are read in place."""
    with ole.opened(part.content) as file:
        tree: dict[tuple[str, ...], list[str]] = {}
        for path in file.listdir(streams=True, storages=False):
            budget.charge("entries", 0)
            tree.setdefault(tuple(path[:-1]), []).append(path[-1])
        yield from _message(part, file, tree, (), budget, 0)


def _message(
    part: Part,
    file: OleFileIO,
    tree: dict[tuple[str, ...], list[str]],
    storage: tuple[str, ...],
    budget: DocumentBudget,
    depth: int,
) -> Iterator[Item]:
    if depth > _MAX_DEPTH:
        raise Unreadable("messages are nested too deeply")
    properties, textual = _properties(file, tree.get(storage, []), storage, budget)
    yield from mapi.body_items(part, properties, budget)
    yield from mapi.other_words(part, properties, textual)
    children = sorted({s[: len(storage) + 1] for s in tree if s[: len(storage)] == storage and len(s) > len(storage)})
    number = 0
    for child in children:
        name = child[-1].lower()
        if name.startswith("__recip"):
            found, strings = _properties(file, tree.get(child, []), child, budget)
            yield from mapi.other_words(Part(under(part.where, "recipient"), b""), found, strings)
        elif name.startswith("__attach"):
            number += 1
            yield from _attachment(part, file, tree, child, number, budget, depth)


def _attachment(
    part: Part,
    file: OleFileIO,
    tree: dict[tuple[str, ...], list[str]],
    storage: tuple[str, ...],
    number: int,
    budget: DocumentBudget,
    depth: int,
) -> Iterator[Item]:
    budget.charge("entries", 1)
    found, strings = _properties(file, tree.get(storage, []), storage, budget)
    keys = (mapi.ATTACH_LONG_FILENAME, mapi.ATTACH_FILENAME, mapi.DISPLAY_NAME)
    names = tuple(dict.fromkeys(mapi.words(found[k]) for k in keys if k in found))
    where = under(part.where, f"attachment {number}")
    yield from mapi.other_words(Part(where, b"", names), found, strings)
    inner = next((s for s in tree if s[:-1] == storage and s[-1].lower().startswith("__substg1.0_3701000d")), None)
    if inner is not None:
        yield from _message(Part(where, b"", names), file, tree, inner, budget, depth + 1)
    elif mapi.ATTACH_DATA in found:
        yield Part(where, found[mapi.ATTACH_DATA], names)


def _properties(
    file: OleFileIO, streams: list[str], storage: tuple[str, ...], budget: DocumentBudget
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
