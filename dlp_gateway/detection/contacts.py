"""How many people a message lists with their contact details.

A row that holds an email address, a telephone number or a street address
counts for the person it names; a line may hold many rows, as the copied To
field of a mail does. Which cells hold names is learnt from a few rows of each
list, so a long list costs no more than a short one. The same person in two
rows counts once; a list of companies or shops counts for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dlp_gateway.detection.name_columns import where_names_stand
from dlp_gateway.detection.values import People

# Fewer details than this are no list of many people: whom they name is not asked. No policy asks for less, nor for
# more than the most that are counted (``policy.rules.BulkRule``).
FEW = 20
# Beyond this many people the number changes nothing.
MANY = 2000
DETAILS = frozenset(("EMAIL", "PHONE", "ADDRESS"))

# Cells of a row and lines above it (blocks of name, street, telephone) that may hold the name.
_CELLS, _ABOVE = 8, 6
_LINE = 400
_CELL = 160
# Generated mailboxes have more digits than this.
_MOST_DIGITS = 5
# This many mailboxes in one line belong to more than one person.
_OF_SEVERAL = 3

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
_NUMBER = re.compile(r"[+(]{0,2}\d[\d ()./-]{5,20}")
# What is written before a second address or number of the same person.
_NO_NAME = frozenset(
    "mail email mailto home work office private privat mobile mob cell tel telephone phone telefon handy ph fax direct"
    " or and und oder et ou cc bcc to an alt other second ext".split()
)


@dataclass(frozen=True, slots=True)
class _Row:
    """The wordy cells of a line with contact details, then the lines above it; and a mailbox that names a person.

    Of a line that holds several people there is a row for each; all but the first are ``further``.
    """

    cells: tuple[str, ...] = field(repr=False)
    address: str | None = field(repr=False)
    further: bool = False


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
        for further in (False, True):
            seen.update(_people([row for row in rows if row.further is further], people))
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
        held: list[int] = []
        while place is not None and place <= end:
            if place >= start:
                held.append(place - start)
            place = next(places, None)
        if held:
            lines = [_plain(other) for other in reversed(above[-_ABOVE:])]
            for number, stretch in enumerate(_stretches(line, held)):
                yield _row(stretch, [] if number else lines, further=number > 0)
            above = []
        elif place is None:
            return
        elif shown := line.strip()[:_LINE]:
            above.append(shown)
        else:
            above = []


def _row(line: str, above: Sequence[str], *, further: bool) -> _Row:
    shown = line.strip()[:_LINE]
    cells = _cells(shown)
    padding, empty = [""] * (_CELLS - len(cells)), [""] * (_ABOVE - len(above))
    return _Row((*cells, *padding, *above, *empty), _personal_address(shown), further)


def _stretches(line: str, held: Sequence[int]) -> Sequence[str]:
    """Cut a line with contact details at these places into one stretch for each person it seems to hold."""
    if len(held) < 2:
        return (line,)
    boxes = _ends(line, held, _MAIL)
    mails = _between(line, boxes)
    named = [_is_wordy(_MAIL.sub("", stretch)) for stretch in mails]
    if len(mails) >= _OF_SEVERAL or (len(mails) > 1 and (all(named) or not any(named))):
        return mails
    numbers = [stretch for stretch in _between(line, _ends(line, held, _NUMBER)) if _is_wordy(stretch)]
    return numbers if len(mails) < 2 and len(numbers) > 1 else (line,)


def _ends(line: str, held: Sequence[int], kind: re.Pattern[str]) -> list[int]:
    """Return where the details of one kind end."""
    return sorted({found.end() for place in held if (found := kind.match(line, place)) is not None})


def _between(line: str, ends: Sequence[int]) -> list[str]:
    return [line[low:high] for low, high in zip((0, *ends), ends, strict=False)]


def _is_wordy(stretch: str) -> bool:
    """Tell whether a stretch may name somebody: it has a word that says more than "mobile"."""
    return any(len(word) > 1 and word.casefold() not in _NO_NAME for word in _TOKEN.findall(stretch[:_LINE]))


def _cells(line: str) -> list[str]:
    """Return the cells of a line without labels, mailboxes and numbers."""
    return [_plain(cell) for cell in _SPLIT.split(_MAIL.sub("|", _LABEL.sub("", line)))][:_CELLS]


def _plain(cell: str) -> str:
    text = " ".join(cell.split()).strip(" ,.:-()'*\u2022>")
    return text if len(text) <= _CELL and _TOKEN.search(text) else ""


def _people(rows: Sequence[_Row], people: People) -> Iterator[str]:
    """Name the person of each row: by the columns that hold names, else by a personal mailbox."""
    if not rows:
        return
    columns, take = where_names_stand([row.cells for row in rows], _CELLS, people)
    for row in rows:
        name = _name(" ".join(take(row.cells[column]) for column in columns))
        key = name or row.address
        if key:
            yield key


def _name(text: str) -> str:
    """Return the words of a name in one order, so that "Quill, Bethany" is "Bethany Quill"."""
    return " ".join(sorted(token.casefold() for token in _TOKEN.findall(text)))


def _personal_address(line: str) -> str | None:
    match = _MAIL.search(line)
    if match is None or _ROLE_ADDRESS.match(match.group(1)) or not _TOKEN.search(match.group(1)):
        return None
    generated = sum(map(str.isdigit, match.group(1))) > _MOST_DIGITS
    return None if generated else match.group(0).casefold()
