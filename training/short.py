"""Short sentences about somebody, alone and between others: what the gate for disclosures has to let through.

Passages of the training data are written as letters are, in long clauses. "Anna Weiss has cancer." in the middle of
thanks for some drawings is how people talk; the encoder knows it, and tells the gate what of all this is a disclosure.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from training.corpus import Statement
from training.forms import Forms

SENTENCES = Path(__file__).parent / "data" / "short.txt"
"""What is said of somebody, a line each: disclosures and, as many, what sounds like them and is none."""

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
