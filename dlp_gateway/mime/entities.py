"""What the header of an entity declares of its body: all of it, also where it contradicts itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dlp_gateway.mime import charsets, parameters, transfer
from dlp_gateway.mime.headers import Field

# Parameters that programs write by themselves (RFC 2045, 2046, 2183, 2387, 3676, 3798, 5545, 8551, 9788 and vendors).
_USUAL_PARAMETERS = frozenset(
    "charset boundary name filename format delsp type start start-info protocol micalg report-type method component "
    "reply-type size creation-date modification-date read-date smime-type protected-headers hp id number total "
    "access-type expiration permission mode version encoding differences x-apple-part-url x-mac-type x-mac-creator "
    "x-unix-mode x-mac-hide-extension header profile conversions optinfo hp-legacy-display".split()
)
# Words that programs put into the boundaries that they make.
_GENERATOR_WORDS = frozenset(
    "next part nextpart mixed alt alternative rel related report signed mime boundary bound apple mail multipart php "
    "msg sep outer inner main message digest content body encrypted delimiter separator frontier unique uuid "
    "mcpart".split()
)
_WORDS = re.compile(r"[^\W\d_]+|\d+")
_MIXED = re.compile(r"(?i)[\da-f]{10}|[a-z\d]{14}")
_LONE_NUMBER = re.compile(r"\W*(?:\d[ -]?){8,16}\W*")


@dataclass(frozen=True, slots=True)
class Declared:
    """All that the fields of a header declare, the first field first.

    ``types`` are lower-case content types (the default when there is none), ``encodings`` names of
    ``transfer``, ``names`` all readings of the file name, ``odd`` values of parameters that no program writes.
    ``truncated`` is true when a field has more parameters than are read.
    """

    types: tuple[str, ...]
    encodings: tuple[str, ...]
    charsets: tuple[str, ...] = ()
    boundaries: tuple[str, ...] = field(default=(), repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)
    attachment: bool = False
    inline: bool = False
    delsp: bool = False
    odd: tuple[str, ...] = field(default=(), repr=False)
    truncated: bool = False


def declared(fields: tuple[Field, ...], default: str) -> Declared:
    """Return what ``fields`` declare; ``default`` is the content type of an entity that names none."""
    types: dict[str, None] = {}
    merged: dict[str, dict[str, None]] = {}
    encodings: list[bytes] = []
    attachment = inline = truncated = False
    for one in fields:
        name = one.name
        if name == "content-type":
            value = parameters.parse(charsets.header_text(one.value))
            types[parameters.content_type(value.token)] = None
            truncated = truncated or value.truncated
            _merge(merged, value)
        elif name == "content-transfer-encoding":
            encodings.append(one.value)
        elif name == "content-disposition":
            value = parameters.parse(charsets.header_text(one.value))
            attachment = attachment or "attach" in value.token.lower()
            inline = inline or "inline" in value.token.lower()
            truncated = truncated or value.truncated
            _merge(merged, value)
        elif name == "content-id":
            inline = True
    if "" in types or not types:
        types.pop("", None)
        types = types or {default: None}
    return Declared(
        types=tuple(types),
        encodings=transfer.encodings(tuple(encodings)) if encodings else (transfer.IDENTITY,),
        charsets=tuple(merged.get("charset", ())),
        boundaries=tuple(merged.get("boundary", ())),
        names=tuple({**merged.get("filename", {}), **merged.get("name", {})}),
        attachment=attachment,
        inline=inline and not attachment,
        delsp="yes" in {value.lower() for value in merged.get("delsp", ())},
        odd=_odd(merged) if merged else (),
        truncated=truncated,
    )


def _merge(into: dict[str, dict[str, None]], value: parameters.Parameterised) -> None:
    for name, values in value.parameters.items():
        into.setdefault(name, {}).update(dict.fromkeys(values))


def _odd(merged: dict[str, dict[str, None]]) -> tuple[str, ...]:
    found = [
        f"{name}: {value}"
        for name, values in merged.items()
        if name.partition("*")[0] not in _USUAL_PARAMETERS
        for value in values
    ]
    found += [b for b in merged.get("boundary", ()) if not _generated(b[:300])]
    return tuple(found)


def _generated(boundary: str) -> bool:
    """Whether a boundary looks as programs make them: random, with words of their own at most."""
    if _LONE_NUMBER.fullmatch(boundary):
        return False
    if _MIXED.search(boundary):
        return True
    words = [word.lower() for word in _WORDS.findall(boundary) if not word.isdigit()]
    return all(len(word) < 4 or word in _GENERATOR_WORDS for word in words)
