"""Lines, cells and column headers of a text.

Tables reach detection as text: ``Header: value | Header: value`` rows, CSV and
other delimited lines, columns aligned by spaces, labels on the line above. For
a place in the text this module tells the header of its column.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

_SPACES = re.compile(rb"[ \t]{2,}")
_DELIMITERS = (b"\t", b"|", b";", b",")
_LETTERS = re.compile(rb"[A-Za-z\x80-\xff]")
# A header further up than this many lines still counts; a row is not looked at beyond this many bytes.
_ROW_BYTES = 4096
_BREAK = re.compile(rb"\n")


@dataclass(frozen=True, slots=True)
class Cell:
    """A byte span of the text."""

    start: int
    end: int


class Layout:
    """The lines of one normalised text. Answers are remembered, so that a table costs each line once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._starts = [0, *(m.end() for m in _BREAK.finditer(data))]
        self._tops: dict[int, int] = {}
        self._rows: dict[tuple[int, bytes], list[Cell]] = {}

    def line_of(self, position: int) -> int:
        """Return the number of the line (from 0) that holds a byte offset."""
        return bisect_right(self._starts, position) - 1

    def line(self, number: int) -> Cell:
        """Return the span of a line without its line feed."""
        end = self._starts[number + 1] - 1 if number + 1 < len(self._starts) else len(self._data)
        return Cell(self._starts[number], end)

    def __len__(self) -> int:
        return len(self._starts)

    def header(self, position: int) -> Cell | None:
        """Return the header cell of the column that a byte offset stands in, if the text is a table there."""
        number = self.line_of(position)
        delimiter = self.delimiter(number)
        if delimiter is None:
            return None
        top = self._top(number, delimiter)
        if top == number:
            return None
        cells = self.cells(number, delimiter)
        column = next((i for i, cell in enumerate(cells) if position < cell.end), None)
        headers = self.cells(top, delimiter)
        if column is None or column >= len(headers):
            return None
        head = headers[column]
        return head if _LETTERS.search(self._data, head.start, head.end) else None

    def top(self, position: int) -> Cell | None:
        """Return the first line of the table that a byte offset stands in, or None outside of tables."""
        number = self.line_of(position)
        delimiter = self.delimiter(number)
        if delimiter is None:
            return None
        top = self._top(number, delimiter)
        return None if top == number else self.line(top)

    def delimiter(self, number: int) -> bytes | None:
        """Return what separates the cells of a line: a delimiter, two spaces for aligned columns, or None."""
        span = self.line(number)
        end = min(span.end, span.start + _ROW_BYTES)
        for delimiter in _DELIMITERS:
            if self._data.find(delimiter, span.start, end) >= 0:
                return b"  " if delimiter == b"," and self._aligned(span.start, end) else delimiter
        return b"  " if self._aligned(span.start, end) else None

    def _aligned(self, start: int, end: int) -> bool:
        while start < end and self._data[start] in b" \t":
            start += 1
        while end > start and self._data[end - 1] in b" \t\r":
            end -= 1
        return _SPACES.search(self._data, start, end) is not None

    def cells(self, number: int, delimiter: bytes) -> list[Cell]:
        """Split a line; delimiters inside double quotes do not count."""
        key = (number, delimiter)
        if key not in self._rows:
            if len(self._rows) > 1024:
                self._rows.clear()
            self._rows[key] = self._split(self.line(number), delimiter)
        return self._rows[key]

    def _split(self, span: Cell, delimiter: bytes) -> list[Cell]:
        end = min(span.end, span.start + _ROW_BYTES)
        if delimiter == b"  ":
            return self._split_spaces(span.start, end)
        cells, start, quoted = [], span.start, False
        for place in range(span.start, end):
            byte = self._data[place]
            if byte == 0x22:
                quoted = not quoted
            elif byte == delimiter[0] and not quoted:
                cells.append(Cell(start, place))
                start = place + 1
        return [*cells, Cell(start, end)]

    def _split_spaces(self, start: int, end: int) -> list[Cell]:
        while start < end and self._data[start] in b" \t":
            start += 1
        cells = []
        for gap in _SPACES.finditer(self._data, start, end):
            cells.append(Cell(start, gap.start()))
            start = gap.end()
        return [*cells, Cell(start, end)]

    def _top(self, number: int, delimiter: bytes) -> int:
        """Walk up to the first line of the run of lines with the same delimiter."""
        walked, top = [], number
        while top not in self._tops:
            walked.append(top)
            if top == 0 or self.delimiter(top - 1) != delimiter:
                break
            top -= 1
        found = self._tops.get(top, top)
        for line in walked:
            self._tops[line] = found
        return found
