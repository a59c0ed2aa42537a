"""``dlp-gateway check``: judge messages offline; nothing is stored or sent."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from pathlib import Path
from typing import Annotated, Any

import typer

from dlp_gateway.cli.context import FAILED, ConfigOption, directory, fail
from dlp_gateway.configfile import ConfigError
from dlp_gateway.model import Address, Client, Envelope, Recipient
from dlp_gateway.settings import Configuration, day, read_configuration
from dlp_gateway.smtp.addresses import AddressError, PathRole, parse_path

STOPPED = 1
_STDIN = Path("-")

FilesArgument = Annotated[list[Path] | None, typer.Argument(help="Messages; - is standard input.", show_default=False)]
FromOption = Annotated[str | None, typer.Option("--from", help="Envelope sender; default: the header's From.")]
ToOption = Annotated[
    list[str] | None, typer.Option("--to", help="Envelope recipient, repeatable; default: To, Cc and Bcc.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One line of JSON a message.")]
IndexOption = Annotated[
    Path | None, typer.Option("--index", help="File with a line {id, file, mail_from, rcpt} of JSON a message.")
]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Tell why, with everything that was considered.")]


class CaseError(Exception):
    """A message that cannot be judged; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Case:
    """A message to judge.

    A sender or recipients of None stand for those in its header, a sender of
    "" for the null reverse-path. ``problem`` is set when the case itself is wrong.
    """

    id: str
    path: Path
    sender: str | None = None
    recipients: tuple[str, ...] | None = None
    problem: str = ""


def check(
    files: FilesArgument = None,
    config: ConfigOption = None,
    sender: FromOption = None,
    to: ToOption = None,
    as_json: JsonOption = False,
    index: IndexOption = None,
    explain: ExplainOption = False,
) -> None:
    """Judge messages as the gateway would. Exit status: 0 all deliver, 1 some stop, 2 error."""
    from dlp_gateway.cli.judgement import as_data, explanation, in_words, judge

    if (index is None) == (not files):
        fail("name the messages to judge, or an index of them with --index")
    folder = directory(config)
    today = day(folder, time.time())
    try:
        configuration = read_configuration(folder, today)
        inspector = _inspector(configuration)
    except ConfigError as error:
        fail(str(error))
    policy = configuration.policy
    stopped = failed = False
    cases = (
        _listed(index) if index else (Case(str(file), file, sender, tuple(to) if to else None) for file in files or ())
    )
    for case in cases:
        try:
            raw, envelope = _opened(case)
        except CaseError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        judged = judge(case.id, raw, envelope, policy, inspector, today, explain=explain)
        stopped |= judged.stopped
        if as_json:
            more = explanation(judged, policy) if explain else {}
            _say(json.dumps({**as_data(judged), **more}, ensure_ascii=False))
        else:
            _say(in_words(judged, policy, explain=explain))
    raise typer.Exit(FAILED if failed else STOPPED if stopped else 0)


def _say(text: str) -> None:
    """Print what holds words of a message: a character that the output cannot carry becomes a question mark."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), flush=True)


def _inspector(configuration: Configuration) -> Any:
    """An inspector with the limits of the configuration, in this process."""
    from dlp_gateway import mime, wiring
    from dlp_gateway.inspection.inspector import document_limits, load_inspector

    limits = configuration.settings.inspection
    held_from = configuration.policy.pictures.held_from
    return load_inspector(
        configuration.directory,
        wiring.detectors(configuration),
        mime.ReadingBudget(**limits.reading.model_dump()),
        document_limits(limits.documents.model_dump(), list(held_from) if held_from else None),
    )


def _listed(index: Path) -> Iterator[Case]:
    """The cases of an index; file names in it are relative to it."""
    try:
        lines = index.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{index}: cannot be read: {error}")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            recipients = tuple(str(mailbox) for mailbox in entry["rcpt"])
            yield Case(str(entry["id"]), index.parent / entry["file"], str(entry["mail_from"] or ""), recipients)
        except (ValueError, KeyError, TypeError):
            problem = f"{index}:{number}: is not an object with id, file, mail_from and rcpt"
            yield Case(f"line {number}", index, problem=problem)


def _opened(case: Case) -> tuple[bytes, Envelope]:
    """The message of a case with its envelope; raises CaseError."""
    if case.problem:
        raise CaseError(case.problem)
    try:
        raw = sys.stdin.buffer.read() if case.path == _STDIN else case.path.read_bytes()
    except OSError as error:
        raise CaseError(f"{case.path}: cannot be read: {error.strerror}") from None
    senders = _in_header(raw, "from") if case.sender is None else (case.sender,)
    recipients = _in_header(raw, "to", "cc", "bcc") if case.recipients is None else case.recipients
    if not recipients:
        raise CaseError(f"{case.path}: has no recipient; name one with --to")
    sender = senders[0] if senders and senders[0] not in {"", "<>"} else None
    return raw, Envelope(
        sender=_address(sender, PathRole.SENDER) if sender else None,
        recipients=tuple(Recipient(_address(mailbox, PathRole.RECIPIENT)) for mailbox in recipients),
        client=Client("127.0.0.1"),
    )


def _in_header(raw: bytes, *names: str) -> tuple[str, ...]:
    header = BytesHeaderParser().parsebytes(raw)
    fields = [str(value) for name in names for value in header.get_all(name, ())]
    return tuple(mailbox for _, mailbox in getaddresses(fields) if "@" in mailbox)


def _address(text: str, role: PathRole) -> Address:
    """Read an address as the gateway does; one that it refuses is judged by what follows its last @."""
    try:
        address, _ = parse_path(text if text.startswith("<") else f"<{text}>", role)
    except AddressError as error:
        print(f"the gateway would not take this address: {error.reply.text}", file=sys.stderr)
        address = None
    if address is None:
        local, _, domain = text.strip("<>").rpartition("@")
        address = Address(local=local, domain=domain.lower(), literal=text)
    return address
