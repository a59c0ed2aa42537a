"""``detection.yaml``: what an admin changes without touching a pack."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError

from dlp_gateway.configfile import ConfigError, Location, Problem, Source, parse, validation_problems
from dlp_gateway.detection.packs import runs_in_re2
from dlp_gateway.model import Zone

Share = Annotated[float, Field(ge=0, le=1)]


def _day(value: Any) -> Any:
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _runs_unquoted(regex: str) -> str:
    """Return the regex of an allowed value; the error quotes nothing of it, for the value is somebody's."""
    try:
        return runs_in_re2(regex)
    except ValueError:
        raise ValueError("RE2 cannot run this regex; it is not quoted, because it may be somebody's data") from None


class Allowance(_Strict):
    """A value that is not a finding for an entity: who answers for that, why, until when, towards whom.

    ``value`` is an RE2 expression that the whole value as found must match.
    """

    entity: str
    value: Annotated[str, Field(repr=False), AfterValidator(_runs_unquoted)]
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    until: Annotated[dt.date, BeforeValidator(_day)]
    zones: frozenset[Zone] = frozenset(Zone)


class EntityTuning(_Strict):
    """Changes to one recogniser, or to all recognisers of an entity."""

    enabled: bool = True
    threshold: Share | None = None
    context: list[str] = []
    negative_context: list[str] = []


class PresidioRecogniser(_Strict):
    """A Presidio recogniser to run as one of ours.

    ``arguments`` go to its constructor, ``entities`` renames what it reports, ``pipeline`` is
    an installed spaCy pipeline for recognisers that need one.
    """

    recogniser: str = Field(alias="class", pattern=r"^[A-Za-z_][\w.]*\.[A-Za-z_]\w*$")
    arguments: dict[str, Any] = {}
    pipeline: str | None = None
    tier: Literal["contact", "personal", "high_risk"] = "personal"
    entities: dict[str, str] = {}


class ModelChoice(_Strict):
    """Which models find names and statements: ``shipped``, a directory of the same form, or ``none``.

    ``people`` may also be ``spacy:en_core_web_lg`` or ``presidio:package.Recogniser``, if that is installed.
    """

    people: str = "shipped"
    statements: str = "shipped"
    thresholds: dict[str, Share] = {}


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a tuning was read, for errors; what says the same is equal wherever it stands."""

    source: Source | None = field(default=None, compare=False)

    def problem(self, location: Location, reason: str) -> Problem:
        if self.source is None:
            return Problem("detection.yaml", 0, f"{'.'.join(map(str, location))}: {reason}")
        return self.source.problem(location, reason)


class Tuning(_Strict):
    """All of detection.yaml; the default value is the shipped behaviour."""

    threshold: Share = 0.5
    detectors: dict[str, EntityTuning] = {}
    allow: list[Allowance] = []
    presidio: list[PresidioRecogniser] = []
    models: ModelChoice = ModelChoice()
    _origin: _Origin = PrivateAttr(default=_Origin())

    @classmethod
    def from_yaml(cls, path: Path) -> Tuning:
        """Read a file; one that does not exist is the default.

        Raises:
            ConfigError: what is wrong, with file and line.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError([Problem(str(path), 0, f"cannot be read: {error}")]) from error
        return cls.from_source(parse(text, str(path)))

    @classmethod
    def from_source(cls, source: Source) -> Tuning:
        """Check what was parsed.

        Raises:
            ConfigError: what is wrong, with file and line.
        """
        try:
            tuning = cls.model_validate(source.data)
        except ValidationError as error:
            raise ConfigError(validation_problems(source, error, _known())) from None
        tuning._origin = _Origin(source)
        return tuning

    def threshold_of(self, recogniser: str, entity: str) -> float:
        """Return the score from which on a candidate is a finding; the recogniser's own tuning goes first."""
        for name in (recogniser, entity):
            tuned = self.detectors.get(name)
            if tuned is not None and tuned.threshold is not None:
                return tuned.threshold
        return self.threshold

    def check_names(self, names: frozenset[str]) -> None:
        """Make sure that every entity and recogniser named here is one of ``names``.

        Raises:
            ConfigError: one is not; with file and line.
        """
        problems = [
            self._origin.problem(location, f"no recogniser and no entity is called {name!r}")
            for location, name in self._named()
            if name not in names
        ]
        if problems:
            raise ConfigError(problems)

    def _named(self) -> Iterator[tuple[Location, str]]:
        yield from ((("detectors", name), name) for name in self.detectors)
        yield from ((("allow", index, "entity"), allowed.entity) for index, allowed in enumerate(self.allow))


def _known() -> list[str]:
    names: set[str] = set()
    models: tuple[type[BaseModel], ...] = (Tuning, EntityTuning, Allowance, PresidioRecogniser, ModelChoice)
    for model in models:
        names |= {field.alias or name for name, field in model.model_fields.items()}
    return sorted(names)
