"""Calendars and contact cards (iCalendar RFC 5545, vCard RFC 6350): content lines as text, and the files in them."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from dlp_gateway.mime import carriers, charsets, embedded, html, transfer

_FOLD = re.compile(r"\n[ \t]")
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "N": "\n"}
# RFC 5545 section 3.1: a value in quotes may hold the separators.
_PARAMETER = re.compile(r";[ \t]*+((?:[^;\"]|\"[^\"]*+\"?)*+)")
_BINARY = frozenset({"ENCODING=BASE64", "ENCODING=B", "VALUE=BINARY", "BASE64"})
_QUOTED = frozenset({"ENCODING=QUOTED-PRINTABLE", "QUOTED-PRINTABLE"})
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
# Calendars show the markup of DESCRIPTION too, whatever the standard says of it.
# A link or address in angle brackets is none.
_MARKUP = re.compile(r"<(?:[!/?]|[A-Za-z][A-Za-z0-9:-]*(?<!:)[\s/>])|&(?:#|[A-Za-z]{2,8};)")
_DATA_URI = re.compile(r"(?i)data:(?:[\w.+-]{1,60}/[\w.+-]{1,60})?(?:;[\w.+-]{1,40}=[^;,]{0,200}){0,9}(;base64)?,")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*+={0,2}")
_TO_BASE64 = str.maketrans("-_", "+/")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
# Kinds of telephones (RFC 2426, section 3.3.1), of which "voice" sounds like a biometric to the model.
_KINDS = re.compile(r"(?i)[;,](?:TYPE=)?\"?(?:VOICE|FAX|CELL|PREF|MSG|TEXT|VIDEO|PAGER)(?=[;,\"]|$)\"?")
_SHORTEST_LINE = 20  # of a folded file; words are shorter
_LONGEST_HEAD = 2_000
_MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class ContentLines:
    """What a calendar or card holds.

    Attributes:
        text: each property as a line ``NAME parameters: value``, unfolded and unescaped, without the bytes of files;
            what HTML values show and what encoded runs say stands in lines of its own.
        files: attachments, photographs, ``data:`` URIs, with the names that parameters give.
        truncated: there is more than may be taken.
    """

    text: str = field(repr=False)
    files: tuple[embedded.File, ...] = field(default=(), repr=False)
    truncated: bool = False


def read(source: str) -> tuple[str, bool]:
    """Return the text of ``parse``, and whether there is more to read in the calendar as a file."""
    found = parse(source)
    return found.text, bool(found.files) or found.truncated


def parse(source: str, budget: int = carriers.DEFAULT_BUDGET) -> ContentLines:
    """Return the properties of a calendar or card, and the files in them; linear, and never raises on content.

    Args:
        source: the text with LF line ends.
        budget: how many characters HTML values and encoded runs may give.
    """
    found = _Found(budget)
    for line in _logical_lines(source):
        found.add(line)
    text = "\n".join(found.lines)
    carried = carriers.carried(text, max(0, found.left))
    found.take(carried.files)
    truncated = found.truncated or carried.truncated
    return ContentLines("\n".join((text, *carried.readings)), tuple(found.files), truncated)


@dataclass(slots=True)
class _Found:
    """What was found so far; ``left`` is how many characters HTML values may still give."""

    left: int
    lines: list[str] = field(default_factory=list)
    files: dict[embedded.File, None] = field(default_factory=dict)
    pages: int = 0
    truncated: bool = False

    def add(self, line: str) -> None:
        head, value = _split(line)
        parameters = _parameters(head)
        marks = {mark.upper() for mark in parameters}
        spoken = _KINDS.sub("", head).replace(";", " ").replace('"', "")
        if marks & _QUOTED:
            value = _unquoted(value, parameters)
        if head and (file := _file(value, parameters, binary=bool(marks & _BINARY))) is not None:
            self.files[file] = None
            value = "" if _is_encoded(value) else value
        value = _ESCAPED.sub(lambda m: _ESCAPES.get(m[1], m[1]), value) if "\\" in value else value
        is_page = _declared(parameters) in _HTML_TYPES
        shown = self._shown(value) if is_page or _MARKUP.search(value) else []
        if not (is_page and shown):
            self.lines.append(f"{spoken}: {value}".rstrip() if head else value)
        self.lines += [f"{spoken}: {said}" if head else said for said in shown]

    def _shown(self, value: str) -> list[str]:
        """The readings of an HTML value, without what it says as it stands."""
        self.pages += 1
        if self.pages > _MOST_PAGES:
            self.truncated = True
            return []
        page = html.read_html(value, max(0, self.left))
        readings = dict.fromkeys((page.visible, page.hidden, page.attributes, page.everything))
        shown = [said for said in readings if said.strip() and said.strip() != value.strip()]
        self.left -= sum(map(len, shown))
        self.truncated = self.truncated or page.truncated
        self.take(page.data_uris)
        return shown

    def take(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Add files that come with their declared types."""
        self.files.update(dict.fromkeys(embedded.File(content, "", declared) for declared, content in files))


def _logical_lines(source: str) -> list[str]:
    """Return the lines unfolded, and without the soft breaks with which vCard 2.1 writes long values."""
    if "QUOTED-PRINTABLE" not in source.upper():
        return _FOLD.sub("", source).split("\n")
    lines: list[list[str]] = []
    soft = False
    for line in source.split("\n"):
        if soft:
            lines[-1].append(line)
        elif line[:1] in (" ", "\t") and lines:
            lines[-1].append(line[1:])
        else:
            lines.append([line])
        soft = line.endswith("=") and "QUOTED-PRINTABLE" in lines[-1][0][:_LONGEST_HEAD].upper()
        if soft:
            lines[-1][-1] = lines[-1][-1].removesuffix("=")
    return ["".join(pieces) for pieces in lines]


def _split(line: str) -> tuple[str, str]:
    """Split a content line at the first colon outside quotes: name with parameters, value."""
    at = line.find(":", 0, _LONGEST_HEAD)
    while at >= 0 and line.count('"', 0, at) % 2:
        at = line.find(":", at + 1, _LONGEST_HEAD)
    return ("", line) if at < 0 else (line[:at], line[at + 1 :])


def _parameters(head: str) -> list[str]:
    """Return ``NAME=value`` of each parameter, without quotes and the blanks around them."""
    found = (match[1].replace('"', "").partition("=") for match in _PARAMETER.finditer(head))
    return [f"{name.strip()}{equals}{value.strip()}" for name, equals, value in found]


def _value_of(parameters: list[str], *endings: str) -> str:
    named = (parameter.partition("=") for parameter in parameters)
    return next((value for name, _, value in named if name.upper().endswith(endings)), "")


def _declared(parameters: list[str]) -> str:
    return _value_of(parameters, "FMTTYPE", "MEDIATYPE").partition(";")[0].strip().lower()


def _unquoted(value: str, parameters: list[str]) -> str:
    octets = transfer.quoted_printable(value.encode("utf-8", "surrogatepass"))
    charset = _value_of(parameters, "CHARSET")
    return charsets.decode(octets, (charset,) if charset else ()).texts[0]


def _file(value: str, parameters: list[str], *, binary: bool) -> embedded.File | None:
    """Return the file that a value holds: base64 by a parameter, or a ``data:`` URI (RFC 2397)."""
    name = _value_of(parameters, "FILENAME")
    declared = _declared(parameters)
    uri = value.strip()
    if _DATA_URI.match(uri) and (part := html.decode_data_uri(uri)) is not None:
        return embedded.File(part[1], name, part[0])
    if not binary:
        return None
    packed = _NOT_BASE64.sub("", value.translate(_TO_BASE64))
    packed = packed[:-1] if len(packed) % 4 == 1 else packed
    content = binascii.a2b_base64(packed + "=" * (-len(packed) % 4))
    return embedded.File(content, name, declared) if content else None


def _is_encoded(value: str) -> bool:
    """Whether a value is nothing but base64; anything else is read as text too."""
    uri = _DATA_URI.match(value.strip())
    if uri and not uri[1]:
        return False
    pieces = (value.strip()[uri.end() :] if uri else value).split()
    long = all(len(piece) >= _SHORTEST_LINE for piece in pieces[:-1])
    return long and all(_BASE64.fullmatch(piece) for piece in pieces)
