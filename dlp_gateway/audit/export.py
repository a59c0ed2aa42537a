"""The record for other systems: JSON lines, CSV for spreadsheets, and ArcSight's Common Event Format for a SIEM."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from dlp_gateway import __version__
from dlp_gateway.audit.chain import Entry, Kind
from dlp_gateway.store import history

_PAGE = 500
_REFERENCE = re.compile(r"@(\d+)")
_ERASED = "(erased)"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

# CEF severity, 0 to 10: what a security team wants to see first is highest.
_SEVERITIES: Mapping[str, int] = {
    Kind.DECIDE: 1,
    Kind.HOLD: 6,
    Kind.UNCERTAIN: 4,
    Kind.BOUNCE: 3,
    Kind.DROP: 5,
    Kind.VIEW: 5,
    Kind.COPY: 6,
    Kind.APPROVE: 6,
    Kind.RELEASE: 7,
    Kind.RETURN: 4,
    Kind.DELETE: 5,
    Kind.RESTRICT: 5,
    Kind.APPEAL: 4,
    Kind.REFUSE_APPEAL: 4,
    Kind.WITHDRAW: 4,
    Kind.ERASE: 6,
    Kind.PRUNE: 6,
    Kind.PERSON: 5,
    Kind.CONFIGURE: 7,
    Kind.SIGN_IN: 3,
    Kind.VERIFY: 3,
    Kind.ACCOUNT: 7,
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
        yield entry, _resolve(json.loads(entry.details), texts)


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
    if entry.kind == Kind.CHECKPOINT:
        yield "cs4Label", "signature"
        yield "cs4", f"{details['key']} {details['at']!r} {details['signature']}"


def _severity(entry: Entry) -> str:
    if entry.kind == Kind.DECIDE and '"action":"deliver"' not in entry.details:
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


def _resolve(value: Any, texts: list[str | None]) -> Any:
    """The details with each ``@n`` in the place of a text replaced by it."""
    if isinstance(value, dict):
        return {key: _resolve(item, texts) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, texts) for item in value]
    if isinstance(value, str) and (match := _REFERENCE.fullmatch(value)):
        number = int(match[1])
        text = texts[number] if number < len(texts) else None
        return _ERASED if text is None else text
    return value


def iso(at: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
