"""From the text of ``policy.yaml`` to a policy, or to a list of everything that is wrong with it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from dlp_gateway.configfile import ConfigError, Problem, Severity, Source, parse, validation_problems
from dlp_gateway.policy import rules
from dlp_gateway.policy.countries import Countries
from dlp_gateway.policy.definition import Pictures, Policy, Supersedes, policy_from
from dlp_gateway.policy.exceptions import PolicyException
from dlp_gateway.policy.lint import lint
from dlp_gateway.policy.zones import Organisation, Partner

_SECTIONS = (
    Policy,
    Organisation,
    Partner,
    Countries,
    Pictures,
    PolicyException,
    Supersedes,
    rules.SubjectRule,
    rules.EncryptionRule,
    rules.HighRiskRule,
    rules.BulkRule,
    rules.ExposureRule,
)
_KEYS = tuple(
    sorted({field.name for section in _SECTIONS for field in dataclasses.fields(section)} | {*rules.RuleName})
)


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A usable policy, where it came from, what is worth a warning, and its text when it was read from one."""

    policy: Policy
    source: Source
    warnings: tuple[Problem, ...] = ()
    text: str = field(default="", repr=False)


def load_policy(text: str, file: str, today: dt.date, entities: Collection[str] | None = None) -> LoadedPolicy:
    """Read and lint a policy.

    ``file`` is only named in messages. ``entities`` are the names the
    detectors can report; None leaves them unchecked.

    Raises:
        ConfigError: every error and warning, with file, line and reason.
    """
    return replace(load_source(parse(text, file), today, entities), text=text)


def load_source(source: Source, today: dt.date, entities: Collection[str] | None = None) -> LoadedPolicy:
    """Check and lint what was parsed; otherwise as ``load_policy``."""
    try:
        policy = policy_from(source.data)
    except ValidationError as error:
        raise ConfigError(validation_problems(source, error, _KEYS)) from None
    problems = lint(policy, source, today, entities)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise ConfigError(problems)
    return LoadedPolicy(policy, source, tuple(problems))
