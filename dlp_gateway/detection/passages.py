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
# "Dear Karim Benali," and "Dear Ms Quayle," name a person; "Hi Fiona" is how colleagues and customers are greeted.
_GREETED = re.compile(
    r"(?:dear|sehr geehrte[rs]?|liebe[rs]?|cher|chère|estimad[oa]|gentile|egregio|geachte|beste|szanown[ya]|prezad[oa])"
    r" (?:[^\W\d_]+\.? ){1,3}[A-ZÀ-Þ][^\W\d_]+(?:-[^\W\d_]+)?[,:!]?$",
    re.IGNORECASE,
)
_YOU = re.compile(
    r"\b(?:you|your|yours|Ihnen|Ihre?[mnrs]?|Sie|vous|votre|vos|usted|su|sus|Lei|Suo|Sua|u|uw|Pan[ai]?)\b"
)
_ABBREVIATED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|No|Nr|Tel|Inc|Ltd|Pty|e\.g|i\.e|approx|dept|[A-Z])\.$")


@dataclass(frozen=True, slots=True)
class Passage:
    """Characters ``start:end`` of a text, and how they read (line breaks and quote marks folded)."""

    start: int
    end: int
    text: str = field(repr=False)


class _Unit(NamedTuple):
    """A line or a sentence; ``opens`` when it begins a line of its own. There are many: a tuple is made fastest."""

    start: int
    end: int
    text: str
    opens: bool = True


def passages(text: str) -> Iterator[Passage]:
    """Yield the passages of a text in order; together they cover it.

    Where a letter greets somebody by name and goes on with "you", the passage begins with the greeting: it says of
    whom it speaks.
    """
    greeting = ""
    for paragraph in _paragraphs(text):
        if len(paragraph) == 1 and _GREETED.match(paragraph[0].text):
            greeting = paragraph[0].text
        for passage in _group(_units(paragraph)):
            addressed = greeting and passage.text != greeting and _YOU.search(passage.text)
            yield replace(passage, text=f"{greeting}\n{passage.text}") if addressed else passage


def _paragraphs(text: str) -> Iterator[list[_Unit]]:
    paragraph: list[_Unit] = []
    for line in _lines(text):
        if line is None:
            yield paragraph
            paragraph = []
        else:
            paragraph.append(line)
    yield paragraph


def _lines(text: str) -> Iterator[_Unit | None]:
    """Yield lines without quote marks; None for one that is blank or says nothing of anybody."""
    raw = text.split("\n")
    shown = [_QUOTE.sub("", line) if ">" in line else line for line in raw]
    skipped = signature_lines(shown) | _quotations(shown)
    start = 0
    for number, line in enumerate(raw):
        said = shown[number].strip()
        if not said or number in skipped:
            yield None
        else:
            first = start + len(line) - len(shown[number]) + shown[number].index(said)
            for low in range(0, len(said), LONGEST * 8):
                piece = said[low : low + LONGEST * 8].strip()
                if piece:
                    offset = first + low + said[low:].index(piece)
                    yield _Unit(offset, offset + len(piece), piece)
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
