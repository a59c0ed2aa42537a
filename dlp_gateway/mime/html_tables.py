"""Tables of a page as lines of text that keep their headers by their cells.

A column named TFN has to give context to every number under it, and a row
links a person with what is said of them, so a data row reads
``Name: Ann Lee | TFN: 123 456 782``. Tables that only lay out a page read as
their cells, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dlp_gateway.mime.text_tables import names_columns

_LONGEST_LABEL = 40


@dataclass(slots=True)
class Cell:
    """What a cell says."""

    header: bool
    text: str = ""


@dataclass(slots=True)
class Table:
    """A table under construction; ``layout`` is set by what only layout tables have."""

    rows: list[list[Cell]] = field(default_factory=list)
    layout: bool = False

    def row(self) -> None:
        """Begin a row."""
        self.rows.append([])

    def cell(self, *, header: bool) -> Cell:
        """Begin a cell in the present row."""
        if not self.rows:
            self.row()
        cell = Cell(header)
        self.rows[-1].append(cell)
        return cell

    def render(self) -> str:
        """Return the lines of the table."""
        if self.layout:
            return "\n".join(cell.text for row in self.rows for cell in row if cell.text)
        rows = [[(cell.header, cell.text) for cell in row] for row in self.rows if row]
        texts = [[text for _, text in row] for row in rows]
        widest = max((len([text for text in row if text]) for row in texts), default=0)
        if widest < 2 or any("\n" in text for row in texts for text in row):
            return "\n".join(text for row in texts for text in row if text)
        labels = _labels(rows)
        if labels is None:
            return "\n".join(" | ".join(text for text in row if text) for row in texts if any(row))
        lines = [" | ".join(label for label in labels if label)]
        lines += [_labelled(labels, row) for row in texts[1:] if any(row)]
        return "\n".join(lines)


def _labels(rows: list[list[tuple[bool, str]]]) -> list[str] | None:
    """The first row, when it names the columns."""
    if len(rows) < 2:
        return None
    first = rows[0]
    texts = [text for _, text in first]
    if not any(texts) or any(len(text) > _LONGEST_LABEL for text in texts):
        return None
    if all(header for header, text in first if text):
        return texts
    plausible = all(not any(c.isdigit() for c in text) for text in texts) and len([t for t in texts if t]) >= 2
    # Words over words may be two rows of anything; words over numbers are a header, and so are names of columns.
    if plausible and names_columns([[text for _, text in row] for row in rows]):
        return texts
    numbers_below = any(any(c.isdigit() for c in text) for row in rows[1:3] for _, text in row)
    return texts if plausible and numbers_below else None


def _labelled(labels: list[str], row: list[str]) -> str:
    pieces = []
    for index, text in enumerate(row):
        if text:
            label = labels[index] if index < len(labels) else ""
            pieces.append(f"{label}: {text}" if label else text)
    return " | ".join(pieces)
