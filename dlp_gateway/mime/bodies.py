"""The texts and files that a body yields: plain text, HTML, calendars and contact cards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dlp_gateway.mime import carriers, charsets, contentlines, embedded, html, text_tables

PLAIN = "plain"
HTML = "html"
CALENDAR = "calendar"
ENRICHED = "enriched"

_KINDS = {
    "text/plain": PLAIN,
    "text": PLAIN,
    "text/enriched": ENRICHED,
    "text/richtext": ENRICHED,
    "text/markdown": PLAIN,
    "text/x-markdown": PLAIN,
    "text/html": HTML,
    "text/x-amp-html": HTML,
    "text/x-html": HTML,
    "application/xhtml+xml": HTML,
    "text/watch-html": HTML,
    "text/calendar": CALENDAR,
    "text/x-vcalendar": CALENDAR,
    "text/vcard": CALENDAR,
    "text/x-vcard": CALENDAR,
    "text/directory": CALENDAR,
}
_META_CHARSET = re.compile(
    rb"(?i)<(?:meta|\?xml)[^>]{0,500}?(?:charset|encoding)\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:+-]{1,60})"
)
_META_WINDOW = 4096
# First bytes of files that pass for text; other files are told by their control characters.
_FILE_STARTS = (b"%PDF-", b"{\\rtf", b"PK\x03\x04", b"GIF87a", b"GIF89a", b"\x78\x9f\x3e\x22", b"\xd0\xcf\x11\xe0")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\x0b\x0c\r\x08\x1a\x1b")) + b"\x7f"
_THREE_OTHERS = re.compile(rb"[\x80-\xff]{3}")
_COMMAND = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]{0,59})>|<<")
_SILENT_COMMANDS = frozenset({"param", "comment"})
# Those of text/richtext (RFC 1341, section 7.1.3) among them.
_SAID_COMMANDS = {"": "<", "lt": "<", "nl": "\n", "np": "\n"}
_SOFT_SEAM = re.compile(r"(?<=\w) \n(?=\w)")


@dataclass(frozen=True, slots=True)
class Piece:
    """One reading of a body: ``label`` says how it was read (``html, hidden``), "" for the body as it is."""

    label: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lack:
    """What of a body could not be read, as a phrase."""

    why: str


def kind_of(content_type: str) -> str | None:
    """Return how mail programs show this type as body text, or None when they do not."""
    return _KINDS.get(content_type)


def is_binary(content: bytes) -> bool:
    """Whether something declared as text is a file of another kind, as far as its bytes tell."""
    if content.startswith(_FILE_STARTS):
        return True
    if content.isascii() and b"\0" not in content:
        return False
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or charsets.utf16_by_zeros(content):
        return False
    controls = len(content) - len(content.translate(None, _CONTROLS))
    if controls * 200 <= len(content):
        return False
    # Text copied from a PDF has a control character for each hyphen at the end of a line. Archives and documents of
    # programs have NUL, or far more control characters.
    return b"\0" in content or controls * 20 > len(content) or not _is_prose(content)


def _is_prose(content: bytes) -> bool:
    """Whether the octets are UTF-8, or as in a Western charset: never three in a row that are not ASCII."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _THREE_OTHERS.search(content) is None
    return True


def read(
    kind: str, content: bytes, declared: tuple[str, ...], *, delsp: bool, characters: int
) -> Iterator[Piece | Lack | embedded.File]:
    """Yield the readings of a body and the files in it.

    Args:
        kind: PLAIN, HTML, CALENDAR or ENRICHED.
        content: decoded from the transfer encoding.
        declared: charset labels found for it.
        delsp: the text is ``format=flowed; delsp=yes`` (RFC 3676).
        characters: how much text may be made of it.
    """
    if kind == HTML and (meta := _META_CHARSET.search(content, 0, _META_WINDOW)):
        declared = (*declared, meta[1].decode("ascii", "replace"))
    decoded = charsets.decode(content, declared)
    if decoded.unknown:
        yield Lack("text in an unknown character set")
    for text in decoded.texts:
        source = _line_feeds(text)
        if kind == HTML:
            yield from _html(source, characters)
        elif kind == CALENDAR:
            lines, files = contentlines.read(source)
            yield Piece("calendar", lines)
            if files:
                yield embedded.File(content, "", "text/calendar")
        else:
            yield from _plain(source, delsp=delsp)
            yield from _carried(source, characters)
            if kind == ENRICHED and (words := _enriched(source)) != source:
                yield Piece("enriched", words)
    if kind in {PLAIN, ENRICHED}:
        yield from embedded.files(content)


def _line_feeds(text: str) -> str:
    if "\r" not in text:
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _plain(text: str, *, delsp: bool) -> Iterator[Piece]:
    if text.strip():
        yield Piece("", text)
    if delsp and _SOFT_SEAM.search(text):
        yield Piece("flowed", _SOFT_SEAM.sub("", text))
    if rows := text_tables.labelled(text):
        yield Piece("tables", rows)


def _enriched(text: str) -> str:
    """The words of text/enriched (RFC 1896): without commands and their parameters."""
    kept: list[str] = []
    silent = False
    at = 0
    for command in _COMMAND.finditer(text):
        if not silent:
            kept.append(text[at : command.start()])
        at = command.end()
        name = command[2].lower() if command[2] else ""
        if name in _SILENT_COMMANDS:
            silent = not command[1]
        elif not silent and name in _SAID_COMMANDS:
            kept.append(_SAID_COMMANDS[name])
    if not silent:
        kept.append(text[at:])
    return "".join(kept)


def _carried(text: str, characters: int) -> Iterator[Piece | Lack | embedded.File]:
    found = carriers.carried(text, characters)
    for extra in found.readings:
        yield Piece("encoded text", extra)
    for declared, content in found.files:
        yield embedded.File(content, "", declared)
    if found.truncated:
        yield Lack("too many encoded runs")


def _html(source: str, characters: int) -> Iterator[Piece | Lack | embedded.File]:
    page = html.read_html(source, characters)
    for label, text in (
        ("html", page.visible),
        ("html, hidden", page.hidden),
        ("html attributes", page.attributes),
        ("html, with what is hidden", page.everything),
    ):
        if text.strip():
            yield Piece(label, text)
    if rows := text_tables.labelled(page.visible):
        yield Piece("html, tables", rows)
    for declared, content in page.data_uris:
        yield embedded.File(content, "", declared)
    if page.truncated:
        yield Lack("more HTML than may be read")
    yield from _carried(page.visible, characters)
