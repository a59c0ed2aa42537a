"""Multiparts: where they are cut, and that nothing between, before or behind the parts is lost."""

import base64

import pytest

from dlp_gateway.mime import boundaries
from tests.unit.mime.reading import CARD, SECRET, alarm, at, everything, message, multipart, read, why

PLAIN = b"Content-Type: text/plain\r\n\r\nhello"
WITH_SECRET = b"Content-Type: text/plain\r\n\r\n" + SECRET
ENCODED = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(SECRET)


def mixed(body, *boundary):
    return message(body, b"Content-Type: multipart/mixed" + b"".join(b"; " + b for b in boundary))


M05 = {
    "preamble": multipart(PLAIN, preamble=SECRET + b"\r\n"),
    "epilogue": multipart(PLAIN, epilogue=SECRET),
    "after a false end": multipart(PLAIN, epilogue=b"--=_x\r\n" + ENCODED + b"\r\n--=_x--\r\n"),
    "no end": mixed(b"--b\r\n" + PLAIN + b"\r\n--b\r\n" + ENCODED, b"boundary=b"),
    "no parameter": mixed(b"--b\r\n" + PLAIN + b"\r\n--b\r\n" + ENCODED + b"\r\n--b--"),
    "wrong parameter": mixed(b"--b\r\n" + PLAIN + b"\r\n--b\r\n" + ENCODED + b"\r\n--b--", b"boundary=other"),
    "empty": mixed(b"--\r\n" + PLAIN + b"\r\n--\r\n" + ENCODED + b"\r\n----", b'boundary=""'),
    "first of two": mixed(b"--b\r\n" + ENCODED + b"\r\n--b--", b"boundary=b", b"boundary=c"),
    "second of two": mixed(b"--c\r\n" + ENCODED + b"\r\n--c--", b"boundary=b", b"boundary=c"),
    "trailing blanks": mixed(b"--b \t\r\n" + ENCODED + b"\r\n--b-- \r\n", b"boundary=b"),
    "declared with trailing blank": mixed(b"--b\r\n" + ENCODED + b"\r\n--b--\r\n", b'boundary="b "'),
    "quoted with escapes": mixed(b'--a"b\r\n' + ENCODED + b'\r\n--a"b--\r\n', b'boundary="a\\"b"'),
    "quoted with semicolon": mixed(b"--a;b\r\n" + ENCODED + b"\r\n--a;b--\r\n", b'boundary="a;b"'),
    "unquoted with equals": mixed(b"--a=b\r\n" + ENCODED + b"\r\n--a=b--\r\n", b"boundary=a=b"),
    "RFC 2231 sections": mixed(b"--abcd\r\n" + ENCODED + b"\r\n--abcd--\r\n", b"boundary*1=cd", b"boundary*0=ab"),
    "RFC 2231 encoded": mixed(b"--a b\r\n" + ENCODED + b"\r\n--a b--\r\n", b"boundary*=us-ascii''a%20b"),
    "longer than 70": mixed(b"--" + b"b" * 300 + b"\r\n" + ENCODED + b"\r\n", b"boundary=" + b"b" * 300),
    "comment behind": mixed(b"--b\r\n" + ENCODED + b"\r\n--b--\r\n", b"boundary=b (comment)"),
    "8-bit": mixed(b"--b\xc3\xa9\r\n" + ENCODED + b"\r\n--b\xc3\xa9--\r\n", b'boundary="b\xc3\xa9"'),
    "bare LF": mixed(b"--b\n" + ENCODED.replace(b"\r\n", b"\n") + b"\n--b--\n", b"boundary=b"),
    "bare CR": mixed(b"--b\r" + PLAIN + b"\r--b\r\n" + ENCODED + b"\r--b--\r", b"boundary=b"),
    "text behind the delimiter": mixed(b"--b and more\r\n" + ENCODED + b"\r\n--b--\r\n", b"boundary=b"),
    "part without header": mixed(b"--b\r\n\r\n" + SECRET + b"\r\n--b--", b"boundary=b"),
    "part without blank line": mixed(b"--b\r\n" + SECRET + b"\r\n--b--", b"boundary=b"),
    "inner boundary is a prefix": mixed(
        b"--bb\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + ENCODED + b"\r\n--b--\r\n--bb--",
        b"boundary=bb",
    ),
    "outer boundary is a prefix": mixed(
        b"--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n" + ENCODED + b"\r\n--bb--\r\n--b--",
        b"boundary=b",
    ),
    "same boundary inside": mixed(
        b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + ENCODED + b"\r\n--b--\r\n--b--",
        b"boundary=b",
    ),
    "only the prefix rule shows it": mixed(
        b"--b\r\n" + PLAIN + b"\r\n--bx\r\n" + ENCODED + b"\r\n--b--", b"boundary=b"
    ),
    "no parts at all": mixed(SECRET, b"boundary=b"),
    "no type but multipart": message(
        b"--b\r\n" + ENCODED + b"\r\n--b--", b"Content-Type: multipart/x-unheard-of; boundary=b"
    ),
}


@pytest.mark.parametrize("name", M05)
def test_m05_nothing_is_lost_between_boundaries(name):
    reading = read(M05[name])

    assert CARD in everything(reading)
    assert reading.unscanned == ()


@pytest.mark.parametrize("name", [name for name in M05 if "two" not in name])
def test_m05_sloppy_boundaries_are_not_ambiguous(name):
    assert read(M05[name]).ambiguous == ()


def test_m05_two_boundaries_that_both_occur_are_ambiguous_and_both_read():
    body = b"--b\r\n" + PLAIN + b"\r\n--c\r\n" + ENCODED + b"\r\n--c--\r\n--b--"

    reading = read(mixed(body, b"boundary=b", b"boundary=c"))

    assert why(reading.ambiguous) == ["more than one boundary"]
    assert CARD in everything(reading)


@pytest.mark.parametrize("encoding", [b"base64", b"quoted-printable"])
def test_m06_an_encoded_multipart_is_read(encoding):
    inner = b"--b\r\n" + ENCODED.replace(b"=", b"=3D" if encoding != b"base64" else b"=") + b"\r\n--b--\r\n"
    body = base64.encodebytes(inner) if encoding == b"base64" else inner
    raw = message(body, b"Content-Type: multipart/mixed; boundary=b", b"Content-Transfer-Encoding: " + encoding)

    assert CARD in everything(read(raw))


@pytest.mark.parametrize("outer", [b"message/rfc822", b"multipart/mixed; boundary=b", b"message/global"])
def test_m06_two_levels_of_encoded_composites_are_read(outer):
    innermost = b"Subject: inner\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(SECRET)
    level = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(innermost)
    if outer.startswith(b"multipart"):
        level = b"--b\r\n" + level + b"\r\n--b--\r\n"
    raw = message(base64.encodebytes(level), b"Content-Type: " + outer, b"Content-Transfer-Encoding: base64")

    assert CARD in everything(read(raw))


def test_the_usual_cut():
    body = b"pre\r\n--b\r\none\r\n--b\r\ntwo\r\n--b--\r\nepi"

    (split,) = boundaries.splits(body, 0, len(body), ("b",), 100)

    assert [body[s:e] for s, e in split.parts] == [b"one", b"two"]
    assert [body[s:e] for s, e in split.around] == [b"pre", b"epi"]


def test_neighbouring_delimiters_make_empty_parts():
    body = b"--b\r\n--b\r\n--b--"

    (split,) = boundaries.splits(body, 0, len(body), ("b",), 100)

    assert [body[s:e] for s, e in split.parts] == [b"", b""]


def test_stock_preambles_are_left_out():
    assert at(read(multipart(PLAIN, preamble=b"This is a multi-part message in MIME format.\r\n")), "body") == ["hello"]
    assert at(read(multipart(PLAIN, preamble=b"Dear all\r\n")), "body (outside the parts)") == ["Dear all"]


@pytest.mark.parametrize(
    "body",
    [
        b"-" * 2_000_000,
        b"\n--" * 700_000,
        b"\r--b" * 3_000,
        b"\n--b" * 3_000,
        b"--b--" * 400_000,
        b"\r" * 2_000_000,
        b"--b " + b" " * 2_000_000,
    ],
    ids=["dashes", "empty delimiters", "CR", "LF", "one line", "only CR", "blanks"],
)
@pytest.mark.parametrize("boundary", [b"b", b"", b"-", b"--", b"\\r"])
def test_hostile_delimiters_are_cut_in_linear_time(body, boundary):
    with alarm():
        reading = read(mixed(body, b'boundary="' + boundary + b'"'))

    assert sum(len(text.text) for text in reading.texts) < 5 * len(body)
