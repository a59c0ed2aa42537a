"""How many people a message lists with their contact details.

A row that holds an email address, a telephone number or a street address
counts for the person it names. The same person in two rows counts once, a row
that names a company or a shop counts for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import re2

from dlp_gateway.detection.values import Candidate, People, PersonSpan
from dlp_gateway.model import Role, Text

# Fewer rows than this are no list of many people: their names are not looked up.
FEW = 20
DETAILS = frozenset(("EMAIL", "PHONE", "ADDRESS"))
_ELSEWHERE = (Role.SUBJECT, Role.HEADER)
# Beyond this many people the number changes nothing.
MANY = 2000
# Lines above a contact line that may hold its name (blocks of name, street, telephone), and lines of a card.
_ABOVE = 3
_LINE = 300

_DETAIL = re2.compile(
    r"(?i)[a-z0-9._%+'-]{1,64}@[a-z0-9.-]{1,120}\.[a-z]{2,24}"
    r"|(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,5}\)[ .-]?)?\b\d{2,5}(?:[ .-]\d{2,5}){1,4}\b|\b0\d{8,10}\b"
    r"|\b\d{1,5}[a-z]? (?:[a-z'.-]{1,20} ){1,3}(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|court|ct"
    r"|place|pl|terrace|way|close|crescent|strasse|straße)\b"
)
_MAIL = re2.compile(r"(?i)([a-z0-9._%+'-]{1,64})@[a-z0-9.-]{1,120}\.[a-z]{2,24}")
_ROLE_ADDRESS = re.compile(
    r"(?:info|sales|office|admin|contact|support|help|helpdesk|service|accounts?|billing|orders?|enquir(?:y|ies)|reception|hr|jobs|press|media|team"
    r"|hello|mail|post|noreply|no-reply|webmaster|marketing|bookings?|reservations?|shop|store|it"
    r"|finance|legal|events?|training|dispatch)\d*$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?:^|\| ?)[^|:]{1,40}: ")
_TOKEN = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class _Row:
    """A line with contact details and the lines that may name whom they belong to."""

    line: str = field(repr=False)
    above: tuple[str, ...] = field(default=(), repr=False)


def count_people(texts: Iterable[Text], candidates: Sequence[Candidate], people: People) -> int:
    """Return the number of distinct people whose contact details the texts list.

    Rows are taken from all texts but the Subject and headers; two readings of the same row count once. With few
    contact details among the candidates they are counted without asking whom they name.
    """
    details = sum(c.kept and c.entity in DETAILS and c.role not in _ELSEWHERE for c in candidates)
    if details < FEW:
        return details
    rows = dict.fromkeys(row for text in texts if text.role not in _ELSEWHERE for row in _rows(text.text))
    seen: set[str] = set()
    pending: list[_Row] = []
    for row in rows:
        pending.append(row)
        if len(pending) == 64:
            seen.update(_keys(pending, people))
            pending = []
            if len(seen) >= MANY:
                return MANY
    seen.update(_keys(pending, people))
    return len(seen)


def _rows(text: str) -> Iterator[_Row]:
    if not _DETAIL.search(text):
        return
    last: list[str] = []
    for line in text.split("\n"):
        shown = line.strip()[:_LINE]
        if not shown:
            last = []
        elif _DETAIL.search(shown):
            yield _Row(shown, tuple(last[-_ABOVE:]))
            last = []
        else:
            last.append(shown)


def _keys(rows: Sequence[_Row], people: People) -> Iterator[str]:
    """Name each row: by the person in it, else by a personal address, else by the person above it."""
    named = people.find([_readable(row.line) for row in rows])
    missing = []
    for row, spans in zip(rows, named, strict=True):
        text = _readable(row.line)
        name = _name(_first(text, spans))
        if name:
            yield name
        elif address := _by_address(row.line):
            yield address
        elif row.above:
            missing.append(row)
    for row, spans in zip(missing, people.find(["\n".join(row.above) for row in missing]), strict=True):
        above = "\n".join(row.above)
        names = [name for span in spans if (name := _name(above[span.start : span.end]))]
        if names:
            yield names[-1]


def _readable(line: str) -> str:
    """Take the column names out of a row, and the separators, so that it reads as a list."""
    return _LABEL.sub(lambda m: m[0][:2] if m[0].startswith("|") else "", line)


def _first(text: str, spans: Sequence[PersonSpan]) -> str:
    """Return the first name of a row, its parts joined where they stand in neighbouring cells."""
    if not spans:
        return ""
    end = spans[0].end
    for span in spans[1:]:
        if _TOKEN.search(text, end, span.start):
            break
        end = span.end
    return text[spans[0].start : end]


def _name(text: str) -> str:
    """Return the words of a name in one order, so that "Quill, Bethany" is "Bethany Quill"."""
    return " ".join(sorted(token.casefold() for token in _TOKEN.findall(text)))


def _by_address(line: str) -> str | None:
    match = _MAIL.search(line)
    if match is None or _ROLE_ADDRESS.match(match.group(1)):
        return None
    return match.group(0).casefold() if _TOKEN.search(match.group(1)) else None
