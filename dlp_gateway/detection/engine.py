"""The engine: texts of one message in, findings out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dlp_gateway.detection import relation
from dlp_gateway.detection.layout import Layout
from dlp_gateway.detection.matching import Matcher, Scored
from dlp_gateway.detection.names import ShapePeople
from dlp_gateway.detection.normalise import Normalised, Normaliser
from dlp_gateway.detection.packs import Recogniser, load_packs
from dlp_gateway.detection.tuning import Tuning
from dlp_gateway.detection.values import Candidate, Detection, People
from dlp_gateway.model import Finding, Role, Text, Tier


class Engine:
    """Finds personal data in the texts of a message.

    Built once by ``load_engine``; ``scan`` keeps nothing of what it reads, gives the
    same answer for the same texts, and is linear in their length.
    """

    def __init__(self, recognisers: Sequence[Recogniser], tuning: Tuning, people: People | None = None) -> None:
        self.recognisers = tuple(_tuned(recognisers, tuning))
        self._tuning = tuning
        self._normaliser = Normaliser()
        self._matcher = Matcher(self.recognisers, self._normaliser)
        self._people: People = people or ShapePeople()

    def scan(self, texts: Sequence[Text], *, subject_only: bool = False, explain: bool = False) -> Detection:
        """Inspect the texts of one message.

        Args:
            texts: all readings of all parts; ``start`` and ``end`` of findings are offsets into ``Text.text``.
            subject_only: look at the Subject alone (every recipient is internal).
            explain: also return every candidate with what raised and sank it.

        Raises:
            EngineError: something could not be run; the message must not be taken as clean.
        """
        findings: list[Finding] = []
        candidates: list[Candidate] = []
        for text in texts:
            if subject_only and text.role is not Role.SUBJECT:
                continue
            normalised = self._normaliser(text.text)
            layout = Layout(normalised.data)
            scored = self._matcher.scan(normalised, layout, text.hints)
            scored = [self._thresholded(s) for s in scored]
            scored = relation.check(text.text, normalised, scored, self._people)
            kept = _best(s for s in scored if s.stands)
            findings.extend(_finding(text, normalised, s) for s in kept)
            if explain:
                chosen = set(map(id, kept))
                candidates.extend(_candidate(text, normalised, s, kept=id(s) in chosen) for s in scored)
        return Detection(tuple(findings), 0, tuple(candidates))

    def _thresholded(self, scored: Scored) -> Scored:
        return scored if scored.score >= self._threshold(scored.recogniser) else replace(scored, stands=False)

    def _threshold(self, recogniser: Recogniser) -> float:
        for key in (recogniser.name, recogniser.entity):
            tuned = self._tuning.detectors.get(key)
            if tuned is not None and tuned.threshold is not None:
                return tuned.threshold
        return self._tuning.threshold


def load_engine(directories: Sequence[Path], tuning: Tuning) -> Engine:
    """Build the engine from packs and tuning.

    Raises:
        PackError: a pack is wrong.
        TuningError: the tuning names an entity or recogniser that no pack has.
    """
    return Engine(load_packs(directories), tuning)


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


def _best(candidates: Iterator[Scored]) -> list[Scored]:
    """Where candidates overlap, keep the one with the best score, then the longest."""
    ranked = sorted(
        candidates,
        key=lambda s: (s.recogniser.tier is Tier.CONTACT, -s.score, s.start - s.end, s.start, s.recogniser.name),
    )
    taken: list[tuple[int, int]] = []
    kept = []
    for scored in ranked:
        index = bisect_right(taken, (scored.start, 1 << 62))
        free_before = index == 0 or taken[index - 1][1] <= scored.start
        free_behind = index == len(taken) or taken[index][0] >= scored.end
        if free_before and free_behind:
            taken.insert(index, (scored.start, scored.end))
            kept.append(scored)
    kept.sort(key=lambda s: s.start)
    return kept


def _where(text: Text, start: int) -> str:
    if not text.places:
        return text.where
    index = bisect_right(text.places, start, key=lambda place: place.start) - 1
    if index < 0:
        return text.where
    place = text.places[index].where
    return place if place.startswith(text.where) else f"{text.where} > {place}"


def _finding(text: Text, normalised: Normalised, scored: Scored) -> Finding:
    start, end = normalised.span(scored.start, scored.end)
    return Finding(
        entity=scored.recogniser.entity,
        tier=scored.recogniser.tier,
        where=_where(text, start),
        start=start,
        end=end,
        score=scored.score,
        role=text.role,
        detector=scored.recogniser.name,
        evidence=scored.raised + scored.sank,
    )


def _candidate(text: Text, normalised: Normalised, scored: Scored, *, kept: bool) -> Candidate:
    start, end = normalised.span(scored.start, scored.end)
    return Candidate(
        entity=scored.recogniser.entity,
        where=_where(text, start),
        role=text.role,
        start=start,
        end=end,
        score=scored.score,
        detector=scored.recogniser.name,
        raised=scored.raised,
        sank=scored.sank,
        kept=kept,
    )
