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

from dlp_gateway.detection.values import Candidate, People, PersonSpan
from dlp_gateway.model import Role, Text

# Fewer details than this are no list of many people: whom they name is not asked.
FEW = 20
# Beyond this many people the number changes nothing.
MANY = 2000
DETAILS = frozenset(("EMAIL", "PHONE", "ADDRESS"))
_ELSEWHERE = (Role.SUBJECT, Role.HEADER)

# Rows of a list that are looked at to learn where the names stand, and the share that has to name people there.
_SAMPLE = 16
_SHARE = 0.4
# Cells of a row and lines above it (blocks of name, street, telephone) that may hold the name.
_CELLS, _ABOVE = 8, 3
_LINE = 400
# A name is at most this long; generated mailboxes have more digits than this.
_NAME_LENGTH = 48
_MOST_DIGITS = 5

_MAIL = re.compile(r"([a-z0-9._%+'-]{1,64})@[a-z0-9.-]{1,120}\.[a-z]{2,24}", re.IGNORECASE)
_PHONE = re.compile(r"(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,5}\)[ .-]?)?\b\d{2,5}(?:[ .-]\d{2,5}){1,4}\b|\b0\d{8,10}\b")
_STREET = re.compile(
    r"\b\d{1,5}[a-z]? (?:[a-z'.-]{1,20} ){1,3}(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|court|ct"
    r"|place|pl|terrace|way|close|crescent|strasse|straße)\b",
    re.IGNORECASE,
)
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


def count_people(texts: Iterable[Text], candidates: Sequence[Candidate], people: People) -> int:
    """Return the number of distinct people whose contact details the texts list.

    Rows are taken from all texts but the Subject and headers; two readings of the same row count once. With few
    contact details among the candidates they are counted without asking whom they name.
    """
    details = sum(c.kept and c.entity in DETAILS and c.role not in _ELSEWHERE for c in candidates)
    if details < FEW:
        return details
    seen: set[str] = set()
    known: set[_Row] = set()
    for text in texts:
        if text.role not in _ELSEWHERE:
            rows = [row for row in _rows(text.text) if row not in known]
            known.update(rows)
            seen.update(_people(rows, people))
            if len(seen) >= MANY:
                return MANY
    return len(seen)


def _rows(text: str) -> Iterator[_Row]:
    above: list[str] = []
    for line in text.split("\n"):
        shown = line.strip()[:_LINE]
        if not shown:
            above = []
        elif _MAIL.search(shown) or _PHONE.search(shown) or _STREET.search(shown):
            cells = _cells(shown)
            lines = [_plain(other) for other in reversed(above[-_ABOVE:])]
            padding = [""] * (_CELLS - len(cells))
            yield _Row((*cells, *padding, *lines, *[""] * (_ABOVE - len(lines))), _personal_address(shown))
            above = []
        else:
            above.append(shown)


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
    named = {cell: _names_somebody(cell, spans) for cell, spans in zip(asked, people.find(asked), strict=True)}
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
    """Tell whether names fill most of a cell: "Bank of Mary Smith Ltd" names a company."""
    covered = sum(len(_TOKEN.findall(cell[span.start : span.end])) for span in spans)
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
