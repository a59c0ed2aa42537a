"""Calendars and contact cards in the body (iCalendar RFC 5545, vCard RFC 6350): content lines as text."""

from __future__ import annotations

import re

from dlp_gateway.mime import charsets, transfer

_FOLD = re.compile(r"\r?\n[ \t]")
_SOFT_BREAK = re.compile(r"=\r?\n")
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "N": "\n"}
_BINARY = re.compile(r"(?i);[^:\r\n]{0,200}(?:ENCODING=(?:\"?)(?:BASE64|B)\b|VALUE=BINARY)|:data:")
_PROPERTY = re.compile(
    r"([^:;\r\n]{1,100})((?:;[^:\"\r\n]{0,500}(?:\"[^\"\r\n]{0,500}\"[^:\"\r\n]{0,500}){0,8}){0,1}):(.*)"
)


def text_of(source: str) -> str:
    """Return the properties unfolded and unescaped, ``NAME parameters: value`` a line, without binary values."""
    if "QUOTED-PRINTABLE" in source[:200_000].upper():
        source = _SOFT_BREAK.sub("", source)  # vCard 2.1 breaks long values this way
    lines = []
    for line in _FOLD.sub("", source).split("\n"):
        match = _PROPERTY.match(line.rstrip("\r"))
        if match is None:
            lines.append(line.rstrip("\r"))
            continue
        name, parameters, value = match[1], match[2], match[3]
        if parameters and _BINARY.match(parameters + ":"):
            continue
        if "QUOTED-PRINTABLE" in parameters.upper():
            octets = transfer.quoted_printable(value.encode("utf-8", "surrogatepass"))
            value = charsets.decode(octets, _charset(parameters)).texts[0]
        spoken = parameters.replace(";", " ").replace('"', "")
        lines.append(f"{name}{spoken}: {_ESCAPED.sub(lambda m: _ESCAPES.get(m[1], m[1]), value)}")
    return "\n".join(lines)


def has_files(source: str) -> bool:
    """Whether a property holds a file (ATTACH, PHOTO, ...)."""
    return _BINARY.search(_FOLD.sub("", source)) is not None


def _charset(parameters: str) -> tuple[str, ...]:
    match = re.search(r"(?i)CHARSET=([^;:\s]{1,40})", parameters)
    return (match[1],) if match else ()
