"""RAR archives: names, protection and stored entries; no free library unpacks the compressed ones in memory."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

from dlp_gateway.documents import ciphertext, leftovers, protection
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Locked, Unreadable, under
from dlp_gateway.model import Part, Protection, Role, Text, Unscanned

_HEADERS = 64  # bytes at the start that are in the clear even when the headers are encrypted

_LAST5, _LAST3 = 5, 0x7B
_BLOCKS3, _FILES3 = range(0x72, 0x7C), (0x74, 0x7A)


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield names and protection of a RAR archive and the entries that it only stores.

    Compressed entries are reported as not read: no free library unpacks them in memory.
    """
    import rarfile

    try:
        archive = rarfile.RarFile(io.BytesIO(part.content))
        members = archive.infolist()
        headers = archive.needs_password() and not members
    except (rarfile.Error, ValueError, IndexError, OSError, struct.error, TypeError) as error:
        raise Unreadable("archive is damaged") from error
    version = "rar5" if part.content[6:7] == b"\x01" else "rar3"
    cipher = "aes256" if version == "rar5" else "aes128"
    if headers:
        lock = Locked(part.where, _grade(f"{version}-{cipher}-headers", ()), size=len(part.content))
        sealed = Part(under(part.where, "packed files"), part.content[_HEADERS:], inline=True)
        yield from ciphertext.checked(lock, sealed)
        return
    if not members:
        raise Unreadable("archive is damaged")
    budget.charge("entries", len(members))
    yield Text(under(part.where, "file names"), "\n".join(m.filename for m in members), Role.FILENAME, part.names)
    if archive.comment:
        yield Text(under(part.where, "archive comment"), archive.comment, Role.METADATA, part.names)
    files = [m for m in members if not m.is_dir()]
    locked = [m for m in files if m.needs_password()]
    if locked:
        whole = len(locked) == len(files)
        if not whole:
            yield protection.graded("rar-mixed", readable=("file names",))
        place = part.where if whole else under(part.where, "encrypted files")
        lock = Locked(place, _grade(f"{version}-{cipher}", ("file names",)), whole=whole, size=len(part.content))
        yield from ciphertext.checked(lock, *(_sealed(part, member) for member in locked))
    for number, member in enumerate(files, 1):
        if not member.needs_password():
            yield _file(part, archive, member, number, budget)
    yield from leftovers.behind(part, _end5(part.content) if version == "rar5" else _end3(part.content), budget)


def _end5(content: bytes) -> int:
    """Where the last block of the archive ends (RAR 5.0 technical note): checksum, size, type, flags, sizes of data."""
    position = 8
    while position + 7 <= len(content):
        size, start = _number(content, position + 4)
        kind, at = _number(content, start)
        flags, at = _number(content, at)
        _, at = _number(content, at) if flags & 1 else (0, at)
        data, _ = _number(content, at) if flags & 2 else (0, at)
        position = start + size + data
        if kind == _LAST5 or not size:
            break
    return position


def _number(content: bytes, position: int) -> tuple[int, int]:
    """A number of seven bits an octet and what follows it."""
    value = 0
    for shift in range(0, 70, 7):
        octet = content[position] if position < len(content) else 0
        value, position = value | (octet & 0x7F) << shift, position + 1
        if not octet & 0x80:
            break
    return value, position


def _end3(content: bytes) -> int:
    """The same for RAR 1.5 to 4; where no block tells that it is the last one, what is no block is behind them."""
    position = 7
    while position + 7 <= len(content):
        kind, flags, size = struct.unpack_from("<BHH", content, position + 2)
        if kind not in _BLOCKS3 or size < 7:
            break
        data = int.from_bytes(content[position + 7 : position + 11], "little") if flags & 0x8000 else 0
        if kind in _FILES3 and flags & 0x100:
            data += int.from_bytes(content[position + 32 : position + 36], "little") << 32
        position += size + data
        if kind == _LAST3:
            break
    return position


def _sealed(part: Part, member: Any) -> Part:
    """The packed bytes of an entry as they stand in the archive."""
    packed = part.content[member.data_offset : member.data_offset + member.compress_size]
    return Part(under(part.where, "packed file"), packed, (member.filename,))


def _grade(scheme: str, readable: tuple[str, ...]) -> Protection:
    return protection.graded(scheme, cipher="AES-CBC", key_bits=256 if "256" in scheme else 128, readable=readable)


def _file(part: Part, archive: object, member: object, number: int, budget: DocumentBudget) -> Item:
    import rarfile

    place = under(part.where, f"file {number}")
    stored = member.compress_type == rarfile.RAR_M0  # type: ignore[attr-defined]
    if not stored or member.file_size > budget.left("bytes"):  # type: ignore[attr-defined]
        return Unscanned(place, "compressed RAR content is not read")
    try:
        content = archive.read(member)  # type: ignore[attr-defined]
    except (rarfile.Error, ValueError, OSError) as error:
        raise Unreadable("archive entry is damaged") from error
    budget.charge("bytes", len(content))
    return Part(place, content, (member.filename,))  # type: ignore[attr-defined]
