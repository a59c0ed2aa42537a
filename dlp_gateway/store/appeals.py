"""The statements of appeals: a sender asks for a held message to be released, a reviewer answers.

The justification is sealed to the reviewers; it is erased together with the
content it speaks of, when nobody waits for the message any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dlp_gateway.store import database

_COLUMNS = "id, message_id, at, key_id, sealed, answer, answered_at, answered_by"


@dataclass(frozen=True, slots=True)
class Appeal:
    """A sender's request; ``answer`` is "" until there is one: released, returned, deleted, refused ...

    ``sealed`` is the justification, empty once it was erased. Times are
    seconds since the epoch; ``answered_by`` is the reviewer's name.
    """

    id: int
    message_id: str
    at: float
    key_id: str
    sealed: bytes = field(repr=False)
    answer: str
    answered_at: float | None
    answered_by: str

    @property
    def open(self) -> bool:
        """Whether nobody has answered yet."""
        return not self.answer


def of(message_id: str) -> list[Appeal]:
    """All appeals for a message, oldest first; raises StoreError."""
    return _select("message_id = %s ORDER BY id", (message_id,))


def unanswered(limit: int) -> list[Appeal]:
    """Appeals that wait for an answer, oldest first; raises StoreError."""
    return _select("answer = '' ORDER BY at, id LIMIT %s", (limit,))


def count_unanswered() -> int:
    """How many wait for an answer; raises StoreError."""
    with database.failures("the appeals were not counted"), database.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM dlp_appeal WHERE answer = ''")
        return int(cursor.fetchone()[0])


def add(cursor: Any, message_id: str, at: float, key_id: str, sealed: bytes) -> None:
    """Keep an appeal."""
    cursor.execute(
        "INSERT INTO dlp_appeal (message_id, at, key_id, sealed) VALUES (%s, %s, %s, %s)",
        (message_id, at, key_id, sealed),
    )


def answer(cursor: Any, message_id: str, how: str, by: str, now: float) -> int:
    """Answer the open appeal for a message, if there is one; returns how many there were."""
    cursor.execute(
        "UPDATE dlp_appeal SET answer = %s, answered_by = %s, answered_at = %s WHERE message_id = %s AND answer = ''",
        (how, by, now, message_id),
    )
    return int(cursor.rowcount)


def erase(cursor: Any, message_id: str) -> None:
    """Destroy the justifications given for a message."""
    cursor.execute("UPDATE dlp_appeal SET sealed = %s WHERE message_id = %s", (b"", message_id))


def _select(condition: str, values: tuple[Any, ...]) -> list[Appeal]:
    with database.failures("the appeals were not read"), database.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM dlp_appeal WHERE {condition}", values)  # noqa: S608  # constants
        return [Appeal(row[0], row[1], row[2], row[3], bytes(row[4]), *row[5:]) for row in cursor.fetchall()]
