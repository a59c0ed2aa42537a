"""``dlp-gateway console`` and ``dlp-gateway accounts``: the web console and who signs in there."""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Annotated

import typer

from dlp_gateway.cli.context import FAILED, ConfigOption, deployed, fail, operator, refuse_absent, table
from dlp_gateway.configfile import ConfigError
from dlp_gateway.console.roles import Role
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.keys import KeysError

app = typer.Typer(help="Accounts of the web console.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The account's name.")]


def serve(config: ConfigOption = None) -> None:
    """Serve the web console until SIGTERM; it needs the reviewers' private key, the gateway does not."""
    from dlp_gateway.console import server

    try:
        server.serve(deployed(config))
    except (ConfigError, StoreError, KeysError, OSError) as error:
        print(f"dlp-gateway console cannot start: {error}", file=sys.stderr)
        raise typer.Exit(FAILED) from error


@app.command("list")
def list_accounts(config: ConfigOption = None) -> None:
    """Show accounts, their roles, and whether they may sign in."""
    with _accounts(config) as accounts:
        rows = [
            (
                account.name,
                account.role or "-",
                account.address or "-",
                "yes" if account.active else "no",
                ", ".join(account.second_factors) or "none",
                _day(account.last_sign_in),
            )
            for account in accounts.listed()
        ]
    head = ("ACCOUNT", "ROLE", "ADDRESS", "ACTIVE", "SECOND FACTOR", "LAST SIGN-IN")
    print(table(head, rows) if rows else "There is no account.")


@app.command()
def add(
    name: NameArgument,
    role: Annotated[Role, typer.Option(help="What it is for.")],
    address: Annotated[str, typer.Option(help="Its mail address: nobody releases what they sent themselves.")],
    person: Annotated[str, typer.Option(help="Whose account it is.")] = "",
    config: ConfigOption = None,
) -> None:
    """Make an account; prints a password to be changed, the second factor is set up at the first sign-in."""
    with _accounts(config, new=True) as accounts:
        password = accounts.add(name, accounts.Person(person, address, role), operator(), time.time())
    print(f"Account {name.lower()} ({role.value}) made. Its first password: {password}")


@app.command()
def reset(name: NameArgument, config: ConfigOption = None) -> None:
    """Give an account a new first password and take its second factor away, after a loss; ends its sessions."""
    with _accounts(config) as accounts:
        account = accounts.named(name)
        password = accounts.reset(account.id, operator(), time.time())
    print(f"New first password of {account.name}: {password}")


@app.command()
def disable(name: NameArgument, config: ConfigOption = None) -> None:
    """Let an account sign in no more; its sessions end."""
    with _accounts(config) as accounts:
        account = accounts.named(name)
        accounts.disable(account.id, operator(), time.time())
    print(f"{account.name} cannot sign in any more")


@app.command()
def enable(name: NameArgument, config: ConfigOption = None) -> None:
    """Let a disabled account sign in again."""
    with _accounts(config) as accounts:
        account = accounts.named(name)
        accounts.enable(account.id, operator(), time.time())
    print(f"{account.name} can sign in again")


@app.command(hidden=True)
def demo(config: ConfigOption = None) -> None:
    """Make an account of each role to try the console with, and print them; does nothing when there are accounts."""
    with _accounts(config, new=True):
        from dlp_gateway.console import demo
        from dlp_gateway.console.services import Services

        made = demo.make(Services(deployed(config)))
    if made:
        rows = [(account.role.value, account.name, account.password, account.secret) for account in made]
        print(table(("ROLE", "ACCOUNT", "PASSWORD", "SECRET OF THE SECOND FACTOR"), rows))
        print("\nFor an authenticator app (or: oathtool --totp -b SECRET):")
        for account in made:
            print(f"  {account.uri}")


@contextmanager
def _accounts(config: ConfigOption, *, new: bool = False) -> Iterator[ModuleType]:
    """What acts on accounts, with the database open; what cannot be done ends the program with its reason.

    ``new``: the first account may be made before anything has run, and so the database with it.
    """
    from dlp_gateway.console import server
    from dlp_gateway.console.services import Services
    from dlp_gateway.store import database

    try:
        services = Services(deployed(config))
        if not new:
            refuse_absent(services.settings)
        server.prepare(services)
        from dlp_gateway.console import accounts

        try:
            yield accounts
        except accounts.AccountError as error:
            fail(str(error))
        finally:
            database.close()
    except (ConfigError, StoreError, KeysError, OSError) as error:
        fail(str(error))


def _day(moment: float | None) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%d") if moment else "never"
