"""Brief sentences, alone and between others: what the gate for disclosures has to let through, and what to leave.

Passages of the training data are written as letters are, in long clauses. "Anna Weiss has cancer." in the middle of
thanks for some drawings is how people talk; so is "Invoice 4471 over $890 is due on Friday". The encoder knows both,
and tells the gate what of all this is a disclosure.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from training.corpus import Statement
from training.forms import Forms

SENTENCES = Path(__file__).parent / "data" / "short.txt"
"""What is said of somebody, a line each: disclosures and, as many, what sounds like them and is none."""

BUSINESS = Path(__file__).parent / "data" / "plain.txt"
"""Sentences of business mail, a line each, with slots: {P} a person, {C} a company, {n}, {sum}, {date}, {ref}."""

_CUT = re.compile(r"(?<=[.!?])\s+(?=[\"'(]?[A-Z0-9])|\n+")
# How often each sentence comes, with somebody else in it.
_TIMES = 10
_TITLES = ("Mr", "Mrs", "Ms", "Dr")
_RELATIONS = (
    "Our colleague",
    "My neighbour",
    "The driver",
    "Your client",
    "Our tenant",
    "The patient",
    "My brother",
    "His wife",
    "Their son",
)
_NAMELESS = ("He", "She", "Her husband", "My mother", "The new cleaner")
_OPENINGS = ("I heard that ", "Just so you know, ", "FYI: ", "Please note: ", "As you know ", "Apparently ")
# How often each sentence of business mail comes, with other fillings; and the share of people by given name alone.
_FILLINGS = 30
_GIVEN = 0.2
_SLOT = re.compile(r"\{(\w+)\}")
_MONTHS = (
    "January February March April May June July August September October November December"
    " Monday Tuesday Thursday Friday"
).split()
# Sentences in front and behind.
_PLACES = ((1, 1), (1, 1), (0, 1), (1, 0), (2, 1), (1, 2), (0, 2), (2, 0))
_LONGEST = 700  # characters of a passage


def said(forms: Forms, rng: random.Random) -> list[str]:
    """Return the sentences, each of several people."""
    lines = SENTENCES.read_text("utf-8").splitlines()
    return [_said_of(_somebody(forms, rng), line, rng) for line in lines for _ in range(_TIMES)]


def _somebody(forms: Forms, rng: random.Random) -> str:
    person = forms.person(rng)
    kind = rng.random()
    if kind < 0.55:
        return person
    if kind < 0.65:
        return person.split()[0]
    if kind < 0.75:
        return f"{rng.choice(_TITLES)} {person.split()[-1]}"
    if kind < 0.9:
        return f"{rng.choice(_RELATIONS)} {person}"
    return rng.choice(_NAMELESS)


def _said_of(somebody: str, line: str, rng: random.Random) -> str:
    text = f"{somebody} {line}"
    kind = rng.random()
    if kind < 0.1:
        text = text.lower()
    elif kind > 0.85:
        text = rng.choice(_OPENINGS) + text
    return text + rng.choice(("", ".", ".", ".", "!"))


def business(forms: Forms, rng: random.Random) -> list[str]:
    """Return the sentences of business mail, each with several fillings."""
    fills: dict[str, Callable[[], str]] = {
        "n": lambda: str(rng.randrange(2, 99)),
        "sum": lambda: _sum(rng),
        "date": lambda: _date(rng),
        "ref": lambda: _reference(rng),
        "P": lambda: forms.person(rng) if rng.random() > _GIVEN else forms.person(rng).split()[0],
        "C": lambda: forms.company(rng),
    }
    lines = BUSINESS.read_text("utf-8").splitlines()
    made = (_SLOT.sub(lambda slot: fills[slot[1]](), line) for line in lines for _ in range(_FILLINGS))
    return list(dict.fromkeys(made))


def _sum(rng: random.Random) -> str:
    value = rng.choice((rng.randrange(5, 99), rng.randrange(100, 999), rng.randrange(1000, 99_999)))
    text = (f"{value:,}" if rng.random() < 0.7 else str(value)) + (f".{rng.randrange(100):02}" * (rng.random() < 0.4))
    if rng.random() < 0.85:
        return rng.choice(("$", "$", "$", "A$", "£", "€")) + text
    return text + rng.choice((" EUR", " dollars", " AUD", " GBP"))


def _date(rng: random.Random) -> str:
    day, month, year = rng.randrange(1, 29), rng.randrange(12), rng.choice((2024, 2025, 2026))
    name = _MONTHS[month]
    numbers = (f"{day:02}/{month + 1:02}/{year}", f"{year}-{month + 1:02}-{day:02}", f"{day}.{month + 1}.{year}")
    return rng.choice(
        (f"{day} {name}", f"{day} {name} {year}", f"{name[:3]} {day}", *numbers, rng.choice(_MONTHS[12:]))
    )


def _reference(rng: random.Random) -> str:
    number = str(rng.randrange(1000, 10 ** rng.randrange(4, 11)))
    if len(number) > 5 and rng.random() < 0.4:
        number = f"{number[:4]}-{number[4:]}"
    return rng.choice(("INV-", "PO ", "", "", "#", "REF-", "Q", "JOB-")) + number


def mixed(texts: Sequence[str], count: int, rng: random.Random) -> list[str]:
    """Return ``count`` passages of two to four of the texts."""
    return [" ".join(rng.sample(texts, rng.choice((2, 2, 3, 4)))) for _ in range(count)]


def sentences(passages: Sequence[Statement]) -> list[str]:
    """Return the sentences, of two words at least, of passages that have several."""
    found = {part: None for passage in passages for part in _parts(passage.text)}
    return list(found)


def _parts(text: str) -> list[str]:
    parts = [part for part in _CUT.split(text) if len(part.split()) > 1]
    return parts if len(parts) > 1 else []


def among(texts: Sequence[str], quiet: Sequence[str], rng: random.Random) -> Iterator[str]:
    """Yield each text between others that say nothing of anybody."""
    for text in texts:
        before, behind = rng.choice(_PLACES)
        begun = text[0].upper() + text[1:] if rng.random() < 0.7 else text
        ended = begun if begun[-1] in ".!?" else f"{begun}."
        yield " ".join([*rng.sample(quiet, before), ended, *rng.sample(quiet, behind)])[:_LONGEST]
