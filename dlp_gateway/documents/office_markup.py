"""Text out of the XML of Office documents: WordprocessingML, DrawingML, chart, comment and property parts.

All character data of every element is text, and so are the attributes that
hold words (alternative text, validation prompts, connection strings ...).
Paragraphs with deleted or hidden runs are given twice: with everything, and
as they look, because either reading alone can hide a number.
"""

from __future__ import annotations

from collections import Counter

from dlp_gateway.documents import xml_events
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.flowing import FlowingText
from dlp_gateway.documents.xml_events import Attributes

# Attributes that hold words wherever they stand.
_WORDS = frozenset(
    """descr title alt string author initials displayText prompt promptTitle error errorTitle display tooltip location
    displayName connection command description sourceFile url caption userId email link formatCode""".split()
)
# Attributes that hold words on certain elements only.
_WORDS_OF: dict[str, tuple[str, ...]] = {
    "docVar": ("name", "val"),
    "alias": ("val",),
    "tag": ("val", "name"),
    "default": ("val",),
    "statusText": ("val",),
    "helpText": ("val",),
    "lvlText": ("val",),
    "listItem": ("value",),
    "listEntry": ("val",),
    "filter": ("val",),
    "customFilter": ("val",),
    "cacheField": ("name",),
    "tableColumn": ("name", "totalsRowLabel"),
    "table": ("name", "comment"),
    "tblCaption": ("val",),
    "tblDescription": ("val",),
    "fldSimple": ("instr",),
    "item": ("val",),
    "definedName": ("name", "comment"),
    "sheet": ("name",),
    "cmAuthor": ("name",),
    "section": ("name",),
    "custShow": ("name",),
    "property": ("name",),
    "scenario": ("name", "comment", "user"),
    "inputCells": ("val",),
    "person": ("displayName",),
    "mailMerge": ("val",),
    "connectString": ("val",),
    "query": ("val",),
    "s": ("v",),
    "n": ("v",),
    "d": ("v",),
    "stringItem": ("v",),
    "pt": ("v",),
    "textpath": ("string",),
    "guideline": (),
}
_NOT_TEXT = frozenset(
    """posOffset pctWidth pctHeight align Pages Words Characters CharactersWithSpaces Lines Paragraphs TotalTime
    AppVersion DocSecurity Slides Notes HiddenSlides MMClips ScaleCrop LinksUpToDate SharedDoc HyperlinksChanged
    revision attrName formatCode created modified Template Application Format ptCount idx order crosses""".split()
)
_BLOCKS = frozenset({"si", "is", "comment", "text", "sp", "txbxContent", "pt", "graphicFrame", "r_end"})
_RUNS = frozenset({"t", "delText"})
_BREAKS = {"br": "\n", "cr": "\n", "tab": "\t", "noBreakHyphen": "-", "ptab": "\t"}


class MarkupText:
    """Collects the text of one XML part; see ``read``."""

    def __init__(self, budget: DocumentBudget) -> None:
        self.flow = FlowingText(budget)
        self.extras: list[str] = []
        self._paragraphs: list[list[tuple[str, bool]]] = []  # runs with "shown" of every open paragraph
        self._open: list[str] = []
        self._run_hidden = False
        self._direct = False
        self._choice: set[str] = set()
        self._inside: Counter[str] = Counter()
        self._entries: list[str] = []  # of the drop-down field that is open
        self._chosen = 0

    def start(self, name: str, attributes: Attributes) -> None:
        """Handle the start of an element."""
        self._open.append(name)
        self._direct = False
        if attributes:
            self._attributes(name, attributes)
        match name:
            case "p":
                self._paragraphs.append([])
            case "tbl":
                self.flow.start_table()
            case "tr":
                self.flow.start_row()
            case "tc":
                self.flow.start_cell()
            case "del" | "moveFrom" | "Choice" | "Fallback":
                self._inside[name] += 1
            case "r":
                self._run_hidden = False
            case "vanish" | "webHidden" | "specVanish":
                self._run_hidden = attributes.get("val", "true") not in ("0", "false", "off")
            case "ddList" | "listEntry" | "result" | "default":
                self._drop_down(name, attributes.get("val", ""))
            case "sym":
                self._add(_symbol(attributes.get("char", "")))
            case _:
                if (mark := _BREAKS.get(name)) and self._open[-2:-1] != ["tabs"]:
                    self._add(mark)

    def end(self, name: str) -> None:
        """Handle the end of an element."""
        self._open.pop()
        match name:
            case "p":
                self._end_paragraph()
            case "tbl":
                self.flow.end_table()
            case "tc":
                self.flow.end_cell()
            case "del" | "moveFrom" | "Choice" | "Fallback":
                self._inside[name] -= 1
            case "r":
                self._run_hidden = False
            case "ddList":
                # What such a field shows stands in no run (ECMA-376-1, 17.16.9).
                self._add("".join(self._entries[self._chosen : self._chosen + 1]))
            case _:
                if not self._paragraphs and (name in _BLOCKS or (self._direct and name not in _RUNS)):
                    self.flow.line()
        self._direct = False

    def text(self, data: str) -> None:
        """Handle character data."""
        if not self._open or self._open[-1] in _NOT_TEXT:
            return
        if self._open[-1] in ("instrText", "delInstrText"):
            self.extras.append(data)
            return
        if not data.isspace():
            self._direct = True
        elif self._open[-1] not in _RUNS:
            return
        self._add(data, hidden=self._open[-1] == "delText")

    def _drop_down(self, name: str, value: str) -> None:
        """Take a piece of a drop-down field: what was chosen counts, before what was offered first."""
        if name == "ddList":
            self._entries, self._chosen = [], 0
        elif name == "listEntry":
            self._entries.append(value)
        elif self._open[-2:-1] == ["ddList"] and value.isdigit() and len(value) < 5:
            self._chosen = int(value) if name == "result" else self._chosen or int(value)

    def _add(self, data: str, *, hidden: bool = False) -> None:
        if self._paragraphs:
            deleted = self._inside["del"] or self._inside["moveFrom"]
            self._paragraphs[-1].append((data, not (hidden or deleted or self._run_hidden)))
        else:
            self.flow.add(data)

    def _end_paragraph(self) -> None:
        if not self._paragraphs:
            return
        runs = self._paragraphs.pop()
        full = "".join(data for data, _ in runs)
        if self._inside["Fallback"] and full in self._choice:
            return
        if self._inside["Choice"]:
            self._choice.add(full)
        self.flow.add(full)
        self.flow.line()
        if any(not shown for _, shown in runs) and (shown := "".join(data for data, shown in runs if shown)):
            self.flow.add(shown)
            self.flow.line()

    def _attributes(self, name: str, attributes: Attributes) -> None:
        wanted = _WORDS_OF.get(name, ())
        for key, value in attributes.items():
            if (key in _WORDS or key in wanted) and len(value) > 2 and value != "General":
                self.extras.append(value)


def read(content: bytes, budget: DocumentBudget) -> MarkupText:
    """Return the text of one XML part; ``extras`` are its attribute values and field codes.

    Raises Unreadable and OverBudget as ``xml_events.parse`` does.
    """
    markup = MarkupText(budget)
    xml_events.parse(content, budget, start=markup.start, end=markup.end, text=markup.text)
    return markup


def with_extras(markup: MarkupText) -> FlowingText:
    """Return the text with each different extra on a line of its own at the end."""
    markup.flow.line()
    for extra in dict.fromkeys(markup.extras):
        markup.flow.add(extra)
        markup.flow.line()
    return markup.flow


def _symbol(code: str) -> str:
    try:
        point = int(code, 16)
    except ValueError:
        return ""
    return chr(point - 0xF000) if 0xF020 <= point <= 0xF07E else chr(point) if 0x20 <= point <= 0xFFFF else ""
