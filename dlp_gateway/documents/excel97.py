"""Excel 97-2003 workbooks (MS-XLS, BIFF8): cells of every sheet and all other strings."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from olefile import OleFileIO

from dlp_gateway.documents import biff, embedded, leftovers, office_crypto, ole, pictures, pivot97, protection, tables
from dlp_gateway.documents.biff import Record
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.cell_values import Format, formatter, number_text
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.documents.tables import Row
from dlp_gateway.model import Part, Protection, Role, Text, Unscanned

_FORMULA, _EOF, _NOTE, _STRING, _FILEPASS = 0x06, 0x0A, 0x1C, 0x207, 0x2F
_HEADERS = (0x14, 0x15)
_BOUNDSHEET, _SST, _LABELSST, _LABEL, _RSTRING = 0x85, 0xFC, 0xFD, 0x204, 0xD6
_NUMBER, _RK, _MULRK, _BOF, _XF, _FORMAT, _DATEMODE = 0x203, 0x27E, 0xBD, 0x809, 0xE0, 0x41E, 0x22
_NAME, _TXO, _CONTINUE, _HLINK, _SXSTRING, _DCONREF, _DV, _SERIESTEXT = (
    0x18,
    0x1B6,
    0x3C,
    0x1B8,
    0xCD,
    0x51,
    0x1BE,
    0x100D,
)
_DRAWINGS = 0xEB
_SHARED = ("Revision Log", "User Names")
_STATES = {1: "hidden", 2: "very hidden"}


@dataclass(slots=True)
class _Sheet:
    label: str
    rows: dict[int, Row] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Book:
    strings: list[str] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)
    styles: list[int] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    epoch_1904: bool = False
    formats: dict[int, Format | None] = field(default_factory=dict)

    def number(self, value: float, style: int) -> str:
        """Return a number as its cell shows it."""
        if style not in self.formats:
            number = self.styles[style] if style < len(self.styles) else 0
            self.formats[style] = formatter(number, self.codes.get(number, ""), epoch_1904=self.epoch_1904)
        shape = self.formats[style]
        return shape(value) if shape else number_text(repr(value))


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield every sheet of a workbook, its other words, properties, macros and objects; or its lock."""
    with ole.opened(part.content) as file:
        yield from ole.properties(part, file, budget)
        yield from read_storage(part, file, [], budget)
        yield from embedded.read(part, file, budget)


def read_storage(part: Part, file: OleFileIO, storage: list[str], budget: DocumentBudget) -> Iterator[Item]:
    """Yield the workbook in one storage of a compound file (``[]`` is the root)."""
    path = next((p for name in ("Workbook", "Book") if file.exists(p := [*storage, name])), None)
    if path is None:
        raise Unreadable("workbook is damaged")
    stream = ole.stream(file, path, budget)
    if (grade := _lock(stream)) is not None:
        yield office_crypto.legacy(part, grade, budget)
        return
    if biff.version(stream) == 0x0600:
        yield from _sheets(part, stream, budget)
    else:
        yield from biff.read_by_calamine(part, budget)
    if path[-1] == "Workbook":
        yield from _beside(part, file, storage, budget)


def _beside(part: Part, file: OleFileIO, storage: list[str], budget: DocumentBudget) -> Iterator[Item]:
    """Pivot caches, which keep rows that are gone from the sheets, and what a shared workbook remembers."""
    inside = ole.tree(file)
    for place in inside.storages.get(tuple(storage), []):
        for name in inside.streams.get(place, []) if place[-1].upper() == "_SX_DB_CUR" else ():
            budget.charge("entries", 1)
            yield from pivot97.read(part, ole.stream(file, [*place, name], budget), budget)
    words = [leftovers.words(ole.stream(file, p, budget)) for name in _SHARED if file.exists(p := [*storage, name])]
    if said := "\n".join(w for w in words if w):
        budget.charge("characters", len(said))
        yield Text(under(part.where, "changes"), said, Role.METADATA, part.names)
    if file.exists([*storage, "Book"]):
        yield Unscanned(part.where, "older workbook beside the workbook is not read")


def _lock(stream: bytes) -> Protection | None:
    """The FILEPASS record says how (MS-XLS 2.4.117): 0 is XOR, 1 is RC4 with a version behind it."""
    for number, record in enumerate(biff.records(stream)):
        if record.kind == _FILEPASS:
            if struct.unpack_from("<H", record.body)[0] == 0:
                return protection.graded("office-xor", cipher="XOR", key_bits=16)
            return office_crypto.grade_legacy(record.body[2:])
        if number > 40:
            return None
    return None


def _sheets(part: Part, stream: bytes, budget: DocumentBudget) -> Iterator[Item]:
    book, sheets = _walk(stream, budget)
    for sheet in sheets:
        rows = [sheet.rows[y] for y in sorted(sheet.rows)]
        table = tables.render(rows, cell_places=sum(len(row.cells) for row in rows) < 50_000)
        where = under(part.where, sheet.label)
        budget.charge("characters", table.length)
        if table.length:
            yield Text(where, table.text(), Role.DOCUMENT, part.names, tuple(table.places))
        if sheet.words:
            yield Text(where, "\n".join(sheet.words), Role.DOCUMENT, part.names)
    drawings = b"".join(b"".join(r.pieces) for r in biff.records(stream) if r.kind == _DRAWINGS)
    for number, picture in enumerate(pictures.carved(drawings), 1):
        budget.charge("bytes", len(picture))
        yield Part(under(part.where, f"picture {number}"), picture, inline=True)
    if book.words:
        yield Text(under(part.where, "workbook"), "\n".join(book.words), Role.METADATA, part.names)


def _walk(stream: bytes, budget: DocumentBudget) -> tuple[_Book, list[_Sheet]]:
    book, sheets = _Book(), list[_Sheet]()
    depth = 0
    try:
        for record in biff.records(stream):
            budget.charge("entries", 0)
            if record.kind == _BOF:
                depth += 1
                if depth == 1 and book.states:
                    state = book.states[len(sheets)] if len(sheets) < len(book.states) else ""
                    position = len(sheets) + 1
                    sheets.append(_Sheet(f"sheet {position} ({state})" if state else f"sheet {position}"))
            elif record.kind == _EOF:
                depth = max(0, depth - 1)
            elif not sheets:
                _global(record, book, budget)
            else:
                _cell(record, book, sheets[-1], budget)
    except (struct.error, IndexError) as error:
        raise Unreadable("workbook is damaged") from error
    return book, sheets


def _global(record: Record, book: _Book, budget: DocumentBudget) -> None:
    body = record.body
    match record.kind:
        case 0x85:
            book.states.append(_STATES.get(body[4] & 3, ""))
            book.words.append(biff.short_string(body[6:]))
        case 0xFC:
            book.strings = biff.shared_strings(record)
            budget.charge("characters", sum(map(len, book.strings)))
        case 0xE0:
            book.styles.append(struct.unpack_from("<H", body, 2)[0])
        case 0x41E:
            book.codes[struct.unpack_from("<H", body)[0]] = biff.long_string(body[2:])
        case 0x22:
            book.epoch_1904 = bool(body[0])
        case 0x18:
            book.words.append(biff.defined_name(body))
        case 0xCD:
            book.words.append(biff.long_string(body))
        case 0x1AE:
            book.words += biff.supporting_book(body)
        case 0x5A:
            book.words.append(" | ".join(_cached(body)))


def _cached(body: bytes) -> list[str]:
    """The cells of another workbook in a CRN record (MS-XLS 2.4.67): last and first column, row, values."""
    found, position = list[str](), 4
    for _ in range(body[1], body[0] + 1):
        kind = body[position]
        if kind == 2:
            size, flags = struct.unpack_from("<HB", body, position + 1)
            found.append(biff.long_string(body[position + 1 :]))
            position += 4 + (2 * size if flags & 1 else size)
            continue
        if kind == 1:
            found.append(number_text(repr(struct.unpack_from("<d", body, position + 1)[0])))
        position += 9
    return found


def _cell(record: Record, book: _Book, sheet: _Sheet, budget: DocumentBudget) -> None:
    body, kind = record.body, record.kind
    if kind in _HEADERS and body:
        sheet.words.append(biff.long_string(body))
    elif kind == _TXO:
        sheet.words.append(biff.text_object(record))
    elif kind in (_SXSTRING, _DCONREF):
        sheet.words.append(biff.long_string(body))
    elif kind == _HLINK:
        sheet.words.append(biff.wide_words(body))
    elif kind == _DV:
        sheet.words.append(biff.validation_words(body))
    elif kind == _SERIESTEXT and len(body) > 3:
        sheet.words.append(biff.short_string(body[2:]))
    elif kind == _STRING and sheet.rows:
        last = sheet.rows[next(reversed(sheet.rows))]
        last.cells[-1] = (last.cells[-1][0], biff.long_string(body), False)
    else:
        for y, x, text, numeric in _values(kind, body, book):
            budget.charge("cells", 1)
            sheet.rows.setdefault(y, Row(y + 1)).cells.append((tables.column_name(x), text, numeric))


def _values(kind: int, body: bytes, book: _Book) -> Iterator[tuple[int, int, str, bool]]:
    """Cells in a record: row, column, text, whether it is a number."""
    if kind == _LABELSST:
        y, x, _, index = struct.unpack_from("<HHHI", body)
        yield y, x, book.strings[index] if index < len(book.strings) else "", False
    elif kind in (_LABEL, _RSTRING):
        y, x = struct.unpack_from("<HH", body)
        yield y, x, biff.long_string(body[6:]), False
    elif kind == _NUMBER:
        y, x, style, value = struct.unpack_from("<HHHd", body)
        yield y, x, book.number(value, style), True
    elif kind == _RK:
        y, x, style, packed = struct.unpack_from("<HHHI", body)
        yield y, x, book.number(biff.rk(packed), style), True
    elif kind == _MULRK:
        y, first = struct.unpack_from("<HH", body)
        for offset in range((len(body) - 6) // 6):
            style, packed = struct.unpack_from("<HI", body, 4 + 6 * offset)
            yield y, first + offset, book.number(biff.rk(packed), style), True
    elif kind == _FORMULA:
        y, x, style = struct.unpack_from("<HHH", body)
        if body[12:14] != b"\xff\xff":
            yield y, x, book.number(struct.unpack_from("<d", body, 6)[0], style), True
        else:
            yield y, x, biff.formula_strings(body[20:]), False
