"""Calendars and contact cards in the body."""

import base64

import pytest

from dlp_gateway.mime import contentlines
from tests.unit.mime.reading import at, message, read

CALENDAR = (
    b"BEGIN:VCALENDAR\r\nSUMMARY:Review of Ja\r\n ne Doe\\, again\r\n"
    b'ATTENDEE;CN="Doe, Jane":mailto:j@x.example\r\nEND:VCALENDAR\r\n'
)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("SUMMARY:one", "SUMMARY: one"),
        ("SUMMARY:one\n  two\n\tthree", "SUMMARY: one twothree"),
        ("NOTE:a\\nb\\, c\\; d\\\\e", "NOTE: a\nb, c; d\\e"),
        ('ATTENDEE;CN="Doe: Jane";ROLE=X:mailto:a@b', "ATTENDEE CN=Doe: Jane ROLE=X: mailto:a@b"),
        ("N;CHARSET=utf-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg", "N CHARSET=utf-8 ENCODING=QUOTED-PRINTABLE: Jörg"),
        ("N;ENCODING=QUOTED-PRINTABLE:Ja=\nne", "N ENCODING=QUOTED-PRINTABLE: Jane"),
        ("no property", "no property"),
        ("", ""),
    ],
)
def test_content_lines(source, expected):
    assert contentlines.read(source) == (expected, False)


@pytest.mark.parametrize(
    "line",
    [
        "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ",
        "ATTACH;ENCODING=BASE64;VALUE=BINARY:UEsDBA==",
        "PHOTO:data:image/png;base64,iVBO",
    ],
)
def test_files_are_left_to_the_readers_of_documents(line):
    assert contentlines.read(f"FN:Jane\n{line}\nNOTE:x") == ("FN: Jane\nNOTE: x", True)


def test_m20_a_calendar_in_the_body_is_text():
    reading = read(message(CALENDAR, b"Content-Type: text/calendar; method=REQUEST"))

    (text,) = at(reading, "body (calendar)")
    assert "Review of Jane Doe, again" in text
    assert "CN=Doe, Jane" in text
    assert reading.parts == ()


def test_m20_a_contact_card_with_a_photograph_is_text_and_a_part():
    card = b"BEGIN:VCARD\r\nFN:Jane Doe\r\nPHOTO;ENCODING=b:" + base64.b64encode(b"picture") + b"\r\nEND:VCARD\r\n"

    reading = read(message(card, b"Content-Type: text/vcard"))

    assert "FN: Jane Doe" in at(reading, "body (calendar)")[0]
    assert [part.content for part in reading.parts] == [card]
