"""winmail.dat (MS-OXTNEF): the message, its attachments, and messages inside."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import charset, mapi
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part, Role, Text

_SIGNATURE = 0x223E9F78
_SUBJECT, _BODY, _MESSAGE_PROPERTIES = 0x8004, 0x800C, 0x9003
_TITLE, _DATA, _ATTACHMENT, _RENDERING, _RECIPIENTS = 0x8010, 0x800F, 0x9005, 0x9002, 0x9004
# Widths of property types with a fixed size, padded to four bytes (MS-OXCDATA 2.11.1).
_FIXED = {
    0x0002: 4,
    0x0003: 4,
    0x0004: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x000A: 4,
    0x000B: 4,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}
_VARIABLE = (mapi.STRING8, mapi.UNICODE, mapi.BINARY, mapi.OBJECT)


@dataclass(slots=True)
class _Attached:
    names: list[str] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)  # several, of which programs take one or another
    message: bytes = b""
    properties: dict[int, bytes] = field(default_factory=dict)
    textual: set[int] = field(default_factory=set)


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield everything in a TNEF stream; raises Unreadable when it ends early or breaks its rules."""
    attached: list[_Attached] = []
    properties: dict[int, bytes] = {}
    textual: set[int] = set()
    older: list[tuple[int, bytes]] = []
    for attribute, body in _attributes(part.content):
        budget.charge("entries", 1)
        if attribute in (_SUBJECT, _BODY):
            older.append((mapi.SUBJECT if attribute == _SUBJECT else mapi.BODY, body))
        elif attribute == _MESSAGE_PROPERTIES:
            found, strings = _properties(body)
            properties.update(found)
            textual |= strings
        elif attribute == _RENDERING:
            attached.append(_Attached())
        elif attached and attribute in (_TITLE, _DATA, _ATTACHMENT):
            _attach(attached[-1], attribute, body)
        elif attribute == _RECIPIENTS and (said := _recipients(body)):
            yield Text(under(part.where, "recipients"), said, Role.METADATA)
    # Programs that know no properties show the older attributes, which may say something else.
    others = [{key: body} for key, body in older if mapi.words(properties.setdefault(key, body)) != mapi.words(body)]
    for reading in (properties, *others):
        yield from mapi.body_items(part, reading, budget)
    yield from mapi.other_words(part, properties, textual)
    for number, item in enumerate(attached, 1):
        where = under(part.where, f"attachment {number}")
        names = tuple(dict.fromkeys(n for n in item.names if n))
        yield from mapi.other_words(Part(where, b"", names), item.properties, item.textual)
        if item.message:
            yield Part(under(where, "message"), item.message, names)
        yield from (Part(where, data, names) for data in dict.fromkeys(item.files))


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    if len(content) < 6 or struct.unpack_from("<I", content)[0] != _SIGNATURE:
        raise Unreadable("winmail.dat is damaged")
    position = 6
    while position + 9 <= len(content):
        attribute, size = struct.unpack_from("<II", content, position + 1)
        body = content[position + 9 : position + 9 + size]
        if len(body) < size or content[position] not in (1, 2):
            raise Unreadable("winmail.dat is damaged")
        yield attribute & 0xFFFF, body
        position += 9 + size + 2
    if position < len(content):
        raise Unreadable("winmail.dat ends early")


def _attach(item: _Attached, attribute: int, body: bytes) -> None:
    if attribute == _TITLE:
        item.names.append(charset.decode(body.rstrip(b"\0")))
    elif attribute == _DATA:
        item.files.append(body)
    else:
        item.properties, item.textual = _properties(body)
        keys = (mapi.ATTACH_LONG_FILENAME, mapi.ATTACH_FILENAME, mapi.DISPLAY_NAME)
        item.names += [mapi.words(item.properties[k]) for k in keys if k in item.properties]
        data = item.properties.pop(mapi.ATTACH_DATA, b"")
        if data[16:20] == struct.pack("<I", _SIGNATURE):
            item.message = data[16:]
        elif data:
            item.files.append(data)


def _properties(body: bytes) -> tuple[dict[int, bytes], set[int]]:
    """Values of a property block by id, and which of them are strings."""
    found: dict[int, bytes] = {}
    textual: set[int] = set()
    try:
        count, position = struct.unpack_from("<I", body)[0], 4
        for _ in range(min(count, 10_000)):
            key, kind, values, position = _property(body, position)
            if values and kind in _VARIABLE:
                found[key] = b"\n".join(values) if kind != mapi.BINARY else values[0]
                if kind in (mapi.STRING8, mapi.UNICODE):
                    textual.add(key)
    except struct.error as error:
        raise Unreadable("winmail.dat is damaged") from error
    return found, textual


def _property(body: bytes, position: int) -> tuple[int, int, list[bytes], int]:
    kind, key = struct.unpack_from("<HH", body, position)
    position += 4
    if key >= 0x8000:
        position += 16
        by_name, size = struct.unpack_from("<II", body, position)
        position += 8 + ((size + 3) & ~3 if by_name == 1 else 0)
    many = bool(kind & 0x1000)
    kind &= 0xEFFF
    if kind in _FIXED:
        count = struct.unpack_from("<I", body, position)[0] if many else 1
        return key, kind, [], position + (4 if many else 0) + count * _FIXED[kind]
    if kind not in _VARIABLE:
        raise Unreadable("winmail.dat has a property of unknown type")
    count = struct.unpack_from("<I", body, position)[0]
    position += 4
    values = []
    for _ in range(min(count, 10_000)):
        size = struct.unpack_from("<I", body, position)[0]
        value = body[position + 4 : position + 4 + size]
        if len(value) < size:
            raise Unreadable("winmail.dat is damaged")
        values.append(value)
        position += 4 + ((size + 3) & ~3)
    return key, kind, values, position


def _recipients(body: bytes) -> str:
    """Names and addresses of the recipient table: rows of properties."""
    said: list[str] = []
    try:
        rows, position = struct.unpack_from("<I", body)[0], 4
        for _ in range(min(rows, 5000)):
            count = struct.unpack_from("<I", body, position)[0]
            position += 4
            for _ in range(min(count, 1000)):
                _, kind, values, position = _property(body, position)
                if kind in (mapi.STRING8, mapi.UNICODE):
                    said += [mapi.words(v) for v in values]
    except (struct.error, Unreadable):
        pass
    return "\n".join(dict.fromkeys(s for s in said if s and not s.startswith("/O=")))
