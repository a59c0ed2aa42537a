"""Messages through the whole offline path: reader, documents, detectors, policy."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from dlp_gateway.inspection.inspector import Inspector, load_inspector
from dlp_gateway.model import Action, Address, Client, Envelope, Recipient
from dlp_gateway.policy.definition import Policy
from dlp_gateway.policy.evaluate import decide_all, demand
from dlp_gateway.policy.load import load_policy

ROOT = Path(__file__).parents[1]
TODAY = dt.date(2026, 6, 1)
SENDER = "office@westendonsixth.com"
INSIDER, OUTSIDER = "colleague@westendonsixth.com", "someone@elsewhere.example"


@dataclass(frozen=True, slots=True)
class Case:
    """A message and what is expected of it for each recipient."""

    id: str
    category: str
    raw: bytes
    sender: str
    stops: Mapping[str, bool]
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A case, whether each recipient was stopped, and by which rules."""

    case: Case
    stopped: Mapping[str, bool]
    rules: tuple[str, ...]

    @property
    def caught(self) -> bool | None:
        """Whether every recipient to stop was stopped; None when there is none."""
        wanted = [address for address, stop in self.case.stops.items() if stop]
        return all(self.stopped[address] for address in wanted) if wanted else None

    @property
    def false_stop(self) -> bool:
        """Whether a recipient to deliver to was stopped."""
        return any(self.stopped[address] and not stop for address, stop in self.case.stops.items())


class Judge:
    """The shipped configuration, loaded once."""

    def __init__(self, inspector: Inspector | None = None) -> None:
        self.inspector = inspector or load_inspector(ROOT / "config", ROOT / "detectors")
        text = (ROOT / "config" / "policy.yaml").read_text(encoding="utf-8")
        self.policy: Policy = load_policy(text, "policy.yaml", TODAY).policy

    def judge(self, case: Case) -> Judged:
        """Inspect a message and decide for its recipients."""
        recipients = tuple(Recipient(_address(address)) for address in case.stops)
        envelope = Envelope(_address(case.sender), recipients, Client("127.0.0.1"))
        needs = demand(self.policy, recipients, TODAY)
        inspection = self.inspector.inspect(case.raw, scope=needs.scope)
        verdicts = decide_all(self.policy, inspection, envelope, TODAY)
        stopped = {str(v.recipient.address): v.action is not Action.DELIVER for v in verdicts}
        return Judged(case, stopped, tuple(dict.fromkeys(rule for v in verdicts for rule in v.rules)))


def blind_cases() -> Iterator[Case]:
    """Yield the messages of tests/data/blind."""
    path = ROOT / "tests" / "data" / "blind" / "messages.yaml"
    for entry in YAML(typ="safe").load(path.read_text(encoding="utf-8")):
        recipient = INSIDER if entry.get("to") == "internal" else OUTSIDER
        category = _CATEGORIES[entry["id"].split("-")[0]]
        stops = {recipient: entry["stop"]}
        yield Case(entry["id"], category, _mail(entry, recipient), SENDER, stops, entry.get("hard", False))


def corpus_cases(directory: Path) -> Iterator[Case]:
    """Yield the messages of a directory with an ``index.jsonl`` (id, file, category, mail_from, rcpt, expect, hard)."""
    for line in (directory / "index.jsonl").read_text(encoding="utf-8").split("\n"):
        if line:
            entry = json.loads(line)
            stops = {address: entry["expect"][address] == "stop" for address in entry["rcpt"]}
            raw = (directory / entry["file"]).read_bytes()
            yield Case(entry["id"], entry["category"], raw, entry["mail_from"], stops, entry["hard"])


_CATEGORIES = {
    "id": "identifiers", "at": "attributes", "sp": "special categories", "cr": "credentials",
    "bu": "bulk", "ev": "evasion",
    "su": "subjects to stop", "so": "subjects to deliver", "co": "contact information", "lo": "look-alikes",
}  # fmt: skip


def _mail(entry: Mapping[str, Any], recipient: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = SENDER
    message["To"] = recipient
    message["Subject"] = entry["subject"]
    message["Message-ID"] = f"<{entry['id']}@westendonsixth.com>"
    if "text" in entry:
        message.set_content(entry["text"])
    if "html" in entry:
        message.set_content(entry["html"], subtype="html")
    if "file" in entry:
        message.add_attachment(_content(entry["content"]).encode(), "text", "plain", filename=entry["file"])
    return message.as_bytes()


_GIVEN = "Ada Bo Cleo Dov Elin Faye Gus Hal Ida Jon Kit Lea Max Nan Ole Pia".split()
_FAMILY = "Abel Brisco Calder Dunmore Eklund Farrow Gessner Hobday".split()


def _content(text: str) -> str:
    """Write out ``@people N`` and ``@depots N``: so many rows of contacts, or of depots that are nobody's."""
    kind, _, count = text.partition(" ")
    if kind == "@people":
        rows = [f"{_GIVEN[n % 16]} {_FAMILY[n // 16 % 8]},0400 {n:03} 5{n % 90:02}" for n in range(int(count))]
        return "\n".join(["name,mobile", *rows]) + "\n"
    if kind == "@depots":
        rows = [f"Depot {n} {_FAMILY[n % 8]} Street,(07) 5550 {2000 + n}" for n in range(int(count))]
        return "\n".join(["depot,telephone", *rows]) + "\n"
    return text


def _address(text: str) -> Address:
    local, _, domain = text.rpartition("@")
    return Address(local, domain.lower(), text)
