import pytest

from dlp_gateway.model import Role, Text, Tier


def found(engine, subject: str, *texts: Text) -> set[str]:
    """What is found beside the Subject that is more than contact information."""
    scanned = engine.scan([Text("subject", subject, Role.SUBJECT), *texts])
    return {f.entity for f in scanned.findings if f.tier is not Tier.CONTACT and f.role is not Role.SUBJECT}


def body(text: str) -> Text:
    return Text("body", text, Role.BODY)


def file(text: str) -> Text:
    return Text("list.csv", text, Role.DOCUMENT)


@pytest.mark.parametrize(
    ("subject", "letter", "expected"),
    [
        ("Tax file number", "Hi Omar, here it is for Mia Lang: 412 277 305", {"TFN"}),
        ("RE: Fwd: TFN as requested", "Mia Lang\n412277305", {"TFN"}),
        ("Two tax file numbers are still missing for the return", "Mia Lang: 412277305", {"TFN"}),
        ("Medicare card", "For Mia Lang it is 3848 38916 3", {"MEDICARE"}),
        ("Passport number", "Mia Lang: PA1234567", {"PASSPORT"}),
        ("AW: your passport details", "PA1234567, valid until 2031", {"PASSPORT"}),
        ("Passport", "Mia's is N1234567.", {"PASSPORT"}),
        # A word in a longer Subject is less than a label: a value without a check digit asks for more.
        ("Passport office opening hours", "Our reference is PA1234567", set()),
        ("Passport", "Booking PA1234567", set()),
        ("Tax file number", "Invoice 412 277 305", set()),
        ("Tax file number", "Order 412277305 has shipped", set()),
        ("Tax file number", "Mia Lang: 412277306", set()),
        ("Tax invoice", "412 277 305", set()),
        ("Order", "412277305", set()),
    ],
)
def test_what_the_subject_says_a_number_is(engine, subject, letter, expected):
    assert found(engine, subject, body(letter)) == expected
    assert found(engine, subject, file(letter)) == expected


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        ("Attached are the tax file numbers you asked for.", {"TFN"}),
        ("Hi Omar,\nhere's the list of TFNs.\nRegards", {"TFN"}),
        ("Please find enclosed the order numbers.", set()),
        # Nothing says that the file holds them.
        ("Never send a tax file number by mail. The parts are in the box.", set()),
    ],
)
def test_what_the_letter_says_is_in_the_file(engine, letter, expected):
    assert found(engine, "For you", body(letter), file("Mia Lang;412277305")) == expected


def test_the_end_of_one_part_speaks_of_the_next(engine):
    first = body("Hi Omar,\nthe picture shows the form; the tax file number is")
    assert found(engine, "For you", first, body("412 277 305 for Mia Lang")) == {"TFN"}
    early = body("The tax file number comes later." + " And so we talked of the weather." * 9)
    assert found(engine, "For you", early, body("412 277 305 pieces")) == set()


def test_a_header_is_not_judged_by_the_subject(engine):
    header = Text("header X-Job", "412277305", Role.HEADER)
    assert found(engine, "Tax file number", header) == set()


def test_a_subject_of_any_length_is_looked_at_in_linear_time(engine):
    assert found(engine, "re: " * 100_000 + "tfn", body("412 277 305")) == set()
