"""HTML source as a flat sequence of tokens, in linear time whatever the source.

Follows the tokenizer of the HTML standard (section 13.2.5) as far as text and
attributes go, and differs from it on purpose where the standard throws text
away: an unclosed comment, tag or script still yields what is in it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Literal

_NAME = re.compile(r"[A-Za-z][^\s/>]{0,100}")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>=]+)(\s*=\s*)?")
_UNQUOTED = re.compile(r"[^\s>]*")

# Their content is text for a program, or for a person in some other place (RCDATA): never markup.
RAW_TEXT = frozenset({"script", "style", "title", "textarea", "xmp", "noembed", "noframes", "plaintext", "iframe"})


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of the source: ``text``, ``start``, ``end``, ``comment`` or ``raw`` (content of a RAW_TEXT element)."""

    kind: Literal["text", "start", "end", "comment", "raw"]
    data: str
    attributes: dict[str, str] = field(default_factory=dict)


def tokens(source: str) -> Iterator[Token]:
    """Yield the tokens of ``source`` in order."""
    return _Tokenizer(source).run()


class _Tokenizer:
    def __init__(self, source: str) -> None:
        self._source = source
        # Marks that are known not to come again: looking for each of many open quotes to the end is quadratic.
        self._gone: set[str] = set()

    def run(self) -> Iterator[Token]:
        source, at = self._source, 0
        while at < len(source):
            mark = source.find("<", at)
            if mark < 0:
                mark = len(source)
            if mark > at:
                yield Token("text", html.unescape(source[at:mark]))
            if mark == len(source):
                return
            at = yield from self._markup(mark)

    def _markup(self, at: int) -> Generator[Token, None, int]:
        source = self._source
        following = source[at + 1 : at + 2]
        if source.startswith("<!--", at):
            end, behind = self._until("-->", at + 4)
            yield Token("comment", source[at + 4 : end])
            return behind
        if source.startswith("<![CDATA[", at):
            end, behind = self._until("]]>", at + 9)
            yield Token("comment", source[at + 9 : end])
            return behind
        if following in {"!", "?"}:
            end, behind = self._until(">", at + 2)
            yield Token("comment", source[at + 2 : end])
            return behind
        closing = following == "/"
        name = _NAME.match(source, at + 2 if closing else at + 1)
        if name is None:
            yield Token("text", "<")
            return at + 1
        attributes, behind = self._attributes(name.end())
        tag = name[0].lower()
        if closing:
            yield Token("end", tag)
            return behind
        yield Token("start", tag, attributes)
        if tag in RAW_TEXT:
            end = self._raw_end(tag, behind)
            if end > behind:
                yield Token("raw", source[behind:end], {"of": tag})
            return end
        return behind

    def _until(self, mark: str, at: int) -> tuple[int, int]:
        """Position of ``mark`` and behind it; the end of the source twice when it does not come."""
        end = -1 if mark in self._gone else self._source.find(mark, at)
        if end < 0:
            self._gone.add(mark)
            return len(self._source), len(self._source)
        return end, end + len(mark)

    def _attributes(self, at: int) -> tuple[dict[str, str], int]:
        source = self._source
        attributes: dict[str, str] = {}
        while at < len(source) and (found := _ATTRIBUTE.match(source, at)) is not None:
            name, at = found[1].lower(), found.end()
            value = ""
            if found[2]:
                value, at = self._value(at)
            # The first of two attributes of one name counts for browsers; both are read here.
            attributes[name] = f"{attributes[name]} {value}" if name in attributes else value
        end = source.find(">", at)
        return attributes, len(source) if end < 0 else end + 1

    def _value(self, at: int) -> tuple[str, int]:
        source = self._source
        quote = source[at : at + 1]
        if quote in {'"', "'"} and quote not in self._gone:
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

    def _raw_end(self, tag: str, at: int) -> int:
        if tag == "plaintext" or f"</{tag}" in self._gone:
            return len(self._source)
        found = re.compile(f"</{tag}", re.IGNORECASE).search(self._source, at)
        if found is None:
            self._gone.add(f"</{tag}")
            return len(self._source)
        return found.start()
