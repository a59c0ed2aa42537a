"""The reviewers' accounts as the gateway knows them: who is told what waits, and who stands in."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from dlp_gateway.store import accounts, database

_COLUMNS = "id, username, email, role, digest, away_until, deputy_id"


@dataclass(frozen=True, slots=True)
class Member:
    """An active account; ``address`` is "" without one.

    Up to the end of ``away_until`` the account ``deputy`` stands in.
    """

    id: int
    name: str
    address: str
    role: str
    digest: bool
    away_until: dt.date | None
    deputy: int | None


def active() -> tuple[Member, ...]:
    """All active accounts, by name; none where the console was never started. Raises StoreError."""
    if not accounts.there():
        return ()
    with database.failures("the accounts were not read"), database.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM dlp_account WHERE is_active ORDER BY username")  # noqa: S608
        return tuple(_member(row) for row in cursor.fetchall())


def _member(row: Any) -> Member:
    number, name, address, role, digest, away_until, deputy = row
    if isinstance(away_until, str):  # SQLite has no dates of its own.
        away_until = dt.date.fromisoformat(away_until)
    return Member(number, name, address, role, bool(digest), away_until, deputy)
