"""The engine: texts of one message in, findings out.

Cheap layers first: patterns over every text in one pass, then the names that
candidates ask for, then the models on what can still change a verdict.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dlp_gateway.detection import relation
from dlp_gateway.detection.allowances import Allowances
from dlp_gateway.detection.contacts import count_people
from dlp_gateway.detection.disclosures import ENTITIES, disclosures
from dlp_gateway.detection.encodings import DEPTH, decode
from dlp_gateway.detection.layout import Layout
from dlp_gateway.detection.matching import Matcher, Scored
from dlp_gateway.detection.models import Models, load_models
from dlp_gateway.detection.normalise import Normaliser
from dlp_gateway.detection.packs import Recogniser, load_packs
from dlp_gateway.detection.resolve import best
from dlp_gateway.detection.tuning import Tuning
from dlp_gateway.detection.values import Candidate, Detection, Outsider
from dlp_gateway.model import Finding, Role, Text, Tier

# What the people model tells of a Subject, as entities of the policy. A name is contact information, but a Subject
# may hold none; the model's other labels are personal details as they occur in subject lines.
SUBJECT_LABELS: Mapping[str, tuple[str, Tier]] = {
    "PERSON": ("PERSON", Tier.CONTACT),
    "EMAIL": ("EMAIL", Tier.CONTACT),
    "PHONE": ("PHONE", Tier.CONTACT),
    "ADDRESS": ("ADDRESS", Tier.CONTACT),
    "ID": ("NATIONAL_ID", Tier.PERSONAL),
    "DOB": ("DOB", Tier.PERSONAL),
    "HEALTH_ETC": ("PERSONAL_DETAIL", Tier.PERSONAL),
}


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text to look at; ``origin`` is the stretch of the message's text that it was decoded from."""

    text: Text
    origin: tuple[int, int] | None = None

    def candidate(self, entity: str, tier: Tier, start: int, end: int, score: float, detector: str) -> Candidate:
        """Return a kept candidate at characters ``start:end`` of this reading."""
        where = _where(self.text, start)
        if self.origin is not None:
            start, end = self.origin
        return Candidate(entity, tier, where, self.text.role, start, end, score, detector, (), (), kept=True)


class Engine:
    """Finds personal data in the texts of a message.

    Built once by ``load_engine``; ``scan`` keeps nothing of what it reads, gives the
    same answer for the same texts, and is linear in their length.
    """

    def __init__(
        self, recognisers: Sequence[Recogniser], tuning: Tuning, models: Models, outsider: Outsider | None = None
    ) -> None:
        self.recognisers = tuple(_tuned(recognisers, tuning))
        self._tuning = tuning
        self._models = models
        self._outsider = outsider
        self._normaliser = Normaliser()
        self._matcher = Matcher(self.recognisers, self._normaliser)
        self._allowances = Allowances(tuning.allow)
        self._limits = models.limits(tuning.models.thresholds)

    @property
    def entities(self) -> frozenset[str]:
        """Return every entity that a finding of this engine can have."""
        told = frozenset(entity for entity, _ in (*SUBJECT_LABELS.values(), *ENTITIES.values()))
        outside = self._outsider.entities if self._outsider is not None else frozenset()
        return told | outside | {recogniser.entity for recogniser in self.recognisers}

    def scan(
        self,
        texts: Sequence[Text],
        *,
        subject_only: bool = False,
        explain: bool = False,
        today: dt.date | None = None,
    ) -> Detection:
        """Inspect the texts of one message.

        Args:
            texts: all readings of all parts; ``start`` and ``end`` of findings are offsets into ``Text.text``.
            subject_only: look at the Subject alone (every recipient is internal).
            explain: also return every candidate with what raised and sank it.
            today: the day on which allowances are judged, by default the present one.

        Raises:
            EngineError: something could not be run; the message must not be taken as clean.
        """
        day = today or dt.date.today()  # noqa: DTZ011 - allowances end with the local day
        readings = [
            reading
            for text in texts
            if not subject_only or text.role is Role.SUBJECT
            for reading in _readings(_Reading(text), DEPTH)
        ]
        candidates = [c for reading in readings for c in self._patterns(reading, day)]
        if self._outsider is not None:
            candidates.extend(c for reading in readings for c in self._outside(reading, self._outsider))
        candidates.extend(self._names([r for r in readings if r.text.role is Role.SUBJECT]))
        if not subject_only:
            candidates.extend(self._statements(readings))
        people = 0 if subject_only else count_people([r.text for r in readings], self._models.people)
        findings = tuple(_finding(c) for c in candidates if c.kept)
        return Detection(findings, people, tuple(candidates) if explain else ())

    def _patterns(self, reading: _Reading, today: dt.date) -> Iterator[Candidate]:
        normalised = self._normaliser(reading.text.text)
        scored = self._matcher.scan(normalised, Layout(normalised.data), reading.text.hints)
        scored = [self._allowances.judge(self._thresholded(s), normalised.data, today) for s in scored]
        scored = relation.check(reading.text.text, normalised, scored, self._models.people)
        # Addresses in headers are how mail is sent, not what it says.
        header = reading.text.role is Role.HEADER
        kept = set(map(id, best(s for s in scored if s.stands and not (header and s.recogniser.tier is Tier.CONTACT))))
        for one in scored:
            start, end = normalised.span(one.start, one.end)
            recogniser = one.recogniser
            yield replace(
                reading.candidate(recogniser.entity, recogniser.tier, start, end, one.score, recogniser.name),
                raised=one.raised,
                sank=one.sank,
                kept=id(one) in kept,
                allowed=one.allowed,
            )

    def _thresholded(self, scored: Scored) -> Scored:
        return scored if scored.score >= self._threshold(scored.recogniser) else replace(scored, stands=False)

    def _threshold(self, recogniser: Recogniser) -> float:
        for key in (recogniser.name, recogniser.entity):
            tuned = self._tuning.detectors.get(key)
            if tuned is not None and tuned.threshold is not None:
                return tuned.threshold
        return self._tuning.threshold

    def _outside(self, reading: _Reading, outsider: Outsider) -> Iterator[Candidate]:
        for found in outsider.find(reading.text.text):
            one = reading.candidate(found.entity, found.tier, found.start, found.end, found.score, found.detector)
            tuned = self._tuning.detectors.get(found.entity)
            limit = tuned.threshold if tuned is not None and tuned.threshold is not None else self._tuning.threshold
            yield replace(one, kept=found.score >= limit)

    def _names(self, subjects: Sequence[_Reading]) -> Iterator[Candidate]:
        """Names of people and other personal details in Subjects."""
        for subject, marks in zip(subjects, self._models.people.mark([s.text.text for s in subjects]), strict=True):
            for mark in marks:
                if mark.label in SUBJECT_LABELS:
                    entity, tier = SUBJECT_LABELS[mark.label]
                    yield subject.candidate(entity, tier, mark.start, mark.end, mark.score, "people")

    def _statements(self, readings: Sequence[_Reading]) -> Iterator[Candidate]:
        """What passages say of people."""
        if self._models.statements is None:
            return
        for said in disclosures([r.text for r in readings], self._models.statements, self._limits):
            entity, tier = ENTITIES[said.label]
            one = readings[said.text].candidate(entity, tier, said.start, said.end, said.score, "statements")
            reason = f"statement: {said.label}"
            yield replace(
                one, raised=(reason,), sank=() if said.disclosed else ("below threshold",), kept=said.disclosed
            )


def load_engine(directories: Sequence[Path], tuning: Tuning) -> Engine:
    """Build the engine from packs, models and tuning.

    Raises:
        ConfigError: a pack is wrong, a model is missing or damaged, or the tuning names
            an entity or recogniser that no pack has.
    """
    recognisers = load_packs(directories)
    outsider: Outsider | None = None
    if tuning.presidio:
        from dlp_gateway.detection.presidio import PresidioDetector

        outsider = PresidioDetector(tuning.presidio)
    engine = Engine(recognisers, tuning, load_models(directories, tuning.models), outsider)
    tuning.check_names(engine.entities | {r.name for r in recognisers} | {r.entity for r in recognisers})
    return engine


def _tuned(recognisers: Sequence[Recogniser], tuning: Tuning) -> Iterator[Recogniser]:
    for recogniser in recognisers:
        changes = [tuning.detectors[key] for key in (recogniser.entity, recogniser.name) if key in tuning.detectors]
        if all(change.enabled for change in changes):
            yield recogniser.model_copy(
                update={
                    "context": [*recogniser.context, *(w for c in changes for w in c.context)],
                    "negative_context": [
                        *recogniser.negative_context,
                        *(w for c in changes for w in c.negative_context),
                    ],
                }
            )


def _readings(reading: _Reading, depth: int) -> Iterator[_Reading]:
    """Yield a text and every text that is encoded in it."""
    yield reading
    if depth == 0:
        return
    for found in decode(reading.text.text):
        where = f"{_where(reading.text, found.start)} > {found.scheme}"
        inner = replace(reading.text, where=where, text=found.text, places=())
        yield from _readings(_Reading(inner, reading.origin or (found.start, found.end)), depth - 1)


def _where(text: Text, start: int) -> str:
    index = bisect_right(text.places, start, key=lambda place: place.start) - 1
    if index < 0:
        return text.where
    place = text.places[index].where
    return place if place.startswith(text.where) else f"{text.where} > {place}"


def _finding(candidate: Candidate) -> Finding:
    return Finding(
        entity=candidate.entity,
        tier=candidate.tier,
        where=candidate.where,
        start=candidate.start,
        end=candidate.end,
        score=candidate.score,
        role=candidate.role,
        detector=candidate.detector,
        evidence=candidate.raised + candidate.sank,
    )
