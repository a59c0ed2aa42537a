"""What acts on held messages write, each statement within the transaction of the act."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dlp_gateway.store import database


def lock(cursor: Any, message_ids: Iterable[str]) -> None:
    """Keep others from acting on the messages until the transaction ends; SQLite has one writer anyway."""
    if database.is_postgresql():
        for message_id in message_ids:
            cursor.execute("SELECT id FROM dlp_message WHERE id = %s FOR UPDATE", (message_id,))


def end(cursor: Any, recipients: Iterable[int], state: str, now: float) -> None:
    """Let recipients go from held to another state, which is final."""
    cursor.executemany(
        "UPDATE dlp_recipient SET state = %s, settled_at = %s WHERE id = %s AND state = 'held'",
        [(state, now, recipient) for recipient in recipients],
    )


def close_if_done(cursor: Any, message_id: str, now: float) -> bool:
    """Close the hold when nobody waits any more; whether it is closed."""
    cursor.execute(
        "UPDATE dlp_hold SET closed_at = %s WHERE message_id = %s AND NOT EXISTS"
        " (SELECT 1 FROM dlp_recipient r WHERE r.message_id = dlp_hold.message_id AND r.state = 'held')",
        (now, message_id),
    )
    cursor.execute("SELECT closed_at FROM dlp_hold WHERE message_id = %s", (message_id,))
    return cursor.fetchone()[0] is not None


def restrict(cursor: Any, message_id: str, since: float | None, given_back: float) -> None:
    """Freeze a hold from ``since`` on, or lift that (None); it expires so many seconds later."""
    cursor.execute(
        "UPDATE dlp_hold SET restricted_at = %s, expires_at = expires_at + %s WHERE message_id = %s",
        (since, given_back, message_id),
    )
