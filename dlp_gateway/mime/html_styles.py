"""Which text of an HTML page a reader does not see.

Knows the ways in which text is hidden in mail: ``display``, ``visibility``,
``opacity``, tiny fonts, text in the colour of its background or nearly so,
positions off the screen, clipping, zero size and scale. A wrong answer costs
little: hidden text is inspected as well; it is only kept apart, so that it
cannot split what is seen.
"""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})[ \t\r\n\f]?|(.))", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"(-?\d{0,9}\.?\d{1,9})\d*+\s*(px|pt|em|rem|%|ex|cm|mm|in|vw|vh)?")
_HEX = re.compile(r"#([0-9a-f]{3,8})\b")
_RGB = re.compile(r"rgba?\(\s*(\d{1,5})[\s,]+(\d{1,5})[\s,]+(\d{1,5})(?:[\s,/]+(\d{0,5}\.?\d{1,9}))?")

# One size: nothing, or a number with a unit, before the height of lines.
_FONT_SIZE = re.compile(
    r"(?:^|\s)(?:calc\(\s*)?(0{1,9}(?:\.0{1,9})?|\.0{1,9}|\d{0,9}\.?\d{1,9}(?:px|pt|em|rem|%|ex|cm|mm|in))(?=[\s/)]|$)"
)
_NO_SCALE = re.compile(
    r"(?:scale[xy3d]{0,2}|matrix(?:3d)?)\(\s*(?:[^,()]{1,20},\s*)?0{0,9}\.?0{1,9}\s*[,)]|rotate[xy]\(\s*90deg"
)
_NO_CLIP = re.compile(r"inset\(100%|circle\(\s*0(?:px|%|em)?\s*(?:at\b|\))|polygon\(\s*0[a-z%]*\s+0[a-z%]*\s*\)")
# Sizes that are parts of the size around.
_RELATIVE = re.compile(r"\d(?:em|ex|ch|%)|\b(?:smaller|larger)\b")
_HSL = re.compile(
    r"hsla?\(\s*(-?\d{1,5}\.?\d{0,9})(?:deg)?[\s,]+(\d{1,5}\.?\d{0,9})%?[\s,]+(\d{1,5}\.?\d{0,9})%?"
    r"(?:[\s,/]+(\d{0,5}\.?\d{1,9}))?"
)
_NO_OPACITY = re.compile(r"opacity\(\s*0*\.?0{1,9}%?\s*\)")

_MOST_DECLARATIONS = 200
# The most by which red, green and blue differ where text cannot be told from what is behind it.
_FAINTEST = 16
_TINY_PX = 3.0
_PX = {"px": 1.0, "pt": 1.333, "em": 16.0, "rem": 16.0, "%": 0.16, "ex": 8.0, "cm": 37.8, "mm": 3.78, "in": 96.0}
_NAMED = {
    "white": "ffffff",
    "black": "000000",
    "snow": "fffafa",
    "ivory": "fffff0",
    "whitesmoke": "f5f5f5",
    "ghostwhite": "f8f8ff",
    "floralwhite": "fffaf0",
    "seashell": "fff5ee",
    "mintcream": "f5fffa",
    "azure": "f0ffff",
    "transparent": "transparent",
}
_PRESERVING = frozenset({"pre", "textarea", "xmp", "plaintext", "listing"})
# No mail program runs scripts, so what is there for those without is shown.
_UNSEEN = frozenset("template head datalist audio video canvas meter progress rp".split())
_TELLING = frozenset({"hidden", "color", "bgcolor", "background", "popover", "dir", "text"})
# What "display" can be (CSS Display 3); anything else is no declaration.
_DISPLAY = re.compile(
    r"none|contents|run-in|-(?:webkit|moz|ms)-"
    r"|(?:inline|block|flow|flex|grid|table|list-item|ruby|inherit|initial|unset|revert)\b"
)
# What other properties can be; what is left to a function is not known.
_EVERYWHERE = r"inherit|initial|unset|revert|revert-layer|.*\("
_SIZE = r"[-+]?(?:\d|\.\d)"
_VALID = {
    "display": _DISPLAY,
    "visibility": re.compile(rf"(?:visible|hidden|collapse)$|{_EVERYWHERE}"),
    "content-visibility": re.compile(rf"(?:visible|hidden|auto)$|{_EVERYWHERE}"),
    "position": re.compile(rf"(?:static|relative|absolute|fixed|-webkit-sticky|sticky)$|{_EVERYWHERE}"),
    "opacity": re.compile(rf"{_SIZE}[\d.e+-]*%?$|{_EVERYWHERE}"),
    "font-size": re.compile(rf"{_SIZE}|(?:xx?-|xxx-)?(?:small|large)|medium|math|{_EVERYWHERE}"),
    "float": re.compile(rf"(?:left|right|none|inline-start|inline-end)$|{_EVERYWHERE}"),
}
# The properties by which text is hidden for good.
_HIDING = frozenset(
    "display opacity mso-hide clip clip-path content-visibility text-indent position margin-left margin-top overflow "
    "overflow-x overflow-y scale zoom transform filter".split()
)
_BLANKS = " \t\n\r\f"


@dataclass(frozen=True, slots=True)
class Stated:
    """The value of a declaration, in lower case, and whether it is ``!important``."""

    value: str
    important: bool = False


Declarations = dict[str, Stated]


@dataclass(frozen=True, slots=True)
class Look:
    """What is inherited: whether text is hidden, its colour, and that of what is behind it (None: unknown).

    ``hidden`` is for good; elements further in take back that text is ``tiny`` or ``invisible``. ``unseen``: text with
    this look is not seen; ``rtl``: its base direction is from right to left.
    """

    hidden: bool = False
    tiny: bool = False
    invisible: bool = False
    colour: str | None = "000000"
    background: str | None = "ffffff"
    preserved: bool = False
    rtl: bool = False
    unseen: bool = False


SEEN = Look()
NOTHING_SEEN = Look(hidden=True, unseen=True)


@dataclass(frozen=True, slots=True)
class Style:
    """What declarations say about being seen; "" for a colour that they do not name, None for one not understood.

    ``beside``: a block stands in a line, or beside others, and may touch its neighbours. ``overrides``: characters
    are put in the base direction whatever they are (``unicode-bidi``); ``direction`` is "" when not named. ``tiny``
    (by the size of the font) and ``invisible`` (by visibility) are None where it is as around the element.
    ``displayed``: a box is asked for, even of an element that has none.
    """

    hides: bool = False
    tiny: bool | None = None
    invisible: bool | None = None
    displayed: bool = False
    preserves: bool = False
    colour: str | None = ""
    background: str | None = ""
    picture: bool = False
    beside: bool = False
    overrides: bool = False
    direction: str = ""

    @property
    def unseen(self) -> bool:
        """Whether the declarations by themselves keep text from being seen."""
        return self.hides or bool(self.tiny) or bool(self.invisible) or self.colour == "transparent"


PLAIN = Style()


def declarations(style: str) -> Declarations:
    """Parse the content of a ``style`` attribute or rule; what browsers take for no declaration is left out."""
    if "/*" in style:
        style = _COMMENT.sub(" ", style)
    if "\\" in style:
        style = without_escapes(style)
    found: Declarations = {}
    for part in style.lower().split(";", _MOST_DECLARATIONS)[:_MOST_DECLARATIONS]:
        name, colon, value = part.partition(":")
        if not colon:
            continue
        name, value = name.strip(_BLANKS), value.strip(_BLANKS)
        value, mark, said = value.partition("!")
        value, important = value.strip(_BLANKS), bool(mark)
        if (important and said.strip(_BLANKS) != "important") or (name in _VALID and not _VALID[name].match(value)):
            continue
        if name in found and found[name].important and not important:
            continue
        found[name] = Stated(value, important)
    return found


def without_escapes(text: str) -> str:
    """Return a piece of CSS with its escapes replaced by what they stand for (CSS Syntax 3, section 4.3.7)."""
    return _ESCAPE.sub(_unescaped, text) if "\\" in text else text


def _unescaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return "" if match[2] == "\n" else match[2]
    code = int(match[1], 16)
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else "\ufffd"


def look(parent: Look, tag: str, attributes: dict[str, str], style: Style) -> Look:
    """Return how an element's text looks, given its parent's look."""
    if tag in _UNSEEN or (tag == "object" and "data" in attributes):
        return NOTHING_SEEN
    if style is PLAIN and tag not in _PRESERVING and tag != "dialog" and _TELLING.isdisjoint(attributes):
        return parent
    colour, background = style.colour, style.background
    if colour == "" and (named := attributes.get({"font": "color", "body": "text"}.get(tag, ""))):
        colour = _colour(named)
    if background == "" and (named := attributes.get("bgcolor")):
        background = _colour(named)
    if style.picture or "background" in attributes:
        background = None
    colour = parent.colour if colour == "" else colour
    background = parent.background if background in {"", "transparent"} else background
    direction = style.direction or attributes.get("dir", "").strip().lower()
    hidden = parent.hidden or style.hides or "hidden" in attributes or "popover" in attributes
    hidden = hidden or (tag == "dialog" and "open" not in attributes)
    tiny = parent.tiny if style.tiny is None else style.tiny
    invisible = parent.invisible if style.invisible is None else style.invisible
    preserved = parent.preserved or style.preserves or tag in _PRESERVING
    rtl = direction == "rtl" if direction in {"rtl", "ltr"} else parent.rtl
    if (hidden, tiny, invisible, colour, background, preserved, rtl) == (
        parent.hidden,
        parent.tiny,
        parent.invisible,
        parent.colour,
        parent.background,
        parent.preserved,
        parent.rtl,
    ):
        return parent
    unseen = hidden or tiny or invisible or colour == "transparent" or _alike(colour, background)
    return Look(hidden, tiny, invisible, colour, background, preserved, rtl, unseen)


def _alike(colour: str | None, background: str | None) -> bool:
    """Whether nobody can tell these colours from each other."""
    if colour is None or background is None or "transparent" in {colour, background}:
        return False
    if colour == background:
        return True
    if len(colour) != 6 or len(background) != 6:
        return False
    return all(abs(int(colour[n : n + 2], 16) - int(background[n : n + 2], 16)) <= _FAINTEST for n in (0, 2, 4))


def of_element(attributes: dict[str, str]) -> Style:
    """What an element says by itself, to all but Outlook."""
    style = attributes.get("style")
    if not style:
        return PLAIN
    stated = declarations(style)
    stated.pop("mso-hide", None)
    return style_of(stated)


def style_of(stated: Declarations) -> Style:
    """Return what declarations say together."""
    if not stated:
        return PLAIN
    styles = {name: one.value for name, one in stated.items()}
    colour = styles.get("-webkit-text-fill-color") or styles.get("color")
    background = styles.get("background-color") or styles.get("background")
    display = styles.get("display", "")
    return Style(
        hides=not _HIDING.isdisjoint(styles) and _hides(styles),
        tiny=_tiny(styles),
        invisible=_invisible(styles.get("visibility", "")),
        displayed=display not in {"", "none"} or "all" in styles,
        preserves=styles.get("white-space", "").startswith("pre"),
        colour=_colour(colour) if colour else "",
        background=_colour(background) if background else "",
        picture="background-image" in styles,
        beside=display.startswith("inline") or display == "contents" or styles.get("float") in {"left", "right"},
        overrides=styles.get("unicode-bidi", "").endswith("override"),
        direction=styles.get("direction", ""),
    )


def _hides(styles: dict[str, str]) -> bool:
    if styles.get("display") == "none":
        return True
    opacity = styles.get("opacity")
    if (shown := _number(opacity)) is not None and shown <= (5 if opacity and "%" in opacity else 0.05):
        return True
    if (
        styles.get("mso-hide") == "all"
        or "rect(0" in styles.get("clip", "")
        or _NO_CLIP.match(styles.get("clip-path", ""))
        or styles.get("content-visibility") == "hidden"
    ):
        return True
    return _off_screen(styles) or _no_room(styles) or _no_scale(styles)


def _invisible(visibility: str) -> bool | None:
    if visibility in {"", "inherit", "unset"}:
        return None
    return visibility in {"hidden", "collapse"}


def _tiny(styles: dict[str, str]) -> bool | None:
    """Whether the font is too small to be read; None where that depends on the font around."""
    stated = styles.get("font-size") or styles.get("font")
    if not stated:
        return None
    if (size := _font_size(styles)) is not None and size <= _TINY_PX:
        return True
    return None if stated in {"inherit", "unset"} or _RELATIVE.search(stated) else False


def _font_size(styles: dict[str, str]) -> float | None:
    if (size := styles.get("font-size")) is not None:
        return _pixels(size)
    found = _FONT_SIZE.search(styles.get("font", ""))
    return _pixels(found[1] or None) if found else None


def _no_scale(styles: dict[str, str]) -> bool:
    if _number(styles.get("scale")) == 0 or _number(styles.get("zoom")) == 0:
        return True
    shown = styles.get("transform"), styles.get("filter")
    return bool((shown[0] and _NO_SCALE.search(shown[0])) or (shown[1] and _NO_OPACITY.search(shown[1])))


def _off_screen(styles: dict[str, str]) -> bool:
    if (indent := _pixels(styles.get("text-indent"))) is not None and indent <= -500:
        return True
    if styles.get("position") in {"absolute", "fixed"}:
        return any(
            (offset := _pixels(styles.get(side))) is not None and offset <= -500 for side in ("left", "top", "right")
        )
    return any(
        (margin := _pixels(styles.get(side))) is not None and margin <= -500 for side in ("margin-left", "margin-top")
    )


def _no_room(styles: dict[str, str]) -> bool:
    if not {styles.get(name) for name in ("overflow", "overflow-x", "overflow-y")} & {"hidden", "clip"}:
        return False
    names = ("height", "max-height", "width", "max-width", "line-height")
    return any((size := _pixels(styles.get(name))) is not None and size <= 1 for name in names)


def _number(value: str | None) -> float | None:
    found = _NUMBER.match(value.removeprefix("calc(")) if value else None
    return float(found[1]) if found else None


def _pixels(value: str | None) -> float | None:
    found = _NUMBER.match(value.removeprefix("calc(")) if value else None
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
    if (hsl := _HSL.search(value)) is not None:
        if hsl[4] is not None and float(hsl[4]) == 0:
            return "transparent"
        light, full = min(float(hsl[3]) / 100, 1.0), min(float(hsl[2]) / 100, 1.0)
        mixed = colorsys.hls_to_rgb(float(hsl[1]) % 360 / 360, light, full)
        return "".join(f"{round(part * 255):02x}" for part in mixed)
    first = value.split()[0] if value else ""
    return _NAMED.get(first)
