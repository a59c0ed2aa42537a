"""Which models find names of people and statements about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from dlp_gateway.configfile import ConfigError, Problem
from dlp_gateway.detection.cues import Cues
from dlp_gateway.detection.disclosures import ENTITIES
from dlp_gateway.detection.names import ShapePeople
from dlp_gateway.detection.normalise import Normaliser
from dlp_gateway.detection.tuning import ModelChoice
from dlp_gateway.detection.values import People, Statements

SHIPPED = "shipped"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Models:
    """The models in use; without ``statements`` only patterns speak of people."""

    people: People
    statements: Statements | None = None
    cues: Cues | None = None

    def limits(self, changes: Mapping[str, float]) -> Mapping[str, float]:
        """Return the score from which on each label of the statements model is a finding.

        Raises:
            ConfigError: ``changes`` names a label that does not exist.
        """
        unknown = sorted(set(changes) - set(ENTITIES))
        if unknown:
            known = ", ".join(ENTITIES)
            reason = f"models.thresholds: there is no statement label {unknown[0]!r}; there are {known}"
            raise ConfigError([Problem("detection.yaml", 0, reason)])
        given = self.statements.thresholds if self.statements is not None else {}
        return MappingProxyType({label: changes.get(label, limit) for label, limit in given.items()})


def load_models(directories: Sequence[Path], choice: ModelChoice) -> Models:
    """Load what ``detection.yaml`` names; ``shipped`` is ``models`` in the first pack directory that has one.

    Raises:
        ConfigError: a model is missing, damaged, or of an unknown kind.
    """
    # The encoder's library is heavy: only an engine with models pays for it.
    from dlp_gateway.detection.people import PeopleModel
    from dlp_gateway.detection.statements import StatementModel
    from dlp_gateway.detection.transformer import Encoder, ModelError

    encoders: dict[Path, Encoder] = {}

    def encoder(named: str) -> tuple[Path, Encoder]:
        path = _shipped(directories) if named == SHIPPED else Path(named)
        if path not in encoders:
            encoders[path] = Encoder.load(path)
        return path, encoders[path]

    people: People = ShapePeople()
    statements: Statements | None = None
    try:
        if choice.people.startswith(("spacy:", "presidio:")):
            from dlp_gateway.detection.presidio import people_of

            people = people_of(choice.people)
        elif choice.people != NONE:
            people = PeopleModel.load(*encoder(choice.people))
        if choice.statements != NONE:
            statements = StatementModel.load(*encoder(choice.statements))
    except ModelError as error:
        raise ConfigError([Problem("detection.yaml", 0, f"models: {error}")]) from error
    return Models(people, statements, Cues.load(directories, tuple(ENTITIES), Normaliser()))


def _shipped(directories: Sequence[Path]) -> Path:
    for directory in directories:
        if (directory / "models" / "manifest.json").is_file():
            return directory / "models"
    return (directories[0] if directories else Path()) / "models"
