"""PDF files: pages that are drawn, not written, and what stands outside of the document."""

from __future__ import annotations

import time
import zlib

import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part
from tests.unit.documents import makers

PLANTED = "Zarquon Beeblebrox 5412880145605040"
RAW = PLANTED.encode()
Image = tuple[int, int, float, float, float, float]  # pixels; width, height, left and bottom in points


def read(content: bytes) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget())


def unread(content: bytes) -> list[str]:
    return [entry.why for entry in read(content).unscanned]


def page(*images: Image, drawn: bytes = b"", metadata: bytes | None = None) -> bytes:
    """A page of A4 with pictures and other drawing on it."""
    content = drawn + b"".join(
        b"q %g 0 0 %g %g %g cm /I%d Do Q\n" % (*image[2:], number) for number, image in enumerate(images)
    )
    names = b"".join(b"/I%d %d 0 R" % (number, number + 6) for number in range(len(images)))
    entry = b"/Metadata 5 0 R" if metadata is not None else b""
    return makers.pdf_objects(
        b"<</Type/Catalog/Pages 2 0 R%s>>" % entry,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</XObject<<%s>>>>>>" % names,
        makers.pdf_stream(content),
        makers.pdf_stream(zlib.compress(metadata or b"<x/>"), b"/Type/Metadata/Filter/FlateDecode"),
        *(
            makers.pdf_stream(
                zlib.compress(bytes(image[0] * image[1])),
                b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8"
                b"/Filter/FlateDecode" % image[:2],
            )
            for image in images
        ),
    )


def bands(count: int) -> list[Image]:
    """A page of 1240 x 1754 pixels in bands, as scanners write it."""
    high = 842 / count
    return [(1240, 1754 // count, 595, high, 0, 842 - high * (number + 1)) for number in range(count)]


def tiles(across: int, down: int) -> list[Image]:
    wide, high = 595 / across, 842 / down
    return [
        (1240 // across, 1754 // down, wide, high, wide * column, high * row)
        for column in range(across)
        for row in range(down)
    ]


def words() -> list[Image]:
    """Words as pictures of their own, in lines."""
    return [(110, 30, 50, 14, 50 + 54 * column, 50 + 18 * row) for column in range(9) for row in range(40)]


@pytest.mark.parametrize(
    "images",
    [bands(1), bands(12), bands(30), bands(100), tiles(6, 8), words()],
    ids=["1", "12", "30", "100", "tiles", "words"],
)
def test_a_page_of_pictures_that_touch_is_one_picture(images: list[Image]) -> None:
    (why,) = unread(page(*images))

    width, height = (int(side) for side in why.removeprefix("picture not read (").rstrip(")").split(" x "))
    assert width * height == pytest.approx(sum(image[0] * image[1] for image in images), rel=0.05)
    assert 0.5 < width / height < 1


@pytest.mark.parametrize(
    "images",
    [
        [],
        [(400, 200, 90, 45, 50, 780)],
        [(300, 300, 40, 40, 50 + 60 * column, 50 + 60 * row) for column in range(8) for row in range(12)],
        [(40, 40, 10, 10, 50, 50 + 16 * row) for row in range(48)],
        [(200, 60, 60, 18, 50, 800), (200, 60, 60, 18, 110, 800), (200, 60, 60, 18, 170, 800)],
    ],
    ids=["none", "logo", "icons apart", "marks in a column", "logo in three pieces"],
)
def test_logos_and_icons_are_no_page(images: list[Image]) -> None:
    assert unread(page(*images)) == []


def squares(count: int) -> bytes:
    return b"".join(b"%d %d 1 1 re f\n" % (50 + number % 50 * 9, 50 + number // 50 * 7) for number in range(count))


@pytest.mark.parametrize(
    "drawn",
    [squares(1000), b"0 0 m\n" + b"".join(b"%d %d l\n" % (n % 500, n % 700) for n in range(5000)) + b"S\n"],
    ids=["many paths", "one long path"],
)
def test_a_page_with_its_letters_drawn_is_a_picture(drawn: bytes) -> None:
    assert unread(page(drawn=drawn)) == ["picture not read (1240 x 1754)"]


def test_lines_and_boxes_are_no_letters() -> None:
    assert unread(page(drawn=squares(150))) == []


def test_drawings_beside_words_are_no_letters() -> None:
    said = b"BT /F 12 Tf 50 700 Td (Turnover by quarter, in thousands) Tj ET "
    content = makers.simple_pdf("x").replace(b"BT /F 12 Tf 50 700 Td (x) Tj ET", said + squares(1000))
    documents = read(content)
    assert "Turnover" in documents.texts[0].text
    assert documents.unscanned == ()


@pytest.mark.parametrize(
    "content",
    [
        makers.simple_pdf("harmless") + RAW * 3,
        makers.simple_pdf("harmless") + RAW,
        makers.simple_pdf("harmless") + RAW * 3 + b"\n%%EOF\n",
        makers.simple_pdf("harmless") + b"%%EOF\n" * 300 + RAW * 3 + b"\n%%EOF\n",
        makers.simple_pdf("harmless") + b"<html><body><p>" + RAW + b"</p><br><br></body></html>" * 2,
        RAW * 3 + b"\n" + makers.simple_pdf("harmless"),
        RAW + b"\n" + makers.simple_pdf("harmless"),
        makers.revised_pdf("before", "after").replace(b"%%EOF\n4 0 obj", b"%%EOF\n" + RAW * 3 + b"\n4 0 obj"),
    ],
    ids=[
        "behind",
        "short",
        "before an end mark",
        "many end marks",
        "page",
        "in front",
        "short in front",
        "between revisions",
    ],
)
def test_what_stands_outside_of_a_document_is_read(content: bytes) -> None:
    documents = read(content)
    assert documents.attachments[0].type == "pdf"
    assert any(PLANTED in text.text for text in documents.texts)


@pytest.mark.parametrize(
    "content",
    [
        makers.simple_pdf("harmless") + b"\r\n\0\0\0",
        b"\xef\xbb\xbf\n" + makers.simple_pdf("harmless"),
        makers.revised_pdf("before", "after"),
    ],
)
def test_a_sound_document_has_nothing_outside(content: bytes) -> None:
    documents = read(content)
    assert documents.unscanned == ()
    assert not any("outside" in text.where for text in documents.texts)


@pytest.mark.parametrize(
    "metadata",
    [
        b"<x>" + b"a" * 1_000_000,
        b"<x>" + b" " * 1_000_000,
        b"<x " + b"a:" * 500_000,
        b"<x " + b'a="' * 300_000,
        b"<x" + b" a" * 500_000,
        b"<x:xmpmeta>" + b"a" * 1_000_000 + b"</x:xmpmeta",
    ],
    ids=range(6),
)
def test_properties_of_any_length_are_read_in_linear_time(metadata: bytes) -> None:
    started = time.process_time()
    read(page(metadata=metadata))
    read(makers.png(9, 9, (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta>" + metadata + b"</x:xmpmeta>")))
    assert time.process_time() - started < 10


def test_properties_are_still_told_from_their_names() -> None:
    metadata = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a b:c="{PLANTED}"> Jane\nDoe </a><d>2024-01-01</d></x:xmpmeta>'
    (text,) = (text.text for text in read(page(metadata=metadata.encode())).texts if text.where.endswith("metadata"))
    assert text.splitlines() == [PLANTED, "Jane", "Doe"]


def with_file(specification: bytes, entries: bytes = b"") -> bytes:
    """A document of one empty page with an attached file as object 5, and its specification."""
    return makers.pdf_objects(
        b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(plan.txt) 4 0 R]>>>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        b"<</F(plan.txt)" + specification + b">>",
        makers.pdf_stream(RAW, entries),
        b"<</F 5 0 R>>",
    )


@pytest.mark.parametrize("entries", [b"", b"/Type/EmbeddedFile", b"/Params<</Size 35>>", b"/Type/Foo"])
@pytest.mark.parametrize(
    "specification",
    [b"/EF<</F 5 0 R>>", b"/EF<</UF 5 0 R/F 5 0 R>>", b"/EF 6 0 R", b"/RF<</F[(plan.txt)5 0 R]>>"],
    ids=["direct", "two names", "indirect", "related"],
)
def test_attached_files_are_found_by_their_specification(specification: bytes, entries: bytes) -> None:
    documents = read(with_file(specification, entries))
    assert [t.where for t in documents.texts if PLANTED in t.text] == ["attachment 1 > attached file 1"]
    assert documents.unscanned == ()


@pytest.mark.parametrize("specification", [b"/EF 5", b"/EF<</F(plan.txt)>>", b"/EF[5 0 R]", b"/RF<</F[[5 0 R]]>>"])
def test_broken_specifications_end(specification: bytes) -> None:
    assert not any(PLANTED in t.text for t in read(with_file(specification)).texts)


def with_stream(entries: bytes, content: str) -> bytes:
    return makers.pdf_objects(
        b"<</Type/Catalog/Pages 2 0 R" + entries + b">>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
        makers.pdf_stream(content.encode(), b"/Type/Metadata" if b"/Metadata" in entries else b""),
    )


FORM = (
    '<xdp:xdp xmlns:xdp="x"><template><field w="12"><value>17</value></field></template><xfa:datasets xmlns:xfa="f">'
    "<xfa:data><form1><Name>Zarquon</Name><Card a='b'>5412 8801 4560 5040</Card><Born>1980-05-04</Born></form1>"
    "</xfa:data></xfa:datasets></xdp:xdp>"
)


def test_numbers_in_a_form_stand_behind_their_names() -> None:
    text = next(t.text for t in read(with_stream(b"/AcroForm<</XFA 4 0 R/Fields[]>>", FORM)).texts)
    assert text.splitlines() == ["Name: Zarquon", "Card: 5412 8801 4560 5040", "Born: 1980-05-04"]


@pytest.mark.parametrize(
    ("value", "read_"),
    [
        ("5412 8801 4560 5040", True),
        ("735278579", True),
        ("2026-11-23", False),
        ("2026-11-23T10:00:00+01:00", False),
        ("1.7", False),
    ],
)
def test_numbers_in_properties_that_may_be_of_a_person_are_read(value: str, *, read_: bool) -> None:
    packet = f"<x:xmpmeta><rdf:li>{value}</rdf:li></x:xmpmeta>"
    assert any(value in t.text for t in read(with_stream(b"/Metadata 4 0 R", packet)).texts) == read_
