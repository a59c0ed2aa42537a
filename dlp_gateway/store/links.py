"""The statements of links to senders' pages: only the SHA-256 of their keys is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlp_gateway.store import database


@dataclass(frozen=True, slots=True)
class KeptLink:
    """A link that was sent; times in seconds since the epoch."""

    message_id: str
    expires_at: float
    used_at: float | None


def find(digest: str) -> KeptLink | None:
    """The link with that digest; raises StoreError."""
    with database.failures("the link was not read"), database.cursor() as cursor:
        cursor.execute("SELECT message_id, expires_at, used_at FROM dlp_link WHERE digest = %s", (digest,))
        row = cursor.fetchone()
    return KeptLink(*row) if row is not None else None


def use(cursor: Any, digest: str, now: float) -> str | None:
    """Mark a link as used; returns its message, None when it is unknown, used or expired."""
    cursor.execute(
        "UPDATE dlp_link SET used_at = %s WHERE digest = %s AND used_at IS NULL AND expires_at > %s",
        (now, digest, now),
    )
    if cursor.rowcount != 1:
        return None
    cursor.execute("SELECT message_id FROM dlp_link WHERE digest = %s", (digest,))
    return str(cursor.fetchone()[0])


def made_since(cursor: Any, message_id: str, since: float) -> int:
    """How many links were made for a message from then on."""
    cursor.execute("SELECT COUNT(*) FROM dlp_link WHERE message_id = %s AND at >= %s", (message_id, since))
    return int(cursor.fetchone()[0])
