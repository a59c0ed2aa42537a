"""ZIP files as all readers together see them: the central directory and the local headers.

Programs disagree on which of the two counts, so the union is read, and an
entry counts as encrypted only when both say so (flags in one of them alone are
ignored by unpackers). Overlapping entries are refused: they are how a small
file unpacks to terabytes, and no program writes them. Numbers are those of
PKWARE's APPNOTE.TXT 6.3.10.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from dataclasses import dataclass, field, replace

from dlp_gateway.documents import leftovers
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Unreadable
from dlp_gateway.documents.unpack import expand_stream, inflate

_LOCAL = b"PK\x03\x04"
_CENTRAL = b"PK\x01\x02"
_END = b"PK\x05\x06"
_NOTHING = 2  # bytes that nothing is packed to
_SLACK = 64  # bytes between entries that need no explanation: data descriptors, alignment
_KNOWN_EXTRA = {0x0001, 0x5455, 0x5855, 0x7875, 0x000A, 0x9901, 0x0017, 0x7855, 0x756E, 0xA220, 0xCAFE, 0x4B46}
_UNICODE_PATH, _UNICODE_COMMENT, _AES = 0x7075, 0x6375, 0x9901


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an archive; ``start`` is where its packed bytes begin, ``packed`` how many there are."""

    names: tuple[str, ...] = field(repr=False)
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    start: int
    header: int
    aes_bits: int = 0
    aes_version: int = 0
    notes: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """The first reading of the name."""
        return self.names[0]

    @property
    def encrypted(self) -> bool:
        """Whether central and local header both say that it is."""
        return bool(self.flags & 1)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder's entry: by every name that it has, and without content."""
        return all(name.endswith("/") for name in self.names) and self.size == 0 and self.packed <= _NOTHING


@dataclass(frozen=True, slots=True)
class ZipStructure:
    """The entries in file order, the archive's comment, and byte ranges that belong to no entry."""

    content: bytes = field(repr=False)
    entries: tuple[Entry, ...]
    comment: bytes = field(repr=False)
    gaps: tuple[tuple[int, int], ...]

    def read(self, entry: Entry, budget: DocumentBudget) -> bytes:
        """Return the unpacked bytes of an entry that is not encrypted.

        Raises Unreadable when it is damaged (its CRC included), OverBudget past a limit.
        """
        packed = self.content[entry.start : entry.start + entry.packed]
        if len(packed) < entry.packed:
            raise Unreadable("archive entry ends early")
        data = expand_stream(entry.method, packed, budget, size=entry.size)
        if zlib.crc32(data) != entry.crc:
            raise Unreadable("archive entry is damaged")
        return data

    def find(self, name: str) -> Entry | None:
        """Return the entry of that name (slashes either way, any case), or None."""
        wanted = name.lower()
        return next((e for e in self.entries if e.name.replace("\\", "/").lstrip("/").lower() == wanted), None)


def looks_like_zip(content: bytes) -> bool:
    """Whether some unpacker would take this for a ZIP: a local header in front, or an end record with a directory."""
    if content.startswith((_LOCAL, b"PK00" + _LOCAL, b"PK\x07\x08" + _LOCAL)):
        return True
    end = _find_end(content)
    return end is not None and (_directory_start(content, end) is not None)


def directory(content: bytes) -> list[tuple[bytes, int]]:
    """Return the raw names and flags of the central directory, as many as are sound, 4,000 at most."""
    end = _find_end(content)
    position = _directory_start(content, end) if end is not None else None
    listing: list[tuple[bytes, int]] = []
    while position is not None and content[position : position + 4] == _CENTRAL and len(listing) < 4000:
        if position + 46 > len(content):
            break
        flags, name_size, extra_size, note_size = struct.unpack_from("<8xH18xHHH", content, position)
        listing.append((content[position + 46 : position + 46 + name_size], flags))
        position += 46 + name_size + extra_size + note_size
    return listing


def parse(content: bytes, budget: DocumentBudget) -> ZipStructure:
    """Return the structure of a ZIP file, its central directory first, then orphaned local headers.

    Raises Unreadable when there is no directory, entries overlap, or volumes are missing.
    """
    end = _find_end(content)
    if end is None:
        raise Unreadable("archive ends early")
    comment = content[end + 22 : end + 22 + struct.unpack_from("<H", content, end + 20)[0]]
    entries, directory = _central(content, end, budget)
    entries += _orphans(content, _spans(entries), directory[0], budget)
    tail = (directory[0], end + 22 + len(comment))
    return ZipStructure(content, tuple(entries), comment, tuple(_gaps([*_spans(entries), tail], content)))


def _find_end(content: bytes) -> int | None:
    """The last end-of-central-directory record whose comment fits into the file."""
    position = content.rfind(_END, max(0, len(content) - 66_000))
    while position >= 0:
        if position + 22 <= len(content):
            size = struct.unpack_from("<H", content, position + 20)[0]
            if position + 22 + size <= len(content):
                return position
        position = content.rfind(_END, max(0, len(content) - 66_000), position)
    return None


def _directory_start(content: bytes, end: int) -> int | None:
    """Where the central directory begins, allowing for bytes put before the archive."""
    disk, count, size, offset = struct.unpack_from("<4xH4xHII", content, end)
    stop = end
    locator = content.rfind(b"PK\x06\x07", max(0, end - 20), end)
    if (locator >= 0 and 0xFFFF in (count, disk)) or (locator >= 0 and 0xFFFFFFFF in (size, offset)):
        record = content.rfind(b"PK\x06\x06", 0, locator)
        if record < 0 or record + 56 > len(content):
            return None
        size, offset = struct.unpack_from("<QQ", content, record + 40)
        stop = record
    for start in (stop - size, offset):
        if 0 <= start <= stop and (content[start : start + 4] == _CENTRAL or (count == 0 and size == 0)):
            return int(start)
    return None


def _central(content: bytes, end: int, budget: DocumentBudget) -> tuple[list[Entry], tuple[int, int]]:
    disk, first_disk = struct.unpack_from("<4xHH", content, end)
    if disk != 0xFFFF and (disk or first_disk):
        raise Unreadable("archive is one volume of several")
    position = _directory_start(content, end)
    if position is None:
        raise Unreadable("archive directory is damaged")
    start, offset = position, struct.unpack_from("<I", content, end + 16)[0]
    prefix = max(0, start - offset) if offset != 0xFFFFFFFF else 0
    entries: list[Entry] = []
    while content[position : position + 4] == _CENTRAL and position + 46 <= len(content):
        budget.charge("entries", 1)
        flags, method, crc, packed, size, name_size, extra_size, note_size, local = struct.unpack_from(
            "<8xHH4xIIIHHH8xI", content, position
        )
        body = position + 46
        name = content[body : body + name_size]
        extra = content[body + name_size : body + name_size + extra_size]
        note = content[body + name_size + extra_size : body + name_size + extra_size + note_size]
        packed, size, local = _zip64(extra, packed, size, local)
        claim = Entry(_names(name, flags, extra), method, flags, crc, packed, size, 0, local)
        entries.append(_joined(content, claim, extra, note, prefix))
        position = body + name_size + extra_size + note_size
    return entries, (start, position)


def _zip64(extra: bytes, packed: int, size: int, local: int) -> tuple[int, int, int]:
    values = _extras(extra).get(0x0001, b"")
    fields = []
    for value in (size, packed, local):
        if value == 0xFFFFFFFF and len(values) >= 8:
            fields.append(struct.unpack_from("<Q", values)[0])
            values = values[8:]
        else:
            fields.append(value)
    return fields[1], fields[0], fields[2]


def _joined(content: bytes, claim: Entry, extra: bytes, note: bytes, prefix: int) -> Entry:
    """The entry as central directory and local header say together."""
    header = next((at for at in (claim.header + prefix, claim.header) if content[at : at + 4] == _LOCAL), None)
    if header is None or header + 30 > len(content):
        raise Unreadable("archive directory names an entry that is not there")
    flags, method, crc, packed, size, name_size, extra_size = struct.unpack_from("<6xHH4xIIIHH", content, header)
    name = content[header + 30 : header + 30 + name_size]
    local_extra = content[header + 30 + name_size : header + 30 + name_size + extra_size]
    extras = {**_extras(extra), **_extras(local_extra)}
    packed, size, _ = _zip64(local_extra, packed, size, 0)
    if packed and not claim.packed:
        claim = replace(claim, packed=packed, size=size, crc=crc)  # unpackers that read from the start see content
    elif packed and packed != claim.packed:
        raise Unreadable("archive headers disagree on a size")
    both = claim.flags & flags & 1
    real_method, bits, version = method if claim.method == 99 and method != 99 else claim.method, 0, 0
    if real_method == 99 and len(aes := extras.get(_AES, b"")) >= 7:
        version, strength, real_method = struct.unpack("<H2xBH", aes[:7])
        bits = {1: 128, 2: 192, 3: 256}.get(strength, 0)
    return replace(
        claim,
        names=tuple(dict.fromkeys((*claim.names, *_names(name, flags, local_extra)))),
        flags=(claim.flags & ~1) | both,
        method=real_method,
        start=header + 30 + name_size + extra_size,
        header=header,
        aes_bits=bits,
        aes_version=version,
        notes=tuple(n for n in (note, *_odd_extras(extras)) if n),
    )


def _orphans(content: bytes, covered: list[tuple[int, int]], stop: int, budget: DocumentBudget) -> list[Entry]:
    """Entries that only a local header shows, as programs see that read a ZIP from its start."""
    found: list[Entry] = []
    spans = sorted(covered)
    index, position = 0, content.find(_LOCAL)
    while 0 <= position < stop:
        while index < len(spans) and spans[index][1] <= position:
            index += 1
        if index < len(spans) and spans[index][0] <= position:
            position = content.find(_LOCAL, spans[index][1])
            continue
        entry = _local(content, position, budget)
        if entry is None:
            position = content.find(_LOCAL, position + 4)
            continue
        budget.charge("entries", 1)
        found.append(entry)
        position = content.find(_LOCAL, max(position + 4, entry.start + entry.packed))
    return found


def _local(content: bytes, position: int, budget: DocumentBudget) -> Entry | None:
    if position + 30 > len(content):
        return None
    flags, method, crc, packed, size, name_size, extra_size = struct.unpack_from("<6xHH4xIIIHH", content, position)
    start = position + 30 + name_size + extra_size
    name = content[position + 30 : position + 30 + name_size]
    extra = content[position + 30 + name_size : start]
    if start > len(content) or not name or method not in (0, 8, 9, 12, 14, 93, 95, 98, 99):
        return None
    packed, size, _ = _zip64(extra, packed, size, 0)
    if flags & 8 and packed == 0 and method == 8 and not flags & 1:
        data, packed = inflate(memoryview(content)[start:], budget)
        size, crc = len(data), zlib.crc32(data)
    if start + packed > len(content):
        raise Unreadable("archive entry ends early")
    notes = tuple(_odd_extras(_extras(extra)))
    return Entry(_names(name, flags, extra), method, flags, crc, packed, size, start, position, notes=notes)


def _spans(entries: list[Entry]) -> list[tuple[int, int]]:
    """Byte ranges of the entries, sorted; raises Unreadable when two overlap."""
    spans = sorted((e.header, e.start + e.packed) for e in entries)
    for (_, stop), (start, _) in itertools.pairwise(spans):
        if start < stop:
            raise Unreadable("archive entries overlap")
    return spans


def _gaps(spans: list[tuple[int, int]], content: bytes) -> list[tuple[int, int]]:
    """What lies between the spans, but for what is as short as a data descriptor and says nothing."""
    gaps, position = [], 0
    for start, stop in [*sorted(spans), (len(content), len(content))]:
        size = start - position
        if size > _SLACK or (size > 0 and leftovers.sentences(content[position:start])):
            gaps.append((position, start))
        position = max(position, stop)
    return gaps


def _extras(extra: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, position)
        found.setdefault(kind, extra[position + 4 : position + 4 + size])
        position += 4 + size
    return found


def _odd_extras(extras: dict[int, bytes]) -> list[bytes]:
    known = {*_KNOWN_EXTRA, _UNICODE_PATH}
    return [data.strip(b"\0") for kind, data in extras.items() if kind not in known and len(data) > 8]


def _names(raw: bytes, flags: int, extra: bytes) -> tuple[str, ...]:
    """Every reading of a name: the Unicode extra field, UTF-8, else the two code pages that unpackers assume."""
    readings: list[str] = []
    if len(path := _extras(extra).get(_UNICODE_PATH, b"")) > 5:
        readings.append(path[5:].decode("utf-8", "replace"))
    try:
        readings.append(raw.decode("utf-8"))
    except UnicodeDecodeError:
        readings += [raw.decode("utf-8" if flags & 0x800 else "cp437", "replace"), raw.decode("cp1252", "replace")]
    return tuple(dict.fromkeys(readings))
