"""Character sets: the labels of mail, the lies about them, and codecs that are none."""

import codecs

import pytest

from dlp_gateway.mime import charsets
from tests.unit.mime.reading import CARD, alarm, everything, message, read, why

NOT_OF_MAIL = [
    "punycode",
    "idna",
    "rot13",
    "rot_13",
    "unicode_escape",
    "raw_unicode_escape",
    "base64",
    "bz2",
    "zlib",
    "hex",
    "quopri",
    "uu",
    "undefined",
    "mbcs",
    "oem",
    "utf_8_sig\0",
    "foo",
    "\xff\xfe",
    "a" * 5000,
    "",
    " ",
    "utf-8\0x",
]


@pytest.mark.parametrize("label", NOT_OF_MAIL)
def test_m11_codecs_that_are_no_charsets_are_never_used(label):
    codec = charsets.codec_of(label)

    assert codec is None or codec == "utf-8"
    assert CARD in "".join(charsets.decode(b"card 4111 1111 1111 1111 \xe9", (label,)).texts)


@pytest.mark.parametrize("label", NOT_OF_MAIL)
def test_m11_a_message_with_such_a_charset_is_read(label):
    field = b'Content-Type: text/plain; charset="' + label.encode("latin-1") + b'"'

    assert CARD in everything(read(message(b"card 4111 1111 1111 1111", field)))


def test_every_codec_of_the_list_exists_and_makes_text():
    for codec in set(charsets._CODECS.values()):
        info = codecs.lookup(codec)
        assert info._is_text_encoding, codec


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("utf-8", "utf-8"),
        ("UTF8", "utf-8"),
        ("us-ascii", "cp1252"),
        ("ISO-8859-1", "cp1252"),
        ("iso_8859-1", "cp1252"),
        ("latin1", "cp1252"),
        ("windows-1252", "cp1252"),
        ("cp-850", "cp850"),
        ("csISO2022JP", "iso2022_jp_ext"),
        ("iso-8859-15", "iso8859-15"),
        ("KOI8-R", "koi8-r"),
        ("gb2312", "gb18030"),
        ("x-gbk", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("Shift_JIS", "cp932"),
        ("x-sjis", "cp932"),
        ("utf-16", "utf-16"),
        ("unicode-1-1-utf-7", "utf-7"),
        ("macintosh", "mac-roman"),
        ("ibm037", "cp037"),
        ("x-unknown", None),
    ],
)
def test_labels_of_mail(label, codec):
    assert charsets.codec_of(label) == codec


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        ("Zoë Müller", ("utf-8", "us-ascii")),
        ("Zoë Müller", ("utf-8", "iso-8859-1")),
        ("Zoë Müller", ("utf-8", "foo")),
        ("Zoë Müller", ("utf-8", "")),
        ("Zoë Müller", ("cp1252", "utf-8")),
        ("Zoë Müller", ("cp1252", "us-ascii")),
        ("Zoë Müller", ("cp1252", "")),
        ("Zoë Müller", ("utf-16", "us-ascii")),
        ("Zoë Müller and others", ("utf-16-le", "")),
        ("Zoë Müller and others", ("utf-16-be", "utf-8")),
        ("Zoë Müller and others", ("utf-16-le", "utf-16")),
        ("Zoë Müller and others", ("utf-16-be", "utf-16")),
        ("Zoë Müller", ("utf-32", "utf-8")),
        ("Zoë Müller", ("utf-8-sig", "us-ascii")),
        ("Zoë Müller", ("utf-7", "utf-7")),
        ("Zoe Muller", ("utf-7", "utf-8")),
        ("Zoë Müller", ("cp037", "ibm037")),
        ("Иван Петров", ("koi8-r", "koi8-r")),
        ("Иван Петров", ("cp1251", "windows-1251")),
        ("Иван Петров", ("utf-8", "windows-1251")),
        ("山田太郎", ("iso2022_jp", "iso-2022-jp")),
        ("山田太郎", ("iso2022_jp", "us-ascii")),
        ("山田太郎", ("iso2022_jp", "")),
        ("山田太郎", ("cp932", "shift_jis")),
        ("王小明", ("gb18030", "gb2312")),
        ("王小明", ("hz", "hz-gb-2312")),
        ("王小明", ("big5", "big5")),
        ("김철수", ("euc_kr", "ks_c_5601-1987")),
    ],
)
def test_m11_the_text_is_among_the_readings_whatever_is_declared(content, declared):
    codec, label = declared

    assert content in charsets.decode(content.encode(codec), (label,) if label else ()).texts


def test_text_without_a_label_is_guessed_by_its_letters():
    text = "Иван Петров работает в нашей компании и живёт в Москве уже десять лет. Его телефон есть у секретаря."

    assert text in charsets.decode(text.encode("koi8-r")).texts


def test_plain_ascii_has_one_reading_whatever_is_declared():
    for label in ("utf-8", "us-ascii", "iso-8859-1", "big5", "foo", "punycode", "windows-1251", "iso-2022-jp"):
        assert charsets.decode(b"Dear Bob,\r\n", (label,)).texts == ("Dear Bob,\r\n",)


def test_utf7_is_read_both_ways():
    assert set(charsets.decode(b"+AGMAYQByAGQ- 41", ("utf-7",)).texts) == {"card 41", "+AGMAYQByAGQ- 41"}


def test_what_no_known_charset_explains_is_reported():
    content = bytes(range(128, 256)) * 4

    assert charsets.decode(content, ("x-martian",)).unknown
    assert why(read(message(content, b"Content-Type: text/plain; charset=x-martian")).unscanned) == [
        "text in an unknown character set"
    ]
    assert not charsets.decode("Grüße aus Köln".encode("cp1252"), ("x-unknown",)).unknown
    assert not charsets.decode("Grüße aus Köln".encode(), ("default",)).unknown


@pytest.mark.parametrize("filling", [b"a", b"\xff", b"\x1b", b"\x00\xd8", b"+", b"\x81\x30", b"~{", bytes(range(256))])
def test_m11_megabytes_of_anything_are_read_in_time_in_every_charset(filling):
    content = filling * (400_000 // len(filling))
    one_label_a_codec = {codec: label for label, codec in charsets._CODECS.items()}

    with alarm(120):
        for label in [*one_label_a_codec.values(), "punycode", "idna", "rot13", "foo", ""]:
            for text in charsets.decode(content, (label,)).texts:
                assert len(text) <= 2 * len(content)
