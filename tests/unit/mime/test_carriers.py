"""Text within text (trap E3), and files within text (M20)."""

import base64
import subprocess
import sys

import pytest

from dlp_gateway import mime
from dlp_gateway.mime.carriers import Carried, carried
from dlp_gateway.model import Unscanned

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
        wrapped(CLEAR[:-8].encode(), 12) + "\n" + base64.b64encode(CLEAR[-8:].encode()).decode(),
        "it is in the documentation\n" + base64.b64encode(CLEAR.encode()).decode(),
        CLEAR.encode().hex(" "),
        CLEAR.encode().hex(":"),
        CLEAR.encode().hex() + "4",
        CLEAR.encode().hex(" ") + " 4",
        CLEAR.encode().hex(" ") + " before noon",
        "\n".join("  " + CLEAR.encode().hex(" ")[at : at + 48] for at in range(0, 3 * len(CLEAR), 48)),
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
    readings = carried(f"paste this into the decoder:\n\n{encoded}\n\nthanks").readings

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
        "A heading\n=========\n\nAnother\n=======\n",
    ],
)
def test_ordinary_text_has_no_other_reading(text):
    assert carried(text) == Carried()


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("see data:text/plain;base64,SGVsbG8gdGhlcmU= here", ("text/plain", b"Hello there")),
        (wrapped(b"PK\x03\x04" + bytes(60), 40), ("application/zip", b"PK\x03\x04" + bytes(60))),
        (wrapped(b"%PDF-1.7\n" + bytes(60), 76), ("application/pdf", b"%PDF-1.7\n" + bytes(60))),
    ],
)
def test_m20_files_within_text_are_parts(text, part):
    assert part in carried(f"Hello,\n\n{text}\n\nbye").files


def test_m20_a_pgp_message_in_the_body_is_a_part():
    armour = "-----BEGIN PGP MESSAGE-----\n\nhQEMA2xyz\n=abcd\n-----END PGP MESSAGE-----"

    assert carried(f"Hello\n{armour}\nbye").files == (("application/pgp-encrypted", armour.encode()),)


def runs(count: int) -> str:
    return "\n\n".join(base64.b64encode(f"words number {n:05} and words".encode()).decode() for n in range(count))


def test_the_budget_bounds_what_comes_out_and_says_so():
    found = carried(runs(100), budget=200)

    assert 0 < sum(len(reading) for reading in found.readings) <= 200
    assert found.truncated


@pytest.mark.parametrize(
    ("text", "truncated"),
    [
        (runs(400), False),
        (runs(401), True),
        (runs(400) + "\n\n" + runs(400), False),
        ("3f786850e387550fdab836ed7e6dc881de23001b\n" * 5000, False),
        ("data:text/plain;base64,SGVsbG8gdGhlcmU= " * 500, False),
        (" ".join(f"data:text/plain,{n:08}" for n in range(401)), True),
    ],
)
def test_more_runs_than_are_looked_at_are_told(text, truncated):
    assert carried(text).truncated is truncated


def test_what_is_encoded_deeper_than_is_read_is_told():
    text = "the words that are hidden in here"
    for _ in range(3):
        text = base64.b64encode(text.encode()).decode()

    assert carried(text).truncated
    assert not carried(base64.b64decode(text).decode()).truncated


def test_a_message_with_too_many_runs_is_not_wholly_scanned():
    raw = b"From: a@b.example\r\nSubject: x\r\n\r\n" + runs(401).encode()

    assert mime.read(raw, mime.ReadingBudget()).unscanned == (Unscanned("body", "too many encoded runs"),)


FILLERS = [
    "a",
    "A ",
    "=",
    "=\n=41",
    "%4",
    "%41",
    "a%41",
    "&#",
    "&#65;",
    "\\u",
    "\\u4e00",
    "0a",
    "41 ",
    "41:",
    "41\n",
    "QUFB\n",
    "QUFBQUFBQUFB ",
    "data:",
    "data:,",
    "-----BEGIN PGP MESSAGE-----",
]
BOUNDED = """
import resource, sys
from dlp_gateway.mime.carriers import carried
text = (sys.argv[1] * 2_000_000)[:2_000_000]
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 80_000_000,) * 2)
carried(text + "4")
carried("41 " * 100_000 + "4z")
"""


@pytest.mark.parametrize("filler", FILLERS)
def test_e03_hostile_runs_take_memory_and_time_in_proportion(filler):
    # A repeat that can be given back takes 170 MB for two, a quadratic one hours.
    subprocess.run([sys.executable, "-c", BOUNDED, filler], check=True, timeout=120)


def encoded(text: str, times: int) -> str:
    for _ in range(times):
        text = "".join(f"%{ord(c):02X}" if not c.isalnum() else c for c in text)
    return text


@pytest.mark.parametrize(
    "text",
    [
        f"Slides: https://a.example/?url={encoded('https://b.example/?u=' + encoded('https://c.example/?x=1', 1), 2)}",
        f"Slides: https://a.example/?url={encoded('https://b.example/x', 4)}&data=05%7C02&id=42&reserved=0",
        'It says "Fish &#38; Chips", the API {"t":"Fish \\u0026 Chips"}: https://a.example/?q=%22annual%20report%22',
        "d&#39;accord: caf=C3=A9 =3D a place, https://a.example/?q=%22annual%20report%22",
        'log: "\\u0022\\u005cu0026\\u0022" and &#38;#38;',
    ],
)
def test_escapes_of_ordinary_mail_are_read_to_their_end(text):
    assert not carried(text).truncated


@pytest.mark.parametrize(
    "escape",
    [
        lambda text: encoded(text, 3),
        lambda text: encoded(text, 5),
        lambda text: encoded(text.replace("1", "\\u0031").replace("2", "&#50;"), 2),
        lambda text: encoded(text, 1).replace("%", "&#37;").replace("&", "\\u0026"),
        lambda text: encoded(text, 2).replace("%", "=25"),
        lambda text: f"?id=42&n=17 {encoded(text, 2)}",
        lambda text: base64.b64encode(encoded(text, 3).encode()).decode(),
        lambda text: encoded(base64.b64encode(base64.b64encode(text.encode())).decode() + "=  ==", 3),
    ],
)
def test_what_is_escaped_several_times_is_read(escape):
    found = carried(f"paste this into the decoder:\n\n{escape(CLEAR)}\n\nthanks")

    assert any("tax file number 123 456 782" in reading for reading in found.readings)


def test_escapes_without_end_are_told():
    assert carried(encoded("a, b; c, d; e", 9)).truncated


@pytest.mark.parametrize("times", [2, 3])
def test_what_is_encoded_within_escapes_is_as_deep_as_without(times):
    text = CLEAR
    for _ in range(times):
        text = base64.b64encode(encoded(text, 2).encode()).decode()

    assert carried(text).truncated is (times > 2)
