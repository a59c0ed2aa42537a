"""A change on the quiet side: by a reviewer, an administrator, or housekeeping."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dlp_gateway.store import database, record
from dlp_gateway.store.intake import Rows


@dataclass(frozen=True, slots=True)
class Change:
    """One transaction: statements go through ``cursor``, ``rows`` (with entries for the record) go in at its end."""

    cursor: Any
    rows: Rows = field(default_factory=Rows)


@contextmanager
def change(pseudonyms: bytes | None = None) -> Iterator[Change]:
    """Make a change and its entries in the record true together, or neither.

    ``pseudonyms`` is the key for addresses in the record, None where it keeps
    them readable.

    Raises:
        StoreError: the database did not take it; nothing has changed.
    """
    with database.failures("the change was not made"), database.transact():
        made = Change(database.cursor())
        yield made
        made.rows.insert(made.cursor)
        record.append(made.cursor, made.rows.notes, pseudonyms)
