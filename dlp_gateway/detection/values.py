"""What detection hands out beside findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dlp_gateway.model import Finding, Role


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that looked like an entity, kept as a finding or not, for ``check --explain``.

    ``raised`` and ``sank`` are words of the detectors, never of the message.
    """

    entity: str
    where: str
    role: Role
    start: int
    end: int
    score: float
    detector: str
    raised: tuple[str, ...]
    sank: tuple[str, ...]
    kept: bool


@dataclass(frozen=True, slots=True)
class Detection:
    """All that was found in the texts of one message; ``people`` counts people whose contact details are listed."""

    findings: tuple[Finding, ...]
    people: int = 0
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonSpan:
    """A person's name at characters ``start:end`` of a text, with the model's probability."""

    start: int
    end: int
    score: float


class People(Protocol):
    """Finds names of people."""

    def find(self, texts: Sequence[str]) -> list[list[PersonSpan]]:
        """Return, for each text, the names in it, sorted and without overlap."""


class Statements(Protocol):
    """Tells what passages say of an identifiable person."""

    def classify(self, passages: Sequence[str]) -> list[dict[str, float]]:
        """Return, for each passage, the probability of each label."""
