"""Requests of persons under their rights: who asks for what, until when it is to be answered, and how it was.

The clock is that of Article 12(3) GDPR: one month after receipt, two more
where the request is complex, if the person is told so, and why, within the
first. Each step is on record under the request's name (``request-7``),
without the person's and without the words that were written about it: these
stand in the request alone and go with its clock.
"""

from __future__ import annotations

import calendar
import datetime as dt
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dlp_gateway.audit.chain import EntryKind, Note
from dlp_gateway.store import database
from dlp_gateway.store.change import change
from dlp_gateway.store.errors import StoreInvalidError

_LISTED = 500


class RequestKind(StrEnum):
    """What a person may ask for, with the articles of the GDPR."""

    ACCESS = "access"  # 15
    EXPORT = "export"  # 15(3), 20
    RECTIFY = "rectify"  # 16
    RESTRICT = "restrict"  # 18
    ERASE = "erase"  # 17


class Outcome(StrEnum):
    """How a request was answered."""

    GRANTED = "granted"
    PARTLY = "partly"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class DataSubject:
    """Who a request is about: ``addresses`` in lower case, ``words`` are names or other words to look for."""

    addresses: tuple[str, ...] = field(repr=False)
    words: tuple[str, ...] = field(repr=False, default=())

    @property
    def logins(self) -> tuple[str, ...]:
        """Names under which they may hand mail in: an address, or a word such as ``jo``."""
        return (*self.addresses, *(word.lower() for word in self.words))

    def text(self) -> str:
        """The form in which it is kept."""
        return json.dumps({"addresses": self.addresses, "words": self.words}, ensure_ascii=False)

    @classmethod
    def parse(cls, text: str) -> DataSubject | None:
        """What ``text`` gave; None where the person has been erased."""
        if not text:
            return None
        kept = json.loads(text)
        return cls(tuple(kept["addresses"]), tuple(kept["words"]))


@dataclass(frozen=True, slots=True)
class Request:
    """One request; times in seconds since the epoch, the end of a day where a day is meant.

    ``searched`` and ``opened`` tell how far the search inside held messages
    has come. ``erasing_at`` is when erasure began, ``erased_at`` when nothing
    was left of it.
    """

    id: int
    kind: RequestKind
    person: DataSubject | None = field(repr=False)
    received_at: float
    due_at: float
    extended_at: float | None
    extension: str = field(repr=False)
    taken_by: str
    searched: str
    opened: int
    erasing_at: float | None
    erased_at: float | None
    done_at: float | None
    done_by: str
    outcome: Outcome | None
    answer: str = field(repr=False)
    receipt: dict[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """How the record calls it."""
        return f"request-{self.id}"


def due(received_at: float, months: int = 1) -> float:
    """The last second (UTC) of the day so many calendar months later.

    The same day of the month, or its last where the month has no such day
    (Regulation 1182/71, Article 3(2)(c)). Weekends and holidays are not
    looked at: with them the person would wait longer, never shorter.
    """
    day = dt.datetime.fromtimestamp(received_at, dt.UTC).date()
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    end = dt.datetime.combine(dt.date(year, month + 1, min(day.day, last)), dt.time(23, 59, 59), dt.UTC)
    return end.timestamp()


def register(person: DataSubject, kind: RequestKind, received_at: float, *, actor: str, now: float) -> Request:
    """Take a request in; raises StoreInvalidError when it names nobody, or came after ``now``."""
    if not person.addresses and not person.words:
        raise StoreInvalidError("say who asks: an address, or a name")
    if received_at > now:
        raise StoreInvalidError("the day of receipt is in the future")
    with change() as made:
        row = database.rows("PersonRequest").create(
            person=person.text(), kind=kind.value, received_at=received_at, due_at=due(received_at), taken_by=actor
        )
        request = _request(database.rows("PersonRequest").get(pk=row.id))
        details = {"kind": kind.value, "received": received_at, "due": request.due_at}
        made.rows.notes.append(note(request, now, actor, "received", **details))
        return request


def extend(request_id: int, reason: str, *, actor: str, now: float) -> Request:
    """Take two more months; raises StoreInvalidError without a reason, after the first month, or a second time."""
    _need(reason, "the reason for the extension")
    with change() as made:
        request = _open(request_id)
        if request.extended_at is not None:
            raise StoreInvalidError("the time was extended already")
        if now > request.due_at:
            raise StoreInvalidError("the first month is over; the person had to be told of an extension within it")
        until = due(request.received_at, 3)
        database.rows("PersonRequest").filter(pk=request_id).update(
            extended_at=now, extension=reason.strip(), due_at=until
        )
        made.rows.notes.append(note(request, now, actor, "extended", due=until))
        return _request(database.rows("PersonRequest").get(pk=request_id))


def close(request_id: int, outcome: Outcome, answer: str, *, actor: str, now: float) -> Request:
    """Record how the person was answered; raises StoreInvalidError without words, or when it cannot be said yet."""
    _need(answer, "what the person was told")
    with change() as made:
        request = _open(request_id)
        if outcome is Outcome.GRANTED and request.kind is RequestKind.ERASE and request.erased_at is None:
            raise StoreInvalidError("not everything is erased yet; erase it, wait for what is under way, or say partly")
        database.rows("PersonRequest").filter(pk=request_id).update(
            done_at=now, done_by=actor, outcome=outcome.value, answer=answer.strip()
        )
        made.rows.notes.append(note(request, now, actor, "answered", outcome=outcome.value))
        return _request(database.rows("PersonRequest").get(pk=request_id))


def listed(*, open_only: bool = False) -> list[Request]:
    """Open requests, the next to be answered first, then those that are closed, the newest first; raises StoreError."""
    with database.failures("the requests were not read"):
        rows: Any = database.rows("PersonRequest")
        waiting = [_request(row) for row in rows.filter(done_at__isnull=True).order_by("due_at", "id")[:_LISTED]]
        if open_only:
            return waiting
        closed = rows.filter(done_at__isnull=False).order_by("-done_at", "-id")[:_LISTED]
        return waiting + [_request(row) for row in closed]


def find(request_id: int) -> Request | None:
    """One request; raises StoreError."""
    with database.failures("the request was not read"):
        row = database.rows("PersonRequest").filter(pk=request_id).first()
    return None if row is None else _request(row)


def still_open(request_id: int) -> Request:
    """A request that can be worked on; raises StoreInvalidError, StoreError."""
    with database.failures("the request was not read"):
        return _open(request_id, lock=False)


def note(request: Request, now: float, actor: str, act: str, **more: Any) -> Note:
    """An entry for the record about a step of a request; ``more`` holds no personal data."""
    return Note(EntryKind.PERSON, now, actor, request.name, {"act": act, **more})


def _open(request_id: int, *, lock: bool = True) -> Request:
    rows = database.rows("PersonRequest").filter(pk=request_id)
    row = (rows.select_for_update() if lock else rows).first()
    if row is None:
        raise StoreInvalidError(f"there is no request {request_id}")
    if row.done_at is not None:
        raise StoreInvalidError(f"request {request_id} was answered already")
    return _request(row)


def _need(text: str, what: str) -> None:
    if not text.strip():
        raise StoreInvalidError(f"{what} is needed")


def _request(row: Any) -> Request:
    return Request(
        id=row.id,
        kind=RequestKind(row.kind),
        person=DataSubject.parse(row.person),
        received_at=row.received_at,
        due_at=row.due_at,
        extended_at=row.extended_at,
        extension=row.extension,
        taken_by=row.taken_by,
        searched=row.searched,
        opened=row.opened,
        erasing_at=row.erasing_at,
        erased_at=row.erased_at,
        done_at=row.done_at,
        done_by=row.done_by,
        outcome=Outcome(row.outcome) if row.outcome else None,
        answer=row.answer,
        receipt=json.loads(row.receipt) if row.receipt else {},
    )
