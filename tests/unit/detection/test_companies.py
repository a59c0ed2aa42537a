import time

import pytest

from dlp_gateway.detection.companies import is_a_band, of_nobody
from dlp_gateway.detection.values import PersonSpan

PAY = frozenset({"pay"})


def spoken(text: str, *names: str) -> frozenset[str]:
    spans = [PersonSpan(text.index(name), text.index(name) + len(name), 0.9) for name in names]
    return of_nobody(text, lambda: spans)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Payroll Officer, Cork. Salary 38,000 to 42,000 euro. Apply to Fiona Tuohy.", "Fiona Tuohy"),
        ("Site Engineer, £45k-£52k plus van. CV to Greg Lattimer", "Greg Lattimer"),
        ("Barista, $28 per hour, Newtown. Ask for Jess Doyle on 0491 570 156.", "Jess Doyle"),
        ("Nurse, $78,000 - $84,000 plus super. Questions to Bea Oduya by Friday", "Bea Oduya"),
        ("Das Gehaltsband ist 48.000 bis 55.000 Euro, Bewerbungen bitte an Frau Linde.", "Linde"),
        ("La fourchette est de 38 000 à 42 000 euros, écrire à Mme Levèque.", "Levèque"),
        ("De schaal loopt van 3.000 tot 3.800 euro, mail Sanne Vis.", "Sanne Vis"),
        ("La fascia va da 28.000 a 32.000 euro, scrivere a Paolo Grieco.", "Paolo Grieco"),
    ],
)
def test_a_band_is_nobodys_pay(text, name):
    assert spoken(text, name) == PAY


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Sparkle Ltd got a final warning for missed cleans. Contact there is Joss Byatt.", ("Joss Byatt",)),
        ("We end the contract with Sparkle Ltd. Their manager Joss Byatt has been told.", ("Joss Byatt",)),
        ("Calder Group owes us 75,000 since March. Please call Greg Lattimer.", ("Greg Lattimer",)),
        ("Bouwbedrijf Jansma B.V. is ons nog 12.400 euro schuldig.", ("Jansma",)),
        ("La ditta Rossini S.r.l. ci deve 12.400 euro.", ("ditta Rossini",)),
        ("Die Wagner & Partner GmbH schuldet uns 12.400 Euro.", ("Wagner",)),
    ],
)
def test_what_a_company_owes_is_no_persons(text, names):
    assert {"finance", "pay", "discipline"} <= spoken(text, *names)
    assert "health" not in spoken(text, *names)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Salary of Greg Lattimer is $78,000 - $84,000. Contact Tam Yorke.", ("Greg Lattimer", "Tam Yorke")),
        ("Sparkle Ltd: contact Joss Byatt, sacked for theft in May.", ("Joss Byatt",)),
        ("Sparkle Ltd: contact Joss Byatt. Sacked for theft in May.", ("Joss Byatt",)),
        ("Joss Byatt of Sparkle Ltd got a final warning.", ("Joss Byatt",)),
        ("Sparkle Ltd gave her a final warning. Contact Joss Byatt.", ("Joss Byatt",)),
        ("Greg Lattimer inc. super gets $78,000 - $84,000", ("Greg Lattimer",)),
        ("The tenant owes $3,000. Call Greg Lattimer.", ("Greg Lattimer",)),
        ("We offered $78,000 - $84,000 to Greg Lattimer.", ("Greg Lattimer",)),
        ("Sparkle Ltd had to pay $3,000 for the theft.", ()),
    ],
)
def test_a_person_who_is_spoken_of_keeps_every_label(text, names):
    assert spoken(text, *names) == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$78,000 - $84,000", True),
        ("25k-28k", True),
        ("28 000 et 32 000 euros", True),
        ("$28 per hour", True),
        ("70-75k", True),
        ("£72,000", False),
        ("on 2025-06-17 and on 2025-06-18", False),
        ("12.05.2024 - 13.05.2024", False),
        ("from 2024 to 2025, 9 to 5", False),
        ("0491 570 156 - 0491 570 157", False),
        ("a rise of 4 % in 2026", False),
    ],
)
def test_bands(text, expected):
    assert is_a_band(text) is expected


@pytest.mark.parametrize("unit", ["1 ", "contact ", "Ann & ", "€1,", "on 1", "A. "])
def test_hostile_text_is_read_in_linear_time(unit):
    text = unit * (100_000 // len(unit))
    began = time.perf_counter()
    of_nobody(text, lambda: [PersonSpan(0, 3, 0.9)])

    assert time.perf_counter() - began < 3
