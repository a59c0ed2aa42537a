"""What texts say about people: the models' part of detection.

Names are looked for in the Subject, where a name alone is too much; statements
everywhere else, passage by passage. What both say becomes findings in the
vocabulary of the policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from dlp_gateway.detection.passages import Passage, passages
from dlp_gateway.detection.values import Statements
from dlp_gateway.model import Text, Tier

# The labels of the statements model, as entities and tiers of the policy (special categories, offences and
# credentials are high-risk; GDPR articles 9 and 10, policy clause 5.13).
ENTITIES: Mapping[str, tuple[str, Tier]] = MappingProxyType(
    {
        "ethnicity": ("ETHNICITY", Tier.HIGH_RISK),
        "politics": ("POLITICS", Tier.HIGH_RISK),
        "religion": ("RELIGION", Tier.HIGH_RISK),
        "union": ("UNION", Tier.HIGH_RISK),
        "health": ("HEALTH", Tier.HIGH_RISK),
        "sexuality": ("SEX_LIFE", Tier.HIGH_RISK),
        "biometric_genetic": ("BIOMETRIC", Tier.HIGH_RISK),
        "offence": ("OFFENCE", Tier.HIGH_RISK),
        "proceedings": ("PROCEEDINGS", Tier.HIGH_RISK),
        "credentials": ("CREDENTIAL", Tier.HIGH_RISK),
        "birth": ("DOB", Tier.PERSONAL),
        "pay": ("SALARY", Tier.PERSONAL),
        "finance": ("DEBT", Tier.PERSONAL),
        "performance": ("PERFORMANCE", Tier.PERSONAL),
        "discipline": ("DISCIPLINE", Tier.PERSONAL),
        "family": ("FAMILY", Tier.PERSONAL),
        "nationality": ("NATIONALITY", Tier.PERSONAL),
        "child": ("CHILD", Tier.PERSONAL),
        "account": ("ACCOUNT_HISTORY", Tier.PERSONAL),
    }
)
# Passages are handed to the model in batches of this many, and one message yields no more findings of a label.
_BATCH = 32
ENOUGH = 50


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A passage that says something of a person; ``text`` is the index of its text."""

    text: int
    start: int
    end: int
    label: str
    score: float
    disclosed: bool


def disclosures(texts: Sequence[Text], model: Statements, thresholds: Mapping[str, float]) -> Iterator[Disclosure]:
    """Yield what the passages of the texts say, at or above half the threshold of each label.

    ``disclosed`` tells whether the threshold itself is reached. A passage that occurs in several readings of the same
    part is scored once.
    """
    known: dict[str, Mapping[str, float]] = {}
    counts: dict[str, int] = {}
    for index, text in enumerate(texts):
        for batch in _batches(text.text):
            fresh = list(dict.fromkeys(p.text for p in batch if p.text not in known))
            known.update(zip(fresh, model.classify(fresh), strict=True))
            for passage in batch:
                for label, score in known[passage.text].items():
                    limit = thresholds.get(label)
                    if limit is None or score < limit / 2 or counts.get(label, 0) >= ENOUGH:
                        continue
                    disclosed = score >= limit
                    counts[label] = counts.get(label, 0) + disclosed
                    yield Disclosure(index, passage.start, passage.end, label, score, disclosed)


def _batches(text: str) -> Iterator[list[Passage]]:
    batch: list[Passage] = []
    for passage in passages(text):
        if _says_anything(passage.text):
            batch.append(passage)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _says_anything(text: str) -> bool:
    """Leave out passages without two words: rules, numbers, single labels."""
    return sum(map(str.isalpha, text)) >= 8 and (" " in text.strip() or len(text) > 24)
