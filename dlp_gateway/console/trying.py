"""A message that somebody tries: made from a form or a file, inspected in the confined worker, decided, and forgotten.

Nothing of it is stored, logged or put on record.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from dlp_gateway.console.inspector import Inspector
from dlp_gateway.inspection.encoding import from_plain
from dlp_gateway.inspection.pool import NoWorker, WorkerFailed, WorkerPool
from dlp_gateway.model import Action, Address, Client, Envelope, Inspection, Recipient, Verdict, unread
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.evaluate import Needs, decide_all, demand
from dlp_gateway.policy.explain import story
from dlp_gateway.smtp.addresses import AddressError, PathRole, parse_path

MOST_RECIPIENTS = 50
_BLANK = re.compile(r"\s+")


class TryingError(Exception):
    """What was given cannot be tried; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Told:
    """The verdict for one recipient, with its story line by line."""

    verdict: Verdict
    story: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What would become of a message, and why.

    ``texts`` have ``where``, ``role``, ``runs`` (a stretch and the kinds found
    in it; None for what is left out) and ``found``, ``candidates`` are as
    ``encoding.candidate_to_plain`` gives them. ``milliseconds`` are the
    worker's.
    """

    told: tuple[Told, ...]
    inspection: Inspection
    texts: Sequence[dict[str, Any]] = field(repr=False)
    candidates: Sequence[dict[str, Any]] = field(repr=False)
    omitted: int
    size: int

    @property
    def stopped(self) -> bool:
        """Whether somebody would not get it."""
        return any(told.verdict.action is not Action.DELIVER for told in self.told)

    @property
    def kept(self) -> list[dict[str, Any]]:
        """The candidates that are findings."""
        return [one for one in self.candidates if one["kept"]]

    @property
    def sunk(self) -> list[dict[str, Any]]:
        """The candidates that are none."""
        return [one for one in self.candidates if not one["kept"]]


def envelope(sender: str, recipients: str) -> Envelope:
    """The envelope of a sender ("" is the null one) and recipients, separated by blanks, commas or lines.

    Raises:
        TryingError: an address the gateway would not take, none, or too many.
    """
    wanted = list(dict.fromkeys(re.split(r"[\s,;]+", recipients.strip(" \t\r\n,;"))))
    if wanted == [""]:
        raise TryingError("Name at least one recipient.")
    if len(wanted) > MOST_RECIPIENTS:
        raise TryingError(f"At most {MOST_RECIPIENTS} recipients can be tried at once.")
    return Envelope(
        _address(sender.strip(), PathRole.SENDER) if sender.strip() else None,
        tuple(Recipient(address) for one in wanted if (address := _address(one, PathRole.RECIPIENT))),
        Client("127.0.0.1"),
    )


def written(subject: str, text: str, sent: Envelope) -> bytes:
    """A plain message with that Subject and text; To names the recipients."""
    message = EmailMessage(policy=SMTP.clone(utf8=True))
    message["From"] = sent.sender.literal if sent.sender else "postmaster@localhost"
    message["To"] = ", ".join(recipient.address.literal for recipient in sent.recipients)
    message["Subject"] = _BLANK.sub(" ", subject).strip()
    message.set_content(text.replace("\r\n", "\n") or "\n", charset="utf-8", cte="8bit")
    return message.as_bytes()


def attempt(inspector: Inspector, policy: Policy, raw: bytes, sent: Envelope, today: dt.date) -> Tried:
    """Inspect and decide as the gateway would; of what a worker fails on, the gateway would try the Subject once more.

    Raises:
        NoWorker: no worker could be had; nothing is known of the message.
    """
    needs = demand(policy, sent.recipients, today)
    reply = inspector.run(_explained(inspector.pool, raw, needs))
    inspection = from_plain(reply["inspection"]) if "inspection" in reply else unread(str(reply["why"]), needs.scope)
    verdicts = decide_all(policy, inspection, sent, today)
    return Tried(
        told=tuple(Told(verdict, story(policy, verdict)) for verdict in verdicts),
        inspection=inspection,
        texts=[
            {**text, "found": any(run is not None and run[1] for run in text["runs"])}
            for text in reply.get("texts", ())
            if any(run is None or run[0].strip() for run in text["runs"])
        ],
        candidates=reply.get("candidates", ()),
        omitted=int(reply.get("omitted", 0)),
        size=len(raw),
    )


async def _explained(pool: WorkerPool, raw: bytes, needs: Needs) -> dict[str, Any]:
    try:
        reply, _ = await pool.request({"raw": raw, "scope": needs.scope, "pictures": needs.pictures, "explain": True})
    except NoWorker:
        raise
    except WorkerFailed as failure:
        return {"why": failure.why}
    return reply


def _address(text: str, role: PathRole) -> Address | None:
    try:
        address, _ = parse_path(text if text.startswith("<") else f"<{text}>", role)
    except AddressError as error:
        raise TryingError(f"The gateway would not take the address {text}: {error.reply.text}.") from None
    return address
