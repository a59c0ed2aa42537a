"""Erasing a person's addresses at their request: from finished decisions, from the record, from what hangs on them.

What accountability needs stays without the address: that a message was
decided on, by which rules, for which zone, and what became of it. What is
under way is erased when it is finished: housekeeping goes on with erasures
that were begun (``resume``). What is kept for a dispute stays, and mail that
comes after an erasure began is no part of it.

The record keeps an address once for all entries that name it. So the record
is cleared of the person once, and what names them from then on is told apart
by the text it names: those of mail that came later stay.
"""

# ruff: noqa: S608  # statements are put together from constants; every value is a parameter

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlp_gateway.store import database, persons, receipts, record, requests, retention, rounds
from dlp_gateway.store.change import change
from dlp_gateway.store.errors import StoreInvalidError
from dlp_gateway.store.persons import FINISHED
from dlp_gateway.store.requests import DataSubject, Request, RequestKind
from dlp_gateway.store.values import ACTOR

_BATCH = 500
# Housekeeping of another gateway that comes sooner than this lets it be.
_APART = 300.0
# Notices that tell senders of an erasure are made a little after it began.
_AFTERWARDS = 3600.0

# In a receipt: the last number of the record when it was cleared of the person.
_CLEARED = "cleared"

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
# Entries that name texts and are about nothing that the erasure is for. Notices are gone once they were delivered:
# what became of a message that is not there any more is about one of these.
_NAMING_LATER = (
    "SELECT e.seq, e.tokens FROM dlp_audit_entry e LEFT JOIN dlp_message m ON m.id = e.subject"
    " WHERE e.seq > %s AND e.tokens <> '' AND ((m.at > %s AND (m.kind = 'mail' OR m.at > %s)) OR (m.id IS NULL"
    " AND e.kind NOT IN ('deliver', 'uncertain', 'defer', 'bounce', 'retry', 'drop'))) ORDER BY e.seq LIMIT %s"
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
        receipt = receipts.read(request.id)
        receipt["reasons_by_name"] = reasons_by_name or bool(receipt.get("reasons_by_name"))
        receipt.pop(_CLEARED, None)
        receipts.write(request.id, receipt, erasing_at=now, erased_at=None)
        made.rows.notes.append(requests.note(request, now, actor, "erasing"))
    return requests.still_open(request_id)


def add_held(request: Request, deleted: Sequence[int], *, wiped: int) -> None:
    """Note on the receipt that held messages were destroyed, by the numbers of their entries in the record."""
    with change():
        kept = receipts.read(request.id)
        kept["entries"] = [*kept.get("entries", ()), *deleted]
        receipts.write(request.id, receipts.added(kept, {"held messages": wiped}))


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
        "texts of the record": _texts(request, person, until, actor, now, pseudonyms),
    }
    with database.failures("what is left was not counted"), database.cursor() as cursor:
        left = _left(cursor, person, until)
    with change() as made:
        kept = receipts.added(receipts.read(request.id), erased)
        kept["left"] = [[one.what, one.count, one.why] for one in left]
        receipts.write(request.id, kept, erased_at=None if left else now)
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


def _senders(cursor: Any, person: DataSubject, until: float) -> int:
    condition, values = persons.sending(person)
    found = _select(cursor, _SENDERS.format(condition), [*values, until])
    for table in ("dlp_link", "dlp_appeal"):
        cursor.executemany(f"DELETE FROM {table} WHERE message_id = %s", found)
    cursor.executemany(_SENDER_GONE, [(ERASED, _LOCAL, _DOMAIN, row[0]) for row in found])
    return len(found)


def _recipients(cursor: Any, person: DataSubject, until: float) -> int:
    condition, values = persons.receiving(person)
    found = _select(cursor, _RECIPIENTS.format(condition), [*values, until])
    cursor.executemany(_RECIPIENT_GONE, [(ERASED, _LOCAL, _DOMAIN, row[0]) for row in found])
    return len(found)


def _notices(cursor: Any, person: DataSubject, until: float) -> int:
    condition, values = persons.receiving(person)
    found = _select(cursor, _OWN.format(condition), [*values, until + _AFTERWARDS])
    retention.remove(cursor, [row[0] for row in found])
    return len(found)


def _texts(
    request: Request, person: DataSubject, until: float, actor: str, now: float, pseudonyms: bytes | None
) -> int:
    """Clear the record of the person: the first time of everything, then of what is about mail that came by then."""
    reached, later = _later(request, person, until, pseudonyms)
    with change() as made:
        receipt = receipts.read(request.id)
        cleared = receipt.get(_CLEARED)
        if persons.restricted(made.cursor, person):
            return 0
        last, _, _ = record.head(made.cursor)  # Now nobody appends: look at what came in the meantime.
        tokens = _own_texts(made.cursor, request, person, pseudonyms)
        if cleared is not None:
            tokens -= later
            tokens -= _named_later(made.cursor, tokens, max(reached, cleared), until)[1]
        else:
            receipts.write(request.id, {**receipt, _CLEARED: last})
        return record.forget_texts(made.cursor, sorted(tokens), now, actor, request.name)


def _later(request: Request, person: DataSubject, until: float, pseudonyms: bytes | None) -> tuple[int, set[str]]:
    """The person's texts that mail names which came after the erasure, and the number up to which that was seen.

    Read outside the transaction: there may be weeks of the record to look at.
    """
    cleared = request.receipt.get(_CLEARED)
    if cleared is None:
        return 0, set()
    with database.failures("the record was not read"), database.cursor() as cursor:
        return _named_later(cursor, _own_texts(cursor, request, person, pseudonyms), cleared, until)


def _own_texts(cursor: Any, request: Request, person: DataSubject, pseudonyms: bytes | None) -> set[str]:
    found = persons.record_texts(cursor, person, pseudonyms)
    named = found.named if request.receipt.get("reasons_by_name") else ()
    return {*found.addresses, *found.reasons, *named}


def _named_later(cursor: Any, tokens: set[str], after: int, until: float) -> tuple[int, set[str]]:
    """Which of the texts are named behind the number ``after`` by entries that are not about mail of the erasure.

    Also the last number that was looked at; it ends as soon as all are found.
    """
    found: set[str] = set()
    while found != tokens:
        cursor.execute(_NAMING_LATER, (after, until, until + _AFTERWARDS, _BATCH))
        rows = list(cursor.fetchall())
        for seq, named in rows:
            after = seq
            found |= tokens.intersection(named.split())
        if len(rows) < _BATCH:
            break
    return after, found


def _left(cursor: Any, person: DataSubject, until: float) -> tuple[Left, ...]:
    kept = persons.restricted(cursor, person)
    waiting = persons.under_way(cursor, person, until, until + _AFTERWARDS)
    left = []
    if kept:
        left.append(Left("decisions and held messages", kept, "restricted for a dispute or a request; lift that first"))
        left.append(Left("addresses in the record", 1, "they are kept as long as a decision that they belong to"))
    if waiting:
        left.append(Left("messages under way", waiting, "queued or held; erased as soon as they are finished"))
    return tuple(left)


def _check(request: Request) -> DataSubject:
    if request.kind is not RequestKind.ERASE:
        raise StoreInvalidError(f"{request.name} does not ask for erasure")
    return _person(request)


def _person(request: Request) -> DataSubject:
    if request.person is None:
        raise StoreInvalidError(f"who {request.name} is about has been erased")
    return request.person


def _select(cursor: Any, statement: str, values: Sequence[Any]) -> list[Any]:
    cursor.execute(statement, [*values, _BATCH])
    return list(cursor.fetchall())
