"""Bounded decompression: every stream is expanded in steps, each charged to the budget before the next."""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Protocol

from dlp_gateway.documents.budget import DocumentBudget, OverBudget
from dlp_gateway.documents.items import Unreadable

STEP = 1 << 20
_LZMA_MEMORY = 256 << 20  # xz -9 needs 65 MiB; the header of a hostile file may ask for 4 GiB


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def inflate(packed: bytes | memoryview, budget: DocumentBudget, *, wbits: int = -zlib.MAX_WBITS) -> tuple[bytes, int]:
    """Expand one deflate stream (raw by default, ``wbits`` as in zlib); return it and the bytes consumed.

    Raises Unreadable when the stream is broken or ends early, OverBudget past a limit.
    """
    machine = zlib.decompressobj(wbits)
    pieces: list[bytes] = []
    produced, rest = 0, packed
    try:
        while not machine.eof:
            piece = machine.decompress(rest, STEP)
            rest = machine.unconsumed_tail
            produced += len(piece)
            pieces.append(piece)
            budget.charge("bytes", len(piece))
            budget.check_ratio(produced, len(packed))
            if not piece and not rest and not machine.eof:
                raise Unreadable("compressed data ends early")
    except zlib.error as error:
        raise Unreadable("compressed data is damaged") from error
    return b"".join(pieces), len(packed) - len(machine.unused_data)


def gunzip(content: bytes, budget: DocumentBudget) -> tuple[bytes, bytes]:
    """Expand all members of a gzip file (RFC 1952); return the data and what follows the last member."""
    pieces: list[bytes] = []
    rest = content
    while rest[:2] == b"\x1f\x8b":
        data, used = inflate(rest, budget, wbits=16 + zlib.MAX_WBITS)
        pieces.append(data)
        budget.charge("entries", 1)
        rest = rest[used:]
    return b"".join(pieces), rest.lstrip(b"\0")


def bunzip2(content: bytes, budget: DocumentBudget) -> tuple[bytes, bytes]:
    """Expand a bzip2 file of one or more streams; return the data and what follows."""
    return _streams(content, budget, bz2.BZ2Decompressor, (b"BZh",))


def unxz(content: bytes, budget: DocumentBudget) -> tuple[bytes, bytes]:
    """Expand an .xz or .lzma file; return the data and what follows."""

    def machine() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=_LZMA_MEMORY)

    return _streams(content, budget, machine, (b"\xfd7zXZ\0", b"\x5d\0\0"))


def unzstd(content: bytes, budget: DocumentBudget) -> tuple[bytes, bytes]:
    """Expand a Zstandard file (RFC 8878) with windows of 128 MiB at most; return the data and what follows."""
    library: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")

    def machine() -> _Decompressor:
        options = {library.DecompressionParameter.window_log_max: 27}
        decompressor: _Decompressor = library.ZstdDecompressor(options=options)
        return decompressor

    return _streams(content, budget, machine, (b"\x28\xb5\x2f\xfd",))


def _streams(
    content: bytes, budget: DocumentBudget, new: Callable[[], _Decompressor], magic: tuple[bytes, ...]
) -> tuple[bytes, bytes]:
    pieces: list[bytes] = []
    rest = content
    while rest.startswith(magic):
        machine = new()
        pieces.extend(_run(machine, rest, budget))
        budget.charge("entries", 1)
        rest = machine.unused_data
    return b"".join(pieces), rest.lstrip(b"\0")


def _run(machine: _Decompressor, packed: bytes, budget: DocumentBudget) -> Iterator[bytes]:
    produced, feed = 0, packed
    try:
        while not machine.eof:
            piece = machine.decompress(feed, STEP)
            feed = b""
            produced += len(piece)
            budget.charge("bytes", len(piece))
            budget.check_ratio(produced, len(packed))
            yield piece
            if not piece and machine.needs_input and not machine.eof:
                break
    except (OverBudget, MemoryError):
        raise
    except Exception as error:  # OSError, LZMAError, ZstdError ...: each library has its own
        raise Unreadable("compressed data is damaged") from error
    if not machine.eof:
        raise Unreadable("compressed data ends early")


def expand_stream(method: int, packed: bytes, budget: DocumentBudget, *, size: int = 0) -> bytes:
    """Expand the data of a ZIP entry by its method number (APPNOTE 4.4.5).

    ``size`` is the announced size, needed by raw LZMA only. Raises Unreadable for methods that nothing here reads.
    """
    if method == 0:
        budget.charge("bytes", len(packed))
        return packed
    if method == 8:
        return inflate(packed, budget)[0]
    if method == 9:
        return _inflate64(packed, budget)
    if method == 12:
        return bunzip2(packed, budget)[0]
    if method == 14:
        return _zip_lzma(packed, size, budget)
    if method == 93:
        return unzstd(packed, budget)[0]
    if method == 95:
        return unxz(packed, budget)[0]
    raise Unreadable(f"compression method {method} is not read")


def _inflate64(packed: bytes, budget: DocumentBudget) -> bytes:
    import inflate64

    machine = inflate64.Inflater()
    pieces: list[bytes] = []
    produced = 0
    try:
        for start in range(0, len(packed), 4096):
            piece = machine.inflate(packed[start : start + 4096])
            produced += len(piece)
            pieces.append(piece)
            budget.charge("bytes", len(piece))
            budget.check_ratio(produced, len(packed))
    except ValueError as error:
        raise Unreadable("compressed data is damaged") from error
    return b"".join(pieces)


def _zip_lzma(packed: bytes, size: int, budget: DocumentBudget) -> bytes:
    """ZIP method 14: version (2), properties size (2), properties (5), raw LZMA data (APPNOTE 5.8)."""
    if len(packed) < 9 or packed[2:4] != b"\x05\0":
        raise Unreadable("compressed data is damaged")
    header = packed[4:9] + size.to_bytes(8, "little") if size else packed[4:9] + b"\xff" * 8
    machine = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LZMA_MEMORY)
    return b"".join(_run(machine, header + packed[9:], budget))
