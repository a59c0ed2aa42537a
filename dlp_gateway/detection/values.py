"""What detection hands out beside findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from dlp_gateway.model import Finding, Role, Tier, Zone


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that looked like an entity, kept as a finding or not, for ``check --explain``.

    ``raised`` and ``sank`` are words of the detectors, never of the message.
    """

    entity: str
    tier: Tier
    where: str
    role: Role
    start: int
    end: int
    score: float
    detector: str
    raised: tuple[str, ...]
    sank: tuple[str, ...]
    kept: bool
    allowed: tuple[Zone, ...] = ()


@dataclass(frozen=True, slots=True)
class Detection:
    """All that was found in the texts of one message; ``people`` counts people whose contact details are listed."""

    findings: tuple[Finding, ...]
    people: int = 0
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonSpan:
    """A stretch ``start:end`` of the given text that names a person (or, by ``label``, tells something else)."""

    start: int
    end: int
    score: float
    label: str = "PERSON"


class People(Protocol):
    """Finds names of people."""

    def find(self, texts: Sequence[str], labels: Sequence[str] = ("PERSON",)) -> Sequence[Sequence[PersonSpan]]:
        """Return, for each text, the spans with one of the labels, in order, never overlapping."""
        ...


class Statements(Protocol):
    """Tells what passages say of an identifiable person."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """The score from which on each label counts as found."""
        ...

    def classify(self, passages: Sequence[str]) -> Sequence[Mapping[str, float]]:
        """Return, for each passage, the score of every label that is worth telling."""
        ...
