"""Conditional comments: what a page says in Outlook for Windows, and nowhere else.

``<!--[if mso]>...<![endif]-->`` is a comment for all others; what stands
between ``<!--[if !mso]><!-->`` and ``<!--<![endif]-->``, or between
``<![if !mso]>`` and ``<![endif]>``, is left out there and shown elsewhere.
"""

from __future__ import annotations

import html
import re

_MARK = re.compile(
    r"<!(?:--)?\[if([^\]]{0,200}+)\]>(?:<!--\s{0,9}(?:-->|>))?|(?:<!--\s{0,9})?<!\[endif\s{0,9}\](?:--)?>",
    re.IGNORECASE,
)
# The same in what the tokenizer takes for a comment.
_BEGIN = re.compile(r"\s*+\[if([^\]]{0,200}+)\](?:>\s*+(?:<!(?:--\s{0,9})?\Z)?)?", re.IGNORECASE)
_END = re.compile(r"\s*+(?:<!)?\[endif\s{0,9}\]", re.IGNORECASE)
# Settings, styles and tags: nothing that is shown.
_SILENT = re.compile(r"<(style|xml|script)\b[^<]*+(?:<(?!/\1)[^<]*+)*+|<!?[^<>]*+>?", re.IGNORECASE)
_SAID_IN_TAGS = re.compile(r"\b(?:alt|string|value|start)\s{0,9}=\s{0,9}[\"']?[^\s\"'>]|data:", re.IGNORECASE)


class Conditions:
    """Watches the conditional comments of a page: ``matter`` when Outlook shows other words than all others.

    They do not where a button is drawn for Outlook and then made for others, with the same words, nor where the
    number of an item of a list is left out, which Outlook sets by itself.
    """

    __slots__ = ("_begins_line", "_left_out", "_only_there", "matter", "watching")

    def __init__(self) -> None:
        self.matter = False
        # Whether text that is seen has to be told.
        self.watching = False
        self._only_there = ""
        self._left_out: list[str] | None = None
        self._begins_line = False

    def comment(self, content: str, *, in_line: bool) -> None:
        """Take a comment that has brackets; ``in_line``: text stands before it on its line."""
        if _END.match(content):
            self._end()
        elif (begin := _BEGIN.match(content)) is not None:
            if _holds(begin[1]):
                self._show(content[begin.end() :])
            elif begin.end() == len(content):
                self._left_out, self._begins_line = [], not in_line
        self.watching = self._left_out is not None or bool(self._only_there)

    def text(self, text: str) -> None:
        """Take text that all others show."""
        if self._left_out is not None:
            self._left_out.append(text)
        elif words := text.strip():
            self.matter = self.matter or words != self._only_there
            self._only_there = ""
            self.watching = False

    def finish(self) -> None:
        """The page ends."""
        self._end()
        self.matter = self.matter or bool(self._only_there)

    def _show(self, piece: str) -> None:
        words = " ".join(html.unescape(_SILENT.sub(" ", piece)).split())
        if words or _SAID_IN_TAGS.search(piece):
            self.matter = self.matter or bool(self._only_there) or not words
            self._only_there = words

    def _end(self) -> None:
        if self._left_out is None:
            return
        said, self._left_out = "".join(self._left_out), None
        if (words := said.strip()) and words != self._only_there:
            self.matter = self.matter or not self._begins_line or said[-1].isalnum()
        self._only_there = ""


def for_outlook(source: str) -> str:
    """Return the source of a page as Outlook takes it."""
    kept: list[str] = []
    # Whether each open condition holds; what is in one that does not is left out.
    opened: list[bool] = []
    at = 0
    for mark in _MARK.finditer(source):
        if all(opened[-1:]):
            kept.append(source[at : mark.start()])
        at = mark.end()
        if mark[1] is not None:
            opened.append(all(opened[-1:]) and _holds(mark[1]))
        elif opened:
            opened.pop()
    kept.append(source[at:])
    return "".join(kept)


def _holds(condition: str) -> bool:
    # One of several that are combined may hold.
    return "!" not in condition or "|" in condition
