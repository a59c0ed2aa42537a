"""One pass over the tokens of a page: its text as seen, all its text in order, attributes, files.

Longer than most modules, as it is one automaton: nearly every token touches most of its state.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from dataclasses import dataclass

from dlp_gateway.mime import html_attributes, html_data, html_scopes
from dlp_gateway.mime.html_attributes import Attributes
from dlp_gateway.mime.html_conditional import Conditions
from dlp_gateway.mime.html_elements import BLOCK, ORDINARY, PLAIN_INLINE, TABLE_TAGS, VOID
from dlp_gateway.mime.html_flow import Flow
from dlp_gateway.mime.html_frames import Frames
from dlp_gateway.mime.html_scopes import ENDING, ENDS_LIKE, ENDS_P, IN_HEAD, SPACES, Spaces
from dlp_gateway.mime.html_sheets import StyleSheet, applying, stray, strings
from dlp_gateway.mime.html_styles import NOTHING_SEEN, SEEN, Look, Style, look, of_element
from dlp_gateway.mime.html_tokens import tokenize
from dlp_gateway.mime.html_words import INVISIBLE, Seams

# Tags and attributes. The densest honest pages, tables out of spreadsheets, have one for a dozen characters.
_MOST_MARKS = 1_000_000
# Text that rules put on the page: a few bytes of a rule give it for each element.
_MOST_GENERATED = 500_000

_DIGITS = re.compile(r"\d.{0,4}\d.{0,4}\d")
# Raw in HTML as well; in SVG they may hold elements.
_UNSEEN_IN_SVG = frozenset({"style", "script", "title"})
_SPACE = re.compile(r"[ \t\r\n\f]{2,}+|[\t\r\n\f]")
_TAG = re.compile(r"<[^<>]{1,1000}>")
# What stands between these is shown from right to left (Unicode Standard Annex 9, RLO and PDF).
_OVERRIDE, _END_OF_OVERRIDE = "\u202e", "\u202c"


class _Enough(Exception):
    """The budget of a page ran out."""


@dataclass(slots=True)
class _Special:
    """What has to be remembered of an open element until it ends; ``after`` is put behind its content."""

    beside: bool
    overrides: bool
    after: str


class Page:
    """Takes the tokens of one page, and tells what it says.

    Args:
        source: the page.
        sheet: its style sheets.
        budget: how many characters may be read.
        without: numbers of elements whose text is left out.
        joined: blocks side by side touch each other, and elements of which ``sheet`` has doubts are left out.
    """

    def __init__(
        self, source: str, sheet: StyleSheet, budget: int, *, without: Collection[int] = (), joined: bool = False
    ) -> None:
        self._source = source
        self._sheet = sheet
        self._left = budget
        self._without = without
        self._joined = joined
        self._marks_left = _MOST_MARKS
        self._number = 0
        self._tags: list[str] = []
        self._looks: list[Look] = [SEEN]
        self._counts: dict[str, int] = {}
        self._special: dict[int, _Special] = {}
        self._overrides = self._generated = 0
        self._spaces = Spaces()
        self._in_body = False
        self._frames = Frames()
        self._flow = self._frames.flow
        self._all = Flow()
        self._hidden = Flow()
        # What is shown of an element without text, until text follows on its line.
        self._shown = ""
        self.seams = Seams()
        self.conditions = Conditions()
        # A block ended or began beside text that it touches.
        self._beside = False
        self._in_line: set[str] = set()
        # Of the style element that is open; and whether it is shown, for all that the sheets say.
        self._style_attributes: dict[str, str] = {}
        self._displayed = False
        self.attributes = Attributes()
        self.styles: list[str] = []
        self.truncated = False
        # There is text that is not seen; there is text among other text that comes from attributes and rules.
        self.hides = self.inserts = False
        # Blocks stand side by side, or elements may be hidden by rules that are not understood.
        self.doubtful = False
        # One line has text that is hidden by a rule, and text that is hidden by its element.
        self.mixed = False
        # One has text that is hidden in any case, and text that is hidden in Outlook alone or under a condition.
        self.uncertain = False

    def run(self) -> Page:
        """Read the page."""
        try:
            tokenize(self._source, self)
        except _Enough:
            self.truncated = True
        self.truncated = self.truncated or self.attributes.truncated or self._sheet.truncated
        self._frames.finish()
        self.conditions.finish()
        return self

    @property
    def marks(self) -> int:
        """How many tags and attributes were read."""
        return _MOST_MARKS - self._marks_left

    @property
    def visible(self) -> str:
        """What is seen."""
        return self._frames.page.result()

    @property
    def hidden(self) -> str:
        """What is not seen, with comments, scripts and strings of style sheets."""
        return self._hidden.result()

    @property
    def everything(self) -> str:
        """All text in order, seen or not, with what is shown of attributes and rules."""
        return self._all.result()

    def _spend(self, characters: int) -> None:
        self._left -= characters
        if self._left < 0:
            raise _Enough

    @property
    def foreign(self) -> bool:
        """Whether what follows is SVG or MathML."""
        return bool(self._spaces.foreign)

    # Tokens

    def text(self, text: str) -> None:
        """Text between tags."""
        if not self._in_body and not text.isspace():
            self._begin_body("")
        if self._spaces.foreign == "svg" and self._tags[-1] in _UNSEEN_IN_SVG:
            self.aside(self._tags[-1], text)
            return
        appearance = self._looks[-1]
        if not (preserved := appearance.preserved):
            text = _SPACE.sub(" ", text)
        if self._shown and not text.isspace():
            shown, self._shown = self._shown, ""
            self._insert(shown)
        self._all.text(text, preserved=preserved)
        if appearance.unseen:
            self.hides = self.hides or not text.isspace()
            self._hidden.text(_SPACE.sub(" ", text), preserved=False)
        else:
            self._flow.text(text, preserved=preserved)
            self.seams.text(text)
            if self.conditions.watching:
                self.conditions.text(text)
            if self._beside:
                self._beside = False
                self.doubtful = self.doubtful or text.lstrip(INVISIBLE)[:1].isalnum()
        self._spend(len(text))

    def aside(self, element: str, content: str) -> None:
        """Comments and raw elements: not seen, but there to be read."""
        if element in {"textarea", "xmp", "plaintext"}:
            self.text(html.unescape(content) if element == "textarea" else content)
            return
        self._hidden.line()
        if element == "style":
            self._style(content)
        elif element == "script":
            self._hidden.block(content.strip())
        else:
            if element == "title":
                content = html.unescape(content)
            elif element:
                self._insert(_SPACE.sub(" ", content))
            elif content.startswith("[CDATA["):
                # Text for programs that take the page for XML.
                self._insert(_SPACE.sub(" ", content.removeprefix("[CDATA[").removesuffix("]]")))
            elif "[" in content:
                self.conditions.comment(content, in_line=self._all.in_line)
            self._hidden.block(_SPACE.sub(" ", _TAG.sub(" ", content)).strip())
        self._spend(len(content))

    def _style(self, content: str) -> None:
        """The content of a style element: rules, the strings in them, and words that are no rules."""
        if (rules := applying(content, self._style_attributes)) is not None:
            self.styles.append(rules)
        if self._displayed:
            # Rules make it a paragraph like others.
            self.text(content)
        else:
            for said in (*strings(content), *stray(content)):
                self._hidden.block(_SPACE.sub(" ", said))
        self._spend(self.attributes.keep(html_data.in_text(content)))

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """A start tag."""
        self._marks_left -= 1 + len(attributes)
        if self._marks_left < 0:
            raise _Enough
        if attributes:
            self._spend(self.attributes.read(attributes))
        if self._in_body and tag == "head":
            return
        if tag in ENDING or self._spaces.foreign or not self._in_body:
            self._end_implied(tag, attributes)
        style = self._sheet.of(tag, attributes)
        if tag in BLOCK or tag == "br":
            if style.beside and tag not in VOID:
                self._boundary()
            else:
                self._line()
        if attributes and tag in html_attributes.SHOWN:
            self._show(tag, attributes)
        if tag in VOID:
            return
        if tag in TABLE_TAGS:
            self._start_in_table(tag)
        self._number += 1
        appearance = look(self._looks[-1], tag, attributes, style)
        if attributes or tag not in ORDINARY or self._sheet.goes_further:
            appearance = self._particulars(tag, attributes, style, appearance)
        if tag in SPACES:
            self._spaces.start(tag, len(self._tags))
        self._looks.append(appearance)
        self._tags.append(tag)
        self._counts[tag] = self._counts.get(tag, 0) + 1

    def end(self, tag: str) -> None:
        """An end tag."""
        self._marks_left -= 1
        if self._marks_left < 0:
            raise _Enough
        is_open = self._counts.get(tag)
        if tag in BLOCK:
            special = self._nearest(tag) if is_open and self._special else None
            if special is not None and special.beside:
                self._boundary()
            else:
                self._line()
        if tag in TABLE_TAGS:
            self._end_in_table(tag)
        if not is_open:
            return
        ended = ""
        while ended != tag:
            ended = self._end_innermost()
        self._in_body = self._in_body or tag == "head"

    def _end_innermost(self) -> str:
        name = self._tags.pop()
        depth = len(self._tags)
        if self._special and (ended := self._special.pop(depth, None)) is not None:
            self._finish(ended)
        if name in SPACES:
            self._spaces.end(depth)
        self.seams.end(depth)
        self._looks.pop()
        self._counts[name] -= 1
        return name

    def _end_implied(self, tag: str, attributes: dict[str, str]) -> None:
        """End what an element that begins does not stand in."""
        if not self._in_body:
            self._begin_body(tag)
        while (depth := self._spaces.broken_by(tag, attributes)) is not None:
            self._end_from(depth)
        if tag in ENDS_LIKE and (depth := html_scopes.ended(tag, self._tags)) is not None:
            self._end_from(depth)
        if tag in ENDS_P and self._counts.get("p") and (depth := html_scopes.paragraph(self._tags)) is not None:
            self._end_from(depth)

    def _end_from(self, depth: int) -> None:
        while len(self._tags) > depth:
            self._end_innermost()

    def _begin_body(self, tag: str) -> None:
        """End the head, and whatever is open in it, at an element or at text ("") that does not belong there."""
        if tag in IN_HEAD or self._counts.get("template"):
            return
        self._in_body = True
        if self._counts.get("head"):
            self._end_from(self._tags.index("head"))

    def _boundary(self) -> None:
        """A block begins or ends that stands in a line, or beside other blocks, which it may touch."""
        touches = self._beside or self.seams.touching
        if not (touches and self._joined):
            self._line()
        self._beside = touches

    def _line(self) -> None:
        if self._shown:
            shown, self._shown = self._shown, ""
            # A picture on a line of its own is an ornament, unless it stands for a number.
            if _DIGITS.search(shown):
                self._insert(shown)
        self._beside = False
        if self._overrides:
            self._put(_END_OF_OVERRIDE, unseen=self._looks[-1].unseen)
        self._all.line()
        if self._looks[-1].unseen:
            self._hidden.line()
        else:
            self._flow.line()
            self.seams.line()
            if self._in_line:
                self._in_line.clear()
        if self._overrides:
            self._put(_OVERRIDE, unseen=self._looks[-1].unseen)

    def _put(self, mark: str, *, unseen: bool) -> None:
        self._all.text(mark)
        (self._hidden if unseen else self._flow).text(mark)

    # Elements that are more than text in a look

    def _particulars(self, tag: str, attributes: dict[str, str], style: Style, appearance: Look) -> Look:
        """Take what else there is to an element that begins; return the look that it has in this reading."""
        depth = len(self._tags)
        if tag == "style":
            self._style_attributes = attributes
            self._displayed = self._spaces.foreign != "svg" and (
                style.displayed or self._sheet.displays(tag, attributes)
            )
        elif tag not in BLOCK and tag not in TABLE_TAGS and not self._looks[-1].unseen:
            appearance = self._inline(tag, attributes, appearance)
        after = ""
        if self._sheet.goes_further:
            before, after = self._sheet.generated(tag, attributes)
            self._generated += len(before) + len(after)
            if self._generated > _MOST_GENERATED:
                raise _Enough
            if before:
                self._insert(before)
        overrides = appearance.rtl and (style.overrides or tag == "bdo")
        if overrides:
            self._overrides += 1
            self._put(_OVERRIDE, unseen=appearance.unseen)
        if overrides or after or style.beside:
            self._special[depth] = _Special(style.beside, overrides, after)
        return appearance

    def _inline(self, tag: str, attributes: dict[str, str], appearance: Look) -> Look:
        """Watch an inline element among seen text; return its look, hidden where this reading is one without it."""
        doubted = self._sheet.doubts(tag, attributes)
        self.doubtful = self.doubtful or doubted
        if self._number in self._without or (doubted and self._joined):
            return NOTHING_SEEN
        if not appearance.unseen:
            if doubted or attributes or tag not in PLAIN_INLINE:
                self.seams.start(len(self._tags), self._number)
            return appearance
        alone = look(self._looks[-1], tag, attributes, of_element(attributes))
        self._in_line.add("element" if alone.unseen else "rule")
        self.mixed = self.mixed or len(self._in_line - {"certain", "uncertain"}) > 1
        certain = True
        if self._sheet.uncertain or "mso-hide" in attributes.get("style", ""):
            certain = look(self._looks[-1], tag, attributes, self._sheet.certain(tag, attributes)).unseen
        self._in_line.add("certain" if certain else "uncertain")
        self.uncertain = self.uncertain or {"certain", "uncertain"} <= self._in_line
        return appearance

    def _nearest(self, tag: str) -> _Special | None:
        """What is remembered of the element that an end tag ends; all above it end with it."""
        for depth in range(len(self._tags) - 1, -1, -1):
            if self._tags[depth] == tag:
                return self._special.get(depth)
        return None

    def _finish(self, ended: _Special) -> None:
        if ended.after:
            self._insert(ended.after)
        if ended.overrides:
            self._overrides -= 1
            self._put(_END_OF_OVERRIDE, unseen=self._looks[-1].unseen)

    def _show(self, tag: str, attributes: dict[str, str]) -> None:
        """Take what is shown of attributes, where it is shown."""
        for word in html_attributes.shown(tag, attributes):
            if self._all.in_line or tag in html_attributes.AT_ONCE:
                self._insert(word)
            else:
                self._shown += word
            self._spend(len(word))

    def _insert(self, text: str) -> None:
        self._all.text(text)
        self.inserts = self.inserts or not text.isspace()

    # Tables

    def _start_in_table(self, tag: str) -> None:
        if tag == "table":
            self._frames.start_table()
        elif tag == "tr":
            self._frames.start_row()
        elif self._frames.start_cell(header=tag == "th"):
            self.seams.line()
            self._all.cell()
            # Logos stand beside addresses in every signature; what is there for a number has digits.
            self._shown = f"{self._shown} " if _DIGITS.search(self._shown) else ""
        self._flow = self._frames.flow

    def _end_in_table(self, tag: str) -> None:
        if tag == "table":
            self._frames.end_table()
        else:
            self._frames.end_cell()
        self._flow = self._frames.flow
