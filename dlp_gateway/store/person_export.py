"""Everything that is stored about a person, as plain data for a machine to read; docs/privacy.md has the format.

Addresses of others are masked, reasons that reviewers wrote are given only
where they name the person, and no message is opened for it.
"""

# ruff: noqa: S608  # statements are put together from constants; every value is a parameter

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dlp_gateway.audit.chain import Entry, resolved
from dlp_gateway.store import accounts, database, facts, history, matches, persons, requests
from dlp_gateway.store.requests import DataSubject, Request
from dlp_gateway.store.spelling import folded, same
from dlp_gateway.store.values import ACTOR

SCHEMA = "dlp-gateway person export 1"
MASKED = "masked"

_BATCH = 500
_MESSAGES = (
    "SELECT id, at, sender_literal, sender_local, sender_domain, client_host, client_user, size, policy, facts"
    " FROM dlp_message WHERE id IN ({}) ORDER BY id"
)
_RECIPIENTS = (
    "SELECT message_id, literal, local, domain, zone, action, hits, state, released_at, settled_at"
    " FROM dlp_recipient WHERE message_id IN ({}) ORDER BY id"
)
_HOLDS = "SELECT message_id, held_at, expires_at, restricted_at, closed_at FROM dlp_hold WHERE message_id IN ({})"
_APPEALS = "SELECT message_id, at, answer, answered_at FROM dlp_appeal WHERE message_id IN ({}) ORDER BY id"
_OWN = (
    "SELECT m.id, m.at, m.kind, m.about, r.state FROM dlp_recipient r JOIN dlp_message m ON m.id = r.message_id"
    " WHERE m.kind <> 'mail' AND {} ORDER BY m.at"
)
_SAID = (
    "Content of held messages: it also concerns other people, and is given by hand by the data protection officer.",
    "Mail that was delivered: it is not stored here.",
    "Logs: they hold no mail addresses, but identifiers of messages.",
)


def export(request: Request, now: float, pseudonyms: bytes | None = None) -> dict[str, Any]:
    """The export for a request; ``pseudonyms`` is the key of a record kept with pseudonyms. Raises StoreError."""
    person = request.person or DataSubject(())
    with database.failures("the export was not made"), database.cursor() as cursor:
        involved = persons.involved(cursor, person)
        known = accounts.named(person.addresses, person.words)
        return {
            "schema": SCHEMA,
            "made_at": iso(now),
            "request": request.name,
            "person": {"addresses": list(person.addresses), "words": list(person.words)},
            "decisions": [one for batch in _batches(involved) for one in _decisions(cursor, person, batch)],
            "notices": _own(cursor, person),
            "record": _record(cursor, person, [account.name for account in known], pseudonyms),
            "accounts": [
                {"name": a.name, "role": a.role, "active": a.active, "last_sign_in": iso(a.last_used)} for a in known
            ],
            "found_inside_held_messages": [_match(match) for match in matches.of(request)],
            "requests": [_request(one) for one in requests.listed() if _same(one.person, person)],
            "not_included": list(_SAID),
        }


def _decisions(cursor: Any, person: DataSubject, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    marks = database.marks(ids)
    recipients: dict[str, list[Any]] = {}
    cursor.execute(_RECIPIENTS.format(marks), ids)
    for row in cursor.fetchall():
        recipients.setdefault(row[0], []).append(_recipient(person, row))
    cursor.execute(_HOLDS.format(marks), ids)
    holds = {row[0]: _hold(row) for row in cursor.fetchall()}
    appeals: dict[str, list[Any]] = {}
    cursor.execute(_APPEALS.format(marks), ids)
    for message_id, at, answer, answered_at in cursor.fetchall():
        told = {"at": iso(at), "answer": answer or None, "answered_at": iso(answered_at)}
        appeals.setdefault(message_id, []).append(told)
    cursor.execute(_MESSAGES.format(marks), ids)
    for row in cursor.fetchall():
        handed_in = _logged_in(person, row[6])
        mine = _is(person, row[3], row[4]) or handed_in
        yield {
            "id": row[0],
            "at": iso(row[1]),
            "sender": _address(person, row[2], row[3], row[4]),
            "client": row[5] if mine else MASKED,
            "login": row[6] if handed_in else MASKED if row[6] else None,
            "size": row[7],
            "policy": row[8],
            "found": dict(Counter(finding.entity for finding in facts.decode(row[9]).findings)) if row[9] else {},
            "recipients": recipients.get(row[0], []),
            "held": holds.get(row[0]),
            "appeals": appeals.get(row[0], []) if mine else [],
        }


def _recipient(person: DataSubject, row: Any) -> dict[str, Any]:
    _, literal, local, domain, zone, action, hits, state, released_at, settled_at = row
    return {
        "address": _address(person, literal, local, domain),
        "zone": zone,
        "action": action,
        "rules": [{"rule": hit.rule, "clause": hit.clause} for hit in facts.decode_hits(hits)],
        "state": state,
        "released_at": iso(released_at),
        "settled_at": iso(settled_at),
    }


def _hold(row: Any) -> dict[str, Any]:
    _, held_at, expires_at, restricted_at, closed_at = row
    return {
        "held_at": iso(held_at),
        "expires_at": iso(expires_at),
        "restricted": restricted_at is not None,
        "closed_at": iso(closed_at),
    }


def _own(cursor: Any, person: DataSubject) -> list[dict[str, Any]]:
    condition, values = persons.receiving(person)
    cursor.execute(_OWN.format(condition), values)
    return [
        {"id": row[0], "at": iso(row[1]), "kind": row[2], "about": row[3], "state": row[4]} for row in cursor.fetchall()
    ]


def _record(cursor: Any, person: DataSubject, names: Sequence[str], pseudonyms: bytes | None) -> list[dict[str, Any]]:
    """The entries that name the person, or that they made as a user of the gateway; reads the whole record once.

    There can be more texts and entries of one person than a statement takes conditions.
    """
    found = persons.record_texts(cursor, person, pseudonyms)
    tokens = (*found.addresses, *found.reasons, *found.named)
    if not tokens and not names:
        return []
    texts = _texts(cursor, tokens, set(found.addresses), person)
    wanted, actors = frozenset(tokens), frozenset(names)
    return [
        _recorded(entry, texts, actors)
        for entry in history.entries()
        if entry.actor in actors or not wanted.isdisjoint(entry.tokens.split())
    ]


def _recorded(entry: Entry, texts: Mapping[str, str], actors: frozenset[str]) -> dict[str, Any]:
    own = entry.actor in actors
    # Only the person's texts are here: those of others are masked, and an empty one says nothing of them.
    known = [texts.get(token) or None for token in entry.tokens.split()]
    return {
        "seq": entry.seq,
        "at": iso(entry.at),
        "kind": entry.kind,
        "by": entry.actor if own or entry.actor == ACTOR else MASKED,
        "subject": entry.subject if own or "@" not in entry.subject else MASKED,
        "details": resolved(json.loads(entry.details), known, MASKED),
    }


def _texts(cursor: Any, tokens: Sequence[str], addresses: set[str], person: DataSubject) -> Mapping[str, str]:
    """The person's own texts by token; a pseudonym is told as the address it stands for."""
    found = {}
    for start in range(0, len(tokens), _BATCH):
        batch = tokens[start : start + _BATCH]
        marks = database.marks(batch)
        cursor.execute(f"SELECT token, text FROM dlp_audit_text WHERE token IN ({marks})", batch)
        found.update(dict(cursor.fetchall()))
    own = ", ".join(person.logins)
    return {token: own if token in addresses and text.startswith("p:") else text for token, text in found.items()}


def _match(match: matches.Match) -> dict[str, Any]:
    return {
        "message": match.message_id,
        "places": [{"where": role, "count": count} for role, _, count in match.places],
    }


def _request(one: Request) -> dict[str, Any]:
    return {
        "request": one.name,
        "kind": one.kind.value,
        "received_at": iso(one.received_at),
        "due_at": iso(one.due_at),
        "answered_at": iso(one.done_at),
        "outcome": one.outcome.value if one.outcome else None,
    }


def _same(other: DataSubject | None, person: DataSubject) -> bool:
    if other is None:
        return False
    theirs, ours = ({folded(text) for text in (*one.addresses, *one.words)} for one in (other, person))
    return not theirs.isdisjoint(ours)


def _is(person: DataSubject, local: str, domain: str) -> bool:
    """Whether an address is the person's; also with a sub-address (RFC 5233)."""
    return any(same(f"{local}@{domain}", address) for address in person.addresses)


def _logged_in(person: DataSubject, user: str) -> bool:
    return any(folded(user) == folded(login) for login in person.logins)


def _address(person: DataSubject, literal: str, local: str, domain: str) -> str:
    return literal if not literal or _is(person, local, domain) else MASKED


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]


def iso(at: float | None) -> str | None:
    """A moment for machines: ISO 8601 in UTC, to the second; None stays None."""
    return None if at is None else dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="seconds")
