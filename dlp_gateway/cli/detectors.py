"""``dlp-gateway detectors``: what is looked for, and whether it finds what it says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlp_gateway.cli.context import ConfigOption, directory, fail, table
from dlp_gateway.configfile import ConfigError
from dlp_gateway.settings import detectors_dir

if TYPE_CHECKING:
    from dlp_gateway.detection.engine import Engine

app = typer.Typer(help="What is looked for.", no_args_is_help=True)

FAILED_EXAMPLES = 1

NamesArgument = Annotated[list[str] | None, typer.Argument(help="Detectors or packs; default: all.")]


@app.command("list")
def list_them(config: ConfigOption = None) -> None:
    """List every detector with its entity, tier, pack and the authority it follows."""
    engine = _engine(directory(config))
    rows = [(r.name, r.entity, r.tier.value, r.pack, r.reference) for r in engine.recognisers]
    print(table(("detector", "entity", "tier", "pack", "reference"), rows))


@app.command("test")
def run_their_examples(names: NamesArgument = None, config: ConfigOption = None) -> None:
    """Run the examples of the packs. Exit status: 0 all pass, 1 some fail, 2 error."""
    from dlp_gateway.detection.selftest import run_examples

    engine = _engine(directory(config))
    wanted = frozenset(names) if names else None
    results = list(run_examples(engine, wanted))
    if not results:
        fail(f"no detector and no pack is called {', '.join(names or ())}")
    failed = [result for result in results if not result.passed]
    for result in failed:
        kind = "must match and does not" if result.must_match else "must not match and does"
        print(f"{result.recogniser}: example {result.number} {kind}: {result.text!r}")
    print(f"{len(results) - len(failed)} of {len(results)} examples pass")
    if failed:
        raise typer.Exit(FAILED_EXAMPLES)


def _engine(folder: Path) -> Engine:
    from dlp_gateway.detection.engine import of_folder

    try:
        return of_folder(folder, detectors_dir(folder))
    except ConfigError as error:
        fail(str(error))
