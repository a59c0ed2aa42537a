"""Records and strings of BIFF, the format of Excel before 2007 (MS-XLS 2.1.4, 2.5.240, 2.5.293)."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import charset, tables
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part, Role, Text

_CONTINUE = 0x3C


@dataclass(frozen=True, slots=True)
class Record:
    """A record with its CONTINUE records: ``body`` is the first piece, ``pieces`` all of them."""

    kind: int
    body: bytes = field(repr=False)
    pieces: tuple[bytes, ...] = field(default=(), repr=False)


def records(stream: bytes) -> Iterator[Record]:
    """Yield the records of a stream; CONTINUE records belong to the one before them."""
    position, kind, pieces = 0, -1, list[bytes]()
    while position + 4 <= len(stream):
        number, size = struct.unpack_from("<HH", stream, position)
        body = stream[position + 4 : position + 4 + size]
        position += 4 + size
        if number == _CONTINUE and pieces:
            pieces.append(body)
            continue
        if pieces:
            yield Record(kind, pieces[0], tuple(pieces))
        if number == 0 and size == 0:
            return
        kind, pieces = number, [body]
    if pieces:
        yield Record(kind, pieces[0], tuple(pieces))


def version(stream: bytes) -> int:
    """The BIFF version of the first BOF record; 0x0600 is BIFF8."""
    return int(struct.unpack_from("<H", stream, 4)[0]) if len(stream) > 6 and stream[:2] == b"\x09\x08" else 0


def rk(packed: int) -> float:
    """Decode an RK number: 30 bits of a double or of an integer, perhaps in hundredths."""
    if packed & 2:
        value = float(packed >> 2 if packed < 1 << 31 else (packed >> 2) - (1 << 30))
    else:
        value = float(struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0])
    return value / 100 if packed & 1 else value


def short_string(body: bytes) -> str:
    """A string with one byte of length and one of flags."""
    return _characters(body[2:], body[0], wide=bool(body[1] & 1)) if len(body) > 1 else ""


def long_string(body: bytes) -> str:
    """A string with two bytes of length and one of flags (rich and phonetic parts are skipped)."""
    if len(body) < 3:
        return ""
    size, flags = struct.unpack_from("<HB", body)
    skip = 3 + (2 if flags & 8 else 0) + (4 if flags & 4 else 0)
    return _characters(body[skip:], size, wide=bool(flags & 1))


def _characters(raw: bytes, size: int, *, wide: bool) -> str:
    return raw[: 2 * size].decode("utf-16-le", "replace") if wide else raw[:size].decode("latin-1")


def shared_strings(record: Record) -> list[str]:
    """All strings of the SST record; a string may go on in the next piece, with flags of its own there."""
    reader = _Pieces(record.pieces)
    reader.take(4)
    count = struct.unpack("<I", reader.take(4))[0]
    strings: list[str] = []
    while len(strings) < count and not reader.done:
        size, flags = struct.unpack("<HB", reader.take(3))
        runs = struct.unpack("<H", reader.take(2))[0] if flags & 8 else 0
        extra = struct.unpack("<I", reader.take(4))[0] if flags & 4 else 0
        strings.append(reader.characters(size, wide=bool(flags & 1)))
        reader.take(4 * runs + extra)
    return strings


class _Pieces:
    """Reads across the pieces of a continued record."""

    def __init__(self, pieces: tuple[bytes, ...]) -> None:
        self._pieces = pieces
        self._index = 0
        self._position = 0

    @property
    def done(self) -> bool:
        return self._index >= len(self._pieces)

    def take(self, size: int) -> bytes:
        found = b""
        while size and not self.done:
            piece = self._pieces[self._index][self._position : self._position + size]
            found += piece
            size -= len(piece)
            self._position += len(piece)
            if self._position >= len(self._pieces[self._index]):
                self._index, self._position = self._index + 1, 0
        return found

    def characters(self, size: int, *, wide: bool) -> str:
        text = ""
        while size and not self.done:
            room = len(self._pieces[self._index]) - self._position
            count = min(size, room // 2 if wide else room)
            if count == 0 and room:
                break
            started = self._index
            raw = self.take(2 * count if wide else count)
            text += raw.decode("utf-16-le", "replace") if wide else raw.decode("latin-1")
            size -= count
            if size and self._index != started and not self.done:
                wide = bool(self.take(1)[0] & 1)
        return text


def text_object(record: Record) -> str:
    """The characters of a TXO record (comments, text boxes) are in its first CONTINUE."""
    if len(record.pieces) < 2 or len(record.body) < 12:
        return ""
    size = struct.unpack_from("<H", record.body, 10)[0]
    text, left = "", size
    for piece in record.pieces[1:]:
        if left <= 0 or not piece:
            break
        wide = bool(piece[0] & 1)
        said = _characters(piece[1:], left, wide=wide)
        text += said
        left -= len(said)
    return text


def defined_name(body: bytes) -> str:
    """A defined name with the strings in its formula (MS-XLS 2.4.150)."""
    size = body[3]
    wide = bool(body[14] & 1)
    name = _characters(body[15:], size, wide=wide)
    return " ".join((name, formula_strings(body[15 + (2 * size if wide else size) :])))


def supporting_book(body: bytes) -> list[str]:
    """The path of another workbook and the names of its sheets (SupBook, MS-XLS 2.4.271)."""
    if len(body) < 5 or body[2:4] in (b"\x01\x04", b"\x01\x3a"):
        return []
    found, position = list[str](), 2
    for _ in range(1 + struct.unpack_from("<H", body)[0]):
        if position + 3 > len(body):
            break
        size, flags = struct.unpack_from("<HB", body, position)
        said = long_string(body[position:])
        found.append("".join(ch if ch.isprintable() else "/" for ch in said).strip("/"))
        position += 3 + (2 * size if flags & 1 else size)
    return [said for said in found if said]


def formula_strings(body: bytes) -> str:
    """String constants (token 17) of a formula, found without parsing the rest."""
    found = []
    for match in re.finditer(rb"\x17(.)([\0\1])", body, re.DOTALL):
        size, wide = match[1][0], match[2] == b"\1"
        said = _characters(body[match.end() :], size, wide=wide)
        listed = said.replace("\0", ", ")
        if len(said) == size > 1 and listed.isprintable():
            found.append(listed)
    return " ".join(found)


def wide_words(body: bytes) -> str:
    """Runs of UTF-16 characters in a record whose structure is not needed."""
    found = re.findall(rb"(?:[\x20-\x7e\xa0-\xff]\0){4,}", body)
    return " ".join(m.decode("utf-16-le") for m in found)


def validation_words(body: bytes) -> str:
    """The four prompt and error strings of a DV record, and string constants of its lists."""
    words, position = list[str](), 4
    for _ in range(4):
        if position + 3 > len(body):
            break
        size, flags = struct.unpack_from("<HB", body, position)
        words.append(long_string(body[position:]).strip("\0"))
        position += 3 + (2 * size if flags & 1 else size)
    return "\n".join(w for w in (*words, formula_strings(body[position:])) if w)


def read_by_calamine(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the cells of every sheet of a workbook that python-calamine reads (xls, xlsb)."""
    import python_calamine

    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(part.content))
        names = workbook.sheet_names
    except Exception as error:
        raise Unreadable("workbook is damaged") from error
    for position, name in enumerate(names, 1):
        try:
            rows = workbook.get_sheet_by_name(name).to_python()
        except Exception as error:
            raise Unreadable("workbook is damaged") from error
        budget.charge("cells", sum(map(len, rows)))
        table = tables.render(tables.plain_rows([[_shown(c) for c in row] for row in rows]))
        budget.charge("characters", table.length)
        if table.length:
            where = under(part.where, f"sheet {position}")
            yield Text(where, table.text(), Role.DOCUMENT, part.names, tuple(table.places))
    yield Text(under(part.where, "workbook"), "\n".join(names), Role.METADATA, part.names)


def _shown(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return charset.decode(value) if isinstance(value, bytes) else str(value)
