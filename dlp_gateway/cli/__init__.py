"""The command line: one module for each group of commands.

Exit status: 0 all is well, 1 the answer is no (mail would be stopped, the
record is broken, the configuration has errors), 2 it could not be done.
"""

from __future__ import annotations

import os

import typer

from dlp_gateway.cli import audit, check, config, console, detectors, keys, quarantine, queue, serve, trial, users

app = typer.Typer(
    name="dlp-gateway",
    help="Outbound-email data-loss-prevention gateway.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("serve")(serve.serve)
app.command("console")(console.serve)
app.command("try")(trial.run)
app.command("check")(check.check)
app.add_typer(config.app, name="config")
app.add_typer(detectors.app, name="detectors")
app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.add_typer(console.app, name="accounts")
app.add_typer(queue.app, name="queue")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(audit.app, name="audit")


def main() -> None:
    """Run the command line."""
    # As in the workers: threads of a linear algebra library only wait for one another on products this small. It
    # reads this when it is loaded, which is later than here.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    app()
