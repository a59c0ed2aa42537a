import pytest

from dlp_gateway.detection.passages import passages
from dlp_gateway.detection.signatures import signature_lines
from tests.unit.mime.reading import alarm

MAIL = """Hi Fiona,

the order is on its way.

Kind regards

Rosa Delgado
Police Liaison Officer
Westend on Sixth Pty Ltd | ABN 32 080 350 133
Level 6, 120 Sixth Street, Brisbane QLD 4000
T (07) 5550 1180   M 0491 570 110
rosa.delgado@westendonsixth.com | www.westendonsixth.com"""


def kept(text: str) -> list[str]:
    lines = text.split("\n")
    inside = signature_lines(lines)
    return [line for number, line in enumerate(lines) if number not in inside and line.strip()]


def test_a_signature_is_recognised():
    assert kept(MAIL) == ["Hi Fiona,", "the order is on its way."]


@pytest.mark.parametrize(
    "closing", ["Best wishes,", "Thanks!", "Cheers", "--", "Mit freundlichen Grüßen", "Cordialement,", "Saludos"]
)
def test_closings(closing):
    assert kept(f"See you there.\n\n{closing}\nMia Lang\nUnion Liaison Officer") == ["See you there."]


@pytest.mark.parametrize(
    "footer",
    [
        "Geschäftsführerin: Petra Hollmann, HRB 210884 B, USt-IdNr. DE811569869",
        "Handelsregister: Amtsgericht Ulm HRB 7710, Vorstand: Jens Abel",
        "Gérante : Claire Aubin, SIREN 732 829 320, RCS Lyon",
        "Geschäftsführung: Petra Hollmann, USt-ID-Nr. DE811569869",
        "KVK 12345678, BTW NL123456789B01",
    ],
)
def test_what_a_firm_has_to_say_of_itself(footer):
    assert kept(f"See you there.\n\nMit freundlichen Grüßen\nMia Lang\n{footer}") == ["See you there."]


def test_a_contact_block_without_a_closing():
    block = "Your contact:\n\nMia Lang\nChaplain\nSt Agnes Hospital\nTel. (07) 5550 1100"

    assert kept(block) == ["Your contact:"]


@pytest.mark.parametrize(
    "line",
    [
        "Mia has been diagnosed with cancer.",
        "PS: Tom was arrested for theft",
        "Diagnosis: Asthma",
        "pregnant, due in June",
        "Mia Lang is a member of the union and on the strike committee",
    ],
)
def test_what_is_said_below_a_closing_stays(line):
    assert line in kept(f"Regards\nMia Lang\n{line}\nT (07) 5550 1180")


def test_prose_with_a_telephone_number_stays():
    line = "please ring Owen Prentice, who is in hospital with a stroke, on (07) 5550 2204"

    assert kept(line) == [line]


def test_rows_of_a_table_stay():
    row = "Name: Mia Lang | Phone: (07) 5550 1180 | Allergy: Nuts"

    assert kept(row) == [row]


@pytest.mark.parametrize(
    ("line", "plain"),
    [
        (
            "T 07 5550 1180 M 0491 570 110 F 07 5550 1181 Tel Phone Mobile Fax Email Web Office Direct Bank Account",
            True,
        ),
        ("Please call us on 07 5550 1180 before the end of the week so that we can order it", False),
        ("Maria Lopez of the Office for the Review of the Works in the East and the West and the North", True),
    ],
    ids=["labels do not count", "a sentence does", "small words do not"],
)
def test_how_many_words_a_line_of_a_signature_may_have(line: str, plain: bool) -> None:
    assert (1 in signature_lines(["Kind regards", line])) is plain


@pytest.mark.parametrize(
    "rows",
    [
        "Mia Lang, Epilepsy, 0491 570 156\nBo Larsen, Asthma, 0491 570 157",
        "Mia Lang | Breast Cancer | 0491 570 156\nBo Larsen | HIV | 0491 570 157",
        "Mia Lang\tEpilepsy\tmia@x.example\nBo Larsen\tAsthma\tbo@x.example",
        "Lang, Mia, Asthma, 0491 570 156\nLarsen, Bo, Asthma, 0491 570 157\nOkafor, Uzo, Asthma, 0491 570 158",
        "Mia Lang - Epilepsy - 0491 570 156\nBo Larsen - Asthma - 0491 570 157",
    ],
)
def test_a_list_of_people_is_no_signature(rows):
    assert kept(rows) == rows.split("\n")
    assert kept(f"Here is the list:\n\n{rows}\n\nKind regards\nRosa Delgado\nT (07) 5550 1180") == [
        "Here is the list:",
        *rows.split("\n"),
    ]


@pytest.mark.parametrize(
    "signature",
    [
        "Mia Lang | Police Liaison Officer | 0491 570 156",
        # A list of nothing but contact details says nothing of anybody.
        "Mia Lang | 07 5550 1180 | mia@x.example\nBo Larsen | 07 5550 1181 | bo@x.example",
        "Mia Lang, 0491 570 156, mia@x.example\nBo Larsen, 0491 570 157, bo@x.example",
        "Mia Lang | Union Delegate\nT 07 5550 1180 | M 0491 570 156 | mia@x.example\nLevel 6 | 1 Sixth Street | Ulm",
        "Mia Lang\nTel: 07 5550 1180 | Mob: 0491 570 156 | Fax: 07 5550 1181\nWeb: www.x.example | ABN 32 080 350 133",
    ],
)
def test_a_signature_in_cells_is_a_signature(signature):
    assert kept(signature) == []


@pytest.mark.parametrize(
    "line", ["1.234.567," * 40_000, "1/1/2025 " * 60_000, "a@" * 200_000, "Mia Lang | " * 40_000 + "0491 570 156"]
)
def test_a_line_of_any_length_is_looked_at_in_linear_time(line):
    with alarm():
        signature_lines([line])
        list(passages(line))


@pytest.mark.parametrize(
    "date",
    [
        "17/11/1969",
        "12.05.2024",
        "2025-06-17",
        "17 / 06 / 2025",
        "17 06 2025",
        "17111969",
        "19691117",
        "17/06/2025 - 19/06/2025",
        "17/06-19/06/2025",
        "17-06-2025 09.30",
        "9.30 - 11.30",
        "2019 - 2024",
    ],
)
def test_a_date_is_no_telephone_number(date):
    assert kept(f"Mia Lang Chemotherapy {date}\nBo Larsen") == [f"Mia Lang Chemotherapy {date}", "Bo Larsen"]


@pytest.mark.parametrize(
    "number",
    [
        "0491 570 156",
        "07-5550-1180",
        "12.34.56.78.90",
        "01.23.45.67.89",
        "22-33-44-55",
        "20 12 06 17",
        "030/123456-12",
        "(07) 5550 1980",
        "17/11/2025 0491 570 156",
    ],
)
def test_a_telephone_number_is_one(number):
    assert kept(f"Mia Lang\nChaplain\n{number}") == []


def test_rows_of_a_date_and_a_telephone_number_are_rows():
    rows = "Mia Lang | 17/11/1969 | 0491 570 156\nBo Larsen | 02/04/1988 | 0491 570 157"

    assert kept(rows) == rows.split("\n")


@pytest.mark.parametrize("mark", ["PS", "P.S.", "PPS:", "p.s. Also"])
def test_a_postscript_is_no_part_of_the_signature(mark):
    assert kept(f"Regards\nMia Lang\n\n{mark}\nBo Larsen Is Bipolar") == [mark, "Bo Larsen Is Bipolar"]
