"""What was decided, for those who ask later: one decision with its explanation, or a list of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dlp_gateway.model import Action, Inspection, RuleHit, Zone
from dlp_gateway.store import database, facts
from dlp_gateway.store.values import Kind


@dataclass(frozen=True, slots=True)
class Fate:
    """One recipient of a decided message: the verdict, and what became of it.

    ``state`` is queued, delivered, failed, dropped, held, refused, returned,
    deleted, withdrawn or expired. ``code`` to ``tls`` are of the last attempt.
    """

    delivery_id: int
    address: str
    zone: Zone
    action: Action
    hits: tuple[RuleHit, ...]
    approvals: int
    state: str
    attempts: int
    released_at: float | None
    settled_at: float | None
    code: int
    enhanced: str
    text: str
    host: str
    tls: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as it is kept; ``inspection`` is the version in the clear, without names of files."""

    id: str
    at: float
    sender: str
    client_host: str
    client_user: str
    size: int
    digest: str
    policy: str
    inspection: Inspection = field(repr=False)
    recipients: tuple[Fate, ...]


def find(decision_id: str) -> Decided | None:
    """The decision with that identifier, if it is still kept; raises StoreError."""
    found = _read(database.rows("Message").filter(id=decision_id))
    return found[0] if found else None


def read(decision_ids: Sequence[str]) -> list[Decided]:
    """Some decisions, in the order asked for, without those that are gone; raises StoreError."""
    found = {decided.id: decided for decided in _read(database.rows("Message").filter(id__in=decision_ids))}
    return [found[key] for key in decision_ids if key in found]


def _read(rows: Any) -> list[Decided]:
    with database.failures("the decisions were not read"):
        return [_decided(row) for row in rows.prefetch_related("recipients") if row.kind == Kind.MAIL]


def _decided(row: Any) -> Decided:
    return Decided(
        id=row.id,
        at=row.at,
        sender=row.sender_literal,
        client_host=row.client_host,
        client_user=row.client_user,
        size=row.size,
        digest=row.digest,
        policy=row.policy,
        inspection=facts.decode(row.facts),
        recipients=tuple(_fate(recipient) for recipient in sorted(row.recipients.all(), key=lambda r: r.id)),
    )


def _fate(row: Any) -> Fate:
    return Fate(
        delivery_id=row.id,
        address=row.literal,
        zone=Zone(row.zone),
        action=Action(row.action),
        hits=facts.decode_hits(row.hits),
        approvals=row.approvals,
        state=row.state,
        attempts=row.attempts,
        released_at=row.released_at,
        settled_at=row.settled_at,
        code=row.code,
        enhanced=row.enhanced,
        text=row.text,
        host=row.host,
        tls=row.tls,
    )
