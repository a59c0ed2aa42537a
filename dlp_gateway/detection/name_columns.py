"""Where names of people stand in the rows of a list: in which column, and in which words of its cells.

Learnt from a few rows, so that a long list asks the people model no more than
a short one. A cell may be a name, hold one beside something else ("Anna Smith,
front desk"), or begin with one ("Anna Smith Senior Consultant").
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from dlp_gateway.detection.ownership import has_legal_form
from dlp_gateway.detection.values import People, PersonSpan

Take = Callable[[str], str]
Row = Sequence[str]

# Rows that are looked at, and the share that has to name people in a column.
_SAMPLE = 16
_SHARE = 0.4
# Cells are asked for names with this in front: alone, the second word of "Omar Capper" may be a thing of Omar's.
_ADDRESSED = "Dear "
# A name is at most this long, and has at least this many words where it is only a part of its cell.
_NAME_LENGTH = 48
_FULL = 2
# Commas, dashes and brackets: "Anna Smith (front desk)".
_PART = re.compile(r",\s|\s[-\u2013\u2014/]\s|[()]|:\s")
_TOKEN = re.compile(r"[^\W\d_]+")


def where_names_stand(rows: Sequence[Row], beside: int, people: People) -> tuple[tuple[int, ...], Take]:
    """Learn which columns hold names of people, and what takes the name out of their cells; no column if none does.

    Args:
        rows: the cells of each row, equally many.
        beside: given name and surname may stand in neighbours among this many first columns.
        people: tells names.
    """
    sample = rows[:: max(1, len(rows) // _SAMPLE)][:_SAMPLE]
    asked = _Asked(people)
    shares = _shares(sample, _whole, asked.are_names)
    best = max(range(len(shares)), key=shares.__getitem__)
    if shares[best] >= _SHARE:
        near = [c for c in (best - 1, best + 1) if best < beside and 0 <= c < beside and shares[c] >= _SHARE]
        return tuple(sorted([best, *near[:1]])), _whole
    for take in (_part(0), _part(0, 2), _part(1), _part(2)):
        shares = _shares(sample, take, asked.are_full_names)
        best = max(range(len(shares)), key=shares.__getitem__)
        if shares[best] >= _SHARE:
            return (best,), take
    shares = _shares(sample, str, asked.begin_with_names)
    best = max(range(len(shares)), key=shares.__getitem__)
    return ((best,), _first_words(asked.usual_length)) if shares[best] >= _SHARE else ((), _whole)


def _whole(cell: str) -> str:
    return cell if len(cell) <= _NAME_LENGTH else ""


def _part(number: int, count: int = 1) -> Take:
    """Return what takes some parts of a cell that has several."""

    def take(cell: str) -> str:
        parts = [part.strip() for part in _PART.split(cell) if _TOKEN.search(part)]
        return _whole(" ".join(parts[number : number + count])) if len(parts) > 1 else ""

    return take


def _first_words(count: int) -> Take:
    return lambda cell: " ".join(_TOKEN.findall(cell)[:count])


def _shares(sample: Sequence[Row], take: Take, tell: Callable[[Sequence[str]], Sequence[bool]]) -> list[float]:
    """Return the share of rows that name somebody, for each column."""
    taken = [[take(cell) for cell in row] for row in sample]
    asked = list(dict.fromkeys(text for row in taken for text in row if text))
    named = dict(zip(asked, tell(asked), strict=True))
    shares = []
    for column in range(len(taken[0])):
        filled = [row[column] for row in taken if row[column]]
        # A column that is empty in most rows is no column of names.
        shares.append(sum(named[text] for text in filled) / len(sample) if len(filled) * 2 >= len(sample) else 0.0)
    return shares


class _Asked:
    """What the people model tells of cells, each asked for once."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._known: dict[str, Sequence[PersonSpan]] = {}
        self._lengths: Counter[int] = Counter()

    def are_names(self, cells: Sequence[str]) -> list[bool]:
        """Tell whether names fill most of each cell: "Bank of Mary Smith Ltd" names a company."""
        return [self._covered(cell) * 2 > len(_TOKEN.findall(cell)) for cell in self._ask(cells)]

    def are_full_names(self, cells: Sequence[str]) -> list[bool]:
        """Tell the same of parts of cells, of which one word may be anything."""
        named = self.are_names(cells)
        return [name and self._covered(cell) >= _FULL for name, cell in zip(named, cells, strict=True)]

    def begin_with_names(self, cells: Sequence[str]) -> list[bool]:
        """Tell whether each cell begins with a full name and is no company's."""
        return [self._begins(cell) for cell in self._ask(cells)]

    @property
    def usual_length(self) -> int:
        """How many words most of the names have that cells began with."""
        return max(self._lengths, key=self._lengths.__getitem__)

    def _begins(self, cell: str) -> bool:
        first = next(iter(self._known[cell]), None)
        if first is None or first.start > len(_ADDRESSED) or has_legal_form(cell):
            return False
        words = len(_TOKEN.findall(cell[: first.end - len(_ADDRESSED)]))
        self._lengths[words] += words >= _FULL
        return words >= _FULL

    def _covered(self, cell: str) -> int:
        """Return how many words of a cell are names."""
        shift = len(_ADDRESSED)
        return sum(
            len(_TOKEN.findall(cell[max(0, span.start - shift) : max(0, span.end - shift)]))
            for span in self._known[cell]
        )

    def _ask(self, cells: Sequence[str]) -> Sequence[str]:
        new = [cell for cell in cells if cell not in self._known]
        self._known |= zip(new, self._people.find([_ADDRESSED + cell for cell in new]), strict=True)
        return cells
