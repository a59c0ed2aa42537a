"""The record for other systems: JSON lines, CSV for spreadsheets, and ArcSight's Common Event Format for a SIEM."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from dlp_gateway import __version__
from dlp_gateway.audit.chain import Entry, EntryKind, resolved
from dlp_gateway.store import history

_PAGE = 500
_ERASED = "(erased)"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

# CEF severity, 0 to 10: what a security team wants to see first is highest.
_SEVERITIES: Mapping[str, int] = {
    EntryKind.DECIDE: 1,
    EntryKind.HOLD: 6,
    EntryKind.UNCERTAIN: 4,
    EntryKind.BOUNCE: 3,
    EntryKind.DROP: 5,
    EntryKind.VIEW: 5,
    EntryKind.COPY: 6,
    EntryKind.APPROVE: 6,
    EntryKind.RELEASE: 7,
    EntryKind.RETURN: 4,
    EntryKind.DELETE: 5,
    EntryKind.RESTRICT: 5,
    EntryKind.APPEAL: 4,
    EntryKind.REFUSE_APPEAL: 4,
    EntryKind.WITHDRAW: 4,
    EntryKind.ERASE: 6,
    EntryKind.PRUNE: 6,
    EntryKind.PERSON: 5,
    EntryKind.CONFIGURE: 7,
    EntryKind.SIGN_IN: 3,
    EntryKind.VERIFY: 3,
    EntryKind.ACCOUNT: 7,
}


def json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """One JSON object a line.

    ``details`` and ``tokens`` are what the hash was made of (details in
    canonical form: keys sorted, no blanks, ASCII); ``texts`` says what stands
    behind ``@0``, ``@1``, ...: null where it was erased. Reads the texts of
    the entries from the store; raises StoreError.
    """
    for entry, texts in _with_texts(entries):
        yield json.dumps(
            {
                "seq": entry.seq,
                "at": iso(entry.at),
                "epoch": entry.at,
                "kind": entry.kind,
                "actor": entry.actor,
                "subject": entry.subject,
                "details": json.loads(entry.details),
                "texts": {f"@{n}": text for n, text in enumerate(texts)},
                "tokens": entry.tokens.split(),
                "previous": entry.previous.hex(),
                "hash": entry.hash.hex(),
            },
            ensure_ascii=True,
        )


def cef(entries: Iterable[Entry]) -> Iterator[str]:
    """One CEF:0 event a line, without the syslog header; raises StoreError."""
    for entry, details in told(entries):
        fields = ("dlp-gateway", "dlp-gateway", __version__, entry.kind, f"Record: {entry.kind}", _severity(entry))
        header = "|".join(_header(field) for field in fields)
        extension = " ".join(f"{key}={_value(value)}" for key, value in _extension(entry, details))
        yield f"CEF:0|{header}|{extension}"


def csv_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """A line of names, then one for each entry, for spreadsheets (``csv_row``); raises StoreError."""
    yield csv_row(("number", "at", "kind", "actor", "subject", "details", "previous", "hash"))
    for entry, details in told(entries):
        text = json.dumps(details, ensure_ascii=True, sort_keys=True)
        fixed = (entry.seq, iso(entry.at), entry.kind, entry.actor, entry.subject, text)
        yield csv_row((*fixed, entry.previous.hex(), entry.hash.hex()))


def csv_row(cells: Iterable[object]) -> str:
    """One line of CSV without its end, every text in quotes.

    A spreadsheet takes a text that begins with =, +, -, @, a tab or a line
    end for a formula, and senders choose their addresses: such a text gets an
    apostrophe in front (OWASP, "CSV Injection").
    """
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_NONNUMERIC, lineterminator="").writerow([_inert(cell) for cell in cells])
    return written.getvalue()


def _inert(cell: object) -> object:
    if isinstance(cell, (int, float)):
        return cell
    text = str(cell)
    return f"'{text}" if text[:1] in _FORMULA else text


def told(entries: Iterable[Entry]) -> Iterator[tuple[Entry, Any]]:
    """Entries with their details, addresses and words in the place of their tokens; raises StoreError."""
    for entry, texts in _with_texts(entries):
        yield entry, resolved(json.loads(entry.details), texts, _ERASED)


def _extension(entry: Entry, details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "rt", str(int(entry.at * 1000))
    yield "externalId", str(entry.seq)
    yield "deviceExternalId", entry.subject
    yield "suser", details.get("sender") or entry.actor
    recipients = details.get("recipients", [details] if "recipient" in details else [])
    addresses = [item.get("address", item.get("recipient", "")) for item in recipients]
    if addresses:
        yield "duser", ",".join(addresses)
    actions = sorted({item["action"] for item in recipients if "action" in item})
    if actions:
        yield "act", ",".join(actions)
    rules = sorted({rule for item in recipients for rule in item.get("rules", ())})
    if rules:
        yield "cs1Label", "rules"
        yield "cs1", ",".join(rules)
    if "reason" in details:
        yield "reason", details["reason"]
    if "host" in details:
        yield "dhost", details["host"]
    yield "cs2Label", "hash"
    yield "cs2", entry.hash.hex()
    yield "cs3Label", "actor"
    yield "cs3", entry.actor
    if entry.kind == EntryKind.CHECKPOINT:
        yield "cs4Label", "signature"
        yield "cs4", f"{details['key']} {details['at']!r} {details['signature']}"


def _severity(entry: Entry) -> str:
    if entry.kind == EntryKind.DECIDE and '"action":"deliver"' not in entry.details:
        return "5"
    return str(_SEVERITIES.get(entry.kind, 1))


def _header(text: str) -> str:
    return _one_line(text.replace("\\", "\\\\").replace("|", "\\|"))


def _value(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("=", "\\=")
    return escaped.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\r")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _with_texts(entries: Iterable[Entry]) -> Iterator[tuple[Entry, list[str | None]]]:
    page: list[Entry] = []
    for entry in entries:
        page.append(entry)
        if len(page) == _PAGE:
            yield from _resolved(page)
            page = []
    yield from _resolved(page)


def _resolved(page: list[Entry]) -> Iterator[tuple[Entry, list[str | None]]]:
    texts = history.texts(token for entry in page for token in entry.tokens.split())
    for entry in page:
        found = [texts.get(token) for token in entry.tokens.split()]
        yield entry, [None if text is None else text.text for text in found]


def iso(at: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
