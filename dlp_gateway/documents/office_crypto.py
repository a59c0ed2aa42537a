"""Encryption of Office files (MS-OFFCRYPTO): which scheme a file has, and trying passwords on it."""

from __future__ import annotations

import hashlib
import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.documents import ciphertext, embedded, ole, protection
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Locked, Unreadable, under
from dlp_gateway.model import Part, Protection, Unscanned

DEFAULT_PASSWORDS = ("VelvetSweatshop", "/01Hannes Ruescher/01")  # Excel and PowerPoint try these without asking
_STANDARD_AES = {0x660E: 128, 0x660F: 192, 0x6610: 256}
# Streams of an encrypted package (MS-OFFCRYPTO 2.1 and 2.3), and the transform of rights management among them.
_EXPECTED = re.compile(
    r"(?i)EncryptionInfo|EncryptedPackage|\x05(?:Document)?SummaryInformation|"
    r"\x06DataSpaces/(?:Version|DataSpaceMap|DataSpaceInfo/[^/]*|TransformInfo/[^/]*(?:/EUL-[^/]*|/\x06Primary))"
)
_RIGHTS = re.compile(r"(?i)\x06DataSpaces/TransformInfo/DRM[^/]*/\x06Primary")
_STANDARD_ROUNDS = 50_000  # fixed by MS-OFFCRYPTO 2.3.4.7


@dataclass(frozen=True, slots=True)
class Agile:
    """The password key encryptor of agile encryption (MS-OFFCRYPTO 2.3.4.10)."""

    cipher: str
    key_bits: int
    hash: str
    rounds: int
    salt: bytes = field(repr=False)
    verifier: bytes = field(repr=False)
    digest: bytes = field(repr=False)

    def accepts(self, password: str) -> bool:
        """Whether ``password`` opens the file; costs ``rounds`` hashes."""
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        hash_ = getattr(hashlib, self.hash)
        digest = hash_(self.salt + password.encode("utf-16-le")).digest()
        for number in range(self.rounds):
            digest = hash_(number.to_bytes(4, "little") + digest).digest()

        def opened(block: bytes, data: bytes) -> bytes:
            key = hash_(digest + block).digest()
            key = key[: self.key_bits // 8].ljust(self.key_bits // 8, b"\x36")
            machine = Cipher(algorithms.AES(key), modes.CBC(self.salt[:16].ljust(16, b"\x36"))).decryptor()
            return machine.update(data) + machine.finalize()

        verifier = opened(bytes.fromhex("fea7d2763b4b9e79"), self.verifier)
        expected = opened(bytes.fromhex("d7aa0f6d3061344e"), self.digest)
        return bool(hash_(verifier[:16]).digest() == expected[: hash_().digest_size])


def read_package(part: Part, budget: DocumentBudget) -> Iterator[Item]:
    """Yield the protection of an encrypted Office package (docx, xlsx, pptx inside a compound file).

    Without encryption information it is rights-managed when it has the data spaces that say so (MS-OFFCRYPTO 2.2);
    raises Unreadable otherwise. What stands in the clear beside the package is read or reported.
    """
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(part.content)) as file:
            if not file.exists("EncryptedPackage"):
                raise Unreadable("encrypted package is missing")
            sealed = ole.stream(file, "EncryptedPackage", budget)
            info = file.openstream("EncryptionInfo").read(1 << 20) if file.exists("EncryptionInfo") else b""
            names = file.listdir()
            beside = list(ole.properties(part, file, budget))
            for number, name in enumerate(names, 1):
                if not _EXPECTED.fullmatch("/".join(name)):
                    beside += embedded.read_stream(part, file, tuple(name), number, budget)
    except (OSError, ValueError, IndexError, TypeError, struct.error) as error:
        raise Unreadable("compound file is damaged") from error
    rights = any(_RIGHTS.search("/".join(name)) for name in names)
    if not info and not rights:
        raise Unreadable("encryption information is missing")
    yield from beside
    if len(sealed) < 16:
        yield Unscanned(part.where, "encrypted package is empty")
    grade = protection.graded("office-irm", readable=())
    lock = _locked(part, info, budget) if info else Locked(part.where, grade, size=len(part.content))
    yield from ciphertext.checked(lock, Part(under(part.where, "package"), sealed[8:], part.names, inline=True))


def _locked(part: Part, info: bytes, budget: DocumentBudget) -> Locked:
    major, minor = struct.unpack_from("<HH", info) if len(info) > 8 else (0, 0)
    if (major, minor) == (4, 4):
        agile = _agile(info[8:])
        grade = _grade_agile(agile)
        checked = agile if agile.cipher == "AES" else None
        return _package(part, grade, agile.rounds, checked, budget)
    if minor == 2 and major in (2, 3, 4):
        return _package(part, _grade_standard(info), _STANDARD_ROUNDS, None, budget)
    return Locked(part.where, protection.graded("office-weak"), size=len(part.content))


def _package(part: Part, grade: Protection, rounds: int, agile: Agile | None, budget: DocumentBudget) -> Locked:
    def attempt(password: str) -> tuple[Part, ...] | None:
        if agile is not None and not agile.accepts(password):
            return None
        found = decrypt(part, password, budget)
        return found if found and found[0].content.startswith(b"PK") else None

    return Locked(part.where, grade, attempt, rounds=rounds, size=len(part.content), defaults=DEFAULT_PASSWORDS[:1])


def _agile(xml: bytes) -> Agile:
    """Read the attributes of <p:encryptedKey> and <keyData>; the weaker of the two ciphers counts."""
    import base64

    def attribute(element: bytes, name: bytes) -> str:
        match = re.search(rb'\b%s="([^"]*)"' % name, element)
        return match[1].decode("ascii", "replace") if match else ""

    key = re.search(rb"<(?:\w{1,32}:)?encryptedKey\b[^<>]*+>", xml)
    data = re.search(rb"<(?:\w{1,32}:)?keyData\b[^<>]*+>", xml)
    if key is None or data is None:
        raise Unreadable("encryption information is damaged")
    ciphers = [attribute(e[0], b"cipherAlgorithm") for e in (data, key)]
    try:
        bits = min(int(attribute(e[0], b"keyBits")) for e in (data, key))
        return Agile(
            "AES" if ciphers == ["AES", "AES"] else next((c for c in ciphers if c != "AES"), "unknown"),
            bits,
            attribute(key[0], b"hashAlgorithm").lower().replace("-", ""),
            int(attribute(key[0], b"spinCount")),
            base64.b64decode(attribute(key[0], b"saltValue")),
            base64.b64decode(attribute(key[0], b"encryptedVerifierHashInput")),
            base64.b64decode(attribute(key[0], b"encryptedVerifierHashValue")),
        )
    except ValueError as error:
        raise Unreadable("encryption information is damaged") from error


def _grade_agile(agile: Agile) -> Protection:
    strong = agile.cipher == "AES" and agile.key_bits >= 128
    return protection.graded("office-agile" if strong else "office-weak", cipher=agile.cipher, key_bits=agile.key_bits)


def _grade_standard(info: bytes) -> Protection:
    algorithm, key_bits = struct.unpack_from("<I4xI", info, 20) if len(info) >= 32 else (0, 0)
    if algorithm in _STANDARD_AES:
        return protection.graded("office-standard", cipher="AES", key_bits=_STANDARD_AES[algorithm])
    return protection.graded("office-rc4-cryptoapi", cipher="RC4", key_bits=key_bits or 40)


def decrypt(part: Part, password: str, budget: DocumentBudget) -> tuple[Part, ...] | None:
    """Return the decrypted file, or None when ``password`` is wrong; any Office format."""
    import msoffcrypto

    _keep_in_memory()
    budget.charge("bytes", len(part.content))
    out = io.BytesIO()
    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(part.content))
        office.load_key(password=password)
        office.decrypt(out)
    except Exception:  # noqa: BLE001 - the library raises many types for a wrong password
        return None
    content = out.getvalue()
    return (Part(under(part.where, "decrypted"), content, part.names, inline=True),)


class _InMemory:
    """Stands in for ``tempfile`` in msoffcrypto, which would put decrypted content on a disk."""

    TemporaryFile = io.BytesIO


def _keep_in_memory() -> None:
    from importlib import import_module

    for name in ("doc97", "ppt97", "xls97"):
        vars(import_module(f"msoffcrypto.format.{name}"))["tempfile"] = _InMemory


def legacy(part: Part, grade: Protection, budget: DocumentBudget) -> Locked:
    """Return the lock of a Word, Excel or PowerPoint 97-2003 file."""
    defaults = DEFAULT_PASSWORDS if grade.scheme else ()
    return Locked(
        part.where, grade, lambda p: decrypt(part, p, budget), rounds=1, size=len(part.content), defaults=defaults
    )


def grade_legacy(header: bytes) -> Protection:
    """Grade an EncryptionHeader with its version: (1,1) is RC4 with 40 bits, (2..4,2) is CryptoAPI RC4."""
    major, minor = struct.unpack_from("<HH", header) if len(header) >= 4 else (0, 0)
    if (major, minor) == (1, 1):
        return protection.graded("office-rc4", cipher="RC4", key_bits=40)
    if minor == 2:
        bits = struct.unpack_from("<I", header, 28)[0] if len(header) >= 32 else 0
        return protection.graded("office-rc4-cryptoapi", cipher="RC4", key_bits=bits or 40)
    return protection.graded("office-weak")
