"""The rules of a page's style sheets, and what they say of an element.

Follows the cascade (CSS Cascading and Inheritance 4, section 6): importance,
then the element's own ``style``, then specificity, then the order of the
source. Selectors that are one simple compound are understood. Of all others
only the last compound is looked at; an element that it fits *may* be hidden,
which ``StyleSheet.doubts`` tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dlp_gateway.mime.html_styles import PLAIN, Declarations, Style, declarations, style_of, without_escapes

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_BRACE = re.compile(r"[{}]")
_COMPOUND = re.compile(r"([a-z][\w-]*+|\*)?((?:[.#][\w-]++)*+)", re.IGNORECASE)
_MARK = re.compile(r"[.#][\w-]+")
# What stands in every page above every element.
_ROOTS = re.compile(r"^(?:(?:html|body)(?:\s*>\s*|\s+))++", re.IGNORECASE)
_BRACKETS = re.compile(
    r"\[\s*([\w-]{1,60})\s*+(?:=\s*+[\"']?([^\"'\]]{0,200}+)[\"']?)?[^\]]{0,500}+\]|\[[^\]]*+\]?", re.IGNORECASE
)
_LONGEST_VALUE = 200
_COMBINATOR = re.compile(r"[\s>+~]+")
_PSEUDO = re.compile(r"::?([\w-]{1,60}+)(?:\([^()]*+\))?", re.IGNORECASE)
# States that a page is not in while it is only read.
_STATES = frozenset({"hover", "active", "focus", "focus-within", "focus-visible", "visited", "target"})
# Media that no mail program shows a page on, and at-rules whose blocks are no rules for elements.
_NEVER = re.compile(
    r"@media\s+(?:only\s+)?(?:print|speech|aural|braille|embossed|projection|tty|tv)\b[^,]*$|@media\s+not\s+(?:all|screen)\s*$"
    r"|@(?:-\w+-)?(?:font-face|keyframes|page|counter-style|property|font-feature-values|viewport)\b",
    re.IGNORECASE,
)
_ON_CONDITION = "@"
_CONDITION = re.compile(
    r"@media(?!\s+(?:only\s+)?(?:all|screen)\s*$)|@(?:supports|container|scope|starting-style|-moz-document|document)\b",
    re.IGNORECASE,
)
_PRINT = re.compile(r"\s*(?:only\s+)?print\s*$", re.IGNORECASE)
_EVERYWHERE = frozenset({"", "all", "screen", "only screen"})
_QUOTED = r"\"(?:[^\"\\]|\\.)*+\"?|'(?:[^'\\]|\\.)*+'?"
_CONTENT = re.compile(rf"content\s*+:((?:[^;\"'}}]|{_QUOTED})*+)", re.IGNORECASE | re.DOTALL)
# A declaration with a string in it, of whatever is no font and no file.
_STRINGED = re.compile(
    rf"(?<![\w-])(?!font|src|mso-|-webkit-font)[\w-]++\s*+:((?:[^;{{}}\"']++|\\.)*+(?=[\"'])(?:[^;\"'{{}}]++|{_QUOTED})*+)",
    re.IGNORECASE | re.DOTALL,
)
_CALLS = re.compile(r"(?:url|format|local|attr|image-set|progid[\w:.]*)\([^()]*+\)?", re.IGNORECASE)
_COUNTER = re.compile(r"counter-(?:reset|set|increment)\s*+:[^;{}\d]*+(\d{5,20})", re.IGNORECASE)
_STRING = re.compile(rf"({_QUOTED})|attr\(\s*([\w-]{{1,60}})|[^\"'a]++|a", re.IGNORECASE | re.DOTALL)

_DECLARATION = re.compile(r"[{};][ \t\r\n\f]*+[*_]?[a-z-][\w-]{1,60}+[ \t\r\n\f]*+:[^;{}]*+(?=[;}])", re.IGNORECASE)
# Names in selectors: of elements, classes, identifiers, attributes, states.
_SELECTOR = re.compile(
    r"[.#:@\[][\w:-]++|\b(?:html|head|body|main|div|span|table|tbody|thead|tfoot|tr|td|th|p|a|b|i|em|font|strong|center|"
    r"img|ul|ol|li|dl|dt|dd|h[1-6]|input|select|button|label|section|article|header|footer|nav|pre|code|blockquote|"
    r"small|sub|sup|hr|svg|u|s|style|title|form|textarea|video|from|to|and|not|only)\b(?=\s*[,.#:>+~\[{*/]|\s+[\w.#:>+~\[*]|\s*$)",
    re.IGNORECASE,
)
_PROSE = re.compile(r"(?:\b[^\W\d_]{2,30}[ ,\n]{1,3}){2}[^\W\d_]{2}")
_LONG_NUMBER = re.compile(r"(?:\d[ -]?){9}")

_GENERATES = re.compile(r"before|after", re.IGNORECASE)
# Far more than a framework of style sheets has.
_MOST_RULES = 10_000
_MOST_TESTS = 500_000
# Text of one rule, which may be put on the page for each element.
_LONGEST_GENERATED = 4_000
_MOST_KNOWN = 2000
# Tag, class, id and own style of an element.
_Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class _Rule:
    """Declarations for the elements that have all ``needed`` marks; ``rank`` is specificity, then order."""

    rank: tuple[int, int, int, int]
    needed: frozenset[str]
    parsed: Declarations = field(repr=False)
    on_condition: bool = False


@dataclass(frozen=True, slots=True)
class _Generated:
    """Text that is put before or behind the content of elements; names of attributes stand for their values."""

    needed: frozenset[str]
    after: bool
    pieces: tuple[tuple[str, str], ...] = field(repr=False)


class StyleSheet:
    """The rules of a page's ``style`` elements.

    Args:
        sources: their contents.
        outlook: take what only Outlook hides for hidden.
        conditional: take rules that apply under conditions (of width, of what a program can do) for such that apply.
    """

    def __init__(self, sources: Iterable[str], *, outlook: bool = True, conditional: bool = True) -> None:
        self._outlook = outlook
        # Some rule hides text in Outlook alone, or under a condition.
        self.uncertain = False
        self._certain: dict[_Key, Style] = {}
        self._rules: dict[str, list[_Rule]] = {}
        self._doubts: list[frozenset[str]] = []
        self._generated: list[_Generated] = []
        # What rules that are not understood ask for, which give a box to elements whatever they are.
        self._displays: list[frozenset[str]] = []
        self._known: dict[_Key, Style] = {}
        self._on_condition = False
        self._tests = self._matches = 0
        # There are more rules than are followed.
        self.truncated = False
        self._count = 0
        for source in sources:
            for selectors, body, on_condition in _rules(_COMMENT.sub(" ", source)):
                if on_condition and not conditional:
                    continue
                parsed = declarations(body)
                self._on_condition = on_condition
                self.uncertain = self.uncertain or "mso-hide" in parsed or (on_condition and style_of(parsed).unseen)
                pieces = self._bounded(_pieces(body)) if _GENERATES.search(selectors) else ()
                for selector in selectors.split(",", _MOST_RULES):
                    self._count += 1
                    if self._count > _MOST_RULES:
                        self.truncated = True
                        return
                    self._add(selector.strip(), parsed, pieces)

    def _bounded(self, pieces: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        left = _LONGEST_GENERATED
        kept = []
        for said, name in pieces:
            kept.append((said[:left], name))
            left -= len(said)
            if left < 0:
                self.truncated = True
                break
        return tuple(kept)

    def _add(self, selector: str, parsed: Declarations, pieces: tuple[tuple[str, str], ...]) -> None:
        selector = _ROOTS.sub("", selector)
        if (found := _COMPOUND.fullmatch(selector)) is not None and selector:
            needed = _marks_of(found)
            marks = found[2]
            rank = (marks.count("#"), marks.count("."), int(bool(found[1]) and found[1] != "*"), self._count)
            self._rules.setdefault(min(needed, default=""), []).append(_Rule(rank, needed, parsed, self._on_condition))
            return
        pseudos = {name.lower() for name in _PSEUDO.findall(selector)}
        if not pseudos.isdisjoint(_STATES):
            return
        needed = _last_compound(selector)
        style = style_of(parsed)
        if style.displayed and ("style" in needed or not any(mark[0].isalpha() for mark in needed)):
            self._displays.append(needed)
        if pseudos & {"before", "after"}:
            if any(name or any(map(str.isalnum, said)) for said, name in pieces):
                self._generated.append(_Generated(needed, "after" in pseudos, pieces))
        elif style.unseen:
            self._doubts.append(needed)

    def of(self, tag: str, attributes: dict[str, str]) -> Style:
        """What applies to an element: the rules for it and its own ``style``."""
        style = attributes.get("style", "")
        if self._rules:
            key = (tag, attributes.get("class", ""), attributes.get("id", ""), style)
        elif style:
            key = ("", "", "", style)
        else:
            return PLAIN
        return self._remembered(self._known, key)

    def certain(self, tag: str, attributes: dict[str, str]) -> Style:
        """What applies to an element everywhere: neither in Outlook alone nor under a condition."""
        key = (tag, attributes.get("class", ""), attributes.get("id", ""), attributes.get("style", ""))
        return self._remembered(self._certain, key, certain=True)

    def _remembered(self, styles: dict[_Key, Style], key: _Key, *, certain: bool = False) -> Style:
        """The style of elements alike by tag, class, id and own style, worked out once."""
        known = styles.get(key)
        if known is None:
            if len(styles) >= _MOST_KNOWN:
                styles.clear()
            known = styles[key] = style_of(self._merged(*key, certain=certain))
        return known

    @property
    def goes_further(self) -> bool:
        """Whether there are rules that put text on the page, or hide elements by what is not understood."""
        return bool(self._doubts or self._generated)

    def doubts(self, tag: str, attributes: dict[str, str]) -> bool:
        """Whether a rule that is not understood may hide this element."""
        if not self._doubts:
            return False
        if self._tests >= _MOST_TESTS:
            return True
        self._tests += len(self._doubts)
        marks = _all_marks(tag, attributes)
        return any(needed <= marks for needed in self._doubts)

    def displays(self, tag: str, attributes: dict[str, str]) -> bool:
        """Whether a rule that is not understood may give this element a box."""
        if not self._displays:
            return False
        self._tests += len(self._displays)
        marks = _all_marks(tag, attributes)
        return self._tests >= _MOST_TESTS or any(needed <= marks for needed in self._displays)

    def generated(self, tag: str, attributes: dict[str, str]) -> tuple[str, str]:
        """Text that rules put before and behind the content of this element."""
        before = after = ""
        if self._generated and self._tests < _MOST_TESTS:
            marks = _all_marks(tag, attributes)
            self._tests += len(self._generated)
            for rule in self._generated:
                if rule.needed <= marks:
                    text = "".join(said or attributes.get(name, "") for said, name in rule.pieces)
                    before, after = (before, after + text) if rule.after else (before + text, after)
        return before, after

    def _merged(self, tag: str, classes: str, identifier: str, style: str, *, certain: bool = False) -> Declarations:
        marks = {tag, *(f".{name}" for name in classes.lower().split()), f"#{identifier.lower()}"}
        fitting: list[_Rule] = []
        # Many rules for many elements are a product; past a bound only what elements say themselves counts.
        if self._rules and self._matches >= _MOST_TESTS:
            self.truncated = True
        else:
            for mark in ("", *marks):
                rules = self._rules.get(mark, ())
                self._matches += len(rules)
                fitting += [rule for rule in rules if rule.needed <= marks and not (certain and rule.on_condition)]
        merged: Declarations = {}
        own = [declarations(style)] if style else []
        for parsed in (*(rule.parsed for rule in sorted(fitting, key=lambda rule: rule.rank)), *own):
            for name, stated in parsed.items():
                if name == "mso-hide" and (certain or not self._outlook):
                    continue
                if name not in merged or stated.important or not merged[name].important:
                    merged[name] = stated
        return merged


def stray(source: str) -> list[str]:
    """Words and long numbers in a style sheet that are no selectors and no declarations, its comments among them."""
    found: list[str] = []
    for piece in _DECLARATION.sub("{", source).split("{"):
        said = _SELECTOR.sub(".", piece).strip()
        if _PROSE.search(said) or _LONG_NUMBER.search(said):
            found.append(piece.strip(" \t\r\n\f};"))
    return found


def strings(source: str) -> list[str]:
    """Strings and long numbers that declarations may show: ``content``, ``list-style``, ``quotes``, counters.

    Any property may hold them for another one (CSS Custom Properties); names of fonts and files are left out.
    """
    found: list[str] = []
    if '"' in source or "'" in source:
        values = (_CALLS.sub(" ", match[1]) for match in _STRINGED.finditer(source))
        found += ["".join(text for text, _ in _strings(value)) for value in values]
    if "counter" in source.lower():
        found += _COUNTER.findall(source)
    return [said for said in found if said]


def _pieces(body: str) -> tuple[tuple[str, str], ...]:
    found = _CONTENT.search(body)
    return tuple(_strings(found[1])) if found else ()


def _strings(value: str) -> Iterator[tuple[str, str]]:
    """Yield the strings of a ``content`` value, and the names of the attributes in it."""
    for match in _STRING.finditer(value):
        if match[1]:
            yield without_escapes(match[1].strip(match[1][0])), ""
        elif match[2]:
            yield "", match[2].lower()


def applying(content: str, attributes: Mapping[str, str]) -> str | None:
    """Return the rules of a style element; as such that apply on a condition, where its attributes name one.

    None for those that are for print.
    """
    media, kind = attributes.get("media", ""), attributes.get("type", "")
    if not media and not kind:
        return content
    if _PRINT.match(media):
        return None
    if media.strip().lower() in _EVERYWHERE and kind.strip().lower() in {"", "text/css"}:
        return content
    return f"@media (odd){{{content}}}"


def _rules(source: str) -> Iterator[tuple[str, str, bool]]:
    """Yield selectors with their declarations, of all blocks that may apply (CSS Syntax 3, section 5).

    The flag says that a block applies on a condition (CSS Conditional Rules 3).
    """
    # What is open: selectors, "" or "@" for an at-rule with rules in it, None for what is left out.
    opened: list[str | None] = []
    at = conditions = 0
    for match in _BRACE.finditer(source):
        piece = source[at : match.start()]
        at = match.end()
        inside = opened[-1] if opened else ""
        on_condition = conditions > 0
        if inside == _ON_CONDITION:
            inside = ""
        if match[0] == "{":
            body, _, prelude = piece.rpartition(";")
            if inside and body:
                yield inside, body, on_condition
            opened.append(_opening(inside, prelude))
            conditions += opened[-1] == _ON_CONDITION
        elif opened:
            conditions -= opened.pop() == _ON_CONDITION
            if inside:
                yield inside, piece, on_condition
    if opened and (inside := opened[-1]) and inside != _ON_CONDITION:
        yield inside, source[at:], conditions > 0


def _opening(inside: str | None, prelude: str) -> str | None:
    # The marks of a comment in HTML mean nothing in a style sheet.
    prelude = prelude.replace("<!--", "").replace("-->", "").strip()
    if inside is None or _NEVER.match(prelude):
        return None
    if prelude.startswith("@"):
        return _ON_CONDITION if _CONDITION.match(prelude) else ""
    return without_escapes(prelude) or None


def _marks_of(compound: re.Match[str]) -> frozenset[str]:
    tag = (compound[1] or "").lower()
    marks = frozenset(_MARK.findall(compound[2].lower()))
    return marks | {tag} if tag not in {"", "*"} else marks


def _last_compound(selector: str) -> frozenset[str]:
    """The marks that the last compound of a selector asks for: of attributes the name, and the value if told."""
    names: list[str] = []

    def bracket(match: re.Match[str]) -> str:
        name = (match[1] or "").lower()
        names.append(f"[{name}" if match[2] is None else f"[{name}={match[2].strip().lower()}")
        return f"\0{len(names) - 1}\0"

    last = _COMBINATOR.split(_PSEUDO.sub("", _BRACKETS.sub(bracket, selector).strip()))[-1]
    wanted = frozenset(names[int(number)] for number in re.findall(r"\0(\d{1,6})\0", last))
    found = _COMPOUND.match(re.sub(r"\0\d{1,6}\0", "", last))
    return wanted | _marks_of(found) if found else wanted


def _all_marks(tag: str, attributes: dict[str, str]) -> set[str]:
    marks = {tag, f"#{attributes.get('id', '').lower()}", *(f"[{name}" for name in attributes)}
    marks.update(f".{name}" for name in attributes.get("class", "").lower().split())
    marks.update(f"[{name}={value.lower()}" for name, value in attributes.items() if len(value) <= _LONGEST_VALUE)
    return marks
