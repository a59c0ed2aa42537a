"""What an HTML page says, in every way it can be read.

A linear pass yields the text that is seen, the text that is not, and the text
of attributes. Where a page holds what may be shown in other ways than one
(text within words that may be hidden, conditions for Outlook, rules that
contradict each other), more passes read it in those ways. Detectors look at
all of them, so neither a hidden decoy between two digits nor a hidden
paragraph helps anybody.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from dlp_gateway.mime.html_conditional import for_outlook
from dlp_gateway.mime.html_data import decode_data_uri
from dlp_gateway.mime.html_page import Page
from dlp_gateway.mime.html_sheets import StyleSheet, applying
from dlp_gateway.mime.html_tokens import attributes_of

__all__ = ["DEFAULT_BUDGET", "HtmlReadings", "decode_data_uri", "read_html"]

# As much text as a 25 MB page can hold when most of it is markup.
DEFAULT_BUDGET = 20_000_000
_MOST_STYLE_ELEMENTS = 50
# Lines that are given with those in which another reading differs: the label above a number, the name in a greeting.
_AROUND = 4
# Lines that are looked for in the midst of others; to look for many is a product.
_MOST_PARTS = 200

# Tags and attributes that are read once more, in all other readings of a page together: three times a dense megabyte.
_MOST_MARKS_AGAIN = 600_000

_STYLE_OR_COMMENT = re.compile(r"<!--(?!-?>)|<style(?=[ \t\n\r\f/>])([^<>]*+)>", re.ASCII | re.IGNORECASE)
_STYLE_END = re.compile(r"</style(?=[ \t\n\r\f/>])", re.ASCII | re.IGNORECASE)
_COMMENT_END = re.compile(r"--!?>")


@dataclass(frozen=True, slots=True)
class HtmlReadings:
    """The readings of one page.

    ``visible`` is what a reader sees. ``hidden`` is text that is on the page
    but not seen, with comments, scripts and style strings; ``attributes`` the
    texts of attributes, a line each. ``everything`` is what else the page may
    say, empty when that is nothing: all text in order regardless of
    visibility, then the lines that read otherwise with the texts of pictures
    and fields in their places, in Outlook, and without what stands within
    words. ``data_uris`` are declared types with decoded contents.
    ``truncated``: the budget ran out.
    """

    visible: str = field(repr=False)
    hidden: str = field(default="", repr=False)
    attributes: str = field(default="", repr=False)
    everything: str = field(default="", repr=False)
    data_uris: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)
    truncated: bool = False


def read_html(source: str, budget_chars: int = DEFAULT_BUDGET) -> HtmlReadings:
    """Read a page; never raises on content, and takes time linear in its length."""
    allowance = _Allowance()
    page = _Reading(source, budget_chars, allowance)
    visible = page.first.visible
    others = dict.fromkeys(page.others(visible))
    readings = [page]
    truncated = False
    if page.first.conditions.matter and not (truncated := not allowance.take(page.first.marks)):
        outlook = _Reading(for_outlook(source), budget_chars, allowance)
        readings.append(outlook)
        known = "\n".join((visible, *others))
        others[_differing(outlook.first.visible, known)] = None
        others.update(dict.fromkeys(_differing(said, known) for said in outlook.others(outlook.first.visible)))
    others.pop("", None)
    others.pop(visible, None)
    return HtmlReadings(
        visible=visible,
        hidden=page.first.hidden,
        attributes="\n".join({line: None for reading in readings for line in reading.first.attributes.lines}),
        everything="\n\n".join(others),
        data_uris=tuple(dict.fromkeys(uri for reading in readings for uri in reading.first.attributes.data)),
        truncated=truncated or any(reading.truncated for reading in readings),
    )


@dataclass(slots=True)
class _Allowance:
    """What may be spent on reading a page again."""

    marks: int = field(default_factory=lambda: _MOST_MARKS_AGAIN)

    def take(self, marks: int) -> bool:
        """Take one more reading of so many marks; return whether it may be made."""
        self.marks -= marks
        return self.marks >= 0


class _Reading:
    """A page as one kind of mail program takes it: the first pass, and those that it gives reason for."""

    def __init__(self, source: str, budget: int, allowance: _Allowance) -> None:
        self._source = source
        self._budget = budget
        self._allowance = allowance
        self._styles = styles = _style_elements(source)
        self._sheet = StyleSheet(styles)
        self.first = Page(source, self._sheet, budget).run()
        # Only now it is certain which styles are markup, and not text within something else.
        if (found := self.first.styles[:_MOST_STYLE_ELEMENTS]) != styles:
            self._styles = found
            self._sheet = StyleSheet(found)
            allowance.take(self.first.marks)
            self.first = Page(source, self._sheet, budget).run()
        self.truncated = self.first.truncated

    def others(self, visible: str) -> Iterator[str]:
        """Yield what the page says in other ways than in the first pass, in which it says ``visible``."""
        first = self.first
        if first.hides:
            yield first.everything
        elif first.inserts:
            yield _differing(first.everything, visible)
        if first.seams.splitting or first.doubtful:
            yield self._again(visible, self._sheet, without=first.seams.splitting, joined=True)
        if first.mixed:
            yield self._again(visible, StyleSheet((), outlook=False))
        if first.uncertain:
            yield self._again(visible, StyleSheet(self._styles, outlook=False, conditional=False))

    def _again(self, visible: str, sheet: StyleSheet, *, without: Collection[int] = (), joined: bool = False) -> str:
        if not self._allowance.take(self.first.marks):
            self.truncated = True
            return ""
        page = Page(self._source, sheet, self._budget, without=without, joined=joined).run()
        self.truncated = self.truncated or page.truncated
        return _differing(page.visible, visible)


def _differing(text: str, known: str) -> str:
    """The lines of ``text`` that ``known`` does not say, with what stands around them."""
    if text == known:
        return ""
    said = set(known.split("\n"))
    lines = text.split("\n")
    kept: list[str] = []
    done = looked = 0
    for number, line in enumerate(lines):
        if line in said:
            continue
        looked += 1
        if looked <= _MOST_PARTS and _is_part(line, known):
            continue
        first = max(done, number - _AROUND)
        if kept and first > done:
            kept.append("")
        done = max(done, min(number + _AROUND + 1, len(lines)))
        kept += lines[first:done]
    return "\n".join(kept)


def _is_part(line: str, known: str) -> bool:
    """Whether a line stands in another, apart from the words around it: without the number of a list, as in Outlook."""
    begin = known.find(line)
    if begin < 0:
        return False
    before, after = known[max(begin - 3, 0) : begin], known[begin + len(line) : begin + len(line) + 3]
    if before[-1:].isalnum() or after[:1].isalnum():
        return False
    # Another group of digits would make another number.
    return not (
        (before.strip()[-1:].isdigit() and line[:1].isdigit()) or (after.strip()[:1].isdigit() and line[-1:].isdigit())
    )


def _style_elements(source: str) -> list[str]:
    """The styles that apply, as far as can be told without reading the page."""
    found: list[str] = []
    at = 0
    while len(found) < _MOST_STYLE_ELEMENTS and (match := _STYLE_OR_COMMENT.search(source, at)) is not None:
        comment = match[1] is None
        end = (_COMMENT_END if comment else _STYLE_END).search(source, match.end())
        stop = end.start() if end is not None else len(source)
        if not comment and stop > match.end():
            rules = applying(source[match.end() : stop], attributes_of(match[1]))
            found += [rules] if rules is not None else []
        at = end.end() if end is not None else len(source)
    return found
