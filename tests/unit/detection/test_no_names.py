"""What the model marks in Subjects, and what their own words say of it."""

from __future__ import annotations

import pytest

from dlp_gateway.detection.no_names import is_a_firm, is_a_first_word, is_a_site
from dlp_gateway.model import Role, Text


@pytest.mark.parametrize(
    ("text", "name", "firm"),
    [
        ("Offerte Bakker Bouw BV", "Bakker Bouw", True),
        ("Fattura Rossi S.r.l.", "Rossi", True),
        ("Factura García S.L.", "García S.L.", True),
        ("Fatura Silva Lda", "Silva", True),
        ("Faktura Lindqvist AB", "Lindqvist", True),
        ("Devis Martin S.A.S.", "Martin S.A.S.", True),
        ("Rechnung Schmidt & Partner", "Schmidt", True),
        ("Dupont et Fils", "Dupont", True),
        ("Firma Krause", "Krause", True),
        ("Ditta Rossi", "Ditta Rossi", True),
        ("Bell Tools, Pty Ltd", "Bell Tools", True),
        ("Offerte Jan Bakker", "Jan Bakker", False),
        ("Urlaub Rosa Bell ab Montag", "Rosa Bell", False),
        ("Results for Nguyen AB", "Nguyen", False),
        ("Rosa Bell, Kelvin Tools Ltd", "Rosa Bell", False),
        ("Rechnung an Rosa Bell und Tom Reilly", "Rosa Bell", False),
        ("S.L. Jones is away", "S.L. Jones", False),
    ],
)
def test_firms(text: str, name: str, firm: bool) -> None:
    start = text.index(name)
    assert is_a_firm(text, start, start + len(name)) is firm


@pytest.mark.parametrize(
    ("text", "word", "first"),
    [
        ("Potwierdzenie zamówienia", "Potwierdzenie", True),
        ("Re: Oferta handlowa", "Oferta", True),
        ("[EXT] Møte tirsdag", "Møte", True),
        ("Совещание во вторник", "Совещание", True),
        ("Panne chauffage", "Panne", True),
        ("Matariki closing times", "Matariki", True),
        ("Kris Kringle draw", "Kris Kringle", True),
        ("Spotkanie Anna Kowalska", "Anna Kowalska", False),
        ("Lunch mit Panne", "Panne", False),
        ("Kris is away", "Kris", False),
        ("Hui Chen on Friday", "Hui Chen", False),
    ],
)
def test_first_words(text: str, word: str, first: bool) -> None:
    start = text.index(word)
    assert is_a_first_word(text, start, start + len(word)) is first


@pytest.mark.parametrize(
    ("text", "address", "site"),
    [
        ("Draft deed of variation (Lot 12 Kimberley Rise)", "Lot 12 Kimberley Rise", True),
        ("Site meeting 88 Foundry Road", "88 Foundry Road", True),
        ("Tender for 14-20 Harbour Street car park", "14-20 Harbour Street", True),
        ("Inspection of 12 Station Road, bay 4", "12 Station Road", True),
        ("Level 6, 120 Sixth Street: fire drill", "120 Sixth Street", True),
        ("Rental inspection of 12 Station Road", "12 Station Road", False),
        ("Home visit 12 Station Road", "12 Station Road", False),
        ("Pick-up from the site, 14 Wattle Grove", "14 Wattle Grove", False),
        ("noise at 22 Wattle Street", "22 Wattle Street", False),
        ("Meter tamper 9 Cygnet Lane", "9 Cygnet Lane", False),
    ],
)
def test_sites(text: str, address: str, site: bool) -> None:
    start = text.index(address)
    assert is_a_site(text, start, start + len(address)) is site


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Site meeting 88 Foundry Road", set()),
        ("Home visit 88 Foundry Road", {"ADDRESS"}),
        ("Inspection of 88 Foundry Road: mould in her bedroom", {"ADDRESS"}),
        ("Fattura Rossi S.r.l.", set()),
        ("Fattura Marco Rossi", {"PERSON"}),
        ("Oferta handlowa", set()),
    ],
)
def test_in_subjects(engine_with_models, subject: str, expected: set[str]) -> None:
    found = engine_with_models.scan([Text("subject", subject, Role.SUBJECT)], subject_only=True).findings
    assert {one.entity for one in found} - {"ORGANISATION"} == expected
