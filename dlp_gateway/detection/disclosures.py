"""What texts say about people: the models' part of detection.

Names are looked for in the Subject, where a name alone is too much; statements
everywhere else, passage by passage. What both say becomes findings in the
vocabulary of the policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from dlp_gateway.detection.passages import Passage, passages
from dlp_gateway.detection.validators.secrets import password
from dlp_gateway.detection.values import Statements
from dlp_gateway.model import Role, Text, Tier

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
# The model's score for "an identifiable person is the subject of this passage".
ABOUT = "about_person"
# A passage has at least this many words, a document property or a header this many; and this share of it is words.
_WORDS_OF_A_PASSAGE = 2
_WORDS_OF_A_NOTE = 6
_WORDY = 0.4
_WORD = re.compile(r"[^\W\d_]{2,}")
_SPACE = re.compile(r"[\s\"'<>|]+")
_SECRET_WORD = re.compile(
    r"pass|\bpw\b|\bpwd|\bpin\b|log ?-?[io]n|sign ?-?in|user|credential|secret|\bkey\b|token|code|kennwort|zugang|mot de passe"
    r"|contrase|wachtwoord|has[lł]o|senha|account|access",
    re.IGNORECASE,
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

    ``disclosed`` tells whether the threshold itself is reached, by a passage that is about a person and, where
    a label asks for it, by more than the model's word. A passage that occurs in several readings of the same part
    is scored once.
    """
    known: dict[str, Mapping[str, float]] = {}
    counts: dict[str, int] = {}
    for index, text in enumerate(texts):
        for batch in _batches(text):
            fresh = list(dict.fromkeys(p.text for p in batch if p.text not in known))
            known.update(zip(fresh, model.classify(fresh), strict=True))
            for passage in batch:
                for label, score, disclosed in _judged(passage.text, known[passage.text], thresholds):
                    if counts.get(label, 0) < ENOUGH:
                        counts[label] = counts.get(label, 0) + disclosed
                        yield Disclosure(index, passage.start, passage.end, label, score, disclosed)


def _judged(
    passage: str, scores: Mapping[str, float], thresholds: Mapping[str, float]
) -> Iterator[tuple[str, float, bool]]:
    about_person = scores.get(ABOUT, 1.0) >= thresholds.get(ABOUT, 0.0)
    for label, score in scores.items():
        limit = thresholds.get(label)
        if limit is not None and label in ENTITIES and score >= limit / 2:
            yield label, score, score >= limit and about_person and _corroborated(label, passage)


def _corroborated(label: str, passage: str) -> bool:
    """A login is disclosed by a secret: something that could be one stands in the passage, and a word for it."""
    if label != "credentials":
        return True
    return _SECRET_WORD.search(passage) is not None and any(map(password, _SPACE.split(passage)))


def _batches(text: Text) -> Iterator[list[Passage]]:
    batch: list[Passage] = []
    least = _WORDS_OF_A_NOTE if text.role in (Role.METADATA, Role.HEADER) else _WORDS_OF_A_PASSAGE
    for passage in passages(text.text):
        if _says_anything(passage.text, least):
            batch.append(passage)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _says_anything(text: str, least: int) -> bool:
    """Leave out what is no language: rules, numbers, hashes, single labels, gibberish of a wrong character set."""
    words = _WORD.findall(text)
    return len(words) >= least and sum(map(len, words)) >= _WORDY * len(text)
