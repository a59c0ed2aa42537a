"""7z archives: files out of the clear folders, protection of the locked ones.

py7zr unpacks into memory only, and every byte that it writes is charged
before it is kept: a limit of its own would cut files off without a word.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from typing import Any

from dlp_gateway.documents import ciphertext, leftovers, protection
from dlp_gateway.documents.budget import DocumentBudget, OverBudget
from dlp_gateway.documents.items import Item, Locked, Unreadable, under
from dlp_gateway.model import Part, Role, Text

_AES = b"\x06\xf1\x07\x01"  # coder id of AES-256 with SHA-256 (7-Zip, DOC/Methods.txt)
_USUAL_POWER = 19
_HEAD = 32  # bytes of the signature header; packed streams follow


class _Sink:
    """One file being unpacked (the interface that py7zr writes to)."""

    def __init__(self, budget: DocumentBudget) -> None:
        self._budget = budget
        self._buffer = io.BytesIO()

    def write(self, data: bytes | bytearray) -> int:
        self._budget.charge("bytes", len(data))
        return self._buffer.write(data)

    def read(self, size: int | None = None) -> bytes:
        return self._buffer.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._buffer.seek(offset, whence)

    def flush(self) -> None:
        """Nothing is buffered elsewhere."""

    def close(self) -> None:
        """The content is still wanted."""

    def size(self) -> int:
        return len(self._buffer.getbuffer())

    def content(self) -> bytes:
        return self._buffer.getvalue()


class _Sinks:
    """Gives a sink for every file, also for several of one name."""

    def __init__(self, budget: DocumentBudget) -> None:
        self._budget = budget
        self.files: list[tuple[str, _Sink]] = []

    def create(self, filename: str) -> _Sink:
        self._budget.charge("entries", 1)
        self.files.append((filename, _Sink(self._budget)))
        return self.files[-1][1]


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield names and clear files of a 7z archive, and what is locked in it; raises Unreadable when it is damaged."""
    import py7zr

    try:
        with py7zr.SevenZipFile(io.BytesIO(part.content)) as archive:
            names = [f.filename for f in archive.files]
            files = {number: f.uncompressed or 0 for number, f in enumerate(archive.files) if not _is_folder(f)}
            locked = {number for number, f in enumerate(archive.files) if number in files and _is_locked(f)}
            sealed = _sealed(part, archive)
            packed_at = _packed_at(archive)
    except py7zr.exceptions.PasswordRequired:
        packed = Part(under(part.where, "packed files"), part.content[_HEAD : _header(part.content)[0]], inline=True)
        yield from ciphertext.checked(_lock(part, budget, whole=True, headers=True), packed)
        yield from _beside(part, (), budget)
        return
    except Exception as error:
        raise Unreadable("archive is damaged") from error
    yield from _beside(part, packed_at, budget)
    yield Text(under(part.where, "file names"), "\n".join(names), Role.FILENAME, part.names)
    clear = files.keys() - locked
    if locked:
        if clear:
            yield protection.graded("7z-mixed", readable=("file names", f"{len(clear)} of {len(files)} files"))
        yield from ciphertext.checked(_lock(part, budget, whole=not clear, headers=False), *sealed)
    elif sum(files.values()) > budget.left("bytes"):
        raise OverBudget("unpacks to too many bytes")
    if not clear and locked:
        return
    found = _unpack(part, budget, None, clear)
    if found is None:
        raise Unreadable("archive is damaged")
    yield from found


def _header(content: bytes) -> tuple[int, int]:
    """Where the header begins and ends that stands behind the packed files (7-Zip, DOC/7zFormat.txt)."""
    offset, size = (int.from_bytes(content[at : at + 8], "little") for at in (12, 20))
    return _HEAD + offset, _HEAD + offset + size


def _packed_at(archive: Any) -> tuple[int, int]:
    """Where the packed files begin and end."""
    streams = archive.header.main_streams
    if streams is None or not streams.packinfo.packpositions:
        return _HEAD, _HEAD
    start = _HEAD + streams.packinfo.packpos
    return start, start + streams.packinfo.packpositions[-1]


def _beside(part: Part, packed: tuple[int, int] | tuple[()], budget: DocumentBudget) -> Iterator[Item]:
    """What stands behind the archive, and text in front of the packed files or between them and a header in use."""
    start, end = _header(part.content)
    yield from leftovers.behind(part, end, budget)
    gaps = ((_HEAD, packed[0]), (packed[1], start)) if packed else ((start, end),)
    if said := [line for first, last in gaps for line in leftovers.sentences(part.content[first:last])]:
        yield Text(under(part.where, "data outside the files"), "\n".join(said), Role.METADATA, part.names)


def _is_folder(file: Any) -> bool:
    """Whether an entry is a folder: what has content is a file, whatever its attributes say (as unpackers do)."""
    return bool(file.is_directory and file.emptystream)


def _sealed(part: Part, archive: Any) -> tuple[Part, ...]:
    """The packed bytes of every folder (7-Zip's word for what is packed together) that is encrypted."""
    streams = archive.header.main_streams
    if streams is None:
        return ()
    folders, places = streams.unpackinfo.folders, streams.packinfo.packpositions
    start = _HEAD + streams.packinfo.packpos
    found = []
    for number, folder in enumerate(folders):
        if any(coder["method"] == _AES for coder in folder.coders):
            last = places[-1] if len(folders) == 1 else places[number + 1]
            packed = part.content[start + places[number] : start + last]
            found.append(Part(under(part.where, f"packed files {number + 1}"), packed, inline=True))
    return tuple(found)


def _is_locked(file: Any) -> bool:
    folder = file.folder
    return folder is not None and any(coder["method"] == _AES for coder in folder.coders)


def _lock(part: Part, budget: DocumentBudget, *, whole: bool, headers: bool) -> Locked:
    readable = () if headers else ("file names",)
    scheme = "7z-aes256-headers" if headers else "7z-aes256"
    grade = protection.graded(scheme, cipher="AES-CBC", key_bits=256, readable=readable)

    def attempt(password: str) -> tuple[Part, ...] | None:
        return _unpack(part, budget, password, None)

    where = part.where if whole else under(part.where, "encrypted files")
    return Locked(where, grade, attempt, whole=whole, rounds=_rounds(part.content), size=len(part.content))


def _rounds(content: bytes) -> int:
    """Twice the rounds of the AES coder with the most (two keys may be derived), by its properties."""
    powers = []
    at = content.find(_AES)
    while at >= 0:
        powers.append(content[at + 5] & 0x3F if at + 5 < len(content) else _USUAL_POWER)
        at = content.find(_AES, at + 1)
    return 2 << min(max(powers, default=_USUAL_POWER), 40)


def _unpack(
    part: Part, budget: DocumentBudget, password: str | None, wanted: Collection[int] | None
) -> tuple[Part, ...] | None:
    """Return the files, or None when the password is wrong or the archive damaged; ``wanted`` are their numbers.

    Names may stand twice and attributes may lie, so the library is given numbers for names and no attributes.
    """
    import py7zr

    sinks = _Sinks(budget)
    try:
        with py7zr.SevenZipFile(io.BytesIO(part.content), password=password) as archive:
            names = [f.filename for f in archive.files]
            sizes = [0 if f.emptystream else f.uncompressed or 0 for f in archive.files]
            for number, entry in enumerate(archive.files.files_list):
                entry["filename"] = str(number)
                if not entry.get("emptystream"):
                    entry["attributes"] = 0
            archive.extract(targets=None if wanted is None else [str(number) for number in wanted], factory=sinks)
    except (OverBudget, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - a wrong password shows as any error of the decoder behind it
        return None
    found = {int(name.rpartition("/")[2]): sink.content() for name, sink in sinks.files}
    for number in range(len(names)) if wanted is None else wanted:
        if len(found.get(number, b"")) != sizes[number]:
            return None
    return tuple(
        Part(under(part.where, f"file {position}"), content, (names[number],))
        for position, (number, content) in enumerate(sorted(found.items()), 1)
    )
