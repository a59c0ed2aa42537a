"""What most commands begin with: the configuration, the database, who is acting, and how failures are told."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from dlp_gateway.configfile import ConfigError
from dlp_gateway.settings import Settings, default_config_dir, load_settings, machine_config_dir
from dlp_gateway.store import database
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.keys import KeysError

FAILED = 2
LARGEST = 2**63 - 1
"""The largest number that the database knows."""

# What a terminal acts upon (ECMA-48), what ends a line, and what turns the order of characters round.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Folder of the configuration.", envvar="DLP_GATEWAY_CONFIG")
]


def directory(config: Path | None) -> Path:
    """The folder of the configuration to judge by: as given, else this machine's, else the packaged one."""
    return config or machine_config_dir() or default_config_dir()


def deployed(config: Path | None) -> Path:
    """The folder of the configuration that a gateway runs by: as given, or this machine's; ends the program for none.

    With the packaged one a command would look at, or make, a database and keys that no gateway has.
    """
    found = config or machine_config_dir()
    if found is None:
        fail("name the folder of the gateway's configuration: --config DIR, or DLP_GATEWAY_CONFIG in the environment")
    return found


def settings(config: Path | None) -> Settings:
    """Read the settings; ends the program with file, line and reason when they are wrong."""
    try:
        return load_settings(deployed(config))
    except ConfigError as error:
        fail(str(error))


def fail(reason: str) -> NoReturn:
    """End the program with ``reason`` on standard error."""
    print(reason, file=sys.stderr)
    raise typer.Exit(FAILED)


@contextmanager
def opened(config: Path | None) -> Iterator[Settings]:
    """The settings with the database open; failures of store and keys end the program with their reason.

    So does a database that is not there: one made now would hold nothing, and answer as if nothing waited.
    """
    found = settings(config)
    refuse_absent(found)
    try:
        database.prepare(found.store.url)
        yield found
    except (StoreError, KeysError) as error:
        fail(str(error))
    finally:
        database.close()


def refuse_absent(settings: Settings) -> None:
    """End the program where the database is a file that is not there."""
    if (path := database.absent(settings.store.url)) is not None:
        fail(f"there is no database at {path}: no gateway has run by this configuration; another one: --config DIR")


def operator() -> str:
    """Who is acting at this terminal, for the record; by number where the account has no name, as in containers."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except KeyError:
        return f"uid {os.getuid()}"


def when(at: float) -> str:
    """A moment for people, in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def age(seconds: float) -> str:
    """A duration for people: ``3d 4h``, ``12m``."""
    minutes = int(max(seconds, 0) // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days}d {hours}h"
    return f"{hours}h {minutes}m" if hours else f"{minutes}m"


def plain(text: str) -> str:
    """``text`` as one line that no terminal acts upon: control characters are spelt out, as in Python."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Columns of text as wide as their content; none of it steers the terminal."""
    rows = [tuple(map(plain, row)) for row in rows]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [head, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
