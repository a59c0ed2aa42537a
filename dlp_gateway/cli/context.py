"""What most commands begin with: the configuration, the database, who is acting, and how failures are told."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from dlp_gateway.configfile import ConfigError
from dlp_gateway.settings import Settings, default_config_dir, load_settings
from dlp_gateway.store import database
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.keys import KeysError

FAILED = 2

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Folder of the configuration.", envvar="DLP_GATEWAY_CONFIG")
]


def directory(config: Path | None) -> Path:
    """The folder of the configuration: as given, or the packaged one."""
    return config or default_config_dir()


def settings(config: Path | None) -> Settings:
    """Read the settings; ends the program with file, line and reason when they are wrong."""
    try:
        return load_settings(directory(config))
    except ConfigError as error:
        fail(str(error))


def fail(reason: str) -> NoReturn:
    """End the program with ``reason`` on standard error."""
    print(reason, file=sys.stderr)
    raise typer.Exit(FAILED)


@contextmanager
def opened(config: Path | None) -> Iterator[Settings]:
    """The settings with the database open; failures of store and keys end the program with their reason."""
    found = settings(config)
    try:
        database.prepare(found.store.url)
        yield found
    except (StoreError, KeysError) as error:
        fail(str(error))
    finally:
        database.close()


def operator() -> str:
    """Who is acting at this terminal, for the record."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


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


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Columns of text as wide as their content."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [head, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
