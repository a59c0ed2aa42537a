"""Reading the training and evaluation data."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlp_gateway.detection.people import PERSONAL

CONTRAST = ("ORG", "LOC", "PRODUCT", "JOB_TITLE")
ENTITIES = PERSONAL + CONTRAST
TAGS = ("O", *(f"{place}-{entity}" for entity in ENTITIES for place in "BI"))

SPECIAL = (
    "ethnicity",
    "politics",
    "religion",
    "union",
    "health",
    "sexuality",
    "biometric_genetic",
    "offence",
    "proceedings",
)
ORDINARY = (
    "birth",
    "pay",
    "finance",
    "performance",
    "discipline",
    "family",
    "nationality",
    "credentials",
    "child",
    "account",
)
LABELS = SPECIAL + ORDINARY
OUTPUTS = (*LABELS, "about_person")


@dataclass(frozen=True, slots=True)
class Tagged:
    """A text with marked spans; ``known`` are the entities that are marked exhaustively in it."""

    text: str
    spans: tuple[tuple[int, int, str], ...]
    known: frozenset[str]
    source: str
    personal: bool | None = None

    @property
    def named(self) -> bool:
        """Whether a person is marked in it."""
        return any(label == "PERSON" for _, _, label in self.spans)


@dataclass(frozen=True, slots=True)
class Statement:
    """A passage and what it discloses of an identifiable person."""

    text: str
    labels: frozenset[str]
    about_person: bool
    source: str = "statements"


def read_lines(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON Lines file, packed with gzip or not."""
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def subjects(file: Path) -> list[Tagged]:
    """Subject lines; every entity is marked in them."""
    return [
        Tagged(r["text"], tuple((s, e, n) for s, e, n in r["ents"]), frozenset(ENTITIES), "subjects", r["personal"])
        for r in read_lines(file)
    ]


def names(file: Path) -> list[Tagged]:
    """Public NER corpora: persons, organisations and places are marked."""
    return [
        Tagged(
            r["text"],
            tuple((s, e, n) for s, e, n in r["ents"] if n in ENTITIES),
            frozenset(r["labels"]) & frozenset(ENTITIES),
            r["source"],
        )
        for r in read_lines(file)
    ]


def statements(file: Path) -> list[Statement]:
    """Labelled passages."""
    return [Statement(r["text"], frozenset(r["labels"]), r["about_person"], file.stem) for r in read_lines(file)]


def words(file: Path) -> list[str]:
    """A word list: one term a line, ``#`` begins a comment line."""
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def things(file: Path) -> list[tuple[str, str]]:
    """Labels and names of companies, products and places: one a line, with a tab between."""
    return [(label, name) for line in words(file) for label, _, name in [line.partition("\t")]]
