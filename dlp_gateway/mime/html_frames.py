"""The tables of a page that are open, and where text goes meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from dlp_gateway.mime.html_flow import Flow
from dlp_gateway.mime.html_tables import Cell, Table

# A table is written anew into the one around it.
_DEEPEST = 30


@dataclass(slots=True)
class _Frame:
    """An open table with where its text goes: its cells, or the flow while none is open."""

    table: Table
    flow: Flow
    cell: Cell | None = None


class Frames:
    """``flow`` is where text goes now: a cell of the innermost table, or the page."""

    def __init__(self) -> None:
        self.page = self.flow = Flow()
        self._open: list[_Frame] = []
        self._beyond = 0

    def start_table(self) -> None:
        """Begin a table; beyond a depth its text is that of the cell around it."""
        for frame in self._open[-1:]:
            frame.table.layout = True
        if len(self._open) >= _DEEPEST:
            self._beyond += 1
            return
        self.flow = Flow()
        self._open.append(_Frame(Table(), self.flow))

    def start_row(self) -> None:
        """Begin a row, where a table is open."""
        if self._open:
            self.end_cell()
            self._open[-1].table.row()

    def start_cell(self, *, header: bool) -> bool:
        """Begin a cell; return whether there is a table that it stands in."""
        if not self._open:
            return False
        self.end_cell()
        self._open[-1].cell = self._open[-1].table.cell(header=header)
        return True

    def end_cell(self) -> None:
        """Give the cell its text."""
        if not self._open:
            return
        frame = self._open[-1]
        if frame.flow.pieces:
            text = frame.flow.result()
            if frame.cell is not None:
                frame.cell.text = text
            elif text:
                # Text between cells stands above the table for browsers.
                self._around().block(text)
            frame.flow = self.flow = Flow()
        frame.cell = None

    def end_table(self) -> None:
        """Write the innermost table into what is around it."""
        if self._beyond:
            self._beyond -= 1
        elif self._open:
            self._end_innermost()

    def finish(self) -> None:
        """End all that is open."""
        while self._open:
            self._end_innermost()

    def _end_innermost(self) -> None:
        self.end_cell()
        self.flow = self._around()
        rendered = self._open.pop().table.render()
        if rendered:
            self.flow.block(rendered)

    def _around(self) -> Flow:
        """The flow of text around the innermost table."""
        return self._open[-2].flow if len(self._open) > 1 else self.page
