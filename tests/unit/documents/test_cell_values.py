"""Numbers of spreadsheets come out as they are shown."""

from __future__ import annotations

import pytest

from dlp_gateway.documents.cell_values import date_text, formatter, number_text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("412345678", "412345678"),
        ("5480.5", "5480.5"),
        ("4.1111111111111101E+15", "4111111111111110"),
        ("6.12E+3", "6120"),
        ("2.0", "2"),
        ("0.30000000000000004", "0.3"),
        ("-5.5", "-5.5"),
        ("1E+300", "1e+300"),
        ("words", "words"),
        ("", ""),
    ],
)
def test_number_text(raw: str, text: str) -> None:
    assert number_text(raw) == text


@pytest.mark.parametrize(
    ("number", "code", "value", "text"),
    [
        (14, "", 32658, "1989-05-30"),
        (164, "dd/mm/yyyy", 32658, "1989-05-30"),
        (164, "[$-809]d mmmm yyyy", 32658, "1989-05-30"),
        (22, "", 45658.5, "2025-01-01 12:00:00"),
        (164, "hh:mm", 0.5, "12:00:00"),
        (164, "000000000", 12345678, "012345678"),
        (164, "000 000 000", 12345678, "012 345 678"),
        (164, "000-00-0000", 12345678, "012-34-5678"),
        (164, "0000", 123456, "123456"),
    ],
)
def test_formats_that_change_what_is_shown(number: int, code: str, value: float, text: str) -> None:
    shape = formatter(number, code)
    assert shape is not None
    assert shape(value) == text


@pytest.mark.parametrize(
    ("number", "code"),
    [(0, ""), (1, ""), (4, ""), (164, "0.00"), (164, "#,##0"), (164, '"Yes"'), (164, "0.0%"), (49, "@")],
)
def test_formats_that_do_not(number: int, code: str) -> None:
    assert formatter(number, code) is None


@pytest.mark.parametrize(
    ("value", "epoch_1904", "text"),
    [
        (1, False, "1900-01-01"),
        (59, False, "1900-02-28"),
        (61, False, "1900-03-01"),
        (0, True, "1904-01-01"),
        (-1, False, "-1"),
        (1e9, False, "1000000000"),
    ],
)  # fmt: skip
def test_date_text(value: float, text: str, *, epoch_1904: bool) -> None:
    assert date_text(value, epoch_1904=epoch_1904) == text
