"""Builds the text of a document with tables in it, as a walker meets its elements."""

from __future__ import annotations

from dataclasses import dataclass, field

from dlp_gateway.documents import tables
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.model import Place, Role, Text


@dataclass(slots=True)
class _Table:
    rows: list[list[str]] = field(default_factory=list)
    cell: list[str] | None = None


class FlowingText:
    """Paragraphs and tables in order of appearance; characters are charged to the budget.

    Tables may stand inside cells: the inner one is rendered into the cell's text.
    """

    def __init__(self, budget: DocumentBudget) -> None:
        self._budget = budget
        self._pieces: list[str] = []
        self._length = 0
        self._places: list[Place] = []
        self._tables: list[_Table] = []

    def add(self, text: str) -> None:
        """Append characters."""
        if not text:
            return
        self._budget.charge("characters", len(text))
        if self._tables and (cell := self._tables[-1].cell) is not None:
            cell.append(text)
        else:
            self._pieces.append(text)
            self._length += len(text)

    def line(self) -> None:
        """End a line, unless one has just ended."""
        if self._tables and (cell := self._tables[-1].cell) is not None:
            if cell and not cell[-1].endswith("\n"):
                cell.append("\n")
        elif self._pieces and not self._pieces[-1].endswith("\n"):
            self._pieces.append("\n")
            self._length += 1

    def place(self, where: str) -> None:
        """What follows stands at ``where`` (ignored inside tables)."""
        if not self._tables:
            self._places.append(Place(self._length, where))

    def start_table(self) -> None:
        """A table begins."""
        self.line()
        self._tables.append(_Table())

    def start_row(self) -> None:
        """A row of the innermost table begins."""
        if self._tables:
            self._tables[-1].rows.append([])

    def start_cell(self) -> None:
        """A cell of the innermost row begins."""
        if self._tables:
            self._tables[-1].cell = []

    def end_cell(self, repeated: int = 1) -> None:
        """The cell ends; it stands ``repeated`` times in its row."""
        if not self._tables or (cell := self._tables[-1].cell) is None:
            return
        table = self._tables[-1]
        if not table.rows:
            table.rows.append([])
        text = " ".join("".join(cell).split("\n")).strip()
        repeated = repeated if text else 1
        self._budget.charge("cells", repeated)
        table.rows[-1].extend([text] * repeated)
        table.cell = None

    def end_table(self) -> None:
        """The table ends and becomes text."""
        if not self._tables:
            return
        self.end_cell()
        rows = self._tables.pop().rows
        self.add(tables.render(tables.plain_rows(rows), cell_places=False).text())
        self.line()

    def tabulate(self) -> None:
        """Render lines of the same number of tabs as tables (formats whose cells end with tabs)."""
        said = tables.tabbed("".join(self._pieces))
        self._pieces, self._length = [said], len(said)

    def text(self, where: str, role: Role = Role.DOCUMENT, hints: tuple[str, ...] = ()) -> Text | None:
        """Return everything as one Text at ``where``, or None when there is nothing but space."""
        while self._tables:
            self.end_table()
        text = "".join(self._pieces)
        return Text(where, text, role, hints, tuple(self._places)) if text and not text.isspace() else None
