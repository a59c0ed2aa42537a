"""Header blocks: the lines that break the rules, and where the body then starts."""

import pytest

from dlp_gateway import mime
from dlp_gateway.mime import ReadingBudget, headers
from tests.unit.mime.reading import CARD, SECRET, alarm, at, everything, message, read, subjects, why


def block(raw, *, is_message=True, max_bytes=100_000, max_fields=1000):
    return headers.read_block(raw, 0, len(raw), message=is_message, max_bytes=max_bytes, max_fields=max_fields)


def fields(raw, **options):
    return [(field.name, field.value.strip()) for field in block(raw, **options).fields]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"A: 1\r\nB: 2\r\n\r\nx", [("a", b"1"), ("b", b"2")]),
        (b"A: 1\nB: 2\n\nx", [("a", b"1"), ("b", b"2")]),
        (b"A: 1\r\n 2\r\n\t3\r\n\r\nx", [("a", b"1 2\t3")]),
        (b"A:1\r\nA: 2\r\n\r\n", [("a", b"1"), ("a", b"2")]),
        (b"A : 1\r\n\r\n", [("a", b"1")]),
        (b"A\t : 1\r\n\r\n", [("a", b"1")]),
        (b"A: 1", [("a", b"1")]),
        (b"A: 1\r\n", [("a", b"1")]),
        (b"A\0B: 1\r\n\r\n", [("ab", b"1")]),
        (b"\x7fA\x01: 1\r\n\r\n", [("a", b"1")]),
        (b"From alice Mon Mar  4 09:00:00 2025\nA: 1\n\n", [("a", b"1")]),
        (b">From alice\nA: 1\n\n", [("a", b"1")]),
        (b"\xef\xbb\xbfA: 1\r\n\r\n", [("a", b"1")]),
        (b"\r\n\r\nA: 1\r\n\r\nx", [("a", b"1")]),
        (b" \r\nA: 1\r\n\r\nx", [("a", b"1")]),
        (b"  A: 1\r\nB: 2\r\n\r\nx", [("a", b"1"), ("b", b"2")]),
        (b"A: 1\r\nno field\r\nB: 2\r\n\r\nx", [("a", b"1"), ("b", b"2")]),
        (b"A: 1\r\n\xe9: 2\r\nB: 2\r\n\r\nx", [("a", b"1"), ("b", b"2")]),
        (b"A: 1\r\n \r\nB: 2\r\n\r\nx", [("a", b"1"), ("b", b"2")]),
        (b"A: 1\r\r\nB: 2\r\r\n\r\r\nx", [("a", b"1"), ("b", b"2")]),
        (b"A: 1\rB: 2\r\n\r\nx", [("a", b"1 B: 2"), ("a", b"1"), ("b", b"2")]),
        (b"A: 1\x0bB: 2\r\n\r\n", [("a", b"1\x0bB: 2")]),
        (b"", []),
        (b"\r\n", []),
        (b":\r\n: x\r\n\r\n", []),
        (b"hello", []),
    ],
)
def test_m03_m04_fields(raw, expected):
    assert fields(raw) == expected


@pytest.mark.parametrize(
    ("raw", "bodies"),
    [
        (b"A: 1\r\n\r\nbody", [b"body"]),
        (b"A: 1\n\nbody", [b"body"]),
        (b"A: 1\r\r\n\r\r\nbody", [b"body"]),
        (b"A: 1\r\n", [b""]),
        (b"A: 1\r\nbody", [b"body"]),
        (b"A: 1\r\nhello there\r\nnote: x\r\n\r\nmore", [b"hello there\r\nnote: x\r\n\r\nmore"]),
        (b"A: 1\r\n \r\nbody\r\n\r\nmore", [b"body\r\n\r\nmore"]),
        (b"A: 1\r\n \r\n 2\r\nB: 3\r\n\r\nmore", [b"more", b" 2\r\nB: 3\r\n\r\nmore"]),
        (
            b"A: 1\r\nstray\r\nContent-Type: text/html\r\n\r\nbody",
            [b"body", b"stray\r\nContent-Type: text/html\r\n\r\nbody"],
        ),
        (b"A: 1\rB: 2\r\rbody", [b"", b"body"]),
    ],
)
def test_m03_where_the_body_starts(raw, bodies):
    assert [raw[at:] for at in block(raw).bodies] == bodies


def test_a_part_that_starts_with_a_blank_line_has_no_header():
    raw = b"\r\nSubject: not a field\r\n\r\nx"

    found = block(raw, is_message=False)

    assert found.fields == ()
    assert raw[found.bodies[0] :] == raw[2:]


@pytest.mark.parametrize(
    "line",
    [
        b"Subject : Jane Doe",
        b"Subject\t: Jane Doe",
        b"SUBJECT:Jane Doe",
        b"Sub\0ject: Jane Doe",
        b"Subject:\r\n Jane\r\n Doe",
        b"Subject:\r\n \r\n Jane Doe",
        b"Subject:\r\n \t \r\n \r\n\tJane Doe",
    ],
)
@pytest.mark.parametrize("front", [b"", b"\r\n", b"no field\r\n", b" \r\n", b"From x y\r\n", b"X-A: b\r"])
def test_m03_a_bent_subject_is_still_the_subject(line, front):
    raw = front + line + b"\r\nFrom: a@b.example\r\n\r\nhi\r\n"

    assert any("Jane Doe" in " ".join(text.split()) for text in subjects(raw))


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Transfer-Encoding : base64\r\n\r\n",
        b"Content-Transfer-Encoding\0: base64\r\n\r\n",
        b"no field\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        b"Content-Transfer-Encoding: base64\r\nY2FyZCA0MTExIDEx\r\n",
        b"X: y\rContent-Transfer-Encoding: base64\r\n\r\n",
        b" \r\nContent-Transfer-Encoding: base64\r\n\r\n",
    ],
)
def test_m03_a_bent_header_still_decodes_the_body(header):
    raw = b"From: a@b.example\r\nSubject: x\r\n" + header + b"Y2FyZCA0MTExIDExMTEgMTExMSAxMTEx\r\n"

    assert CARD in everything(read(raw))


@pytest.mark.parametrize(
    "padding", [b"X:\r\n" * 6000, b"X: " + b"y" * 900 + b"\r\n", b"\r\n" + b"X: " + b"y" * 900 + b"\r\n"]
)
def test_a_subject_behind_a_limit_counts_as_unread(padding):
    """Insiders, too, are asked about: for them the Subject alone decides."""
    budget = ReadingBudget(header_bytes=500) if b"y" in padding else ReadingBudget()
    raw = padding + b"Subject: Jane Doe\r\n\r\nhi"

    for found in (mime.read(raw, budget), mime.read_subject(raw, budget)):
        assert any(item.where == "subject" for item in found.unscanned)


def test_m04_a_bare_cr_hides_no_field_and_is_told():
    reading = read(b"From: a@b.example\r\nSubject: x\rBcc: y@z.example\rComments: " + SECRET + b"\r\n\r\nhi")

    assert CARD in everything(reading)
    assert "header lines ended by a bare CR" in why(reading.ambiguous)


def test_m04_a_message_with_cr_alone_is_read():
    assert CARD in everything(read(b"From: a@b.example\rSubject: x\rContent-Type: text/plain\r\r" + SECRET))


def test_m04_no_code_of_the_reader_splits_lines_at_other_characters():
    from pathlib import Path

    package = Path(headers.__file__).parent
    own = [path for path in package.glob("*.py") if not path.name.startswith(("html", "carriers"))]

    assert [path.name for path in own if "splitlines" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("raw", "reasons"),
    [
        (b"From: a@b.example\r\nSubject: x\r\n\r\nhi", []),
        (b"From : a@b.example\r\nSubject: x\r\n\r\nhi", []),
        (b"From: a@b.example\r\nSubject: x\r\nHello there\r\nNote: see below\r\n\r\nhi", []),
        (b"From: a@b.example\r\nSubject: x\r\r\n\r\r\nhi", []),
        (b"From: a@b.example\r\nSub\0ject: x\r\n\r\nhi", ["NUL in the name of a header field"]),
        (
            b"From: a@b.example\r\nstray\r\nContent-Type: text/html\r\n\r\nhi",
            ["header fields behind a line that ends the header for some readers"],
        ),
        (
            b"stray\r\nFrom: a@b.example\r\nSubject: x\r\n\r\nhi",
            ["header fields behind a line that ends the header for some readers"],
        ),
    ],
)
def test_only_what_readers_disagree_on_is_ambiguous(raw, reasons):
    assert why(read(raw).ambiguous) == reasons


def test_blank_lines_in_front_show_the_header_as_text_too():
    reading = read(b"\r\nSubject: x\r\nFrom: a@b.example\r\nX-Y: " + SECRET + b"\r\n\r\nhi")

    assert CARD in at(reading, "body (header shown as text)")[0]


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_m14_a_header_block_over_the_limit_is_reported_and_the_body_read(line_end):
    raw = b"Subject: x" + line_end + (b"X-A: " + b"b" * 1000 + line_end) * 40 + line_end + SECRET

    reading = read(raw, header_bytes=20_000)

    assert why(reading.unscanned) == ["header block is longer than 20000 bytes"]
    assert at(reading, "subject") == ["x"]
    assert at(reading, "body") == [SECRET.decode()]


def test_m14_too_many_fields_are_reported():
    reading = read(message(SECRET, *[b"X-A: b"] * 30), header_fields=20)

    assert why(reading.unscanned) == ["more than 20 header fields"]
    assert CARD in everything(reading)


HOSTILE = {
    "semicolons": b"Content-Type: text/plain" + b";" * 200_000,
    "parameters": b"Content-Type: text/plain" + b"; a=b" * 50_000,
    "sections": b"Content-Type: text/plain" + b"".join(b"; name*%d=x" % n for n in range(15_000)),
    "quotes": b"Content-Type: text/plain; name=" + b'"' * 200_000,
    "backslashes": b'Content-Type: text/plain; name="' + b"\\" * 200_000,
    "one long token": b"Content-Type: " + b"a" * 250_000,
    "equals": b"Content-Type: x" + b"=" * 200_000,
    "blanks": b"Content-Type: text/plain;" + b" " * 250_000 + b"x",
    "dots": b"To: " + b"." * 200_000,
    "addresses": b"To: " + b"a@b.example, " * 19_000,
    "open comments": b"To: " + b"(" * 200_000,
    "comments": b"To: " + b"()" * 100_000,
    "open angles": b"To: " + b"<" * 200_000,
    "ats": b"To: " + b"@" * 200_000,
    "letters": b"To: " + b"a" * 250_000 + b"@",
    "quoted locals": b"To: " + b'"a"@' * 50_000,
    "escapes": b"To: (" + b"\\)" * 100_000,
    "folds": b"Subject: x" + b"\r\n x" * 50_000,
    "empty folds": b"Subject: x" + b"\r\n " * 50_000,
    "bare CR": b"Subject: x" + b"\r" * 200_000,
    "CR LF CR": b"Subject: x\r\n" + b"x:\r" * 80_000,
    "fields": b"X: y\r\n" * 40_000 + b"A: b",
    "stray lines": b"xyz\r\n" * 50_000 + b"A: b",
    "words": b"X-Spam-Status: " + b"word " * 50_000,
    "letters of a machine": b"DKIM-Signature: " + b"a" * 250_000,
    "date": b"Date: " + b"1 " * 100_000,
    "received": b"Received: " + b"(" * 100_000 + b")" * 100_000,
    "received comments": b"Received: from x " + b"(a.a.a.a.a.a!)" * 15_000,
    "transfer encodings": b"Content-Transfer-Encoding: " + b"base " * 50_000,
    "boundary": b'Content-Type: multipart/mixed; boundary="' + b"-a1" * 60_000 + b'"',
    "brackets": b"Message-ID: <[x@y]>" + b"[" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_m14_hostile_headers_are_read_in_linear_time(name):
    raw = b"From: a@b.example\r\n" + HOSTILE[name] + b"\r\n\r\n" + SECRET

    with alarm():
        reading = read(raw)

    assert CARD in everything(reading)
    assert sum(len(text.text) for text in reading.texts) < 10 * len(raw)
    assert set(why(reading.unscanned)) <= {
        "more than 5000 header fields",
        "more parameters of a header field than are read",
        "more than 5000 addresses that are shown",
        "unknown transfer encoding",
    }
