"""What stands in a compound file (MS-CFB) and belongs to no stream: behind its sectors, in free ones, in their slack.

Programs find streams by chains of sectors and never look anywhere else. So a
file put behind one with ``cat`` is seen by whoever opens it as text, and old
Office files keep in their free sectors what was deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from olefile import OleFileIO

from dlp_gateway.documents import charset, leftovers, ole, sniff
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Outside, Reader, under
from dlp_gateway.model import Part, Role, Text

_FREE = 0xFFFFFFFF
_WHOLE = 1 << 40  # the size of a chain that has none of its own


def beside(reader: Reader) -> Reader:
    """Return ``reader`` followed by what belongs to no stream of the compound file that it reads."""

    def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
        yield from reader(part, budget)
        yield from found(part, budget)

    return read


def found(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield what follows the last sector in use as a file, and the text in all other bytes that no stream has."""
    content = part.content
    with ole.opened(content) as file:
        big, small = _reached(file, content)
        end = _end(big, file.fat)
    tail = content[end:].rstrip(b"\0")
    spare = [*big.unused(end), *small.unused(len(small.content))]
    if tail and sniff.kinds(tail) != (sniff.UNKNOWN,):
        yield Outside(Part(under(part.where, leftovers.BEHIND), tail, inline=True))
    else:
        spare.append(tail)
    said: list[str] = []
    for piece in spare:
        if piece := piece.strip(b"\0"):
            budget.charge("bytes", len(piece))
            said += [charset.decode(piece)] if _is_text(piece) else leftovers.sentences(piece)
    if text := "\n".join(dict.fromkeys(said)):
        budget.charge("characters", len(text))
        yield Text(under(part.where, "unused sectors"), text, Role.METADATA, part.names)


@dataclass(slots=True)
class _Sectors:
    """The sectors of a file or of its mini stream, and how many bytes of each some chain uses."""

    content: bytes = field(repr=False)
    size: int
    first: int
    table: Sequence[int] = field(repr=False)
    used: dict[int, int] = field(default_factory=dict)

    def walk(self, start: int, size: int) -> bytes:
        """Follow a chain for ``size`` bytes and return them; ends where another chain went before."""
        pieces: list[bytes] = []
        while size > 0 and start < len(self.table) and start not in self.used:
            self.used[start] = min(size, self.size)
            pieces.append(self.content[self._at(start) : self._at(start) + self.used[start]])
            size -= self.size
            start = self.table[start]
        return b"".join(pieces)

    def unused(self, end: int) -> Iterator[bytes]:
        """Yield the runs of bytes before ``end`` that no chain uses."""
        begun = self.first
        for number in range(len(self.table)):
            if number in self.used:
                if begun < self._at(number):
                    yield self.content[begun : self._at(number)]
                begun = self._at(number) + self.used[number]
        yield self.content[begun:end]

    def _at(self, number: int) -> int:
        return self.first + number * self.size


def _reached(file: OleFileIO, content: bytes) -> tuple[_Sectors, _Sectors]:
    """Follow every chain: directory, mini stream and its table, and the streams, those that no storage lists too."""
    big = _Sectors(content, file.sectorsize, file.sectorsize, file.fat)
    big.walk(file.first_dir_sector, _WHOLE)
    big.walk(file.first_mini_fat_sector, _WHOLE)
    file.loadminifat()
    mini = big.walk(file.root.isectStart, file.root.size)
    small = _Sectors(mini, file.minisectorsize, 0, file.minifat)
    for entry in file.direntries:
        if entry is not None and entry is not file.root and entry.size:
            (small if entry.is_minifat else big).walk(entry.isectStart, entry.size)
    return big, small


def _end(big: _Sectors, table: Sequence[int]) -> int:
    """Where the last sector ends that is not free."""
    last = next((number for number in range(len(table) - 1, -1, -1) if number in big.used or table[number] != _FREE), 0)
    return big.first + (last + 1) * big.size


def _is_text(piece: bytes) -> bool:
    return b"\0" not in piece and charset.is_text(piece)
