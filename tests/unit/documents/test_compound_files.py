"""Compound files: the root storage tells what they are, and every stream is read, known to say nothing, or reported."""

from __future__ import annotations

import contextlib
import struct
import time
from pathlib import Path

import olefile
import pytest

from dlp_gateway.documents import ole, pivot97, sniff
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Unreadable
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Grade, Part, Text
from tests.unit.documents import locked, makers

PLANTED = "Zarquon Beeblebrox 5412880145605040"
WIDE = PLANTED.encode("utf-16-le")
FILES = Path(__file__).parent / "files"
UNREAD = "compound files of this type are not read"
JPEG = makers.jpeg(40, 20, (0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"))
BINARY = bytes(range(1, 256)) * 20  # no file of any type, no text


def read(content: bytes) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget())


def places(documents: Documents) -> list[str]:
    return [t.where for t in documents.texts if PLANTED in t.text]


def reasons(documents: Documents) -> set[str]:
    return {u.why for u in documents.unscanned}


def streams(name: str) -> dict[str, bytes]:
    with olefile.OleFileIO(FILES / name) as file:
        return {"/".join(path): file.openstream(path).read() for path in file.listdir()}


def native(name: str, data: bytes) -> bytes:
    return olefile.OleFileIO(makers.ole_package(name, data)).openstream("\x01Ole10Native").read()


def inside(storage: str, found: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{storage}/{name}": data for name, data in found.items()}


XLS, DOC = streams("places.xls"), streams("places.doc")
ATTACHED = "__attach_version1.0_#00000000"
RECORDS = struct.pack("<HH", 0x0809, 16) + struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def words(text: str) -> bytes:
    return struct.pack("<HB", len(text), 0) + text.encode("latin-1")


# ------------------------------------------------------------------------------------------------ what a file is


@pytest.mark.parametrize(
    ("content", "kinds"),
    [
        (makers.msg("s", PLANTED), ("msg",)),
        (makers.msg("s", PLANTED, attachments={"a.docx": locked.office_agile(locked.DOCX)}), ("msg",)),
        (makers.msg("s", PLANTED + " EncryptedPackage WordDocument"), ("msg",)),
        (makers.compound(XLS), ("xls",)),
        (makers.compound({**XLS, "MBD00012345/\x01Ole10Native": native("m.msg", makers.msg("s", "b"))}), ("xls",)),
        (makers.compound({**XLS, "MBD00012345/WordDocument": DOC["WordDocument"]}), ("xls",)),
        (makers.compound({**DOC, "ObjectPool/_1/Workbook": XLS["Workbook"]}), ("doc",)),
        (makers.compound({**DOC, "note": "EncryptedPackage __properties_version1.0".encode("utf-16-le")}), ("doc",)),
        (locked.office_agile(locked.DOCX), ("ooxml-encrypted",)),
        (makers.compound({name.upper(): data for name, data in DOC.items()}), ("doc",)),
        (makers.compound({**DOC, **XLS}), ("ole",)),
        (makers.compound({"VisioDocument": BINARY}), ("ole",)),
        (makers.compound(XLS)[:600], ("ole",)),
    ],
    ids=range(13),
)
def test_root_storage_tells_the_type(content: bytes, kinds: tuple[str, ...]) -> None:
    assert sniff.kinds(content) == kinds


@pytest.mark.parametrize(
    "content",
    [
        makers.msg("s", PLANTED, attachments={"a.docx": locked.office_agile(locked.DOCX)}),
        makers.compound({**XLS, "MBD00012345/\x01Ole10Native": native("m.msg", makers.msg("s", PLANTED))}),
        makers.compound({**XLS, **inside("MBD00012345", makers.msg_streams("s", PLANTED))}),
    ],
    ids=["message with a locked file", "mail packaged in a workbook", "mail as an object in a workbook"],
)
def test_what_is_embedded_does_not_hide_the_rest(content: bytes) -> None:
    documents = read(content)
    assert places(documents)
    assert documents.unscanned == ()
    assert documents.attachments[0].protection.state is Grade.NONE


def test_root_of_two_documents_is_read_as_both() -> None:
    documents = read(makers.compound({**DOC, **XLS}))
    for said in ("Zarquon tab", "Zarquon note 5412880145605040"):
        assert any(said in t.text for t in documents.texts)


def test_damaged_object_does_not_end_the_reading() -> None:
    documents = read(makers.compound({**XLS, "MBD00012345/WordDocument": bytes(600)}))
    assert reasons(documents) == {"Word document is damaged"}
    assert any("Zarquon cell" in t.text for t in documents.texts)


# ------------------------------------------------------------------------------------------------ nothing passes unread


@pytest.mark.parametrize(
    "content",
    [
        {"\x05SummaryInformation": bytes(100), "VisioDocument": b"Visio (TM) Drawing\r\n\0" + WIDE + BINARY},
        {"a/Var2Data": WIDE + BINARY, "logo": makers.png(), "Props": b"1", "\x01CompObj": b"x" * 60},
        {"Equation Native": bytes(40), "Quill": BINARY},
        {"VBA/Module1": bytes(33) + makers.vba_compress(b"Attribute VB_Name"), "PROJECT": b"ID", "Quill": BINARY},
        {"logo": makers.png() + BINARY},
        {**XLS, "Quill": BINARY},
        {**DOC, "ObjectPool/_1/VisioDocument": BINARY},
        {**DOC, "\x09DRMContent": BINARY},
        {**makers.msg_streams("s", "b"), "payroll": BINARY},
        {**makers.msg_streams("s", "b"), f"{ATTACHED}/__substg1.0_3701000D/CONTENTS": BINARY},
        {**makers.msg_streams("s", "b"), f"{ATTACHED}/payroll/x": BINARY},
        {"\x01Ole10Native": struct.pack("<I", len(BINARY)) + BINARY},
    ],
    ids=range(12),
)
def test_stream_that_nobody_knows_is_reported(content: dict[str, bytes]) -> None:
    assert reasons(read(makers.compound(content))) & {UNREAD, "files of type unknown are not read"}


@pytest.mark.parametrize(
    "content",
    [
        {"\x01Ole": bytes(20), "\x01CompObj": b"x" * 90, "\x03ObjInfo": bytes(6), "Equation Native": bytes(80)},
        {"\x01Ole": bytes(20), "\x02OlePres000": bytes(40) + BINARY, "\x03MailStream": bytes(12)},
        {"1_a0b1": b"\x0c\0\0\0\1\0\0\0\xff\xff\0\0" + JPEG, "Catalog": "holiday.jpg".encode("utf-16-le")},
        {
            "\x01CompObj": bytes(28) + b"Forms.TextBox.1",
            "contents": b"\0\2" + BINARY,
            "\x03OCXNAME": "Box1".encode("utf-16-le"),
        },
        {
            "\x01Ole": bytes(20),
            "CONTENTS": struct.pack("<IiiHHIIiiII", 40, 9, 9, 1, 24, 0, 0, 0, 0, 0, 0) + BINARY[:252],
        },
        {**XLS, "Ctls": BINARY, "_VBA_PROJECT_CUR/PROJECT": b"ID", "_VBA_PROJECT_CUR/VBA/dir": BINARY},
        {**XLS, "_SX_DB_CUR/0001": record(0xC7, bytes(14) + words("Name")) + record(0xCD, words("x"))},
        {
            **DOC,
            "MsoDataStore/A/Item": b"<?xml version='1.0'?><data>words</data>",
            "MsoDataStore/A/Properties": b"<?xml version='1.0'?><b/>",
        },
        {**DOC, "ObjectPool/_1/\x01CompObj": b"x" * 90, "ObjectPool/_1/Equation Native": bytes(80)},
        {**makers.msg_streams("s", "b"), "__nameid_version1.0/__substg1.0_00020102": BINARY},
    ],
    ids=range(10),
)
def test_what_office_writes_is_not_reported(content: dict[str, bytes]) -> None:
    assert not reasons(read(makers.compound(content))) - {"picture not read (963 x 275)"}


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ({**makers.msg_streams("s", "b"), **inside(f"{ATTACHED}/__substg1.0_3701000D", XLS)}, "sheet 1"),
        ({**makers.msg_streams("s", "b"), "payroll": PLANTED.encode() * 3}, "file"),
        ({**XLS, "Quill": PLANTED.encode() * 3}, "file"),
        ({**DOC, "MsoDataStore/A/Item": f"<?xml version='1.0'?><data>{PLANTED}</data>".encode()}, "file"),
        ({"\x02OlePres000": bytes(40) + WIDE + BINARY, "\x01Ole": bytes(20)}, "object"),
        ({**XLS, "Revision Log": RECORDS + record(0x13B, bytes(20) + WIDE)}, "changes"),
        ({"\x01Ole10Native": struct.pack("<I", 105) + PLANTED.encode() * 3}, "file"),
    ],
    ids=range(7),
)
def test_what_stands_beside_is_read(content: dict[str, bytes], where: str) -> None:
    said = "Zarquon cell" if where == "sheet 1" else PLANTED
    documents = read(makers.compound(content))
    assert [t.where for t in documents.texts if said in t.text and t.where.endswith(where)]


# ------------------------------------------------------------------------------------------------ records of workbooks


def workbook(*more: bytes) -> bytes:
    """The workbook of the test files with records put in front of the first sheet's entry."""
    stream = XLS["Workbook"]
    return makers.compound({**XLS, "Workbook": stream[:20] + b"".join(more) + stream[20:]})


@pytest.mark.parametrize(
    "more",
    [
        record(0x5A, bytes([0, 0, 0, 0, 2]) + words(PLANTED)),
        record(0x5A, bytes([2, 0, 0, 0, 1]) + struct.pack("<d", 3) + bytes(9) + b"\2" + words(PLANTED)),
        record(0x1AE, struct.pack("<H", 1) + words("\x01plans.xls") + words(PLANTED)),
        record(0x1AE, struct.pack("<H", 0) + words("\x01\x03" + PLANTED)),
    ],
    ids=["cached cell", "cached cell behind others", "sheet of another workbook", "path of another workbook"],
)
def test_cells_of_other_workbooks_are_read(more: bytes) -> None:
    assert places(read(workbook(more))) == ["attachment 1 > workbook"]


def cached(*records: bytes) -> str:
    part = Part("book", b"")
    items = list(pivot97.read(part, b"".join(records), DocumentBudget()))
    return "".join(item.text for item in items if isinstance(item, Text))


def pivot_field(name: str, flags: int) -> bytes:
    return record(0xC7, struct.pack("<H", flags) + bytes(12) + words(name))


def test_pivot_cache_gives_its_rows_and_what_none_refers_to() -> None:
    said = cached(
        pivot_field("Employee", 1), record(0xCD, words("Ann Smith")), record(0xCD, words("Bo Lee")),
        record(0xCD, words("Cy Gone")),
        pivot_field("Gross", 1), record(0xC9, struct.pack("<d", 5100)), record(0xCC, struct.pack("<h", 42)),
        pivot_field("Born", 0),
        record(0xC8, b"\1\0"), record(0xCE, struct.pack("<HHBBBB", 1981, 3, 3, 0, 0, 0)),
        record(0xC8, b"\0\1"), record(0xCF, b""),
    )  # fmt: skip
    assert "Employee: Bo Lee | Gross: 5100 | Born: 1981-03-03" in said
    assert "Employee: Ann Smith | Gross: 42" in said
    assert "Cy Gone" in said


def test_pivot_cache_of_many_items_has_wide_indexes() -> None:
    items = [record(0xCD, words(f"person {number}")) for number in range(300)]
    said = cached(
        pivot_field("Name", 0x201),
        *items,
        pivot_field("Team", 1),
        record(0xCD, words("east")),
        record(0xC8, b"\x2b\1\0"),
    )
    assert "Name: person 299 | Team: east" in said  # fmt: skip


def test_pivot_cache_without_fields_is_read() -> None:
    assert PLANTED in cached(record(0xCD, words("Employee")), record(0xCD, words(PLANTED)))


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_broken_pivot_cache_is_reported_or_read(cut: int) -> None:
    stream = pivot_field("Employee", 1) + record(0xC9, struct.pack("<d", 1))
    read(makers.compound({**XLS, "_SX_DB_CUR/0001": stream[:cut]}))


def test_pivot_cache_of_a_locked_workbook_is_locked_too() -> None:
    with olefile.OleFileIO(locked.xls_rc4()) as file:
        stream = file.openstream("Workbook").read()
    documents = read(makers.compound({"Workbook": stream, "_SX_DB_CUR/0001": BINARY}))
    assert documents.attachments[0].protection.scheme == "office-rc4"


def test_older_workbook_beside_is_reported() -> None:
    assert reasons(read(makers.compound({**XLS, "Book": BINARY}))) == {"older workbook beside the workbook is not read"}


# ------------------------------------------------------------------------------------------------ properties


@pytest.mark.parametrize("kind", [0x1E, 0x1F, 0x1000])
@pytest.mark.parametrize("size", [30_000, 65_000])
def test_sizes_that_overlap_take_linear_time(kind: int, size: int) -> None:
    started = time.process_time()
    head = struct.pack("<II", kind, size)
    for content in (head * 120_000, (head + b"words \xff\xff") * 60_000):
        with contextlib.suppress(Unreadable):
            ole.property_words(content)
    assert time.process_time() - started < 3


def test_strings_of_every_kind_are_found() -> None:
    narrow = struct.pack("<II", 0x1E, 8) + b"narrow\0\0"
    wide = struct.pack("<II", 0x1F, 5) + "wide\0".encode("utf-16-le") + b"\0\0"
    listed = struct.pack("<II", 1, 8) + b"listed\0\0"
    assert ole.property_words(bytes(16) + narrow + wide + listed + narrow) == ["narrow", "wide", "listed", "narrow"]
