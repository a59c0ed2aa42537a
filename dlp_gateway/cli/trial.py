"""``dlp-gateway try``: the whole gateway at once, on sample mail, without any server around it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import re
import smtplib
import ssl
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.utils import getaddresses
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlp_gateway.cli.context import FAILED, ConfigOption, table
from dlp_gateway.cli.serve import REFUSALS
from dlp_gateway.cli.trial_console import TrialConsole
from dlp_gateway.monitoring import logs
from dlp_gateway.settings import default_config_dir, load_settings
from dlp_gateway.smtp.selfsigned import make_certificate
from dlp_gateway.store import decisions, keys

if TYPE_CHECKING:
    from dlp_gateway.app import Gateway

_ID = re.compile(r"\[([0-9a-z]+-[0-9a-z]+)\]")


@dataclass(frozen=True, slots=True)
class _Sent:
    """One sample with the gateway's reply to it."""

    name: str
    recipients: tuple[str, ...]
    code: int
    reply: str


def run(
    state: Annotated[Path, typer.Option("--state", help="Folder for keys, database and delivered mail.")] = Path("var"),
    once: Annotated[bool, typer.Option("--once", help="Stop after the samples instead of staying up.")] = False,
    config: ConfigOption = None,
) -> None:
    """Set everything up under a folder, start, send sample messages by SMTP, show what was decided, stay up."""
    from dlp_gateway import app

    state = state.absolute()
    environment = {**_environment(state), **{k: v for k, v in os.environ.items() if k.startswith("DLP_GATEWAY__")}}
    certificate = state / "tls/gateway.crt"
    console: TrialConsole | None = None

    async def show(gateway: Gateway) -> None:
        sent = await asyncio.to_thread(_send_samples, gateway.ports[0], certificate)
        found: dict[str, decisions.Decided | None] = {}
        for identifier in _ids(sent):
            found[identifier] = await gateway.store.read(partial(decisions.find, identifier))
        print(_report(sent, found))
        print(_next_steps(gateway, state, {"DLP_GATEWAY_CONFIG": str(folder.resolve()), **environment}))
        if console is not None:
            print(await asyncio.to_thread(console.told))
            print("\nCtrl-C stops everything.")
        sys.stdout.flush()
        if once:
            gateway.request_stop()

    try:
        folder = config or default_config_dir()
        settings = load_settings(folder, environment)
        environment.setdefault("DLP_GATEWAY__CONSOLE__URL", f'"http://localhost:{settings.console.listen.port}"')
        if not settings.keys.directory.is_dir():
            keys.init(settings.keys.directory)
        if not certificate.exists():
            make_certificate(certificate, state / "tls/gateway.key", settings.hostname, dt.datetime.now(dt.UTC))
        (state / "log").mkdir(parents=True, exist_ok=True)
        with contextlib.ExitStack() as stack:
            if not once:
                console = stack.enter_context(TrialConsole(folder, environment, settings, state / "log/console.log"))
            log = stack.enter_context((state / "log/gateway.log").open("a", encoding="utf-8"))
            logs.configure(settings.logging.level, log)
            asyncio.run(app.serve(folder, environment, show))
    except REFUSALS as error:
        print(f"dlp-gateway cannot start: {error}", file=sys.stderr)
        raise typer.Exit(FAILED) from error


def _environment(state: Path) -> dict[str, str]:
    """The settings of the trial: everything below one folder, mail boxes in place of next hops."""
    tls = f'{{"certificate": "{state}/tls/gateway.crt", "key": "{state}/tls/gateway.key"}}'
    return {
        "DLP_GATEWAY__ROOT": f'"{state.parent}"',
        "DLP_GATEWAY__STATE_DIRECTORY": f'"{state}"',
        "DLP_GATEWAY__SMTP__TLS": tls,
        "DLP_GATEWAY__STORE__URL": f'"sqlite:///{state}/dlp-gateway.db"',
        "DLP_GATEWAY__KEYS__DIRECTORY": f'"{state}/keys"',
        "DLP_GATEWAY__DELIVERY__INTERNAL": f'{{"maildir": "{state}/outbox/inside"}}',
        "DLP_GATEWAY__DELIVERY__EXTERNAL": f'{{"maildir": "{state}/outbox/outside"}}',
    }


def _send_samples(port: int, certificate: Path) -> list[_Sent]:
    context = ssl.create_default_context(cafile=str(certificate))
    sent = []
    with smtplib.SMTP("localhost", port, timeout=60) as client:
        client.starttls(context=context)
        client.ehlo()
        for sample in sorted(files("dlp_gateway.samples").iterdir(), key=lambda entry: entry.name):
            if not sample.name.endswith(".eml"):
                continue
            content = sample.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            message = message_from_bytes(content)
            sender = getaddresses([message["From"]])[0][1]
            recipients = tuple(address for _, address in getaddresses([message["To"]]))
            client.mail(sender)
            for recipient in recipients:
                client.rcpt(recipient)
            code, reply = client.data(content)
            sent.append(_Sent(sample.name.removesuffix(".eml"), recipients, code, reply.decode("ascii")))
    return sent


def _ids(sent: list[_Sent]) -> list[str]:
    return [identifier for message in sent if (identifier := _id(message))]


def _id(message: _Sent) -> str:
    found = _ID.search(message.reply)
    return found[1] if found else ""


def _report(sent: list[_Sent], found: dict[str, decisions.Decided | None]) -> str:
    rows = []
    for message in sent:
        decided = found.get(_id(message))
        for fate in decided.recipients if decided else ():
            enforced = [hit for hit in fate.hits if not hit.monitored and hit.excepted_by is None]
            why = "; ".join(f"{hit.rule} ({hit.clause}): {', '.join(hit.reasons)}" for hit in enforced)
            rows.append((message.name, str(message.code), fate.address, fate.zone.value, fate.action.value, why or "-"))
    return "\n" + table(("MESSAGE", "REPLY", "RECIPIENT", "ZONE", "DECIDED", "WHY (RULE, CLAUSE, PLACE)"), rows)


def _next_steps(gateway: Gateway, state: Path, environment: Mapping[str, str]) -> str:
    metrics = gateway.settings.monitoring.listen
    prefix = f"env {' '.join(f'{k}={_quoted(v)}' for k, v in environment.items())} "
    lines = [
        "",
        f"The gateway is up on 127.0.0.1:{gateway.ports[0]} (SMTP). Send it mail of your own:",
        f"  swaks --server 127.0.0.1:{gateway.ports[0]} --from you@westendonsixth.com --to somebody@example.net",
        f"What was delivered is in   {state}/outbox/inside and {state}/outbox/outside",
        f"What is held               {state}/dlp-gateway quarantine list",
        f"The record                 {state}/dlp-gateway audit verify",
        f"Its log                    {state}/log/gateway.log",
    ]
    if metrics is not None:
        lines.append(f"Health and metrics         http://{metrics}/readyz and /metrics")
    _write_command(state, prefix)
    return "\n".join(lines)


def _write_command(state: Path, prefix: str) -> None:
    """A command that looks at the trial's state, as the settings of the trial are not those of the configuration."""
    command = state / "dlp-gateway"
    command.write_text(f'#!/bin/sh\nexec {prefix}{sys.executable} -m dlp_gateway.cli "$@"\n', encoding="utf-8")
    command.chmod(0o700)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
