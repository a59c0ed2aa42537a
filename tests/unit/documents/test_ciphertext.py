"""What only claims to be encrypted is read and reported; what is in the clear beside encryption is read."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable

import pytest

from dlp_gateway.documents import ciphertext
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Grade, Part
from tests.unit.documents import locked, makers

PLANTED = "Zarquon Beeblebrox 5412880145605040"
CSV = (f"name,card,note\n{PLANTED},5412,nothing else\n" * 4).encode()
AES = "2.16.840.1.101.3.4.1."


def read(content: bytes, *passwords: str) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget(), passwords=passwords)


def places(documents: Documents) -> list[str]:
    return [t.where for t in documents.texts if PLANTED in t.text]


def reasons(documents: Documents) -> set[str]:
    return {u.why for u in documents.unscanned}


# ------------------------------------------------------------------------------------------------ the bytes


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 24, 31, 32, 33, 64, 100, 255, 256, 1000, 5000, 300_000])
def test_evenly_spread_bytes_may_be_ciphertext(size: int) -> None:
    assert all(ciphertext.is_possible(random.Random(seed).randbytes(size)) for seed in range(20))


@pytest.mark.parametrize("padding", [1, 40, 5000])
def test_padding_does_not_matter(padding: int) -> None:
    assert ciphertext.is_possible(random.Random(1).randbytes(5000) + bytes(padding))


def test_repeated_blocks_may_be_ciphertext() -> None:
    assert ciphertext.is_possible(random.Random(1).randbytes(16) * 500 + random.Random(2).randbytes(5000))


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        CSV[:20],
        CSV.decode().encode("utf-16-le"),
        CSV.decode().encode("utf-16-be"),
        "Пациент Зарквон, дата рождения 3 марта 1981 года, диагноз".encode(),
        "病人扎夸恩，出生日期一九八一年三月三日，诊断结果为阳性，请勿外传给任何人。".encode("gbk") * 4,
        random.Random(1).randbytes(200_000) + CSV + random.Random(2).randbytes(200_000),
        zlib.compress(CSV * 20)[2:-4],
        makers.zipped({"a.csv": random.Random(1).randbytes(5000)}),
        random.Random(1).randbytes(3000) + makers.zipped({"a.csv": random.Random(1).randbytes(5000)}),
        b"\xff\xd8\xff\xe0" + random.Random(1).randbytes(5000),
        bytes(64),
        bytes(range(128)) * 40,
    ],
    ids=range(13),
)
def test_text_and_files_are_no_ciphertext(content: bytes) -> None:
    assert not ciphertext.is_possible(content)


# ------------------------------------------------------------------------------------------------ false claims


def fake_package() -> bytes:
    """Real encryption information, and a package that is plain text."""
    import olefile

    with olefile.OleFileIO(locked.office_agile(locked.DOCX)) as file:
        info = file.openstream("EncryptionInfo").read()
    return makers.compound({"EncryptionInfo": info, "EncryptedPackage": struct.pack("<Q", len(CSV)) + CSV * 8})


def fake_rights() -> bytes:
    names = {"\x06DataSpaces/TransformInfo/DRMEncryptedTransform/\x06Primary": b"x" * 40}
    return makers.compound({**names, "EncryptedPackage": struct.pack("<Q", len(CSV)) + CSV * 8})


def fake_zip(packed: bytes, method: int) -> bytes:
    """An entry with the headers of WinZip AES (AE-2) and its content in the clear."""
    sealed = bytes(16) + b"ab" + packed + bytes(10)
    extra = struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, method)
    name, head = b"a.csv", (20, 1, 99, 0, 33, 0, len(sealed), len(CSV), 5, len(extra))
    local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", *head) + name + extra + sealed
    central = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, *head, 0, 0, 0, 0, 0) + name + extra
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def fake_pgp(*packets: bytes) -> bytes:
    return b"".join(packets)


def packet(tag: int, body: bytes) -> bytes:
    return bytes([0xC0 | tag, 0xFF]) + struct.pack(">I", len(body)) + body


SESSION = packet(1, b"\3" + bytes(8) + b"\1" + random.Random(3).randbytes(260))
SEALED = packet(18, b"\1" + random.Random(4).randbytes(300))


def odt_in_clear() -> bytes:
    """A manifest that says content.xml is encrypted; it is packed only."""
    members = makers.odf_members("text", "<office:body/>")
    manifest = (
        '<m:manifest xmlns:m="m"><m:file-entry m:full-path="/" m:media-type="x"/>'
        '<m:file-entry m:full-path="content.xml" m:size="1"><m:encryption-data>'
        '<m:algorithm m:algorithm-name="http://www.w3.org/2001/04/xmlenc#aes256-cbc" m:initialisation-vector="AA=="/>'
        '<m:key-derivation m:iteration-count="1000" m:salt="AA=="/></m:encryption-data></m:file-entry></m:manifest>'
    )
    return makers.zipped({**members, "content.xml": CSV, "META-INF/manifest.xml": manifest})


def pdf(encryption: bytes, *others: bytes, more: bytes = b"", content: bytes = CSV) -> bytes:
    """A PDF whose trailer names an encryption dictionary, with its page as it is."""
    page = b"BT /F 12 Tf 50 700 Td (" + PLANTED.encode() + b") Tj ET" if content == CSV else content
    objects = makers.pdf_objects(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        makers.pdf_stream(page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        encryption,
        *others,
    )
    said = b"/ID[<30313233343536373839616263646566><30313233343536373839616263646566>]/Encrypt 6 0 R"
    return objects.replace(b"/Root 1 0 R", b"/Root 1 0 R" + said, 1) + more


def standard(*, filters: bytes = b"/StmF/StdCF/StrF/StdCF", cipher: bytes = b"AESV2", more: bytes = b"") -> bytes:
    """The encryption dictionary of a password that nobody knows."""
    owner, user = b"12" * 32, b"34" * 32
    method = b"/CF<</StdCF<</CFM/" + cipher + b"/Length 16/AuthEvent/DocOpen>>>>"
    head = b"<</Filter/Standard/V 4/R 4/Length 128/P -4/O<" + owner + b">/U<" + user + b">"
    return head + method + filters + more + b">>"


CERTIFICATE = (
    b"<</Filter/Adobe.PubSec/SubFilter/adbe.pkcs7.s5/V 5/Length 256/CF<</DefaultCryptFilter<</CFM/AESV3"
    b"/Recipients[<30>]>>>>/StmF/DefaultCryptFilter/StrF/DefaultCryptFilter>>"
)
LETTERS = b"%PDF-1.7\n% /Filter /Adobe.PubSec /V 5 /CFM /AESV3\n" + CSV
NOISE = random.Random(5).randbytes(600)

FALSE: dict[str, Callable[[], bytes]] = {
    "office": fake_package,
    "office, rights management": fake_rights,
    "zip, stored": lambda: fake_zip(CSV, 0),
    "zip, deflated": lambda: fake_zip(locked.deflated(CSV), 8),
    "pgp": lambda: SESSION + packet(18, b"\1" + CSV),
    "pgp, AEAD": lambda: SESSION + packet(20, b"\1\x09\1\6" + CSV),
    "pgp, armoured": lambda: locked.armored(SESSION + packet(18, b"\1" + CSV)),
    "odf": odt_in_clear,
    "smime": lambda: locked.cms_enveloped("2.16.840.1.101.3.4.1.42", CSV),
    "pdf, password": lambda: pdf(standard()),
    "pdf, certificate": lambda: pdf(CERTIFICATE),
    "pdf, strings": lambda: pdf(standard(), b"(" + CSV.replace(b"\n", b" ") + b")", content=NOISE),
}


@pytest.mark.parametrize("case", FALSE)
def test_claim_without_ciphertext_is_no_protection(case: str) -> None:
    documents = read(FALSE[case]())

    assert ciphertext.CLAIM in reasons(documents)
    assert {a.protection.state for a in documents.attachments} == {Grade.NONE}


@pytest.mark.parametrize("case", [name for name in FALSE if name not in ("pdf, strings", "zip, deflated")])
def test_what_it_claims_to_hide_is_read(case: str) -> None:
    assert places(read(FALSE[case]()))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (makers.compound({"EncryptedPackage": NOISE}), "encryption information is missing"),
        (SEALED, "OpenPGP data has no session key"),
    ],
)
def test_letters_of_a_scheme_are_no_encryption(content: bytes, why: str) -> None:
    documents = read(content)
    assert why in reasons(documents)
    assert documents.attachments[0].protection.state is Grade.NONE


def test_a_text_with_the_letters_of_a_scheme_is_read() -> None:
    documents = read(LETTERS)
    assert [a.protection.state for a in documents.attachments] == [Grade.NONE]
    assert places(documents)


@pytest.mark.parametrize(
    ("content", "scheme", "state"),
    [
        (pdf(CERTIFICATE, content=NOISE), "pdf-certificate-aes256", Grade.STRONG),
        (pdf(standard(), content=NOISE), "pdf-aes128", Grade.ADEQUATE),
        (pdf(standard(cipher=b"AESX9"), content=NOISE), "pdf-unknown", Grade.WEAK),
        (pdf(CERTIFICATE.replace(b"Adobe.PubSec", b"FOPN_fLock"), content=NOISE), "pdf-other-handler", Grade.WEAK),
        (SESSION + SEALED, "pgp", Grade.STRONG),
    ],
)
def test_what_may_be_ciphertext_keeps_its_grade(content: bytes, scheme: str, state: Grade) -> None:
    documents = read(content)
    assert [(a.protection.scheme, a.protection.state) for a in documents.attachments] == [(scheme, state)]
    assert documents.unscanned == ()


def test_one_clear_entry_does_not_take_the_lock_from_the_others() -> None:
    sealed = locked.zip_aes([("b.txt", b"Zarquon" * 20, True)])
    fake = fake_zip(CSV, 0)
    archive = locked.RawZip()
    for content, size in ((fake, fake.index(b"PK\1\2")), (sealed, sealed.index(b"PK\1\2"))):
        entry = bytearray(content[content.index(b"PK\1\2") : content.rindex(b"PK\5\6")])
        struct.pack_into("<I", entry, 42, len(archive.out))
        archive.out += content[:size]
        archive.central.append(bytes(entry))

    documents = read(archive.close())

    assert places(documents)
    assert ciphertext.CLAIM in reasons(documents)
    assert "zip-aes256" in {a.protection.scheme for a in documents.attachments}


# ------------------------------------------------------------------------------------------------ clear beside sealed


def with_metadata(text: str) -> bytes:
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(makers.simple_pdf("harmless"))) as document:
        with document.open_metadata() as metadata:
            metadata["dc:title"] = text
        encryption = pikepdf.Encryption(owner="o", user="u", R=6, metadata=False)
        document.save(out, encryption=encryption)
    return out.getvalue()


def attachments_only(page: str) -> bytes:
    """Only attached files are encrypted: the choice of three in the dialogue of Acrobat."""
    filters = b"/StmF/Identity/StrF/Identity/EFF/StdCF"
    text = b"BT /F 12 Tf 50 700 Td (" + page.encode() + b") Tj ET"
    return pdf(standard(filters=filters), makers.pdf_stream(NOISE, b"/Type/EmbeddedFile"), content=text)


def packaged(name: str) -> bytes:
    import olefile

    with olefile.OleFileIO(locked.office_agile(locked.DOCX)) as file:
        streams = {"/".join(path): file.openstream(path).read() for path in file.listdir()}
    body = struct.pack("<II", 0x1E, len(PLANTED) + 1) + PLANTED.encode() + b"\0"
    return makers.compound({**streams, name: bytes(48) + body + bytes(-len(body) % 4) + bytes(16)})


def odt_with(name: str, content: bytes) -> bytes:
    import zipfile

    out = io.BytesIO(locked.odt_locked("nothing"))
    with zipfile.ZipFile(out, "a") as package:
        package.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "scheme"),
    [
        (with_metadata(PLANTED), "pdf-aes256"),
        (attachments_only(PLANTED), "pdf-attachments-only"),
        (pdf(standard(), content=NOISE, more=CSV), "pdf-aes128"),
        (packaged("\x05SummaryInformation"), "office-agile"),
        (odt_with("Object 1/content.xml", f"<?xml version='1.0'?><data>{PLANTED}</data>".encode()), "odf-aes256"),
        (odt_with("notes.csv", CSV), "odf-aes256"),
        (SESSION + SEALED + locked.pgp_literal(CSV), "pgp"),
        (SESSION + SEALED + locked.pgp_compressed(CSV), "pgp"),
        (packet(6, b"\4" + bytes(60)) + locked.pgp_literal(CSV), "pgp-key"),
        (locked.armored(SESSION + SEALED).replace(b"\n\n", b"\nComment: " + PLANTED.encode() + b"\n\n", 1), "pgp"),
        (locked.armored(SESSION + SEALED) + locked.armored(locked.pgp_literal(CSV)), "pgp"),
    ],
    ids=range(11),
)
def test_clear_text_beside_the_lock_is_read(content: bytes, scheme: str) -> None:
    documents = read(content)
    assert places(documents)
    assert documents.attachments[0].protection.scheme == scheme
    assert documents.unscanned == ()


def test_attached_files_of_a_clear_pdf_have_a_lock_of_their_own() -> None:
    documents = read(attachments_only("harmless"))
    assert [(a.where, a.protection.scheme, a.protection.state) for a in documents.attachments] == [
        ("attachment 1", "pdf-attachments-only", Grade.NONE),
        ("attachment 1 > encrypted files", "pdf-aes128", Grade.ADEQUATE),
    ]


@pytest.mark.parametrize(
    "content",
    [
        SESSION + SEALED + packet(60, NOISE),
        SESSION + SEALED + packet(10, CSV),
        SESSION + SEALED + packet(21, CSV),
        packet(6, b"\4" + bytes(60)) + packet(12, CSV),
        packaged("payroll"),
        locked.armored(SESSION + SEALED) + b"-----BEGIN PGP MESSAGE-----\n\nabcd\n",
    ],
    ids=range(6),
)
def test_what_is_unknown_beside_the_lock_is_reported(content: bytes) -> None:
    assert reasons(read(content))


def test_partly_clear_scheme_that_stays_locked_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    from dlp_gateway.documents import formats, protection
    from dlp_gateway.documents.items import Locked

    lock = Locked("attachment 1", protection.graded("pdf-attachments-only"))
    monkeypatch.setitem(formats.READERS, "txt", lambda part, budget: iter([lock]))
    assert reasons(read(b"some words")) == {"encrypted in part, not read"}


@pytest.mark.parametrize("content", [locked.odt_locked("Zarquon"), locked.office_agile(locked.DOCX)])
def test_password_still_opens(content: bytes) -> None:
    documents = read(content, locked.PASSWORD)
    assert documents.attachments[0].protection.password_inside
    assert any("Zarquon" in t.text for t in documents.texts)


def test_manifest_of_many_open_entries_is_read_in_time() -> None:
    manifest = '<m:manifest xmlns:m="m">' + "<m:file-entry m:full-path='x'>" * 60_000
    members = makers.odf_members("text", "<office:body/>")
    read(makers.zipped({**members, "META-INF/manifest.xml": manifest}))
