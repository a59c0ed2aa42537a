"""XML of no particular vocabulary, SVG among it: records as lines of ``name: value``."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import charset, plain, tables, xml_events
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.flowing import FlowingText
from dlp_gateway.documents.items import Item, Unreadable
from dlp_gateway.documents.xml_events import Attributes
from dlp_gateway.model import Part, Role, Text

_LONGEST_LINE = 64  # fields; a flat file of a million leaves is not one record
_DRAWING = frozenset(
    "d points transform style class id viewBox width height x y x1 x2 y1 y2 r cx cy rx ry dx dy".split()
)
_CHOSEN = frozenset({"id", "class"})
_TELLING = re.compile(r"\S\s+\S|(?:\d[ \-]?){6}")
_INLINE = frozenset({"text", "tspan", "p", "title", "desc", "b", "i", "em", "strong", "span", "a"})


@dataclass(slots=True)
class _Element:
    name: str
    attributes: list[str]
    pieces: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    wordy: bool = False


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the words of an XML file: elements that hold only plain children become one line each.

    What is not well-formed is given as it stands. Raises Unreadable for entity declarations.
    """
    records = _Records(budget)
    try:
        xml_events.parse(
            part.content,
            budget,
            start=records.start,
            end=records.end,
            text=records.text,
            comment=records.comment,
            doctype=True,
        )
    except Unreadable as error:
        if str(error) != xml_events.NOT_WELL_FORMED:
            raise
        for source in charset.readings(part.content):
            budget.charge("characters", len(source))
            yield Text(part.where, html.unescape(source), Role.DOCUMENT, part.names)
        return
    records.finish()
    if (text := records.flow.text(part.where, hints=part.names)) is not None:
        yield text
    if b"base64," in part.content:
        yield from plain.data_uris(part, charset.decode(part.content))


class _Records:
    def __init__(self, budget: DocumentBudget) -> None:
        self.flow = FlowingText(budget)
        self._open: list[_Element] = [_Element("", [])]
        self._drawn = False

    def start(self, name: str, attributes: Attributes) -> None:
        if len(self._open) == 1:
            self._drawn = name == "svg"
        words = [f"{k}: {v}" for k, v in attributes.items() if v.strip() and not self._is_machinery(k, v)]
        self._open.append(_Element(name, words))

    def _is_machinery(self, key: str, value: str) -> bool:
        """Whether an attribute draws, or refers to something; names that somebody chose may say more than that."""
        if self._drawn and key in _DRAWING:
            return key not in _CHOSEN or not _TELLING.search(value)
        return _reference(value)

    def text(self, data: str) -> None:
        element = self._open[-1]
        element.pieces.append(data)
        element.wordy = element.wordy or not data.isspace()

    def comment(self, data: str) -> None:
        if data.strip():
            self._open[-1].fields.append(data.strip())

    def end(self, name: str) -> None:
        element, parent = self._open.pop(), self._open[-1]
        said = " ".join("".join(element.pieces).split())
        if name in _INLINE:
            parent.pieces.append("".join(element.pieces) + ("" if name in ("tspan", "b", "i", "a", "span") else "\n"))
            parent.wordy = parent.wordy or name in ("tspan", "b", "i", "em", "strong", "span", "a")
            said = "" if parent.wordy else said
        fields = [*element.attributes, *element.fields]
        if element.fields or len(fields) > _LONGEST_LINE:
            self._line([*([said] if said else []), *fields])
            return
        if said:
            fields.insert(0, said if name in _INLINE else f"{name}: {said}")
        parent.fields.extend(fields)
        if len(parent.fields) > _LONGEST_LINE or not parent.name:
            self._line(parent.fields)
            parent.fields = []

    def finish(self) -> None:
        """The file ends; what its root said in line with nothing around it is a line, too."""
        said = " ".join("".join(self._open[0].pieces).split())
        self._line([said] if said else [])

    def _line(self, fields: list[str]) -> None:
        if fields:
            self.flow.add(tables.SEPARATOR.join(fields))
            self.flow.line()


def _reference(value: str) -> bool:
    start = ("http://www.w3.org/", "http://schemas.", "urn:", "data:", "url(")
    return value.startswith(start) and not _TELLING.search(value.partition(",")[0] if value[:5] == "data:" else value)
