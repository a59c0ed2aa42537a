"""Worksheets of Office workbooks (SpreadsheetML): cells in rows, with what they show and where they are."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from dlp_gateway.documents import cell_values, office_markup, tables, xml_events
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.cell_values import Format
from dlp_gateway.documents.tables import Cell
from dlp_gateway.documents.xml_events import Attributes
from dlp_gateway.model import Role, Text

_CELL_PLACES = 50_000  # cells of a sheet up to which each has a place of its own; beyond, its row has
# What nearly all writers produce for cells; anything else in the sheet data sends the whole part to the XML parser.
_PLAIN_CELL = re.compile(
    r'<c r="([A-Z]{1,3}\d{1,7})"(?: s="(\d{1,6})")?(?: t="(\w{1,9})")?(?: s="(\d{1,6})")?(?:/>|>'
    r"(?:<f>([^<]*)</f>|<f/>)?(?:<v>([^<]*)</v>|<v/>)?"
    r'(?:<is><t(?: xml:space="preserve")?>([^<]*)</t></is>)?</c>)'
)
_BETWEEN = re.compile(
    r"\s*(?:</row>\s*)?(?:<row(?: [\w:]+=\"[^\"<]*\")*\s*/>\s*)*(?:<row(?: [\w:]+=\"[^\"<]*\")*\s*>\s*)?"
)
_UTF8 = re.compile(rb'\A(?:\xef\xbb\xbf)?\s*(?:<\?xml version="1\.0"(?: encoding="(?:UTF|utf)-8")?[^<>]*\?>)?\s*<\w')

Row = list[Cell]


@dataclass(slots=True)
class Workbook:
    """What all sheets share: strings, the format of each style, and which strings some cell shows."""

    strings: list[str] = field(default_factory=list)
    formats: list[Format | None] = field(default_factory=list)
    shown: set[int] = field(default_factory=set)

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
                try:
                    return shape(float(raw)), True
                except (ValueError, OverflowError):
                    return raw, True
            return cell_values.number_text(raw), True
        if kind == "b":
            return "TRUE" if raw == "1" else "FALSE", False
        return raw, kind == "d"

    def _format(self, style: str) -> Format | None:
        index = int(style)
        return self.formats[index] if index < len(self.formats) else None

    def unused(self) -> list[str]:
        """Return the shared strings that no cell shows: deleted content that stayed in the file."""
        return [s for i, s in enumerate(self.strings) if i not in self.shown and s.strip()]


def read_strings(content: bytes, budget: DocumentBudget) -> list[str]:
    """Return the shared strings in order; phonetic readings are put behind theirs."""
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
    cells = sum(map(len, rows))
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
    row: Row = []
    position = 0
    value = book.value
    for match in _PLAIN_CELL.finditer(data):
        if (start := match.start()) != position:
            if not _BETWEEN.fullmatch(data, position, start):
                return None
            row = []
            rows.append(row)
            budget.charge("cells", len(rows[-2]) if len(rows) > 1 else 0)
        position = match.end()
        ref, style, kind, later_style, formula, raw, inline = match.groups("")
        text, numeric = value(raw, kind, style or later_style) if raw else (inline, False)
        if formula and '"' in formula:
            text = f"{text} ={formula}"
        if "&" in text and kind != "s":
            text = html.unescape(text)
        row.append(Cell(ref, text, numeric))
    return rows if _BETWEEN.fullmatch(data, position) else None


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
            self.rows.append([])
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
            self.rows.append([])
        row = self.rows[-1]
        raw, inline, formula = ("".join(self._values.get(k, ())) for k in ("v", "t", "f"))
        style = attributes.get("s", "")
        known = style if style.isdigit() and len(style) < 7 else ""
        text, numeric = self._book.value(raw, attributes.get("t", ""), known) if raw else (inline, False)
        if raw and inline:
            text = f"{text} {inline}"
        if '"' in formula:
            text = f"{text} ={formula}"
        ref = attributes.get("r") or f"{tables.column_name(len(row))}{len(self.rows)}"
        row.append(Cell(ref, text, numeric))


def _integer(text: str | None) -> int:
    return int(text) if text and text.isdigit() and len(text) < 9 else 0
