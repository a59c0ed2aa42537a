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
# Boundaries as programs make them: hexadecimal, digits with a generator's words around, dots and dashes between.
_GENERATED = re.compile(
    r"[-_=.:+/'?]*(?:(?:next)?_?part|mixed|alt(?:ernative)?|rel(?:ated)?|report|signed|mime|boundary|bound|apple[-_]mail|"
    r"multipart|php|mail|msg|sep|b\d|[\da-f]{6,}|[\da-z]{1,3}|[a-z\d]{16,}|[-_=.:+/'?@\d])*",
    re.IGNORECASE,
)
_LONE_NUMBER = re.compile(r"\W*\d[\d -]{7,22}\W*")


@dataclass(frozen=True, slots=True)
class Declared:
    """All that the fields of a header declare, the first field first.

    ``types`` are lower-case content types (the default when there is none), ``encodings`` names of
    ``transfer``, ``names`` all readings of the file name, ``odd`` values of parameters that no program writes.
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


def declared(fields: tuple[Field, ...], default: str) -> Declared:
    """Return what ``fields`` declare; ``default`` is the content type of an entity that names none."""
    types: dict[str, None] = {}
    merged: dict[str, dict[str, None]] = {}
    encodings: list[bytes] = []
    attachment = inline = False
    for one in fields:
        name = one.name
        if name == "content-type":
            value = parameters.parse(charsets.header_text(one.value))
            types[parameters.content_type(value.token)] = None
            _merge(merged, value)
        elif name == "content-transfer-encoding":
            encodings.append(one.value)
        elif name == "content-disposition":
            value = parameters.parse(charsets.header_text(one.value))
            attachment = attachment or "attach" in value.token.lower()
            inline = inline or "inline" in value.token.lower()
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
    found += [b for b in merged.get("boundary", ()) if _LONE_NUMBER.fullmatch(b) or not _GENERATED.fullmatch(b[:200])]
    return tuple(found)
