"""Compound files (MS-CFB): opening them, their properties, OLE packages, and files that are no Office document."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import olefile

from dlp_gateway.documents import charset
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Unreadable, under
from dlp_gateway.model import Part, Role, Text

Path = tuple[str, ...]
_MAX_STREAM = 64 << 20
_MAX_PROPERTY = 65_536
_MAX_STRINGS = 3_000  # whose character set is to be found out, which takes its time
_MAX_TRAILER = 4096  # behind a package its three names stand once more, in UTF-16
_PACKAGE = b"\2\0"
_LPSTR, _LPWSTR = 0x1E, 0x1F
_DAMAGE = (OSError, ValueError, IndexError, TypeError, AttributeError, struct.error, OverflowError)
SUMMARIES = ("\x05SummaryInformation", "\x05DocumentSummaryInformation")


@dataclass(frozen=True, slots=True)
class Tree:
    """The streams and the storages in every storage of a compound file, listed once."""

    streams: Mapping[Path, list[str]] = field(repr=False)
    storages: Mapping[Path, list[Path]] = field(repr=False)

    def below(self, storage: Path) -> Iterator[Path]:
        """Yield the paths of all streams in ``storage`` and deeper."""
        waiting = [storage]
        while waiting:
            place = waiting.pop()
            yield from ((*place, name) for name in self.streams.get(place, ()))
            waiting += self.storages.get(place, ())


_TREES: WeakKeyDictionary[olefile.OleFileIO, Tree] = WeakKeyDictionary()


def tree(ole: olefile.OleFileIO) -> Tree:
    """Return what is where in an open file; objects in it are many, and listing is slow."""
    if (known := _TREES.get(ole)) is not None:
        return known
    streams: dict[Path, list[str]] = {}
    storages: dict[Path, dict[Path, None]] = {}
    for path in ole.listdir():
        streams.setdefault(tuple(path[:-1]), []).append(path[-1])
        for size in range(len(path) - 1, 0, -1):
            beside = storages.setdefault(tuple(path[: size - 1]), {})
            if tuple(path[:size]) in beside:
                break
            beside[tuple(path[:size])] = None
    return _TREES.setdefault(ole, Tree(streams, {place: sorted(inside) for place, inside in storages.items()}))


@contextmanager
def opened(content: bytes) -> Iterator[olefile.OleFileIO]:
    """Open a compound file; whatever olefile raises on damaged ones becomes Unreadable."""
    try:
        with olefile.OleFileIO(io.BytesIO(content), raise_defects=olefile.DEFECT_INCORRECT) as ole:
            yield ole
    except _DAMAGE as error:
        raise Unreadable("compound file is damaged") from error


def root_names(content: bytes) -> frozenset[str]:
    """Return the names in the root storage of a compound file in lower case, none when it cannot be opened."""
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as ole:
            return frozenset(path[0].lower() for path in ole.listdir(streams=True, storages=True))
    except _DAMAGE:
        return frozenset()


def stream(ole: olefile.OleFileIO, path: list[str] | str, budget: DocumentBudget) -> bytes:
    """Return a stream's bytes, charged to the budget; raises Unreadable when its sectors are broken."""
    try:
        size = ole.get_size(path)
        if size > _MAX_STREAM:
            raise Unreadable("stream of the compound file is too large")
        budget.charge("bytes", size)
        return bytes(ole.openstream(path).read())
    except (OSError, IndexError, TypeError, struct.error) as error:
        raise Unreadable("compound file is damaged") from error


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield what a compound file without one document in its root holds: packages, documents, macros.

    A file with a stream that nothing here understands is reported as not read.
    """
    from dlp_gateway.documents import embedded

    with opened(part.content) as file:
        yield from properties(part, file, budget)
        yield from embedded.read_object(part, file, [], budget)


def native(part: Part, data: bytes) -> Part:
    """The native data of an OLE 1.0 object: its size, then the file; of a package (MS-OLEDS 2.3.6) the file inside.

    A package is flags, label, path, more paths, size, content. What is no package (a bitmap of Paint) is the
    file itself.
    """
    if data[4:6] != _PACKAGE:
        return Part(under(part.where, "embedded file"), data[4:], inline=True)
    position, names = 6, list[str]()
    for _ in range(2):
        stop = data.find(b"\0", position)
        if stop < 0:
            raise Unreadable("embedded package is damaged")
        names.append(charset.decode(data[position:stop]))
        position = stop + 1
    if len(data) < position + 8:
        raise Unreadable("embedded package is damaged")
    position += 4
    skip = struct.unpack_from("<I", data, position)[0]
    position += 4 + skip
    size = struct.unpack_from("<I", data, position)[0] if position + 4 <= len(data) else 0
    content = data[position + 4 :]
    if len(content) - size <= _MAX_TRAILER:
        content = content[:size]
    return Part(under(part.where, "embedded file"), content, tuple(names))


def properties(part: Part, ole: olefile.OleFileIO, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the words of the summary information streams (MS-OLEPS), user-defined ones too."""
    said: list[str] = []
    for name in SUMMARIES:
        if ole.exists(name):
            said += property_words(stream(ole, name, budget))
    if said:
        text = "\n".join(dict.fromkeys(said))
        yield Text(under(part.where, "properties"), text, Role.METADATA, part.names)


def property_words(data: bytes) -> list[str]:
    """Every string of a property set, found by type tag (VT_LPSTR 1E, VT_LPWSTR 1F): size, then characters.

    Raises Unreadable when there are more than any program writes.
    """
    found: list[str] = []
    position = tagged = 0
    while position < len(data) - 4:
        size = int.from_bytes(data[position : position + 4], "little")
        kind = int.from_bytes(data[position - 4 : position], "little") if position else 0
        body = position + 4
        tagged += kind == _LPSTR
        if tagged > _MAX_STRINGS:
            raise Unreadable("compound file has too many properties")
        said = _string(kind, data, body, size) if 1 < size <= min(_MAX_PROPERTY, len(data) - body) else ""
        if said.strip():
            found.append(said)
            position = body + (2 * size if kind == _LPWSTR else size) // 4 * 4
        else:
            position += 4
    return found


def _string(kind: int, data: bytes, body: int, size: int) -> str:
    """The string that may stand there; vectors of strings (headings, names of own properties) carry sizes only.

    A string ends at its first NUL. As a size has one, the strings looked at do not overlap, and all take linear time.
    """
    if kind == _LPWSTR and body + 2 * size <= len(data):
        return data[body : body + 2 * size].decode("utf-16-le", "replace").rstrip("\0")
    stop = data.find(b"\0", body, body + size)
    if kind != _LPSTR and stop < 0:
        return ""
    word = data[body : stop if stop >= 0 else body + size]
    said = charset.decode(word) if kind == _LPSTR else word.decode("latin-1")
    return said if len(said) > 2 and said.isprintable() else ""
