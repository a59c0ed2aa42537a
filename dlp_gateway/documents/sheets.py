"""Worksheets of Office workbooks (SpreadsheetML): cells in rows, with what they show and where they are."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from dlp_gateway.documents import cell_values, office_markup, tables, xml_events
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.cell_values import Format
from dlp_gateway.documents.tables import Cell, Row
from dlp_gateway.documents.xml_events import Attributes
from dlp_gateway.model import Role, Text

_CELL_PLACES = 50_000  # cells of a sheet up to which each has a place of its own; beyond, its row has
_KEPT = 50_000
# What nearly all writers produce for cells; anything else in the sheet data sends the whole part to the XML parser.
_PLAIN_CELL = re.compile(
    r'<c r="([A-Z]{1,3})\d{1,7}"(?: s="(\d{1,6})")?(?: t="(\w{1,9})")?(?:/>|>'
    r"(?:<f>([^<]*)</f>)?(?:<v>([^<]*)</v>|<v/>)?"
    r'(?:<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)?</c>)'
)
_PLAIN_STRING = re.compile(r'<si><t(?: xml:space="preserve")?>([^<]*)</t></si>')
_PLAIN_ROW = re.compile(r'\s*(?:<row(?: [\w:]+="[^"<]*")*\s*/>\s*)*<row(?: r="(\d{1,7})")?(?: [\w:]+="[^"<]*")*\s*>')
_EMPTY_ROWS = re.compile(r'\s*(?:<row(?: [\w:]+="[^"<]*")*\s*/>\s*)*')
_UTF8 = re.compile(rb'\A(?:\xef\xbb\xbf)?\s*(?:<\?xml version="1\.0"(?: encoding="(?:UTF|utf)-8")?[^<>]*\?>)?\s*<\w')


@dataclass(slots=True)
class Workbook:
    """What all sheets share: strings, the format of each style, and which strings some cell shows."""

    strings: list[str] = field(default_factory=list)
    formats: list[Format | None] = field(default_factory=list)
    shown: set[int] = field(default_factory=set)
    said: dict[tuple[str, str], str] = field(default_factory=dict)

    def cell(self, column: str, style: str, kind: str, formula: str, raw: str, inline: str) -> Cell:
        """Return a cell from the pieces of its markup."""
        text, numeric = self.value(raw, kind, style) if raw else (inline, False)
        if kind != "s" and "&" in text:
            text = html.unescape(text)
        if formula and ('"' in formula or "&quot;" in formula):
            text = f"{text} ={html.unescape(formula)}"
        return column, text, numeric

    def value(self, raw: str, kind: str, style: str) -> tuple[str, bool]:
        """Return the text of a cell and whether it is a number or date."""
        if kind == "s":
            try:
                index = int(raw)
                self.shown.add(index)
                return self.strings[index] if index >= 0 else "", False
            except (ValueError, IndexError):
                return raw, False
        if kind in ("", "n"):
            if style and (shape := self._format(style)) is not None:
                return self._shaped(shape, raw, style), True
            return (raw if len(raw) < 16 and "E" not in raw else cell_values.number_text(raw)), True
        if kind == "b":
            return "TRUE" if raw == "1" else "FALSE", False
        return raw, kind == "d"

    def _shaped(self, shape: Format, raw: str, style: str) -> str:
        """Dates repeat: what was shown once is kept, up to a bound."""
        if (said := self.said.get((style, raw))) is None:
            try:
                said = shape(float(raw))
            except (ValueError, OverflowError):
                said = raw
            if len(self.said) < _KEPT:
                self.said[style, raw] = said
        return said

    def _format(self, style: str) -> Format | None:
        index = int(style)
        return self.formats[index] if index < len(self.formats) else None

    def unused(self) -> list[str]:
        """Return the shared strings that no cell shows: deleted content that stayed in the file."""
        return [s for i, s in enumerate(self.strings) if i not in self.shown and s.strip()]


def read_strings(content: bytes, budget: DocumentBudget) -> list[str]:
    """Return the shared strings in order; phonetic readings are put behind theirs."""
    if (plain := _plain_strings(content)) is not None:
        budget.charge("characters", sum(map(len, plain)))
        return plain
    strings: list[str] = []
    pieces: list[str] = []
    inside = False

    def start(name: str, _: Attributes) -> None:
        nonlocal inside
        if name == "si":
            pieces.clear()
        inside = name == "t"

    def end(name: str) -> None:
        nonlocal inside
        inside = False
        if name == "si":
            strings.append("".join(pieces))

    def text(data: str) -> None:
        if inside:
            pieces.append(data)

    xml_events.parse(content, budget, start=start, end=end, text=text)
    budget.charge("characters", sum(map(len, strings)))
    return strings


def _plain_strings(content: bytes) -> list[str] | None:
    """Read shared strings when all of them are plain; None sends the part to the XML parser."""
    start, end = content.find(b"<si>"), content.rfind(b"</sst>")
    if start < 0 or end < start or not _UTF8.match(content[:400]) or b"<si" in content[:start].replace(b"<sst", b""):
        return None
    try:
        data = content[start:end].decode("utf-8")
    except UnicodeDecodeError:
        return None
    if _PLAIN_STRING.sub("", data).strip():
        return None
    return [html.unescape(s) if "&" in s else s for s in _PLAIN_STRING.findall(data)]


def read_formats(content: bytes, budget: DocumentBudget, *, epoch_1904: bool) -> list[Format | None]:
    """Return, for each cell style of styles.xml, how it shows numbers (None: as they are)."""
    codes: dict[int, str] = {}
    used: list[int] = []
    inside = False

    def start(name: str, attributes: Attributes) -> None:
        nonlocal inside
        if name == "numFmt":
            codes[_integer(attributes.get("numFmtId"))] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            inside = True
        elif name == "xf" and inside:
            used.append(_integer(attributes.get("numFmtId")))

    def end(name: str) -> None:
        nonlocal inside
        if name == "cellXfs":
            inside = False

    xml_events.parse(content, budget, start=start, end=end, text=lambda _: None)
    known = {n: cell_values.formatter(n, codes.get(n, ""), epoch_1904=epoch_1904) for n in set(used)}
    return [known[n] for n in used]


def read_sheet(
    content: bytes, where: str, book: Workbook, budget: DocumentBudget, hints: tuple[str, ...]
) -> list[Text]:
    """Return the cells of a worksheet as one text of rows, and the rest of it (headers, prompts ...) as another."""
    rest = content
    rows: list[Row] | None = None
    if (split := _sheet_data(content)) is not None and (rows := _plain_rows(split[1], book, budget)) is not None:
        rest = split[0] + split[2]
    handler = _SheetHandler(book, budget)
    xml_events.parse(rest, budget, start=handler.start, end=handler.end, text=handler.text)
    rows = handler.rows if rows is None else rows
    cells = sum(len(row.cells) for row in rows)
    table = tables.render(rows, cell_places=cells <= _CELL_PLACES)
    texts: list[Text] = []
    if table.length:
        budget.charge("characters", table.length)
        texts.append(Text(where, table.text(), Role.DOCUMENT, hints, tuple(table.places)))
    if (other := office_markup.with_extras(handler.markup).text(where, hints=hints)) is not None:
        texts.append(other)
    return texts


def _sheet_data(content: bytes) -> tuple[bytes, str, bytes] | None:
    start, end = content.find(b"<sheetData>"), content.rfind(b"</sheetData>")
    if start < 0 or end < start or not _UTF8.match(content[:400]):
        return None
    try:
        return content[: start + 11], content[start + 11 : end].decode("utf-8"), content[end:]
    except UnicodeDecodeError:
        return None


def _plain_rows(data: str, book: Workbook, budget: DocumentBudget) -> list[Row] | None:
    """Read the cells when every byte is of the usual form; None sends the part to the XML parser."""
    rows: list[Row] = []
    *chunks, rest = data.split("</row>")
    if not _EMPTY_ROWS.fullmatch(rest):
        return None
    for chunk in chunks:
        head = _PLAIN_ROW.match(chunk)
        if head is None:
            return None
        body = chunk[head.end() :]
        if _PLAIN_CELL.sub("", body).strip():
            return None
        row = Row(int(head[1]) if head[1] else len(rows) + 1)
        row.cells = [book.cell(*fields) for fields in _PLAIN_CELL.findall(body)]
        budget.charge("cells", len(row.cells))
        rows.append(row)
    return rows


class _SheetHandler:
    """Reads any well-formed worksheet; what is not a cell goes to ``markup``."""

    def __init__(self, book: Workbook, budget: DocumentBudget) -> None:
        self.rows: list[Row] = []
        self.markup = office_markup.MarkupText(budget)
        self._book = book
        self._budget = budget
        self._inside = 0
        self._cell: Attributes | None = None
        self._field = ""
        self._values: dict[str, list[str]] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "sheetData":
            self._inside += 1
        elif not self._inside:
            self.markup.start(name, attributes)
        elif name == "row":
            self.rows.append(Row(_integer(attributes.get("r")) or len(self.rows) + 1))
        elif name in ("c", "cell"):
            self._cell, self._values = attributes, {}
        self._field = name

    def end(self, name: str) -> None:
        self._field = ""
        if name == "sheetData":
            self._inside -= 1
        elif not self._inside:
            self.markup.end(name)
        elif name in ("c", "cell") and self._cell is not None:
            self._end_cell(self._cell)
            self._cell = None

    def text(self, data: str) -> None:
        if not self._inside:
            self.markup.text(data)
        elif self._cell is not None and self._field in ("v", "t", "f"):
            self._values.setdefault(self._field, []).append(data)

    def _end_cell(self, attributes: Attributes) -> None:
        self._budget.charge("cells", 1)
        if not self.rows:
            self.rows.append(Row(1))
        cells = self.rows[-1].cells
        raw, inline, formula = ("".join(self._values.get(k, ())) for k in ("v", "t", "f"))
        style = attributes.get("s", "")
        known = style if style.isdigit() and len(style) < 7 else ""
        text, numeric = self._book.value(raw, attributes.get("t", ""), known) if raw else (inline, False)
        if raw and inline:
            text = f"{text} {inline}"
        if '"' in formula:
            text = f"{text} ={formula}"
        column = attributes.get("r", "").rstrip("0123456789")[:3] or tables.column_name(len(cells))
        cells.append((column, text, numeric))


def _integer(text: str | None) -> int:
    return int(text) if text and text.isdigit() and len(text) < 9 else 0
