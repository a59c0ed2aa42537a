"""The rules in force, and a proposal to change them, as the console reads both.

In force is what the gateway put on record last; before it ever ran, what
stands in the files. Values of the allow-list are taken out everywhere: they
may be somebody's numbers, and nothing that is shown needs them.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dlp_gateway.configfile import ConfigError, Problem, Source, parse
from dlp_gateway.console.allowlist import without_values
from dlp_gateway.console.services import Services
from dlp_gateway.detection.catalogue import STATEMENTS, Catalogue
from dlp_gateway.detection.disclosures import ENTITIES
from dlp_gateway.detection.tuning import Tuning
from dlp_gateway.policy.load import LoadedPolicy, load_policy, load_source
from dlp_gateway.policy.rules import Mode, RuleName
from dlp_gateway.settings import detection_text
from dlp_gateway.store import versions
from dlp_gateway.store.versions import Version

POLICY_FILE, DETECTION_FILE, FORM = "policy.yaml", "detection.yaml", "single changes"
LONGEST_TEXT = 200_000  # characters of a file
_LABELS = {entity: label for label, (entity, _) in ENTITIES.items()}


@dataclass(frozen=True, slots=True)
class InForce:
    """What decides now: ``detection`` is its text without values; ``newer`` says that the files say something else."""

    version: Version
    loaded: LoadedPolicy
    tuning: Tuning
    detection: str = field(repr=False)
    newer: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """Changed rules that can be used."""

    loaded: LoadedPolicy
    tuning: Tuning


@dataclass(frozen=True, slots=True)
class Single:
    """One value that a form changes; ``file`` and ``location`` say where it stands, ``numeric`` what kind it is."""

    name: str
    label: str
    file: str
    location: tuple[str, ...]
    choices: tuple[str, ...] = ()
    numeric: str = ""


SINGLES = (
    *(Single(f"mode-{rule}", rule.value, POLICY_FILE, ("rules", rule.value, "mode"), tuple(Mode)) for rule in RuleName),
    Single("people", "People that make a list", POLICY_FILE, ("rules", "bulk", "people"), numeric="whole"),
    Single("recipients", "Outsiders in sight", POLICY_FILE, ("rules", "exposure", "recipients"), numeric="whole"),
    Single("domains", "Domains in sight", POLICY_FILE, ("rules", "exposure", "domains"), numeric="whole"),
    Single("at_least", "Encryption at least", POLICY_FILE, ("rules", "encryption", "at_least"), ("adequate", "strong")),
    Single("unknown", "Unknown country is", POLICY_FILE, ("countries", "unknown"), ("safe", "unsafe")),
    Single("threshold", "Threshold of all", DETECTION_FILE, ("threshold",), numeric="share"),
)


def in_force(services: Services) -> InForce:
    """The rules in force. Raises ConfigError, StoreError."""
    configuration = services.configuration()
    today = configuration.settings.day(services.clock())
    texts = (configuration.loaded.text, detection_text(configuration.directory))
    last = next(iter(versions.versions(1)), None)
    version = last or Version(0, 0.0, "", configuration.policy.fingerprint, *texts)
    try:
        loaded = configuration.loaded if version.policy == texts[0] else _policy(version.policy, today)
    except ConfigError:  # an older release took what this one does not: then there is nothing to go by but the files
        version, loaded = Version(0, 0.0, "", configuration.policy.fingerprint, *texts), configuration.loaded
    detection = without_values(version.detection)
    try:
        tuning = _tuning(detection)
    except ConfigError:
        tuning, _ = services.looking()
    return InForce(version, loaded, tuning, detection, (version.policy, version.detection) != texts)


@functools.lru_cache(maxsize=8)
def _policy(text: str, today: dt.date) -> LoadedPolicy:
    """A policy from a text that ran; reading YAML is what takes time."""
    return load_policy(text, POLICY_FILE, today)


@functools.lru_cache(maxsize=8)
def _tuning(text: str) -> Tuning:
    return Tuning.from_source(parse(text, DETECTION_FILE))


def propose(policy: str, detection: str, given: Mapping[str, str], today: dt.date, catalogue: Catalogue) -> Proposal:
    """Read changed texts, with the single values ``given`` on top.

    ``given`` has values by ``Single.name``, and ``entity`` with
    ``entity-threshold``; what is empty stays as in the text.

    Raises:
        ConfigError: everything that is wrong, with file, line and reason.
    """
    problems: list[Problem] = []
    sources: dict[str, Source] = {}
    for file, text in ((POLICY_FILE, policy), (DETECTION_FILE, detection)):
        try:
            if len(text) > LONGEST_TEXT:
                problems.append(Problem(file, 0, f"is longer than {LONGEST_TEXT} characters"))
            else:
                sources[file] = parse(text, file)
        except ConfigError as error:
            problems += error.problems
    for file, location, value in _given(given, catalogue, problems):
        if file in sources:
            sources[file].put(location, value, FORM)
    loaded = tuning = None
    outside = bool(sources[DETECTION_FILE].data.get("presidio")) if DETECTION_FILE in sources else True
    try:
        if POLICY_FILE in sources:
            loaded = load_source(sources[POLICY_FILE], today, None if outside else catalogue.entities)
    except ConfigError as error:
        problems += error.problems
    try:
        if DETECTION_FILE in sources:
            tuning = Tuning.from_source(sources[DETECTION_FILE])
            catalogue.check(tuning)
    except ConfigError as error:
        problems += error.problems
    if problems or loaded is None or tuning is None:
        raise ConfigError(problems)
    return Proposal(loaded, tuning)


def _given(
    given: Mapping[str, str], catalogue: Catalogue, problems: list[Problem]
) -> Iterator[tuple[str, tuple[str, ...], str | int | float]]:
    """File, place and value of every single change; what is no value of its kind becomes a problem."""
    for one in SINGLES:
        text = given.get(one.name, "").strip()
        if not text:
            continue
        try:
            value: str | int | float = (
                int(text) if one.numeric == "whole" else float(text) if one.numeric == "share" else text
            )
        except ValueError:
            problems.append(Problem(FORM, 0, f"{one.label}: write a number"))
            continue
        yield one.file, one.location, value
    entity, text = given.get("entity", "").strip(), given.get("entity-threshold", "").strip()
    if not text:
        return
    try:
        threshold = float(text)
    except ValueError:
        problems.append(Problem(FORM, 0, "Threshold of one: write a number from 0 to 1"))
        return
    found = [detector for detector in catalogue.detectors if entity in (detector.entity, detector.name)]
    if not found:
        problems.append(Problem(FORM, 0, "Threshold of one: choose an entity or a detector"))
    if any(detector.name == STATEMENTS and detector.entity == entity for detector in found):
        yield DETECTION_FILE, ("models", "thresholds", _LABELS[entity]), threshold
    if any(detector.pack for detector in found):
        yield DETECTION_FILE, ("detectors", entity, "threshold"), threshold
