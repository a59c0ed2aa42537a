"""What detection hands out beside findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
class External:
    """Something that a detector from outside found at characters ``start:end`` of a text."""

    entity: str
    tier: Tier
    start: int
    end: int
    score: float
    detector: str


class Outsider(Protocol):
    """A detector from outside, beside the packs."""

    @property
    def entities(self) -> frozenset[str]:
        """The entities it can report."""
        ...

    def find(self, text: str) -> Iterable[External]:
        """Return what it finds in a text."""
        ...


@dataclass(frozen=True, slots=True)
class PersonSpan:
    """A name of a person at characters ``start:end`` of a text, with the model's probability."""

    start: int
    end: int
    score: float


class Mark(Protocol):
    """Characters ``start:end`` of a subject line and what they are, with the model's probability."""

    @property
    def start(self) -> int: ...  # noqa: D102
    @property
    def end(self) -> int: ...  # noqa: D102
    @property
    def score(self) -> float: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102


class People(Protocol):
    """Finds names of people."""

    def find(self, texts: Sequence[str]) -> Sequence[Sequence[PersonSpan]]:
        """Return the names in each text, in order, never overlapping."""
        ...

    def mark(self, lines: Sequence[str]) -> Sequence[Sequence[Mark]]:
        """Return everything the model knows in each subject line, in order, never overlapping."""
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
