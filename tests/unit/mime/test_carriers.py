"""Text within text (trap E3), and files within text (M20)."""

import base64

import pytest

from dlp_gateway.mime.carriers import embedded_parts, extra_readings

CLEAR = "Customer Ann Lee, tax file number 123 456 782, born 1 May 1979"


def wrapped(data: bytes, width: int, indent: str = "") -> str:
    text = base64.b64encode(data).decode()
    return "\n".join(indent + text[at : at + width] for at in range(0, len(text), width))


@pytest.mark.parametrize(
    "encoded",
    [
        base64.b64encode(CLEAR.encode()).decode(),
        base64.b64encode(CLEAR.encode()).decode().rstrip("="),
        wrapped(CLEAR.encode(), 24),
        wrapped(CLEAR.encode(), 40, "  "),
        wrapped(CLEAR.encode(), 40, "> "),
        base64.urlsafe_b64encode(CLEAR.encode()).decode(),
        base64.b64encode(CLEAR.encode("utf-16-le")).decode(),
        base64.b64encode(base64.b64encode(CLEAR.encode())).decode(),
        CLEAR.encode().hex(),
        CLEAR.encode().hex(" "),
        "0x" + CLEAR.encode().hex().upper(),
        "".join(f"%{b:02X}" for b in CLEAR.encode()),
        CLEAR.replace("1", "%31").replace(" ", "%20"),
        "".join(f"\\u{ord(c):04x}" for c in CLEAR),
        CLEAR.replace("2", "\\x32"),
        "".join(f"&#{ord(c)};" for c in CLEAR),
        CLEAR.replace("1", "&#x31;"),
        CLEAR.replace(" ", "=20").replace("1", "=31"),
        CLEAR.replace("123", "12=\n3").replace(",", "=2C"),
    ],
)
def test_e03_encoded_text_is_read(encoded):
    readings = extra_readings(f"paste this into the decoder:\n\n{encoded}\n\nthanks")

    assert any("tax file number 123 456 782" in reading for reading in readings)


@pytest.mark.parametrize(
    "text",
    [
        "Nothing but plain words, an order PO 4500018822 and a price of 4.180,00 in it.",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "https://example.com/track/AbCdEfGhIjKlMnOpQrStUvWxYz01234567?id=550e8400-e29b-41d4-a716-446655440000",
        "Antidisestablishmentarianism and Donaudampfschifffahrtsgesellschaftskapitaen are long words",
        "internationalisationandlocalisation_of_the_module_in_snake_case_names_everywhere",
        "100% of 5% and 3% are shares",
    ],
)
def test_ordinary_text_has_no_other_reading(text):
    assert extra_readings(text) == ()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("see data:text/plain;base64,SGVsbG8gdGhlcmU= here", ("text/plain", b"Hello there")),
        (wrapped(b"PK\x03\x04" + bytes(60), 40), ("application/zip", b"PK\x03\x04" + bytes(60))),
        (wrapped(b"%PDF-1.7\n" + bytes(60), 76), ("application/pdf", b"%PDF-1.7\n" + bytes(60))),
    ],
)
def test_m20_files_within_text_are_parts(text, part):
    assert part in embedded_parts(f"Hello,\n\n{text}\n\nbye")


def test_m20_a_pgp_message_in_the_body_is_a_part():
    armour = "-----BEGIN PGP MESSAGE-----\n\nhQEMA2xyz\n=abcd\n-----END PGP MESSAGE-----"

    assert embedded_parts(f"Hello\n{armour}\nbye") == (("application/pgp-encrypted", armour.encode()),)


def test_the_budget_bounds_what_comes_out():
    text = "\n\n".join(base64.b64encode(f"words number {n} and words".encode()).decode() for n in range(100))

    assert sum(len(reading) for reading in extra_readings(text, budget=200)) <= 200


@pytest.mark.parametrize(
    "filler", ["A", "A ", "=", "%4", "&#", "\\u", "0a", "data:", "-----BEGIN PGP MESSAGE-----", "A\n"]
)
def test_e03_hostile_runs_end(filler):
    text = filler * 100_000

    assert isinstance(extra_readings(text), tuple)
    assert isinstance(embedded_parts(text), tuple)
