"""The allow-list of ``detection.yaml`` as pages show it: who answers for an entry and until when, never its value.

A value on the list may be somebody's number.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from dlp_gateway.detection.tuning import Allowance
from dlp_gateway.model import Zone

SOON = dt.timedelta(days=30)

_HIDDEN = "(not shown)"
# What is shown of an entry. Anything else may be a value that somebody wrote under another name.
_SHOWN = frozenset({"entity", "owner", "reason", "until", "zones"})
_COMMENT = re.compile(r"#[ \t]*(\S[^\r\n]*)")
_LINE_END = re.compile(r"\r\n|[\r\n]")
# A value in a comment, with the lines below it that begin no other key: an entry that was taken out.
_COMMENTED = re.compile(
    r"""^[^#\r\n]*\#.*?\bvalue["']?[ \t]*:[ \t]*(\S.*(?:\r?\n[ \t]*\#(?![ \t]*(?:-[ \t]+)?["']?\w+["']?[ \t]*:).*)*)""",
    re.MULTILINE,
)
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Allowed:
    """An entry without its value; ``left`` are the days it still holds, negative when it has ended."""

    entity: str
    owner: str
    reason: str
    until: dt.date
    zones: tuple[str, ...]
    left: int

    @property
    def standing(self) -> str:
        """``ended``, ``soon`` or ``holds``."""
        return standing(self.left)


def standing(left: int) -> str:
    """How something stands that ends in so many days: ``ended``, ``soon`` or ``holds``."""
    return "ended" if left < 0 else "soon" if left <= SOON.days else "holds"


def allowed(entries: Iterable[Allowance], now: float) -> list[Allowed]:
    """The entries, the one that ends first in front."""
    today = dt.datetime.fromtimestamp(now, dt.UTC).date()
    everywhere = frozenset(Zone)
    return [
        Allowed(
            one.entity,
            one.owner,
            one.reason,
            one.until,
            () if one.zones == everywhere else tuple(sorted(one.zones)),
            (one.until - today).days,
        )
        for one in sorted(entries, key=lambda one: one.until)
    ]


def without_values(detection: str) -> str:
    """The text of ``detection.yaml`` with the values of its allow-list, and the comments in it, taken out.

    Line ends stay. Of a text that is not YAML nothing is shown from where it
    speaks of an allow-list.
    """
    return _blanked(detection, lambda _: _HIDDEN)


def comparable(old: str, new: str) -> tuple[str, str]:
    """Two texts without values, in which what was taken out is numbered: the same number, the same text."""
    numbers: dict[str, int] = {}

    def named(hidden: str) -> str:
        return f"(not shown, {numbers.setdefault(hidden, len(numbers) + 1)})"

    return _blanked(old, named), _blanked(new, named)


def _blanked(text: str, named: Callable[[str], str]) -> str:
    pieces, done = [], 0
    for start, end in sorted(_spans(text)):
        if start >= done:  # else it lies within the one before
            hidden = text[start:end]
            # The lines below keep their numbers.
            pieces += [text[done:start], named(hidden), *_LINE_END.findall(hidden)]
            done = end
    return "".join([*pieces, text[done:]])


def _spans(text: str) -> set[_Span]:
    """Where values of the allow-list stand, and comments that may name one."""
    spans: set[_Span] = set()
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, RecursionError):
        named = text.find("allow")
        places = [] if named < 0 else [(named, len(text))]
        spans.update(places)
    else:
        lists = [pair for pair in root.value if pair[0].value == "allow"] if isinstance(root, MappingNode) else []
        places = []
        for key, value in lists:
            spans |= {_span(node) for node in _hidden(value)}
            last = max(end for _, end in _inside(value, _span(value)))
            spans |= set(_comments(text, key, value))
            places.append((key.start_mark.index, last))
    commented = (found.span(1) for found in _COMMENTED.finditer(text))
    return spans | {one for one in commented if not any(start <= one[0] < end for start, end in places)}


def _hidden(allow: Node) -> Iterator[Node]:
    """The nodes that are not shown: of an entry what is not known to be harmless, and all that is no entry."""
    waiting = list(allow.value) if isinstance(allow, SequenceNode) else [allow]
    seen = set()
    while waiting:
        entry = waiting.pop()
        if id(entry) in seen:  # an alias, which may even lead to itself
            continue
        seen.add(id(entry))
        if not isinstance(entry, MappingNode):
            yield entry
            continue
        for key, value in entry.value:
            if key.value == "<<":
                waiting += value.value if isinstance(value, SequenceNode) else [value]
            elif key.value not in _SHOWN:
                yield value


def _comments(text: str, key: Node, allow: Node) -> Iterator[_Span]:
    """The comments of the list: between its scalars, beside the last one, and below that those that are indented."""
    at, end = key.end_mark.index, allow.end_mark.index
    for start, last in sorted(_inside(allow, _span(allow))):
        yield from (found.span(1) for found in _COMMENT.finditer(text, at, start))
        at = max(at, last)
    if text[end - 1] not in "\r\n":
        beside = _LINE_END.search(text, end)
        end = beside.start() if beside else len(text)
    for found in _COMMENT.finditer(text, at, end):
        if text[found.start() - 1] not in "\r\n":  # else it may well speak of what comes next
            yield found.span(1)


def _inside(allow: Node, place: _Span) -> set[_Span]:
    """Where the scalars of the list stand, but those of aliases to another place; its beginning without any."""
    found = {(place[0], place[0])}
    waiting, seen = [allow], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            waiting += [one for pair in node.value for one in pair]
        elif isinstance(node, SequenceNode):
            waiting += node.value
        elif place[0] <= node.start_mark.index < place[1]:
            found.add(_span(node))
    return found


def _span(node: Node) -> _Span:
    return node.start_mark.index, node.end_mark.index
