"""Excel 97-2003: a workbook that LibreOffice 7.4 wrote, with a text in each place."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part

FILE = Path(__file__).parent / "files" / "places.xls"


@pytest.fixture(scope="module")
def workbook() -> Documents:
    return read_parts([Part("attachment 1", FILE.read_bytes())], budget=DocumentBudget())


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("Zarquon comment 5412880145605040", "sheet 1"),
        ("Zarquon header 5412880145605040", "sheet 1"),
        ("Zarquon footer 5412880145605040", "sheet 1"),
        ("Zarquon hidden column 5412880145605040", "sheet 1"),
        ("Zarquon validation 5412880145605040", "sheet 1"),
        ("Zarquon prompt 5412880145605040", "sheet 1"),
        ("Zarquon hidden sheet 5412880145605040", "sheet 2 (hidden)"),
        ("Zarquon very hidden sheet 5412880145605040", "sheet 3 (hidden)"),
        ("Zarquon defined name 5412880145605040", "workbook"),
        ("Zarquon tab", "workbook"),
        ("Zarquon property 5412880145605040", "properties"),
        ("Name: Zarquon cell | Card: 5412880145605040 | Born: 1989-05-30", "sheet 1"),
        ("0412345678", "sheet 1"),
        ("Zarquon cell x", "sheet 1"),
    ],
)
def test_every_place_is_read(workbook: Documents, said: str, where: str) -> None:
    assert f"attachment 1 > {where}" in [t.where for t in workbook.texts if said in t.text]


def test_cells_have_places(workbook: Documents) -> None:
    sheet = next(t for t in workbook.texts if t.places)
    at = sheet.text.index("Card: 5412")
    assert [p.where for p in sheet.places if p.start == at] == ["B2"]


@pytest.mark.parametrize("size", [100, 600, 3000, 6000])
def test_truncated_workbook_is_not_read(size: int) -> None:
    documents = read_parts([Part("attachment 1", FILE.read_bytes()[:size])], budget=DocumentBudget())
    assert documents.unscanned
