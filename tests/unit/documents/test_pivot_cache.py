"""Rows of a pivot cache come back as rows: a person with what is said of them, whether the sheet is there or not."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import pytest

from dlp_gateway.documents.budget import DocumentBudget
from dlp_gateway.documents.read import Documents, read_parts
from dlp_gateway.model import Part
from tests.unit.documents import makers

NAMES = ("Employee", "Department", "Salary", "Born")
ROWS = (
    ("Zarquon Beeblebrox", "Sales", 98000, "1980-05-04T00:00:00"),
    ("Trillian Astra", "Sales", 98000, "1981-06-05T00:00:00"),
)
SPREADSHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RECORDS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/pivotCacheRecords"


def value(said: str | int) -> str:
    kind = "n" if isinstance(said, int) else "d" if said[4:5] == "-" else "s"
    return f"<{kind} v={quoteattr(str(said))}/>"


def cache(*, shared: tuple[int, ...], extra: str = "", more: str = "") -> tuple[str, str]:
    """A definition and its records; fields of those numbers are shared, the values of the others stand in the rows."""
    lists = {at: list(dict.fromkeys(row[at] for row in ROWS)) for at in shared}
    fields = "".join(
        f'<cacheField name="{name}"><sharedItems>{"".join(map(value, lists.get(at, [])))}{extra if at == 0 else ""}'
        "</sharedItems></cacheField>"
        for at, name in enumerate(NAMES)
    )
    definition = f"<pivotCacheDefinition {SPREADSHEET}><cacheFields>{more}{fields}</cacheFields></pivotCacheDefinition>"
    rows = "".join(
        "<r>"
        + "".join(f'<x v="{lists[at].index(v)}"/>' if at in lists else value(v) for at, v in enumerate(row))
        + "</r>"
        for row in ROWS
    )
    return definition, f"<pivotCacheRecords {SPREADSHEET}>{rows}</pivotCacheRecords>"


def read(definition: str | None, records: str | None, *, number: int = 1, rels: str = "") -> Documents:
    folder = "xl/pivotCache/"
    members = {f"{folder}pivotCacheDefinition1.xml": definition, f"{folder}pivotCacheRecords{number}.xml": records}
    members[f"{folder}_rels/pivotCacheDefinition1.xml.rels"] = rels or None
    book = makers.xlsx_members({"Sheet1": (makers.sheet_xml(makers.inline_row(1, "Summary")), "")})
    found = {name: makers.xml(content) for name, content in members.items() if content}
    return read_parts([Part("attachment 1", makers.zipped({**book, **found}))], budget=DocumentBudget())


def said(documents: Documents) -> str:
    return "\n".join(t.text for t in documents.texts if t.where == "attachment 1 > pivot tables")


LINES = (
    "Employee: Zarquon Beeblebrox | Department: Sales | Salary: 98000 | Born: 1980-05-04",
    "Employee: Trillian Astra | Department: Sales | Salary: 98000 | Born: 1981-06-05",
)


@pytest.mark.parametrize("shared", [(), (0, 1), (0, 1, 2, 3), (1, 3)], ids=["none", "text", "all", "some"])
def test_rows_keep_together(shared: tuple[int, ...]) -> None:
    documents = read(*cache(shared=shared))
    assert all(line in said(documents) for line in LINES), said(documents)
    assert documents.unscanned == ()


def test_a_calculated_field_is_in_no_row() -> None:
    more = '<cacheField name="Bonus" databaseField="0" formula="Salary * 0.1"/>'
    documents = read(*cache(shared=(0,), more=more))
    assert all(line in said(documents) for line in LINES)
    assert "Salary * 0.1" in said(documents)


def test_values_of_no_row_are_read() -> None:
    assert "Employee: Ford Prefect" in said(read(*cache(shared=(0,), extra='<s v="Ford Prefect"/>')))


def test_records_are_found_by_their_relationship() -> None:
    rels = f'<Relationships><Relationship Id="r" Type="{RECORDS}" Target="pivotCacheRecords7.xml"/></Relationships>'
    assert all(line in said(read(*cache(shared=(0, 1)), number=7, rels=rels)) for line in LINES)


def test_either_half_alone_is_read() -> None:
    definition, records = cache(shared=(1,))
    assert "Department: Sales" in said(read(definition, None))
    assert "Zarquon Beeblebrox" in said(read(None, records))


@pytest.mark.parametrize(
    "broken", ["<pivotCacheRecords><r>", "<pivotCacheRecords><r><x v='99'/><x v='-1'/><x/></r></pivotCacheRecords>"]
)
def test_what_is_broken_is_reported_or_left_out(broken: str) -> None:
    documents = read(cache(shared=(0,))[0], broken)
    assert documents.unscanned or "Zarquon Beeblebrox" in said(documents)
