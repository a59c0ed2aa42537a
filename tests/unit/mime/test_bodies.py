"""Which bodies are text, and what the kinds of text yield."""

import zlib

import pytest

from dlp_gateway.mime import bodies
from tests.unit.mime.reading import message, read

COPIED = "Café: the agree\x02ment runs to June, and the part\x02ners meet once a quar\x02ter. It’s renewed by itself."


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"plain words",
        COPIED.encode(),
        COPIED.encode("cp1252"),
        ("Il re\x02port è pronto; " + "Отчёт го\x02тов. " * 9).encode(),
        b"word\x0cword\x1b[0m",
        COPIED.encode("utf-16"),
    ],
)
def test_text_with_a_few_control_characters_is_no_file(content):
    assert not bodies.is_binary(content)


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04" + COPIED.encode(),
        b"%PDF-1.7\n" + COPIED.encode(),
        zlib.compress(bytes(range(256)) * 9, 0),
        COPIED.encode() + b"\0",
        "é\x01\x02\x03 a".encode() * 9,
        "\x02д".encode("koi8-r") + "отчёт готов сегодня к вечеру".encode("koi8-r") * 3,
        bytes(range(256)) * 4,
    ],
)
def test_what_its_octets_tell_to_be_a_file_is_one(content):
    assert bodies.is_binary(content)


@pytest.mark.parametrize("kind", [b"plain", b"html"])
@pytest.mark.parametrize("charset", ["utf-8", "cp1252"])
def test_text_copied_from_a_pdf_is_a_body_and_nothing_else(kind, charset):
    fields = b"Content-Type: text/" + kind + b"; charset=" + charset.encode()

    reading = read(message(COPIED.encode(charset), fields))

    assert reading.parts == ()
    assert COPIED in [text.text for text in reading.texts]


@pytest.mark.parametrize("kind", [b"enriched", b"richtext"])
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("45<bold>9 5</bold>99 2<Bold>30</Bold>", "459 599 230"),
        ("can<color><param>red</param>cer</color>", "cancer"),
        ("a << b <lt> c", "a < b < c"),
        ("can<comment>dle</comment>cer<nl>x", "cancer\nx"),
        ("a <b c> d", "a <b c> d"),
    ],
)
def test_the_words_of_enriched_text_are_read_without_its_commands(kind, source, said):
    reading = read(message(source.encode(), b"Content-Type: text/" + kind))

    assert said in [text.text for text in reading.texts]
    assert source in [text.text for text in reading.texts]
