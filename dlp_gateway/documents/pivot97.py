"""Pivot caches of Excel 97-2003 (MS-XLS 2.1.7.12): the rows of the source as they were when it was last read."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from dlp_gateway.documents import biff, tables
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.cell_values import number_text
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part, Role, Text

_FIELD, _ROW = 0xC7, 0xC8
_NUMBER, _WHOLE, _STRING, _DATE, _NOTHING = 0xC9, 0xCC, 0xCD, 0xCE, 0xCF
_VALUES = (_NUMBER, _WHOLE, _STRING, _DATE, _NOTHING, 0xCA, 0xCB)
_SHARED, _WIDE = 0x0001, 0x0200  # rows hold indexes into the field's items; of two bytes each


@dataclass(slots=True)
class _Field:
    name: str
    flags: int
    items: list[str] = field(default_factory=list)
    used: set[int] = field(default_factory=set)


def read(part: Part, stream: bytes, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the rows of one cache as a table, items that no row refers to below it."""
    try:
        fields, rows = _walk(stream, budget)
    except (struct.error, IndexError) as error:
        raise Unreadable("pivot cache is damaged") from error
    lost = [[item for at, item in enumerate(f.items) if at not in f.used] for f in fields]
    rest = [list(row) for row in zip_longest(*lost, fillvalue="")]
    table = tables.render(tables.plain_rows([[f.name for f in fields], *rows, *rest]))
    budget.charge("characters", table.length)
    if table.length:
        yield Text(under(part.where, "pivot tables"), table.text(), Role.DOCUMENT, part.names)


def _walk(stream: bytes, budget: DocumentBudget) -> tuple[list[_Field], list[list[str]]]:
    """Fields with their items come first; a row holds indexes into these, and values of the other fields follow it."""
    fields, rows = list[_Field](), list[list[str]]()
    waiting: Iterator[int] = iter(())
    for record in biff.records(stream):
        budget.charge("cells", 1)
        if record.kind == _FIELD:
            fields.append(_Field(biff.long_string(record.body[14:]), struct.unpack_from("<H", record.body)[0]))
        elif record.kind == _ROW:
            budget.charge("cells", len(fields))
            rows.append(_row(fields, record.body))
            waiting = iter([at for at, known in enumerate(fields) if not known.flags & _SHARED])
        elif record.kind in _VALUES and rows:
            if (at := next(waiting, None)) is None:
                rows[-1].append(_value(record))
            else:
                rows[-1][at] = _value(record)
        elif record.kind in _VALUES:
            fields = fields or [_Field("", 0)]
            fields[-1].items.append(_value(record))
    return fields, rows


def _row(fields: list[_Field], body: bytes) -> list[str]:
    """The items that one row refers to, by indexes of one or two bytes."""
    cells, position = list[str](), 0
    for known in fields:
        index = -1
        if known.flags & _SHARED:
            width = 2 if known.flags & _WIDE else 1
            index = int.from_bytes(body[position : position + width], "little")
            position += width
            known.used.add(index)
        cells.append(known.items[index] if 0 <= index < len(known.items) else "")
    return cells


def _value(record: biff.Record) -> str:
    body = record.body
    if record.kind == _STRING:
        return biff.long_string(body)
    if record.kind == _NUMBER:
        return number_text(repr(struct.unpack_from("<d", body)[0]))
    if record.kind == _WHOLE:
        return str(struct.unpack_from("<h", body)[0])
    if record.kind == _DATE:
        year, month, day, hour, minute, second = struct.unpack_from("<HHBBBB", body)
        return f"{year:04}-{month:02}-{day:02}" + (f" {hour:02}:{minute:02}:{second:02}" if hour or minute else "")
    return ""
