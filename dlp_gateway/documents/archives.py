"""Archives of plain structure: gzip, bzip2, xz, Zstandard, tar and ISO 9660.

Nothing is ever written to disk, and names from an archive are text, not paths.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator

from dlp_gateway.documents import charset, leftovers, sniff, unpack
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Outside, Unreadable, under
from dlp_gateway.model import Part, Role, Text, Unscanned

_BLOCK = 512
_TAR_WORDS = ((157, 257), (265, 297), (297, 329))  # target of a link, owner, group
_DUMPED = re.compile(
    rb"(?:[YNDRTX][^\0]*\0)*\0*"
)  # names of a folder as GNU tar keeps them, each with what became of it
_UDF = (b"NSR02", b"NSR03")  # descriptors of the file system of ECMA-167 beside that of ECMA-119
_BLANK = bytes(2048)  # an empty sector


def read_gzip(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the file in a gzip stream, and the name and comment of its header (RFC 1952)."""
    if said := _gzip_words(part.content):
        yield Text(under(part.where, "file names"), said, Role.FILENAME, part.names)
    yield from _stream(part, unpack.gunzip, budget)


def read_bzip2(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the file in a bzip2 stream."""
    yield from _stream(part, unpack.bunzip2, budget)


def read_xz(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the file in an xz or LZMA stream."""
    yield from _stream(part, unpack.unxz, budget)


def read_zstd(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the file in a Zstandard stream."""
    yield from _stream(part, unpack.unzstd, budget)


def _stream(
    part: Part, expand: Callable[[bytes, DocumentBudget], tuple[bytes, bytes]], budget: DocumentBudget
) -> Iterator[Item]:
    content, rest = expand(part.content, budget)
    names = tuple(name.rpartition(".")[0] for name in part.names if "." in name)
    yield Part(under(part.where, "content"), content, names)
    if len(rest) > 16:
        yield Part(under(part.where, "data behind the content"), rest, inline=True)


def _gzip_words(content: bytes) -> str:
    flags, position = content[3] if len(content) > 10 else 0, 10
    if flags & 4:
        position += 2 + int.from_bytes(content[position : position + 2], "little")
    words = []
    for flag in (8, 16):
        if flags & flag:
            stop = content.find(b"\0", position)
            words.append(charset.decode(content[position:stop]) if 0 <= stop - position < 4096 else "")
            position = stop + 1
    return "\n".join(w for w in words if w)


def read_tar(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield every file of a tar archive: ustar, GNU long names, PAX headers (POSIX.1-2017, pax)."""
    content, position, names = part.content, 0, list[str]()
    pending, number, padding = "", 0, list[bytes]()
    while position + _BLOCK <= len(content):
        header = content[position : position + _BLOCK]
        if not header.strip(b"\0"):
            position += _BLOCK
            continue
        size = _tar_number(header[124:136])
        if size < 0 or not _tar_checks(header):
            raise Unreadable("archive entry is damaged")
        body = content[position + _BLOCK : position + _BLOCK + size]
        start, position = position + _BLOCK + size, position + _BLOCK + (size + _BLOCK - 1) // _BLOCK * _BLOCK
        padding.append(content[start:position].strip(b"\0"))
        budget.charge("entries", 1)
        kind = header[156:157]
        if kind in (b"L", b"x", b"g", b"K"):
            said = charset.decode(body.rstrip(b"\0"))
            names.append(said)
            pending = _tar_path(kind, said) or pending
            continue
        name = pending or charset.decode(b"/".join(p for p in (_field(header[345:500]), _field(header[:100])) if p))
        names.extend([name, *(charset.decode(_field(header[at:to])) for at, to in _TAR_WORDS)])
        pending = ""
        if kind == b"D" and _DUMPED.fullmatch(body):
            names.append(charset.decode(body.replace(b"\0", b"\n")))
        elif body:  # whatever the type: unpackers give what they do not know as a file (pax, POSIX.1-2017)
            number += 1
            if len(body) < size:
                raise Unreadable("archive entry ends early")
            budget.charge("bytes", len(body))
            yield Part(under(part.where, f"file {number}"), body, (name,))
    if said := "\n".join(dict.fromkeys(n for n in names if n)):
        yield Text(under(part.where, "file names"), said, Role.FILENAME, part.names)
    yield from leftovers.behind(part, position, budget)
    if spare := "\n".join(said for filling in dict.fromkeys(padding) if (said := leftovers.words(filling))):
        budget.charge("characters", len(spare))
        yield Text(under(part.where, "padding"), spare, Role.METADATA, part.names)


def _tar_number(raw: bytes) -> int:
    if raw[:1] in (b"\x80", b"\xff"):
        return int.from_bytes(raw[1:], "big") if raw[:1] == b"\x80" else -1
    try:
        return int(raw.strip(b" \0") or b"0", 8)
    except ValueError:
        return -1


def _tar_checks(header: bytes) -> bool:
    return _tar_number(header[148:156]) == sum(header[:148]) + 256 + sum(header[156:])


def _tar_path(kind: bytes, said: str) -> str:
    if kind == b"L":
        return said
    return next((line.partition("path=")[2] for line in said.split("\n") if " path=" in line), "")


def _field(raw: bytes) -> bytes:
    return raw.split(b"\0", 1)[0]


def read_iso(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the files of an ISO 9660 image; Joliet names when it has them (ECMA-119, Joliet 1995)."""
    content = part.content
    roots: dict[int, int] = {}
    for sector in range(16, 48):
        descriptor = content[sector * 2048 : sector * 2048 + 2048]
        if descriptor[1:6] != b"CD001" or descriptor[0] == 255:
            break
        if descriptor[0] in (1, 2):
            roots[descriptor[0]] = struct.unpack_from("<I", descriptor, 158)[0]
    if not roots:
        raise Unreadable("disk image has no directory")
    if any(content[at * 2048 + 1 : at * 2048 + 6] in _UDF for at in range(16, 64)):
        yield Unscanned(part.where, "UDF file system is not read")
    names: list[str] = []
    seen: set[tuple[int, int]] = set()
    number = 0
    for kind in sorted(roots, reverse=True):
        encoding = "utf-16-be" if kind == 2 else "latin-1"
        for name, start, size in _iso_files(content, roots[kind], encoding, budget):
            names.append(name)
            if (start, size) in seen or not size:
                continue
            seen.add((start, size))
            number += 1
            body = content[start * 2048 : start * 2048 + size]
            if len(body) < size:
                raise Unreadable("disk image ends early")
            budget.charge("bytes", size)
            yield Part(under(part.where, f"file {number}"), body, (name,))
    yield Text(under(part.where, "file names"), "\n".join(dict.fromkeys(names)), Role.FILENAME, part.names)
    yield from _iso_rest(part, seen, budget)


def _iso_rest(part: Part, files: set[tuple[int, int]], budget: DocumentBudget) -> Iterator[Item]:
    """What stands in sectors of no file: files that no directory names, and what is said in the rest."""
    position, said = 0, list[str]()
    for start, size in (*sorted(files), (len(part.content) // 2048 + 1, 0)):
        for piece in part.content[position * 2048 : start * 2048].split(_BLANK):
            budget.charge("entries", 0)
            if not (body := piece.strip(b"\0")):
                continue
            if sniff.kinds(body) != (sniff.UNKNOWN,):
                yield Outside(Part(under(part.where, "data outside the files"), body, inline=True))
            else:
                said += leftovers.sentences(body)
        position = max(position, start + (size + 2047) // 2048)
    if text := "\n".join(dict.fromkeys(said)):
        budget.charge("characters", len(text))
        yield Text(under(part.where, "data outside the files"), text, Role.METADATA, part.names)


def _iso_files(content: bytes, root: int, encoding: str, budget: DocumentBudget) -> Iterator[tuple[str, int, int]]:
    waiting, seen = [(root, 0)], set[int]()
    while waiting:
        extent, size = waiting.pop()
        if extent in seen:
            continue
        seen.add(extent)
        position = extent * 2048
        if not size:
            size = struct.unpack_from("<I", content, position + 10)[0] if position + 14 <= len(content) else 0
        stop = min(position + size, len(content))
        while position < stop:
            length = content[position]
            if length < 34:
                position = (position // 2048 + 1) * 2048
                continue
            budget.charge("entries", 1)
            start, extent_size = struct.unpack_from("<2xI4xI", content, position)
            raw = content[position + 33 : position + 33 + content[position + 32]]
            if raw not in (b"\0", b"\1"):
                name = raw.decode(encoding, "replace").partition(";")[0]
                if content[position + 25] & 2:
                    waiting.append((start, extent_size))
                else:
                    yield name, start, extent_size
            position += length
