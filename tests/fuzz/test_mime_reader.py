"""The mail reader against mutated, recombined and random messages: it never raises, and never grows without bound."""

import base64
import contextlib
import random

from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway import mime
from dlp_gateway.mime import (
    addresses,
    bodies,
    boundaries,
    charsets,
    contentlines,
    embedded,
    encoded_words,
    fields,
    headers,
    parameters,
    transfer,
)
from dlp_gateway.mime.budget import OverBudget
from dlp_gateway.model import Reading, Role

ALTERNATIVE = b"""\
Received: from [192.168.1.5] (unknown [1.2.3.4]) by mail.westendonsixth.com (Postfix); Tue, 4 Mar 2025 09:00:00 +1000\r
From: =?utf-8?q?Alice_N=C3=A9?= <alice@westendonsixth.com>\r
To: "Martin, Bob" <bob@example.net>, Team: c@d.example (Carol);\r
Subject: =?utf-8?b?UXVvdGU=?= for\r
 =?iso-8859-1?q?March_=28final=29?=\r
Message-ID: <1@westendonsixth.com>\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary="=_outer"\r
\r
This is a multi-part message in MIME format.\r
--=_outer\r
Content-Type: multipart/alternative; boundary="=_outer_inner"\r
\r
--=_outer_inner\r
Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\r
Content-Transfer-Encoding: quoted-printable\r
\r
Dear Bob,=20\r
here it is =E2=80=93 see=\r
 below.\r
--=_outer_inner\r
Content-Type: text/html; charset="utf-8"\r
Content-Transfer-Encoding: base64\r
\r
PHA+RGVhciA8Yj5Cb2I8L2I+LCBoZXJlIGl0IGlzLjwvcD4=\r
--=_outer_inner--\r
--=_outer\r
Content-Type: application/pdf; name*0*=utf-8''quote%20M; name*1*=%C3%BCller.pdf\r
Content-Disposition: attachment; filename="quote.pdf"; size=9\r
Content-Transfer-Encoding: base64\r
\r
JVBERi0xLjcK\r
--=_outer\r
Content-Type: message/rfc822\r
\r
Subject: inner\r
From: <d@e.example>\r
Content-Type: text/calendar; method=REQUEST\r
\r
BEGIN:VCALENDAR\r
SUMMARY:Review of Ja\r
 ne\\, again\r
END:VCALENDAR\r
--=_outer--\r
epilogue\r
"""
PLAIN = b"""\
From: a@b.example\r
To: c@d.example\r
Subject: files\r
Content-Type: text/plain; charset=iso-8859-1\r
\r
begin 644 a.csv\r
#0V%T\r
`\r
end\r
=ybegin line=128 size=3 name=b\r
abc\r
=yend size=3\r
(This file must be converted with BinHex 4.0)\r
:"3`"`!%!3`!:\r
-----BEGIN PKCS7-----\r
MIIB\r
-----END PKCS7-----\r
"""
SAMPLES = (ALTERNATIVE, PLAIN, ALTERNATIVE.replace(b"\r\n", b"\n"), PLAIN.replace(b"\r\n", b"\r"))
# What the grammar turns on: put anywhere, these change the structure rather than the words.
TOKENS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\n\n",
    b" ",
    b"\t",
    b"\0",
    b":",
    b";",
    b'"',
    b"(",
    b")",
    b"<",
    b">",
    b"@",
    b"=",
    b"=?",
    b"?=",
    b"--=_outer\r\n",
    b"--=_outer--\r\n",
    b"--=_outer_inner\r\n",
    b"--",
    b"=\r\n",
    b"=41",
    b"=ZZ",
    b"\xff",
    b"\xc3",
    b"\x1b$B",
    b"+AG-",
    b"Content-Type: text/html\r\n",
    b"Content-Type: multipart/digest; boundary=x\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: message/partial\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: x-yenc\r\n",
    b"Content-Transfer-Encoding: binhex\r\n",
    b"Subject: x\r\n",
    b"From: x\r\n",
    b"charset=utf-7",
    b"charset=utf-16",
    b"boundary=x",
    b"filename*0*=utf-8''%41",
    b"=?utf-8?q?=",
    b"=?utf-16?b?AAA?=",
    b"begin 644 x\r\n",
    b"=ybegin name=x\r\n",
    b"<!--",
    b"<style>",
)
LIMITS = mime.ReadingBudget(bytes=2_000_000, parts=300, depth=20, characters=2_000_000, header_bytes=20_000, seconds=60)


@st.composite
def mutations(draw):
    """A sample with pieces cut, doubled, swapped, replaced by tokens or by octets."""
    data = bytearray(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 12))):
        start = draw(st.integers(0, max(0, len(data) - 1)))
        end = min(len(data), start + draw(st.sampled_from((0, 1, 2, 10, 60, 400))))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            data[start:end] = draw(st.sampled_from(TOKENS))
        elif kind == 1:
            data[start:end] = data[start:end] * draw(st.integers(0, 4))
        elif kind == 2:
            at = draw(st.integers(0, len(data)))
            data[at:at] = data[start:end]
        else:
            data[start:end] = draw(st.binary(max_size=8))
    return bytes(data)


def check(raw: bytes) -> Reading:
    """Read ``raw`` and hold what holds for every message."""
    reading = mime.read(raw, LIMITS)

    assert not [item for item in reading.unscanned if item.why.startswith("could not be read")]
    assert sum(len(text.text) for text in reading.texts) <= LIMITS.characters
    assert sum(len(part.content) for part in reading.parts) <= LIMITS.bytes
    assert len(reading.parts) + len(reading.texts) < 20_000
    assert mime.read(raw, LIMITS) == reading
    alone = mime.read_subject(raw, LIMITS)
    subjects = [text for text in reading.texts if text.role is Role.SUBJECT]
    assert list(alone.texts) == subjects
    assert alone.received == reading.received
    return reading


@given(mutations())
def test_mutated_messages(raw):
    check(raw)


@given(st.lists(st.sampled_from(TOKENS), max_size=120).map(b"".join))
def test_messages_of_tokens(raw):
    check(raw)


@given(st.binary(max_size=2000))
def test_random_octets(raw):
    check(raw)


@given(st.sampled_from(SAMPLES), st.integers(0, 2000))
def test_messages_that_end_anywhere(sample, at):
    check(sample[:at])


@given(mutations(), st.sampled_from([b"base64", b"quoted-printable", b"7bit", b"x-uuencode"]), st.integers(1, 4))
def test_messages_inside_messages(inner, encoding, levels):
    raw = inner
    for _ in range(levels):
        body = base64.encodebytes(raw) if encoding == b"base64" else raw
        raw = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body
    check(raw)


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="\r\n"), max_size=60), st.integers(0, 2**32))
def test_words_of_the_body_are_read_whatever_the_structure(words, seed):
    """A body of plain words comes out in some text, in every transfer encoding and at every place of a multipart."""
    rng = random.Random(seed)
    words = f"xyzzy {words} plugh"
    encoding = rng.choice(["7bit", "base64", "quoted-printable"])
    octets = words.encode()
    if encoding == "base64":
        octets = base64.encodebytes(octets)
    elif encoding == "quoted-printable":
        octets = b"".join(b"=%02X" % octet if rng.random() < 0.3 or octet == 61 else bytes([octet]) for octet in octets)
    part = f"Content-Type: text/plain\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + octets
    parts = [b"\r\nother", part, b"Content-Type: text/html\r\n\r\n<p>x"]
    rng.shuffle(parts)
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + b"".join(b"--b\r\n" + p + b"\r\n" for p in parts)
        + b"--b--"
    )

    reading = check(raw)

    assert any(words.strip() in text.text for text in reading.texts)


HEADER_VALUES = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join),
    st.text(alphabet="\"()<>@,;:\\. =?*'%ab1\r\n\t", max_size=200).map(str.encode),
)


@given(HEADER_VALUES)
def test_no_reader_of_header_values_raises(value):
    text = charsets.header_text(value)

    assert encoded_words.readings(text)
    parameters.content_type(parameters.parse(text).token)
    parameters.without_comments(text)
    _, specs = addresses.split(text)
    for spec in specs:
        assert all("@" in address for address in addresses.canonical(spec))
    assert fields.readings(value)
    assert transfer.encodings((value,))
    for name in ("to", "received", "date", "message-id", "dkim-signature", "comments", "x-y"):
        list(fields.texts((headers.Field(name, value),), ""))


@given(st.one_of(st.binary(max_size=400), st.lists(st.sampled_from(TOKENS), max_size=60).map(b"".join)))
def test_no_decoder_raises(body):
    for encoding in (transfer.BASE64, transfer.QUOTED_PRINTABLE, transfer.UUENCODE, transfer.YENC, transfer.BINHEX):
        assert transfer.decode(encoding, b"x" + body, 1, 1 + len(body)).contents
    for label in ("utf-8", "utf-7", "utf-16", "iso-2022-jp", "hz", "big5", "cp037", "foo"):
        assert charsets.decode(body, (label,)).texts
    contentlines.read(charsets.header_text(body))
    for kind in (bodies.PLAIN, bodies.HTML, bodies.CALENDAR):
        list(bodies.read(kind, body, (), delsp=True, characters=100_000))
    for split in boundaries.splits(body, 0, len(body), ("=_outer", "x", ""), 1000):
        assert all(0 <= start <= end <= len(body) for start, end in (*split.parts, *split.around))
    with contextlib.suppress(OverBudget):
        list(embedded.files(body))


@given(st.binary(max_size=300))
def test_base64_of_anything_comes_back(content):
    assert transfer.decode(
        transfer.BASE64, base64.encodebytes(content), 0, len(base64.encodebytes(content))
    ).contents == (content,)
