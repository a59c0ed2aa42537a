"""Encryption of OpenDocument packages (ODF 1.3 part 2, 3.4): grading by the manifest, and trying passwords."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import ciphertext, protection, unpack
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Locked, Outside, Unreadable, under
from dlp_gateway.documents.zip_structure import Entry, ZipStructure
from dlp_gateway.model import Part, Protection, Unscanned

_ENTRY = re.compile(rb"<(?:\w{1,32}:)?file-entry\b")
# Members that hold nothing of the author's.
MACHINERY = re.compile(r"(?:mimetype|META-INF/.*|Thumbnails/.*|Configurations2/.*|layout-cache|settings\.xml|.*\.rdf)")


def whole_number(text: str | None, default: int) -> int:
    """Return an attribute's value as a number of up to nine digits, else ``default``."""
    return int(text) if text and text.isdigit() and len(text) < 10 else default


@dataclass(frozen=True, slots=True)
class Lock:
    """One encrypted member as the manifest describes it."""

    cipher: str
    derivation: str
    iterations: int
    key_size: int
    start_key: str
    salt: bytes = field(repr=False)
    vector: bytes = field(repr=False)
    checksum: bytes = field(repr=False)
    checksum_type: str = ""
    argon: tuple[int, int, int] | None = None


def encryption(manifest: bytes) -> dict[str, Lock]:
    """Return the encrypted members of a package by their paths."""
    found: dict[str, Lock] = {}
    for attributes, body in _entries(manifest):
        if b"encryption-data" not in body:
            continue

        def value(name: bytes, body: bytes = body) -> str:
            hit = re.search(rb'[:\s]%s="([^"]*)"' % name, body)
            return hit[1].decode("utf-8", "replace") if hit else ""

        path = re.search(rb'full-path="([^"]*)"', attributes)
        derivation = value(b"key-derivation-name").rpartition("#")[2].lower()
        argon = tuple(whole_number(value(n), 0) for n in (b"argon2-iterations", b"argon2-memory", b"argon2-lanes"))
        lock = Lock(
            value(b"algorithm-name").rpartition("#")[2].lower(),
            derivation,
            whole_number(value(b"iteration-count"), 1024),
            whole_number(_in(body, b"key-derivation", b"key-size"), 16),
            value(b"start-key-generation-name").rpartition("#")[2].lower(),
            _b64(value(b"salt")),
            _b64(value(b"initialisation-vector")),
            _b64(value(b"checksum")),
            value(b"checksum-type").rpartition("#")[2].lower(),
            (argon[0], argon[1], argon[2]) if "argon" in derivation else None,
        )
        found[path[1].decode("utf-8", "replace") if path else ""] = lock
    return found


def _entries(manifest: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Attributes and content of every file entry that is not closed at once, in linear time."""
    position = 0
    while (match := _ENTRY.search(manifest, position)) is not None:
        opened = manifest.find(b">", match.end())
        if opened < 0:
            return
        position = opened + 1
        if manifest[opened - 1 : opened] == b"/":
            continue
        closed = manifest.find(b"file-entry>", position)
        if closed < 0:
            return
        yield manifest[match.end() : opened], manifest[position:closed]
        position = closed


def _in(body: bytes, element: bytes, name: bytes) -> str:
    hit = re.search(rb"<(?:\w+:)?%s\b[^>]*?[:\s]%s=\"([^\"]*)\"" % (element, name), body)
    return hit[1].decode("ascii", "replace") if hit else ""


def _b64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def locked(part: Part, package: ZipStructure, locks: dict[str, Lock], budget: DocumentBudget) -> Iterator[Item]:
    """Yield the lock of a package, and members that it leaves in the clear beside the usual ones."""
    inside = [e for e in package.entries if not e.is_folder]
    false = {e.header for e in inside if e.name in locks and not _is_sealed(package, e, budget)}
    entries = {e.name: e for e in inside if e.header not in false}
    locked = {name: lock for name, lock in locks.items() if name in entries}
    if not locked and not false:
        raise Unreadable("manifest names encrypted members that are not there")
    if locked:
        grade = protection.weakest(tuple(_grade(lock) for lock in locked.values()))
        rounds = max(lock.iterations for lock in locked.values())

        def attempt(password: str) -> tuple[Part, ...] | None:
            return _unlock(part, package, entries, locked, password, budget)

        yield Locked(part.where, grade, attempt, rounds=rounds, size=len(part.content))
    if false:
        yield Unscanned(part.where, ciphertext.CLAIM)
    clear = [e for e in inside if e.header in false or (e.name not in locked and not MACHINERY.fullmatch(e.name))]
    for number, entry in enumerate(clear, 1):
        where = under(part.where, f"clear member {number}")
        try:
            yield Part(where, package.read(entry, budget), (entry.name,), inline=True)
        except Unreadable as error:
            yield Unscanned(where, str(error))
    for start, stop in package.gaps:
        yield Outside(Part(under(part.where, "data outside the package"), part.content[start:stop], inline=True))


def _is_sealed(package: ZipStructure, entry: Entry, budget: DocumentBudget) -> bool:
    """Whether the bytes of a member that the manifest calls encrypted may be ciphertext."""
    try:
        return ciphertext.is_possible(package.read(entry, budget))
    except Unreadable:
        return ciphertext.is_possible(package.content[entry.start : entry.start + entry.packed])


def _grade(lock: Lock) -> Protection:
    match lock.cipher:
        case "aes256-cbc" | "aes192-cbc" | "aes128-cbc":
            return protection.graded(f"odf-{lock.cipher[:6]}", cipher="AES-CBC", key_bits=int(lock.cipher[3:6]))
        case "aes256-gcm":
            return protection.graded("odf-aes256-gcm", cipher="AES-GCM", key_bits=256)
        case "blowfish" | "blowfish cfb" | "":
            return protection.graded("odf-blowfish", cipher="Blowfish", key_bits=128)
    return protection.graded("odf-unknown", cipher=lock.cipher)


def _unlock(
    part: Part,
    package: ZipStructure,
    entries: dict[str, Entry],
    locked: dict[str, Lock],
    password: str,
    budget: DocumentBudget,
) -> tuple[Part, ...] | None:
    opened: list[Part] = []
    order = sorted(locked, key=lambda name: (name != "content.xml", entries[name].packed))
    for number, name in enumerate(order, 1):
        entry = entries[name]
        sealed = package.content[entry.start : entry.start + entry.packed]
        content = _decrypt(locked[name], sealed, password, budget)
        if content is None:
            return None if number == 1 else tuple(opened)
        if content:
            opened.append(Part(under(part.where, f"member {number}"), content, (name,), inline=True))
    return tuple(opened)


def _decrypt(lock: Lock, sealed: bytes, password: str, budget: DocumentBudget) -> bytes | None:
    """Decrypt a member (ODF 1.3 part 2, 3.4): hash, derive, decrypt, check, inflate; None for a wrong password."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    start = hashlib.sha256 if "sha256" in lock.start_key else hashlib.sha1
    key = _derived(lock, start(password.encode("utf-8")).digest())
    if key is None:
        return None
    try:
        if lock.cipher.endswith("gcm"):
            packed = AESGCM(key).decrypt(sealed[:12], sealed[12:], None)
        elif lock.cipher.startswith("aes"):
            machine = Cipher(algorithms.AES(key), modes.CBC(lock.vector)).decryptor()
            packed = machine.update(sealed) + machine.finalize()
            check = hashlib.sha256 if "sha256" in lock.checksum_type else hashlib.sha1
            if lock.checksum and check(packed[:1024]).digest() != lock.checksum:
                return None
        else:
            return None
        return unpack.inflate(packed, budget)[0]
    except (ValueError, InvalidTag, Unreadable):
        return None


def _derived(lock: Lock, start: bytes) -> bytes | None:
    if lock.argon is not None:
        from argon2.low_level import Type, hash_secret_raw

        rounds, memory, lanes = lock.argon
        if memory > 1 << 17 or rounds > 16 or not memory:
            return None
        return hash_secret_raw(start, lock.salt, rounds, memory, lanes, lock.key_size or 32, Type.ID)
    return hashlib.pbkdf2_hmac("sha1", start, lock.salt, lock.iterations, lock.key_size or 16)
