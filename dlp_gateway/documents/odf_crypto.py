"""Encryption of OpenDocument packages (ODF 1.3 part 2, 3.4): grading by the manifest, and trying passwords."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import ciphertext, pictures, protection, sniff, unpack, xml_events
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Locked, Outside, Unreadable, under
from dlp_gateway.documents.zip_structure import Entry, ZipStructure
from dlp_gateway.model import Part, Protection, Unscanned

_ENTRY = re.compile(rb"<(?:\w{1,32}:)?file-entry\b")
# Members that hold nothing of the author's.
MACHINERY = re.compile(r"(?:mimetype|META-INF/.*|Thumbnails/.*|Configurations2/.*|layout-cache|settings\.xml|.*\.rdf)")

_TYPE = re.compile(rb"[\w.+/-]{1,200}\s*")
_SAYS_NOTHING = (b"manifest", b"document-signatures", b"document-settings")  # keys, digests and settings


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
    """An attribute of the first such element; linear, since what is looked at ends at the next element."""
    for tag in re.finditer(rb"<(?:\w{1,32}:)?%s\b([^<>]*+)>" % element, body):
        hit = re.search(rb"[:\s]%s=\"([^\"]*)\"" % name, tag[1])
        if hit:
            return hit[1].decode("ascii", "replace")
    return ""


def _b64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def is_machinery(name: str, content: bytes, budget: DocumentBudget) -> bool:
    """Whether a member is what its name says, so that there is nothing of the author's to read in it."""
    if name == "mimetype":
        return _TYPE.fullmatch(content) is not None
    if name == "layout-cache":
        return sniff.kinds(content)[0] in ("empty", "unknown")
    if name.startswith("Thumbnails/"):
        return pictures.is_preview(content, sniff.kinds(content)[0], budget)
    root = xml_events.root(content)
    if root in _SAYS_NOTHING:
        return True
    if root == b"RDF":
        return not xml_events.has_text(content)
    return not content or (name.startswith("Configurations2/") and bool(root) and not xml_events.has_text(content))


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

        def attempt(password: str) -> tuple[Part | Unscanned, ...] | None:
            return _unlock(part, package, entries, locked, password, budget)

        yield Locked(part.where, grade, attempt, rounds=rounds, size=len(part.content))
    if false:
        yield Unscanned(part.where, ciphertext.CLAIM)
    for number, entry in enumerate((e for e in inside if e.name not in locked or e.header in false), 1):
        where = under(part.where, f"clear member {number}")
        try:
            content = package.read(entry, budget)
        except Unreadable as error:
            yield Unscanned(where, str(error))
            continue
        if entry.header in false or not (MACHINERY.fullmatch(entry.name) and is_machinery(entry.name, content, budget)):
            yield Part(where, content, (entry.name,), inline=True)
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
) -> tuple[Part | Unscanned, ...] | None:
    """The members that ``password`` opens, or None when it does not open the first one; others are reported."""
    opened: list[Part | Unscanned] = []
    order = sorted(locked, key=lambda name: (name != "content.xml", entries[name].packed))
    for number, name in enumerate(order, 1):
        entry = entries[name]
        sealed = package.content[entry.start : entry.start + entry.packed]
        content = _decrypt(locked[name], sealed, password, budget)
        if content is None and number == 1:
            return None
        place = under(part.where, f"member {number}")
        if content is None:
            opened.append(Unscanned(place, "encrypted with another password"))
        elif content:
            opened.append(Part(place, content, (name,), inline=True))
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
