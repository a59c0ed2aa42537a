"""Names in lower case beyond ASCII, whoever lowers them.

SQLite's LOWER knows ASCII alone, PostgreSQL's goes by its locale, and neither
puts a letter and its accent together (NFC, Unicode Standard Annex 15). So the
database is asked how it spells the few names that may be the wanted one, by
the ASCII that they begin with, and they are compared here.
"""

# ruff: noqa: S608  # statements are put together from constants; every value is a parameter

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from dlp_gateway.store import database

_ASCII = re.compile(r"[\x00-\x7f]*")


def folded(text: str) -> str:
    """The form in which names are compared: composed, in lower case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def forms(text: str) -> tuple[str, ...]:
    """The lower-case forms of ``text`` that are found without looking: as it is, composed, decomposed."""
    lower = text.lower()
    return tuple(dict.fromkeys((lower, folded(text), unicodedata.normalize("NFD", lower))))


def same(text: str, name: str) -> bool:
    """Whether an address or another login is ``name``, or a sub-address of it (RFC 5233)."""
    one, other = folded(text), folded(name)
    mailbox, at, domain = other.rpartition("@")
    return one == other or bool(at and one.startswith(f"{mailbox}+") and one.endswith(f"@{domain}"))


def beginning(column: str, text: str) -> tuple[str, list[str]]:
    """The condition, and its values, for what begins with ``text``.

    SQLite finds a range of bytes in an index; PostgreSQL orders text by its locale.
    """
    if database.is_postgresql():
        return f"{column} LIKE %s ESCAPE '!'", [f"{database.literally(text)}%"]
    return f"({column} >= %s AND {column} < %s)", [text, f"{text[:-1]}{chr(ord(text[-1]) + 1)}"]


def known(lowered: str, source: str, values: Sequence[str], name: str, domain: str = "") -> list[str]:
    """What the database has as ``lowered``, a column in lower case, where that is the ``same`` as ``name``.

    ``source`` is what stands between FROM and a further AND, with its
    ``values``. With a ``domain`` they are local parts there. Raises
    StoreError.
    """
    at = f"@{domain}" if domain else ""
    statement = f"SELECT DISTINCT {lowered} FROM {source}"
    begins = _ASCII.match(folded(name))
    bounds: list[str] = []
    if begins and begins[0]:
        condition, bounds = beginning(lowered, begins[0])
        statement += f" AND {condition}"
    with database.failures("the addresses were not looked up"), database.cursor() as cursor:
        cursor.execute(statement, [*values, *bounds])
        return [row[0] for row in cursor.fetchall() if same(f"{row[0]}{at}", f"{name}{at}")]
