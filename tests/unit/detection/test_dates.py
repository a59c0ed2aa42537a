"""A month behind a day is part of a date, anywhere else it may be a name."""

from __future__ import annotations

import pytest

from dlp_gateway.detection.dates import is_month_of_a_date


@pytest.mark.parametrize(
    ("text", "word", "date"),
    [
        ("Neue Zeiten ab 1. März", "März", True),
        ("Reunión el 12 de mayo", "mayo", True),
        ("Réunion du 1er avril", "avril", True),
        ("Termin 31 Mai", "Mai", True),
        ("spotkanie 3 maja", "maja", True),
        ("Termin mit Mai", "Mai", False),
        ("März kommt später", "März", False),
        ("Flat 32 Mai", "Mai", False),
        ("call 3 Maier", "Maier", False),
        ("order 112 Mai", "Mai", False),
    ],
)
def test_months(text: str, word: str, date: bool) -> None:
    start = text.index(word)
    assert is_month_of_a_date(text, start, start + len(word)) is date
