"""Restriction at a person's request (Article 18 GDPR): decisions are kept as they are, what is held of them is frozen.

That a decision is restricted is a row for each request that asks for it, and
a held message is frozen as long as there is one. The requests' receipts say
which messages were frozen for a request rather than for a dispute of their
own, which outlasts it: ``frozen`` is handed on to another request that keeps
the message, so that the last one to be lifted lets it go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlp_gateway.audit.chain import EntryKind, Note, Texts
from dlp_gateway.store import database, persons, receipts, requests, reviewing
from dlp_gateway.store.change import Change, change
from dlp_gateway.store.errors import StoreInvalidError
from dlp_gateway.store.requests import Request
from dlp_gateway.store.values import ACTOR

_FROZEN = "frozen"
_UNFROZEN = (
    "SELECT h.message_id FROM dlp_hold h WHERE h.closed_at IS NULL AND h.restricted_at IS NULL"
    " AND h.message_id IN (SELECT x.message_id FROM dlp_restriction x WHERE x.request_id = %s) ORDER BY h.message_id"
)
_LEFT_OPEN = (
    "SELECT MIN(x.request_id) FROM dlp_restriction x JOIN dlp_hold h ON h.message_id = x.message_id"
    " WHERE h.closed_at IS NULL AND h.restricted_at IS NULL GROUP BY x.message_id"
)


def restrict(request: Request, *, also: Sequence[str] = (), actor: str, now: float) -> int:
    """Keep all decisions from and to the person as they are, and ``also`` others, and freeze what is held of them.

    All of it becomes true together; done again, it adds what has come since.
    Returns how many decisions are new. Raises StoreInvalidError when the
    person has been erased, StoreError.
    """
    if request.person is None:
        raise StoreInvalidError(f"who {request.name} is about has been erased")
    with change() as made:
        receipt = receipts.read(request.id)
        before = _restricted(made.cursor, request)
        wanted = sorted({*persons.involved(made.cursor, request.person), *also} - before)
        reviewing.lock(made.cursor, wanted)
        made.cursor.executemany(
            "INSERT INTO dlp_restriction (request_id, message_id, at) VALUES (%s, %s, %s)",
            [(request.id, message_id, now) for message_id in wanted],
        )
        made.rows.notes.append(requests.note(request, now, actor, "restricted", decisions=len(wanted)))
        receipt = _freeze(made, request, receipt, actor, now)
        receipts.write(request.id, receipts.added(receipt, {"decisions restricted": len(wanted)}))
    return len(wanted)


def lift(request: Request, *, actor: str, now: float) -> int:
    """End the restriction of a request: the clocks of its decisions go on, and what was frozen for it thaws.

    What another request restricts as well stays frozen, and thaws with that
    one; so does what is frozen for a dispute of its own. Returns how many
    decisions it was. Raises StoreError.
    """
    with change() as made:
        kept = receipts.noting(_FROZEN)
        kept[request.id] = receipts.read(request.id)
        lifted = _restricted(made.cursor, request)
        made.cursor.execute("DELETE FROM dlp_restriction WHERE request_id = %s", (request.id,))
        made.rows.notes.append(requests.note(request, now, actor, "restriction lifted", decisions=len(lifted)))
        frozen = {number: set(receipt.get(_FROZEN, ())) for number, receipt in kept.items()}
        noted = set().union(*frozen.values())
        for message_id in sorted((lifted | frozen[request.id]) & noted):
            for messages in frozen.values():
                messages.discard(message_id)
            keepers = _keepers(made.cursor, message_id)
            if keepers:
                frozen.setdefault(keepers[0], set()).add(message_id)
            else:
                _thaw(made, message_id, request, actor, now)
        kept[request.id] = receipts.added(kept[request.id], {"decisions no longer restricted": len(lifted)})
        for number, messages in frozen.items():
            receipt = kept[number] if number in kept else receipts.read(number)
            if number == request.id or messages != set(receipt.get(_FROZEN, ())):
                receipts.write(number, {**receipt, _FROZEN: sorted(messages)})
    return len(lifted)


def complete(now: float) -> int:
    """Freeze held messages that are restricted and not frozen; returns for how many requests there were any.

    There are none, unless a restriction was broken off halfway by an older
    version, or the database was edited by hand. Raises StoreError.
    """
    with database.failures("the restrictions were not read"), database.cursor() as cursor:
        cursor.execute(_LEFT_OPEN)
        numbers = sorted({row[0] for row in cursor.fetchall()})
    for number in numbers:
        request = requests.find(number)
        if request is not None:
            with change() as made:
                receipts.write(number, _freeze(made, request, receipts.read(number), ACTOR, now))
    return len(numbers)


def restricting(request: Request) -> int:
    """How many decisions are kept for a request; raises StoreError."""
    with database.failures("the restrictions were not counted"), database.cursor() as cursor:
        return len(_restricted(cursor, request))


def keepers(message_id: str) -> tuple[str, ...]:
    """The names of the requests that restrict a message; raises StoreError."""
    with database.failures("the restrictions were not read"), database.cursor() as cursor:
        return tuple(f"request-{number}" for number in _keepers(cursor, message_id))


def _restricted(cursor: Any, request: Request) -> set[str]:
    cursor.execute("SELECT message_id FROM dlp_restriction WHERE request_id = %s", (request.id,))
    return {row[0] for row in cursor.fetchall()}


def _keepers(cursor: Any, message_id: str) -> list[int]:
    cursor.execute("SELECT request_id FROM dlp_restriction WHERE message_id = %s ORDER BY request_id", (message_id,))
    return [row[0] for row in cursor.fetchall()]


def _freeze(made: Change, request: Request, receipt: dict[str, Any], actor: str, now: float) -> dict[str, Any]:
    """Freeze what is held of the request's decisions; returns its receipt with these messages noted."""
    made.cursor.execute(_UNFROZEN, (request.id,))
    reviewing.lock(made.cursor, [row[0] for row in made.cursor.fetchall()])
    made.cursor.execute(_UNFROZEN, (request.id,))  # A reviewer may have been faster.
    found = [row[0] for row in made.cursor.fetchall()]
    made.cursor.executemany(
        "UPDATE dlp_hold SET restricted_at = %s WHERE message_id = %s", [(now, message_id) for message_id in found]
    )
    made.rows.notes += [_note(message_id, request, actor, now, on=True) for message_id in found]
    noted = {**receipt, _FROZEN: sorted({*receipt.get(_FROZEN, ()), *found})}
    return receipts.added(noted, {"held messages frozen": len(found)})


def _thaw(made: Change, message_id: str, request: Request, actor: str, now: float) -> None:
    """Let a message's clock go on where it stopped."""
    reviewing.lock(made.cursor, [message_id])
    made.cursor.execute(
        "UPDATE dlp_hold SET expires_at = expires_at + %s - restricted_at, restricted_at = NULL"
        " WHERE message_id = %s AND closed_at IS NULL AND restricted_at IS NOT NULL",
        (now, message_id),
    )
    if made.cursor.rowcount:
        made.rows.notes.append(_note(message_id, request, actor, now, on=False))


def _note(message_id: str, request: Request, actor: str, now: float, *, on: bool) -> Note:
    texts = Texts()
    details = {"reason": texts.reason(request.name), "on": on}
    return Note(EntryKind.RESTRICT, now, actor, message_id, details, tuple(texts.items))
