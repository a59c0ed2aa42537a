"""What the attributes of a page say: lines of text, words that are shown in place of an element, files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from dlp_gateway.mime import html_data, html_sheets

_MOST_DATA_URIS = 200
_READ_ATTRIBUTES = frozenset(
    "alt title value href content placeholder label summary abbr cite action src background name poster srcdoc string "
    "start".split()
)
_ADDRESSES = frozenset({"href", "src", "action"})
# What is shown in place of an element or beside it.
SHOWN = {
    "img": ("alt",),
    "area": ("alt",),
    "amp-img": ("alt",),
    "input": ("value", "placeholder", "alt"),
    "textarea": ("placeholder",),
    "option": ("label",),
    "optgroup": ("label",),
    "ol": ("start",),
    "li": ("value",),
    "v:textpath": ("string",),
}
# Numbers of list items are small; longer ones are there to be read.
_LONG_NUMBER = re.compile(r"\s*-?\d{5}")
_NUMBERED = frozenset({"ol", "li"})
# Shown on a line of their own.
AT_ONCE = _NUMBERED | {"option", "optgroup"}
_SPACE = re.compile(r"[ \t\r\n\f]{2,}+|[\t\r\n\f]")


class Attributes:
    """Collects the ``lines`` of text and the ``data:`` URIs of a page; ``truncated``: there are more."""

    __slots__ = ("data", "lines", "truncated")

    def __init__(self) -> None:
        self.lines: dict[str, None] = {}
        self.data: list[tuple[str, bytes]] = []
        self.truncated = False

    def read(self, attributes: dict[str, str]) -> int:
        """Take those of one element; return how many characters they have."""
        spent = 0
        for name, value in attributes.items():
            if not value:
                continue
            if ":" in value and html_data.may_hold(value):
                spent += self.keep(html_data.in_attribute(name, value))
                if html_data.begins(name, value):
                    continue
            if name == "style" and ('"' in value or "'" in value or "counter" in value.lower()):
                for said in html_sheets.strings(value):
                    spent += self._line(said)
            if name == "srcdoc":
                # A page of its own (HTML standard, section 4.8.5).
                spent += self._file("text/html", value.encode("utf-8", "replace"))
            if name in _READ_ATTRIBUTES or name.startswith(("data-", "aria-")):
                if name in _ADDRESSES and "%" in value:
                    spent += self._line(unquote(value))
                spent += self._line(value)
        return spent

    def keep(self, addresses: Iterable[str]) -> int:
        """Decode ``data:`` URIs and keep what is in them; return how much that is."""
        spent = 0
        for address in addresses:
            if (decoded := html_data.decode_data_uri(address)) is None:
                continue
            spent += self._file(*decoded)
        return spent

    def _file(self, kind: str, content: bytes) -> int:
        if len(self.data) == _MOST_DATA_URIS:
            self.truncated = True
            return 0
        self.data.append((kind, content))
        return len(content)

    def _line(self, value: str) -> int:
        value = _SPACE.sub(" ", value).strip()
        if value:
            self.lines[value] = None
        return len(value)


def shown(tag: str, attributes: dict[str, str]) -> Iterator[str]:
    """Yield the words that are shown in place of an element, or before it."""
    for name in SHOWN[tag]:
        word = _SPACE.sub(" ", attributes.get(name, ""))
        if tag not in _NUMBERED:
            if word:
                yield word
        elif _LONG_NUMBER.match(word):
            yield f"{word}. "
