"""``dlp-gateway audit``: verify the record, export it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dlp_gateway.audit import export as exports
from dlp_gateway.audit.chain import Checkpoint, EntryKind
from dlp_gateway.audit.check import check
from dlp_gateway.audit.verify import Report
from dlp_gateway.audit.witness import Witness, WitnessError
from dlp_gateway.cli.context import LARGEST, ConfigOption, fail, opened, when
from dlp_gateway.model import DAY
from dlp_gateway.settings import Settings
from dlp_gateway.store import history, hours, keys

_SHOWN = 5

app = typer.Typer(help="The record of decisions and acts.", no_args_is_help=True)


@app.command()
def verify(
    kept: Annotated[
        list[Path] | None, typer.Option("--checkpoints", help="File of checkpoints kept elsewhere (audit checkpoints).")
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(
            "--record-days",
            min=1,
            max=36_500,
            help="Entries under a checkpoint kept elsewhere may have been pruned after so many days;"
            " retention.record_days without it. Give the least it was set to.",
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Verify the whole record; names the first entry that was edited, removed, swapped or cut off. Exit 1 if so."""
    checkpoints = [checkpoint for path in kept or () for checkpoint in _read(path)]
    with opened(config) as settings:
        report = _check(settings, checkpoints, days)
    print(_story(report))
    if not report.sound:
        raise typer.Exit(1)


@app.command()
def export(
    form: Annotated[str, typer.Option("--format", help="json (lines) or cef.")] = "json",
    after: Annotated[int, typer.Option(min=0, max=LARGEST, help="Only entries behind this number.")] = 0,
    config: ConfigOption = None,
) -> None:
    """Print the record for other systems."""
    writers = {"json": exports.json_lines, "cef": exports.cef}
    if form not in writers:
        fail(f"there is no format {form}; use json or cef")
    with opened(config):
        for line in writers[form](history.entries(after)):
            print(line)


@app.command()
def checkpoints(config: ConfigOption = None) -> None:
    """Print the signed checkpoints, to be kept where nobody who can change the record can change them."""
    with opened(config):
        for entry in history.entries():
            if entry.kind == EntryKind.CHECKPOINT:
                print(entry.details)


@app.command()
def report(
    since: Annotated[dt.datetime, typer.Option(formats=["%Y-%m-%d"], help="First day, UTC.")],
    until: Annotated[dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; today without it.")] = None,
    config: ConfigOption = None,
) -> None:
    """Print a period in figures, for management and the regulator; no addresses, no content."""
    last = until or dt.datetime.now(dt.UTC)
    if last.year == dt.MAXYEAR:
        fail("--until is no day that has a next one")
    end = last.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=dt.UTC) + dt.timedelta(days=1)
    with opened(config) as settings:
        found = hours.figures(since.replace(tzinfo=dt.UTC).timestamp(), end.timestamp())
        whole = _check(settings)
    print(f"From {since:%Y-%m-%d} to {last:%Y-%m-%d} (UTC): {found.decided} messages decided.")
    for title, counts in (
        ("Recipients by action and zone", found.actions),
        ("Rules, per recipient", found.rules),
        ("Acts on held messages", found.acts),
        ("What became of held messages, by rule", found.outcomes),
    ):
        print(f"\n{title}:")
        for name, count in sorted(counts.items(), key=lambda item: str(item[0])):
            print(f"  {name if isinstance(name, str) else ', '.join(name)}: {count}")
    print(f"\n{_story(whole)}")


def _check(settings: Settings, kept: Sequence[Checkpoint] = (), days: int | None = None) -> Report:
    """Verify, also against what this gateway signed last: that is kept beside its keys."""
    folder = settings.keys.directory
    try:
        last = Witness.beside(folder).read()
    except WitnessError as error:
        fail(str(error))
    witnesses = (*kept, *((last,) if last is not None else ()))
    return check(keys.load_audit(folder), witnesses, kept_for=(days or settings.retention.record_days) * DAY)


def _story(report: Report) -> str:
    if report.broken is not None:
        told = [f"The record is broken at entry {report.broken.seq} ({report.broken.fault}): {report.broken.why}"]
    else:
        told = [f"The record is whole: {report.entries} entries, signed up to number {report.signed} of {report.last}."]
    if report.cut is not None:
        told.append(f"Entries before {report.first} were pruned on {when(report.cut.at)} UTC.")
    if report.unsigned:
        numbers = ", ".join(str(cut.seq) for cut in report.unsigned[:_SHOWN])
        more = f" and {len(report.unsigned) - _SHOWN} more" if len(report.unsigned) > _SHOWN else ""
        told.append(
            f"Not signed: that entries were pruned (entry {numbers}{more}). Older versions did not sign"
            " that; only checkpoints kept elsewhere show that nothing was removed too early (--checkpoints)."
        )
    return "\n".join(told)


def _read(path: Path) -> list[Checkpoint]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [Checkpoint.parse(json.loads(line)) for line in lines if line.strip()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        fail(f"{path} holds no checkpoints: {type(error).__name__}")
