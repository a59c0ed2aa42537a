import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.detection.encodings import decode

SECRET = "Tax file number of Olivia Brandt: 114 970 360"


def decoded(text: str) -> list[tuple[str, str]]:
    return [(found.scheme, found.text) for found in decode(text)]


B64 = base64.b64encode(SECRET.encode()).decode()


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        (B64, "base64"),
        (f"see {B64} there", "base64"),
        ("\n".join(B64[i : i + 20] for i in range(0, len(B64), 20)), "base64"),
        (base64.urlsafe_b64encode(SECRET.encode()).decode(), "base64"),
        (B64.rstrip("="), "base64"),
        (base64.b64encode(SECRET.encode("utf-16")).decode(), "base64"),
        (SECRET.encode().hex(), "hexadecimal"),
        (SECRET.encode().hex(" "), "hexadecimal"),
        (SECRET.encode().hex(":").upper(), "hexadecimal"),
        ("".join(f"%{b:02x}" for b in SECRET.encode()), "percent encoding"),
        ("".join(f"&#{ord(c)};" for c in SECRET), "character references"),
        ("".join(f"&#x{ord(c):x};" for c in SECRET), "character references"),
        ("".join(f"\\u{ord(c):04x}" for c in SECRET), "character escapes"),
        ("".join(f"\\x{ord(c):02x}" for c in SECRET), "character escapes"),
        ("".join(f"={ord(c):02X}" for c in SECRET), "quoted-printable"),
    ],
)
def test_every_encoding_is_read(text, scheme):
    assert (scheme, SECRET) in decoded(text)


def test_rot13():
    assert ("ROT13", "ebg13: Mia") in decoded("rot13: Zvn")


@pytest.mark.parametrize(
    "text",
    [
        "an ordinary sentence with internationalisation and responsibilities in it",
        "sha256 9f2c7b41d0e65a8833c1907745ab12ffe0c4d98ab6310552f7784e21c09ad3b6",
        "https://shop.example/items/a-very-long-path-with-many-words-in-it?q=100%25",
        "R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==",
        "5 % of 100 %, a = b = c",
    ],
)
def test_what_is_no_text_is_left_alone(text):
    assert decoded(text) == []


def test_offsets_point_at_the_encoded_stretch():
    text = f"see {B64} there"
    (found,) = decode(text)

    assert text[found.start : found.end] == B64


@given(st.text(max_size=300))
def test_any_text_is_taken(text):
    for found in decode(text):
        assert 0 <= found.start < found.end <= len(text)


def test_a_lone_surrogate_beside_the_encoded_stretch():
    """RE2 takes UTF-8 only; a message may hold what cannot be written in it."""
    text = f"\ud800{B64}"
    (found,) = decode(text)

    assert (found.text, text[found.start : found.end]) == (SECRET, B64)
