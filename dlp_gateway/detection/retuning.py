"""Other thresholds for findings of the past: which of them would still stand, and what cannot be known.

A finding is kept with its score, a candidate that was no finding is not: so a
higher threshold can be tried on the past, a lower one cannot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dlp_gateway.detection.catalogue import PEOPLE, STATEMENTS
from dlp_gateway.detection.disclosures import ENTITIES
from dlp_gateway.detection.models import NONE
from dlp_gateway.detection.tuning import EntityTuning, Tuning
from dlp_gateway.model import Finding

_LABELS = {entity: label for label, (entity, _) in ENTITIES.items()}
_UNCHANGED = EntityTuning()


@dataclass(frozen=True, slots=True)
class Retuning:
    """Judges findings of the past by ``after``, where ``before`` is in force now.

    ``limits`` are the statement model's own thresholds by label.
    """

    before: Tuning
    after: Tuning
    limits: Mapping[str, float]

    def stands(self, finding: Finding) -> bool:
        """Whether a finding would still be one."""
        if finding.detector == PEOPLE:
            return True
        if finding.detector == STATEMENTS:
            return self._still_said(finding)
        keys = (finding.entity, finding.detector)
        if not all(self.after.detectors.get(key, _UNCHANGED).enabled for key in keys):
            return False
        return finding.score >= self.after.threshold_of(finding.detector, finding.entity)

    def _still_said(self, finding: Finding) -> bool:
        if self.after.models.statements == NONE:
            return False
        label = _LABELS.get(finding.entity, "")
        then, now = self._limit(self.before, label), self._limit(self.after, label)
        # What stands below the present threshold stands because of a cue word, whatever the threshold is.
        return not then <= finding.score < now

    def _limit(self, tuning: Tuning, label: str) -> float:
        return tuning.models.thresholds.get(label, self.limits.get(label, 0.0))

    def unseen(self) -> tuple[str, ...]:
        """What the change does beyond dropping findings, which the past cannot show; sentences."""
        return tuple(self._unseen())

    def _unseen(self) -> Iterator[str]:
        before, after = self.before, self.after
        if after.threshold < before.threshold:
            yield _lower("of all detectors", before.threshold, after.threshold)
        for name in sorted({*before.detectors, *after.detectors}):
            yield from self._unseen_of(name)
        for label in ENTITIES:
            yield from self._unsaid(label)
        if before.allow != after.allow:
            yield "The allow-list changes: values are not kept, so it cannot be applied to the past."
        if before.presidio != after.presidio:
            yield "The recognisers from outside change: what they would have found was not kept."
        for kind in ("people", "statements"):
            if getattr(after.models, kind) not in (getattr(before.models, kind), NONE):
                yield f"Another {kind} model: what it would have found was not kept."
        if after.models.people == NONE != before.models.people:
            yield "Names would be found by their shape alone: the past shows those of the model."

    def _unseen_of(self, name: str) -> Iterator[str]:
        """Of an entity or a detector of a pack."""
        old, new = (tuning.detectors.get(name, _UNCHANGED) for tuning in (self.before, self.after))
        then = self.before.threshold if old.threshold is None else old.threshold
        now = self.after.threshold if new.threshold is None else new.threshold
        if now < then and (old.threshold, new.threshold) != (None, None):
            yield _lower(f"of {name}", then, now)
        if new.enabled and not old.enabled:
            yield f"{name} is switched on: what it would have found was not kept."
        if (old.context, old.negative_context) != (new.context, new.negative_context):
            yield f"The words around {name} change: scores of the past were made with the words of then."

    def _unsaid(self, label: str) -> Iterator[str]:
        """Of a label of the statement model."""
        then, now = self._limit(self.before, label), self._limit(self.after, label)
        if now < then:
            yield _lower(f"of the statement label {label}", then, now)
        elif now > then:
            yield (
                f"The threshold of the statement label {label} is higher: a statement with a cue word in it may stay "
                "found, though it is dropped here."
            )


def _lower(whose: str, then: float, now: float) -> str:
    return (
        f"The threshold {whose} is lower ({now:g} instead of {then:g}): what lay between was not kept, so more would "
        "be found than is shown here."
    )
