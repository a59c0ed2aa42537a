"""Which text of an HTML page a reader does not see.

Knows the ways in which text is hidden in mail: ``display``, ``visibility``,
``opacity``, tiny fonts, text in the colour of its background, positions off
the screen, clipping, zero size. A wrong answer costs nothing: hidden text is
inspected as well; it is only kept apart, so that it cannot split what is seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SELECTOR = re.compile(r"([a-z][a-z0-9]*+)?((?:[.#][\w-]++)*+)", re.IGNORECASE)
_CONTENT = re.compile(r"content\s*:\s*(?:\"([^\"]{0,2000})\"|'([^']{0,2000})')", re.IGNORECASE)
_NUMBER = re.compile(r"(-?\d{0,9}\.?\d{1,9})\d*+\s*(px|pt|em|rem|%|ex|cm|mm|in|vw|vh)?")
_HEX = re.compile(r"#([0-9a-f]{3,8})\b")
_RGB = re.compile(r"rgba?\(\s*(\d{1,5})[\s,]+(\d{1,5})[\s,]+(\d{1,5})(?:[\s,/]+(\d{0,5}\.?\d{1,9}))?")

_MOST_RULES = 2000
_MOST_DECLARATIONS = 200
_MOST_TESTS = 500_000
_MOST_KNOWN = 2000
_TINY_PX = 3.0
_PX = {"px": 1.0, "pt": 1.333, "em": 16.0, "rem": 16.0, "%": 0.16, "ex": 8.0, "cm": 37.8, "mm": 3.78, "in": 96.0}
_NAMED = {"white": "ffffff", "black": "000000", "snow": "fffafa", "ivory": "fffff0", "transparent": "transparent"}
_PRESERVING = frozenset({"pre", "textarea"})
_UNSEEN = frozenset({"template", "noscript", "head", "datalist", "object", "audio", "video"})
_TELLING = frozenset({"hidden", "color", "bgcolor", "background"})

Declarations = dict[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """What is inherited: whether text is hidden, its colour, and that of what is behind it (None: unknown)."""

    hidden: bool = False
    colour: str | None = "000000"
    background: str | None = "ffffff"
    preserved: bool = False

    @property
    def unseen(self) -> bool:
        """Whether text with this look is not seen."""
        if self.hidden or self.colour == "transparent":
            return True
        return self.colour is not None and self.colour == self.background


_NOTHING_SEEN = Look(hidden=True)


@dataclass(frozen=True, slots=True)
class Style:
    """What declarations say about being seen; "" for a colour that they do not name, None for one not understood."""

    hides: bool = False
    preserves: bool = False
    colour: str | None = ""
    background: str | None = ""
    picture: bool = False


_PLAIN = Style()


def declarations(style: str) -> Declarations:
    """Parse the content of a ``style`` attribute or rule."""
    found: Declarations = {}
    for part in style.lower().split(";", _MOST_DECLARATIONS)[:_MOST_DECLARATIONS]:
        name, colon, value = part.partition(":")
        if colon:
            found[name.strip()] = value.replace("!important", "").strip()
    return found


class StyleSheet:
    """The rules of a page's ``style`` elements, as far as their selectors are one simple compound."""

    def __init__(self, sources: list[str]) -> None:
        self._rules: dict[str, list[tuple[frozenset[str], Declarations]]] = {}
        self._known: dict[tuple[str, str, str, str], Style] = {}
        self._tests = 0
        count = 0
        for source in sources:
            for rule in _COMMENT.sub(" ", source).split("}", _MOST_RULES)[:_MOST_RULES]:
                # The last brace before a closing one: what stands before it belongs to an enclosing at-rule.
                head, brace, body = rule.rpartition("{")
                if not brace:
                    continue
                parsed = declarations(body)
                for selector in head.rpartition("{")[2].split(",", _MOST_RULES)[:_MOST_RULES]:
                    count += 1
                    if count > _MOST_RULES:
                        return
                    self._add(selector.strip(), parsed)

    def _add(self, selector: str, parsed: Declarations) -> None:
        found = _SELECTOR.fullmatch(selector)
        if found is None or not selector:
            return
        marks = frozenset(re.findall(r"[.#][\w-]+", found[2].lower()))
        key = min(marks, default=(found[1] or "").lower())
        needed = marks | ({found[1].lower()} if found[1] else frozenset())
        self._rules.setdefault(key, []).append((frozenset(needed), parsed))

    def of(self, tag: str, attributes: dict[str, str]) -> Style:
        """What applies to an element: the rules for it and its own ``style``, which comes last."""
        style = attributes.get("style", "")
        if self._rules:
            key = (tag, attributes.get("class", ""), attributes.get("id", ""), style)
        elif style:
            key = ("", "", "", style)
        else:
            return _PLAIN
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[key] = _compiled(self._merged(*key))
        return known

    def _merged(self, tag: str, classes: str, identifier: str, style: str) -> Declarations:
        merged: Declarations = {}
        marks = {tag, *(f".{name}" for name in classes.lower().split()), f"#{identifier.lower()}"}
        # Many rules for many elements are a product; past a bound only what elements say themselves counts.
        if self._tests < _MOST_TESTS:
            for mark in marks:
                rules = self._rules.get(mark, ())
                self._tests += len(rules)
                for needed, parsed in rules:
                    if needed <= marks:
                        merged.update(parsed)
        if style:
            merged.update(declarations(style))
        return merged


def contents(source: str) -> list[str]:
    """Strings that ``content:`` puts on the page."""
    return [double or single for double, single in _CONTENT.findall(source)]


def look(parent: Look, tag: str, attributes: dict[str, str], style: Style) -> Look:
    """Return how an element's text looks, given its parent's look."""
    if tag in _UNSEEN:
        return _NOTHING_SEEN
    if style is _PLAIN and tag not in _PRESERVING and _TELLING.isdisjoint(attributes):
        return parent
    colour, background = style.colour, style.background
    if colour == "" and tag == "font" and (named := attributes.get("color")):
        colour = _colour(named)
    if background == "" and (named := attributes.get("bgcolor")):
        background = _colour(named)
    if style.picture or "background" in attributes:
        background = None
    return Look(
        hidden=parent.hidden or style.hides or "hidden" in attributes,
        colour=parent.colour if colour == "" else colour,
        background=parent.background if background in {"", "transparent"} else background,
        preserved=parent.preserved or style.preserves or tag in _PRESERVING,
    )


def _compiled(styles: Declarations) -> Style:
    if not styles:
        return _PLAIN
    colour = styles.get("color")
    background = styles.get("background-color") or styles.get("background")
    return Style(
        hides=_hides(styles),
        preserves=styles.get("white-space", "").startswith("pre"),
        colour=_colour(colour) if colour else "",
        background=_colour(background) if background else "",
        picture="background-image" in styles,
    )


def _hides(styles: Declarations) -> bool:
    if styles.get("display") == "none" or styles.get("visibility") in {"hidden", "collapse"}:
        return True
    if (opacity := _number(styles.get("opacity"))) is not None and opacity <= 0.05:
        return True
    if (size := _pixels(styles.get("font-size"))) is not None and size <= _TINY_PX:
        return True
    if (
        styles.get("mso-hide") == "all"
        or "rect(0" in styles.get("clip", "")
        or "inset(100%" in styles.get("clip-path", "")
    ):
        return True
    return _off_screen(styles) or _no_room(styles)


def _off_screen(styles: Declarations) -> bool:
    if (indent := _pixels(styles.get("text-indent"))) is not None and indent <= -500:
        return True
    if styles.get("position") in {"absolute", "fixed"}:
        return any(
            (offset := _pixels(styles.get(side))) is not None and offset <= -500 for side in ("left", "top", "right")
        )
    return any(
        (margin := _pixels(styles.get(side))) is not None and margin <= -500 for side in ("margin-left", "margin-top")
    )


def _no_room(styles: Declarations) -> bool:
    if styles.get("overflow") != "hidden":
        return False
    names = ("height", "max-height", "width", "max-width", "line-height")
    return any((size := _pixels(styles.get(name))) is not None and size <= 1 for name in names)


def _number(value: str | None) -> float | None:
    found = _NUMBER.match(value) if value else None
    return float(found[1]) if found else None


def _pixels(value: str | None) -> float | None:
    found = _NUMBER.match(value) if value else None
    return float(found[1]) * _PX.get(found[2] or "px", 1.0) if found else None


def _colour(value: str) -> str | None:
    """Canonical six hex digits, ``transparent``, or None when not understood."""
    value = value.strip().lower()
    if (found := _HEX.search(value)) is not None:
        digits = found[1]
        if len(digits) in {3, 4}:
            digits = "".join(digit * 2 for digit in digits)
        return "transparent" if len(digits) == 8 and digits.endswith("00") else digits[:6]
    if (rgb := _RGB.search(value)) is not None:
        if rgb[4] is not None and float(rgb[4]) == 0:
            return "transparent"
        return "".join(f"{min(int(rgb[n]), 255):02x}" for n in (1, 2, 3))
    first = value.split()[0] if value else ""
    return _NAMED.get(first)
