"""What an HTML page says, in every way it can be read.

One linear pass yields the text that is seen, the text that is not, and the
text of attributes. Detectors look at all of them, so neither a hidden decoy
between two digits nor a hidden paragraph helps anybody.
"""

from __future__ import annotations

import binascii
import re
import string
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_to_bytes

from dlp_gateway.mime.html_styles import Look, StyleSheet, contents, look
from dlp_gateway.mime.html_tables import Cell, Table
from dlp_gateway.mime.html_tokens import tokenize

# As much text as a 25 MB page can hold when most of it is markup.
DEFAULT_BUDGET = 20_000_000
_MOST_DATA_URIS = 200
_MOST_STYLE_ELEMENTS = 50
# Tags and attributes. The densest honest pages, tables out of spreadsheets, have one for a dozen characters.
_MOST_MARKS = 1_000_000
# A table is written anew into the one around it.
_DEEPEST_TABLES = 30

_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_BLOCK = frozenset(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p pre section select "
    "summary table tbody tfoot thead title tr ul".split()
)
_READ_ATTRIBUTES = frozenset(
    "alt title value href content placeholder label summary abbr cite action src background name poster srcdoc".split()
)
_SPACE = re.compile(r"[ \t\r\n\f]{2,}+|[\t\r\n\f]")
_STYLE = re.compile(r"<style[^<>]*+>", re.IGNORECASE)
_SEEN = Look()
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_NOT_BASE64 = bytes(set(range(256)) - set(string.ascii_letters.encode() + string.digits.encode() + b"+/-_"))
_TAG = re.compile(r"<[^<>]{1,1000}>")
_TABLE_TAGS = frozenset({"table", "tr", "td", "th"})


@dataclass(frozen=True, slots=True)
class HtmlReadings:
    """The readings of one page.

    ``visible`` is what a reader sees. ``hidden`` is text that is on the page
    but not seen, with comments, scripts and style strings; ``attributes`` the
    texts of attributes, a line each. ``everything`` is all text in order
    regardless of visibility, empty when nothing is hidden. ``data_uris`` are
    declared types with decoded contents. ``truncated``: the budget ran out.
    """

    visible: str = field(repr=False)
    hidden: str = field(default="", repr=False)
    attributes: str = field(default="", repr=False)
    everything: str = field(default="", repr=False)
    data_uris: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    truncated: bool = False


def read_html(source: str, budget_chars: int = DEFAULT_BUDGET) -> HtmlReadings:
    """Read a page; never raises on content, and takes time linear in its length."""
    return _Reader(source, budget_chars).read()


class _Enough(Exception):
    """The budget of a page ran out."""


class _Flow:
    """Text in the making: lines where blocks begin and end, no space after a space."""

    __slots__ = ("_space", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._space = True

    def text(self, text: str, *, preserved: bool) -> None:
        """Add text, in which spaces are one unless they are ``preserved``."""
        if self._space and not preserved and text.startswith(" "):
            text = text[1:]
        if text:
            self.pieces.append(text)
            self._space = text.endswith((" ", "\n"))

    def line(self) -> None:
        if self.pieces and not self.pieces[-1].endswith("\n"):
            self.pieces.append("\n")
        self._space = True

    def block(self, text: str) -> None:
        self.line()
        self.pieces.append(text)
        self.line()

    def result(self) -> str:
        return "".join(self.pieces).strip()


@dataclass(slots=True)
class _Frame:
    """An open table with where its text goes: its cells, or the flow while none is open."""

    table: Table
    flow: _Flow
    cell: Cell | None = None


class _Reader:
    """Takes the tokens of one page."""

    def __init__(self, source: str, budget: int) -> None:
        self._source = source
        self._left = budget
        self._marks_left = _MOST_MARKS
        self._sheet = StyleSheet(_style_elements(source))
        self._tags: list[str] = []
        self._looks: list[Look] = [_SEEN]
        self._counts: dict[str, int] = {}
        self._frames: list[_Frame] = []
        self._tables_beyond = 0
        self._page = self._flow = _Flow()
        self._all = _Flow()
        self._hidden = _Flow()
        self._attributes: list[str] = []
        self._data: list[tuple[str, bytes]] = []
        self._truncated = False

    def read(self) -> HtmlReadings:
        try:
            tokenize(self._source, self)
        except _Enough:
            self._truncated = True
        while self._frames:
            self._end_table()
        hidden = self._hidden.result()
        return HtmlReadings(
            visible=self._page.result(),
            hidden=hidden,
            attributes="\n".join(dict.fromkeys(self._attributes)),
            everything=self._all.result() if hidden else "",
            data_uris=tuple(self._data),
            truncated=self._truncated,
        )

    def _spend(self, characters: int) -> None:
        self._left -= characters
        if self._left < 0:
            raise _Enough

    # Tokens

    def text(self, text: str) -> None:
        appearance = self._looks[-1]
        if not (preserved := appearance.preserved):
            text = _SPACE.sub(" ", text)
        self._all.text(text, preserved=preserved)
        if appearance.unseen:
            self._hidden.text(_SPACE.sub(" ", text), preserved=False)
        else:
            self._flow.text(text, preserved=preserved)
        self._spend(len(text))

    def aside(self, element: str, content: str) -> None:
        """Comments and raw elements: not seen, but there to be read (and conditional comments are markup)."""
        if element == "textarea":
            self.text(content)
            return
        self._hidden.line()
        if element == "style":
            for string in contents(content):
                self._hidden.block(string)
        elif element == "script":
            self._hidden.block(content.strip())
        else:
            self._hidden.block(_SPACE.sub(" ", _TAG.sub(" ", content)).strip())
        self._spend(len(content))

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._marks_left -= 1 + len(attributes)
        if self._marks_left < 0:
            raise _Enough
        if attributes:
            self._read_attributes(attributes)
        if tag in _BLOCK or tag == "br":
            self._line()
        if tag in _VOID:
            return
        if tag in _TABLE_TAGS:
            self._start_in_table(tag)
        parent = self._looks[-1]
        self._looks.append(look(parent, tag, attributes, self._sheet.of(tag, attributes)))
        self._tags.append(tag)
        self._counts[tag] = self._counts.get(tag, 0) + 1

    def end(self, tag: str) -> None:
        self._marks_left -= 1
        if self._marks_left < 0:
            raise _Enough
        if tag in _BLOCK:
            self._line()
        if tag in _TABLE_TAGS:
            self._end_in_table(tag)
        if not self._counts.get(tag):
            return
        name = ""
        while name != tag:
            name = self._tags.pop()
            self._looks.pop()
            self._counts[name] -= 1

    def _line(self) -> None:
        self._all.line()
        (self._hidden if self._looks[-1].unseen else self._flow).line()

    # Tables

    def _start_in_table(self, tag: str) -> None:
        if tag == "table":
            self._start_table()
        elif self._frames:
            self._end_cell()
            table = self._frames[-1].table
            if tag == "tr":
                table.row()
            else:
                self._frames[-1].cell = table.cell(header=tag == "th")

    def _end_in_table(self, tag: str) -> None:
        if tag != "table":
            self._end_cell()
        elif self._tables_beyond:
            self._tables_beyond -= 1
        elif self._frames:
            self._end_table()

    def _start_table(self) -> None:
        for frame in self._frames[-1:]:
            frame.table.layout = True
        if len(self._frames) >= _DEEPEST_TABLES:
            self._tables_beyond += 1
            return
        self._flow = _Flow()
        self._frames.append(_Frame(Table(), self._flow))

    def _end_cell(self) -> None:
        if not self._frames:
            return
        frame = self._frames[-1]
        if frame.flow.pieces:
            text = frame.flow.result()
            if frame.cell is not None:
                frame.cell.text = text
            elif text:
                # Text between cells stands above the table for browsers.
                self._around().block(text)
            frame.flow = self._flow = _Flow()
        frame.cell = None

    def _around(self) -> _Flow:
        """The flow of text around the innermost table."""
        return self._frames[-2].flow if len(self._frames) > 1 else self._page

    def _end_table(self) -> None:
        self._end_cell()
        self._flow = self._around()
        rendered = self._frames.pop().table.render()
        if rendered:
            self._flow.block(rendered)

    # Attributes

    def _read_attributes(self, attributes: dict[str, str]) -> None:
        for name, value in attributes.items():
            if not value or not (name in _READ_ATTRIBUTES or name.startswith(("data-", "aria-"))):
                continue
            if value[:5].lower() == "data:":
                self._data_uri(value)
                continue
            if name in {"href", "src", "action"} and "%" in value:
                self._attribute(unquote(value))
            self._attribute(value)

    def _attribute(self, value: str) -> None:
        value = _SPACE.sub(" ", value).strip()
        if value:
            self._attributes.append(value)
            self._spend(len(value))

    def _data_uri(self, value: str) -> None:
        if (decoded := decode_data_uri(value)) is None:
            return
        if len(self._data) == _MOST_DATA_URIS:
            self._truncated = True
            return
        self._data.append(decoded)
        self._spend(len(decoded[1]))


def decode_data_uri(value: str) -> tuple[str, bytes] | None:
    """Return the declared type and the content of a ``data:`` URI (RFC 2397); None when it is none."""
    head, comma, data = value[5:].partition(",")
    if not comma:
        return None
    kind = head.split(";")[0].strip().lower() or "text/plain"
    if not head.rstrip().lower().endswith(";base64"):
        return kind, unquote_to_bytes(data)
    compact = unquote(data).encode("ascii", "ignore").translate(_TO_BASE64, _NOT_BASE64)
    usable = len(compact) - (1 if len(compact) % 4 == 1 else 0)
    return kind, binascii.a2b_base64(compact[:usable] + b"=" * (-usable % 4))


def _style_elements(source: str) -> list[str]:
    found = []
    for match in _STYLE.finditer(source):
        end = source.find("</", match.end())
        found.append(source[match.end() : end if end >= 0 else len(source)])
        if end < 0 or len(found) >= _MOST_STYLE_ELEMENTS:
            break
    return found
