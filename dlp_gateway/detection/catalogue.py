"""Everything that is looked for, to be listed and read about: packs, models and detectors from outside.

Reads the packs and the models' manifest, not the models: for whoever shows detectors and does not run them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlp_gateway.configfile import ConfigError, Problem
from dlp_gateway.detection.disclosures import ENTITIES
from dlp_gateway.detection.engine import SUBJECT_LABELS
from dlp_gateway.detection.models import NONE, SHIPPED
from dlp_gateway.detection.packs import Recogniser, load_packs
from dlp_gateway.detection.tuning import Tuning
from dlp_gateway.model import Tier

STATEMENTS = "statements"
PEOPLE = "people"

# The law that names what a statement model looks for: special categories, offences, and personal data in general.
_REGULATION = "https://eur-lex.europa.eu/eli/reg/2016/679/oj"
_ARTICLES = {
    "OFFENCE": "art_10",
    "PROCEEDINGS": "art_10",
    "CREDENTIAL": "art_32",
    **dict.fromkeys(("ETHNICITY", "POLITICS", "RELIGION", "UNION", "HEALTH", "SEX_LIFE", "BIOMETRIC"), "art_9"),
}


@dataclass(frozen=True, slots=True)
class Detector:
    """One detector of one entity.

    ``threshold`` is the score from which on a candidate is a finding; None
    where a model decides by itself. ``pack`` is the file it stands in, "" for
    models and detectors from outside. ``match`` and ``no_match`` are its
    examples.
    """

    name: str
    entity: str
    tier: Tier
    languages: tuple[str, ...]
    reference: str
    threshold: float | None
    enabled: bool = True
    pack: str = ""
    patterns: tuple[str, ...] = ()
    validator: str = ""
    context: tuple[str, ...] = ()
    context_required: bool = False
    added_context: tuple[str, ...] = ()
    added_negative: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All detectors, and ``limits``: the statement model's own thresholds by label."""

    detectors: tuple[Detector, ...]
    limits: Mapping[str, float]

    @property
    def entities(self) -> frozenset[str]:
        """What a finding can be called."""
        return frozenset(detector.entity for detector in self.detectors)

    @property
    def names(self) -> frozenset[str]:
        """What ``detection.yaml`` may name: entities and detectors of packs."""
        return self.entities | {detector.name for detector in self.detectors if detector.pack}

    def check(self, tuning: Tuning) -> None:
        """Make sure that a tuning names nothing that is not there, as far as that is known without running detectors.

        Raises:
            ConfigError: it does.
        """
        if not tuning.presidio:
            tuning.check_names(self.names)


def catalogue(
    directories: Sequence[Path], tuning: Tuning, recognisers: Sequence[Recogniser] | None = None
) -> Catalogue:
    """List what an engine of these packs and this tuning looks for.

    ``recognisers`` are what ``load_packs`` read from the directories, for who has them already.

    Raises:
        ConfigError: a pack or the models' manifest cannot be read.
    """
    limits = _limits(directories) if tuning.models.statements == SHIPPED else {}
    return Catalogue(
        (
            *(_of_pack(recogniser, tuning) for recogniser in recognisers or load_packs(directories)),
            *_of_models(tuning, limits),
            *_from_outside(tuning),
        ),
        limits,
    )


def _of_pack(recogniser: Recogniser, tuning: Tuning) -> Detector:
    changes = [tuning.detectors[key] for key in (recogniser.entity, recogniser.name) if key in tuning.detectors]
    return Detector(
        name=recogniser.name,
        entity=recogniser.entity,
        tier=recogniser.tier,
        languages=tuple(recogniser.languages),
        reference=recogniser.reference,
        threshold=tuning.threshold_of(recogniser.name, recogniser.entity),
        enabled=all(change.enabled for change in changes),
        pack=recogniser.pack,
        patterns=tuple(pattern.name for pattern in recogniser.patterns),
        validator=recogniser.validator or "",
        context=tuple(recogniser.context),
        context_required=recogniser.context_required,
        added_context=tuple(word for change in changes for word in change.context),
        added_negative=tuple(word for change in changes for word in change.negative_context),
        match=tuple(recogniser.examples.match),
        no_match=tuple(recogniser.examples.no_match),
    )


def _of_models(tuning: Tuning, limits: Mapping[str, float]) -> Iterator[Detector]:
    for label, (entity, tier) in ENTITIES.items():
        yield Detector(
            STATEMENTS,
            entity,
            tier,
            ("en",),
            f"{_REGULATION}#{_ARTICLES.get(entity, 'art_4')}",
            tuning.models.thresholds.get(label, limits.get(label)),
            enabled=tuning.models.statements != NONE,
        )
    for entity, tier in dict.fromkeys(SUBJECT_LABELS.values()):
        yield Detector(PEOPLE, entity, tier, ("en",), f"{_REGULATION}#art_4", None)


def _from_outside(tuning: Tuning) -> Iterator[Detector]:
    for one in tuning.presidio:
        name = one.recogniser.rpartition(".")[2]
        for entity in dict.fromkeys(one.entities.values()):
            threshold = tuning.threshold_of(name, entity)
            yield Detector(name, entity, Tier(one.tier), (), "https://microsoft.github.io/presidio/", threshold)


def _limits(directories: Sequence[Path]) -> Mapping[str, float]:
    folder = next((d / "models" for d in directories if (d / "models" / "manifest.json").is_file()), None)
    if folder is None:
        return {}
    try:
        given = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["thresholds"]
        return {label: float(given[label]) for label in ENTITIES if label in given}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError([Problem(str(folder / "manifest.json"), 0, f"cannot be read: {error}")]) from error
