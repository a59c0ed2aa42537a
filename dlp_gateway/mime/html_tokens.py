"""HTML source as a flat sequence of tokens, in linear time whatever the source.

Follows the tokenizer of the HTML standard (section 13.2.5) as far as text and
attributes go, and differs from it on purpose where the standard throws text
away: an unclosed comment, tag or script still yields what is in it. Blanks are
those of the standard, of which others that Unicode knows are none.
"""

from __future__ import annotations

import html
import re
import string
from typing import Protocol

from dlp_gateway.mime.html_scopes import FOREIGN

# Text without a stray "<", and the tag behind it, to its end when it has no attributes: nearly all of a page.
_TAG = re.compile(r"([^<]*+)<(/?)([A-Za-z][^ \t\n\r\f/>]{0,100}+)(>?)")
# "</" before anything but a letter is a comment for browsers, which nobody sees (section 13.2.5.7).
_MARK = re.compile(r"<(?=[!?A-Za-z]|/.)", re.DOTALL)
_COMMENT_END = re.compile(r"--!?>")
# Comments that end where they begin (section 13.2.5.43 and 44).
_EMPTY_COMMENT = re.compile(r"<!---?>")
# A name alone (group 1 last), with a value (2 to 4), or with a quoted value that is long or never closed (5).
# A "=" where a name has to begin is part of the name (section 13.2.5.32).
_ATTRIBUTE = re.compile(
    r"""[ \t\n\r\f/]*+(=?[^ \t\n\r\f/>=]++|=)"""
    r"""(?:[ \t\n\r\f]*+=[ \t\n\r\f]*+"""
    r"""(?:"([^"]{0,4000}+)"|'([^']{0,4000}+)'|(?!["'])([^ \t\n\r\f>]*+)|(?=["'])()))?"""
)
_UNQUOTED = re.compile(r"[^ \t\n\r\f>]*")
# Names are compared as ASCII: to str.lower, the sign of Kelvin is a "k".
_LOWER = {ord(upper): upper.lower() for upper in string.ascii_uppercase}
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
# Attributes that say how an element looks.
_OF_LOOKS = frozenset("style class id dir color bgcolor text type media hidden open".split())
_BARE, _LONG = 4, 5

# Their content is text for a program, or for a person in some other place (RCDATA): never markup.
RAW_TEXT = frozenset({"script", "style", "title", "textarea", "xmp", "noembed", "noframes", "plaintext", "iframe"})


class Handler(Protocol):
    """Takes the tokens of a page in order; names of tags and attributes are in lower case.

    ``foreign`` is true where elements are those of SVG or MathML: there, no content is RAW_TEXT, and CDATA is text
    (section 13.2.6.5).
    """

    @property
    def foreign(self) -> bool:
        """Whether what follows is SVG or MathML."""

    def text(self, text: str) -> None:
        """Text between tags, unescaped."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A start tag; values are unescaped, those of attributes given twice joined, unless they tell a look."""

    def end(self, tag: str) -> None:
        """An end tag."""

    def aside(self, element: str, content: str) -> None:
        """What is no markup: the content of a RAW_TEXT ``element``; comments and declarations have none ("")."""


def tokenize(source: str, handler: Handler) -> None:
    """Hand the tokens of ``source`` to ``handler``; what it raises passes through."""
    _Tokenizer(source, handler).run()


def attributes_of(source: str) -> dict[str, str]:
    """Return the attributes in what stands between the name of a tag and its end."""
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(source) if source.strip() else ():
        which = match.lastindex or 1
        found.setdefault(match[1].lower(), "" if which == 1 else html.unescape(match[which]))
    return found


class _Tokenizer:
    def __init__(self, source: str, handler: Handler) -> None:
        self._source = source
        self._handler = handler
        # Marks that are known not to come again: looking for each of many open quotes to the end is quadratic.
        self._gone: set[str] = set()
        # Of the last attribute how its value was written, and where it ends.
        self._tail = (0, 0)

    def run(self) -> None:
        source, handler, at = self._source, self._handler, 0
        match = _TAG.match
        while at < len(source):
            if (found := match(source, at)) is None:
                at = self._other(at)
                continue
            text, closing, tag, whole = found.groups()
            at = found.end()
            if text:
                handler.text(html.unescape(text) if "&" in text else text)
            attributes: dict[str, str] = {}
            if not whole:
                attributes, at = self._attributes(at)
            tag = tag.lower() if tag.isascii() else tag.translate(_LOWER)
            if closing:
                handler.end(tag)
            else:
                handler.start(tag, attributes)
                if tag in FOREIGN and not whole and self._closes(at):
                    handler.end(tag)
                if tag in RAW_TEXT and not handler.foreign:
                    at = self._raw(tag, at)

    def _other(self, at: int) -> int:
        """Take text with stray marks, and a declaration behind it; return where they end."""
        source = self._source
        mark = _MARK.search(source, at)
        begin = len(source) if mark is None else mark.start()
        if begin > at:
            self._handler.text(html.unescape(source[at:begin]))
        if mark is None or source[begin + 1].isalpha() or _TAG.match(source, begin):
            return begin
        return self._declaration(begin)

    def _declaration(self, at: int) -> int:
        """Take a comment, or what is one for browsers: declarations, CDATA, ends of tags without a name."""
        source = self._source
        if empty := _EMPTY_COMMENT.match(source, at):
            return empty.end()
        if self._handler.foreign and source.startswith(_CDATA, at):
            return self._character_data(at + len(_CDATA))
        comment = source.startswith("<!--", at)
        begin = at + (4 if comment else 2)
        closing = "-->" if comment else ">"
        end = after = len(source)
        if closing not in self._gone:
            if comment and (found := _COMMENT_END.search(source, begin)):
                end, after = found.span()
            elif not comment and (mark := source.find(">", begin)) >= 0:
                end, after = mark, mark + 1
            else:
                self._gone.add(closing)
        self._handler.aside("", source[begin:end])
        return after

    def _closes(self, at: int) -> bool:
        """Whether the tag before ends its element itself: a slash behind an unquoted value belongs to that value."""
        return self._source.startswith("/>", at - 2) and self._tail != (_BARE, at - 1)

    def _character_data(self, at: int) -> int:
        end = self._source.find(_CDATA_END, at)
        self._handler.text(self._source[at:end] if end >= 0 else self._source[at:])
        return end + len(_CDATA_END) if end >= 0 else len(self._source)

    def _attributes(self, at: int) -> tuple[dict[str, str], int]:
        source = self._source
        attributes: dict[str, str] = {}
        repeated: dict[str, list[str]] = {}
        which = 0
        while (found := _ATTRIBUTE.match(source, at)) is not None:
            name, which, at = found[1].lower(), found.lastindex or 1, found.end()
            value = "" if which == 1 else found[which]
            if which == _LONG:
                value, at = self._long_value(at)
            elif "&" in value:
                value = html.unescape(value)
            # The first of two attributes of one name counts (section 13.2.5.33); both are read.
            if name in attributes and name in _OF_LOOKS:
                name = f"{name} again"
            if name not in attributes:
                attributes[name] = value
            elif value:
                repeated.setdefault(name, [attributes[name]]).append(value)
        attributes.update({name: " ".join(values) for name, values in repeated.items()})
        end = source.find(">", at)
        self._tail = (which, at)
        return attributes, len(source) if end < 0 else end + 1

    def _long_value(self, at: int) -> tuple[str, int]:
        source = self._source
        quote = source[at]
        if quote not in self._gone:
            end = source.find(quote, at + 1)
            if end >= 0:
                return html.unescape(source[at + 1 : end]), end + 1
            self._gone.add(quote)
            # Browsers take the rest of the page for the value. It is read as that and as markup.
            found = _UNQUOTED.match(source, at)
            return html.unescape(source[at + 1 :]), found.end() if found else at + 1
        found = _UNQUOTED.match(source, at)
        value = found[0] if found else ""
        return html.unescape(value), at + len(value)

    def _raw(self, tag: str, at: int) -> int:
        """Take the content of a RAW_TEXT element; return where it ends."""
        end = len(self._source)
        if tag != "plaintext" and f"</{tag}" not in self._gone:
            if (
                found := re.compile(rf"</{tag}(?=[ \t\n\r\f/>])", re.ASCII | re.IGNORECASE).search(self._source, at)
            ) is not None:
                end = found.start()
            else:
                self._gone.add(f"</{tag}")
        if end > at:
            self._handler.aside(tag, self._source[at:end])
        return end
