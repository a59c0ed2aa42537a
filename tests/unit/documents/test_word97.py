"""Word 97-2003: a document that LibreOffice 7.4 wrote, with a text in each place."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part
from tests.unit.documents import makers

FILE = Path(__file__).parent / "files" / "places.doc"


@pytest.fixture(scope="module")
def document() -> Documents:
    return read_parts([Part("attachment 1", FILE.read_bytes())], budget=DocumentBudget())


@pytest.mark.parametrize(
    ("place", "where"),
    [
        ("page", "text"),
        ("hidden text", "text"),
        ("deletion", "text"),
        ("note", "notes"),
        ("header", "header"),
        ("footer", "header"),
        ("comment", "comments"),
        ("text box", "text boxes"),
        ("property", "properties"),
    ],
)
def test_every_story_is_read(document: Documents, place: str, where: str) -> None:
    found = [t.where for t in document.texts if f"Zarquon {place} 5412880145605040" in t.text]
    assert found == [f"attachment 1 > {where}"]


def test_table_keeps_its_header(document: Documents) -> None:
    assert any("Name: Zarquon cell | Card: 5412880145605040" in t.text for t in document.texts)


def test_picture_of_screen_size_is_reported(document: Documents) -> None:
    assert [(u.where, u.why) for u in document.unscanned] == [
        ("attachment 1 > picture 1", "picture not read (963 x 275)")
    ]


def test_embedded_package_is_read() -> None:
    native = b"\2\0a.txt\0a.txt\0\0\0\3\0" + b"\6\0\0\0a.txt\0" + b"\x0c\0\0\0" + b"Zarquon 5412"
    content = makers.compound(
        {
            "WordDocument": (b"\xec\xa5" + bytes(0x400)),
            "ObjectPool/_1234567890/\x01Ole10Native": len(native).to_bytes(4, "little") + native,
        }
    )
    documents = read_parts([Part("attachment 1", content)], budget=DocumentBudget())
    assert [t.text for t in documents.texts] == ["Zarquon 5412"]


@pytest.mark.parametrize("size", [100, 600, 5000, 20_000])
def test_truncated_document_is_not_read(size: int) -> None:
    documents = read_parts([Part("attachment 1", FILE.read_bytes()[:size])], budget=DocumentBudget())
    assert documents.unscanned
