"""Calendars and contact cards in the body."""

import base64

import pytest

from dlp_gateway.mime import contentlines
from tests.unit.mime.reading import alarm, at, message, read

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
    ("line", "said"),
    [
        ("PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ", "PHOTO ENCODING=b TYPE=JPEG:"),
        ("ATTACH;ENCODING=BASE64;VALUE=BINARY:UEsDBA==", "ATTACH ENCODING=BASE64 VALUE=BINARY:"),
        ('ATTACH;ENCODING="BASE64":UEsDBA==', "ATTACH ENCODING=BASE64:"),
        ("ATTACH; VALUE=BINARY:UEsDBA==", "ATTACH  VALUE=BINARY:"),
        ("PHOTO:data:image/png;base64,iVBO", "PHOTO:"),
        ("PHOTO:DATA:image/png;base64,iVBO", "PHOTO:"),
        ("ATTACH:data:text/plain,Jane%20Doe", "ATTACH: data:text/plain,Jane%20Doe"),
        ("ATTACH;X-FILENAME=jane.txt;ENCODING=BASE64:UEsDBA==", "ATTACH X-FILENAME=jane.txt ENCODING=BASE64:"),
        ("NOTE;VALUE=BINARY:Jane Doe is ill", "NOTE VALUE=BINARY: Jane Doe is ill"),
    ],
)
def test_files_are_left_to_the_readers_of_documents(line, said):
    assert contentlines.read(f"FN:Jane\n{line}\nNOTE:x") == (f"FN: Jane\n{said}\nNOTE: x", True)


@pytest.mark.parametrize(
    "line", ["NOTE:data: Jane, ill", "SUMMARY:data:", "URL:https://x.example/data:a,b", "NOTE;X=BASE64:Jane"]
)
def test_what_only_looks_like_a_file_is_text(line):
    text, files = contentlines.read(line)

    assert line.partition(":")[2] in text
    assert not files


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("X-ALT-DESC;FMTTYPE=text/html:<p>a&nbsp;b</p>", ["X-ALT-DESC FMTTYPE=text/html: a\xa0b"]),
        ('X-ALT-DESC;FMTTYPE="text/html":<p>a<!--x-->b</p>', ["X-ALT-DESC FMTTYPE=text/html: ab"]),
        ("X-ALT-DESC;FMTTYPE=text/html:a b", ["X-ALT-DESC FMTTYPE=text/html: a b"]),
        ("DESCRIPTION:a<b>b</b>c", ["DESCRIPTION: a<b>b</b>c", "DESCRIPTION: abc"]),
        ("DESCRIPTION:see <https://x.example/y> & more", ["DESCRIPTION: see <https://x.example/y> & more"]),
        ("DESCRIPTION:Jane <jane@x.example> 3<4", ["DESCRIPTION: Jane <jane@x.example> 3<4"]),
        ("DESCRIPTION:SmFuZSBEb2UgaXMgaWxsIGFuZCBhdCBob21l", ["Jane Doe is ill and at home"]),
    ],
)
def test_html_and_encoded_values_are_read(line, expected):
    text, files = contentlines.read(line)

    for said in expected:
        assert said in [one.strip() for one in text.split("\n")]
    assert not files


def test_a_table_in_a_description_keeps_its_header():
    rows = "<table><tr><th>Name<th>TFN<tr><td>Jane Doe<td>459&nbsp;599&nbsp;230</table>"

    text, _ = contentlines.read(f"X-ALT-DESC;FMTTYPE=text/html:{rows}")

    assert "TFN: 459" in text


@pytest.mark.parametrize(
    "source",
    [
        "A;" * 500_000,
        'A;"' * 300_000 + ":x",
        "X:<b\n" * 200_000,
        "X:" + "<" * 1_000_000,
        "X:" + "<a:" * 300_000,
        "ATTACH;ENCODING=BASE64:" + "A " * 500_000,
        "X:data:" + ";a=" * 300_000,
        "X;QUOTED-PRINTABLE:=\n" * 50_000,
        "=\n" * 500_000 + "QUOTED-PRINTABLE",
        "X:\n " * 200_000,
    ],
    ids=range(10),
)
def test_hostile_lines_are_read_in_linear_time(source):
    with alarm():
        contentlines.read(source)


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


def test_the_kind_of_a_telephone_is_no_word():
    lines, _ = contentlines.read("BEGIN:VCARD\nTEL;TYPE=WORK,VOICE:07 5550 1180\nTEL;TYPE=CELL:0491\nEND:VCARD\n")

    assert "VOICE" not in lines
    assert "07 5550 1180" in lines
