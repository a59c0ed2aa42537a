"""Every place of every format: a planted text is found in it, or the file counts as not read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part
from tests.unit.documents import makers

PLANTED = "Zarquon Beeblebrox 5412880145605040"
CASES: list[tuple[str, str, Callable[[str, str], bytes]]] = [
    *(("docx", place, makers.docx) for place in makers.DOCX_PLACES),
    *(("xlsx", place, makers.xlsx) for place in makers.XLSX_PLACES),
    *(("pptx", place, makers.pptx) for place in makers.PPTX_PLACES),
    *(("odt", place, makers.odt) for place in makers.ODT_PLACES),
    *(("ods", place, makers.ods) for place in makers.ODS_PLACES),
    *(("odp", place, makers.odp) for place in makers.ODP_PLACES),
    *(("rtf", place, makers.rtf) for place in makers.RTF_PLACES),
    *(("pdf", place, makers.pdf) for place in makers.PDF_PLACES),
]


def read(content: bytes, name: str = "file.bin") -> Documents:
    return read_parts([Part("attachment 1", content, (name,))], budget=DocumentBudget())


@pytest.mark.parametrize(("kind", "place", "make"), CASES, ids=[f"{kind}-{place}" for kind, place, _ in CASES])
def test_planted_text_is_found(kind: str, place: str, make: Callable[[str, str], bytes]) -> None:
    documents = read(make(place, PLANTED))

    assert documents.attachments[0].type == kind
    assert [t.where for t in documents.texts if PLANTED in t.text], [(t.where, t.text) for t in documents.texts]
    assert documents.unscanned == ()


@pytest.mark.parametrize(("kind", "place", "make"), CASES, ids=[f"{kind}-{place}" for kind, place, _ in CASES])
def test_where_never_repeats_content(kind: str, place: str, make: Callable[[str, str], bytes]) -> None:
    documents = read(make(place, PLANTED), name=f"{PLANTED}.docx")

    places = [t.where for t in documents.texts] + [p.where for t in documents.texts for p in t.places]
    places += [a.where for a in documents.attachments] + [a.type for a in documents.attachments]
    assert not [p for p in places if "Zarquon" in p or "5412" in p]
