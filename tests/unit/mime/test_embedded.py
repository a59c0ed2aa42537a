"""Files in the text of a body: uuencode, yEnc, BinHex, PEM."""

import binascii

import pytest

from dlp_gateway.mime import embedded
from dlp_gateway.mime.budget import OverBudget
from dlp_gateway.model import Role
from tests.unit.mime.reading import CARD, SECRET, alarm, everything, message, of_role, read, why

CSV = b"name,card\r\nJane," + SECRET + b"\r\n" + bytes(range(256)) * 3


def uuencoded(content, name=b"staff.csv", mode=b"644", end=b"end\n", fill=b"`"):
    lines = [binascii.b2a_uu(content[i : i + 45], backtick=fill == b"`") for i in range(0, len(content), 45)]
    return b"begin " + mode + b" " + name + b"\n" + b"".join(lines) + fill + b"\n" + end


def yencoded(content, name=b"staff.csv"):
    out = bytearray()
    for octet in content:
        coded = (octet + 42) % 256
        out += bytes([61, (coded + 64) % 256]) if coded in (0, 10, 13, 61) else bytes([coded])
    lines = b"\r\n".join(bytes(out[i : i + 128]) for i in range(0, len(out), 128))
    return (
        b"=ybegin line=128 size=%d name=%s\r\n" % (len(content), name) + lines + b"\r\n=yend size=%d\r\n" % len(content)
    )


def binhexed(content, name=b"staff.csv"):
    letters = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr"
    base64_letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    head = bytes([len(name)]) + name + b"\0TEXTttxt\0\0" + len(content).to_bytes(4, "big") + bytes(4)
    plain = (head + b"\0\0" + content + b"\0\0" + b"\0\0").replace(b"\x90", b"\x90\0")
    packed = binascii.b2a_base64(plain, newline=False).rstrip(b"=").translate(bytes.maketrans(base64_letters, letters))
    lines = b"\r\n".join(packed[i : i + 64] for i in range(0, len(packed), 64))
    return b"(This file must be converted with BinHex 4.0)\r\n\r\n:" + lines + b":\r\n"


FORMS = {
    "uuencode": uuencoded(CSV),
    "uuencode with blanks": uuencoded(CSV, fill=b" "),
    "uuencode without end": uuencoded(CSV, end=b""),
    "uuencode with CRLF": uuencoded(CSV).replace(b"\n", b"\r\n"),
    "uuencode in capitals of mode": uuencoded(CSV, mode=b"0644"),
    "uuencode, blanks stripped": b"\n".join(line.rstrip(b" ") for line in uuencoded(CSV, fill=b" ").split(b"\n")),
    "yEnc": yencoded(CSV),
    "BinHex": binhexed(CSV),
}


@pytest.mark.parametrize("form", FORMS)
def test_m18_a_file_in_a_plain_body_becomes_a_part(form):
    reading = read(message(b"see below\r\n\r\n" + FORMS[form] + b"\r\nbye\r\n"))

    assert CSV in [part.content for part in reading.parts]
    assert "staff.csv" in of_role(reading, Role.FILENAME)


def test_m18_two_blocks_are_two_parts():
    raw = message(
        b"one\r\n" + uuencoded(b"first file", b"a.txt") + b"\r\ntwo\r\n" + uuencoded(b"second file", b"b.txt")
    )

    assert [(part.content, part.names, part.where) for part in read(raw).parts] == [
        (b"first file", ("a.txt",), "attachment 1"),
        (b"second file", ("b.txt",), "attachment 2"),
    ]


@pytest.mark.parametrize("spelling", [b"x-uuencode", b"uuencode", b"x-uue", b"uue"])
@pytest.mark.parametrize("head", [True, False])
def test_m18_uuencode_as_the_transfer_encoding(spelling, head):
    body = uuencoded(SECRET) if head else uuencoded(SECRET).split(b"\n", 1)[1]
    raw = message(body, b"Content-Type: application/x-y; name=a", b"Content-Transfer-Encoding: " + spelling)

    assert SECRET in [part.content for part in read(raw).parts]


@pytest.mark.parametrize(
    ("spelling", "make"), [(b"x-yenc", yencoded), (b"binhex", binhexed), (b"mac-binhex40", binhexed)]
)
def test_m18_other_transfer_encodings(spelling, make):
    raw = message(make(SECRET), b"Content-Type: application/x-y; name=a", b"Content-Transfer-Encoding: " + spelling)

    assert SECRET in [part.content for part in read(raw).parts]


def test_m18_base64_with_begin_line():
    raw = message(b"begin-base64 644 a.csv\r\n" + binascii.b2a_base64(CSV) + b"====\r\n")

    assert CSV in [part.content for part in read(raw).parts]


def test_pem_of_a_cryptographic_message_is_a_part():
    block = b"-----BEGIN PKCS7-----\r\nMIIB\r\n-----END PKCS7-----"

    assert [part.content for part in read(message(b"hi\r\n" + block + b"\r\nbye")).parts] == [block]


@pytest.mark.parametrize(
    "text", [b"begin 644 is what I wrote", b"We begin 644 today\nend", b"=ybegin", b"=ypart x", b"begin", b""]
)
def test_prose_is_no_file(text):
    assert list(embedded.files(text)) == []


@pytest.mark.parametrize(
    "body",
    [
        b"begin 644 a\n" * 150_000,
        b"begin 644 a\n" + b"M" * 2_000_000,
        b"begin 644 a\n" + b"M\n" * 1_000_000,
        b"=ybegin name=a\n" * 130_000,
        b"=ybegin name=a\n" + b"=" * 2_000_000,
        b"(This file must be converted with BinHex\n:" * 50_000,
        b"(This file must be converted with BinHex\n:" + b"!" * 2_000_000,
        b"-----BEGIN PKCS7-----" * 100_000,
    ],
)
def test_hostile_blocks_are_read_in_linear_time_and_space(body):
    size = 0
    with alarm():
        try:
            for file in embedded.files(body):
                size += len(file.content)
        except OverBudget:
            pass

    assert size <= embedded._MOST_UNPACKED + 2 * len(body)


def test_runs_of_binhex():
    assert embedded._unpack_runs(b"a\x90\x04b\x90\0c\x90") == b"aaaab\x90c\x90"


def test_what_unpacks_to_too_much_is_reported():
    reading = read(message(binhexed(b"").replace(b":\r\n", b"") + b"\r\n" + SECRET))
    assert CARD in everything(reading)

    with alarm(), pytest.raises(OverBudget):
        embedded._unpack_runs(b"a" + b"\x90\xff" * 1_000_000)


def test_more_files_than_may_be_read_are_reported():
    reading = read(message(uuencoded(b"x") * 600))

    assert why(reading.unscanned) == ["more than 500 files in one text"]
