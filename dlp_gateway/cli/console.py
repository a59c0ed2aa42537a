"""``dlp-gateway console`` and ``dlp-gateway accounts``: the web console and who signs in there."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated, Any

import typer

from dlp_gateway.cli.context import FAILED, ConfigOption, directory, fail, table
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
        server.serve(directory(config))
    except (ConfigError, StoreError, KeysError, OSError) as error:
        print(f"dlp-gateway console cannot start: {error}", file=sys.stderr)
        raise typer.Exit(FAILED) from error


@app.command("list")
def list_accounts(config: ConfigOption = None) -> None:
    """Show accounts, their roles, and whether they may sign in."""
    accounts = _accounts(config)
    rows = [
        (a.username, a.role or "-", a.email or "-", "yes" if a.is_active else "no", _day(a.last_login))
        for a in accounts.objects.order_by("username")
    ]
    print(table(("ACCOUNT", "ROLE", "ADDRESS", "ACTIVE", "LAST SIGN-IN"), rows) if rows else "There is no account.")


@app.command()
def add(
    name: NameArgument,
    role: Annotated[Role, typer.Option(help="What it is for.")],
    address: Annotated[str, typer.Option(help="Its mail address: nobody releases what they sent themselves.")],
    config: ConfigOption = None,
) -> None:
    """Make an account; prints a password to be changed, the second factor is set up at the first sign-in."""
    accounts = _accounts(config)
    if accounts.objects.filter(username__iexact=name).exists():
        fail(f"there is an account {name} already")
    password = secrets.token_urlsafe(15)
    accounts.objects.create_user(name.lower(), email=address, password=password, role=role.value)
    print(f"Account {name.lower()} ({role.value}) made. Its password: {password}")


@app.command()
def reset(name: NameArgument, config: ConfigOption = None) -> None:
    """Give an account a new password and take its second factor away, after a loss; ends its sessions."""
    from allauth.mfa.models import Authenticator

    account = _find(config, name)
    password = secrets.token_urlsafe(15)
    account.set_password(password)
    account.save()
    Authenticator.objects.filter(user=account).delete()
    print(f"New password of {account.username}: {password}")


@app.command()
def disable(name: NameArgument, config: ConfigOption = None) -> None:
    """Let an account sign in no more; its sessions end."""
    account = _find(config, name)
    account.is_active = False
    account.save()
    print(f"{account.username} cannot sign in any more")


def _accounts(config: ConfigOption) -> Any:
    from dlp_gateway.console import server
    from dlp_gateway.console.services import Services

    try:
        server.prepare(Services(directory(config)))
    except (ConfigError, StoreError, KeysError, OSError) as error:
        fail(str(error))
    from django.contrib.auth import get_user_model

    return get_user_model()


def _find(config: ConfigOption, name: str) -> Any:
    account = _accounts(config).objects.filter(username__iexact=name).first()
    if account is None:
        fail(f"there is no account {name}")
    return account


def _day(moment: Any) -> str:
    return moment.strftime("%Y-%m-%d") if moment else "never"
