"""The configuration folder: reads ``gateway.yaml`` and ``policy.yaml``, each alone and against the other."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dlp_gateway.configfile import ConfigError, Problem, Severity
from dlp_gateway.model import Tier, Zone
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.load import LoadedPolicy, load_policy
from dlp_gateway.settings.load import LoadedSettings, Settings, parse_settings

_PACKAGE = Path(__file__).parents[1]
_SITE = Path("/etc/dlp-gateway")


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration folder that can be used, and what is worth a warning."""

    directory: Path
    settings: Settings
    loaded: LoadedPolicy
    warnings: tuple[Problem, ...] = ()

    @property
    def policy(self) -> Policy:
        """What is decided by."""
        return self.loaded.policy


def default_config_dir() -> Path:
    """The configuration that is shipped: in the installed package, else in the checkout."""
    return _shipped("config", "gateway.yaml")


def machine_config_dir() -> Path | None:
    """The configuration of this machine's gateway where none is named; None where there is none.

    In a checkout it is the shipped one. That of an installed package is a
    template to be copied: no gateway runs by it, and the state beside it
    would be in the package. There it is /etc/dlp-gateway.
    """
    shipped = default_config_dir()
    if not shipped.is_relative_to(_PACKAGE):
        return shipped
    return _SITE if _SITE.is_dir() else None


def default_detectors_dir() -> Path:
    """The detectors that are shipped: in the installed package, else in the checkout."""
    return _shipped("detectors", ".")


def detectors_dir(directory: Path) -> Path:
    """The detectors that go with a configuration folder: those beside it, else the shipped ones."""
    beside = directory.resolve().parent / "detectors"
    return beside if beside.is_dir() else default_detectors_dir()


def _shipped(name: str, holds: str) -> Path:
    places = (_PACKAGE / "_data" / name, _PACKAGE.parent / name)
    found = next((place for place in places if (place / holds).exists()), None)
    if found is None:
        raise ConfigError([Problem(str(places[0]), 0, "is missing: the installation is incomplete")])
    return found


def read_policy(directory: Path, today: dt.date, entities: Collection[str] | None = None) -> LoadedPolicy:
    """Read ``policy.yaml`` of a folder alone.

    Raises:
        ConfigError: it cannot be read or used; with file, line and reason.
    """
    path = directory / "policy.yaml"
    return load_policy(_text(path), str(path), today, entities)


def detection_text(directory: Path) -> str:
    """The text of ``detection.yaml`` of a folder; "" when there is none. Raises ConfigError."""
    path = directory / "detection.yaml"
    return _text(path) if path.exists() else ""


def load_settings(directory: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read ``gateway.yaml`` of a folder alone; ``environment`` is that of the process when left out.

    Raises:
        ConfigError: it cannot be read or used; with file, line and reason.
    """
    return _settings(directory, environment).settings


def day(directory: Path, moment: float, environment: Mapping[str, str] | None = None) -> dt.date:
    """``Settings.day`` by the settings of a folder; by UTC where they cannot be read, which reading the rest tells."""
    try:
        return load_settings(directory, environment).day(moment)
    except ConfigError:
        return dt.datetime.fromtimestamp(moment, dt.UTC).date()


def _settings(directory: Path, environment: Mapping[str, str] | None) -> LoadedSettings:
    path = directory / "gateway.yaml"
    root = directory.resolve().parent
    return parse_settings(_text(path), str(path), root, os.environ if environment is None else environment)


def read_configuration(
    directory: Path,
    today: dt.date,
    entities: Collection[str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """Read and compare both files of a folder.

    ``entities`` are the names the detectors know (None: not checked).

    Raises:
        ConfigError: every problem of both files, with file, line and reason.
    """
    problems: list[Problem] = []
    settings = policy = None
    try:
        settings = _settings(directory, environment)
    except ConfigError as error:
        problems.extend(error.problems)
    try:
        policy = read_policy(directory, today, entities)
    except ConfigError as error:
        problems.extend(error.problems)
    if settings is None or policy is None:
        raise ConfigError(problems)
    found = (*policy.warnings, *_between(settings, policy, today))
    if any(problem.severity is Severity.ERROR for problem in found):
        raise ConfigError(found)
    return Configuration(directory, settings.settings, policy, found)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigError([Problem(str(path), 0, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(path), 0, f"is not UTF-8 text (octet {error.start})")]) from None


def _between(settings: LoadedSettings, loaded: LoadedPolicy, today: dt.date) -> Iterator[Problem]:
    """What only shows when sections, or both files, are looked at together."""
    policy, delivery = loaded.policy, settings.settings.delivery
    yield from _times(settings)
    for index, partner in enumerate(policy.partners):
        if partner.clear is Tier.CONTACT or not partner.valid(today):
            continue
        for key, route in delivery.routes_at_and_below(Zone.PARTNER, partner.domain).items():
            if not route.protected:
                reason = f"may get {partner.clear.value} data in clear text, but delivery.{key} does not require TLS"
                yield loaded.source.problem(("partners", index, "clear"), reason)
    for domain in policy.organisation.domains:
        for key, route in delivery.routes_at_and_below(Zone.INTERNAL, domain).items():
            if not route.protected:
                reason = f"mail inside {domain} may travel without TLS; the secure route needs required or verified"
                location = ("delivery", *key.split(".", 1), "tls")
                yield settings.source.problem(location, reason, Severity.WARNING)
    for index, mailbox in enumerate(settings.settings.quarantine.escalate_to):
        if policy.zones.zone_of_text(mailbox, today) is not Zone.INTERNAL:
            reason = "is not an address of the organisation"
            yield settings.source.problem(("quarantine", "escalate_to", index), reason)


def _times(settings: LoadedSettings) -> Iterator[Problem]:
    """A message is inspected before its client is told to try again, or each try would be taken once more."""
    inspection, limit = settings.settings.inspection, settings.settings.smtp.limits.handler_seconds
    if (seconds := inspection.wait_seconds + inspection.seconds) > limit:
        reason = (
            f"is {limit:g}, less than inspection.wait_seconds and inspection.seconds together ({seconds:g}): mail that"
            " its client was told to send again would be taken each time"
        )
        yield settings.source.problem(("smtp", "limits", "handler_seconds"), reason)
