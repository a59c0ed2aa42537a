"""Bytes to text: every plausible reading, and no codec that a mail program would not use.

The order of evidence is that of mail programs: byte order mark, declared
charset, UTF-8 if it is valid, UTF-16 by its zero bytes, windows-1252. Browsers
believe a byte order mark before any label (WHATWG Encoding, "decode"), many
mail programs do not; what could be the one or the other is read as both. Charset
labels are looked up in an allow-list: Python's own registry also holds codecs
that are no charsets (``punycode`` takes 20 s for 200 kB, ``rot13``, ``idna``,
``unicode_escape``).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

_SAMPLE = 32_768
_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# windows-1252 as the WHATWG Encoding Standard has it: the five unassigned bytes are C1 controls.
_WINDOWS_1252 = "".join(
    bytes([b]).decode("latin-1") if b in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([b]).decode("cp1252")
    for b in range(256)
)

# Label (letters and digits only, lower case) to codec. Superset codecs stand for their subsets, as in the WHATWG
# Encoding Standard: iso-8859-1 is read as windows-1252, gb2312 as gb18030, shift_jis as cp932, ks_c_5601 as cp949.
_CODECS: dict[str, str] = {}


def _labels(codec: str, *labels: str) -> None:
    _CODECS.update(dict.fromkeys(labels, codec))


_labels("utf-8", "utf8", "unicode11utf8", "utf8mb4", "cputf8", "xunicode20utf8", "cp65001")
_labels("cp1252", "usascii", "ascii", "ansix341968", "iso646us", "646", "us", "cp367", "ibm367", "armscii8")
_labels("cp1252", "iso88591", "latin1", "l1", "cp819", "ibm819", "windows1252", "cp1252", "win1252")
_labels("iso8859-15", "iso885915", "latin9", "l9")
_labels("iso8859-8", "iso88598i", "iso88598e", "logical")
_labels("cp1254", "iso88599", "latin5", "l5", "windows1254", "cp1254", "win1254")
_labels("cp874", "iso885911", "tis620", "windows874", "cp874")
for _n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 16):
    _labels(f"iso8859-{_n}", f"iso8859{_n}")
for _n, _part in ((2, 2), (3, 3), (4, 4), (6, 10), (7, 13), (8, 14), (10, 16)):
    _labels(f"iso8859-{_part}", f"latin{_n}", f"l{_n}")
for _n in (1250, 1251, 1253, 1255, 1256, 1257, 1258):
    _labels(f"cp{_n}", f"windows{_n}", f"cp{_n}", f"win{_n}")
for _n in (437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 1125):
    _labels(f"cp{_n}", f"cp{_n}", f"ibm{_n}", f"dos{_n}", f"oem{_n}")
for _n in (37, 273, 424, 500, 875, 1026, 1140):
    _labels(f"cp{_n:03}", f"cp{_n:03}", f"ibm{_n:03}")
_labels("koi8-r", "koi8r", "koi8", "koi")
_labels("koi8-u", "koi8u", "koi8ru")
_labels("koi8-t", "koi8t")
_labels("kz1048", "kz1048")
_labels("ptcp154", "ptcp154")
_labels("gb18030", "gb2312", "gbk", "gb18030", "euccn", "cp936", "gb231280", "chinese")
_labels("hz", "hz", "hzgb2312")
_labels("cp950", "big5", "cp950", "xbig5", "cnbig5", "big5eten")
_labels("big5hkscs", "big5hkscs")
_labels("cp932", "shiftjis", "sjis", "mskanji", "cp932", "windows31j", "ms932")
_labels("euc_jp", "eucjp", "ujis")
_labels("iso2022_jp_ext", "iso2022jp", "iso2022jpms", "cp50220", "cp50221")
for _version in ("1", "2", "3", "2004"):
    _labels(f"iso2022_jp_{_version}", f"iso2022jp{_version}")
_labels("iso2022_kr", "iso2022kr")
_labels("cp949", "euckr", "ksc5601", "ksc56011987", "ksc56011992", "cp949", "uhc", "windows949", "korean")
_labels("johab", "johab")
_labels("utf-16", "utf16", "unicode", "ucs2", "iso10646ucs2")
_labels("utf-16-le", "utf16le", "unicodefffe")
_labels("utf-16-be", "utf16be")
_labels("utf-32", "utf32", "ucs4", "iso10646ucs4")
_labels("utf-32-le", "utf32le")
_labels("utf-32-be", "utf32be")
_labels("utf-7", "utf7", "unicode11utf7", "xunicode20utf7", "unicode20utf7")
_labels("mac-roman", "macintosh", "macroman", "mac")
for _name in ("cyrillic", "greek", "turkish", "iceland", "croatian", "romanian"):
    _labels(f"mac-{_name}", f"mac{_name}")
_labels("mac-latin2", "macce", "maccentraleurroman", "maccentraleurope")
_labels("hp-roman8", "hproman8", "roman8")
_STATEFUL = frozenset({"hz", "utf-7"})  # plain ASCII bytes may mean something else
_EBCDIC = frozenset(f"cp{n:03}" for n in (37, 273, 424, 500, 875, 1026, 1140))
_WIDE = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
# Marks of UTF-16 and UTF-32 in front of a text, however many.
_WIDE_MARKS = re.compile(rb"(?:\xff\xfe(?:\0\0)?|(?:\0\0)?\xfe\xff)+")
# Characters of UTF-16 that may as well be two octets of a narrow charset, and what could not be read. Left out are
# signs of everyday text whose octets make no words.
_MADE_OF_TWO = re.compile("[\u2020\u2021\u2023-\u2025\u2027-\u20ab\u20ad-\uffff]")
_LABEL_JUNK = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """All readings of some bytes, the likeliest first; ``unknown`` when no charset that fits is known."""

    texts: tuple[str, ...] = field(repr=False)
    unknown: bool = False


def codec_of(label: str) -> str | None:
    """Return the codec for a charset label as found in mail, or None when it names no charset of mail."""
    if len(label) > 100:
        return None
    squeezed = _LABEL_JUNK.sub("", label.lower())
    return _CODECS.get(squeezed) or _CODECS.get(squeezed.removeprefix("x").removeprefix("cs"))


def decode(content: bytes, declared: tuple[str, ...] = ()) -> Decoded:
    """Return every plausible reading of ``content``; linear, and never raises.

    Args:
        content: the octets, decoded from their transfer encoding.
        declared: charset labels found for it, in any spelling, true or not.
    """
    named = tuple(dict.fromkeys(codec_of(label) for label in declared if label))
    wide = any(codec in _WIDE or codec in _EBCDIC or codec in _STATEFUL for codec in named)
    if not wide and content.isascii() and b"\0" not in content and b"\x1b" not in content and b"\x0e" not in content:
        return Decoded((content.decode("ascii"),))
    texts: dict[str, None] = {}
    for text in _readings(content, tuple(c for c in named if c is not None)):
        texts[text] = None
    unknown = (None in named) and _looks_foreign(content)
    return Decoded(tuple(texts), unknown)


def of_word(content: bytes, label: str) -> tuple[str, ...]:
    """Return the likeliest reading of a short labelled text; all of them where programs disagree on the label.

    They do on charsets that give ASCII octets another meaning, which some do not know (WHATWG Encoding leaves out
    UTF-7, UTF-32 and EBCDIC), and on labels that the first octets contradict.
    """
    texts = decode(content, (label,) if label else ()).texts
    if len(texts) == 1:
        return texts
    codec = codec_of(label)
    disputed = codec in _WIDE or codec in _EBCDIC or codec in _STATEFUL
    return texts if disputed or _WIDE_MARKS.match(content) or utf16_by_zeros(content) else texts[:1]


def in_utf8(content: bytes, declared: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return the readings of a text file as UTF-8, where only the declared charset tells how to read it."""
    named = tuple(dict.fromkeys(filter(None, map(codec_of, declared))))
    if all(codec in ("utf-8", "cp1252") for codec in named):
        return ()
    texts = (text.encode("utf-8", "replace") for text in decode(content, declared).texts)
    return tuple(octets for octets in texts if octets != content)


def _readings(content: bytes, named: tuple[str, ...]) -> list[str]:
    marked = next((codec for bom, codec in _BOMS if content.startswith(bom)), None)
    zeros = utf16_by_zeros(content)
    wide = zeros if marked in {None, "utf-8-sig"} else marked
    return _narrow(content, named, marked or "utf-8") if wide is None else _wide(content, named, wide)


def _wide(content: bytes, named: tuple[str, ...], codec: str) -> list[str]:
    """Read what is UTF-16 or UTF-32 by its mark or its zero bytes; and as its octets, where those may say more.

    Where the label says nothing of it, programs show the octets, of which NUL is nothing.
    """
    text = content.decode(codec, "replace")
    found = [text]
    if codec == "utf-32" and "\ufffd" in text:
        found.append(content.decode("utf-16", "replace"))
    found += [content.decode(one, "replace") for one in named if one in _WIDE and one not in {codec, "utf-16"}]
    labels = tuple(one for one in named if one not in _WIDE)
    if _MADE_OF_TWO.search(text) is None and not {*labels} - {"utf-8", "cp1252"}:
        return found
    octets = _WIDE_MARKS.sub(b"", content, count=1) if _WIDE_MARKS.match(content) else content
    narrow = _narrow(octets.replace(b"\0", b""), labels, "utf-8", guess=False)
    return [*found, *narrow] if named and not labels else [*narrow, *found]


def _narrow(content: bytes, named: tuple[str, ...], utf: str, *, guess: bool = True) -> list[str]:
    """Read by labels, as UTF-8 (``utf``: with or without a mark), by its letters, as windows-1252."""
    utf8 = _strict(content, utf)
    found: list[str] = []
    bent = utf8 is None
    for codec in named:
        if codec == "utf-16":
            found += [content.decode("utf-16-be", "replace"), content.decode("utf-16-le", "replace")]
        elif codec not in ("utf-8", "cp1252"):
            text = _strict(content, codec)
            bent = bent and text is None
            found.append(content.decode(codec, "replace") if text is None else text)
    if utf8 is not None:
        found.append(utf8)
    elif "utf-8" in named:
        found.append(content.decode("utf-8", "replace"))
    if bent or ("cp1252" in named and not content.isascii()):
        found.append(windows_1252(content))
    if bent and not named and guess:
        found += _guess(content)
    if b"\x1b" in content and not any(codec.startswith("iso2022") for codec in named):
        found.append(content.decode("iso2022_jp_ext", "replace"))
    return found


def _strict(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        return None


def windows_1252(content: bytes) -> str:
    """Return ``content`` as windows-1252 (WHATWG); every byte has a character."""
    return codecs.charmap_decode(content, "strict", _WINDOWS_1252)[0]


def utf16_by_zeros(content: bytes) -> str | None:
    """Return the UTF-16 flavour when zero bytes stand in nearly every second place, else None."""
    if b"\0" not in content[:_SAMPLE]:
        return None
    sample = content[: min(_SAMPLE, len(content) & ~1)]
    half = len(sample) // 2
    if half < 2:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd * 10 > half * 6 and even * 20 < half:
        return "utf-16-le"
    if even * 10 > half * 6 and odd * 20 < half:
        return "utf-16-be"
    return None


def _guess(content: bytes) -> list[str]:
    """Guess the charset of text that declares none and is not UTF-8, by its letters."""
    from charset_normalizer import from_bytes

    first = next((at for at, byte in enumerate(content[: 1 << 20]) if byte > 127), 0)
    start = max(0, first - 1024)
    best = from_bytes(content[start : start + _SAMPLE]).best()
    codec = codec_of(best.encoding) if best is not None else None
    return [] if codec is None or codec == "cp1252" else [content.decode(codec, "replace")]


def _looks_foreign(content: bytes) -> bool:
    """Whether the bytes are no text in any charset that extends ASCII, as far as one can see."""
    if _strict(content, "utf-8") is not None and b"\x1b" not in content:
        return False
    sample = content[:_SAMPLE]
    plain = sum(sample.count(bytes([b])) for b in (9, 10, 13, *range(32, 127)))
    return plain * 10 < len(sample) * 7 or b"\x1b" in sample


def header_text(value: bytes) -> str:
    """Return the raw octets of a header as text: ASCII, UTF-8, ISO-2022 by its escapes, else windows-1252."""
    if value.isascii():
        if b"\x1b" in value:
            return value.decode("iso2022_jp_ext", "replace")
        return value.decode("ascii")
    utf8 = _strict(value, "utf-8")
    return utf8 if utf8 is not None else windows_1252(value)
