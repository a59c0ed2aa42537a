"""Where elements end without an end tag, and where they are those of SVG or MathML, as browsers build a page.

Sections 13.1.2.4 (optional tags) and 13.2.6 (tree construction) of the HTML
standard, as far as it matters to what is hidden with an element: one that is
taken to go on would hide what everybody sees.
"""

from __future__ import annotations

from collections.abc import Sequence

FOREIGN = frozenset({"svg", "math"})
# What holds HTML again within SVG and MathML (section 13.2.6.5).
_INTEGRATION = frozenset("foreignobject desc title annotation-xml mi mo mn ms mtext".split())
SPACES = FOREIGN | _INTEGRATION
# Elements of HTML that end SVG and MathML around them.
_BREAKOUT = frozenset(
    "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta "
    "nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
# What may stand in a head (section 13.2.6.4.4); anything else begins the body.
IN_HEAD = frozenset("html head base basefont bgsound link meta noframes noscript script style template title".split())

# What ends a paragraph. A table does not in pages without a doctype, as most mail is.
ENDS_P = frozenset(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer form header "
    "hgroup h1 h2 h3 h4 h5 h6 hr li listing main menu nav ol p plaintext pre section summary ul xmp dd dt".split()
)
_SCOPE = frozenset("button object applet marquee caption template table td th select svg math".split())
_LISTS = _SCOPE | frozenset("ul ol menu dl dir blockquote section article fieldset".split())
_TABLE = frozenset({"table"})
_CELLS = frozenset({"td", "th"})
_DEFINED = frozenset({"dd", "dt"})
# What an element ends of its kind, and what it does not reach beyond.
_ENDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "li": (frozenset({"li"}), _LISTS),
    "dd": (_DEFINED, _LISTS),
    "dt": (_DEFINED, _LISTS),
    "option": (frozenset({"option"}), _SCOPE),
    "td": (_CELLS, _TABLE),
    "th": (_CELLS, _TABLE),
    "tr": (frozenset({"tr"}), _TABLE),
}
_PARAGRAPH = frozenset({"p"})
# Where these stand by rule: right in there they end nothing.
_HOLDERS = frozenset("tr table tbody thead tfoot ul ol dl select".split())
ENDS_LIKE = frozenset(_ENDS)
ENDING = ENDS_LIKE | ENDS_P
# Elements that are open within what is ended; to look beyond for each tag of a page is a product.
_MOST_WITHIN = 50


def ended(tag: str, tags: Sequence[str]) -> int | None:
    """Return the depth in ``tags``, which are open, of what an element ends of its kind by its beginning."""
    if not tags or (tags[-1] in _HOLDERS and tags[-1] != tag):
        return None
    return _innermost(*_ENDS[tag], tags)


def paragraph(tags: Sequence[str]) -> int | None:
    """Return the depth of the paragraph that a block ends by its beginning."""
    return _innermost(_PARAGRAPH, _SCOPE, tags)


def _innermost(wanted: frozenset[str], bounds: frozenset[str], tags: Sequence[str]) -> int | None:
    for depth in range(len(tags) - 1, max(len(tags) - _MOST_WITHIN, 0) - 1, -1):
        if tags[depth] in wanted:
            return depth
        if tags[depth] in bounds:
            return None
    return None


class Spaces:
    """Which elements are those of SVG and MathML: ``foreign`` is "svg" or "math" there, and "" in HTML."""

    __slots__ = ("_around", "_depths", "foreign")

    def __init__(self) -> None:
        self.foreign = ""
        self._depths: list[int] = []
        self._around: list[str] = []

    def start(self, tag: str, depth: int) -> None:
        """An element of ``SPACES`` begins."""
        if tag in FOREIGN or self.foreign:
            self._depths.append(depth)
            self._around.append(self.foreign)
            self.foreign = tag if tag in FOREIGN else ""

    def end(self, depth: int) -> None:
        """An element of ``SPACES`` ends."""
        if self._depths and self._depths[-1] == depth:
            self._depths.pop()
            self.foreign = self._around.pop()

    def broken_by(self, tag: str, attributes: dict[str, str]) -> int | None:
        """Return the depth of the SVG or MathML that an element of HTML ends by its beginning; None for others."""
        if not self.foreign:
            return None
        breaks = tag in _BREAKOUT or (tag == "font" and not attributes.keys().isdisjoint({"color", "face", "size"}))
        return self._depths[-1] if breaks else None
