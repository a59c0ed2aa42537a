"""An opened message for a reviewer's eyes, made ready in the confined worker: texts with what was found marked in them.

Whoever shows it has nothing left to parse. What comes from here is still the
sender's: plain text to be escaped, and HTML reduced to text-level markup that
is to be shown in a sandbox all the same.
"""

from __future__ import annotations

import contextlib
import email
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import nh3

from dlp_gateway import mime
from dlp_gateway.detection.engine import Engine
from dlp_gateway.mime import charsets, fields, headers
from dlp_gateway.model import Finding, Part, Reading, Text

# Characters: of longer texts the beginning is shown, and what surrounds each finding.
_WHOLE = 60_000
_AROUND = 300
_IN_ALL = 3_000_000
_LONGEST_PAGE = 1_000_000
_MOST_HEADER_BYTES = 256 * 1024
_PIECE = 8 * 1024 * 1024  # bytes of an attachment in one reply; a reply may hold 16 MiB

_HEADERS = ("from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to")
_MARKUP = {
    *("p", "br", "hr", "div", "span", "blockquote", "pre", "code", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("b", "i", "u", "s", "em", "strong", "small", "sub", "sup", "ul", "ol", "li", "dl", "dt", "dd"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th"),
}
_SPANS: Mapping[str, set[str]] = {"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}}
_NO_TEXT = {"script", "style", "template", "title", "noscript"}

# A stretch of text, and the kinds of what was found there; None stands for what is left out.
Run = tuple[str, tuple[str, ...]] | None


def shown(
    engine: Engine, texts: Sequence[Text], findings: Sequence[Finding], raw: bytes, reading: mime.ReadingBudget
) -> dict[str, Any]:
    """Everything there is to see of a message, as plain values; ``findings`` are those of its ``texts``.

    ``headers`` are names and values, ``texts`` each have ``where``, ``role``
    and ``runs``; ``parts`` are the files with all their names, ``pages`` the number of HTML
    bodies (``page`` gives one).
    """
    told, left = [], _IN_ALL
    for text, found in zip(texts, _by_text(engine, texts, findings), strict=True):
        runs = list(_runs(text.text, found, min(_WHOLE, left)))
        left = max(0, left - sum(len(run[0]) for run in runs if run is not None))
        told.append({"where": _sound(text.where), "role": text.role.value, "runs": runs})
    return {
        "headers": list(_headers(raw)),
        "texts": told,
        "parts": [_part(one) for one in mime.read(raw, reading).parts],
        "pages": len(_pages(raw)),
    }


def page(raw: bytes, number: int) -> str:
    """An HTML body (counted from 0) with nothing left but text and its plainest markup; "" when there is none."""
    pages = _pages(raw)
    if not 0 <= number < len(pages):
        return ""
    content, declared = pages[number]
    source = next(iter(charsets.decode(content, declared).texts), "")[:_LONGEST_PAGE]
    return nh3.clean(
        _sound(source),
        tags=_MARKUP,
        attributes={"*": set(), **_SPANS},
        clean_content_tags=_NO_TEXT,
        url_schemes=set(),
        link_rel=None,
    )


def part(reading: Reading, number: int, start: int) -> dict[str, Any]:
    """A piece of the file with that number (from 0), from the byte ``start`` on.

    ``found`` says whether there is such a file, ``more`` whether it goes on.
    """
    if not 0 <= number < len(reading.parts):
        return {"found": False}
    one = reading.parts[number]
    content = one.content[start : start + _PIECE]
    name = _sound(one.names[0]) if one.names else f"{_sound(one.where)}.bin"
    return {"found": True, "name": name, "content": content, "more": len(one.content) > start + _PIECE}


def _part(one: Part) -> dict[str, Any]:
    return {"where": _sound(one.where), "names": [_sound(name) for name in one.names], "size": len(one.content)}


def _sound(text: str) -> str:
    """The text with a question mark for each half of a character, which no reply can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _headers(raw: bytes) -> Iterator[tuple[str, str]]:
    block = headers.read_block(raw, 0, len(raw), message=True, max_bytes=_MOST_HEADER_BYTES, max_fields=1000)
    for name in _HEADERS:
        for one in block.fields:
            if one.name == name:
                for value in fields.readings(one.value)[:1]:
                    yield name, _sound(value[:_WHOLE])


def _pages(raw: bytes) -> list[tuple[bytes, tuple[str, ...]]]:
    """The HTML bodies as the standard library's reader finds them, with their declared charsets."""
    found: list[tuple[bytes, tuple[str, ...]]] = []
    # One reading is enough to look at: every other one is among the texts. The standard library's reader raises more
    # than it documents; what fails here is among the texts too.
    with contextlib.suppress(Exception):
        for entity in email.message_from_bytes(raw).walk():
            if entity.get_content_type() == "text/html" and isinstance(
                content := entity.get_payload(decode=True), bytes
            ):
                charset = entity.get_content_charset()
                found.append((content, (charset,) if charset else ()))
    return found


def _by_text(engine: Engine, texts: Sequence[Text], findings: Sequence[Finding]) -> list[list[Finding]]:
    """The findings of each text. A finding names its place; where several texts have that, each is asked again."""
    at_place: dict[str, dict[int, None]] = {}
    for number, text in enumerate(texts):
        for place in (text.where, *(p.where for p in text.places), *(f"{text.where} > {p.where}" for p in text.places)):
            at_place.setdefault(place, {})[number] = None
    found: list[list[Finding]] = [[] for _ in texts]
    again: dict[int, set[tuple[str, int, int]]] = {}
    for finding in findings:
        numbers = [n for n in _at(at_place, finding.where) if _reaches(texts[n], finding)]
        if len(numbers) > 1:
            for number in numbers:
                if number not in again:
                    again[number] = _places(engine, texts[number])
            key = (finding.entity, finding.start, finding.end)
            numbers = [number for number in numbers if key in again[number]] or numbers
        for number in numbers:
            found[number].append(finding)
    return found


def _at(at_place: Mapping[str, Mapping[int, None]], where: str) -> Iterable[int]:
    """The texts at a place; what is encoded in a text ("body > base64") was found where the text stands."""
    while where not in at_place and " > " in where:
        where = where.rpartition(" > ")[0]
    return at_place.get(where, {})


def _places(engine: Engine, text: Text) -> set[tuple[str, int, int]]:
    return {(one.entity, one.start, one.end) for one in engine.scan([text]).findings}


def _reaches(text: Text, finding: Finding) -> bool:
    return text.role is finding.role and finding.end <= len(text.text)


def _runs(text: str, findings: Sequence[Finding], whole: int) -> Iterator[Run]:
    """Cut a text where findings begin and end; of a long one, only what surrounds them behind its beginning."""
    cuts = sorted({0, len(text), *(at for one in findings for at in (one.start, one.end))})
    ordered = sorted(findings, key=lambda one: one.start)
    active: list[Finding] = []
    at_most, gap = whole, False
    upcoming = iter([*ordered, None])
    coming = next(upcoming)
    for start, end in pairwise(cuts):
        while coming is not None and coming.start <= start:
            active.append(coming)
            coming = next(upcoming)
        active = [one for one in active if one.end > start]
        kinds = tuple(dict.fromkeys(one.entity for one in active))
        for piece in _pieces(text[start:end], start, at_most, found=bool(kinds)):
            if piece is None:
                if not gap:
                    yield None
                gap = True
            else:
                gap = False
                yield _sound(piece), kinds


def _pieces(text: str, start: int, whole: int, *, found: bool) -> Iterator[str | None]:
    """What of a stretch is shown: all of it at the beginning and where something was found, else its ends."""
    room = max(0, whole - start)
    if found or len(text) <= room + 2 * _AROUND:
        yield text[:_WHOLE]
        return
    yield text[: room or _AROUND]
    yield None
    yield text[-_AROUND:]
