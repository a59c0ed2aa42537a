"""Where a person stands in the store: what is found by their addresses, without opening any message.

Addresses are compared without case, beyond ASCII too (``spelling``), and ``jo+anything@a.example`` is Jo's too
(RFC 5233). Found content is sealed and not looked into here.
"""

# ruff: noqa: S608  # statements are put together from constants; every value is a parameter

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlp_gateway.audit.chain import pseudonym
from dlp_gateway.store import accounts, database, spelling
from dlp_gateway.store.accounts import Known
from dlp_gateway.store.requests import DataSubject

_LISTED = 100

# A message that nobody waits for, and none that is kept for a person's request.
FINISHED = (
    "NOT EXISTS (SELECT 1 FROM dlp_recipient w WHERE w.message_id = m.id AND w.state IN ('queued', 'held'))"
    " AND NOT EXISTS (SELECT 1 FROM dlp_restriction x WHERE x.message_id = m.id)"
)
_NOBODY = "1 = 0"
_NEVER = 1e300  # later than any moment


@dataclass(frozen=True, slots=True)
class Group:
    """How many there are, and when the first and the last was (seconds since the epoch, None without any)."""

    count: int
    first: float | None
    last: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """A decision with the person in it: as ``sender`` or ``recipient``."""

    message_id: str
    at: float
    role: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A held message with the person in its envelope; ``restricted`` says that it is frozen."""

    message_id: str
    held_at: float
    expires_at: float
    role: str
    restricted: bool


@dataclass(frozen=True, slots=True)
class Traces:
    """Everything the store holds under a person's addresses.

    ``own`` are notices and bounces to them. ``addresses`` and ``reasons``
    count texts beside the record: addresses, and reasons that quote one;
    ``named`` counts reasons with one of the words in it. ``policies`` counts
    versions of the rules that name an address.
    """

    sent: Group
    received: Group
    own: Group
    links: int
    appeals: int
    addresses: int
    reasons: int
    named: int
    policies: int
    restricted: int
    under_way: int
    held: tuple[Kept, ...]
    latest: tuple[Line, ...]
    accounts: tuple[Known, ...] = field(repr=False)


def traces(person: DataSubject, pseudonyms: bytes | None = None) -> Traces:
    """Look a person up; ``pseudonyms`` is the key of a record kept with pseudonyms. Raises StoreError."""
    sender, sender_values = sending(person)
    recipient, recipient_values = receiving(person)
    about = f"message_id IN (SELECT m.id FROM dlp_message m WHERE {sender})"
    mail = "FROM dlp_recipient r JOIN dlp_message m ON m.id = r.message_id WHERE m.kind {} 'mail' AND "
    with database.failures("the person was not looked up"), database.cursor() as cursor:
        sent = _group(cursor, f"COUNT(*), MIN(m.at), MAX(m.at) FROM dlp_message m WHERE {sender}", sender_values)
        counted = f"COUNT(DISTINCT m.id), MIN(m.at), MAX(m.at) {mail}{recipient}"
        received = _group(cursor, counted.format("="), recipient_values)
        own = _group(cursor, counted.format("<>"), recipient_values)
        texts = record_texts(cursor, person, pseudonyms)
        return Traces(
            sent=sent,
            received=received,
            own=own,
            links=_count(cursor, f"dlp_link WHERE {about}", sender_values),
            appeals=_count(cursor, f"dlp_appeal WHERE {about}", sender_values),
            addresses=len(texts.addresses),
            reasons=len(texts.reasons),
            named=len(texts.named),
            policies=_policies(cursor, person),
            restricted=restricted(cursor, person),
            under_way=under_way(cursor, person),
            held=_held(cursor, person),
            latest=_latest(cursor, person),
            accounts=accounts.named(person.addresses, person.words),
        )


def sending(person: DataSubject) -> tuple[str, list[str]]:
    """The condition, and its values, for messages ``m`` that the person sent, or handed in under their login."""
    own, values = _matching(person, "dlp_message m", "m.sender_domain", "m.sender_local")
    # As the index of logins has it: it holds only those that are not empty.
    given = "NOT (m.client_user = '')"
    logins = _spelt(person.logins, "LOWER(m.client_user)", f"dlp_message m WHERE {given}")
    if not logins:
        return own, values
    return f"({own} OR ({given} AND LOWER(m.client_user) IN ({database.marks(logins)})))", [*values, *logins]


def receiving(person: DataSubject) -> tuple[str, list[str]]:
    """The condition, and its values, for recipients ``r`` that are the person."""
    return _matching(person, "dlp_recipient r", "r.domain", "r.local")


def under_way(cursor: Any, person: DataSubject, until: float = _NEVER, own_until: float = _NEVER) -> int:
    """How many messages from or to the person are queued or wait for a reviewer.

    Counts mail that came ``until`` then, and notices and bounces made ``own_until`` then.
    """
    sender, sender_values = sending(person)
    recipient, recipient_values = receiving(person)
    waiting = (
        "(SELECT message_id FROM dlp_recipient WHERE state = 'queued' UNION SELECT message_id FROM dlp_hold"
        " WHERE closed_at IS NULL)"
    )
    return _count(
        cursor,
        f"(SELECT m.id FROM dlp_message m WHERE m.id IN {waiting} AND m.kind = 'mail' AND m.at <= %s AND {sender} UNION"
        " SELECT m.id FROM dlp_recipient r JOIN dlp_message m ON m.id = r.message_id"
        f" WHERE m.id IN {waiting} AND (m.at <= %s OR m.kind <> 'mail' AND m.at <= %s)"
        f" AND r.state IN ('queued', 'held') AND {recipient}) u",
        [until, *sender_values, until, own_until, *recipient_values],
    )


def involved(cursor: Any, person: DataSubject) -> list[str]:
    """The identifiers of all decisions from or to the person."""
    sender, sender_values = sending(person)
    recipient, recipient_values = receiving(person)
    cursor.execute(
        f"SELECT m.id FROM dlp_message m WHERE m.kind = 'mail' AND {sender} UNION SELECT m.id FROM dlp_recipient r"
        f" JOIN dlp_message m ON m.id = r.message_id WHERE m.kind = 'mail' AND {recipient} ORDER BY 1",
        [*sender_values, *recipient_values],
    )
    return [row[0] for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class RecordTexts:
    """Tokens of texts beside the record: the person's addresses, reasons that quote one, reasons with a word."""

    addresses: tuple[str, ...]
    reasons: tuple[str, ...]
    named: tuple[str, ...]


def record_texts(cursor: Any, person: DataSubject, pseudonyms: bytes | None = None) -> RecordTexts:
    """Find a person's texts; with pseudonyms only exact addresses can be found, for others there is no key."""
    wanted = _spelt(person.logins, "text", "dlp_audit_text WHERE kind = 'address'")
    if pseudonyms is not None:
        wanted += [pseudonym(pseudonyms, form) for login in person.logins for form in spelling.forms(login)]
    addresses: tuple[str, ...] = ()
    if wanted:
        clauses, values = [f"text IN ({database.marks(wanted)})"], list(wanted)
        for address in person.addresses:
            name, _, domain = address.rpartition("@")
            if not name.isascii():
                continue
            tagged, bounds = spelling.beginning("text", f"{name}+")
            clauses.append(f"({tagged} AND text LIKE %s ESCAPE '!')")
            values += [*bounds, f"%@{database.literally(domain)}"]
        cursor.execute(
            f"SELECT token FROM dlp_audit_text WHERE kind = 'address' AND ({' OR '.join(clauses)}) ORDER BY token",
            values,
        )
        addresses = tuple(row[0] for row in cursor.fetchall())
    cursor.execute("SELECT token, text FROM dlp_audit_text WHERE kind = 'reason' ORDER BY token")
    quoting, naming = _phrases(person.addresses), _phrases(person.words)
    reasons, named = [], []
    for token, reason in cursor.fetchall():
        text = unicodedata.normalize("NFC", reason)
        if quoting is not None and quoting.search(text):
            reasons.append(token)
        elif naming is not None and naming.search(text):
            named.append(token)
    return RecordTexts(addresses, tuple(reasons), tuple(named))


def _matching(person: DataSubject, table: str, domain: str, local: str) -> tuple[str, list[str]]:
    clauses, values = [], []
    for address in person.addresses:
        name, _, at = address.rpartition("@")
        if not name.isascii():
            source = f"{table} WHERE {domain} = %s"
            spelt = spelling.known(f"LOWER({local})", source, [at], name, at)
            if spelt:
                clauses.append(f"({domain} = %s AND LOWER({local}) IN ({database.marks(spelt)}))")
                values += [at, *spelt]
            continue
        tagged, bounds = spelling.beginning(f"LOWER({local})", f"{name}+")
        # Alternatives of their own, so that each is looked up in the index.
        clauses += [f"({domain} = %s AND LOWER({local}) = %s)", f"({domain} = %s AND {tagged})"]
        values += [at, name, at, *bounds]
    return f"({' OR '.join(clauses)})" if clauses else _NOBODY, values


def _spelt(logins: Iterable[str], lowered: str, source: str) -> list[str]:
    """Addresses and other logins in lower case, with the spellings that the database has of those beyond ASCII."""
    spelt = []
    for login in logins:
        spelt += [login] if login.isascii() else spelling.known(lowered, source, (), login)
    return spelt


def _phrases(words: Iterable[str]) -> re.Pattern[str] | None:
    """Matches any of the words where it stands by itself."""
    composed = (unicodedata.normalize("NFC", word) for word in words)
    quoted = "|".join(r"\s+".join(re.escape(part) for part in word.split()) for word in composed)
    return re.compile(rf"(?<!\w)(?:{quoted})(?!\w)", re.IGNORECASE) if quoted else None


def _held(cursor: Any, person: DataSubject) -> tuple[Kept, ...]:
    sender, sender_values = sending(person)
    recipient, recipient_values = receiving(person)
    columns = "h.message_id, h.held_at, h.expires_at"
    cursor.execute(
        f"SELECT {columns}, 'sender', h.restricted_at FROM dlp_hold h JOIN dlp_message m ON m.id = h.message_id"
        f" WHERE h.closed_at IS NULL AND {sender} UNION SELECT {columns}, 'recipient', h.restricted_at FROM dlp_hold h"
        f" JOIN dlp_recipient r ON r.message_id = h.message_id WHERE h.closed_at IS NULL AND {recipient}"
        " ORDER BY 1, 4 DESC",
        [*sender_values, *recipient_values],
    )
    found: dict[str, Kept] = {}
    for message_id, held_at, expires_at, role, restricted_at in cursor.fetchall():
        found.setdefault(message_id, Kept(message_id, held_at, expires_at, role, restricted_at is not None))
    return tuple(found.values())


def _latest(cursor: Any, person: DataSubject) -> tuple[Line, ...]:
    sender, sender_values = sending(person)
    recipient, recipient_values = receiving(person)
    cursor.execute(
        f"SELECT m.id, m.at, 'sender' FROM dlp_message m WHERE m.kind = 'mail' AND {sender} UNION"
        " SELECT m.id, m.at, 'recipient' FROM dlp_recipient r JOIN dlp_message m ON m.id = r.message_id"
        f" WHERE m.kind = 'mail' AND {recipient} ORDER BY 2 DESC, 1, 3 LIMIT %s",
        [*sender_values, *recipient_values, _LISTED],
    )
    return tuple(Line(*row) for row in cursor.fetchall())


def restricted(cursor: Any, person: DataSubject) -> int:
    """How many decisions from or to the person are kept for a request or frozen for a dispute."""
    sender, sender_values = sending(person)
    recipient, recipient_values = receiving(person)
    frozen = (
        "(SELECT message_id FROM dlp_restriction UNION SELECT message_id FROM dlp_hold"
        " WHERE restricted_at IS NOT NULL AND closed_at IS NULL)"
    )
    return _count(
        cursor,
        f"(SELECT m.id FROM dlp_message m WHERE m.id IN {frozen} AND {sender} UNION SELECT r.message_id"
        f" FROM dlp_recipient r WHERE r.message_id IN {frozen} AND {recipient}) f",
        [*sender_values, *recipient_values],
    )


def _policies(cursor: Any, person: DataSubject) -> int:
    if not person.addresses:
        return 0
    if not all(map(str.isascii, person.addresses)):
        wanted = [spelling.folded(address) for address in person.addresses]
        cursor.execute("SELECT policy FROM dlp_policy_version")
        return sum(any(one in spelling.folded(row[0]) for one in wanted) for row in cursor)
    where = " OR ".join("LOWER(policy) LIKE %s ESCAPE '!'" for _ in person.addresses)
    return _count(cursor, f"dlp_policy_version WHERE {where}", [f"%{database.literally(a)}%" for a in person.addresses])


def _group(cursor: Any, statement: str, values: Sequence[Any]) -> Group:
    cursor.execute(f"SELECT {statement}", values)
    return Group(*cursor.fetchone())


def _count(cursor: Any, table: str, values: Sequence[Any]) -> int:
    cursor.execute(f"SELECT COUNT(*) FROM {table}", values)
    return int(cursor.fetchone()[0])
