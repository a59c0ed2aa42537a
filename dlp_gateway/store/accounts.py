"""The console's tables, as far as clocks and rights need them; they are there once the console was started.

By statements of its own: in the gateway's process the console's models are
not installed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dlp_gateway.audit.chain import EntryKind, Note
from dlp_gateway.store import database
from dlp_gateway.store.change import change
from dlp_gateway.store.spelling import folded
from dlp_gateway.store.values import ACTOR

_ACCOUNTS, _SESSIONS, _SECOND_FACTORS = "dlp_account", "django_session", "mfa_authenticator"
# An account that was never used counts from the day it was made.
_SIGNED_IN = "COALESCE(last_login, date_joined)"
# One that was let in again counts from then on.
_LET_IN = f"CASE WHEN enabled_at > {_SIGNED_IN} THEN enabled_at ELSE {_SIGNED_IN} END"
# The last administrator stays: nobody else could let people in again.
_UNUSED = (
    "SELECT id, username FROM dlp_account a WHERE is_active AND {used} < %s AND (role <> 'admin' OR EXISTS"
    " (SELECT 1 FROM dlp_account b WHERE b.role = 'admin' AND b.is_active AND b.id <> a.id AND {used} >= %s))"
)
_FORGOTTEN = "SELECT id, username FROM dlp_account WHERE NOT is_active AND disabled_at < %s AND email <> ''"


@dataclass(frozen=True, slots=True)
class Known:
    """An account that belongs to a person; ``last_used`` in seconds since the epoch, None: never."""

    name: str
    role: str
    active: bool
    last_used: float | None


def there() -> bool:
    """Whether the console was ever started on this database; raises StoreError."""
    return _ACCOUNTS in _tables()


def named(addresses: Iterable[str], words: Iterable[str]) -> tuple[Known, ...]:
    """Accounts with one of the addresses, or with one of the words as their name; raises StoreError."""
    mail = {folded(address) for address in addresses}
    names = mail | {folded(word) for word in words}
    if not names or not there():
        return ()
    with database.failures("the accounts were not read"), database.cursor() as cursor:
        cursor.execute(
            "SELECT username, role, is_active, last_login, first_name, last_name, email FROM dlp_account"
            " ORDER BY username"
        )
        rows = cursor.fetchall()
    return tuple(
        Known(row[0], row[1], bool(row[2]), _epoch(row[3]))
        for row in rows
        if folded(row[0]) in names or folded(f"{row[4]} {row[5]}".strip()) in names or folded(row[6]) in mail
    )


def stored() -> dict[str, tuple[int, float | None]]:
    """How many accounts and sessions there are, and when the clock of the first to go began; raises StoreError.

    ``accounts`` are those that may sign in, ``disabled`` those that may not and still name a person.
    """
    tables = _tables()
    if _ACCOUNTS not in tables:
        return {}
    found: dict[str, tuple[int, float | None]] = {}
    with database.failures("the accounts were not counted"), database.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*), MIN({_last_used(cursor)}) FROM dlp_account WHERE is_active")  # noqa: S608
        count, oldest = cursor.fetchone()
        found["accounts"] = int(count), _epoch(oldest)
        cursor.execute("SELECT COUNT(*), MIN(disabled_at) FROM dlp_account WHERE NOT is_active AND email <> ''")
        count, since = cursor.fetchone()
        found["disabled"] = int(count), since
        if _SESSIONS in tables:
            cursor.execute("SELECT COUNT(*), MIN(expire_date) FROM django_session")
            count, oldest = cursor.fetchone()
            found["sessions"] = int(count), _epoch(oldest)
    return found


def end_sessions(now: float) -> int:
    """Delete sessions that are over; returns how many. Raises StoreError."""
    if _SESSIONS not in _tables():
        return 0
    with change() as made:
        made.cursor.execute("DELETE FROM django_session WHERE expire_date < %s", (_moment(now),))
        return int(made.cursor.rowcount)


def disable_unused(before: float, now: float) -> int:
    """Disable accounts that nobody has signed in to since ``before``; returns how many. Raises StoreError.

    Those that an administrator has let in again since are not among them.
    """
    if not there():
        return 0
    with change() as made:
        statement = _UNUSED.format(used=_last_used(made.cursor))
        made.cursor.execute(statement, (_moment(before), _moment(before)))
        found = made.cursor.fetchall()
        made.cursor.executemany(
            "UPDATE dlp_account SET is_active = %s, disabled_at = %s, generation = generation + 1 WHERE id = %s",
            [(False, now, row[0]) for row in found],
        )
        made.rows.notes += [
            Note(EntryKind.ACCOUNT, now, ACTOR, row[1], {"act": "disabled", "why": "unused"}) for row in found
        ]
    return len(found)


def forget_disabled(before: float, now: float) -> int:
    """Erase accounts disabled before a moment: the person's name, address, password, second factors.

    The account's name stays, so that the record's actors remain told apart
    and nobody else gets it. Returns how many. Raises StoreError.
    """
    if not there():
        return 0
    with change() as made:
        made.cursor.execute(_FORGOTTEN, (before,))
        found = made.cursor.fetchall()
        numbers = [(row[0],) for row in found]
        if _SECOND_FACTORS in _tables():
            made.cursor.executemany("DELETE FROM mfa_authenticator WHERE user_id = %s", numbers)
        made.cursor.executemany(
            # "!" begins a password that nothing matches (django.contrib.auth.hashers.UNUSABLE_PASSWORD_PREFIX).
            "UPDATE dlp_account SET first_name = '', last_name = '', email = '', password = '!' WHERE id = %s",
            numbers,
        )
        made.rows.notes += [Note(EntryKind.ACCOUNT, now, ACTOR, row[1], {"act": "erased"}) for row in found]
    return len(found)


def _last_used(cursor: Any) -> str:
    """When an account was used last; the column is missing until the console has started once with this release."""
    columns = database.connection().introspection.get_table_description(cursor, _ACCOUNTS)
    return _LET_IN if any(column.name == "enabled_at" for column in columns) else _SIGNED_IN


def _tables() -> set[str]:
    with database.failures("the tables were not listed"):
        return set(database.connection().introspection.table_names())


def _moment(seconds: float) -> Any:
    """A moment as Django's columns of date and time hold it."""
    at = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return database.connection().ops.adapt_datetimefield_value(at)


def _epoch(value: Any) -> float | None:
    if value is None:
        return None
    at = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
    return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp()
