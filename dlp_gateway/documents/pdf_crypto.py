"""Encryption of PDF files (ISO 32000-2, 7.6): scheme and strength, and trying passwords."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from dlp_gateway.documents import pdf_clear, protection
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Item, Locked, Unreadable, under
from dlp_gateway.model import Part, Protection

if TYPE_CHECKING:
    import pikepdf

_ROUNDS = 64  # revision 6 takes about 64 rounds of SHA-2 and AES, older ones 50 of MD5


@dataclass(frozen=True, slots=True)
class PartlyLocked(Locked):
    """The lock of a file with what stands in the clear beside what it covers."""

    beside: tuple[Item, ...] = field(default=(), repr=False)


def locked(part: Part, budget: DocumentBudget) -> Locked:
    """Return the lock of a PDF that asks for a password to open, with what it leaves in the clear.

    Where it covers only attached files, these have a lock of their own and all else is read.
    """
    dictionary = _dictionary(part.content)
    grade = _grade(dictionary)
    if dictionary is not None and grade.scheme == "pdf-attachments-only":
        return PartlyLocked(part.where, grade, beside=tuple(_but_files(part, dictionary, budget)))
    return _with_clear(_by_password(part, grade, budget), part, budget)


def _by_password(part: Part, grade: Protection, budget: DocumentBudget, where: str = "") -> Locked:
    def attempt(password: str) -> tuple[Part, ...] | None:
        return _decrypt(part, password, budget)

    return Locked(where or part.where, grade, attempt, whole=not where, rounds=_ROUNDS, size=len(part.content))


def _with_clear(lock: Locked, part: Part, budget: DocumentBudget) -> Locked:
    """The lock, or no protection when the file is not encrypted as it claims; either way with what is in the clear."""
    clear = pdf_clear.found(part.content, budget)
    beside = tuple(pdf_clear.items(part, clear))
    if clear.is_false:
        return PartlyLocked(part.where, protection.NONE, size=len(part.content), beside=beside)
    known = {f.name: getattr(lock, f.name) for f in fields(Locked)}
    return PartlyLocked(**known, beside=beside) if beside else lock


def _but_files(part: Part, dictionary: Any, budget: DocumentBudget) -> Iterator[Item]:
    """A file of which only attached files are encrypted (EFF, ISO 32000-2, table 20): the rest, and their lock."""
    budget.charge("bytes", len(part.content))
    content, size = pdf_clear.without_sealed_files(part.content)
    yield Part(under(part.where, "document"), content, part.names, inline=True)
    if size:
        cipher, bits = _cipher({**dictionary, "/StmF": dictionary.get("/EFF"), "/StrF": dictionary.get("/EFF")})
        grade = protection.graded(f"pdf-{cipher}", cipher=_family(cipher), key_bits=bits)
        yield _by_password(part, grade, budget, under(part.where, "encrypted files"))


def opened_protection(document: pikepdf.Pdf) -> Protection | None:
    """Return what protects a PDF that opened without a password: an owner password, or nothing (None)."""
    if not document.is_encrypted:
        return None
    encryption = document.encryption
    bits = int(encryption.bits)
    return protection.graded(
        "pdf-owner-only", cipher="RC4" if encryption.R < 4 else "AES", key_bits=bits, readable=("everything",)
    )


def handler_lock(part: Part, budget: DocumentBudget) -> Locked | None:
    """Return the lock of a PDF with another security handler: certificates (Adobe.PubSec) or rights management."""
    dictionary = _dictionary(part.content)
    handler = str(dictionary.get("/Filter", "")) if dictionary else ""
    if dictionary is None or handler in ("", "/Standard"):
        return None
    grade = protection.graded("pdf-other-handler")
    if handler == "/Adobe.PubSec":
        cipher, bits = _cipher(dictionary)
        grade = protection.graded(f"pdf-certificate-{cipher}", cipher=cipher, key_bits=bits)
    return _with_clear(Locked(part.where, grade, size=len(part.content)), part, budget)


def _grade(dictionary: Any | None) -> Protection:
    if dictionary is None:
        return protection.graded("pdf-unknown")
    cipher, bits = _cipher(dictionary)
    readable = ("properties",) if str(dictionary.get("/EncryptMetadata", "true")).lower() == "false" else ()
    return protection.graded(f"pdf-{cipher}", cipher=_family(cipher), key_bits=bits, readable=readable)


def _family(cipher: str) -> str:
    return "AES" if cipher.startswith("aes") else "RC4"


def _dictionary(content: bytes) -> Any | None:
    """The /Encrypt dictionary of the trailer by pypdf, which parses it without a password.

    Raises Unreadable when there is no trailer: words that stand anywhere else say nothing.
    """
    import logging

    import pypdf

    class Trailer(pypdf.PdfReader):
        """A reader that leaves the encryption alone, whatever its handler is."""

        def _handle_encryption(self, password: str | bytes | None) -> None:  # noqa: ARG002 - of the library
            self._override_encryption = True

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        found = Trailer(io.BytesIO(content)).trailer.get("/Encrypt")
        return found.get_object() if found is not None else None
    except Exception as error:  # pypdf reports damage under many types
        raise Unreadable("PDF is damaged") from error


def _cipher(dictionary: Any) -> tuple[str, int]:
    """Short name and key bits; of several crypt filters the weakest counts."""
    version = int(dictionary.get("/V", 0))
    length = int(dictionary.get("/Length", 40))
    if version in (4, 5):
        filters = dictionary.get("/CF", {})
        methods = set[str]()
        for name in ("/StmF", "/StrF"):
            chosen = str(dictionary.get(name, "/Identity"))
            methods.add(str(filters[chosen].get_object().get("/CFM", "/None")) if chosen in filters else "/None")
        if "/None" in methods:
            return "attachments-only", 0
        if "/V2" in methods:
            return "rc4-128", 128
        if not methods <= {"/AESV2", "/AESV3"}:
            return "unknown", 0
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
