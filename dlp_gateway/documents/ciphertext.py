"""Whether bytes that a file calls encrypted can be ciphertext at all.

A header is only a claim: two lines in front of a table say "encrypted to
certificates", and the table is still there for every eye. Ciphertext is evenly
spread over all bytes, holds no text and is no file of another type. What fails
is read as what it is, and no encryption is credited.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from dlp_gateway.documents import zip_structure
from dlp_gateway.documents.items import Item, Locked
from dlp_gateway.model import Grade, Part, Unscanned

CLAIM = "claims to be encrypted and is not"
# Classes of bytes: 1 for printable ASCII, 2 for NUL, 0 for all other.
_CLASSES = bytes(2 if b == 0 else 1 if 32 <= b < 127 or b in b"\t\r\n" else 0 for b in range(256))
_RUN = 32  # printable characters in a row: chance makes that many once in 10 TB (0.38 to the power of 32)
_SHORT = 16  # bytes of which chance makes all printable once in five million
_SAMPLE = 1 << 20
_PACKED = 1 << 14
_LEAST_PACKED = 256
_FEW = 4096  # bytes that are counted faster one by one
# Chi-square of evenly spread bytes has a mean of 255 and a deviation of 22.6: twelve deviations are no chance.
_UNEVEN = 530
_FILES = (
    b"PK\x03\x04",
    b"%PDF-",
    b"\x89PNG\r\n",
    b"\xff\xd8\xff\xe0",
    b"\xff\xd8\xff\xe1",
    b"GIF8",
    b"\xd0\xcf\x11\xe0",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x1f\x8b\x08\x00",
    b"\x1f\x8b\x08\x08",
    b"BZh91AY&SY",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
    b"ID3\x03",
    b"OggS",
)


def is_possible(data: bytes) -> bool:
    """Whether ``data`` may be ciphertext, padded with NUL or not; of a few bytes nothing can be told, so they may."""
    sealed = data.rstrip(b"\0")
    if not sealed:
        return len(data) < _SHORT
    if data.startswith(_FILES) or data[4:8] == b"ftyp" or zip_structure.looks_like_zip(data):
        return False
    return _is_noise(sealed) and _is_noise(_inflated(sealed))


def _is_noise(data: bytes) -> bool:
    """Whether no text is in the bytes and they are spread evenly."""
    run = min(_RUN, len(data))
    if run < _SHORT:
        return True
    classes = data.translate(_CLASSES)
    if b"\1" * run in classes or b"\1\2" * _SHORT in classes or b"\2" * _RUN in classes:
        return False
    return _spread(data[:_SAMPLE]) < _UNEVEN


def _inflated(data: bytes) -> bytes:
    """What the data gives as a raw deflate stream to its end; chance makes no sound stream of some length."""
    if len(data) < _LEAST_PACKED:
        return b""
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = machine.decompress(data[:_PACKED], _PACKED)
    except zlib.error:
        return b""
    return b"" if machine.unused_data else found


def _spread(data: bytes) -> float:
    """Chi-square of the bytes against an even spread; equal blocks count once, since ECB mode repeats them."""
    blocks = b"".join(dict.fromkeys(data[at : at + 16] for at in range(0, len(data), 16)))
    if len(blocks) < _FEW:
        counts: Iterable[int] = Counter(blocks).values()
    else:
        counts = (blocks.count(bytes([byte])) for byte in range(256))
    squares = sum(count * count for count in counts)
    return squares * 256 / len(blocks) - len(blocks)


def checked(lock: Locked, *sealed: Part) -> Iterator[Item]:
    """Yield ``lock`` when all it covers may be ciphertext, else the files as they are, and that the claim is false.

    A scheme that is weak anyway is not looked into.
    """
    false = clear(sealed) if lock.protection.state in (Grade.ADEQUATE, Grade.STRONG) else ()
    if not false:
        yield lock
        return
    yield Unscanned(lock.where, CLAIM)
    yield from false


def clear(sealed: Sequence[Part]) -> tuple[Part, ...]:
    """Return those of the files that cannot be ciphertext."""
    return tuple(part for part in sealed if not is_possible(part.content))
