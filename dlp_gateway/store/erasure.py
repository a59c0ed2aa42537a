"""Erasing a person's addresses at their request: from finished decisions, from the record, from what hangs on them.

What accountability needs stays without the address: that a message was
decided on, by which rules, for which zone, and what became of it. What is
under way is erased when it is finished: housekeeping goes on with erasures
that were begun (``resume``). What is kept for a dispute stays, and mail that
comes after an erasure began is no part of it.
"""

# ruff: noqa: S608  # statements are put together from constants; every value is a parameter

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlp_gateway.store import database, persons, record, requests, retention, rounds
from dlp_gateway.store.change import change
from dlp_gateway.store.errors import StoreInvalidError
from dlp_gateway.store.intake import ACTOR
from dlp_gateway.store.persons import FINISHED
from dlp_gateway.store.requests import Person, Request, RequestKind

_BATCH = 500
# Housekeeping of another gateway that comes sooner than this lets it be.
_APART = 300.0
# Notices that tell senders of an erasure are made a little after it began.
_AFTERWARDS = 3600.0

# In place of an address; the domain can never be anybody's (RFC 2606 section 2).
_LOCAL, _DOMAIN = "erased", "erased.invalid"
ERASED = f"{_LOCAL}@{_DOMAIN}"

_SENDERS = (
    "SELECT m.id FROM dlp_message m WHERE m.kind = 'mail' AND {} AND m.at <= %s AND "
    + FINISHED
    + " ORDER BY m.id LIMIT %s"
)
_SENDER_GONE = (
    "UPDATE dlp_message SET sender_literal = CASE WHEN sender_literal = '' THEN '' ELSE %s END,"
    " sender_local = CASE WHEN sender_literal = '' THEN '' ELSE %s END,"
    " sender_domain = CASE WHEN sender_literal = '' THEN '' ELSE %s END, client_host = '', client_user = '',"
    " envid = NULL WHERE id = %s"
)
_RECIPIENTS = (
    "SELECT r.id FROM dlp_recipient r JOIN dlp_message m ON m.id = r.message_id WHERE m.kind = 'mail' AND {}"
    " AND m.at <= %s AND r.state NOT IN ('queued', 'held')"
    " AND NOT EXISTS (SELECT 1 FROM dlp_restriction x WHERE x.message_id = r.message_id)"
    " AND NOT EXISTS (SELECT 1 FROM dlp_hold h WHERE h.message_id = r.message_id AND h.restricted_at IS NOT NULL"
    " AND h.closed_at IS NULL) ORDER BY r.id LIMIT %s"
)
_RECIPIENT_GONE = (
    "UPDATE dlp_recipient SET literal = %s, local = %s, domain = %s, orcpt = NULL, text = '', host = '' WHERE id = %s"
)
_OWN = (
    "SELECT m.id FROM dlp_recipient r JOIN dlp_message m ON m.id = r.message_id WHERE m.kind <> 'mail' AND {}"
    " AND m.at <= %s AND " + FINISHED + " ORDER BY m.id LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Left:
    """What could not be erased now, how much of it, and why."""

    what: str
    count: int
    why: str


def begin(request_id: int, *, reasons_by_name: bool, actor: str, now: float) -> Request:
    """Start the erasure for a request, or start it again for what has come since.

    ``reasons_by_name``: also words on record that mention the person's name.

    Raises StoreInvalidError when the request is answered already, no request for erasure, or names no person.
    """
    with change() as made:
        request = requests.still_open(request_id)
        _check(request)
        by_name = reasons_by_name or bool(request.receipt.get("reasons_by_name"))
        _update(request, erasing_at=now, erased_at=None, receipt={**request.receipt, "reasons_by_name": by_name})
        made.rows.notes.append(requests.note(request, now, actor, "erasing"))
    return requests.still_open(request_id)


def add_held(request: Request, deleted: Sequence[int], *, wiped: int) -> None:
    """Note on the receipt that held messages were destroyed, by the numbers of their entries in the record."""
    with change():
        kept = _receipt(request)
        kept["entries"] = [*kept.get("entries", ()), *deleted]
        _update(request, receipt=_added(kept, {"held messages": wiped}))


def run(request: Request, *, actor: str, now: float, pseudonyms: bytes | None = None) -> tuple[Left, ...]:
    """Erase everything of the person that is finished and not restricted; returns what is left.

    Small transactions, so that mail goes on; each with its entry. Ends with
    the write-ahead log cut off. Raises StoreError.
    """
    person = _check(request)
    until = now if request.erasing_at is None else request.erasing_at
    erased = {
        "sender addresses": _batches(request, actor, now, "sender addresses", _senders, until),
        "recipient addresses": _batches(request, actor, now, "recipient addresses", _recipients, until),
        "notices": _batches(request, actor, now, "notices", _notices, until),
        "texts of the record": _texts(request, person, actor, now, pseudonyms),
    }
    with database.failures("what is left was not counted"), database.cursor() as cursor:
        left = _left(cursor, person, until)
    with change() as made:
        kept = _added(_receipt(request), erased)
        kept["left"] = [[one.what, one.count, one.why] for one in left]
        _update(request, receipt=kept, erased_at=None if left else now)
        if not left:
            made.cursor.execute("DELETE FROM dlp_person_match WHERE request_id = %s", (request.id,))
            made.rows.notes.append(requests.note(request, now, actor, "erased"))
    with database.failures("the write-ahead log was not cut off"):
        database.checkpoint()
    return left


def resume(now: float, pseudonyms: bytes | None = None) -> int:
    """Go on with erasures that were begun and had something left; returns how many came to their end.

    One of several gateways does it at a time: two would count the same twice. Raises StoreError.
    """
    with change() as made:
        if not rounds.take(made.cursor, "erasures", now, now - _APART):
            return 0
    with database.failures("the requests were not read"):
        rows: Any = database.rows("PersonRequest").filter(erasing_at__isnull=False, erased_at__isnull=True)
        unfinished = [row.id for row in rows.exclude(person="").order_by("id")]
    ended = 0
    for request_id in unfinished:
        request = requests.find(request_id)
        if request is not None:
            ended += not run(request, actor=ACTOR, now=now, pseudonyms=pseudonyms)
    return ended


def restrict(request: Request, *, also: Sequence[str] = (), actor: str, now: float) -> list[str]:
    """Keep all decisions from and to the person as they are, and ``also`` others; returns those that are new.

    Raises StoreError.
    """
    person = _person(request)
    with change() as made:
        before = _restrictions(made.cursor, request)
        wanted = sorted({*persons.involved(made.cursor, person), *also} - before)
        made.cursor.executemany(
            "INSERT INTO dlp_restriction (request_id, message_id, at) VALUES (%s, %s, %s)",
            [(request.id, message_id, now) for message_id in wanted],
        )
        made.rows.notes.append(requests.note(request, now, actor, "restricted", decisions=len(wanted)))
        _update(request, receipt=_added(_receipt(request), {"decisions restricted": len(wanted)}))
    return wanted


def lift(request: Request, *, actor: str, now: float) -> list[str]:
    """End the restriction of a request; the clocks of its decisions go on. Returns them. Raises StoreError."""
    with change() as made:
        found = sorted(_restrictions(made.cursor, request))
        made.cursor.execute("DELETE FROM dlp_restriction WHERE request_id = %s", (request.id,))
        made.rows.notes.append(requests.note(request, now, actor, "restriction lifted", decisions=len(found)))
        _update(request, receipt=_added(_receipt(request), {"decisions no longer restricted": len(found)}))
    return found


def restricting(request: Request) -> int:
    """How many decisions are kept for a request; raises StoreError."""
    with database.failures("the restrictions were not counted"), database.cursor() as cursor:
        return len(_restrictions(cursor, request))


def restricted(message_id: str) -> bool:
    """Whether any request restricts the message; raises StoreError."""
    with database.failures("the restrictions were not read"):
        return bool(database.rows("Restriction").filter(message_id=message_id).exists())


def kept_for_others(message_id: str, request: Request) -> bool:
    """Whether another request restricts the message too; raises StoreError."""
    with database.failures("the restrictions were not read"):
        rows: Any = database.rows("Restriction").filter(message_id=message_id)
        return bool(rows.exclude(request_id=request.id).exists())


def frozen(request: Request, messages: Sequence[str]) -> None:
    """Note which held messages are frozen for the request, so that lifting it lifts no other dispute."""
    with change():
        kept = _receipt(request)
        before = set(kept.get("frozen", ()))
        kept["frozen"] = sorted(messages)
        counts = {"held messages frozen": len(set(messages) - before)}
        _update(request, receipt=_added(kept, counts))


def _batches(request: Request, actor: str, now: float, what: str, step: Any, until: float) -> int:
    person, total = _person(request), 0
    while True:
        with change() as made:
            count = int(step(made.cursor, person, until))
            if count:
                made.rows.notes.append(requests.note(request, now, actor, "erasure", what=what, count=count))
        total += count
        if count < _BATCH:
            return total


def _senders(cursor: Any, person: Person, until: float) -> int:
    condition, values = persons.sending(person)
    found = _select(cursor, _SENDERS.format(condition), [*values, until])
    for table in ("dlp_link", "dlp_appeal"):
        cursor.executemany(f"DELETE FROM {table} WHERE message_id = %s", found)
    cursor.executemany(_SENDER_GONE, [(ERASED, _LOCAL, _DOMAIN, row[0]) for row in found])
    return len(found)


def _recipients(cursor: Any, person: Person, until: float) -> int:
    condition, values = persons.receiving(person)
    found = _select(cursor, _RECIPIENTS.format(condition), [*values, until])
    cursor.executemany(_RECIPIENT_GONE, [(ERASED, _LOCAL, _DOMAIN, row[0]) for row in found])
    return len(found)


def _notices(cursor: Any, person: Person, until: float) -> int:
    condition, values = persons.receiving(person)
    found = _select(cursor, _OWN.format(condition), [*values, until + _AFTERWARDS])
    retention.remove(cursor, [row[0] for row in found])
    return len(found)


def _texts(request: Request, person: Person, actor: str, now: float, pseudonyms: bytes | None) -> int:
    with change() as made:
        if persons.restricted(made.cursor, person):
            return 0
        found = persons.record_texts(made.cursor, person, pseudonyms)
        tokens = [*found.addresses, *found.reasons]
        if request.receipt.get("reasons_by_name"):
            tokens += found.named
        return record.forget_texts(made.cursor, tokens, now, actor, request.name)


def _left(cursor: Any, person: Person, until: float) -> tuple[Left, ...]:
    kept = persons.restricted(cursor, person)
    waiting = persons.under_way(cursor, person, until, until + _AFTERWARDS)
    left = []
    if kept:
        left.append(Left("decisions and held messages", kept, "restricted for a dispute or a request; lift that first"))
        left.append(Left("addresses in the record", 1, "they are kept as long as a decision that they belong to"))
    if waiting:
        left.append(Left("messages under way", waiting, "queued or held; erased as soon as they are finished"))
    return tuple(left)


def _check(request: Request) -> Person:
    if request.kind is not RequestKind.ERASE:
        raise StoreInvalidError(f"{request.name} does not ask for erasure")
    return _person(request)


def _person(request: Request) -> Person:
    if request.person is None:
        raise StoreInvalidError(f"who {request.name} is about has been erased")
    return request.person


def _select(cursor: Any, statement: str, values: Sequence[Any]) -> list[Any]:
    cursor.execute(statement, [*values, _BATCH])
    return list(cursor.fetchall())


def _restrictions(cursor: Any, request: Request) -> set[str]:
    cursor.execute("SELECT message_id FROM dlp_restriction WHERE request_id = %s", (request.id,))
    return {row[0] for row in cursor.fetchall()}


def _receipt(request: Request) -> dict[str, Any]:
    """The receipt as it is now, for a transaction that adds to it."""
    text = database.rows("PersonRequest").values_list("receipt", flat=True).get(pk=request.id)
    return dict(json.loads(text)) if text else {}


def _added(receipt: dict[str, Any], counts: Mapping[str, int]) -> dict[str, Any]:
    done = dict(receipt.get("done", {}))
    for what, count in counts.items():
        if count:
            done[what] = done.get(what, 0) + count
    return {**receipt, "done": done}


def _update(request: Request, *, receipt: dict[str, Any], **values: Any) -> None:
    database.rows("PersonRequest").filter(pk=request.id).update(receipt=json.dumps(receipt), **values)
