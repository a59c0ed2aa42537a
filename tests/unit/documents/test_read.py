"""The dispatcher: content decides, every type that fits is read, and failures are never "no text"."""

from __future__ import annotations

import base64
import zlib

import pytest

from dlp_gateway.documents import claims, formats, sniff
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Reader
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part, Reading, Role, Text, Unscanned
from tests.unit.documents import locked, makers

PLANTED = "Zarquon Beeblebrox 5412880145605040"
MAIL = b"From: a@example.org\r\nTo: b@example.net\r\nSubject: Hello\r\n\r\n" + PLANTED.encode() + b"\r\n"


def read_mail(content: bytes) -> Reading:
    head, _, body = content.partition(b"\r\n\r\n")
    texts = (Text("subject", head.decode("latin-1"), Role.SUBJECT), Text("body", body.decode("latin-1"), Role.BODY))
    parts = (Part("attachment 1", base64.b64decode(body[5:]), ("in.bin",)),) if body.startswith(b"FILE:") else ()
    ambiguous = (Unscanned("header", "two From fields"),) if head.count(b"From:") > 1 else ()
    return Reading(texts=texts, parts=parts, ambiguous=ambiguous)


def read(content: bytes, *, name: str = "", mail: bool = True) -> Documents:
    part = Part("attachment 1", content, (name,) if name else ())
    return read_parts([part], budget=DocumentBudget(), read_mail=read_mail if mail else None)


def places(documents: Documents) -> list[str]:
    return [t.where for t in documents.texts if PLANTED in t.text]


@pytest.mark.parametrize("name", ["a.jpg", "a.txt", "a.docx", "a.pdf", "a", "a.exe", "\u202etxt.exe"])
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("docx", makers.docx("page", PLANTED)),
        ("xlsx", makers.xlsx("cell", PLANTED)),
        ("pdf", makers.pdf("page", PLANTED)),
        ("rtf", makers.rtf("page", PLANTED)),
        ("odt", makers.odt("page", PLANTED)),
        ("zip", makers.zipped({"x": PLANTED})),
        ("txt", PLANTED.encode()),
        ("msg", makers.msg("s", PLANTED)),
        ("tnef", makers.tnef("s", PLANTED)),
        ("eml", MAIL),
    ],
)
def test_content_decides_not_the_name(kind: str, content: bytes, name: str) -> None:
    documents = read(content, name=name)
    assert documents.attachments[0].type == kind
    assert places(documents)


PAGE = "Zarquon Beeblebrox 541288<!--17-->0145605040"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PAGE, "txt"),
        ("Content-Type: x<br>" + PAGE, "eml"),
        ("[<p>" + PAGE + "]", "json"),
        ("<x-a>" + PAGE + "</x-a>", "xml"),
        ("BEGIN:VCARD<br>" + PAGE, "vcf"),
    ],
)
@pytest.mark.parametrize(
    ("names", "declared"),
    [
        ((), ("text/html",)),
        ((), ("application/xhtml+xml",)),
        (("note.html",), ()),
        (("NOTE.HTM",), ("text/plain",)),
        (("note.txt", "note.xhtml. "), ("application/octet-stream",)),
    ],
)
def test_text_is_read_as_the_page_that_name_or_type_make_of_it(
    content: str, kind: str, names: tuple[str, ...], declared: tuple[str, ...]
) -> None:
    part = Part("attachment 1", content.encode(), names, declared)
    documents = read_parts([part], budget=DocumentBudget(), read_mail=read_mail)
    assert documents.attachments[0].type == kind
    assert places(documents)


@pytest.mark.parametrize(
    ("content", "name", "declared"),
    [
        ("DESCRIPTION;ENCODING=QUOTED-PRINTABLE:Zarquon=20Beeblebrox=205412880145605040", "a.ics", ""),
        ("DESCRIPTION;ENCODING=QUOTED-PRINTABLE:Zarquon=20Beeblebrox=205412880145605040", "", "text/calendar"),
        ("NOTE:Zarquon\\nBee\n blebrox", "a.vcf", ""),
        ("Subject: x\r\n\r\n" + PLANTED, "a.eml", ""),
    ],
)
def test_text_is_read_as_the_calendar_or_mail_that_it_claims_to_be(content: str, name: str, declared: str) -> None:
    part = Part("attachment 1", content.encode(), (name,) if name else (), (declared,) if declared else ())
    documents = read_parts([part], budget=DocumentBudget(), read_mail=read_mail)
    assert places(documents) or any("Zarquon\nBeeblebrox" in text.text for text in documents.texts)


@pytest.mark.parametrize(
    ("content", "name", "declared"),
    [
        (b"just words, a name and a number", "a.txt", "text/plain"),
        (b"just words, a name and a number", "a.eml", ""),
        (b"<html><body>words</body></html>", "a.html", "text/html"),
        (b"BEGIN:VCARD\nFN:Jane\nEND:VCARD\n", "a.vcf", "text/vcard"),
        (b"a,b\n1,2\n", "a.csv", "text/csv"),
        (makers.png(), "a.html", "text/html"),
    ],
)
def test_what_its_bytes_tell_is_read_once(content: bytes, name: str, declared: str) -> None:
    part = Part("attachment 1", content, (name,), (declared,))
    assert claims.kinds(part, sniff.kinds(content)) == ()


@pytest.mark.parametrize(
    "content",
    [
        makers.png() + makers.zipped({"a.txt": PLANTED}),
        b"GIF89a" + bytes(20) + makers.zipped({"a.txt": PLANTED}),
        makers.jpeg() + makers.zipped({"a.txt": PLANTED}),
        makers.simple_pdf("harmless") + makers.zipped({"a.txt": PLANTED}),
        makers.zipped({"a.txt": "harmless"}) + makers.simple_pdf(PLANTED),
        b"words in front\n" * 50 + makers.zipped({"a.txt": PLANTED}),
        b"junk" * 50 + makers.simple_pdf(PLANTED),
        makers.png() + PLANTED.encode() * 3,
        makers.zipped({"a.txt": "harmless"}) + PLANTED.encode() * 3,
        (PLANTED.encode() * 3) + makers.zipped({"a.txt": "harmless"}),
        makers.docx("page", "harmless") + makers.simple_pdf(PLANTED),
    ],
    ids=range(11),
)
def test_a_file_that_is_two_things_is_read_as_both(content: bytes) -> None:
    documents = read(content)
    assert places(documents)


@pytest.mark.parametrize(
    "content",
    [
        makers.msg("s", "b", attachments={"a.docx": makers.docx("page", PLANTED)}),
        makers.tnef("s", "b", attachments={"a.docx": makers.docx("page", PLANTED)}),
        makers.zipped({"a.docx": makers.docx("page", PLANTED)}, store=True),
        makers.zipped({"a.pdf": makers.simple_pdf(PLANTED)}, store=True),
        makers.zipped({**makers.docx_members(""), "word/embeddings/a.docx": makers.docx("page", PLANTED)}, store=True),
    ],
    ids=["msg", "tnef", "docx in zip", "pdf in zip", "docx in docx"],
)
def test_file_stored_at_the_end_of_another_is_no_polyglot(content: bytes) -> None:
    documents = read(content)
    assert places(documents)
    assert documents.unscanned == ()


def test_entry_that_only_a_local_header_shows_is_read() -> None:
    archive = locked.RawZip()
    for name, said, listed in ((b"a.txt", b"harmless", True), (b"b.txt", PLANTED.encode(), False)):
        archive.add(name, locked.deflated(said), len(said), zlib.crc32(said), listed=listed)
    assert places(read(archive.close()))


def test_both_names_of_an_entry_are_read() -> None:
    archive = locked.RawZip()
    said = b"harmless"
    archive.add(PLANTED.encode(), locked.deflated(said), len(said), zlib.crc32(said), central_name=b"plan.txt")
    names = next(t for t in read(archive.close()).texts if t.role is Role.FILENAME)
    assert {PLANTED, "plan.txt"} <= set(names.text.splitlines())


@pytest.mark.parametrize(
    "wrap",
    [
        base64.encodebytes,
        lambda c: b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(c) + b"-----END CERTIFICATE-----\n",
        lambda c: base64.b64encode(c),
        lambda c: base64.urlsafe_b64encode(c),
    ],
)
def test_base64_around_a_file(wrap: object) -> None:
    content = wrap(makers.docx("page", PLANTED))  # type: ignore[operator]
    assert places(read(content, name="key.txt"))


def test_base64_around_a_table() -> None:
    rows = b"name,tfn\n" + b"Zarquon Beeblebrox 5412880145605040,735278579\n" * 3
    assert places(read(base64.encodebytes(rows)))


def test_words_that_happen_to_be_base64_letters_stay_words() -> None:
    said = "ZarquonBeeblebroxIsAWordWithoutAnySpacesInItAndItGoesOnForMoreThanSixtyFourLetters"
    assert [t.text for t in read(said.encode()).texts] == [said]


def test_uuencoded_file_in_a_text_file() -> None:
    import binascii

    data = PLANTED.encode()
    content = b"hello\nbegin 644 a.txt\n" + binascii.b2a_uu(data) + b"`\nend\n"
    assert places(read(content))


def test_nested_mail_keeps_its_places_and_is_no_subject_of_ours() -> None:
    documents = read(makers.zipped({"m.eml": MAIL}))
    assert places(documents) == ["attachment 1 > file 1 > body"]
    assert Role.SUBJECT not in {t.role for t in documents.texts}


def test_file_in_nested_mail_is_followed() -> None:
    inner = base64.b64encode(makers.docx("comment", PLANTED))
    documents = read(MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\nFILE:" + inner)
    assert places(documents) == ["attachment 1 > attachment 1 > comments"]


def test_ambiguity_of_nested_mail_is_reported() -> None:
    documents = read(b"From: x@example.org\r\n" + MAIL)
    assert Unscanned("attachment 1 > header", "two From fields") in documents.unscanned


def test_nested_mail_without_a_reader_is_not_read() -> None:
    assert read(MAIL, mail=False).unscanned == (Unscanned("attachment 1", "mail inside the attachment is not read"),)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"MZ" + bytes(200), "executable"),
        (bytes(range(256)) * 4, "unknown"),
        (b"SQLite format 3\0" + bytes(100), "sqlite"),
    ],
)
def test_unknown_content_is_reported(content: bytes, kind: str) -> None:
    assert read(content).unscanned == (Unscanned("attachment 1", f"files of type {kind} are not read"),)


def test_empty_part_is_nothing() -> None:
    documents = read(b"")
    assert (documents.texts, documents.unscanned, documents.attachments[0].type) == ((), (), "empty")


@pytest.mark.parametrize("error", [ValueError("Zarquon"), RecursionError(), MemoryError(), KeyError("Zarquon")])
def test_failing_reader_is_reported_without_its_message(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fails(*_: object) -> object:
        raise error

    failing: dict[str, Reader] = {**formats.READERS, "txt": fails}  # type: ignore[dict-item]
    monkeypatch.setattr("dlp_gateway.documents.read.READERS", failing)

    parts = [Part("attachment 1", b"words"), Part("attachment 2", makers.docx("page", PLANTED))]
    documents = read_parts(parts, budget=DocumentBudget())

    assert [u.where for u in documents.unscanned] == ["attachment 1"]
    assert "Zarquon" not in repr(documents.unscanned)
    assert places(documents) == ["attachment 2 > text"]


def test_reader_that_fails_half_way_keeps_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def half(part: Part, _: DocumentBudget) -> object:
        yield Text(part.where, PLANTED, Role.DOCUMENT)
        raise ValueError

    failing: dict[str, Reader] = {**formats.READERS, "txt": half}  # type: ignore[dict-item]
    monkeypatch.setattr("dlp_gateway.documents.read.READERS", failing)
    documents = read(b"words")
    assert places(documents)
    assert documents.unscanned


def test_every_sniffed_type_is_read_passed_or_reported() -> None:
    assert not set(formats.READERS) & formats.PASSED


def test_names_are_hints_of_the_text_inside() -> None:
    documents = read(makers.docx("page", PLANTED), name="sick-note.docx")
    assert next(t for t in documents.texts if PLANTED in t.text).hints == ("sick-note.docx",)


def test_pictures_inside_documents_get_no_record_of_their_own() -> None:
    members = {**makers.docx_members(makers.paragraph("x")), "word/media/image1.png": makers.png(1200, 900)}
    documents = read(makers.zipped(members))
    assert [a.where for a in documents.attachments] == ["attachment 1"]
    assert documents.unscanned == (Unscanned("attachment 1 > picture 1", "picture not read (1200 x 900)"),)


def test_locked_file_inside_a_document_is_on_record() -> None:
    members = {**makers.docx_members(makers.paragraph("x")), "word/embeddings/a.docx": locked.office_agile(locked.DOCX)}
    documents = read(makers.zipped(members))
    assert [a.protection.scheme for a in documents.attachments] == ["none", "office-agile"]


def test_two_members_of_one_name_are_reported() -> None:
    second = makers.word_part("document", makers.paragraph(PLANTED)).encode()
    archive = locked.RawZip()
    for body in (makers.word_part("document", makers.paragraph("harmless")).encode(), second):
        archive.add(b"word/document.xml", locked.deflated(body), len(body), zlib.crc32(body))
    types = b"<Types/>"
    archive.add(b"[Content_Types].xml", locked.deflated(types), len(types), zlib.crc32(types))
    assert read(archive.close()).unscanned


def der_certificate() -> bytes:
    """The certificate out of a signed message: the first SEQUENCE in its [0] field."""
    signed = locked.cms_signed(b"x")
    body = signed[signed.index(b"\xa0\x82", 20) + 4 :]
    size = int.from_bytes(body[2:4], "big") + 4
    return body[:size]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\0\x05\x16\x07\0\x02\0\0Mac OS X" + bytes(20) + PLANTED.encode() + bytes(9), PLANTED),
        (b"\0\0\0\x01Bud1" + bytes(20) + PLANTED.encode("utf-16-be") + bytes(9), PLANTED),
        (der_certificate(), "Common Name: Test"),
    ],
    ids=["resource fork", "folder settings", "certificate"],
)
def test_companions_of_other_files_do_not_hold_a_message(content: bytes, said: str) -> None:
    documents = read(content)
    assert any(said in t.text for t in documents.texts)
    assert documents.unscanned == ()


def test_zeros_are_nothing() -> None:
    assert read(bytes(1000)).unscanned == ()


def test_private_key_in_der_is_marked() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    content = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert any("PRIVATE KEY" in t.text for t in read(content).texts)


@pytest.mark.parametrize(
    "said",
    [
        "A file that does not start with %PDF-1.4 is not opened by the printer. " + PLANTED,
        "%PDF-1.7 is what the first line says. " + PLANTED,
    ],
)
def test_a_text_that_speaks_of_pdf_is_text(said: str) -> None:
    documents = read(said.encode())
    assert documents.attachments[0].type == "txt"
    assert places(documents)
    assert documents.unscanned == ()


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n", b"%PDF-1.4\nstartxref\n0\n%%EOF", b"%PDF-1.4\n\0\1\2 words", b"%PDF-\0"],
)
def test_what_begins_like_a_pdf_stays_one(content: bytes) -> None:
    assert read(content).attachments[0].type == "pdf"
