"""OpenDocument files (ODF 1.3): text, sheets, slides, and how they are encrypted."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import odf_crypto, pictures, sniff, tables, xml_events
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.flowing import FlowingText
from dlp_gateway.documents.items import Item, Outside, Unreadable, under
from dlp_gateway.documents.odf_crypto import MACHINERY, whole_number
from dlp_gateway.documents.xml_events import Attributes
from dlp_gateway.documents.zip_structure import ZipStructure, parse
from dlp_gateway.model import Part, Role, Text, Unscanned

_BLOCKS = frozenset(
    "p h list-item annotation title subtitle keyword description user-defined subject creator option".split()
)
_WORDS = frozenset(
    "string-value formula condition prompt-message href label current-value title help-text value".split()
)
_TYPE = re.compile(rb"[\w.+/-]{1,200}\s*")
_OWN_ROWS = 1000  # more repeated cells than that are a way to fill a sheet, not data


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield everything in an OpenDocument package, or its lock."""
    package = parse(part.content, budget)
    manifest = package.find("META-INF/manifest.xml")
    locks = odf_crypto.encryption(package.read(manifest, budget)) if manifest is not None else {}
    if locks:
        yield from odf_crypto.locked(part, package, locks, budget)
        return
    yield from _members(part, package, budget)


def _members(part: Part, package: ZipStructure, budget: DocumentBudget) -> Iterator[Item]:
    for number, entry in enumerate(package.entries, 1):
        if entry.is_folder:
            continue
        place = part.where if entry.name == "content.xml" else under(part.where, _label(entry.name, number))
        try:
            content = package.read(entry, budget)
            if MACHINERY.fullmatch(entry.name) and _is_machinery(entry.name, content, budget):
                continue
            if entry.name.endswith(".xml") or content[:5] == b"<?xml":
                role = Role.METADATA if entry.name.endswith("meta.xml") else Role.DOCUMENT
                yield from _xml(Part(place, content, part.names), budget, role)
            elif content:
                yield Part(place, content, inline=True)
        except Unreadable as error:
            yield Unscanned(place, str(error))
    for start, stop in package.gaps:
        yield Outside(Part(under(part.where, "data outside the package"), part.content[start:stop], inline=True))


def _is_machinery(name: str, content: bytes, budget: DocumentBudget) -> bool:
    """Whether a member is what its name says, so that there is nothing of the author's to read in it."""
    if name == "mimetype":
        return _TYPE.fullmatch(content) is not None
    if name == "layout-cache":
        return sniff.kinds(content)[0] in ("empty", "unknown")
    if name.startswith("Thumbnails/"):
        return pictures.is_preview(content, sniff.kinds(content)[0], budget)
    root = xml_events.root(content)
    if root in (b"manifest", b"document-signatures", b"document-settings", b"RDF"):
        return True
    return not content or (name.startswith("Configurations2/") and bool(root) and not xml_events.has_text(content))


def _label(name: str, number: int) -> str:
    if name == "styles.xml":
        return "headers and footers"
    if name.endswith("meta.xml"):
        return "properties"
    return f"picture {number}" if name.startswith("Pictures/") else f"embedded file {number}"


def read_flat(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield everything in a flat OpenDocument file (fodt, fods, fodp)."""
    yield from _xml(part, budget, Role.DOCUMENT)


def _xml(part: Part, budget: DocumentBudget, role: Role) -> Iterator[Item]:
    walker = _Walker(budget)
    xml_events.parse(part.content, budget, start=walker.start, end=walker.end, text=walker.text, doctype=True)
    for sheet in walker.sheets:
        where = under(part.where, sheet.label)
        rows = [row for row in sheet.rows if row.cells]
        table = tables.render(rows, cell_places=sum(len(row.cells) for row in rows) < 50_000)
        if table.length:
            budget.charge("characters", table.length)
            yield Text(where, table.text(), role, part.names, tuple(table.places))
    walker.flow.line()
    for extra in dict.fromkeys(walker.extras):
        walker.flow.add(extra)
        walker.flow.line()
    if (text := walker.flow.text(part.where, role, part.names)) is not None:
        yield text
    for number, picture in enumerate(walker.binaries, 1):
        yield Part(under(part.where, f"embedded file {number}"), picture, inline=True)


@dataclass(slots=True)
class _Sheet:
    label: str
    rows: list[tables.Row] = field(default_factory=list)


class _Walker:
    """Text as it flows; tables of spreadsheets as sheets with cell places, other tables in the flow."""

    def __init__(self, budget: DocumentBudget) -> None:
        self.flow = FlowingText(budget)
        self.sheets: list[_Sheet] = []
        self.extras: list[str] = []
        self.binaries: list[bytes] = []
        self._budget = budget
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._open: list[str] = []
        self._spreadsheet = False
        self._depth = 0
        self._cell: list[str] | None = None
        self._value = ""
        self._row_repeat = self._cell_repeat = self._column = self._row = 0
        self._slide = 0

    def start(self, name: str, attributes: Attributes) -> None:
        self._open.append(name)
        for key, value in attributes.items():
            if key in _WORDS and value.strip() and name not in ("table-cell", "covered-table-cell", "binary-data"):
                self.extras.append(value)
        match name:
            case "spreadsheet":
                self._spreadsheet = True
            case "style":
                self._style = attributes.get("name", "")
            case "table-properties" if attributes.get("display") == "false":
                self._hidden_styles.add(self._style)
            case "table":
                self._start_table(attributes)
            case "table-row":
                self._start_row(attributes)
            case "table-cell" | "covered-table-cell":
                self._start_cell(attributes)
            case "page" if self._open[-2:-1] == ["presentation"]:
                self._slide += 1
                self.flow.place(f"slide {self._slide}")
            case "tab" | "s":
                self._add("\t" if name == "tab" else " " * min(whole_number(attributes.get("c"), 1), 200))
            case "line-break":
                self._add("\n")

    def _start_table(self, attributes: Attributes) -> None:
        self._depth += 1
        if self._spreadsheet and self._depth == 1:
            hidden = " (hidden)" if attributes.get("style-name", "") in self._hidden_styles else ""
            self.sheets.append(_Sheet(f"sheet {len(self.sheets) + 1}{hidden}"))
            self.extras.append(attributes.get("name", ""))
            self._row = 0
        else:
            self.flow.start_table()

    def _start_row(self, attributes: Attributes) -> None:
        if self._in_sheet():
            self._row_repeat = whole_number(attributes.get("number-rows-repeated"), 1)
            self._row += 1
            self._column = 0
            self.sheets[-1].rows.append(tables.Row(self._row))
        else:
            self.flow.start_row()

    def _start_cell(self, attributes: Attributes) -> None:
        self._cell_repeat = whole_number(attributes.get("number-columns-repeated"), 1)
        value = next(
            (attributes[k] for k in ("date-value", "time-value", "string-value", "value") if k in attributes), ""
        )
        if self._in_sheet():
            self._cell, self._value = [], value
            if '"' in attributes.get("formula", ""):
                self.extras.append(attributes["formula"])
        else:
            self.flow.start_cell()

    def end(self, name: str) -> None:
        self._open.pop()
        match name:
            case "table":
                self._depth -= 1
                if not self._spreadsheet or self._depth:
                    self.flow.end_table()
            case "table-row" if self._in_sheet():
                self._row += min(self._row_repeat, 1 << 20) - 1
            case "table-cell" | "covered-table-cell":
                self._end_cell()
            case "annotation" | "p" | "h" if self._cell is not None:
                self._cell.append("\n")
            case _ if name in _BLOCKS:
                self.flow.line()

    def _end_cell(self) -> None:
        if self._cell is None:
            self.flow.end_cell(min(self._cell_repeat, _OWN_ROWS))
            return
        self._budget.charge("cells", 1)
        shown = " ".join("".join(self._cell).split())
        text = (
            shown if not self._value or self._value in shown else f"{shown} ({self._value})" if shown else self._value
        )
        if text:
            self.sheets[-1].rows[-1].cells.append((tables.column_name(self._column), text, tables.is_numeric(text)))
        self._column += min(self._cell_repeat, 1 << 14)
        self._cell = None

    def _in_sheet(self) -> bool:
        return self._spreadsheet and self._depth == 1

    def text(self, data: str) -> None:
        if self._open and self._open[-1] == "binary-data":
            try:
                self.binaries.append(base64.b64decode(data))
            except (binascii.Error, ValueError):
                self.extras.append(data)
            return
        if self._open and (self._open[-1] in ("script", "config-item", "edit-duration", "generator") or data.isspace()):
            data = " " if data.isspace() and self._open[-1] in ("p", "h", "span", "a") else ""
        self._add(data)

    def _add(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)
        else:
            self.flow.add(data)
