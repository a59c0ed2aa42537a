"""Text in passages: what a reader takes in at once.

A statement about a person may name the person a sentence earlier, or in the
first cell of a row. Passages are a few sentences or lines of one paragraph and
overlap by one; rows that carry their headers stand alone.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import NamedTuple

from dlp_gateway.detection.antecedents import Antecedents, question
from dlp_gateway.detection.courtesies import without_pronouns
from dlp_gateway.detection.signatures import signature_lines

# Characters of a passage; the model was trained on passages of up to about four sentences.
LENGTH = 220
LONGEST = 480
_QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)+")
_SENTENCE = re.compile(r"[.!?。！？][\"')\]]*\s+(?=[\"'(\[]?[A-ZÀ-Þ0-9])")
# Lines that a mail program puts in front of quoted mail say who wrote to whom and when, nothing more.
_QUOTED_FIELD = re.compile(
    r"(?:from|to|cc|bcc|sent|sent by|date|reply-to|von|an|gesendet|datum|de|para|à|a|envoyé|enviado|fecha|da"
    r"|inviato|data"
    r"|van|aan|verzonden|od|do|wysłano)\s?:\s",
    re.IGNORECASE,
)
_QUOTATION = re.compile(
    r"-{2,} ?(?:original message|forwarded|weitergeleitet|message d'origine)"
    r"|(?:on (?=.*(?:\d:\d\d|@|\d{4})).{6,90} wrote:$|am (?=.*\d).{6,90} schrieb|le (?=.*\d).{6,90} a écrit)",
    re.IGNORECASE,
)
# Addresses in a field, and the small words of names, dates and times.
_ADDRESS = re.compile(r"<[^<>\s]{0,320}>|[^\s@]{1,254}@\S+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_SMALL = frozenset("am at bin bis da de del der di du el la le of on the und van via von zu zum".split())
_SAID = 2
_ABBREVIATED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nr|Tel|Inc|Ltd|Pty|e\.g|i\.e|approx|dept|[A-Z])\.$")


@dataclass(frozen=True, slots=True)
class Passage:
    """Characters ``start:end`` of a text, and how they read (line breaks and quote marks folded).

    ``contact`` tells that they are part of a signature or contact block.
    """

    start: int
    end: int
    text: str = field(repr=False)
    contact: bool = False


class _Unit(NamedTuple):
    """A line or a sentence; ``opens`` when it begins a line of its own. There are many: a tuple is made fastest."""

    start: int
    end: int
    text: str
    opens: bool = True
    quoted: bool = False
    contact: bool = False


class _Page(NamedTuple):
    """The lines of a text, raw and as they read, and the numbers of those in signatures and those above quoted mail."""

    raw: Sequence[str]
    shown: Sequence[str]
    contact: frozenset[int]
    quotations: frozenset[int]


def passages(text: str, *, contact: bool = False) -> Iterator[Passage]:
    """Yield the passages of a text in order; together they cover it.

    Where a letter greets somebody by name and goes on with "you", the passage begins with the greeting, and below a
    heading with a name with the heading: these say of whom it speaks. So does a question in the mail that is quoted
    below a short answer.

    Args:
        text: the whole text.
        contact: yield signatures and contact blocks as well.
    """
    page = _page(text)
    antecedents = Antecedents(_asked(page) if "?" in text and (page.quotations or ">" in text) else "")
    for paragraph in _paragraphs(page):
        if not paragraph:
            continue
        if paragraph[0].contact:
            antecedents.leave()
            if contact:
                yield from (replace(passage, contact=True) for passage in _group(_units(paragraph)))
            continue
        antecedents.enter("\n".join(line.text for line in paragraph), quoted=paragraph[0].quoted)
        for passage in _group(_units(paragraph)):
            above = antecedents.of(passage.text)
            yield replace(passage, text=f"{above}\n{passage.text}") if above else passage


def _page(text: str) -> _Page:
    raw = text.split("\n")
    shown = [_QUOTE.sub("", line) if ">" in line else line for line in raw]
    shown = [*map(without_pronouns, shown)]
    return _Page(raw, shown, signature_lines(shown), _quotations(shown))


def _asked(page: _Page) -> str:
    """Return what quoted mail, below the beginning of a text, asks about somebody."""
    first = next((n for n, line in enumerate(page.raw) if n in page.quotations or line.lstrip().startswith(">")), 0)
    if not first:
        return ""
    quoted = range(first, len(page.raw))
    return question(page.shown[n] for n in quoted if n not in page.contact and n not in page.quotations)


def _paragraphs(page: _Page) -> Iterator[list[_Unit]]:
    paragraph: list[_Unit] = []
    for line in _lines(page):
        if line is None or (paragraph and line.contact is not paragraph[0].contact):
            yield paragraph
            paragraph = []
        if line is not None:
            paragraph.append(line)
    yield paragraph


def _lines(page: _Page) -> Iterator[_Unit | None]:
    """Yield lines without quote marks; None for one that is blank or says nothing of anybody."""
    start = 0
    for number, line in enumerate(page.raw):
        said = page.shown[number].strip()
        if not said or number in page.quotations:
            yield None
        else:
            quoted = len(page.shown[number]) < len(line)
            first = start + len(line) - len(page.shown[number]) + page.shown[number].index(said)
            for low in range(0, len(said), LONGEST * 8):
                piece = said[low : low + LONGEST * 8].strip()
                if piece:
                    offset = first + low + said[low:].index(piece)
                    yield _Unit(offset, offset + len(piece), piece, True, quoted, number in page.contact)
        start += len(line) + 1


def _quotations(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the lines that introduce quoted mail: two fields or more, or a phrase."""
    found: set[int] = set()
    before: int | None = None
    for number, line in enumerate(lines):
        said = line.strip()
        if not said:
            continue
        if _QUOTED_FIELD.match(said) and not _says_anything(said):
            if before is not None:
                found.update((before, number))
            before = number
            continue
        before = None
        if _QUOTATION.match(said):
            found.add(number)
    return frozenset(found)


def _says_anything(field: str) -> bool:
    """Tell whether a line that begins like a field says more than who and when: a sentence has words in lower case."""
    words = _WORD.findall(_ADDRESS.sub(" ", field.partition(":")[2]))
    return len([word for word in words if word.islower() and word not in _SMALL]) >= _SAID


def _units(lines: list[_Unit]) -> list[_Unit]:
    """Sentences of a paragraph of prose; the lines of anything else."""
    units: list[_Unit] = []
    pending: list[_Unit] = []
    for line in lines:
        # A line that fills the page and does not end a sentence runs on in the next.
        pending.append(line)
        if not _runs_on(line.text):
            units.extend(_sentences(pending))
            pending = []
    units.extend(_sentences(pending))
    return units


def _runs_on(line: str) -> bool:
    return len(line) >= 56 and line[-1] not in ".!?:;|" and "|" not in line and "\t" not in line


def _sentences(lines: list[_Unit]) -> Iterator[_Unit]:
    if not lines:
        return
    text = " ".join(line.text for line in lines)
    # Where each joined line begins, to find the way back to offsets.
    begins = [0, *accumulate(len(line.text) + 1 for line in lines[:-1])]

    def back(offset: int) -> int:
        number = bisect_right(begins, offset) - 1
        return lines[number].start + offset - begins[number]

    start = 0
    for cut in [*_cuts(text), len(text)]:
        piece = text[start:cut].strip()
        for low in range(0, len(piece), LONGEST):
            part = piece[low : low + LONGEST]
            first = start + low
            yield _Unit(back(first), back(max(first, first + len(part) - 1)) + 1, part, first == 0)
        start = cut


def _cuts(text: str) -> Iterator[int]:
    for match in _SENTENCE.finditer(text):
        if not _ABBREVIATED.search(text, max(0, match.start() - 11), match.start() + 1):
            yield match.end()


def _group(units: list[_Unit]) -> Iterator[Passage]:
    """Join neighbours up to ``LENGTH``; the last of one passage opens the next."""
    first = 0
    while first < len(units):
        last = first + 1
        size = len(units[first].text)
        while last < len(units) and size + len(units[last].text) <= LENGTH and "|" not in units[last].text:
            size += len(units[last].text)
            last += 1
        joined = units[first:last]
        text = "".join(("\n" if unit.opens else " ") + unit.text for unit in joined)
        yield Passage(joined[0].start, joined[-1].end, text[1:])
        if last >= len(units):
            return
        fits = "|" not in units[last].text and len(units[last - 1].text) + len(units[last].text) <= LENGTH
        overlap = last - 1 > first and fits
        first = last - 1 if overlap else last
