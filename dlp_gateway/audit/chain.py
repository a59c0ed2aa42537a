"""The links of the record's chain: what an entry says and how it is hashed and signed.

Each entry's hash covers its content and the hash of the entry before, so that
nothing can be edited, removed or put elsewhere without the hashes telling. Who
can write the database could compute a whole new chain, though; therefore a
checkpoint, an Ed25519 signature over the head, is added every now and then and
can be kept elsewhere. Where the chain is cut, because what is old is to go,
the entry that says so is signed as well.

Addresses and free text are not part of an entry: it holds commitments to them
(``token``), and they stand in a side table with the salt of the commitment.
Erasing the row there leaves a token that says nothing any more, and an
unbroken chain. Found values, Subjects and file names are in neither.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

GENESIS = bytes(32)

_REFERENCE = re.compile(r"@(\d+)")  # as ``Texts`` makes them

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


class EntryKind(StrEnum):
    """What an entry records."""

    DECIDE = "decide"
    HOLD = "hold"
    DELIVER = "deliver"
    UNCERTAIN = "uncertain"
    DEFER = "defer"
    BOUNCE = "bounce"
    RETRY = "retry"
    DROP = "drop"
    VIEW = "view"
    COPY = "copy"
    APPROVE = "approve"
    RELEASE = "release"
    RETURN = "return"
    DELETE = "delete"
    EXPIRE = "expire"
    RESTRICT = "restrict"
    APPEAL = "appeal"
    REFUSE_APPEAL = "refuse_appeal"
    WITHDRAW = "withdraw"
    MARK = "mark"
    ERASE = "erase"
    PRUNE = "prune"
    PERSON = "person"
    CONFIGURE = "configure"
    SIGN_IN = "sign_in"
    ACCOUNT = "account"
    VERIFY = "verify"
    CHECKPOINT = "checkpoint"


class TextKind(StrEnum):
    """What an erasable text is."""

    ADDRESS = "address"
    REASON = "reason"


class Texts:
    """Collects the erasable texts of one entry; its details name them ``@0``, ``@1``, ..."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: list[tuple[TextKind, str]] = []

    def address(self, address: str) -> str:
        """The name by which the entry's details refer to an address."""
        return self._add(TextKind.ADDRESS, address.lower())

    def reason(self, text: str) -> str:
        """The name by which the entry's details refer to words a person wrote."""
        return self._add(TextKind.REASON, text)

    def _add(self, kind: TextKind, text: str) -> str:
        self.items.append((kind, text))
        return f"@{len(self.items) - 1}"


def resolved(value: Any, texts: Sequence[str | None], missing: str) -> Any:
    """The details of an entry with its texts in place of their names, and ``missing`` where there is none."""
    if isinstance(value, dict):
        return {key: resolved(item, texts, missing) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, texts, missing) for item in value]
    if isinstance(value, str) and (match := _REFERENCE.fullmatch(value)):
        number = int(match[1])
        text = texts[number] if number < len(texts) else None
        return missing if text is None else text
    return value


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be recorded, before it has its place in the chain.

    ``actor`` is the gateway or the name of the user who acted, ``subject``
    the identifier of the message or thing concerned. ``details`` is JSON-able
    and free of personal data; texts that may be erased later are in ``texts``.
    """

    kind: EntryKind
    at: float
    actor: str
    subject: str
    details: Mapping[str, Any]
    texts: tuple[tuple[TextKind, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """One link: ``details`` is canonical JSON, ``tokens`` the commitments to its texts, joined by blanks."""

    seq: int
    at: float
    kind: str
    actor: str
    subject: str
    details: str
    tokens: str
    previous: bytes
    hash: bytes

    def said(self) -> Mapping[str, Any]:
        """What ``details`` hold, empty when somebody has put something else there."""
        try:
            found = json.loads(self.details)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def link(note: Note, tokens: str, seq: int, previous: bytes) -> Entry:
    """The entry that records ``note`` as number ``seq`` behind the hash ``previous``."""
    details = _encode(note.details)
    digest = entry_hash(seq, note.at, note.kind, note.actor, note.subject, details, tokens, previous)
    return Entry(seq, note.at, note.kind.value, note.actor, note.subject, details, tokens, previous, digest)


def entry_hash(
    seq: int, at: float, kind: str, actor: str, subject: str, details: str, tokens: str, previous: bytes
) -> bytes:
    """SHA-256 over an unambiguous encoding of an entry: each text with its length in front."""
    texts = [text.encode("utf-8", "surrogatepass") for text in (kind, actor, subject, details, tokens)]
    parts = [b"dlp-gateway entry 1\0", struct.pack(">qd", seq, at), previous]
    for text in texts:
        parts += (len(text).to_bytes(4, "big"), text)
    return hashlib.sha256(b"".join(parts)).digest()


def commit(salt: bytes, text: str) -> str:
    """The token for a text: binding, and without the salt (16 random bytes) it tells nothing about the text."""
    digest = hashlib.sha256(b"dlp-gateway text 1\0" + salt + text.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def pseudonym(key: bytes, address: str) -> str:
    """A stand-in for an address: the same for the same address, and only the holder of ``key`` can tell whose."""
    return f"p:{hmac.digest(key, address.lower().encode('utf-8', 'surrogatepass'), 'sha256')[:16].hex()}"


@dataclass(frozen=True, slots=True)
class _Statement:
    """What the gateway signed: that the chain's entry ``seq`` has the hash ``hash``, and what follows from it."""

    seq: int
    hash: bytes
    at: float
    key_id: str
    signature: bytes

    what: ClassVar[str]
    # What the number is called in the chain, and what sets the signatures of one kind apart from those of others.
    called: ClassVar[str]
    mark: ClassVar[bytes]

    @classmethod
    def signed(cls, seq: int, digest: bytes, at: float, key_id: str, key: Ed25519PrivateKey) -> Self:
        """State it with a signature."""
        unsigned = cls(seq, digest, at, key_id, b"")
        return replace(unsigned, signature=key.sign(unsigned._said()))

    def details(self) -> dict[str, Any]:
        """The form it has in the chain and in a file."""
        return {
            self.called: self.seq,
            "hash": self.hash.hex(),
            "at": self.at,
            "key": self.key_id,
            "signature": self.signature.hex(),
        }

    @classmethod
    def parse(cls, details: Mapping[str, Any]) -> Self:
        """Read what ``details`` gave; raises ValueError when it is something else."""
        try:
            return cls(
                _number(details[cls.called]),
                bytes.fromhex(details["hash"]),
                float(details["at"]),
                str(details["key"]),
                bytes.fromhex(details["signature"]),
            )
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"not a {cls.what}: {error}") from None

    def valid(self, keys: Mapping[str, Ed25519PublicKey]) -> bool:
        """Whether one of our keys signed exactly this."""
        key = keys.get(self.key_id)
        if key is None:
            return False
        try:
            key.verify(self.signature, self._said())
        except InvalidSignature:
            return False
        return True

    def _said(self) -> bytes:
        return (
            self.mark + struct.pack(">qd", self.seq, self.at) + self.hash + self.key_id.encode("utf-8", "surrogatepass")
        )


@dataclass(frozen=True, slots=True)
class Checkpoint(_Statement):
    """A signed statement that the chain's entry ``seq`` has the hash ``hash``. Worth keeping elsewhere."""

    what, called, mark = "checkpoint", "seq", b"dlp-gateway checkpoint 1\0"


@dataclass(frozen=True, slots=True)
class Prune(_Statement):
    """A signed statement that the chain was cut ``at`` that time, after the entry with that number and hash.

    Those up to it were whole, and old enough to go.
    """

    what, called, mark = "signed prune", "through", b"dlp-gateway prune 1\0"


def _number(value: Any) -> int:
    number = int(value)
    if not 0 <= number < 1 << 63:
        raise ValueError("not the number of an entry")
    return number
