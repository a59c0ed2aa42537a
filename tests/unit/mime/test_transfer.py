"""Transfer encodings: every spelling, every way to go on behind junk."""

import base64

import pytest

from dlp_gateway.mime import transfer
from tests.unit.mime.reading import CARD, SECRET, alarm, everything, message, read, why

ENCODED = base64.b64encode(SECRET)

BASE64_SPELLINGS = [
    b"base64",
    b"base64 ",
    b"BASE64",
    b"Base64\t",
    b'"base64"',
    b"'base64'",
    b"base64;",
    b"base64; x=y",
    b"base64,",
    b"base64 (x)",
    b"(x) base64",
    b"(x (y)) base64 (z)",
    b"base 64",
    b"base-64",
    b"base_64",
    b"x-base64",
    b"b64",
    b"\0base64",
    b"ba\0se64",
    b"\x0bbase64",
    b"\r\n base64",
    b"=?us-ascii?q?base64?=",
    b"=?us-ascii?b?YmFzZTY0?=",
    b"base64 7bit",
    b"base64\xa0",
    b"base64.",
    b"<base64>",
]
QUOTED_SPELLINGS = [
    b"quoted-printable",
    b"Quoted-Printable ",
    b'"quoted-printable"',
    b"quoted printable",
    b"quotedprintable",
    b"quoted-printable; x",
    b"(a) quoted-printable",
    b"x-quoted-printable",
    b"quoted",
    b"quoted\0-printable",
]


@pytest.mark.parametrize("spelling", BASE64_SPELLINGS)
def test_m01_base64_in_every_spelling(spelling):
    assert CARD in everything(read(message(ENCODED, b"Content-Transfer-Encoding: " + spelling)))


@pytest.mark.parametrize("spelling", QUOTED_SPELLINGS)
def test_m01_quoted_printable_in_every_spelling(spelling):
    body = b"card 4111 1=\r\n111 1111=20=31111"

    assert CARD in everything(read(message(body, b"Content-Transfer-Encoding: " + spelling)))


@pytest.mark.parametrize(
    "spelling", [b"7bit", b"8bit", b"binary", b"7-bit", b"8 bits", b"none", b"utf-8", b"", b"Text"]
)
def test_what_means_no_encoding_is_no_defect(spelling):
    reading = read(message(SECRET, b"Content-Transfer-Encoding: " + spelling))

    assert CARD in everything(reading)
    assert reading.unscanned == reading.ambiguous == ()


@pytest.mark.parametrize("spelling", [b"x-rot47", b"x-gzip64", b"deflate", b"aes"])
def test_an_encoding_that_nobody_knows_is_read_as_it_stands_and_reported(spelling):
    reading = read(message(SECRET, b"Content-Transfer-Encoding: " + spelling))

    assert CARD in everything(reading)
    assert why(reading.unscanned) == ["unknown transfer encoding"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"SGVsbG8=" + ENCODED, id="after the first padding"),
        pytest.param(b"SGVsbG8=\r\n" + ENCODED, id="on a line after the padding"),
        pytest.param(b"SGVsbA==SGVsbG8=" + ENCODED, id="after two paddings"),
        pytest.param(b"====" + ENCODED, id="padding first"),
        pytest.param(b"A=" + ENCODED, id="padding too early"),
        pytest.param(ENCODED.rstrip(b"="), id="no padding"),
        pytest.param(ENCODED + b"A", id="one letter too many"),
        pytest.param(b"!" + b"*".join(ENCODED[i : i + 1] for i in range(len(ENCODED))), id="junk between"),
        pytest.param(
            b"\r\n ".join(ENCODED[i : i + 5] for i in range(0, len(ENCODED), 5)), id="lines start with a space"
        ),
        pytest.param(b"\0".join(ENCODED[i : i + 1] for i in range(len(ENCODED))), id="NUL between"),
        pytest.param(b"\xff".join(ENCODED[i : i + 3] for i in range(0, len(ENCODED), 3)), id="8-bit junk"),
        pytest.param(ENCODED + b"\r\n-- \r\nsent from my phone\r\n", id="text behind"),
        pytest.param(b"sent from my phone:\r\n\r\n" + ENCODED[:24] + b"\r\n" + ENCODED[24:], id="no base64 in front"),
        pytest.param(base64.b64encode(b"hello") + b"\r\n" + SECRET, id="clear text behind the data"),
        pytest.param(b"this is not encoded at all, " + SECRET, id="no base64 at all"),
        pytest.param(base64.urlsafe_b64encode(b"\xfb\xff\xfe" + SECRET), id="URL-safe letters"),
    ],
)
def test_m07_base64_with_padding_and_junk_inside(body):
    assert CARD in everything(read(message(body, b"Content-Transfer-Encoding: base64")))


def test_m07_both_readings_of_a_file_become_parts():
    body = base64.b64encode(b"PK\x03\x04first.") + base64.b64encode(b" and more of it")
    raw = message(body, b"Content-Type: application/zip; name=a.zip", b"Content-Transfer-Encoding: base64")

    contents = [part.content for part in read(raw).parts]

    assert b"PK\x03\x04first. and more of it" in contents
    assert b"PK\x03\x04first." in contents


@pytest.mark.parametrize("size", [1, 2, 3, 56, 57, 58, 1000, 100_000])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b""])
def test_clean_base64_has_one_reading(size, line_end):
    content = bytes(range(256)) * (size // 256 + 1)
    encoded = base64.encodebytes(content[:size]).replace(b"\n", line_end)

    assert transfer.decode(transfer.BASE64, b"--" + encoded + b"--", 2, 2 + len(encoded)) == transfer.Decoded(
        (content[:size],)
    )


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        (b"4111=\r\n1111", b"41111111"),
        (b"4111=\n1111", b"41111111"),
        (b"4111= \r\n1111", b"41111111"),
        (b"4111=\t \n1111", b"41111111"),
        (b"4111=\r\r\n1111", b"41111111"),
        (b"=34=31=31=31", b"4111"),
        (b"=4a=4A=4a", b"JJJ"),
        (b"a=ZZb", b"a=ZZb"),
        (b"a=0D=0Ab", b"a\r\nb"),
        (b"a=\rb\nc", b"a=\rb\nc"),
        (b"a=", b"a"),
        (b"a= ", b"a"),
        (b"a==41b", b"a=41b"),
        (b"a=4", b"a=4"),
        (b"caf=C3=A9", "café".encode()),
        (b"\xe9t\xe9", b"\xe9t\xe9"),
    ],
)
def test_m08_quoted_printable_is_read_leniently(encoded, decoded):
    assert transfer.quoted_printable(encoded) == decoded


def test_m08_a_soft_break_inside_a_number_joins_it():
    raw = message(b"card 4111 1111=\r\n 1111 11=\r\n11", b"Content-Transfer-Encoding: quoted-printable")

    assert CARD in everything(read(raw))


@pytest.mark.parametrize(
    "body",
    [
        b"A=" * 500_000,
        b"=" * 1_000_000,
        b"A" * 1_000_001,
        b"!" * 1_000_000,
        b"= " * 500_000,
        b"=\r" * 500_000,
        b"=\t" * 500_000,
    ],
    ids=["A=", "=", "A", "!", "= ", "=CR", "=TAB"],
)
@pytest.mark.parametrize("encoding", [transfer.BASE64, transfer.QUOTED_PRINTABLE, transfer.UUENCODE, transfer.YENC])
def test_hostile_bodies_are_decoded_in_linear_time(encoding, body):
    with alarm():
        decoded = transfer.decode(encoding, body, 0, len(body))

    assert sum(map(len, decoded.contents)) <= 4 * len(body)
