"""``dlp-gateway config``: is the configuration sound, and what can be set."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dlp_gateway.cli.context import ConfigOption, directory, fail
from dlp_gateway.configfile import ConfigError, Problem, Severity
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.weakening import refusals
from dlp_gateway.settings import Configuration, day, detectors_dir, read_configuration, read_policy, running_policy

app = typer.Typer(help="Check the configuration.", no_args_is_help=True)

REFUSED = 1
RUNNING = "running"

AgainstOption = Annotated[
    str | None,
    typer.Option("--against", help="Also refuse a policy weaker than this folder's, or than the running one: running."),
]


@app.command()
def check(config: ConfigOption = None, against: AgainstOption = None) -> None:
    """Say what is wrong with a configuration as file:line: reason. Exit status: 0 usable, 1 refused, 2 not checked."""
    folder = directory(config)
    if not folder.is_dir():
        fail(f"{folder}: there is no such folder")
    today = day(folder, time.time())
    problems, configuration = _read(folder, today)
    if configuration is not None and against is not None:
        other = _other(against, configuration, today)
        problems += refusals(other, configuration.loaded)
    for problem in problems:
        print(problem)
    if configuration is None or any(problem.severity is Severity.ERROR for problem in problems):
        raise typer.Exit(REFUSED)
    print(f"{folder}: usable, policy {configuration.policy.fingerprint[:12]}")


@app.command()
def reference() -> None:
    """Print every setting of gateway.yaml with its default and reason, as Markdown."""
    from dlp_gateway.settings.reference import reference as page

    print(page(), end="")


def _read(folder: Path, today: dt.date) -> tuple[list[Problem], Configuration | None]:
    """All problems of all files, and the configuration when it is usable."""
    problems: list[Problem] = []
    entities, found = _detection(folder)
    problems += found
    try:
        configuration = read_configuration(folder, today, entities)
    except ConfigError as error:
        return problems + list(error.problems), None
    return problems + list(configuration.warnings), configuration


def _detection(folder: Path) -> tuple[frozenset[str] | None, Sequence[Problem]]:
    """The entities that the detectors know, None when they cannot be loaded, and what is wrong with them."""
    from dlp_gateway.detection.engine import of_folder

    try:
        engine = of_folder(folder, detectors_dir(folder))
    except ConfigError as error:
        return None, error.problems
    return frozenset(engine.entities), ()


def _other(against: str, configuration: Configuration, today: dt.date) -> Policy:
    """The policy to compare with; where there is none, nothing can be said, and the program ends."""
    try:
        if against != RUNNING:
            return read_policy(Path(against), today).policy
        noted = running_policy(configuration.settings)
    except (ConfigError, OSError, ValueError) as error:
        fail(str(error))
    if noted is None:
        # A copy of the folder has its paths start beside the copy, where no gateway runs.
        fail(
            f"nothing to compare with: no gateway has noted its policy in {configuration.settings.state_directory};"
            " for a copy of the folder, name the gateway's own: DLP_GATEWAY__STATE_DIRECTORY=/var/lib/dlp-gateway/var"
        )
    return noted
