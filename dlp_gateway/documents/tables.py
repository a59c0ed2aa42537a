"""Tables as text: each row one line that repeats the header by every value.

``Employee: Hugh Pallister | TFN: 735278579`` lets a detector see what a number
is and whom a row is about, which the cells alone do not say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from dlp_gateway.model import Place

SEPARATOR = " | "
_HEADER_WITHIN = 8  # rows of titles that may stand above a header
_LABEL_LENGTH = 48
# First words of labels as forms use them: tell "label, value" pairs from records when types alone do not.
_LABELS = frozenset(
    """name surname forename firstname lastname first last given family employee member patient learner student client
    customer person worker applicant contact title position role job department team manager employer address street
    suburb city town postcode state country phone telephone tel mobile cell fax email mail born birth dob date age sex
    gender nationality citizenship passport licence license tfn abn ssn nino nhs medicare tax number no id iban bsb
    account bank card salary pay gross net wage rate rating score result diagnosis allergy condition medication nature
    religion union membership spouse partner children status start end expiry valid amount total balance debt reason
    note notes comment remarks vorname nachname geboren geburtsdatum anschrift telefon nom prénom adresse naissance
    nombre apellido dirección nascimento nome cognome indirizzo""".split()
)


class Cell(NamedTuple):
    """One cell: its place (``B7``), its text as shown, and whether it is a number or date."""

    ref: str
    text: str
    numeric: bool = False


@dataclass(slots=True)
class TableText:
    """Text of a table in the making, with the place of every cell."""

    pieces: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, ref: str = "") -> None:
        """Append ``text``; it stands at ``ref`` when that is given."""
        if ref:
            self.places.append(Place(self.length, ref))
        self.pieces.append(text)
        self.length += len(text)

    def text(self) -> str:
        """Everything that was added."""
        return "".join(self.pieces)


def plain_rows(rows: Iterable[Sequence[str]]) -> list[list[Cell]]:
    """Return rows of strings as cells named like a spreadsheet's (A1, B1, ...)."""
    return [
        [Cell(f"{column_name(x)}{y}", text, is_numeric(text)) for x, text in enumerate(row)]
        for y, row in enumerate(rows, 1)
    ]


def render(rows: Sequence[Sequence[Cell]], *, cell_places: bool = True) -> TableText:
    """Return the rows as lines ``header: value | header: value``.

    Columns are matched by the letters of ``ref`` (``B`` of ``B7``). Without ``cell_places`` only rows
    have a place, which keeps very large tables small.
    """
    table = TableText()
    at = header_row(rows)
    pairs = at is None and _is_form(rows)
    headers: dict[str, str] = {}
    if at is not None:
        headers = {_column(c.ref): c.text.strip().rstrip(":") for c in rows[at] if c.text.strip()}
    for y, row in enumerate(rows):
        filled = [c for c in row if c.text and not c.text.isspace()]
        if not filled:
            continue
        for x, cell in enumerate(filled):
            if x:
                table.add(": " if pairs and x == 1 and not filled[0].text.rstrip().endswith(":") else SEPARATOR)
            header = headers.get(_column(cell.ref)) if at is not None and y > at else None
            if header:
                table.add(f"{header}: ")
            table.add(cell.text.strip(), cell.ref if cell_places or not x else "")
        if len(filled) >= 8 and all(len(c.text) == 1 for c in filled):
            table.add(SEPARATOR + "".join(c.text for c in filled))
        table.add("\n")
    return table


def header_row(rows: Sequence[Sequence[Cell]]) -> int | None:
    """Return the index of the row that names the columns, or None.

    That is the first row of two or more short, different, wordy cells which is as wide as what
    follows, unless the first column holds labels itself (a form).
    """
    if _is_form(rows):
        return None
    for y, row in enumerate(rows[:_HEADER_WITHIN]):
        filled = [c for c in row if c.text.strip()]
        if len(filled) < 2 or y + 1 >= len(rows):
            continue
        following = [sum(1 for c in r if c.text.strip()) for r in rows[y + 1 : y + 6]]
        if max(following, default=0) > len(filled) + 1:
            continue
        texts = [c.text.strip() for c in filled]
        if len(set(texts)) == len(texts) and all(_is_label(c) for c in filled):
            return y
        return None
    return None


def is_numeric(text: str) -> bool:
    """Whether ``text`` is mostly digits: a number, date or code."""
    digits = sum(ch.isdigit() for ch in text)
    return digits > 0 and digits * 2 >= len(text.strip())


def column_name(index: int) -> str:
    """Return the letters of column ``index`` (0 is A, 26 is AA)."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def _column(ref: str) -> str:
    return ref.rstrip("0123456789")


def _is_label(cell: Cell) -> bool:
    text = cell.text.strip()
    return not cell.numeric and len(text) <= _LABEL_LENGTH and "@" not in text and any(ch.isalpha() for ch in text)


def _is_form(rows: Sequence[Sequence[Cell]]) -> bool:
    """Whether the rows are pairs of a label and its value."""
    pairs = [filled for row in rows if (filled := [c for c in row if c.text.strip()])]
    if len(pairs) < 2 or any(len(p) > 2 for p in pairs):
        return False
    labels = [p[0].text.strip() for p in pairs]
    known = sum(1 for label in labels if _known_label(label))
    return known * 2 > len(pairs) or sum(label.endswith(":") for label in labels) * 2 > len(pairs)


def _known_label(text: str) -> bool:
    words = text.lower().replace("_", " ").replace("-", " ").rstrip(":").split()
    return bool(words) and len(text) <= _LABEL_LENGTH and (words[0] in _LABELS or words[-1] in _LABELS)
