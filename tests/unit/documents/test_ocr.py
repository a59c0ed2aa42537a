"""Text in pictures: read where the extra and its models are there, reported where not."""

from __future__ import annotations

import io
import os

import pytest
from PIL import Image, ImageDraw, ImageFont

from dlp_gateway.documents import ocr
from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.items import Unreadable
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part, Unscanned
from tests.unit.documents import makers

LINES = ("MEDICAL CERTIFICATE", "Mr Warren Stubbs is unfit for work", "Card 5412 8801 4560 5040")


@pytest.fixture(scope="module")
def reader() -> ocr.PictureReader:
    if not ocr.available():
        if os.environ.get("CI") == "true":
            pytest.fail("the extra ocr or its models are missing")
        pytest.skip("the extra ocr or its models are missing")
    return ocr.PictureReader()


def drawn(size: int = 28, turn: int = 0, *, ink: str = "black", paper: str = "white") -> Image.Image:
    font = ImageFont.load_default(size)
    picture = Image.new("RGB", (26 * size, 3 * 2 * size + 40), paper)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(LINES):
        pen.text((20, 20 + 2 * size * number), line, font=font, fill=ink)
    return picture.rotate(turn, expand=True, fillcolor=paper)


def saved(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def read(content: bytes, reader: ocr.PictureReader | None) -> Documents:
    return read_parts([Part("attachment 1", content)], budget=DocumentBudget(), read_picture=reader)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"])
def test_every_format_is_read(reader: ocr.PictureReader, form: str) -> None:
    documents = read(saved(drawn(), form), reader)
    text = next(t.text for t in documents.texts if t.where == "attachment 1 > picture text")
    assert "Warren Stubbs" in text
    assert "5412 8801 4560 5040" in text
    assert documents.unscanned == ()


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turned_page_is_read(reader: ocr.PictureReader, turn: int) -> None:
    assert "Warren Stubbs" in reader(saved(drawn(40, turn)))


@pytest.mark.parametrize(("ink", "paper"), [("white", "black"), ("#777777", "white"), ("navy", "lightyellow")])
def test_colours(reader: ocr.PictureReader, ink: str, paper: str) -> None:
    assert "Warren Stubbs" in reader(saved(drawn(ink=ink, paper=paper)))


def test_transparent_background_is_white(reader: ocr.PictureReader) -> None:
    clear = Image.new("RGBA", drawn().size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(clear)
    for number, line in enumerate(LINES):
        pen.text((20, 20 + 56 * number), line, font=ImageFont.load_default(28), fill=(0, 0, 0, 255))
    assert "Warren Stubbs" in reader(saved(clear))


@pytest.mark.parametrize("letters", ["white", "black"])
def test_letters_on_nothing_are_read_in_either_colour(reader: ocr.PictureReader, letters: str) -> None:
    mask = drawn().convert("L").point(lambda grey: 255 - grey)
    picture = Image.new("RGBA", mask.size, letters)
    picture.putalpha(mask)
    assert "Warren Stubbs" in reader(saved(picture))


def test_all_pages_of_a_fax_are_read(reader: ocr.PictureReader) -> None:
    blank = Image.new("RGB", drawn().size, "white")
    content = saved(blank, "TIFF", save_all=True, append_images=[drawn()])
    assert "Warren Stubbs" in reader(content)


def test_scanned_page_of_a_pdf_is_read(reader: ocr.PictureReader) -> None:
    content = saved(drawn().convert("L"), "PDF")
    documents = read(content, reader)
    assert any("Warren Stubbs" in t.text for t in documents.texts)
    assert documents.unscanned == ()


def test_picture_in_a_document_is_read(reader: ocr.PictureReader) -> None:
    members = {**makers.docx_members(makers.paragraph("x")), "word/media/image1.png": saved(drawn())}
    documents = read(makers.zipped(members), reader)
    assert [t.where for t in documents.texts if "Warren Stubbs" in t.text] == [
        "attachment 1 > picture 1 > picture text"
    ]


def test_password_in_a_picture_opens_what_travels_with_it(reader: ocr.PictureReader) -> None:
    from tests.unit.documents import locked

    note = Image.new("RGB", (900, 120), "white")
    ImageDraw.Draw(note).text((20, 30), "password: Mangrove42", font=ImageFont.load_default(40), fill="black")
    parts = [
        Part("attachment 1", locked.zip_aes([("a.txt", b"x", True)], "Mangrove42")),
        Part("attachment 2", saved(note)),
    ]
    documents = read_parts(parts, budget=DocumentBudget(), read_picture=reader)
    assert documents.attachments[0].protection.password_inside


def test_picture_without_words_passes(reader: ocr.PictureReader) -> None:
    documents = read(saved(Image.new("RGB", (900, 700), "lightblue")), reader)
    assert (documents.texts, documents.unscanned) == ((), ())


def test_without_ocr_a_page_is_reported() -> None:
    assert read(saved(drawn(32)), None).unscanned == (Unscanned("attachment 1", "picture not read (832 x 232)"),)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n", b"words", makers.png(3000, 3000)[:60]])
def test_broken_picture_raises_unreadable(reader: ocr.PictureReader, content: bytes) -> None:
    with pytest.raises(Unreadable):
        reader(content)


def test_missing_models_are_named() -> None:
    with pytest.raises(RuntimeError, match="tesseract-ocr-xyz"):
        ocr.PictureReader(("xyz",))


def test_models_are_looked_for_in_the_given_folder(tmp_path: object) -> None:
    assert ocr.models(("eng",), str(tmp_path)) is None
    assert not ocr.available(("eng",), str(tmp_path))


def animated(form: str, count: int, durations: dict[int, int]) -> bytes:
    """Frames that differ, each shown for a tenth of a second unless told otherwise."""
    frames = [Image.new("RGB", (60, 40), (number % 256, number // 256, 90)) for number in range(count)]
    shown = [durations.get(number, 100) for number in range(count)]
    return saved(frames[0], form, save_all=True, append_images=frames[1:], duration=shown, loop=0, lossless=True)


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_of_a_long_animation_what_stands_and_some_of_the_rest_is_read(form: str) -> None:
    with Image.open(io.BytesIO(animated(form, 120, {7: 600, 61: 1000}))) as picture:
        wanted = ocr._wanted(picture)
    assert wanted is not None
    assert wanted >= {0, 7, 61, 119}
    assert 40 <= len(wanted) <= 50


@pytest.mark.parametrize(
    ("form", "count", "durations"),
    [("GIF", 60, dict.fromkeys(range(60), 500)), ("TIFF", 51, {}), ("GIF", 1001, {})],
    ids=["slides", "pages", "film"],
)
def test_more_frames_than_are_read_are_reported(form: str, count: int, durations: dict[int, int]) -> None:
    with (
        Image.open(io.BytesIO(animated(form, count, durations))) as picture,
        pytest.raises(Unreadable, match="more than 50 frames"),
    ):
        ocr._wanted(picture)


@pytest.mark.parametrize(("form", "count"), [("GIF", 50), ("PNG", 1), ("TIFF", 50)])
def test_all_of_a_few_frames_are_read(form: str, count: int) -> None:
    with Image.open(io.BytesIO(animated(form, count, {}))) as picture:
        assert ocr._wanted(picture) is None
