"""What is due now and then, and is done once, however many gateways share the database."""

from __future__ import annotations

from typing import Any

_TAKE = (
    "INSERT INTO dlp_round (name, at) VALUES (%s, %s)"
    " ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE dlp_round.at < %s OR dlp_round.at > %s"
)
# By so much the clocks of gateways on one database may differ, generously: what was done further ahead was done by a
# clock that was wrong, and nobody waits until that time comes.
_APART = 3600.0


def take(cursor: Any, name: str, now: float, since: float) -> bool:
    """Whether ``name`` was not done since then; then it counts as done ``now``, once the transaction ends well."""
    cursor.execute(_TAKE, (name, now, since, now + _APART))
    return bool(cursor.rowcount == 1)
