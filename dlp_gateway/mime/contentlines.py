"""Calendars and contact cards in the body (iCalendar RFC 5545, vCard RFC 6350): content lines as text."""

from __future__ import annotations

import re

from dlp_gateway.mime import charsets, transfer

_FOLD = re.compile(r"\n[ \t]")
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "N": "\n"}
_CHARSET = re.compile(r"(?i)CHARSET=\"?([^;:\"\s]{1,40})")
_BINARY = frozenset({"ENCODING=BASE64", "ENCODING=B", "VALUE=BINARY", "BASE64"})
_LONGEST_HEAD = 2_000


def read(source: str) -> tuple[str, bool]:
    """Return the properties unfolded and unescaped, and whether some hold files (ATTACH, PHOTO, ...).

    Each property is a line ``NAME parameters: value``; values that are files are left out.

    Args:
        source: the text with LF line ends.
    """
    lines: list[str] = []
    files = False
    for line in _FOLD.sub("", _joined(source)).split("\n"):
        head, value = _split(line)
        marks = {mark.strip().upper().replace('"', "") for mark in head.split(";")[1:]}
        if marks & _BINARY or value.startswith("data:"):
            files = True
            continue
        if "ENCODING=QUOTED-PRINTABLE" in marks or "QUOTED-PRINTABLE" in marks:
            octets = transfer.quoted_printable(value.encode("utf-8", "surrogatepass"))
            charset = _CHARSET.search(head)
            value = charsets.decode(octets, (charset[1],) if charset else ()).texts[0]
        spoken = head.replace(";", " ").replace('"', "")
        value = _ESCAPED.sub(lambda m: _ESCAPES.get(m[1], m[1]), value) if "\\" in value else value
        lines.append(f"{spoken}: {value}" if head else value)
    return "\n".join(lines), files


def _joined(source: str) -> str:
    """Undo soft line breaks, with which vCard 2.1 writes long values."""
    return source.replace("=\n", "") if "QUOTED-PRINTABLE" in source.upper() else source


def _split(line: str) -> tuple[str, str]:
    """Split a content line at the first colon outside quotes: name with parameters, value."""
    at = line.find(":", 0, _LONGEST_HEAD)
    while at >= 0 and line.count('"', 0, at) % 2:
        at = line.find(":", at + 1, _LONGEST_HEAD)
    return ("", line) if at < 0 else (line[:at], line[at + 1 :])
