"""The walk through whole messages: structure, budgets, conventions, and that nothing escapes it."""

import ast
import base64
import binascii
from pathlib import Path

import pytest

from dlp_gateway import mime
from dlp_gateway.mime import bodies, reader
from dlp_gateway.model import Role, Unscanned
from tests.unit.mime.reading import (
    CARD,
    HEADER,
    SECRET,
    alarm,
    at,
    everything,
    message,
    multipart,
    of_role,
    places,
    read,
    subjects,
    why,
)

PLAIN = b"Content-Type: text/plain\r\n\r\nhello"
HTML = b"Content-Type: text/html\r\n\r\n<p>hello <b>there</b></p>"
WITH_SECRET = b"Content-Type: text/plain\r\n\r\n" + SECRET
PDF = b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF-1.7"


def encoded(content_type, content, *more):
    head = b"".join(line + b"\r\n" for line in (b"Content-Type: " + content_type, *more))
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content)


def nested(depth, innermost, kind):
    if kind == "message":
        return (b"Content-Type: message/rfc822\r\n\r\n" * depth) + innermost
    body = innermost
    for level in range(depth):
        boundary = b"level%d" % level
        body = (
            b"Content-Type: multipart/mixed; boundary="
            + boundary
            + b"\r\n\r\n--"
            + boundary
            + b"\r\n"
            + body
            + b"\r\n--"
            + boundary
            + b"--\r\n"
        )
    return body


# Conventions


def test_an_ordinary_message():
    reading = read(
        b"From: Alice Ng <alice@westendonsixth.com>\r\nTo: Bob <bob@Example.net>\r\nSubject: Quote\r\n"
        b"Message-ID: <1@x>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDear Bob,\r\nhere it is.\r\n"
    )

    assert [(t.where, t.text, t.role) for t in reading.texts] == [
        ("subject", "Quote", Role.SUBJECT),
        ("header From", "Alice Ng", Role.HEADER),
        ("header To", "Bob", Role.HEADER),
        ("header Message-ID", "<1@x>", Role.METADATA),
        ("body", "Dear Bob,\nhere it is.\n", Role.BODY),
    ]
    assert reading.parts == reading.unscanned == reading.ambiguous == ()
    assert reading.visible == ("bob@example.net",)
    assert reading.received == 0


def test_places_of_bodies_attachments_and_nested_mail():
    inner = (
        b"Subject: inner\r\nFrom: Jane <j@x.example>\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n"
        + PLAIN
    )
    inner += b" inside\r\n--i\r\n" + PDF + b" 2\r\n--i--\r\n"
    raw = multipart(
        b'Content-Type: multipart/alternative; boundary="alt"\r\n\r\n--alt\r\n'
        + PLAIN
        + b"\r\n--alt\r\n"
        + HTML
        + b"\r\n--alt--",
        PDF,
        b"Content-Type: message/rfc822; name=mail.eml\r\n\r\n" + inner,
        encoded(b"image/png; name=logo.png", b"\x89PNG\r\n", b"Content-ID: <logo>"),
        encoded(b"text/csv", b"a,b"),
    )

    reading = read(raw)

    assert [(p.where, p.names, p.declared, p.inline) for p in reading.parts] == [
        ("attachment 1", ("a.pdf",), ("application/pdf",), False),
        ("message 1 > attachment 1", ("a.pdf",), ("application/pdf",), False),
        ("attachment 2", ("logo.png",), ("image/png",), True),
        ("attachment 3", (), ("text/csv",), False),
    ]
    assert {"subject", "body", "body (html)", "message 1 > subject", "message 1 > body"} <= set(places(reading))
    assert at(reading, "message 1 > subject") == ["inner"]
    assert at(reading, "message 1 file name") == ["mail.eml"]
    assert of_role(reading, Role.SUBJECT) == ["hello"]


def test_no_place_holds_content():
    raw = multipart(
        b"Content-Type: application/x-jane; name=jane.pdf\r\nContent-Description: jane\r\nX-Jane: jane\r\n\r\nx",
        b"Content-Type: message/rfc822; name=jane\r\n\r\nSubject: jane\r\nX-Jane: jane\r\n\r\njane",
        boundary=b"jane",
    )

    assert not any("jane" in text.where.lower() for text in read(raw).texts)


def test_no_repr_prints_content():
    reading = read(multipart(WITH_SECRET, PDF))

    assert "4111" not in repr(reading)


@pytest.mark.parametrize(
    ("part", "is_part"),
    [
        (b"Content-Type: text/plain\r\n\r\nx y", False),
        (b"Content-Type: text/html\r\n\r\nx y", False),
        (b"Content-Type: text/plain\r\nContent-Disposition: inline\r\n\r\nx y", False),
        (b"Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nx y", True),
        (b"Content-Type: text/plain; name=a.txt\r\n\r\nx y", True),
        (b"Content-Type: text/html\r\nContent-Disposition: inline; filename=a.html\r\n\r\nx y", True),
        (b"Content-Type: text/csv\r\n\r\nx y", True),
        (b"Content-Type: text/x-unknown\r\n\r\nx y", True),
        (b"Content-Type: application/octet-stream\r\n\r\nx y", True),
        (b"Content-Type: message/http\r\n\r\nx y", True),
        (b"Content-Type: nonsense\r\n\r\nx y", False),
        (b"\r\nx y", False),
        (b"Content-Type: message/delivery-status\r\n\r\nx y", False),
    ],
)
def test_what_is_body_and_what_is_a_part(part, is_part):
    reading = read(multipart(part))

    assert ([p.content for p in reading.parts] == [b"x y"]) is is_part
    assert ("body" in " ".join(places(reading))) is not is_part


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7 x", b"PK\x03\x04x", b"{\\rtf1 x}", b"\x78\x9f\x3e\x22x", b"a\0\x01\x02\x03b" * 20], ids=repr
)
def test_a_file_that_calls_itself_text_is_a_part_too(content):
    assert content in [p.content for p in read(multipart(encoded(b"text/plain", content))).parts]


FOOTER = (
    b"_____________________\r\nlist mailing list\r\nlist@westendonsixth.com\r\nhttps://lists.westendonsixth.com/\r\n"
)
LONG = b"The plan for next week is the same as last week, and we meet on Monday. " * 12


@pytest.mark.parametrize("size", [40, 57, 100, 171, 400, 800])
@pytest.mark.parametrize("kind", [b"text/plain", b"text/html"])
def test_a_footer_behind_a_base64_body_is_text_and_no_file(size, kind):
    body = base64.encodebytes(LONG[:size]) + b"\r\n" + FOOTER + SECRET

    reading = read(message(body, b"Content-Type: " + kind, b"Content-Transfer-Encoding: base64"))

    assert reading.parts == reading.unscanned == reading.ambiguous == ()
    assert LONG[:size].decode().strip() in everything(reading)
    assert CARD in everything(reading)


@pytest.mark.parametrize(
    "body",
    [
        base64.encodebytes(LONG) + base64.encodebytes(b"PK\x03\x04" + bytes(range(256)) * 4) + FOOTER,
        base64.encodebytes(LONG) + FOOTER + base64.encodebytes(b"PK\x03\x04" + bytes(range(256)) * 4),
        base64.encodebytes(LONG) + b"!".join(base64.b64encode(bytes(range(256))).split(b"A")) + b"\r\n",
        base64.encodebytes(LONG) + FOOTER * 20,
        base64.encodebytes(bytes(range(256))) + FOOTER,
    ],
    ids=["file before the footer", "file behind the footer", "junk in a file", "long footer", "no text"],
)
def test_other_data_behind_a_base64_body_stays_a_file(body):
    reading = read(message(body, b"Content-Type: text/plain", b"Content-Transfer-Encoding: base64"))

    assert reading.parts


def test_text_of_a_part_in_a_declared_charset_is_also_given_in_utf8():
    content = "Müller;4111".encode("utf-16-le")

    parts = read(multipart(encoded(b"text/csv; charset=utf-16le; name=a.csv", content))).parts

    assert [p.content for p in parts] == [content, "Müller;4111".encode()]


def test_identical_readings_are_given_once():
    reading = read(multipart(PLAIN, PLAIN, PDF, PDF))

    assert at(reading, "body") == ["hello"]
    assert len(reading.parts) == 1


# Traps


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("lines", "body", "ambiguous"),
    [
        ([b"Content-Transfer-Encoding: 7bit", b"Content-Transfer-Encoding: base64"], base64.b64encode(SECRET), True),
        (
            [b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable"],
            b"card 4111 =31111 1111 1111",
            True,
        ),
        (
            [b"Content-Type: text/plain", b"Content-Type: multipart/mixed; boundary=b"],
            b"--b\r\n" + encoded(b"text/plain", SECRET) + b"--b--",
            True,
        ),
        (
            [b"Content-Type: text/plain", b"Content-Type: message/rfc822"],
            b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(SECRET),
            True,
        ),
        ([b"Content-Type: text/plain", b"Content-Type: text/html"], b"<p>card 4111 <b>1111</b> 1111 1111", False),
        (
            [b"Content-Type: text/plain; charset=utf-8", b"Content-Type: text/plain; charset=utf-16le"],
            SECRET.decode().encode("utf-16-le"),
            False,
        ),
        ([b"Content-Disposition: inline", b"Content-Disposition: attachment"], SECRET, False),
        ([b"Content-Type: text/plain", b"Content-Type: application/zip"], SECRET, False),
    ],
)
def test_m02_conflicting_fields_are_both_read(order, lines, body, ambiguous):
    reading = read(message(body, *lines[::order]))

    assert CARD in everything(reading)
    assert bool(reading.ambiguous) is ambiguous


def test_m02_identical_fields_are_no_conflict():
    lines = [b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: 7bit"]

    assert read(message(b"hi", *lines, *lines)).ambiguous == ()
    assert read(b"From: a@b.example\r\nFrom: a@b.example\r\nSubject: x\r\nSubject: x\r\n\r\n").ambiguous == ()


def test_m02_two_from_or_two_subjects_are_ambiguous_and_both_read():
    raw = b"From: Jane <a@b.example>\r\nFrom: John <c@d.example>\r\nSubject: one\r\nSubject: two\r\n\r\nhi"

    reading = read(raw)

    assert set(why(reading.ambiguous)) == {"more than one From", "more than one Subject"}
    assert subjects(raw) == of_role(reading, Role.SUBJECT) == ["one", "two"]
    assert {"Jane", "John"} <= set(of_role(reading, Role.HEADER))


@pytest.mark.parametrize(
    "value",
    [
        b"Message-ID: <[x@y]>",
        b'To: "',
        b"To: a@[",
        b"From: <",
        b"To: (",
        b"Cc: @",
        b"Subject: =?",
        b"Date: ,",
        b"To: \xff\xfe",
        b":",
        b"Content-Type: ;;",
        b'Content-Type: text/plain; charset="',
        b"Content-Disposition: ;filename*=;filename*0*=%",
        b"Content-Transfer-Encoding:",
    ],
)
def test_m12_fields_that_make_other_parsers_raise(value):
    reading = read(b"X-A: b\r\n" + value + b"\r\n\r\n" + SECRET)

    assert CARD in everything(reading)
    assert reading.unscanned == ()


def test_m13_the_reader_neither_uses_the_standard_parser_nor_writes_messages():
    package = Path(reader.__file__).parent
    modules = set()
    for path in package.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add((node.module or "").split(".")[0])

    assert not modules & {"email", "smtplib", "mailbox", "io", "os", "tempfile"}


@pytest.mark.parametrize("kind", ["message", "multipart"])
def test_m15_fifty_deep_is_read(kind):
    reading = read(HEADER + nested(50, WITH_SECRET, kind))

    assert CARD in everything(reading)
    assert reading.unscanned == ()


@pytest.mark.parametrize("kind", ["message", "multipart"])
@pytest.mark.parametrize("depth", [101, 500, 5000])
def test_m15_deeper_than_the_limit_is_reported(kind, depth):
    with alarm():
        reading = read(HEADER + nested(depth, WITH_SECRET, kind))

    assert "nested more than 100 deep" in why(reading.unscanned)


def test_m15_more_parts_than_the_limit_are_reported():
    with alarm():
        reading = read(multipart(*[PLAIN + b"%d" % n for n in range(20_000)]))

    assert why(reading.unscanned) == ["more than 5000 parts"]


def test_m15_endless_enclosures_are_bounded():
    """Every level opens the next one in both of its readings: the number of readings doubles at each."""
    raw = nested(60, WITH_SECRET, "multipart").replace(b"level", b"l")

    with alarm(60):
        read(HEADER + b"Content-Type: multipart/mixed; boundary=l\r\n" + raw)


def test_m16_a_fragment_is_reported_and_its_text_read():
    raw = message(b"Subject: inner\r\n\r\n" + SECRET, b'Content-Type: message/partial; id="a"; number=1; total=2')

    reading = read(raw)

    assert why(reading.unscanned) == ["a fragment of a message (message/partial)"]
    assert CARD in everything(reading)


def test_m16_every_fragment_is_reported():
    raw = message(base64.b64encode(b"x" * 100), b'Content-Type: message/partial; id="a"; number=2; total=2')

    assert "a fragment of a message (message/partial)" in why(read(raw).unscanned)


def test_m16_an_external_body_is_reported_and_its_phantom_header_read():
    raw = message(
        b"Content-Type: text/plain; name=payslip.txt\r\nContent-Description: " + SECRET + b"\r\n\r\nphantom",
        b'Content-Type: message/external-body; access-type=URL; URL="https://x.example/jane-doe"',
    )

    reading = read(raw)

    assert why(reading.unscanned) == ["a body that is kept elsewhere (message/external-body)"]
    assert CARD in everything(reading)
    assert "payslip.txt" in of_role(reading, Role.FILENAME)
    assert "jane-doe" in everything(reading)


@pytest.mark.parametrize(
    "content_type", [b"application/ms-tnef; name=winmail.dat", b"application/octet-stream", b"text/plain"]
)
def test_m17_tnef_reaches_the_readers_of_documents(content_type):
    content = b"\x78\x9f\x3e\x22" + b"\0\1\2\3" * 50

    assert content in [p.content for p in read(multipart(encoded(content_type, content))).parts]


@pytest.mark.parametrize(
    "subtype",
    [
        b"mixed",
        b"alternative",
        b"related",
        b"report",
        b"digest",
        b"signed",
        b"encrypted",
        b"parallel",
        b"form-data",
        b"x-unheard-of",
    ],
)
@pytest.mark.parametrize("position", [0, 1, 2])
def test_m19_the_secret_is_found_in_each_position_of_each_multipart(subtype, position):
    parts = [PLAIN, HTML, b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nSUMMARY:x\r\nEND:VCALENDAR"]
    parts[position] = encoded(b"text/plain", SECRET)

    assert CARD in everything(read(multipart(*parts, subtype=subtype)))


@pytest.mark.parametrize(
    "content_type",
    [b"text/html", b"text/calendar", b"application/pdf", b"text/x-amp-html", b"text/enriched", b"image/svg+xml"],
)
def test_m19_each_kind_of_alternative_is_read(content_type):
    raw = multipart(PLAIN, encoded(content_type, SECRET), subtype=b"alternative")

    assert CARD in everything(read(raw))


def test_m19_parts_of_a_digest_are_messages():
    raw = multipart(b"\r\nSubject: inner\r\n\r\n" + SECRET, subtype=b"digest")

    assert at(read(raw), "message 1 > subject") == ["inner"]


DATA_URI = b"data:text/plain;base64," + base64.b64encode(SECRET)
CLEARSIGNED = (
    b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n" + SECRET + b"\r\n-----BEGIN PGP SIGNATURE-----\r\n"
)
M20 = {
    "vCard": message(b"BEGIN:VCARD\r\nNOTE:ca\r\n rd 4111 1111 1111 1111\r\nEND:VCARD", b"Content-Type: text/vcard"),
    "attendee": message(b'BEGIN:VCALENDAR\r\nATTENDEE;CN="' + SECRET + b'":mailto:x', b"Content-Type: text/calendar"),
    "data URI in HTML": message(b'<img src="' + DATA_URI + b'">', b"Content-Type: text/html"),
    "data URI in text": message(b"see " + DATA_URI),
    "inline picture": multipart(HTML, encoded(b"image/png", SECRET, b"Content-ID: <a>"), subtype=b"related"),
    "AMP": message(b"<html amp4email><body>" + SECRET, b"Content-Type: text/x-amp-html"),
    "opaque signature": message(
        base64.b64encode(SECRET),
        b"Content-Type: application/pkcs7-mime; smime-type=signed-data",
        b"Content-Transfer-Encoding: base64",
    ),
    "clearsigned": message(CLEARSIGNED),
    "text beside PGP": message(
        SECRET + b"\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n-----END PGP MESSAGE-----\r\n"
    ),
    "alt text": message(b'<img alt="' + SECRET + b'">', b"Content-Type: text/html"),
    "report headers": multipart(b"Content-Type: text/rfc822-headers\r\n\r\nSubject: " + SECRET),
    "delivery report": multipart(b"Content-Type: message/delivery-status\r\n\r\nDiagnostic-Code: smtp; " + SECRET),
    "protected headers": message(b"hi", b'Content-Type: text/plain; protected-headers=v1; x="' + SECRET + b'"'),
    "description": multipart(PLAIN + b"", b"Content-Type: text/plain\r\nContent-Description: " + SECRET + b"\r\n\r\nx"),
    "subject of a part": multipart(b"Content-Type: text/plain\r\nSubject: " + SECRET + b"\r\n\r\nx"),
    "base64 in text": message(b"decode this: " + base64.b64encode(SECRET)),
}


@pytest.mark.parametrize("name", M20)
def test_m20_other_carriers(name):
    assert CARD in everything(read(M20[name]))


def test_m20_a_calendar_with_a_file_reaches_the_readers_of_documents():
    calendar = b"BEGIN:VCALENDAR\r\nATTACH;ENCODING=BASE64;VALUE=BINARY:" + base64.b64encode(SECRET)

    assert [p.content for p in read(message(calendar, b"Content-Type: text/calendar")).parts] == [calendar]


def test_m20_pgp_in_the_text_is_a_part():
    parts = read(M20["text beside PGP"]).parts

    assert [p.content.startswith(b"-----BEGIN PGP MESSAGE-----") for p in parts] == [True]


def test_m21_names_in_bcc_are_text_and_its_addresses_count_as_shown():
    reading = read(b"From: a@b.example\r\nTo: c@d.example\r\nBcc: Jane Doe <j@x.example>\r\nSubject: s\r\n\r\nhi")

    assert reading.visible == ("c@d.example", "j@x.example")
    assert at(reading, "header Bcc") == ["Jane Doe"]


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_e12_text_at_the_limit_is_read_and_beyond_it_reported(extra):
    limit = 100_000
    body = b"x" * (limit + extra - len(SECRET) - len(b"hello")) + SECRET

    reading = read(message(body), characters=limit)

    assert (CARD in everything(reading)) is (extra <= 0)
    assert bool(reading.unscanned) is (extra > 0)


@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_e12_bytes_at_the_limit_are_read_and_beyond_it_reported(extra):
    limit = 50_000
    content = b"x" * (limit + extra - len(SECRET)) + SECRET
    raw = message(base64.encodebytes(content), b"Content-Type: application/x-y", b"Content-Transfer-Encoding: base64")

    reading = read(raw, bytes=limit)

    assert (CARD in everything(reading)) is (extra <= 0)
    assert why(reading.unscanned) == ([f"decodes to more than {limit} bytes"] if extra > 0 else [])


def test_e12_the_last_of_900_parts_is_read():
    reading = read(multipart(*[PLAIN + b"%d" % n for n in range(899)], encoded(b"text/plain", SECRET)))

    assert CARD in everything(reading)
    assert reading.unscanned == ()


def test_e12_a_secret_after_a_megabyte_of_noise_is_read():
    assert CARD in everything(read(message(b"lorem ipsum\r\n" * 80_000 + SECRET)))


# Budgets and failures


def test_the_clock_is_looked_at_between_parts():
    ticks = iter(range(1000))

    reading = read(multipart(*[PLAIN + b"%d" % n for n in range(50)]), seconds=10, clock=lambda: next(ticks))

    assert why(reading.unscanned) == ["takes too long to read"]
    assert 0 < len([w for w in places(reading) if w == "body"]) < 50


def test_different_readings_of_one_body_are_limited():
    lines = [b"Content-Transfer-Encoding: " + e for e in (b"7bit", b"base64", b"quoted-printable", b"x-uuencode")]
    body = binascii.b2a_base64(SECRET) + b"caf=C3=A9\xe9\x1b"

    reading = read(message(body, *lines, b"Content-Type: text/plain; charset=koi8-r; charset=big5"), readings=2)

    assert "more readings of one body than may be looked at" in why(reading.unscanned)


def test_a_failure_of_any_reader_is_reported_and_the_rest_is_read(monkeypatch):
    original = bodies.read

    def fail(kind, content, *args, **kwargs):
        if content == b"poison":
            raise RuntimeError("4111 1111 1111 1111")
        return original(kind, content, *args, **kwargs)

    monkeypatch.setattr(bodies, "read", fail)

    reading = read(multipart(b"Content-Type: text/plain\r\n\r\npoison", PLAIN))

    assert reading.unscanned == (Unscanned("message", "could not be read (RuntimeError)"),)
    assert at(reading, "body") == ["hello"]


def test_a_failure_in_the_header_is_reported_by_both(monkeypatch):
    monkeypatch.setattr(reader.headers, "read_block", lambda *a, **k: 1 / 0)

    for reading in (
        mime.read(b"Subject: x\r\n\r\n", mime.ReadingBudget()),
        mime.read_subject(b"", mime.ReadingBudget()),
    ):
        assert why(reading.unscanned) == ["could not be read (ZeroDivisionError)"]


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"\n", b"\0", b" ", b":", b"x", b"\xff" * 100, b"\r", b"--", b"From "], ids=repr
)
def test_hardly_anything_is_read(raw):
    reading = read(raw)

    assert reading.unscanned == reading.ambiguous == ()


# The Subject alone


def test_the_subject_alone():
    raw = b"Received: a\r\nReceived: b\r\nSubject: =?utf-8?q?J=C3=B6rg?=\r\nTo: x@y.example\r\n\r\n" + SECRET

    reading = mime.read_subject(raw, mime.ReadingBudget())

    assert [(t.where, t.text, t.role) for t in reading.texts] == [("subject", "Jörg", Role.SUBJECT)]
    assert reading.received == 2
    assert reading.parts == reading.visible == reading.unscanned == ()


def test_the_subject_of_a_large_message_costs_no_more_than_its_header(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the body was touched")

    monkeypatch.setattr(reader.transfer, "decode", refuse)
    monkeypatch.setattr(reader.boundaries, "splits", refuse)

    assert subjects(multipart(encoded(b"application/x-y", b"x" * 5_000_000))) == ["hello"]


@pytest.mark.parametrize("name", [*M20, "many"])
def test_the_subject_reads_the_same_in_both_functions(name):
    raw = M20.get(name, b"Subject: a\r\nSubject : b\rSubject: c\r\nstray\r\nSUBJECT: d\r\n\r\nSubject: e")

    assert subjects(raw) == of_role(read(raw), Role.SUBJECT)
