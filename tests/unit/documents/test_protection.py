"""Every kind of protection is graded right, whatever the file is called and said to be."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from dlp_gateway.documents import protection
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Grade, Part, Protection
from tests.unit.documents import locked, makers

DOCX = locked.DOCX
NAME_TYPES = (
    ("report.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("holiday.jpg", "image/jpeg"),
    ("notes.txt", "text/plain"),
    ("", "application/octet-stream"),
)
TEXT = [("a.txt", b"Zarquon", True)]
MIXED = [("a.txt", b"Zarquon", True), ("b.txt", b"clear words", False)]
AES = "2.16.840.1.101.3.4.1."

SCHEMES: list[tuple[str, Grade, str, int | None, Callable[[], bytes]]] = [
    ("office-agile", Grade.ADEQUATE, "AES", 256, lambda: locked.office_agile(DOCX)),
    ("office-standard", Grade.ADEQUATE, "AES", 128, lambda: locked.office_standard(DOCX)),
    ("office-rc4-cryptoapi", Grade.WEAK, "RC4", 128, lambda: locked.office_cryptoapi(DOCX)),
    ("office-rc4", Grade.WEAK, "RC4", 40, locked.xls_rc4),
    ("office-rc4", Grade.WEAK, "RC4", 40, locked.doc_rc4),
    ("office-xor", Grade.WEAK, "XOR", 16, locked.xls_xor),
    ("office-xor", Grade.WEAK, "XOR", 16, locked.doc_xor),
    ("office-rc4-cryptoapi", Grade.WEAK, "RC4", 128, locked.ppt_rc4),
    ("pdf-aes256", Grade.ADEQUATE, "AES", 256, lambda: makers.encrypted_pdf("Zarquon", "pdf-aes256", "x")),
    ("pdf-aes128", Grade.ADEQUATE, "AES", 128, lambda: makers.encrypted_pdf("Zarquon", "pdf-aes128", "x")),
    ("pdf-rc4-128", Grade.WEAK, "RC4", 128, lambda: makers.encrypted_pdf("Zarquon", "pdf-rc4-128", "x")),
    ("pdf-rc4-40", Grade.WEAK, "RC4", 40, lambda: makers.encrypted_pdf("Zarquon", "pdf-rc4-40", "x")),
    ("pdf-owner-only", Grade.NONE, "AES", 256, lambda: makers.encrypted_pdf("Zarquon", "pdf-owner-only", "x")),
    ("zip-aes256", Grade.ADEQUATE, "AES-CTR", 256, lambda: locked.zip_aes(TEXT)),
    ("zip-aes192", Grade.ADEQUATE, "AES-CTR", 192, lambda: locked.zip_aes(TEXT, bits=192)),
    ("zip-aes128", Grade.ADEQUATE, "AES-CTR", 128, lambda: locked.zip_aes(TEXT, bits=128)),
    ("zip-crypto", Grade.WEAK, "ZipCrypto", 96, lambda: locked.zip_crypto(TEXT)),
    ("zip-mixed", Grade.NONE, "", None, lambda: locked.zip_aes(MIXED)),
    ("7z-aes256", Grade.ADEQUATE, "AES-CBC", 256, lambda: locked.seven_zip([("a.txt", b"Zarquon")], "x")),
    ("7z-aes256-headers", Grade.STRONG, "AES-CBC", 256, lambda: locked.seven_zip([("a", b"Z")], "x", headers=True)),
    ("odf-aes256", Grade.ADEQUATE, "AES-CBC", 256, lambda: locked.odt_locked("Zarquon")),
    ("odf-blowfish", Grade.WEAK, "Blowfish", 128, lambda: locked.odt_locked("Zarquon", cipher="blowfish")),
    ("pgp", Grade.STRONG, "", None, lambda: locked.pgp(b"Zarquon")),
    ("pgp", Grade.STRONG, "", None, lambda: locked.pgp(b"Zarquon", armor=False)),
    ("pgp-passphrase", Grade.STRONG, "AES-256", 256, lambda: locked.pgp(b"Zarquon", "x")),
    ("pgp-clear", Grade.NONE, "", None, lambda: locked.pgp_compressed(b"Zarquon " + bytes(range(33, 120)))),
    ("pgp-clear", Grade.NONE, "", None, lambda: locked.armored(locked.pgp_literal(b"Zarquon"))),
    ("smime-aes256-cbc", Grade.STRONG, "AES256-CBC", 256, lambda: locked.cms_enveloped(AES + "42")),
    ("smime-aes128-cbc", Grade.STRONG, "AES128-CBC", 128, lambda: locked.cms_enveloped(AES + "2")),
    ("smime-aes256-gcm", Grade.STRONG, "AES256-GCM", 256, lambda: locked.cms_enveloped(AES + "46")),
    ("smime-3des", Grade.WEAK, "3DES", 168, lambda: locked.cms_enveloped("1.2.840.113549.3.7")),
    ("smime-rc2", Grade.WEAK, "RC2", None, lambda: locked.cms_enveloped("1.2.840.113549.3.2")),
    ("smime-des", Grade.WEAK, "DES", 56, lambda: locked.cms_enveloped("1.3.14.3.2.7")),
    ("smime-signed", Grade.NONE, "", None, lambda: locked.cms_signed(b"Content-Type: text/plain\r\n\r\nZarquon\r\n")),
    ("none", Grade.NONE, "", None, lambda: DOCX),
    ("none", Grade.NONE, "", None, lambda: makers.simple_pdf("Zarquon")),
]  # fmt: skip


def read(content: bytes, name: str = "", declared: str = "") -> Documents:
    part = Part("attachment 1", content, (name,) if name else (), (declared,) if declared else ())
    return read_parts([part], budget=DocumentBudget())


@pytest.fixture(scope="module")
def contents() -> dict[int, bytes]:
    return {index: make() for index, (*_, make) in enumerate(SCHEMES)}


@pytest.mark.parametrize(("name", "declared"), NAME_TYPES)
@pytest.mark.parametrize("index", range(len(SCHEMES)), ids=[f"{i}-{s[0]}" for i, s in enumerate(SCHEMES)])
def test_grade_and_scheme(contents: dict[int, bytes], index: int, name: str, declared: str) -> None:
    scheme, state, cipher, bits, _ = SCHEMES[index]

    found = read(contents[index], name, declared).attachments[0].protection

    assert (found.scheme, found.state, found.cipher, found.key_bits) == (scheme, state, cipher, bits)
    assert not found.password_inside


@pytest.mark.parametrize("index", range(len(SCHEMES)), ids=[f"{i}-{s[0]}" for i, s in enumerate(SCHEMES)])
def test_locked_text_stays_unread_and_open_text_is_read(contents: dict[int, bytes], index: int) -> None:
    _, state, *_ = SCHEMES[index]

    documents = read(contents[index])

    is_open = state is Grade.NONE and SCHEMES[index][0] not in ("zip-mixed", "smime-signed")
    assert any("Zarquon" in t.text for t in documents.texts) == is_open


@pytest.mark.parametrize("index", range(len(SCHEMES)), ids=[f"{i}-{s[0]}" for i, s in enumerate(SCHEMES)])
def test_base64_around_a_file_changes_nothing(contents: dict[int, bytes], index: int) -> None:
    scheme, state, *_ = SCHEMES[index]

    documents = read(base64.encodebytes(contents[index]), "letter.txt", "text/plain")

    inner = [a.protection for a in documents.attachments if a.where == "attachment 1 > decoded"]
    assert documents.attachments[0].type == "base64"
    assert [(p.scheme, p.state) for p in inner] == [(scheme, state)]


def test_mixed_archive_gives_clear_entries_and_a_record_of_the_locked_ones() -> None:
    documents = read(locked.zip_aes(MIXED), "data.zip")

    assert [(a.where, a.protection.scheme, a.protection.state) for a in documents.attachments] == [
        ("attachment 1", "zip-mixed", Grade.NONE),
        ("attachment 1 > encrypted files", "zip-aes256", Grade.ADEQUATE),
        ("attachment 1 > file 2", "none", Grade.NONE),
    ]
    assert any("clear words" in t.text for t in documents.texts)


def test_mixed_ciphers_count_as_the_weakest() -> None:
    archive = locked.RawZip()
    weak = locked.zip_crypto(TEXT)
    archive.out += weak[: weak.index(b"PK\1\2")]
    archive.central.append(weak[weak.index(b"PK\1\2") : weak.rindex(b"PK\5\6")])
    archive.add(b"c.txt", locked.deflated(b"x"), 1, 0, flags=1)
    assert read(archive.close()).attachments[0].protection.scheme == "zip-crypto"


@pytest.mark.parametrize(
    ("flags", "central_flags"), [(0, 1), (1, 0)], ids=["only the directory says encrypted", "only the header says it"]
)
def test_encryption_flag_in_one_header_only_is_a_lie(flags: int, central_flags: int) -> None:
    import zlib

    archive = locked.RawZip()
    clear = b"Zarquon Beeblebrox"
    archive.add(
        b"a.txt", locked.deflated(clear), len(clear), zlib.crc32(clear), flags=flags, central_flags=central_flags
    )

    documents = read(archive.close())

    assert documents.attachments[0].protection.state is Grade.NONE
    assert any("Zarquon Beeblebrox" in t.text for t in documents.texts)


def test_default_password_of_excel_is_no_protection() -> None:
    documents = read(locked.office_agile(DOCX, "VelvetSweatshop"))

    assert documents.attachments[0].protection == Protection(Grade.NONE, "office-default-password")
    assert any("Zarquon" in t.text for t in documents.texts)


def test_unknown_scheme_is_weak() -> None:
    assert protection.graded("something-new").state is Grade.WEAK


def test_weakest_of_none_is_none() -> None:
    assert protection.weakest(()) is protection.NONE
