"""What is held: the list, and one held message, as everyone with a reviewer's rights may see it.

Nothing here opens a message: content, Subject and names of files are sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlp_gateway.model import Address, Inspection, RuleHit, Zone
from dlp_gateway.quarantine import reviewers
from dlp_gateway.quarantine.reviewers import Reviewer
from dlp_gateway.store import approvals, database, facts, holds
from dlp_gateway.store.approvals import Account

_PAGE = 500


@dataclass(frozen=True, slots=True)
class HeldRecipient:
    """One recipient a message is, or was, held for.

    ``state`` is held until a reviewer, the sender or time decides: then queued
    (released) and whatever comes of that, returned, deleted, withdrawn or
    expired. A release needs
    ``approvals`` different reviewers; ``approved_by`` are those who agreed, and
    while it is held only those who may still decide.
    """

    id: int
    address: Address
    zone: Zone
    state: str
    hits: tuple[RuleHit, ...]
    approvals: int
    approved_by: tuple[Reviewer, ...]

    @property
    def stopping(self) -> tuple[RuleHit, ...]:
        """The hits it is held for: neither only monitored nor excepted."""
        return tuple(hit for hit in self.hits if not hit.monitored and hit.excepted_by is None)


@dataclass(frozen=True, slots=True)
class Held:
    """A held message: ``recipients`` are those it is or was held for. Times in seconds since the epoch.

    ``user`` is the account that handed the message in, "" without one. While ``restricted_at`` is set,
    nothing is done with the message and its clock stands still.
    """

    message_id: str
    sender: Address | None
    user: str
    size: int
    digest: str
    held_at: float
    expires_at: float
    restricted_at: float | None
    closed_at: float | None
    recipients: tuple[HeldRecipient, ...]
    inspection: Inspection = field(repr=False)

    @property
    def waiting(self) -> tuple[HeldRecipient, ...]:
        """The recipients that still wait for a reviewer."""
        return tuple(recipient for recipient in self.recipients if recipient.state == "held")

    @property
    def approvals(self) -> int:
        """The most approvals that any recipient still needs in all: 2 for high-risk."""
        return max((recipient.approvals for recipient in self.waiting), default=0)


def waiting(*, limit: int = 1000, expiring_before: float | None = None) -> list[Held]:
    """What waits for a reviewer, the next to expire first; raises StoreError."""
    rows: Any = database.rows("Hold").filter(closed_at__isnull=True)
    if expiring_before is not None:
        rows = rows.filter(expires_at__lte=expiring_before, restricted_at__isnull=True)
    return _read(rows.order_by("expires_at", "message_id")[:limit])


def everything() -> Iterator[Held]:
    """All that waits for a reviewer, the next to expire first; read in pages. Raises StoreError."""
    found = holds.ids(holds.Wanted())
    for start in range(0, len(found), _PAGE):
        rows: Any = database.rows("Hold").filter(closed_at__isnull=True, message_id__in=found[start : start + _PAGE])
        yield from _read(rows.order_by("expires_at", "message_id"))


def counting() -> Callable[[str], bool]:
    """Whether an approval counts while its message is held, by what it says whose it is. Raises StoreError."""
    accounts = approvals.of_console()
    return lambda giver: reviewers.may_decide(reviewers.read(giver), accounts)


def find(message_id: str) -> Held | None:
    """One message that is or was held; raises StoreError."""
    found = _read(database.rows("Hold").filter(message_id=message_id))
    return found[0] if found else None


def _read(rows: Any) -> list[Held]:
    with database.failures("the held messages were not read"):
        complete = list(rows.select_related("message").prefetch_related("message__recipients__approved_by"))
        held = (one for row in complete for one in row.message.recipients.all() if one.state == "held")
        accounts = approvals.of_console() if any(one.approved_by.all() for one in held) else ()
        return [_held(row, accounts) for row in complete]


def _held(row: Any, accounts: Sequence[Account]) -> Held:
    message = row.message
    recipients = sorted((r for r in message.recipients.all() if r.action == "hold"), key=lambda r: r.id)
    return Held(
        message_id=message.id,
        sender=_sender(message),
        user=message.client_user,
        size=message.content_size,
        digest=message.content_digest,
        held_at=row.held_at,
        expires_at=row.expires_at,
        restricted_at=row.restricted_at,
        closed_at=row.closed_at,
        recipients=tuple(_recipient(recipient, accounts) for recipient in recipients),
        inspection=facts.decode(message.facts),
    )


def _sender(row: Any) -> Address | None:
    return Address(row.sender_local, row.sender_domain, row.sender_literal) if row.sender_literal else None


def _recipient(row: Any, accounts: Sequence[Account]) -> HeldRecipient:
    given = (reviewers.read(approval.reviewer) for approval in sorted(row.approved_by.all(), key=lambda a: a.id))
    return HeldRecipient(
        id=row.id,
        address=Address(row.local, row.domain, row.literal),
        zone=Zone(row.zone),
        state=row.state,
        hits=facts.decode_hits(row.hits),
        approvals=row.approvals,
        approved_by=tuple(one for one in given if row.state != "held" or reviewers.may_decide(one, accounts)),
    )
