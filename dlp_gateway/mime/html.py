"""What an HTML page says, in every way it can be read.

One linear pass yields the text that is seen, the text that is not, and the
text of attributes. Detectors look at all of them, so neither a hidden decoy
between two digits nor a hidden paragraph helps anybody.
"""

from __future__ import annotations

import binascii
import re
import string
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_to_bytes

from dlp_gateway.mime.html_styles import Look, StyleSheet, contents, look, unseen
from dlp_gateway.mime.html_tables import Cell, Table
from dlp_gateway.mime.html_tokens import Token, tokens

# As much text as a 25 MB page can hold when most of it is markup.
DEFAULT_BUDGET = 20_000_000
_MOST_DATA_URIS = 200
_MOST_STYLE_ELEMENTS = 50

_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_BLOCK = frozenset(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p pre section select "
    "summary table tbody tfoot thead title tr ul".split()
)
_UNSEEN = frozenset({"template", "noscript", "head", "datalist", "object", "audio", "video"})
_READ_ATTRIBUTES = frozenset(
    "alt title value href content placeholder label summary abbr cite action src background name poster srcdoc".split()
)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_STYLE = re.compile(r"<style[^>]*>", re.IGNORECASE)
_SEEN = Look()
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_NOT_BASE64 = bytes(set(range(256)) - set(string.ascii_letters.encode() + string.digits.encode() + b"+/-_"))
_TAG = re.compile(r"<[^<>]{1,1000}>")
_CELL_TAGS = frozenset({"td", "th"})


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


class _Flow:
    """Text in the making: collapses spaces, and lines where blocks begin and end."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.size = 0
        self._space = True

    def text(self, text: str, *, preserved: bool) -> None:
        if not preserved:
            text = _SPACE.sub(" ", text)
            if self._space and text.startswith(" "):
                text = text[1:]
        if text:
            self.pieces.append(text)
            self.size += len(text)
            self._space = text[-1] in " \n"

    def line(self) -> None:
        if self.pieces and not self.pieces[-1].endswith("\n"):
            self.pieces.append("\n")
        self._space = True

    def block(self, text: str) -> None:
        self.line()
        self.pieces.append(text)
        self.size += len(text)
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
    def __init__(self, source: str, budget: int) -> None:
        self._source = source
        self._budget = budget
        self._sheet = StyleSheet(_style_elements(source))
        self._open: list[tuple[str, Look]] = []
        self._counts: Counter[str] = Counter()
        self._frames: list[_Frame] = []
        self._page = _Flow()
        self._all = _Flow()
        self._hidden = _Flow()
        self._attributes: list[str] = []
        self._attribute_size = 0
        self._data: list[tuple[str, bytes]] = []

    def read(self) -> HtmlReadings:
        truncated = False
        for token in tokens(self._source):
            self._token(token)
            if self._size() > self._budget:
                truncated = True
                break
        while self._frames:
            self._end_table()
        hidden = self._hidden.result()
        visible = self._page.result()
        return HtmlReadings(
            visible=visible,
            hidden=hidden,
            attributes="\n".join(dict.fromkeys(self._attributes)),
            everything=self._all.result() if hidden else "",
            data_uris=tuple(self._data),
            truncated=truncated,
        )

    def _size(self) -> int:
        return self._all.size + self._hidden.size + self._attribute_size

    @property
    def _flow(self) -> _Flow:
        return self._frames[-1].flow if self._frames else self._page

    @property
    def _look(self) -> Look:
        return self._open[-1][1] if self._open else _SEEN

    def _token(self, token: Token) -> None:
        if token.kind == "text":
            self._text(token.data)
        elif token.kind == "start":
            self._start(token)
        elif token.kind == "end":
            self._end(token.data)
        else:
            self._aside(token)

    def _text(self, text: str) -> None:
        appearance = self._look
        self._all.text(text, preserved=appearance.preserved)
        if unseen(appearance):
            self._hidden.text(text, preserved=False)
        else:
            self._flow.text(text, preserved=appearance.preserved)

    def _aside(self, token: Token) -> None:
        """Comments and raw elements: not seen, but there to be read (and conditional comments are markup)."""
        element = token.attributes.get("of", "")
        if element == "textarea":
            self._text(token.data)
            return
        self._hidden.line()
        if element == "style":
            for content in contents(token.data):
                self._hidden.block(content)
        elif element == "script":
            self._hidden.block(token.data.strip())
        else:
            self._hidden.block(_SPACE.sub(" ", _TAG.sub(" ", token.data)).strip())

    def _start(self, token: Token) -> None:
        tag, attributes = token.data, token.attributes
        if attributes:
            self._read_attributes(attributes)
        if tag == "br" or tag in _BLOCK:
            self._line()
        if tag in _VOID or tag in {"br", "wbr"}:
            return
        if tag == "table":
            self._start_table()
        elif tag == "tr" and self._frames:
            self._end_cell()
            self._frames[-1].table.row()
        elif tag in _CELL_TAGS and self._frames:
            self._end_cell()
            frame = self._frames[-1]
            frame.cell = frame.table.cell(header=tag == "th")
            frame.flow = _Flow()
        appearance = look(self._look, tag, attributes, self._sheet.of(tag, attributes))
        if tag in _UNSEEN:
            appearance = Look(hidden=True)
        self._open.append((tag, appearance))
        self._counts[tag] += 1

    def _end(self, tag: str) -> None:
        if tag in _BLOCK:
            self._line()
        if tag in _CELL_TAGS or tag == "tr":
            self._end_cell()
        elif tag == "table" and self._frames:
            self._end_table()
        if not self._counts[tag]:
            return
        while self._open:
            name, _ = self._open.pop()
            self._counts[name] -= 1
            if name == tag:
                return

    def _line(self) -> None:
        self._all.line()
        if unseen(self._look):
            self._hidden.line()
        else:
            self._flow.line()

    def _start_table(self) -> None:
        for frame in self._frames[-1:]:
            frame.table.layout = True
        self._frames.append(_Frame(Table(), _Flow()))

    def _end_cell(self) -> None:
        if not self._frames:
            return
        frame = self._frames[-1]
        text = frame.flow.result()
        if frame.cell is not None:
            frame.cell.pieces.append(text)
        elif text:
            # Text between cells stands above the table for browsers.
            self._below().block(text)
        frame.cell, frame.flow = None, _Flow()

    def _below(self) -> _Flow:
        return self._frames[-2].flow if len(self._frames) > 1 else self._page

    def _end_table(self) -> None:
        self._end_cell()
        frame = self._frames.pop()
        rendered = frame.table.render()
        if rendered:
            self._flow.block(rendered)

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
            self._attribute_size += len(value)

    def _data_uri(self, value: str) -> None:
        if len(self._data) >= _MOST_DATA_URIS:
            return
        decoded = decode_data_uri(value)
        if decoded is not None:
            self._data.append(decoded)
            self._attribute_size += len(decoded[1])


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
