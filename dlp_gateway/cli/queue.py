"""``dlp-gateway queue``: what waits for delivery, and why."""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from dlp_gateway.cli.context import LARGEST, ConfigOption, age, deployed, fail, opened, operator, table, when
from dlp_gateway.configfile import ConfigError
from dlp_gateway.settings import Configuration, Settings, read_configuration
from dlp_gateway.store import decisions, spool
from dlp_gateway.store.keys import load_gateway
from dlp_gateway.wiring import pseudonym_key, reports_of_given_up

app = typer.Typer(help="Mail that waits for delivery.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
IdsArgument = Annotated[
    list[int] | None, typer.Argument(min=1, max=LARGEST, help="Numbers of deliveries, from queue list.")
]


@app.command("list")
def list_queue(
    domain: Annotated[str | None, typer.Option(help="Only mail to this domain.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=LARGEST, help="Most rows to show.")] = 1000,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List what waits, oldest first, with the last answer of its next hop."""
    with opened(config):
        rows = spool.waiting(domain=domain, limit=limit)
    if as_json:
        for row in rows:
            print(json.dumps(asdict(row)))
        return
    now = time.time()
    head = ("NUMBER", "MESSAGE", "AGE", "TRIES", "NEXT", "RECIPIENT", "LAST ANSWER")
    print(table(head, [_row(row, now) for row in rows]) if rows else "Nothing waits.")


@app.command()
def show(message: Annotated[str, typer.Argument(help="The message's id.")], config: ConfigOption = None) -> None:
    """Show one message: its deliveries, with the whole of the last answers."""
    with opened(config):
        rows = spool.waiting(message_id=message)
        decided = decisions.find(message)
    if not rows and decided is None:
        fail(f"no message {message}")
    for row in rows:
        print(f"{row.delivery_id}: <{row.recipient}> ({row.zone}), {row.kind}, {row.size} bytes, from <{row.sender}>")
        print(f"  queued {when(row.queued_at)}, {row.attempts} attempts, next {when(row.due)}")
        if row.leased_by:
            print(f"  being delivered by {row.leased_by}")
        if row.code or row.text:
            print(f"  last answer of {row.host or 'the next hop'}: {row.code} {row.enhanced} {row.text}")
    for fate in decided.recipients if decided else ():
        print(f"<{fate.address}> ({fate.zone}): {fate.action}, now {fate.state}")


@app.command()
def retry(
    numbers: IdsArgument = None,
    everything: Annotated[bool, typer.Option("--all", help="Retry everything that waits.")] = False,
    config: ConfigOption = None,
) -> None:
    """Let deliveries be due now."""
    if bool(numbers) == everything:
        fail("name deliveries by number, or give --all")
    with opened(config) as settings:
        count = spool.retry(
            None if everything else numbers, actor=operator(), now=time.time(), pseudonyms=_pseudonyms(settings)
        )
    print(f"{count} deliveries are due now; a running gateway takes them up within seconds")


@app.command()
def drop(
    numbers: Annotated[list[int], typer.Argument(min=1, max=LARGEST, help="Numbers of deliveries, from queue list.")],
    reason: Annotated[str, typer.Option(help="Why; it goes on record.")],
    tell: Annotated[bool, typer.Option(help="Tell the senders by a delivery report, without the reason.")] = True,
    config: ConfigOption = None,
) -> None:
    """Give deliveries up."""
    with opened(config) as settings:
        now = time.time()
        keys = load_gateway(settings.keys.directory)
        dropped = spool.drop(
            numbers,
            actor=operator(),
            reason=reason,
            now=now,
            pseudonyms=pseudonym_key(settings, keys),
            reports=reports_of_given_up(_configuration(config, settings.day(now)), keys, now) if tell else None,
        )
    for number in numbers:
        print(f"{number}: {'dropped' if number in dropped else 'not dropped (not waiting, or being delivered now)'}")
    if len(dropped) != len(set(numbers)):
        raise typer.Exit(1)


def _configuration(config: Path | None, day: dt.date) -> Configuration:
    """The configuration, which says where senders are; ends the program when it cannot be used."""
    try:
        return read_configuration(deployed(config), day)
    except ConfigError as error:
        fail(str(error))


def _pseudonyms(settings: Settings) -> bytes | None:
    return pseudonym_key(settings, load_gateway(settings.keys.directory))


def _row(row: spool.Waiting, now: float) -> tuple[str, ...]:
    due = "now" if row.due <= now else f"in {age(row.due - now)}"
    answer = f"{row.code} {row.enhanced} {row.text}".strip(" 0")[:60]
    waited = age(now - row.queued_at)
    return (str(row.delivery_id), row.message_id, waited, str(row.attempts), due, row.recipient, answer)
