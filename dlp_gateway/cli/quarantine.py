"""``dlp-gateway quarantine``: what is held, and the reviewers' acts.

Run it as an account that can read the reviewers' private key and the
database; the gateway's own account needs none of these commands.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from dlp_gateway.cli.context import ConfigOption, age, deployed, fail, opened, plain, table, when
from dlp_gateway.configfile import ConfigError
from dlp_gateway.inspection.pool import PoolError, WorkerFailed, WorkerPool
from dlp_gateway.quarantine import held
from dlp_gateway.quarantine.acts import Mail
from dlp_gateway.quarantine.answers import after_act
from dlp_gateway.quarantine.held import Held
from dlp_gateway.quarantine.notices import Event
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer, ReviewError, approved
from dlp_gateway.quarantine.views import Revealed, addresses, in_clear, masked, reveal
from dlp_gateway.settings import Settings, day, read_configuration
from dlp_gateway.smtp.addresses import AddressError, PathRole, parse_path
from dlp_gateway.store.keys import load_sealing
from dlp_gateway.store.sealing import SealError
from dlp_gateway.wiring import letterhead, pool_settings, review_desk

T = TypeVar("T")

app = typer.Typer(help="Held messages.", no_args_is_help=True)

MessageArgument = Annotated[str, typer.Argument(help="The message's id, from quarantine list.")]
ReviewerOption = Annotated[
    str, typer.Option(help="Who acts: name <address>, or the address alone.", envvar="DLP_GATEWAY_REVIEWER")
]
ReasonOption = Annotated[str, typer.Option(help="Why; it goes on record.")]
RecipientOption = Annotated[
    list[str] | None,
    typer.Option("--to", help="Only for this recipient (may be repeated); otherwise for all that wait."),
]
ReviewKeyOption = Annotated[
    Path | None, typer.Option("--review-directory", help="Where the reviewers' private key is, if not in keys/review.")
]
QuietOption = Annotated[bool, typer.Option("--no-notice", help="Do not tell the sender.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]


@app.command("list")
def list_held(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List what waits for review, the next to expire first. Opens nothing."""
    with opened(config):
        if as_json:
            for message in held.everything():
                print(json.dumps(_plain(message)))
            return
        now = time.time()
        rows = [_row(message, now) for message in held.everything()]
    head = ("MESSAGE", "HELD", "EXPIRES", "FROM", "RECIPIENTS", "RULES", "APPROVALS")
    print(table(head, rows) if rows else "Nothing is held.")


@app.command()
def show(
    message: MessageArgument,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Open it and show what was found in clear; needs a reason.")
    ] = False,
    raw: Annotated[
        bool, typer.Option("--raw", help="With --reveal: write the whole message to standard output.")
    ] = False,
    reviewer: Annotated[str, typer.Option(help="Who looks: name <address>.", envvar="DLP_GATEWAY_REVIEWER")] = "",
    reason: Annotated[str, typer.Option(help="Why; it goes on record.")] = "",
    review_directory: ReviewKeyOption = None,
    config: ConfigOption = None,
) -> None:
    """Show one held message: verdicts, findings by place. Values only with --reveal, which opens the seal."""
    if reveal and raw and sys.stdout.isatty():
        fail("--raw writes the message byte for byte, and it may steer a terminal: send it to a file or a program")
    with opened(config) as settings:
        found = _find(message)
        if not reveal:
            _print(masked(found))
            return
        who = _reviewer(reviewer)
        content = _done(lambda: _desk(settings, review_directory).view(message, who, reason)).content
        if raw:
            sys.stdout.buffer.write(content)
            return
        try:
            revealed = asyncio.run(_revealed(config, content))
        except (ConfigError, PoolError, WorkerFailed) as error:
            fail(f"the message was opened, but what was found in it cannot be shown: {error}; --raw shows it as it is")
        _print([*masked(found), "", *in_clear(revealed)])


@app.command()
def release(
    message: MessageArgument,
    reviewer: ReviewerOption,
    reason: ReasonOption,
    to: RecipientOption = None,
    no_notice: QuietOption = False,
    review_directory: ReviewKeyOption = None,
    config: ConfigOption = None,
) -> None:
    """Let the message go to its recipients; high-risk needs two different reviewers."""
    with opened(config) as settings:
        found = _find(message)
        # Without names those who wait for this reviewer, which the desk knows best.
        numbers = None if to is None else _numbers(found, to)
        mail = _notices(settings, Event.RELEASED, found, reason, no_notice)
        who = _reviewer(reviewer)
        done = _done(lambda: _desk(settings, review_directory).release(message, numbers, who, reason, mail))
    for recipient in done.released:
        print(plain(f"<{recipient.address.literal}>: released"))
    for recipient in done.waiting:
        print(plain(f"<{recipient.address.literal}>: approved; another reviewer has to agree"))
    if to is None:
        for recipient in found.waiting:
            if approved(recipient, who):
                print(plain(f"<{recipient.address.literal}>: approved by you already; another reviewer has to agree"))


@app.command("return")
def give_back(
    message: MessageArgument,
    reviewer: ReviewerOption,
    reason: ReasonOption,
    to: RecipientOption = None,
    no_notice: QuietOption = False,
    config: ConfigOption = None,
) -> None:
    """Do not send it; tell the sender why, with how to send it properly. Needs no private key."""
    _end(Event.RETURNED, message, reviewer, reason, to, no_notice, config)


@app.command()
def delete(
    message: MessageArgument,
    reviewer: ReviewerOption,
    reason: ReasonOption,
    to: RecipientOption = None,
    no_notice: QuietOption = False,
    config: ConfigOption = None,
) -> None:
    """Do not send it, and destroy it. Needs no private key."""
    _end(Event.DELETED, message, reviewer, reason, to, no_notice, config)


def _end(
    event: Event, message: str, reviewer: str, reason: str, to: list[str] | None, quiet: bool, config: Path | None
) -> None:
    with opened(config) as settings:
        found = _find(message)
        numbers = _numbers(found, to)
        mail = _notices(settings, event, found, reason, quiet)
        who = _reviewer(reviewer)
        desk = _done(lambda: _sealed_desk(settings))
        act = desk.give_back if event is Event.RETURNED else desk.delete
        ended = _done(lambda: act(message, numbers, who, reason, mail))
    for recipient in ended:
        print(plain(f"<{recipient.address.literal}>: {event}"))


def _done(act: Callable[[], T]) -> T:
    """Carry an act out; what forbids it ends the program with the reason and status 1."""
    try:
        return act()
    except (ReviewError, SealError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None


def _find(message: str) -> Held:
    found = held.find(message)
    if found is None:
        fail(f"no message {message} is or was held")
    return found


def _numbers(message: Held, wanted: list[str] | None) -> list[int]:
    try:
        return addresses(message, wanted)
    except ValueError as error:
        fail(str(error))


def _reviewer(text: str) -> Reviewer:
    """``name <address>``, or an address alone, which is the name as well: people are told apart by the address."""
    given = text.strip()
    name, bracket, address = given.removesuffix(">").rpartition("<")
    if not bracket:
        name, address = "", given
    name = name.strip().strip('"').strip()
    try:
        path, _ = parse_path(f"<{address.strip()}>", PathRole.SENDER)
    except AddressError:
        path = None
    if path is None or bool(bracket) != given.endswith(">") or set("<>") & set(name) or not name.isprintable():
        fail("say who acts, with the mail address: --reviewer 'name <address>', or the same in DLP_GATEWAY_REVIEWER")
    return Reviewer(name or path.literal, f"{path.local}@{path.domain}")


def _desk(settings: Settings, review: Path | None) -> Desk:
    return review_desk(settings, time.time, environment=os.environ, review=review)


def _sealed_desk(settings: Settings) -> Desk:
    """For what opens nothing: the reviewers' private key need not be there."""
    return Desk(load_sealing(settings.keys.directory), time.time, pseudonyms=settings.audit.pseudonyms)


def _notices(settings: Settings, event: Event, message: Held, reason: str, quiet: bool) -> Mail:
    """Tell the sender, with the reviewer's reason where it is not sent; nobody where there is no sender."""
    if quiet:
        return ()
    paragraphs = (reason,) if event is not Event.RELEASED else ()
    return after_act(letterhead(settings), event, message, paragraphs, time.time())


def _print(lines: Iterable[str]) -> None:
    print("\n".join(map(plain, lines)))


async def _revealed(config: Path | None, content: bytes) -> Revealed:
    folder = deployed(config)
    configuration = read_configuration(folder, day(folder, time.time()))
    pool = WorkerPool(replace(pool_settings(configuration), workers=1))
    await pool.start()
    try:
        return await reveal(pool, content)
    finally:
        await pool.stop()


def _row(message: Held, now: float) -> tuple[str, ...]:
    waiting = message.waiting
    rules = sorted({hit.rule for recipient in waiting for hit in recipient.stopping})
    sender = f"<{message.sender.literal if message.sender else ''}>"
    recipients = ", ".join(recipient.address.literal for recipient in waiting[:3])
    more = f" and {len(waiting) - 3} more" if len(waiting) > 3 else ""
    given = max((len(recipient.approved_by) for recipient in waiting), default=0)
    return (
        message.message_id,
        age(now - message.held_at),
        "restricted" if message.restricted_at is not None else f"in {age(message.expires_at - now)}",
        sender,
        recipients + more,
        ", ".join(rules),
        f"{given} of {message.approvals}",
    )


def _plain(message: Held) -> dict[str, object]:
    return {
        "id": message.message_id,
        "held_at": when(message.held_at),
        "expires_at": when(message.expires_at),
        "restricted": message.restricted_at is not None,
        "sender": message.sender.literal if message.sender else "",
        "size": message.size,
        "digest": message.digest,
        "recipients": [
            {
                "address": recipient.address.literal,
                "zone": recipient.zone,
                "state": recipient.state,
                "rules": [hit.rule for hit in recipient.stopping],
                "approvals": recipient.approvals,
                "approved_by": list(map(str, recipient.approved_by)),
            }
            for recipient in message.recipients
        ],
    }
