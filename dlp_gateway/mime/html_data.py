"""``data:`` URIs in a page: in attributes, style sheets and the styles of elements."""

from __future__ import annotations

import binascii
import re
import string
from collections.abc import Iterator
from urllib.parse import unquote, unquote_to_bytes

from dlp_gateway.mime.html_styles import without_escapes

# What browsers take away around an address, and anywhere in it (WHATWG URL, section 4.4).
_AROUND = "".join(map(chr, range(33)))
_WITHIN = str.maketrans("", "", "\t\r\n")
# In the midst of a value: up to the quote, bracket or blank that ends it. A type has a slash: "data: a, b" has none.
_DATA = r"data:\s*+(?:[\w.+-]{1,80}/[\w.+-]{1,80}\s*+)?(?:;[^,\"'()<>]{0,200}+)?,"
_EMBEDDED = re.compile(
    rf"\"\s*+({_DATA}[^\"]*+)|'\s*+({_DATA}[^']*+)|\(\s*+({_DATA}[^)]*+)|(?<![\w-])({_DATA}[^\s\"'<>)]*+)",
    re.IGNORECASE,
)
# Two addresses of one attribute that was given twice.
_SEAM = re.compile(r"\s+(?=data:[^\s,]{0,200};base64,)", re.IGNORECASE)
# In an attribute for words: a type, or nothing in its place.
_TYPED = re.compile(r"\s*(?:[\w.+-]{1,80}/|[;,])")
_IS_BASE64 = re.compile(r";\s*base64\s*$", re.IGNORECASE)
# Lists of addresses, or text in which they are embedded.
_LISTS = frozenset({"srcset", "imagesrcset", "style", "srcdoc"})
_WORDS = frozenset({"alt", "title", "value", "placeholder", "label", "summary", "abbr"})
_TO_BASE64 = bytes.maketrans(b"-_", b"+/")
_NOT_BASE64 = bytes(set(range(256)) - set(string.ascii_letters.encode() + string.digits.encode() + b"+/-_"))


def begins(name: str, value: str) -> bool:
    """Whether the value of an attribute, as browsers read an address, is a ``data:`` URI."""
    head = value.lstrip(_AROUND)[:200].translate(_WITHIN)
    if name in _LISTS or head[:5].lower() != "data:":
        return False
    words = name in _WORDS or name.startswith(("data-", "aria-"))
    return not words or _TYPED.match(head, 5) is not None


def may_hold(value: str) -> bool:
    """Whether there may be a ``data:`` URI in a value: a quick look, since nearly none has one."""
    return "data:" in value.lower() or "\n" in value or "\t" in value or "\r" in value or "\\" in value


def in_attribute(name: str, value: str) -> Iterator[str]:
    """Yield the ``data:`` URIs in the value of an attribute."""
    if begins(name, value):
        yield from _SEAM.split(value.strip(_AROUND).translate(_WITHIN))
    elif name not in _WORDS:
        yield from in_text(value)


def in_text(text: str) -> Iterator[str]:
    """Yield the ``data:`` URIs in a style sheet, or in a value that holds more than an address."""
    if "\\" in text:
        text = without_escapes(text)
    if "\n" in text or "\t" in text or "\r" in text:
        text = text.translate(_WITHIN)
    if "data:" in text.lower():
        for match in _EMBEDDED.finditer(text):
            yield match[match.lastindex or 0]


def decode_data_uri(value: str) -> tuple[str, bytes] | None:
    """Return the declared type and the content of a ``data:`` URI (RFC 2397); None when it is none."""
    head, comma, data = value[5:].partition(",")
    if not comma:
        return None
    kind = head.split(";")[0].strip().lower() or "text/plain"
    if not _IS_BASE64.search(head):
        return kind, unquote_to_bytes(data)
    compact = unquote(data).encode("ascii", "ignore").translate(_TO_BASE64, _NOT_BASE64)
    usable = len(compact) - (1 if len(compact) % 4 == 1 else 0)
    return kind, binascii.a2b_base64(compact[:usable] + b"=" * (-usable % 4))
