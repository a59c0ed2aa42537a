"""Values with parameters (RFC 2045 section 5.1, RFC 2231), in every way they can be read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from dlp_gateway.mime import charsets, encoded_words

_PARAMETER = re.compile(
    r'(?<![^\s=;"()])([^\s=;"()]{1,80})[ \t\r\n]{0,40}=[ \t\r\n]{0,40}("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL
)
_UNQUOTED = re.compile(r'(?<![^\s=;"()])([^\s=;"()]{1,80})[ \t\r\n]{0,40}=[ \t\r\n]{0,40}([^;]*)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SECTION = re.compile(r"(.*?)\*(\d{1,4})(\*?)", re.DOTALL)
_TYPE = re.compile(r"(?<![^\s/;,()<>\"'])([^\s/;,()<>\"']{1,80})\s{0,40}/\s{0,40}([^\s/;,()<>\"']{1,100})")
_MOST_PARAMETERS = 1_000


@dataclass(frozen=True, slots=True)
class Parameterised:
    """A header value: ``token`` is what stands before the first ``;``; parameters have all plausible values.

    ``parameters`` maps the lower-case name (without RFC 2231 marks) to its values, the likeliest first.
    ``truncated`` is true when there are more than 1,000 parameters: the others were not read.
    """

    token: str
    parameters: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    truncated: bool = False

    def get(self, name: str) -> tuple[str, ...]:
        """Return all values of the parameter, or none."""
        return self.parameters.get(name, ())


def parse(value: str) -> Parameterised:
    """Read a header value such as Content-Type; linear, and never raises."""
    head, semicolon, tail = value.partition(";")
    if not semicolon:
        if "=" not in value:
            return Parameterised(value.strip())
        tail = value
    pairs: dict[tuple[str, str], None] = {}
    for text in (tail, without_comments(tail)) if "(" in tail else (tail,):
        pairs.update(dict.fromkeys(_pairs(text)))
    truncated = len(pairs) > _MOST_PARAMETERS
    return Parameterised(head.strip(), _values(list(pairs)[:_MOST_PARAMETERS]), truncated)


def content_type(token: str) -> str:
    """Return ``type/subtype`` in lower case from the token of a Content-Type, or "" when it names none."""
    text = without_comments(token) if "(" in token else token
    match = _TYPE.search(text)
    return f"{match[1]}/{match[2]}".lower() if match else ""


def without_comments(text: str) -> str:
    """Return ``text`` without RFC 5322 comments (nested ones too) outside of quotes; linear."""
    kept: list[str] = []
    depth, quoted, skip = 0, False, False
    for char in text:
        if skip:
            skip = False
        elif char == "\\":
            skip = True
        elif quoted or (char == '"' and not depth):
            quoted = not quoted if char == '"' else quoted
        elif char == "(":
            depth += 1
            continue
        elif char == ")" and depth:
            depth -= 1
            continue
        if not depth:
            kept.append(char)
    return "".join(kept)


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return names with raw values, quotes honoured; values with a quote are also cut at the next ``;``."""
    found = [(m[1].lower(), m[2].strip()) for m in _PARAMETER.finditer(text)]
    if '"' in text:
        found += [(m[1].lower(), m[2].strip()) for m in _UNQUOTED.finditer(text)]
    return found


def _values(pairs: list[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for name, raw in pairs:
        plain = _unquote(raw)
        section = _SECTION.fullmatch(name) if "*" in name else None
        if section:
            sections.setdefault(section[1], []).append((int(section[2]), bool(section[3]), plain[0]))
        elif name.endswith("*"):
            _add(found, name[:-1], [said for text in plain for said in _extended(text)])
        _add(found, name, plain)
    for name, pieces in sections.items():
        _add(found, name, _joined(pieces))
    return {name: tuple(values) for name, values in found.items()}


def _add(found: dict[str, dict[str, None]], name: str, values: list[str]) -> None:
    into = found.setdefault(name, {})
    for value in values:
        if value:
            for reading in encoded_words.readings(value):
                into[reading] = None


def _unquote(raw: str) -> list[str]:
    """Return the value without quotes and escapes, and as it stands where that differs in more than quotes."""
    if not raw.startswith('"'):
        bare = raw.strip("'\" \t")
        return [raw] if bare == raw else [raw, bare]
    inner = raw[1:-1] if len(raw) > 1 and raw.endswith('"') else raw[1:]
    if "\\" not in inner:
        return [inner]
    return [_ESCAPE.sub(r"\1", inner), inner]


def _extended(text: str) -> tuple[str, ...]:
    """Decode ``charset'language'percent-encoded`` (RFC 2231 section 4); a missing charset is made up for."""
    pieces = text.split("'", 2)
    charset, encoded = (pieces[0], pieces[2]) if len(pieces) == 3 else ("", text)
    return charsets.of_word(unquote_to_bytes(encoded), charset)


def _joined(pieces: list[tuple[int, bool, str]]) -> list[str]:
    """Join the sections of a split value: in the order of their numbers, and as they stand."""
    readings: list[str] = []
    for order in (sorted(pieces, key=lambda piece: piece[0]), pieces):
        charset, octets = "", b""
        chunks: list[bytes] = []
        for index, (_, extended, text) in enumerate(order):
            if extended and index == 0 and text.count("'") >= 2:
                charset, _, text = text.split("'", 2)  # noqa: PLW2901 - the rest of the first section
            chunks.append(unquote_to_bytes(text) if extended else text.encode("utf-8", "surrogatepass"))
        octets = b"".join(chunks)
        readings += charsets.of_word(octets, charset)
        if any(extended for _, extended, _ in order):
            readings.append("".join(text for _, _, text in order))
    return readings
