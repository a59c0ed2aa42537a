"""Tables keep their headers by their cells."""

from __future__ import annotations

import pytest

from dlp_gateway.documents.tables import column_name, is_numeric, plain_rows, render, tabbed

STAFF = [["Employee", "TFN", "Gross"], ["Pallister Hugh", "735278579", "6120"], ["Quill Bethany", "946476934", "5480"]]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            STAFF,
            "Employee | TFN | Gross\nEmployee: Pallister Hugh | TFN: 735278579 | Gross: 6120\n"
            "Employee: Quill Bethany | TFN: 946476934 | Gross: 5480\n",
        ),
        ([["Staff list", "", ""], *STAFF[:2]], "Staff list\nEmployee | TFN | Gross\n"
            "Employee: Pallister Hugh | TFN: 735278579 | Gross: 6120\n"),
        ([["Name", "Card"], ["Zarquon cell", "5412"]], "Name | Card\nName: Zarquon cell | Card: 5412\n"),
        ([["Learner", "Result"], ["Anna Vogt", "failed"]], "Learner | Result\nLearner: Anna Vogt | Result: failed\n"),
        (
            [["Name:", "Ana Ruiz"], ["Date of birth:", "9 October 1994"], ["TFN:", "735278579"]],
            "Name: Ana Ruiz\nDate of birth: 9 October 1994\nTFN: 735278579\n",
        ),
        (
            [["Full name", "Ana Ruiz"], ["Born", "9 October 1994"], ["TFN", "735278579"]],
            "Full name: Ana Ruiz\nBorn: 9 October 1994\nTFN: 735278579\n",
        ),
        ([["1", "2"], ["3", "4"]], "1 | 2\n3 | 4\n"),
        ([["a@example.org", "b"], ["c", "d"]], "a@example.org | b\nc | d\n"),
        ([["4", "1", "1", "1", "2", "2", "2", "2"]], "4 | 1 | 1 | 1 | 2 | 2 | 2 | 2 | 41112222\n"),
        ([], ""),
        ([["", " "]], ""),
        ([["alone"]], "alone\n"),
        ([["Name", "Name"], ["x", "y"]], "Name | Name\nx | y\n"),
    ],
)  # fmt: skip
def test_render(rows: list[list[str]], text: str) -> None:
    assert render(plain_rows(rows)).text() == text


def test_places_point_at_the_cells() -> None:
    table = render(plain_rows(STAFF))
    starts = {p.where: p.start for p in table.places}
    assert table.text()[starts["B2"] :].startswith("TFN: 735278579")
    assert table.text()[starts["A3"] :].startswith("Employee: Quill")


def test_rows_are_places_when_cells_are_too_many() -> None:
    assert [p.where for p in render(plain_rows(STAFF), cell_places=False).places] == ["row 1", "row 2", "row 3"]


@pytest.mark.parametrize(
    ("index", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")]
)
def test_column_name(index: int, name: str) -> None:
    assert column_name(index) == name


@pytest.mark.parametrize(
    ("text", "numeric"), [("12", True), ("12/03/2024", True), ("A12", True), ("Room 1", False), ("", False)]
)
def test_is_numeric(text: str, *, numeric: bool) -> None:
    assert is_numeric(text) is numeric


def test_tabbed_lines_become_tables() -> None:
    text = "Staff\nName\tTFN\nHugh\t735278579\n\nEnd"
    assert tabbed(text) == "Staff\nName | TFN\nName: Hugh | TFN: 735278579\n\nEnd"


@pytest.mark.parametrize("text", ["no tabs", "one\ttab", "a\tb\nc\td\te", ""])
def test_other_text_stays(text: str) -> None:
    assert tabbed(text) == text
