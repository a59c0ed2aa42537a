"""Approvals of releases, and the accounts of the console that they may come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dlp_gateway.store import accounts, database

_ADD = "INSERT INTO dlp_approval (recipient_id, reviewer, at) VALUES (%s, %s, %s)"
_ACCOUNTS = "SELECT username, email, is_active, role FROM dlp_account"
# The role of reviewers; the console's names of roles are not known here.
REVIEWERS = "dpo"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the console; ``decides`` says that it is active and a reviewer's. Its ``address`` may be ""."""

    name: str
    address: str
    decides: bool


def add(cursor: Any, recipients: Iterable[int], reviewer: str, now: float) -> None:
    """Note an approval for each of the recipients, within the transaction of the act."""
    cursor.executemany(_ADD, [(recipient, reviewer, now) for recipient in recipients])


def of_console() -> tuple[Account, ...]:
    """All accounts, shut ones as well; none where the console was never started. Raises StoreError."""
    if not accounts.there():
        return ()
    with database.failures("the accounts were not read"), database.cursor() as cursor:
        cursor.execute(_ACCOUNTS)
        return tuple(
            Account(name, address, bool(active) and role == REVIEWERS)
            for name, address, active, role in cursor.fetchall()
        )
