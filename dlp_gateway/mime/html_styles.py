"""Which text of an HTML page a reader does not see.

Knows the ways in which text is hidden in mail: ``display``, ``visibility``,
``opacity``, tiny fonts, text in the colour of its background, positions off
the screen, clipping, zero size. A wrong answer costs nothing: hidden text is
inspected as well; it is only kept apart, so that it cannot split what is seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SELECTOR = re.compile(r"([a-z][a-z0-9]*)?((?:[.#][\w-]+)*)", re.IGNORECASE)
_CONTENT = re.compile(r"content\s*:\s*(?:\"([^\"]{0,2000})\"|'([^']{0,2000})')", re.IGNORECASE)
_NUMBER = re.compile(r"(-?\d*\.?\d+)\s*(px|pt|em|rem|%|ex|cm|mm|in|vw|vh)?")
_HEX = re.compile(r"#([0-9a-f]{3,8})\b")
_RGB = re.compile(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:[\s,/]+([\d.]+%?))?")

_MOST_RULES = 2000
_TINY_PX = 3.0
_PX = {"px": 1.0, "pt": 1.333, "em": 16.0, "rem": 16.0, "%": 0.16, "ex": 8.0, "cm": 37.8, "mm": 3.78, "in": 96.0}
_NAMED = {"white": "ffffff", "black": "000000", "snow": "fffafa", "ivory": "fffff0", "transparent": "transparent"}

Declarations = dict[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """What is inherited: whether text is hidden, its colour, and that of what is behind it (None: unknown)."""

    hidden: bool = False
    colour: str | None = "000000"
    background: str | None = "ffffff"
    preserved: bool = False


def declarations(style: str) -> Declarations:
    """Parse the content of a ``style`` attribute or rule."""
    found: Declarations = {}
    for part in style.lower().split(";"):
        name, colon, value = part.partition(":")
        if colon:
            found[name.strip()] = value.replace("!important", "").strip()
    return found


class StyleSheet:
    """The rules of a page's ``style`` elements, as far as their selectors are one simple compound."""

    def __init__(self, sources: list[str]) -> None:
        self._rules: dict[str, list[tuple[frozenset[str], Declarations]]] = {}
        count = 0
        for source in sources:
            for rule in _COMMENT.sub(" ", source).split("}"):
                # The last brace before a closing one: what stands before it belongs to an enclosing at-rule.
                head, brace, body = rule.rpartition("{")
                if not brace:
                    continue
                selectors, parsed = head.rpartition("{")[2], declarations(body)
                for selector in selectors.split(","):
                    count += 1
                    if count > _MOST_RULES:
                        return
                    self._add(selector.strip(), parsed)

    def _add(self, selector: str, parsed: Declarations) -> None:
        found = _SELECTOR.fullmatch(selector)
        if found is None or not selector:
            return
        marks = frozenset(re.findall(r"[.#][\w-]+", found[2].lower()))
        key = next(iter(sorted(marks)), (found[1] or "").lower())
        needed = marks | ({found[1].lower()} if found[1] else frozenset())
        self._rules.setdefault(key, []).append((frozenset(needed), parsed))

    def of(self, tag: str, attributes: dict[str, str]) -> Declarations:
        """Declarations that apply to an element, its own ``style`` last."""
        style = attributes.get("style", "")
        if not self._rules:
            return declarations(style) if style else {}
        marks = {tag, *(f".{name}" for name in attributes.get("class", "").lower().split())}
        if identifier := attributes.get("id", "").lower():
            marks.add(f"#{identifier}")
        merged: Declarations = {}
        for mark in marks:
            for needed, parsed in self._rules.get(mark, ()):
                if needed <= marks:
                    merged.update(parsed)
        merged.update(declarations(style))
        return merged


def contents(source: str) -> list[str]:
    """Strings that ``content:`` puts on the page."""
    return [double or single for double, single in _CONTENT.findall(source)]


def look(parent: Look, tag: str, attributes: dict[str, str], styles: Declarations) -> Look:
    """Return how an element's text looks, given its parent's look."""
    changed = parent
    if tag in {"pre", "textarea"} or styles.get("white-space", "").startswith("pre"):
        changed = replace(changed, preserved=True)
    colour = styles.get("color") or (attributes.get("color") if tag == "font" else None)
    if colour:
        changed = replace(changed, colour=_colour(colour))
    background = styles.get("background-color") or styles.get("background") or attributes.get("bgcolor")
    if background and _colour(background) != "transparent":
        changed = replace(changed, background=_colour(background))
    if "background-image" in styles or "background" in attributes:
        changed = replace(changed, background=None)
    if parent.hidden or _hides(attributes, styles):
        return replace(changed, hidden=True)
    return changed


def unseen(appearance: Look) -> bool:
    """Whether text with this look is not seen."""
    if appearance.hidden or appearance.colour == "transparent":
        return True
    return appearance.colour is not None and appearance.colour == appearance.background


def _hides(attributes: dict[str, str], styles: Declarations) -> bool:
    if "hidden" in attributes:
        return True
    if not styles:
        return False
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
        if rgb[4] is not None and float(rgb[4].rstrip("%")) == 0:
            return "transparent"
        return "".join(f"{min(int(rgb[n]), 255):02x}" for n in (1, 2, 3))
    first = value.split()[0] if value else ""
    return _NAMED.get(first)
