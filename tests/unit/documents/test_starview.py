"""Pictures of objects in OpenDocument files: text in any script comes out, and an object that is read needs no more."""

from __future__ import annotations

import base64
import struct

import pytest

from dlp_gateway.documents import sniff
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part
from tests.unit.documents import makers

PLANTED = "Zarquon Beeblebrox 5412880145605040"


def read(content: bytes) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget())


def action(kind: int, body: bytes) -> bytes:
    return struct.pack("<HHI", kind, 2, len(body)) + body


def narrow(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text


def wide(text: str) -> bytes:
    return struct.pack("<H", len(text)) + text.encode("utf-16-le")


def svm(*actions: bytes, width: int = 16_000, height: int = 9_000) -> bytes:
    """A metafile of that size in hundredths of a millimetre."""
    mode = struct.pack("<HI", 1, 27) + bytes(27)
    head = struct.pack("<I", 0) + mode + struct.pack("<iiI", width, height, len(actions))
    return b"VCLMTF" + struct.pack("<HI", 1, len(head)) + head + b"".join(actions)


def text_array(text: str) -> bytes:
    shown = struct.pack("<HHI", 0, len(text), 1) + bytes(4)
    return action(113, bytes(8) + narrow(b"?" * len(text)) + shown + wide(text))


def ods(stand_in: bytes, *, with_object: bool = True) -> bytes:
    object_ = {"Object 1/content.xml": makers.xml("<o:chart xmlns:o='o'><t:p xmlns:t='t'>Desks</t:p></o:chart>")}
    more = {"ObjectReplacements/Object 1": stand_in, **(object_ if with_object else {})}
    return makers.zipped(makers.odf_members("spreadsheet", "<text:p>Prices</text:p>", more))


CHART = svm(action(512, narrow(b"XTEXT_PAINTSHAPE_BEGIN") + bytes(8)), text_array("Desks"), action(139, bytes(12)))


def test_a_chart_in_a_sheet_of_libreoffice_passes() -> None:
    documents = read(ods(CHART))
    assert documents.unscanned == ()
    assert any(t.text == "Desks" for t in documents.texts)
    assert not any("PAINTSHAPE" in t.text for t in documents.texts)


def test_a_chart_in_a_flat_file_passes() -> None:
    frame = (
        "<draw:frame><draw:object><office:document><text:p>Desks</text:p></office:document></draw:object>"
        f"<draw:image><office:binary-data>{base64.b64encode(CHART * 1).decode()}</office:binary-data></draw:image>"
        "</draw:frame>"
    )
    document = str(makers.odf_members("text", f"<text:p>Prices</text:p>{frame}")["content.xml"])
    flat = document.replace("document-content", "document").replace(
        "<office:document ", "<office:document x='opendocument' ", 1
    )
    documents = read(flat.encode())
    assert documents.attachments[0].type == "flat-odf"
    assert documents.unscanned == ()


@pytest.mark.parametrize(
    "content",
    [ods(CHART, with_object=False), CHART, ods(b"VCLMTF\1\0\1"), ods(CHART[:-4])],
    ids=["no object", "alone", "damaged", "cut off"],
)
def test_a_drawing_that_stands_for_nothing_that_is_read_is_reported(content: bytes) -> None:
    assert read(content).unscanned


@pytest.mark.parametrize(
    "drawn",
    [
        action(112, bytes(8) + narrow(b"") + bytes(4) + wide(PLANTED)),
        text_array(PLANTED),
        action(114, bytes(8) + narrow(b"") + bytes(8) + wide(PLANTED)),
        action(115, bytes(16) + narrow(b"") + bytes(2) + wide(PLANTED)),
        action(112, bytes(8) + narrow(PLANTED.encode()) + bytes(4)),
        action(512, narrow(PLANTED.encode()) + bytes(8)),
        action(116, bytes(4) + b"BM" + PLANTED.encode()),
    ],
    ids=["text", "array", "stretched", "box", "narrow", "comment", "bitmap"],
)
def test_text_of_a_stand_in_is_read_or_reported(drawn: bytes) -> None:
    documents = read(ods(svm(drawn)))
    assert any(PLANTED in t.text for t in documents.texts) or documents.unscanned


def test_text_in_any_script_is_read() -> None:
    assert any("Пациент Анна" in t.text for t in read(ods(svm(text_array("Пациент Анна")))).texts)


def test_the_letters_at_the_start_alone_are_no_metafile() -> None:
    assert sniff.kinds(b"VCLMTF is the mark of such files") == ("txt",)


def test_a_long_file_within_a_flat_document_comes_out_whole() -> None:
    picture = makers.png() + b"\n" * 90_000 + PLANTED.encode() * 3
    image = f"<draw:image><office:binary-data>{base64.b64encode(picture).decode()}</office:binary-data></draw:image>"
    document = str(makers.odf_members("text", f"<draw:frame>{image}</draw:frame>")["content.xml"])
    flat = document.replace("document-content", "document").replace(
        "<office:document ", "<office:document x='opendocument' ", 1
    )
    documents = read(flat.encode())
    assert any(PLANTED in t.text for t in documents.texts)
    assert documents.unscanned == ()
