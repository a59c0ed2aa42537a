"""Versions of the rules: the text of policy and detection as it ran, from when on, and who put it into force."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from dlp_gateway.audit.chain import EntryKind, Note
from dlp_gateway.store import database
from dlp_gateway.store.change import change
from dlp_gateway.store.retention import removal

_LAST = "SELECT policy, detection FROM dlp_policy_version ORDER BY id DESC LIMIT 1"
_INSERT = "INSERT INTO dlp_policy_version (fingerprint, at, actor, policy, detection) VALUES (%s, %s, %s, %s, %s)"
_FIND = "SELECT id, at, actor, fingerprint, policy, detection FROM dlp_policy_version "
# A version is as old as the day on which another took its place.
_REMOVE = (
    "DELETE FROM dlp_policy_version WHERE id IN (SELECT v.id FROM dlp_policy_version v"
    " JOIN dlp_policy_version n ON n.id > v.id WHERE n.at < %s)"
)


@dataclass(frozen=True, slots=True)
class Version:
    """The rules in force from ``at`` on; ``policy`` and ``detection`` are the texts of the two files.

    ``id`` is 0 for one that is not in the store yet.
    """

    id: int
    at: float
    actor: str
    fingerprint: str
    policy: str = field(repr=False)
    detection: str = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of both texts, in hex, as the record names them."""
        texts = (text.encode("utf-8", "surrogatepass") for text in (self.policy, self.detection))
        return hashlib.sha256(b"".join(hashlib.sha256(text).digest() for text in texts)).hexdigest()


def enter(version: Version, config: str) -> bool:
    """Record that the rules run from now on, read from the folder ``config``; returns whether they are others.

    The entry in the record is made in any case, the version kept only when a
    text differs from the last one's. Raises StoreError.
    """
    details = {"policy": version.fingerprint, "config": config, "texts": version.digest}
    with change() as made:
        made.rows.notes.append(Note(EntryKind.CONFIGURE, version.at, version.actor, "configuration", details))
        made.cursor.execute(_LAST)
        last = made.cursor.fetchone()
        if last is not None and tuple(last) == (version.policy, version.detection):
            return False
        texts = (version.policy, version.detection)
        made.cursor.execute(_INSERT, (version.fingerprint, version.at, version.actor, *texts))
        return True


def versions(limit: int = 200) -> list[Version]:
    """The last versions, newest first: the first is what runs; raises StoreError."""
    return _read("ORDER BY id DESC LIMIT %s", limit)


def find(version: int) -> Version | None:
    """A version by its number, if it is still kept; raises StoreError."""
    return next(iter(_read("WHERE id = %s", version)), None)


def before(version: int) -> Version | None:
    """The version that another replaced; raises StoreError."""
    return next(iter(_read("WHERE id < %s ORDER BY id DESC LIMIT 1", version)), None)


def remove(replaced_before: float, now: float) -> int:
    """Forget the versions that were replaced before a moment; returns how many. Raises StoreError."""
    with change() as made:
        made.cursor.execute(_REMOVE, (replaced_before,))
        count = int(made.cursor.rowcount)
        if count:
            made.rows.notes.append(removal("policies", count, now))
    return count


def _read(which: str, parameter: Any) -> list[Version]:
    with database.failures("the versions of the policy were not read"), database.cursor() as cursor:
        cursor.execute(_FIND + which, (parameter,))
        return [Version(*row) for row in cursor.fetchall()]
