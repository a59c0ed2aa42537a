"""Presidio on both sides: its recognisers as ours, and our engine as one of its.

Imported only when detection.yaml names a Presidio recogniser or a spaCy model:
the library costs two seconds and 200 MB. Its e-mail recogniser asks
tldextract, which would fetch the public suffix list from the network; the list
inside the package is used instead.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import spacy
import tldextract
from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, SpacyNlpEngine

from dlp_gateway.configfile import ConfigError, Problem
from dlp_gateway.detection.engine import Engine
from dlp_gateway.detection.tuning import PresidioRecogniser
from dlp_gateway.detection.values import External, Mark, PersonSpan
from dlp_gateway.model import Role, Text, Tier

tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

# Longer texts are read in windows of this many characters; spaCy takes about 1 KB of memory for each character.
WINDOW = 50_000
OVERLAP = 500

ENGINE = "dlp-gateway"


class PresidioDetector:
    """Presidio recognisers run as detectors of ours, with Presidio's own handling of context words."""

    def __init__(self, choices: Sequence[PresidioRecogniser]) -> None:
        """Load every recogniser.

        Raises:
            ConfigError: a class, its arguments or its language model cannot be used.
        """
        self._loaded = [_load(choice) for choice in choices]
        self._enhancer = LemmaContextAwareEnhancer()

    @property
    def entities(self) -> frozenset[str]:
        """Return the entities these recognisers report, under the names that detection.yaml gives them."""
        return frozenset(
            one.choice.entities.get(entity, entity)
            for one in self._loaded
            for entity in one.recogniser.supported_entities
        )

    def find(self, text: str) -> Iterator[External]:
        """Yield what the recognisers find in a text, in order of recogniser and place."""
        for one in self._loaded:
            seen: set[tuple[int, int, str]] = set()
            for low in range(0, max(len(text), 1), WINDOW):
                for result in self._analyze(one, text[low : low + WINDOW + OVERLAP]):
                    entity = one.choice.entities.get(result.entity_type, result.entity_type)
                    place = (low + result.start, low + result.end, entity)
                    if place not in seen:
                        seen.add(place)
                        yield External(entity, Tier(one.choice.tier), place[0], place[1], result.score, one.name)

    def _analyze(self, one: _Loaded, text: str) -> list[RecognizerResult]:
        artifacts = _artifacts(one.nlp, text)
        results = one.recogniser.analyze(
            text=text, entities=list(one.recogniser.supported_entities), nlp_artifacts=artifacts
        )
        enhanced: list[RecognizerResult] = self._enhancer.enhance_using_context(
            text=text, raw_results=list(results or ()), nlp_artifacts=artifacts, recognizers=[one.recogniser]
        )
        return sorted(enhanced, key=lambda result: (result.start, result.end, result.entity_type))


@dataclass(frozen=True, slots=True)
class _Loaded:
    choice: PresidioRecogniser
    recogniser: EntityRecognizer
    nlp: SpacyNlpEngine

    @property
    def name(self) -> str:
        return f"presidio:{type(self.recogniser).__name__}"


class EngineRecognizer(EntityRecognizer):
    """Our engine as one Presidio recogniser: ``registry.add_recognizer(EngineRecognizer(load_engine(...)))``."""

    def __init__(self, engine: Engine, supported_language: str = "en") -> None:
        self._engine = engine
        super().__init__(sorted(engine.entities), name=ENGINE, supported_language=supported_language)

    def load(self) -> None:
        """Do nothing: the engine is loaded already."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts | None = None
    ) -> list[RecognizerResult]:
        """Return the engine's findings of the wanted entities."""
        del nlp_artifacts
        wanted = set(entities)
        return [
            RecognizerResult(
                finding.entity,
                finding.start,
                finding.end,
                finding.score,
                recognition_metadata={
                    RecognizerResult.RECOGNIZER_NAME_KEY: ENGINE,
                    RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
                },
            )
            for finding in self._engine.scan([Text("text", text, Role.BODY)]).findings
            if not wanted or finding.entity in wanted
        ]


class PresidioPeople:
    """Names of people from a Presidio recogniser or a spaCy pipeline, in place of the shipped model."""

    def __init__(self, recogniser: EntityRecognizer, nlp: SpacyNlpEngine) -> None:
        self._recogniser = recogniser
        self._nlp = nlp

    def find(self, texts: Sequence[str]) -> list[list[PersonSpan]]:
        """Return the names in each text, in order, never overlapping."""
        return [list(self._names(text)) for text in texts]

    def mark(self, lines: Sequence[str]) -> list[list[Mark]]:
        """Return the names in each subject line; such models know nothing else of one."""
        return [[_Named(span.start, span.end, span.score) for span in spans] for spans in self.find(lines)]

    def _names(self, text: str) -> Iterator[PersonSpan]:
        last = 0
        for low in range(0, max(len(text), 1), WINDOW):
            window = text[low : low + WINDOW + OVERLAP]
            results = self._recogniser.analyze(window, ["PERSON"], _artifacts(self._nlp, window)) or ()
            for result in sorted(results, key=lambda r: (r.start, -r.end)):
                if result.entity_type == "PERSON" and low + result.start >= last:
                    last = low + result.end
                    yield PersonSpan(low + result.start, last, result.score)


@dataclass(frozen=True, slots=True)
class _Named:
    start: int
    end: int
    score: float
    label: str = "PERSON"


def people_of(name: str) -> PresidioPeople:
    """Return the people model that ``spacy:PIPELINE`` or ``presidio:package.Recogniser`` names.

    Raises:
        ConfigError: it is not installed or cannot be loaded.
    """
    kind, _, what = name.partition(":")
    if kind == "spacy":
        from presidio_analyzer.predefined_recognizers import SpacyRecognizer

        return PresidioPeople(SpacyRecognizer(supported_entities=["PERSON"]), _pipeline(what, "en"))
    choice = PresidioRecogniser.model_validate({"class": what})
    loaded = _load(choice)
    return PresidioPeople(loaded.recogniser, loaded.nlp)


def _load(choice: PresidioRecogniser) -> _Loaded:
    module, _, name = choice.recogniser.rpartition(".")
    try:
        found: Any = getattr(importlib.import_module(module), name)
        recogniser = found(**choice.arguments)
    except Exception as error:  # a class of somebody else's may raise anything
        raise _problem(f"{choice.recogniser} cannot be loaded ({type(error).__name__}: {error})") from error
    if not isinstance(recogniser, EntityRecognizer):
        raise _problem(f"{choice.recogniser} is no Presidio EntityRecognizer")
    return _Loaded(choice, recogniser, _pipeline(choice.pipeline, recogniser.supported_language))


def _pipeline(name: str | None, language: str) -> SpacyNlpEngine:
    """Return Presidio's view of a spaCy pipeline; without a name, one that only splits words."""
    if name is not None and not spacy.util.is_package(name):
        raise _problem(f"the spaCy pipeline {name} is not installed")
    engine: Any = SpacyNlpEngine(models=[{"lang_code": language, "model_name": name or "blank"}])
    # Presidio's own load() downloads what is missing; nothing here may.
    engine.nlp = {language: spacy.load(name) if name is not None else spacy.blank(language)}
    pipeline: SpacyNlpEngine = engine
    return pipeline


def _artifacts(nlp: Any, text: str) -> NlpArtifacts:
    artifacts: NlpArtifacts = nlp.process_text(text, next(iter(nlp.nlp)))
    return artifacts


def _problem(reason: str) -> ConfigError:
    return ConfigError([Problem("detection.yaml", 0, reason)])
