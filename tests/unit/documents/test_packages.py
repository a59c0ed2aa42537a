"""Office packages: a member is left out for what it is, never for its name alone."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile

import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part, Role
from tests.unit.documents import locked, makers

PLANTED = "Zarquon Beeblebrox 5412880145605040"
TABLE = f"Name,Card\nZarquon,{PLANTED}\n".encode()
# A workbook of one sheet with one cell (MS-XLSB): book, bundle, sheet; sheet, dimension, data, row, cell "Totals".
WORKBOOK = bytes.fromhex(
    "8301008f01009c0124000000000100000004000000720049006400310006000000530068006500650074003100900100840100"
)
SHEET = bytes.fromhex(
    "81010094011000000000000000000000000000000000910100001500000000000000002c0100000000000000000000000618"
    "00000000000000000600000054006f00740061006c007300920100820100"
)


def read(members: dict[str, bytes | str]) -> Documents:
    return read_parts([Part("attachment 1", makers.zipped(members))], budget=DocumentBudget())


def places(documents: Documents) -> list[str]:
    return [text.where for text in documents.texts if PLANTED in text.text]


def docx(more: dict[str, bytes | str]) -> dict[str, bytes | str]:
    return {**makers.docx_members(makers.paragraph(makers.CLEAN)), **more}


def xlsb(more: dict[str, bytes | str]) -> dict[str, bytes | str]:
    related = (
        f'<Relationships xmlns="{makers.PR}"><Relationship Id="rId1" Type="{makers.R}/worksheet" '
        'Target="worksheets/sheet1.bin"/></Relationships>'
    )
    return {
        "[Content_Types].xml": "<Types/>",
        "xl/workbook.bin": WORKBOOK,
        "xl/_rels/workbook.bin.rels": related,
        "xl/worksheets/sheet1.bin": SHEET,
        **more,
    }


def printer_settings(printer: str) -> bytes:
    """The start of a DEVMODE structure."""
    return printer.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<HHHH", 0x401, 6, 220, 0) + bytes(148)


def obfuscated_font() -> bytes:
    tags = (b"OS/2", b"cmap", b"cvt ", b"glyf", b"head", b"name")
    directory = b"".join(struct.pack(">4sIII", tag, 0, 12 + 16 * len(tags), 4) for tag in tags)
    font = b"\0\1\0\0" + struct.pack(">HHHH", len(tags), 64, 2, 32) + directory + bytes(40)
    return bytes(octet ^ 0x5A for octet in font[:32]) + font[32:]


@pytest.mark.parametrize(
    "name",
    [
        "_xmlsignatures/payroll.csv",
        "_xmlsignatures/sig1.xml",
        "word/theme/theme1.xml",
        "word/fonts/font1.odttf",
        "word/stylesWithEffects.xml",
        "word/webSettings.xml",
        "word/fontTable.xml",
        "word/vbaProjectSignature.bin",
        "xl/printerSettings/printerSettings1.bin",
    ],
)
@pytest.mark.parametrize(
    "content",
    [
        TABLE,
        b"<note>" + PLANTED.encode() + b"</note>",
        makers.docx("page", PLANTED),
        b'<?xml version="1.0"?><a:theme xmlns:a="x"><a:t>' + PLANTED.encode() + b"</a:t></a:theme>",
    ],
    ids=["table", "other XML", "document", "text between the tags"],
)
def test_a_file_under_the_name_of_machinery_is_read(name: str, content: bytes) -> None:
    assert places(read(docx({name: content})))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("word/theme/theme1.xml", makers.xml(f'<a:theme xmlns:a="x" name="{PLANTED}"><a:font/> </a:theme>')),
        (
            "word/styles.xml",
            "\ufeff" + makers.xml(f'<w:styles xmlns:w="x"><w:style w:val="{PLANTED}"/>\r\n</w:styles>'),
        ),
        ("word/webSettings.xml", f"<!-- {PLANTED} --><!DOCTYPE x><w:webSettings xmlns:w='x'/>"),
        ("_xmlsignatures/sig1.xml", f"<Signature><DigestValue>{PLANTED}</DigestValue></Signature>"),
        ("word/fonts/font1.odttf", obfuscated_font()),
        ("ppt/fonts/font1.fntdata", struct.pack("<I", 80) + bytes(30) + b"LP" + bytes(44)),
    ],
)
def test_machinery_is_left_out(name: str, content: bytes | str) -> None:
    documents = read(docx({name: content}))
    assert not places(documents)
    assert documents.unscanned == ()


def test_printer_settings_hold_nothing_but_names() -> None:
    documents = read(docx({"xl/printerSettings/printerSettings1.bin": printer_settings("Printer on the third floor")}))
    assert documents.unscanned == ()
    assert [text.role for text in documents.texts if "Printer on" in text.text] == [Role.METADATA]


RDF = makers.xml(f"<rdf:RDF xmlns:rdf='r'><rdf:Description>{PLANTED}</rdf:Description></rdf:RDF>").encode()


@pytest.mark.parametrize(
    "name",
    [
        "Thumbnails/payroll.csv",
        "Thumbnails/thumbnail.png",
        "META-INF/payroll.csv",
        "META-INF/documentsignatures.xml",
        "Configurations2/accelerator/current.xml",
        "layout-cache",
        "settings.xml",
        "manifest.rdf",
    ],
)
@pytest.mark.parametrize(
    "content", [TABLE, b"<note>" + PLANTED.encode() + b"</note>", makers.docx("page", PLANTED), RDF]
)
def test_a_file_under_the_name_of_machinery_of_opendocument_is_read(name: str, content: bytes) -> None:
    documents = read(makers.odf_members("text", "<text:p>hello</text:p>", {name: content}))
    assert places(documents) or documents.unscanned


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("Thumbnails/thumbnail.png", makers.png(256, 180)),
        ("META-INF/documentsignatures.xml", "<document-signatures><X509>MIIB</X509></document-signatures>"),
        ("Configurations2/accelerator/current.xml", ""),
        ("Configurations2/toolbar/custom.xml", makers.xml("<toolbar:toolbar xmlns:toolbar='x'/>")),
        ("layout-cache", b"\1\2\xff\xfe\0\0\x10\x11" * 4),
        (
            "settings.xml",
            makers.xml("<office:document-settings xmlns:office='o'><a>true</a></office:document-settings>"),
        ),
        (
            "manifest.rdf",
            makers.xml("<rdf:RDF xmlns:rdf='r'>\n  <rdf:Description rdf:about='content.xml'/>\n</rdf:RDF>"),
        ),
    ],
)
def test_machinery_of_opendocument_is_left_out(name: str, content: bytes | str) -> None:
    alone = read(makers.odf_members("text", "<text:p>hello</text:p>"))
    documents = read(makers.odf_members("text", "<text:p>hello</text:p>", {name: content}))
    assert (documents.texts, documents.unscanned) == (alone.texts, ())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("xl/embeddings/oleObject1.bin", makers.ole_package("note.txt", PLANTED.encode())),
        ("xl/x.bin", TABLE),
        ("xl/worksheets/sheet9.bin", TABLE),
        ("xl/media/image1.bin", TABLE),
        ("xl/comments1.bin", b"\x01\x02\xfe\xff" * 9 + PLANTED.encode("utf-16-le") + b"\xfe\xff" * 9),
        ("xl/comments1.bin", b"\x01\x02\xfe\xff" * 9 + PLANTED.encode() + b"\xfe\xff" * 9),
    ],
)
def test_every_member_of_a_binary_workbook_is_read(name: str, content: bytes) -> None:
    documents = read(xlsb({name: content}))
    assert documents.attachments[0].type == "xlsb"
    assert places(documents)
    assert documents.unscanned == ()


def test_a_binary_workbook_of_its_usual_members_is_read() -> None:
    usual = (
        "calcChain",
        "comments1",
        "worksheets/binaryIndex1",
        "pivotCache/pivotCacheRecords1",
    )
    documents = read(xlsb({f"xl/{name}.bin": b"\x83\x01\x00\x84\x01\x00\xfe\xff" for name in usual}))
    assert documents.unscanned == ()
    assert any("Totals" in text.text for text in documents.texts)


def test_unknown_data_in_a_binary_workbook_is_reported() -> None:
    assert read(xlsb({"xl/x.bin": b"\x83\x01\x00\x84\xfe\xff\x05\x06" * 9})).unscanned


@pytest.mark.parametrize(
    ("choice", "chosen"),
    [('<w:result w:val="1"/>', "ill"), ('<w:default w:val="1"/>', "ill"), ("", "fit"), ('<w:result w:val="9"/>', "")],
)
def test_the_chosen_entry_of_a_drop_down_stands_where_it_is_shown(choice: str, chosen: str) -> None:
    entries = '<w:listEntry w:val="fit"/><w:listEntry w:val="ill"/><w:listEntry w:val="dismissed"/>'
    field = f"<w:r><w:fldChar><w:ffData><w:ddList>{choice}{entries}</w:ddList></w:ffData></w:fldChar></w:r>"
    said = f"<w:p><w:r><w:t>Jane Doe is </w:t></w:r>{field}<w:r><w:t>.</w:t></w:r></w:p>"

    documents = read(makers.docx_members(said))

    text = next(text.text for text in documents.texts if "Jane Doe" in text.text)
    assert f"Jane Doe is {chosen}." in text
    assert "dismissed" in text


def test_a_drawing_of_excel_that_is_no_xml_is_read() -> None:
    label = f"<xml xmlns:v='v'><v:textbox><div><font>Press here<br>to print {PLANTED}</font></div></v:textbox></xml>"
    sheets = {"Sheet1": (makers.sheet_xml(makers.inline_row(1, "a", "b")), "")}

    documents = read(makers.xlsx_members(sheets, {"xl/drawings/vmlDrawing1.vml": label}))

    assert places(documents)
    assert documents.unscanned == ()


def test_an_archive_that_only_others_open_is_reported() -> None:
    archive = bytearray(makers.zipped({"a.txt": PLANTED}))
    end = archive.rindex(b"PK\5\6")
    archive[end + 4 : end + 8] = struct.pack("<HH", 1, 1)  # the number of this volume, and of the first

    documents = read_parts([Part("attachment 1", gzip.compress(b"x") + bytes(archive))], budget=DocumentBudget())

    assert "archive is one volume of several" in [entry.why for entry in documents.unscanned]


@pytest.mark.parametrize(
    "name",
    ["META-INF/staff.txt", "Thumbnails/staff.txt", "Configurations2/staff.txt", "settings.xml", "notes.rdf", "a.txt"],
)
@pytest.mark.parametrize("content", [TABLE, RDF], ids=["table", "rdf"])
def test_what_an_encrypted_package_of_opendocument_leaves_in_the_clear_is_read(name: str, content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(locked.odt_locked("harmless"))) as package:
        members = {member: package.read(member) for member in package.namelist()}
    documents = read_parts(
        [Part("attachment 1", makers.zipped({**members, name: content}, store=True))], budget=DocumentBudget()
    )
    assert documents.attachments[0].protection.scheme == "odf-aes256"
    assert places(documents)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("word/document2.xml", f'<w:tbl xmlns:w="w"><w:tblPr><w:tblCaption w:val="{PLANTED}"/></w:tblPr></w:tbl>'),
        ("word/document2.xml", f'<w:tbl xmlns:w="w"><w:tblPr><w:tblDescription w:val="{PLANTED}"/></w:tblPr></w:tbl>'),
        ("word/document2.xml", f'<w:p xmlns:w="w"><w:fldSimple w:instr="QUOTE {PLANTED}"/></w:p>'),
        ("xl/ctrlProps/ctrlProp1.xml", f'<formControlPr><itemLst><item val="{PLANTED}"/></itemLst></formControlPr>'),
        ("xl/tables/table1.xml", f'<table comment="{PLANTED}"/>'),
        ("xl/tables/table1.xml", f'<table><tableColumn totalsRowLabel="{PLANTED}"/></table>'),
    ],
    ids=["caption", "description", "field", "list", "table", "total"],
)
def test_words_in_attributes_are_read(name: str, content: str) -> None:
    assert places(read(docx({name: makers.xml(content)})))
