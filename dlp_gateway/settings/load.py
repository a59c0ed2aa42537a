"""From the text of ``gateway.yaml`` and the environment to settings, or to everything that is wrong with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo

from dlp_gateway.configfile import ConfigError, Location, Source, parse, validation_problems
from dlp_gateway.settings.delivery import Delivery
from dlp_gateway.settings.environment import override
from dlp_gateway.settings.receiving import Smtp
from dlp_gateway.settings.sections import (
    Audit,
    Console,
    Inspection,
    Keys,
    Logging,
    Monitoring,
    Quarantine,
    Retention,
    Store,
)
from dlp_gateway.settings.values import FilePath, Hostname, Section


class Settings(Section):
    """All of ``gateway.yaml``: how the parts are wired. What they decide by stands in ``policy.yaml``."""

    hostname: Hostname = Field(description="The name of this host in greetings, trace headers and notices.")
    root: Path = Field(
        default=Path(),
        description="Folder that relative paths start from; left out: the one that the configuration folder is in.",
    )
    state_directory: FilePath = Field(
        default="var",
        validate_default=True,
        description="Folder for what the gateway notes, such as the running policy.",
    )
    smtp: Smtp = Field(default=Smtp(), description="Who may hand in mail, and how much of it.")
    inspection: Inspection = Field(default=Inspection(), description="The confined processes that read messages.")
    store: Store = Field(
        default=Store(), validate_default=True, description="The database of queue, held messages and record."
    )
    keys: Keys = Field(default=Keys(), validate_default=True, description="The gateway's keys.")
    delivery: Delivery = Field(description="Where mail goes on to, and how long that is tried.")
    quarantine: Quarantine = Field(default=Quarantine(), description="Held messages and what senders are told.")
    retention: Retention = Field(default=Retention(), description="How long the gateway keeps what it stores.")
    audit: Audit = Field(default=Audit(), description="The record of decisions.")
    logging: Logging = Field(default=Logging(), description="What operators read.")
    monitoring: Monitoring = Field(default=Monitoring(), description="Health and metrics over HTTP.")
    console: Console = Field(default=Console(), description="The web console.")

    def day(self, moment: float) -> dt.date:
        """The organisation's calendar day at a moment (seconds since the epoch): by ``quarantine.time_zone``.

        Agreements, exceptions and absences end with it.
        """
        return dt.datetime.fromtimestamp(moment, ZoneInfo(self.quarantine.time_zone)).date()


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Usable settings and where they came from."""

    settings: Settings
    source: Source


def parse_settings(text: str, file: str, root: Path, environment: Mapping[str, str] | None = None) -> LoadedSettings:
    """Read settings from the text of ``gateway.yaml``.

    ``file`` is only named in messages. Relative paths start from the setting
    ``root``, itself relative to ``root``. Variables of ``environment`` (see
    ``environment.override``) override the file.

    Raises:
        ConfigError: everything that is wrong, with file and line, or the variable.
    """
    source = parse(text, file)
    override(source, environment or {})
    given = source.data.get("root")
    if given is None or isinstance(given, str):
        source.data["root"] = root = root / (given or "")
    try:
        return LoadedSettings(Settings.model_validate(source.data, context={"root": root}), source)
    except ValidationError as error:
        raise ConfigError(validation_problems(source, error, known_names())) from None


def known_names() -> list[str]:
    """The names of all settings, to suggest one for a misspelt key."""
    return sorted({str(location[-1]) for location, _ in settings_by_location()} - {"NAME"})


def settings_by_location(
    section: type[Section] = Settings, above: Location = ()
) -> Iterator[tuple[Location, FieldInfo]]:
    """Every setting, sections before what is in them; a key that is free to choose is called ``NAME``."""
    for name, field in section.model_fields.items():
        yield (*above, name), field
        inner = section_of(field.annotation)
        if inner is not None:
            free = ("NAME",) if get_origin(field.annotation) is dict else ()
            yield from settings_by_location(inner, (*above, name, *free))


def section_of(annotation: Any) -> type[Section] | None:
    """The section that a field of this type holds, if any: also ``Section | None``, or the values of a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for inner in get_args(annotation) if (found := section_of(inner)) is not None), None)
