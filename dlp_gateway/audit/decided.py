"""Decisions for other systems: CSV with a line for each recipient, JSON lines, CEF from their entries in the record.

What was found is told by its kind and how often, never by its value.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from dlp_gateway.audit.export import cef, csv_row, iso
from dlp_gateway.model import RuleHit
from dlp_gateway.store import decisions, facts, history
from dlp_gateway.store.decisions import Decided, Fate

_PAGE = 200
_COLUMNS = (
    *("decision", "at", "sender", "recipient", "zone", "action", "state", "rules", "monitored", "clauses", "found"),
    *("not inspected", "reply", "host", "tls", "policy", "size", "digest"),
)


def csv_lines(decision_ids: Iterable[str]) -> Iterator[str]:
    """A line of names, then one for each recipient of each decision; raises StoreError."""
    yield csv_row(_COLUMNS)
    for decided in _decisions(decision_ids):
        for fate in decided.recipients:
            yield csv_row(_row(decided, fate))


def json_lines(decision_ids: Iterable[str]) -> Iterator[str]:
    """One JSON object for each decision, with its recipients; raises StoreError."""
    for decided in _decisions(decision_ids):
        yield json.dumps(_object(decided), ensure_ascii=True)


def cef_lines(decision_ids: Iterable[str]) -> Iterator[str]:
    """The record's entries of the decisions as CEF events; raises StoreError."""
    for page in _pages(decision_ids):
        yield from cef(history.decided(page))


def _pages(decision_ids: Iterable[str]) -> Iterator[list[str]]:
    ids = iter(decision_ids)
    while page := list(islice(ids, _PAGE)):
        yield page


def _decisions(decision_ids: Iterable[str]) -> Iterator[Decided]:
    for page in _pages(decision_ids):
        yield from decisions.read(page)


def _row(decided: Decided, fate: Fate) -> tuple[object, ...]:
    stopping = [hit for hit in fate.hits if not hit.monitored and hit.excepted_by is None]
    found = facts.counts(decided.inspection.findings)
    return (
        decided.id,
        iso(decided.at),
        decided.sender,
        fate.address,
        fate.zone.value,
        fate.action.value,
        fate.state,
        " ".join(hit.rule for hit in stopping),
        " ".join(hit.rule for hit in fate.hits if hit.monitored),
        " ".join(dict.fromkeys(hit.clause for hit in stopping)),
        " ".join(f"{entity}:{count}" for entity, count in sorted(found.items())),
        len(decided.inspection.unscanned),
        f"{fate.code} {fate.enhanced}".strip() if fate.code else "",
        fate.host,
        fate.tls,
        decided.policy,
        decided.size,
        decided.digest,
    )


def _object(decided: Decided) -> dict[str, Any]:
    inspection = decided.inspection
    return {
        "decision": decided.id,
        "at": iso(decided.at),
        "sender": decided.sender,
        "policy": decided.policy,
        "size": decided.size,
        "digest": decided.digest,
        "inspected": inspection.scope,
        "found": facts.counts(inspection.findings),
        "not_inspected": dict(Counter(item.why for item in inspection.unscanned)),
        "recipients": [_recipient(fate) for fate in decided.recipients],
    }


def _recipient(fate: Fate) -> dict[str, Any]:
    return {
        "address": fate.address,
        "zone": fate.zone.value,
        "action": fate.action.value,
        "state": fate.state,
        "hits": [_hit(hit) for hit in fate.hits],
        "attempts": fate.attempts,
        "code": fate.code,
        "enhanced": fate.enhanced,
        "host": fate.host,
        "tls": fate.tls,
    }


def _hit(hit: RuleHit) -> dict[str, Any]:
    return {
        "rule": hit.rule,
        "clause": hit.clause,
        "action": hit.action.value,
        "reasons": hit.reasons,
        "monitored": hit.monitored,
        "excepted_by": hit.excepted_by,
    }
