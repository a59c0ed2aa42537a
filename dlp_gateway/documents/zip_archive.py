"""ZIP archives: what is clear comes out, what is encrypted is graded (WinZip AES, ZipCrypto, PKWARE)."""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Iterator
from functools import partial

from dlp_gateway.documents import charset, ciphertext, protection
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Locked, Outside, Unreadable, under
from dlp_gateway.documents.unpack import expand_stream
from dlp_gateway.documents.zip_structure import Entry, ZipStructure, parse
from dlp_gateway.model import Grade, Part, Protection, Role, Text, Unscanned

_FLAG = 8  # octets; what is shorter is no content
_PROBES, _MANY_PROBES = 8, 100  # entries on which a password is tried, and the likeliest ones
_AES_ROUNDS = 1000  # fixed by the WinZip AE-1 and AE-2 specification


def read(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield names, comments and clear entries of a ZIP archive, and what is locked in it.

    Raises Unreadable when the archive is damaged, incomplete, or its entries overlap.
    """
    archive = parse(part.content, budget)
    files = [e for e in archive.entries if not e.is_folder]
    claimed = [e for e in files if e.encrypted]
    locked = [e for e in claimed if _is_sealed(archive, e)]
    sealed = {e.header for e in locked}
    yield from _words(part, archive)
    if locked:
        yield from _locked(part, archive, locked, len(files), budget)
    for number, entry in enumerate(archive.entries, 1):
        place = under(part.where, f"file {number}")
        if entry.is_folder or entry.header in sealed:
            continue
        if entry.encrypted:
            yield from _false(archive, entry, place, budget)
            continue
        try:
            content = archive.read(entry, budget)
        except Unreadable as error:
            yield Unscanned(place, str(error))
            continue
        yield Part(place, content, entry.names)
    for start, stop in archive.gaps:
        yield Outside(Part(under(part.where, "data outside the archive"), part.content[start:stop], inline=True))


def _is_sealed(archive: ZipStructure, entry: Entry) -> bool:
    """Whether an entry that claims to be encrypted may be; of weak ciphers nobody asks."""
    if _grade(entry).state is Grade.WEAK:
        return True
    packed = _sealed(archive, entry)
    return ciphertext.is_possible(packed) and not _inflates(packed, entry.size)


def _sealed(archive: ZipStructure, entry: Entry) -> bytes:
    """What is encrypted of an entry: without salt, check and authentication code."""
    packed = archive.content[entry.start : entry.start + entry.packed]
    return packed[entry.aes_bits // 16 + 2 : -10] if entry.aes_bits else packed


def _inflates(packed: bytes, size: int) -> bool:
    """Whether the bytes are just packed: ciphertext does not happen to unpack to the announced size."""
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        return len(machine.decompress(packed, size + 1)) == size > _FLAG and machine.eof and not machine.unused_data
    except zlib.error:
        return False


def _false(archive: ZipStructure, entry: Entry, place: str, budget: DocumentBudget) -> Iterator[Item]:
    """An entry that is not encrypted although it says so: its bytes, unpacked where that works."""
    yield Unscanned(place, ciphertext.CLAIM)
    packed = _sealed(archive, entry)
    yield Part(place, packed, entry.names)
    if entry.method == 0:
        return
    try:
        yield Part(place, expand_stream(entry.method, packed, budget, size=entry.size), entry.names)
    except Unreadable:
        return


def _words(part: Part, archive: ZipStructure) -> Iterator[Item]:
    names = [name for entry in archive.entries for name in entry.names]
    if names:
        yield Text(under(part.where, "file names"), "\n".join(dict.fromkeys(names)), Role.FILENAME, part.names)
    notes = [archive.comment, *(note for entry in archive.entries for note in entry.notes)]
    said = [charset.decode(note) for note in notes if note.strip() and charset.is_text(note)]
    if said:
        yield Text(under(part.where, "archive comment"), "\n".join(said), Role.METADATA, part.names)


def _locked(
    part: Part, archive: ZipStructure, locked: list[Entry], files: int, budget: DocumentBudget
) -> Iterator[Item]:
    whole = len(locked) == files
    if not whole:
        yield protection.graded("zip-mixed", readable=("file names", f"{files - len(locked)} of {files} files"))
    yield _lock(part, archive, locked, budget, whole=whole)


def _lock(part: Part, archive: ZipStructure, locked: list[Entry], budget: DocumentBudget, *, whole: bool) -> Locked:
    """The lock of the entries that no password has opened: each may have a password of its own."""
    order = sorted(locked, key=lambda e: e.packed)

    def attempt(password: str, probes: int = _PROBES) -> tuple[Part | Locked, ...] | None:
        return _unlock(part, archive, order, password, probes, budget)

    return Locked(
        part.where if whole else under(part.where, "encrypted files"),
        protection.weakest(tuple(_grade(entry) for entry in locked)),
        attempt,
        whole=whole,
        rounds=_AES_ROUNDS if locked[0].aes_bits else 1,
        size=sum(e.packed for e in locked),
        names=locked[0].names if len(locked) == 1 and not whole else (),
        thorough=partial(attempt, probes=_MANY_PROBES),
    )


def _grade(entry: Entry) -> Protection:
    readable = ("file names",)
    if entry.aes_bits:
        return protection.graded(
            f"zip-aes{entry.aes_bits}", cipher="AES-CTR", key_bits=entry.aes_bits, readable=readable
        )
    if entry.flags & 0x40:
        return protection.graded("zip-pkware", readable=readable)
    return protection.graded("zip-crypto", cipher="ZipCrypto", key_bits=96, readable=readable)


def _unlock(
    part: Part, archive: ZipStructure, locked: list[Entry], password: str, probes: int, budget: DocumentBudget
) -> tuple[Part | Locked, ...] | None:
    """Every entry that ``password`` opens, and the lock of the others; None when it opens none.

    ``locked`` is in the order of size. Of many entries only ``probes`` are tried at first, the smallest and the
    largest among them: every try has its cost. The bytes of the password are tried as newer and as older programs
    encode it.
    """
    encoded = tuple(dict.fromkeys((password.encode("utf-8"), password.encode("cp1252", "ignore"))))
    last, steps = len(locked) - 1, min(probes, len(locked)) - 1
    first = dict.fromkeys(last * step // steps for step in range(steps + 1)) if steps else {0: None}
    opened: dict[int, bytes] = {}
    for number in (*first, *(n for n in range(len(locked)) if n not in first)):
        if not opened and number not in first:
            return None
        for raw in encoded:
            if (content := _opened(archive, locked[number], raw, budget)) is not None:
                opened[number] = content
                break
    if not opened:
        return None
    found = [Part(under(part.where, f"file {n + 1}"), opened[n], locked[n].names) for n in sorted(opened)]
    shut = [entry for number, entry in enumerate(locked) if number not in opened]
    return (*found, _lock(part, archive, shut, budget, whole=False)) if shut else tuple(found)


def _opened(archive: ZipStructure, entry: Entry, password: bytes, budget: DocumentBudget) -> bytes | None:
    """The content of an entry, or None when it is not locked with ``password``."""
    packed = archive.content[entry.start : entry.start + entry.packed]
    try:
        data = _decrypt(entry, packed, password)
        if data is None:
            return None
        content = expand_stream(entry.method, data, budget, size=entry.size)
    except Unreadable:
        return None
    return content if entry.aes_version == 2 or zlib.crc32(content) == entry.crc else None


def _decrypt(entry: Entry, packed: bytes, password: bytes) -> bytes | None:
    if entry.aes_bits:
        return _decrypt_aes(packed, password, entry.aes_bits)
    if entry.flags & 0x40:
        return None
    return _decrypt_zipcrypto(packed, password, entry)


def _decrypt_aes(packed: bytes, password: bytes, bits: int) -> bytes | None:
    """WinZip AES: salt, 2 check bytes, AES-CTR with a little-endian counter, 10 bytes of HMAC-SHA1."""
    size = bits // 8
    salt, check, body, mac = (
        packed[: size // 2],
        packed[size // 2 : size // 2 + 2],
        packed[size // 2 + 2 : -10],
        packed[-10:],
    )
    keys = hashlib.pbkdf2_hmac("sha1", password, salt, _AES_ROUNDS, 2 * size + 2)
    if keys[-2:] != check:
        return None
    if not hmac.compare_digest(hmac.new(keys[size : 2 * size], body, "sha1").digest()[:10], mac):
        return None
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    counters = b"".join(number.to_bytes(16, "little") for number in range(1, len(body) // 16 + 2))
    machine = Cipher(algorithms.AES(keys[:size]), modes.ECB()).encryptor()  # noqa: S305 - makes the stream of CTR
    stream = machine.update(counters)[: len(body)]
    return (int.from_bytes(body, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(body), "big")


def _decrypt_zipcrypto(packed: bytes, password: bytes, entry: Entry) -> bytes | None:
    """The cipher of APPNOTE 6.1; the twelfth byte of the header checks the password (1 in 256 passes by chance)."""
    table = _crc_table()
    key0, key1, key2 = 0x12345678, 0x23456789, 0x34567890

    def update(byte: int) -> None:
        nonlocal key0, key1, key2
        key0 = (key0 >> 8) ^ table[(key0 ^ byte) & 255]
        key1 = ((key1 + (key0 & 255)) * 134775813 + 1) & 0xFFFFFFFF
        key2 = (key2 >> 8) ^ table[(key2 ^ (key1 >> 24)) & 255]

    for byte in password:
        update(byte)
    plain = bytearray()
    for position, byte in enumerate(packed):
        mixed = (key2 | 2) & 0xFFFF
        clear = byte ^ (((mixed * (mixed ^ 1)) >> 8) & 255)
        update(clear)
        plain.append(clear)
        if position == 11 and not entry.flags & 8 and clear != entry.crc >> 24:
            return None
    return bytes(plain[12:])


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ 0xEDB88320 if value & 1 else value >> 1
        table.append(value)
    return table
