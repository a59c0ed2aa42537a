"""``dlp-gateway check``: judge messages offline; nothing is stored or sent."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from pathlib import Path
from typing import Annotated, Any

import typer

from dlp_gateway.cli.context import FAILED, ConfigOption, directory, fail
from dlp_gateway.configfile import ConfigError
from dlp_gateway.model import Address, Client, Envelope, Recipient
from dlp_gateway.settings import Configuration, read_configuration
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
    """A message to judge; an envelope of None is taken from its headers."""

    id: str
    path: Path
    envelope: Envelope | None


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
    today = dt.datetime.now(dt.UTC).date()
    try:
        configuration = read_configuration(directory(config), today)
        inspector = _inspector(configuration)
    except ConfigError as error:
        fail(str(error))
    policy = configuration.policy
    stopped = failed = False
    for case in _cases(files or (), index, sender, to):
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
            print(json.dumps({**as_data(judged), **more}, ensure_ascii=False), flush=True)
        else:
            print(in_words(judged, policy, explain=explain), flush=True)
    raise typer.Exit(FAILED if failed else STOPPED if stopped else 0)


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


def _cases(
    files: Sequence[Path], index: Path | None, sender: str | None, to: Sequence[str] | None
) -> Iterator[Case | CaseError]:
    """The messages to judge; what is wrong with a line of the index is told when its turn comes."""
    ...
