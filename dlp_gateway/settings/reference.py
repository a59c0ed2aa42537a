"""docs/settings.md, written from the settings themselves: name, default and reason of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from dlp_gateway.configfile import Location
from dlp_gateway.settings.environment import PREFIX
from dlp_gateway.settings.load import Settings, section_of, settings_by_location

_HEAD = f"""\
# Settings

Every setting of `gateway.yaml`, with its default and the reason for it. Unknown keys are refused. `dlp-gateway config
check` says what is wrong with file and line; `dlp-gateway config reference` prints this page.

An environment variable overrides the file: `{PREFIX}SMTP__MAX_MESSAGE_BYTES=1000000` sets `smtp.max_message_bytes`.
Names are the path in capitals, joined by two underscores; values are YAML or JSON
(`{PREFIX}SMTP__LISTEN='["0.0.0.0:25"]'`), so text with a colon or bracket needs quotes inside the quotes.

Relative paths start from the folder that the configuration folder is in (for `/srv/gateway/config` that is
`/srv/gateway`), or from `root` when it is set. Sizes are bytes and times seconds unless the name says otherwise.
A limit that is hit is answered or recorded by its name.
"""


def reference() -> str:
    """The page as Markdown."""
    lines = [_HEAD, "## Top level", "", *_table(Settings, ())]
    told: dict[type[BaseModel], str] = {}
    repeated: list[Location] = []
    for location, field in settings_by_location():
        section = section_of(field.annotation)
        if section is None or any(location[: len(place)] == place for place in repeated):
            continue
        lines += ["", f"## `{_name(location)}`", "", str(field.description)]
        if section in told:
            repeated.append(location)
            lines.append(f"The keys are those of [`{told[section]}`](#{told[section].replace('.', '')}).")
            continue
        told[section] = _name(location)
        lines += ["", *_table(section, location)]
    return "\n".join(lines) + "\n"


def _table(section: type[BaseModel], location: Location) -> Iterator[str]:
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    for name, field in section.model_fields.items():
        meaning = str(field.description).replace("|", "\\|")
        yield f"| `{_name((*location, name))}` | {_default(field)} | {meaning} |"


def _name(location: Location) -> str:
    return ".".join(map(str, location))


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "must be set"
    if isinstance(field.default, BaseModel):
        return "see below"
    if field.default == Path():
        return "see right"
    return f"`{json.dumps(_plain(field.default))}`"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | dict | None) else str(value)
