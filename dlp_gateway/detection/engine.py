"""The engine: texts of one message in, findings out.

Cheap layers first: patterns over every text in a few passes, then the names that
candidates ask for, then the models on what can still change a verdict.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from dlp_gateway.detection.allowances import Allowances
from dlp_gateway.detection.bidi import as_shown, as_written
from dlp_gateway.detection.business_numbers import is_of_a_thing
from dlp_gateway.detection.contacts import Listed, count_people
from dlp_gateway.detection.cues import Cues
from dlp_gateway.detection.dates import is_month_of_a_date
from dlp_gateway.detection.disclosures import ENTITIES, Reader
from dlp_gateway.detection.encodings import DEPTH, decode
from dlp_gateway.detection.layout import Layout
from dlp_gateway.detection.legible import legible
from dlp_gateway.detection.matching import Matcher
from dlp_gateway.detection.models import Models, load_models
from dlp_gateway.detection.no_names import is_a_firm, is_a_first_word, is_a_site
from dlp_gateway.detection.normalise import Normalised, Normaliser
from dlp_gateway.detection.packs import Recogniser, load_packs
from dlp_gateway.detection.relation import Whom
from dlp_gateway.detection.resolve import best
from dlp_gateway.detection.scoring import Scored
from dlp_gateway.detection.topics import Topics
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
    """A text to look at; ``origin`` is the stretch of the message's text that it was decoded from.

    ``written`` is that text where it is shown in another order. ``details`` is filled with the places of contact
    details that may be part of a list.
    """

    text: Text
    origin: tuple[int, int] | None = None
    written: str = ""
    details: list[int] = field(default_factory=list)

    def candidate(self, entity: str, tier: Tier, start: int, end: int, score: float, detector: str) -> Candidate:
        """Return a kept candidate at characters ``start:end`` of this reading."""
        where = _where(self.text, start)
        start, end = self.place(start, end)
        return Candidate(entity, tier, where, self.text.role, start, end, score, detector, (), (), kept=True)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Return where characters ``start:end`` of this reading stand in the message's text."""
        return self.origin or as_written(self.written, start, end)


@dataclass(frozen=True, slots=True)
class _Around:
    """What a text is judged by beside itself: whom the message speaks of, what it says it is about, the day."""

    whom: Whom
    topics: Topics
    today: dt.date


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
        self._thresholds = {r.name: tuning.threshold_of(r.name, r.entity) for r in self.recognisers}
        limits = models.limits(tuning.models.thresholds)
        self._reader: Reader | None = None
        if models.statements is not None:
            cues = models.cues or Cues({}, self._normaliser)
            self._reader = Reader(models.statements, models.people, cues, limits)

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
            today: the day (UTC) on which allowances are judged, by default the present one.

        Raises:
            EngineError: something could not be run; the message must not be taken as clean.
        """
        day = today or dt.datetime.now(dt.UTC).date()
        readings: list[_Reading] = []
        candidates: list[Candidate] = []
        around = _Around(Whom(texts, self._models.people, self._normaliser), self._matcher.topics(texts), day)
        for text in texts:
            if not subject_only or text.role is Role.SUBJECT:
                self._read(_Reading(text), DEPTH, around, readings, candidates, explain=explain)
        if self._outsider is not None:
            candidates.extend(c for reading in readings for c in self._outside(reading, self._outsider))
        candidates.extend(self._names([r for r in readings if r.text.role is Role.SUBJECT]))
        people = 0
        if not subject_only:
            candidates.extend(self._statements(readings))
            listed = [Listed(r.text.text, r.details) for r in readings if r.details]
            people = count_people(listed, self._models.people)
        findings = tuple(_finding(c) for c in candidates if c.kept)
        return Detection(findings, people, tuple(candidates) if explain else ())

    def _read(
        self,
        reading: _Reading,
        depth: int,
        around: _Around,
        readings: list[_Reading],
        candidates: list[Candidate],
        *,
        explain: bool,
    ) -> None:
        """Run the patterns over a text, over it as it is shown, and over every text that is encoded in it."""
        readings.append(reading)
        text = reading.text
        if (shown := as_shown(text.text)) != text.text:
            other = replace(reading, text=replace(text, text=shown), written=text.text, details=[])
            self._read(other, depth, around, readings, candidates, explain=explain)
        normalised = self._normaliser(text.text)
        # Contact information may leave: it is told of a Subject, and counted elsewhere.
        told_of = text.role is Role.SUBJECT
        matches = self._matcher.scan(
            normalised,
            Layout(normalised.data),
            text.hints,
            around.topics.of(text, normalised),
            count_contacts=not told_of,
            explain=explain,
        )
        scored = [self._allowances.judge(self._thresholded(s), normalised.data, around.today) for s in matches.scored]
        scored = around.whom.check(text, normalised, scored)
        if told_of:
            scored = [_of_a_home(one, text.text, normalised) for one in scored]
        else:
            scored = [_free_to_leave(one) for one in scored]
        kept = best(s for s in scored if s.stands)
        if text.role not in (Role.SUBJECT, Role.HEADER):
            reading.details.extend(normalised.span(start, start + 1)[0] for start in matches.contacts)
        chosen = set(map(id, kept))
        told = scored if explain else kept
        candidates.extend(_candidate(reading, normalised, one, kept=id(one) in chosen) for one in told)
        if matches.encoded and depth:
            for inner in _decoded(reading):
                self._read(inner, depth - 1, around, readings, candidates, explain=explain)

    def _thresholded(self, scored: Scored) -> Scored:
        if scored.score >= self._thresholds[scored.recogniser.name]:
            return scored
        return replace(scored, stands=False) if scored.stands else scored

    def _outside(self, reading: _Reading, outsider: Outsider) -> Iterator[Candidate]:
        for found in outsider.find(reading.text.text):
            one = reading.candidate(found.entity, found.tier, found.start, found.end, found.score, found.detector)
            yield replace(one, kept=found.score >= self._tuning.threshold_of(found.detector, found.entity))

    def _names(self, subjects: Sequence[_Reading]) -> Iterator[Candidate]:
        """Names of people and other personal details in Subjects."""
        read = [legible(subject.text.text) for subject in subjects]
        for subject, shown, marks in zip(subjects, read, self._models.people.mark([r.text for r in read]), strict=True):
            for mark in marks:
                if mark.label in SUBJECT_LABELS:
                    entity, tier = SUBJECT_LABELS[mark.label]
                    one = subject.candidate(entity, tier, *shown.span(mark.start, mark.end), mark.score, "people")
                    reason = _objection(mark.label, shown.text, mark.start, mark.end)
                    yield one if reason is None else replace(one, sank=(reason,), kept=False)

    def _statements(self, readings: Sequence[_Reading]) -> Iterator[Candidate]:
        """What passages say of people."""
        if self._reader is None:
            return
        read = [legible(reading.text.text) for reading in readings]
        texts = [replace(r.text, text=one.text) for r, one in zip(readings, read, strict=True)]
        for said in self._reader.disclosures(texts):
            entity, tier = ENTITIES[said.label]
            start, end = read[said.text].span(said.start, said.end)
            one = readings[said.text].candidate(entity, tier, start, end, said.score, "statements")
            reason = f"statement: {said.label}"
            yield replace(
                one, raised=(reason,), sank=() if said.disclosed else ("below threshold",), kept=said.disclosed
            )


# What a Subject itself says against a mark of the model, or an address of the patterns.
_OBJECTIONS: Sequence[tuple[str, Callable[[str, int, int], bool], str]] = (
    ("ID", is_of_a_thing, "label: number of a thing"),
    ("PERSON", is_month_of_a_date, "date: month behind a day"),
    ("PERSON", is_a_firm, "name of a firm"),
    ("PERSON", is_a_first_word, "everyday word at the beginning"),
    ("ADDRESS", is_a_site, "address of a site"),
)


def _objection(label: str, text: str, start: int, end: int) -> str | None:
    return next((why for of, holds, why in _OBJECTIONS if of == label and holds(text, start, end)), None)


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


def of_folder(config: Path, detectors: Path) -> Engine:
    """Build the engine from ``config/detection.yaml`` and the packs in ``detectors``; raises as ``load_engine``."""
    return load_engine([detectors], Tuning.from_yaml(config / "detection.yaml"))


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


def _of_a_home(scored: Scored, subject: str, normalised: Normalised) -> Scored:
    """Return an address in a Subject; that of a site no longer stands."""
    if scored.recogniser.entity != "ADDRESS" or not scored.stands:
        return scored
    reason = _objection("ADDRESS", subject, *normalised.span(scored.start, scored.end))
    return scored if reason is None else replace(scored, stands=False, sank=(*scored.sank, reason))


def _free_to_leave(scored: Scored) -> Scored:
    if scored.recogniser.tier is not Tier.CONTACT or not scored.stands:
        return scored
    return replace(scored, stands=False, sank=(*scored.sank, "contact information outside of a Subject"))


def _decoded(reading: _Reading) -> Iterator[_Reading]:
    """Yield every text that is encoded in a text."""
    for found in decode(reading.text.text):
        where = f"{_where(reading.text, found.start)} > {found.scheme}"
        inner = replace(reading.text, where=where, text=found.text, places=())
        yield _Reading(inner, reading.origin or (found.start, found.end))


def _candidate(reading: _Reading, normalised: Normalised, scored: Scored, *, kept: bool) -> Candidate:
    start, end = normalised.span(scored.start, scored.end)
    where = _where(reading.text, start)
    start, end = reading.place(start, end)
    return Candidate(
        scored.recogniser.entity,
        scored.recogniser.tier,
        where,
        reading.text.role,
        start,
        end,
        scored.score,
        scored.recogniser.name,
        scored.raised,
        scored.sank,
        kept,
        scored.allowed,
    )


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
        allowed=candidate.allowed,
    )
