"""RAR archives: names, protection and stored entries; no free library unpacks the compressed ones in memory."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import Any

from dlp_gateway.documents import ciphertext, protection
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Locked, Unreadable, under
from dlp_gateway.model import Part, Protection, Role, Text, Unscanned

_HEADERS = 64  # bytes at the start that are in the clear even when the headers are encrypted


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
