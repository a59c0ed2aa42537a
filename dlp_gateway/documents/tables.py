"""Tables as text: each row one line that repeats the header by every value.

``Employee: Hugh Pallister | TFN: 735278579`` lets a detector see what a number
is and whom a row is about, which the cells alone do not say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dlp_gateway.model import Place

SEPARATOR = " | "
_HEADER_WITHIN = 8  # rows of titles that may stand above a header
_LABEL_LENGTH = 48
_FORM_ROWS = 200  # looked at to tell a form
_SPELLED = 8  # cells of one character each from which a row is also given as one word
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


# A cell: the letters of its column, its text as shown, and whether it is a number or date. A plain tuple,
# because a large workbook has millions.
Cell = tuple[str, str, bool]


@dataclass(slots=True)
class Row:
    """A row of a table: its number in the sheet, from 1, and its cells in order."""

    number: int
    cells: list[Cell] = field(default_factory=list, repr=False)


@dataclass(slots=True)
class TableText:
    """Text of a table in the making, with the places of its cells or rows."""

    pieces: list[str] = field(default_factory=list, repr=False)
    places: list[Place] = field(default_factory=list)
    length: int = 0

    def text(self) -> str:
        """Everything that was added."""
        return "".join(self.pieces)

    def line(self, number: int, fields: list[tuple[str, str]], *, cell_places: bool) -> None:
        """Add the row ``number`` with its fields (column and text); each cell is a place, or the first one only."""
        if cell_places:
            position = self.length
            for column, text in fields:
                self.places.append(Place(position, f"{column}{number}"))
                position += len(text) + len(SEPARATOR)
        else:
            self.places.append(Place(self.length, f"row {number}"))
        said = SEPARATOR.join([text for _, text in fields]) + "\n"
        self.pieces.append(said)
        self.length += len(said)


def plain_rows(rows: Iterable[Sequence[str]]) -> list[Row]:
    """Return rows of strings as rows of cells with the column names of a spreadsheet."""
    names: list[str] = []
    found: list[Row] = []
    for y, row in enumerate(rows, 1):
        while len(names) < len(row):
            names.append(column_name(len(names)))
        found.append(Row(y, [(name, text, is_numeric(text)) for name, text in zip(names, row, strict=False)]))
    return found


def render(rows: Sequence[Row], *, cell_places: bool = True) -> TableText:
    """Return the rows as lines ``header: value | header: value``, values matched to headers by column.

    Without ``cell_places`` only rows have a place, which keeps very large tables small.
    """
    table = TableText()
    at = header_row(rows)
    pairs = at is None and _is_form(rows)
    headers: dict[str, str] = {}
    for y, row in enumerate(rows):
        filled = [(column, text.strip()) for column, text, _ in row.cells if text and not text.isspace()]
        if not filled:
            continue
        if headers:
            fields = [(column, f"{headers[column]}: {text}" if column in headers else text) for column, text in filled]
        elif pairs and len(filled) == 2:
            fields = [(filled[0][0], f"{filled[0][1].rstrip(':')}: {filled[1][1]}")]
        else:
            fields = filled
        if len(filled) >= _SPELLED and all(len(text) == 1 for _, text in filled):
            fields.append((filled[0][0], "".join(text for _, text in filled)))
        table.line(row.number, fields, cell_places=cell_places)
        if y == at:
            headers = {column: text.rstrip(":") for column, text in filled}
    return table


def header_row(rows: Sequence[Row]) -> int | None:
    """Return the index of the row that names the columns, or None.

    That is the first row of two or more short, different, wordy cells which is as wide as what
    follows, unless the first column holds labels itself (a form).
    """
    if _is_form(rows):
        return None
    for y, row in enumerate(rows[:_HEADER_WITHIN]):
        filled = [cell for cell in row.cells if cell[1].strip()]
        if len(filled) < 2 or y + 1 >= len(rows):
            continue
        following = [sum(1 for cell in r.cells if cell[1].strip()) for r in rows[y + 1 : y + 6]]
        if max(following, default=0) > len(filled) + 1:
            continue
        texts = [text.strip() for _, text, _ in filled]
        return y if len(set(texts)) == len(texts) and all(_is_label(cell) for cell in filled) else None
    return None


def tabbed(text: str) -> str:
    """Return ``text`` with blocks of lines that hold the same number of tabs rendered as tables."""
    if "\t" not in text:
        return text
    out: list[str] = []
    block: list[list[str]] = []
    for line in [*text.split("\n"), ""]:
        cells = line.split("\t") if "\t" in line.strip() else []
        if block and len(cells) != len(block[0]):
            rendered = len(block) > 1
            out += (
                [render(plain_rows(block), cell_places=False).text().rstrip("\n")]
                if rendered
                else ["\t".join(block[0])]
            )
            block = []
        if cells:
            block.append(cells)
        else:
            out.append(line)
    return "\n".join(out[:-1])


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


def _is_label(cell: Cell) -> bool:
    text = cell[1].strip()
    return not cell[2] and len(text) <= _LABEL_LENGTH and "@" not in text and any(ch.isalpha() for ch in text)


def _is_form(rows: Sequence[Row]) -> bool:
    """Whether the rows are pairs of a label and its value."""
    pairs = [
        filled for row in rows[:_FORM_ROWS] if (filled := [text.strip() for _, text, _ in row.cells if text.strip()])
    ]
    if len(pairs) < 2 or any(len(pair) > 2 for pair in pairs):
        return False
    if all(_known_label(text) for text in pairs[0]) and len(pairs[0]) == 2:
        return False
    labels = [pair[0] for pair in pairs]
    known = sum(1 for label in labels if _known_label(label))
    return known * 2 > len(pairs) or sum(label.endswith(":") for label in labels) * 2 > len(pairs)


def _known_label(text: str) -> bool:
    words = text.lower().replace("_", " ").replace("-", " ").rstrip(":").split()
    return bool(words) and len(text) <= _LABEL_LENGTH and (words[0] in _LABELS or words[-1] in _LABELS)
