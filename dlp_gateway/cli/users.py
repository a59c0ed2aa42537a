"""``dlp-gateway users``: who may log in to hand in mail (SMTP AUTH)."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Annotated

import typer

from dlp_gateway import durable
from dlp_gateway.cli.context import ConfigOption, fail, settings
from dlp_gateway.smtp.authentication import User, UsersFileError, hash_password, load_users, name_in, user_line

app = typer.Typer(help="Logins of mail clients.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The login.")]


@app.command("list")
def list_users(config: ConfigOption = None) -> None:
    """Show logins and the senders they may use."""
    for user in _read(_path(config)).values():
        print(f"{user.name}\t{', '.join(sorted(user.senders)) or 'any sender of the organisation'}")


@app.command()
def add(
    name: NameArgument,
    senders: Annotated[list[str] | None, typer.Option("--sender", help="Address or @domain it may send as.")] = None,
    config: ConfigOption = None,
) -> None:
    """Add a login; asks for its password. Reload the gateway to put it into force."""
    path = _path(config)
    if _normal(name) in _read(path):
        fail(f"{path} has a login of that name already; remove it first")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        line = user_line(name, hash_password(password), tuple(senders or ()))
    except ValueError as error:
        fail(str(error))
    _write(path, [*_lines(path), line])
    print(f"{_normal(name)} added; reload the gateway to put it into force")


@app.command()
def remove(name: NameArgument, config: ConfigOption = None) -> None:
    """Remove a login. Reload the gateway to put it into force."""
    path, wanted = _path(config), _normal(name)
    if wanted not in _read(path):
        fail(f"{path} has no login of that name")
    _write(path, [line for line in _lines(path) if name_in(line) != wanted])
    if wanted in _read(path):
        fail(f"{path} still has that login: remove its line by hand")
    print(f"{wanted} removed; reload the gateway to put it into force")


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _path(config: Path | None) -> Path:
    users = settings(config).smtp.users
    if users is None:
        fail("smtp.users in gateway.yaml names no users file")
    return users


def _read(path: Path) -> dict[str, User]:
    try:
        return load_users(path) if path.exists() else {}
    except UsersFileError as error:
        fail(str(error))
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}")


def _lines(path: Path) -> list[str]:
    """The lines as ``load_users`` takes them: what else ends a line for Python may stand in a comment."""
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n") if path.exists() else []


def _write(path: Path, lines: list[str]) -> None:
    """Replace the file in one step, so that a reload never reads half of it."""
    try:
        durable.replace(path, "".join(f"{line}\n" for line in lines))
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}")
