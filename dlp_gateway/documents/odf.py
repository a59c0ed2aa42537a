"""OpenDocument files (ODF 1.3): text, sheets, slides, and how they are encrypted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import odf_crypto, starview, tables, xml_events
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
    """string-value string-value-if-true string-value-if-false formula condition prompt-message href label
    current-value title help-text value""".split()
)
_BREAKS = {"tab": "\t", "line-break": "\n"}
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
    names = {entry.name for entry in package.entries}
    for number, entry in enumerate(package.entries, 1):
        if entry.is_folder:
            continue
        place = part.where if entry.name == "content.xml" else under(part.where, _label(entry.name, number))
        try:
            content = package.read(entry, budget)
            if MACHINERY.fullmatch(entry.name) and odf_crypto.is_machinery(entry.name, content, budget):
                continue
            if entry.name.endswith(".xml") or content[:5] == b"<?xml":
                role = Role.METADATA if entry.name.endswith("meta.xml") else Role.DOCUMENT
                yield from _xml(Part(place, content, part.names), budget, role)
            elif content.startswith(starview.MAGIC) and _stands_in(entry.name, names):
                yield from starview.read_stand_in(Part(place, content), budget)
            elif content:
                yield Part(place, content, inline=True)
        except Unreadable as error:
            yield Unscanned(place, str(error))
    for start, stop in package.gaps:
        yield Outside(Part(under(part.where, "data outside the package"), part.content[start:stop], inline=True))


def _stands_in(name: str, names: Collection[str]) -> bool:
    """Whether a picture shows an object of the package, which is read itself (ODF 1.3 part 2, 3.16)."""
    shown = name.removeprefix("ObjectReplacements/")
    return shown != name and bool({shown, f"{shown}/content.xml"} & set(names))


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
    for number, (picture, stands_in) in enumerate(walker.binaries, 1):
        place = under(part.where, f"embedded file {number}")
        if stands_in and picture.startswith(starview.MAGIC):
            yield from starview.read_stand_in(Part(place, picture), budget)
        else:
            yield Part(place, picture, inline=True)


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
        self.binaries: list[tuple[bytes, bool]] = []  # each with whether it shows an object beside it
        self._budget = budget
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._open: list[str] = []
        self._encoded: list[str] = []
        self._frames: list[bool] = []  # open frames, each with whether it has an object that is read
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
            case "tab" | "line-break" | "s":
                self._add(_BREAKS.get(name) or " " * min(whole_number(attributes.get("c"), 1), 200))
            case "frame" | "document":
                self._start_object(name)

    def _start_object(self, name: str) -> None:
        """Note that a frame is open, and that it holds an object whose text is read."""
        if name == "frame":
            self._frames.append(False)
        elif self._open[-2:-1] == ["object"] and self._frames:
            self._frames[-1] = True

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
            case "frame":
                self._frames.pop()
            case "binary-data":
                self._end_binary()
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

    def _end_binary(self) -> None:
        """Keep a file within the text, which comes in pieces, with whether it shows an object beside it."""
        encoded = "".join(self._encoded)
        self._encoded.clear()
        try:
            content = base64.b64decode(encoded)
        except (binascii.Error, ValueError):
            self.extras.append(encoded)
            return
        shows = self._open[-1:] == ["image"] and bool(self._frames) and self._frames[-1]
        self.binaries.append((content, shows))

    def _in_sheet(self) -> bool:
        return self._spreadsheet and self._depth == 1

    def text(self, data: str) -> None:
        if self._open and self._open[-1] == "binary-data":
            self._encoded.append(data)
            return
        if self._open and (self._open[-1] in ("script", "config-item", "edit-duration", "generator") or data.isspace()):
            data = " " if data.isspace() and self._open[-1] in ("p", "h", "span", "a") else ""
        self._add(data)

    def _add(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)
        else:
            self.flow.add(data)
