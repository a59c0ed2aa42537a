"""How many people a message lists with their contact details.

A row that holds an email address, a telephone number or a street address
counts for the person it names. Which cells hold names is learnt from a few
rows of each list, so a long list costs no more than a short one. The same
person in two rows counts once; a list of companies or shops counts for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from dlp_gateway.detection.values import People, PersonSpan

# Fewer details than this are no list of many people: whom they name is not asked.
FEW = 20
# Beyond this many people the number changes nothing.
MANY = 2000
DETAILS = frozenset(("EMAIL", "PHONE", "ADDRESS"))

# Rows of a list that are looked at to learn where the names stand, and the share that has to name people there.
_SAMPLE = 16
_SHARE = 0.4
# Cells of a row and lines above it (blocks of name, street, telephone) that may hold the name.
_CELLS, _ABOVE = 8, 3
_LINE = 400
# Cells are asked for names with this in front: alone, the second word of "Omar Capper" may be a thing of Omar's.
_ADDRESSED = "Dear "
# A name is at most this long; generated mailboxes have more digits than this.
_NAME_LENGTH = 48
_MOST_DIGITS = 5

_MAIL = re.compile(r"([a-z0-9._%+'-]{1,64})@[a-z0-9.-]{1,120}\.[a-z]{2,24}", re.IGNORECASE)
_ROLE_ADDRESS = re.compile(
    r"(?:info|sales|office|admin|contact|support|help|helpdesk|service|accounts?|billing|orders?|enquir(?:y|ies)|reception"
    r"|hr|jobs|press|media|team|hello|mail|post|noreply|no-reply|webmaster|marketing|bookings?|reservations?|shop|store|it"
    r"|finance|legal|events?|training|dispatch)\d*$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?:(?<=^)|(?<=\|)|(?<=\| ))[^|:\d]{1,40}: ?")
_SPLIT = re.compile(r"[|;\t<>\"]| {2,}|,(?! )|\d[\d .,()/-]*")
_TOKEN = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class _Row:
    """The wordy cells of a line with contact details, then the lines above it; and a mailbox that names a person."""

    cells: tuple[str, ...] = field(repr=False)
    address: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """A text and where contact details begin in it, in order."""

    text: str = field(repr=False)
    starts: Sequence[int]


def count_people(listed: Sequence[Listed], people: People) -> int:
    """Return the number of distinct people whose contact details the texts list.

    Two readings of the same row count once. A few contact details are counted without asking whom they name.
    """
    details = sum(len(one.starts) for one in listed)
    if details < FEW:
        return details
    seen: set[str] = set()
    known: set[_Row] = set()
    for one in listed:
        rows = [row for row in _rows(one) if row not in known]
        known.update(rows)
        seen.update(_people(rows, people))
        if len(seen) >= MANY:
            return MANY
    return len(seen)


def _rows(listed: Listed) -> Iterator[_Row]:
    """Yield the lines that hold contact details, with the lines above that belong to them."""
    places = iter(listed.starts)
    place = next(places, None)
    above: list[str] = []
    end = -1
    for line in listed.text.split("\n"):
        start, end = end + 1, end + 1 + len(line)
        holds = False
        while place is not None and place <= end:
            holds, place = holds or place >= start, next(places, None)
        shown = line.strip()[:_LINE]
        if holds:
            lines = [_plain(other) for other in reversed(above[-_ABOVE:])]
            cells = _cells(shown)
            padding = [""] * (_CELLS - len(cells))
            yield _Row((*cells, *padding, *lines, *[""] * (_ABOVE - len(lines))), _personal_address(shown))
            above = []
        elif place is None:
            return
        elif shown:
            above.append(shown)
        else:
            above = []


def _cells(line: str) -> list[str]:
    """Return the cells of a line without labels, mailboxes and numbers."""
    return [_plain(cell) for cell in _SPLIT.split(_MAIL.sub("|", _LABEL.sub("", line)))][:_CELLS]


def _plain(cell: str) -> str:
    text = " ".join(cell.split()).strip(" ,.:-()'*\u2022>")
    return text if len(text) <= _NAME_LENGTH and _TOKEN.search(text) else ""


def _people(rows: Sequence[_Row], people: People) -> Iterator[str]:
    """Name the person of each row: by the columns that hold names, else by a personal mailbox."""
    if not rows:
        return
    columns = _name_columns(rows, people)
    for row in rows:
        name = _name(" ".join(row.cells[column] for column in columns))
        key = name or row.address
        if key:
            yield key


def _name_columns(rows: Sequence[_Row], people: People) -> tuple[int, ...]:
    """Learn from a sample which columns hold names of people: the best one and its like-minded neighbours."""
    step = max(1, len(rows) // _SAMPLE)
    sample = rows[::step][:_SAMPLE]
    asked = list(dict.fromkeys(cell for row in sample for cell in row.cells if cell))
    found = people.find([_ADDRESSED + cell for cell in asked])
    named = {cell: _names_somebody(cell, spans) for cell, spans in zip(asked, found, strict=True)}
    shares = []
    for column in range(_CELLS + _ABOVE):
        filled = [row.cells[column] for row in sample if row.cells[column]]
        # A column that is empty in most rows is no column of names.
        shares.append(sum(named[cell] for cell in filled) / len(sample) if len(filled) * 2 >= len(sample) else 0.0)
    best = max(range(len(shares)), key=lambda column: shares[column])
    if shares[best] < _SHARE:
        return ()
    # Given name and surname may stand in neighbouring cells; lines above are each complete.
    beside = [c for c in (best - 1, best + 1) if best < _CELLS and 0 <= c < _CELLS and shares[c] >= _SHARE]
    return tuple(sorted([best, *beside[:1]]))


def _names_somebody(cell: str, spans: Iterable[PersonSpan]) -> bool:
    """Tell whether names fill most of an addressed cell: "Bank of Mary Smith Ltd" names a company."""
    shift = len(_ADDRESSED)
    covered = sum(len(_TOKEN.findall(cell[max(0, span.start - shift) : max(0, span.end - shift)])) for span in spans)
    return covered * 2 > len(_TOKEN.findall(cell))


def _name(text: str) -> str:
    """Return the words of a name in one order, so that "Quill, Bethany" is "Bethany Quill"."""
    return " ".join(sorted(token.casefold() for token in _TOKEN.findall(text)))


def _personal_address(line: str) -> str | None:
    match = _MAIL.search(line)
    if match is None or _ROLE_ADDRESS.match(match.group(1)) or not _TOKEN.search(match.group(1)):
        return None
    generated = sum(map(str.isdigit, match.group(1))) > _MOST_DIGITS
    return None if generated else match.group(0).casefold()
