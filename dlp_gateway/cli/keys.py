"""``dlp-gateway keys``: make the keys once, and rotate them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlp_gateway.cli.context import ConfigOption, fail, settings
from dlp_gateway.store import keys

app = typer.Typer(help="Make and rotate keys.", no_args_is_help=True)

ReviewOption = Annotated[
    Path | None,
    typer.Option("--review-directory", help="Where the reviewers' private key goes; keep it away from the gateway."),
]
PassphraseOption = Annotated[
    bool, typer.Option("--passphrase", help="Ask for a passphrase to protect the reviewers' private key.")
]


@app.command()
def init(
    config: ConfigOption = None, review_directory: ReviewOption = None, passphrase: PassphraseOption = False
) -> None:
    """Make the first version of every key; existing ones are never overwritten."""
    found = settings(config)
    try:
        written = keys.init(found.keys.directory, review=review_directory, passphrase=_ask(passphrase))
    except keys.KeysError as error:
        fail(str(error))
    for path in written:
        print(path)


@app.command()
def rotate(
    name: Annotated[keys.Name, typer.Argument(help="Which key gets a new version.")],
    config: ConfigOption = None,
    review_directory: ReviewOption = None,
    passphrase: PassphraseOption = False,
) -> None:
    """Add a version of a key; what older versions sealed stays readable. Then reload the gateway.

    All versions of the reviewers' key have one passphrase: give it again with --passphrase.
    """
    found = settings(config)
    try:
        added = keys.rotate(found.keys.directory, name, review=review_directory, passphrase=_ask(passphrase))
    except keys.KeysError as error:
        fail(str(error))
    print(f"{added} is used from the next start or reload of the gateway on")
    if passphrase and name is keys.Name.REVIEWERS:
        print("The console and 'quarantine' need its passphrase in DLP_GATEWAY_REVIEW_PASSPHRASE")


def _ask(wanted: bool) -> bytes | None:
    if not wanted:
        return None
    answer: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True)
    return answer.encode()
