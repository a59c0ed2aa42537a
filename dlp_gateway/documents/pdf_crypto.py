"""Encryption of PDF files (ISO 32000-2, 7.6): scheme and strength, and trying passwords."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from dlp_gateway.documents import protection
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Locked, Unreadable, under
from dlp_gateway.model import Part, Protection

if TYPE_CHECKING:
    import pikepdf

_ROUNDS = 64  # revision 6 takes about 64 rounds of SHA-2 and AES, older ones 50 of MD5


def locked(part: Part, budget: DocumentBudget) -> Locked:
    """Return the lock of a PDF that asks for a password to open."""

    def attempt(password: str) -> tuple[Part, ...] | None:
        return _decrypt(part, password, budget)

    return Locked(part.where, _grade(part.content), attempt, rounds=_ROUNDS, size=len(part.content))


def opened_protection(document: pikepdf.Pdf) -> Protection | None:
    """Return what protects a PDF that opened without a password: an owner password, or nothing (None)."""
    if not document.is_encrypted:
        return None
    encryption = document.encryption
    bits = int(encryption.bits)
    return protection.graded(
        "pdf-owner-only", cipher="RC4" if encryption.R < 4 else "AES", key_bits=bits, readable=("everything",)
    )


def handler_lock(part: Part) -> Locked | None:
    """Return the lock of a PDF with another security handler: certificates (Adobe.PubSec) or rights management."""
    dictionary = _dictionary(part.content)
    handler = str(dictionary.get("/Filter", "")) if dictionary else ""
    if dictionary is None or handler in ("", "/Standard"):
        return None
    if handler == "/Adobe.PubSec":
        cipher, bits = _cipher(dictionary)
        return Locked(
            part.where,
            protection.graded(f"pdf-certificate-{cipher}", cipher=cipher, key_bits=bits),
            size=len(part.content),
        )
    return Locked(part.where, protection.graded("pdf-other-handler"), size=len(part.content))


def _grade(content: bytes) -> Protection:
    dictionary = _dictionary(content)
    if dictionary is None:
        return protection.graded("pdf-unknown")
    cipher, bits = _cipher(dictionary)
    readable = ("properties",) if str(dictionary.get("/EncryptMetadata", "true")).lower() == "false" else ()
    return protection.graded(
        f"pdf-{cipher}", cipher="AES" if cipher.startswith("aes") else "RC4", key_bits=bits, readable=readable
    )


def _dictionary(content: bytes) -> Any | None:
    """The /Encrypt dictionary by pypdf, which parses it without a password."""
    import logging

    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        found = pypdf.PdfReader(io.BytesIO(content)).trailer.get("/Encrypt")
        return found.get_object() if found is not None else None
    except Exception as error:  # noqa: BLE001 - DependencyError for unknown handlers, many types for damage
        return _by_hand(content, error)


def _by_hand(content: bytes, error: Exception) -> dict[str, str]:
    """What can be told of /Encrypt by looking at the bytes, when the library refuses the file."""
    match = re.search(rb"/Filter\s*/(Adobe\.PubSec|FOPN_foweb|FOPN_fLock|[A-Z]\w*\.\w+)", content)
    if match is None:
        raise Unreadable("PDF is damaged") from error
    methods = {m.decode() for m in re.findall(rb"/CFM\s*/(\w+)", content)}
    version = re.search(rb"/V\s+(\d)", content)
    found = {"/Filter": "/" + match[1].decode("latin-1"), "/V": version[1].decode() if version else "0"}
    return {**found, "/CFM": "/" + min(methods)} if methods else found


def _cipher(dictionary: Any) -> tuple[str, int]:
    """Short name and key bits; of several crypt filters the weakest counts."""
    version = int(dictionary.get("/V", 0))
    length = int(dictionary.get("/Length", 40))
    if version in (4, 5):
        filters = dictionary.get("/CF", {})
        methods = [str(dictionary["/CFM"])] if "/CFM" in dictionary else []
        for name in ("/StmF", "/StrF"):
            chosen = str(dictionary.get(name, "/Identity"))
            if chosen in filters:
                methods.append(str(filters[chosen].get_object().get("/CFM", "/None")))
        if not methods or "/None" in methods:
            return "attachments-only", 0
        if "/V2" in methods:
            return "rc4-128", 128
        return ("aes128", 128) if "/AESV2" in methods else ("aes256", 256)
    if version == 1 or length <= 40:
        return "rc4-40", 40
    return ("rc4-128", length) if version in (2, 3) else ("unknown", 0)


def _decrypt(part: Part, password: str, budget: DocumentBudget) -> tuple[Part, ...] | None:
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(part.content), password=password) as document:
            out = io.BytesIO()
            document.save(out)
    except (pikepdf.PdfError, pikepdf.PasswordError):
        return None
    content = out.getvalue()
    budget.charge("bytes", len(content))
    return (Part(under(part.where, "decrypted"), content, part.names, inline=True),)
