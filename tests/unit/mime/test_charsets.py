"""Character sets: the labels of mail, the lies about them, and codecs that are none."""

import base64
import codecs
import quopri

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


MARKS = [b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\xff\xfe\xff\xfe"]


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("labels", [(), ("us-ascii",), ("utf-8",), ("iso-8859-1",), ("foo",), ("big5",), ("utf-16",)])
@pytest.mark.parametrize("text", ["card 4111 1111 1111 1111", "4111 1111 1111 1111.", "Zoë, card 4111 1111 1111 1111"])
def test_a_false_mark_of_utf16_hides_nothing(mark, labels, text):
    assert CARD in "\n".join(charsets.decode(mark + text.encode(), labels).texts)


@pytest.mark.parametrize("wide", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("labels", [(), ("us-ascii",), ("utf-8",), ("iso-8859-1",)])
@pytest.mark.parametrize("opening", [40, 40_000])
def test_a_text_that_begins_in_utf16_is_read_to_its_end(wide, labels, opening):
    content = ("an opening of no weight, " * opening).encode(wide) + b"card 4111 1111 1111 1111"

    assert CARD in "\n".join(charsets.decode(content, labels).texts)


def test_cyrillic_behind_a_false_mark_is_read_by_its_label():
    content = b"\xff\xfe" + "Иван Петров болен".encode("koi8-r")

    assert "Иван Петров болен" in charsets.decode(content, ("koi8-r",)).texts


def test_octets_of_another_charset_with_zeros_between_are_read_by_their_label():
    content = b"".join(bytes([octet, 0]) for octet in "Иван Петров болен".encode("koi8-r"))

    assert "Иван Петров болен" in charsets.decode(content, ("koi8-r",)).texts


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize(
    "text", ["Zoë said: “Łódź” – for 20 €\r\n", "Иван Петров работает\r\n", "• one\r\n• two …\r\n", "أحمد علي يعمل\r\n"]
)
def test_true_utf16_has_one_reading(codec, text):
    content = (text * 4).encode(codec)
    if codec == "utf-16-be":
        content = codecs.BOM_UTF16_BE + content
    elif codec == "utf-16-le":
        content = codecs.BOM_UTF16_LE + content

    assert charsets.decode(content).texts == (text * 4,)


def test_letters_of_east_asia_in_utf16_are_read():
    for labels in ((), ("us-ascii",), ("utf-16",)):
        assert "山田太郎" in charsets.decode("山田太郎".encode("utf-16"), labels).texts


@pytest.mark.parametrize(
    ("label", "octets"),
    [
        ("iso-8859-1", b"\xff\xfecard 4111 1111 1111 1111"),
        ("utf-8", b"\xfe\xffcard 4111 1111 1111 1111"),
        ("foo", b"\xff\xfecard 4111 1111 1111 1111"),
        ("utf-16", b"card 4111 1111 1111 1111"),
        ("utf-16", b"\xff\xfecard 4111 1111 1111 1111"),
        ("utf-32", b"card 4111 1111 1111 1111"),
        ("ibm037", b"card 4111 1111 1111 1111"),
        ("", b"\xff\xfecard 4111 1111 1111 1111"),
    ],
)
def test_a_word_in_a_disputed_charset_is_read_in_every_way(label, octets):
    assert CARD in "\n".join(charsets.of_word(octets, label))


def test_an_ordinary_word_has_one_reading():
    assert charsets.of_word("café".encode(), "us-ascii") == ("café",)
    assert charsets.of_word("山田".encode("iso2022_jp"), "iso-2022-jp") == ("山田",)


@pytest.mark.parametrize("encoding", ["7bit", "quoted-printable", "base64"])
@pytest.mark.parametrize("charset", ["us-ascii", "utf-8", "iso-8859-1"])
def test_a_body_behind_a_false_mark_is_read(encoding, charset):
    content = b"\xff\xfecard 4111 1111 1111 1111"
    body = {"7bit": content, "quoted-printable": quopri.encodestring(content), "base64": base64.b64encode(content)}
    fields = (f"Content-Type: text/plain; charset={charset}", f"Content-Transfer-Encoding: {encoding}")

    assert CARD in everything(read(message(body[encoding], *(field.encode() for field in fields))))
