"""Who may hand in mail by name: the users file and its passwords (RFC 4954, RFC 4616).

A line of the file is ``name:argon2-hash`` or ``name:argon2-hash:senders``,
where ``senders`` lists, with commas, the addresses the user may send from
(``@example.org`` stands for every address of that domain); without it every
address of the organisation is allowed. Empty lines and lines that start with
``#`` are skipped.

Passwords are verified in a small pool of threads: argon2 takes 64 MiB and a
tenth of a second by design, which the event loop cannot spare. An unknown
user costs the same work as a known one with a wrong password.
"""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import argon2
from argon2.exceptions import Argon2Error, InvalidHashError

from dlp_gateway.model import Address
from dlp_gateway.policy.zones import within
from dlp_gateway.smtp.addresses import AddressError, PathRole, canonical_domain, parse_path
from dlp_gateway.smtp.replies import RefusedError, Reply

VERIFYING_THREADS = 2
"""Passwords verified at once: 128 MiB of memory, and never all processors of a small machine for long."""

# The second recommended option of RFC 9106 section 4, with one lane: more lanes only help with idle processors.
_HASHER = argon2.PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1)
_DEFAULT_PREFIX = "$argon2id$v=19$m=65536,t=3,p=1"


class UsersFileError(ValueError):
    """The users file is malformed; the message names file and line, never a hash."""


@dataclass(frozen=True, slots=True)
class User:
    """One line of the users file.

    ``senders`` are canonical ``local@domain`` in lower case, or ``@domain``;
    empty when the user may use every address of the organisation.
    """

    name: str
    password_hash: str = field(repr=False)
    senders: frozenset[str] = frozenset()

    def may_send_as(self, sender: Address) -> bool:
        """Tell whether the user may use this reverse-path."""
        if not self.senders:
            return True
        return f"{sender.local.lower()}@{sender.domain}" in self.senders or f"@{sender.domain}" in self.senders


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password for the users file. Takes a tenth of a second."""
    return _HASHER.hash(_password_bytes(password))


def user_line(name: str, password_hash: str, senders: tuple[str, ...] = ()) -> str:
    """Return a line of the users file, without its end. Raises UsersFileError."""
    line = f"{name}:{password_hash}:{','.join(senders)}" if senders else f"{name}:{password_hash}"
    _parse_line(line, "the new user")
    return line


def load_users(path: Path) -> dict[str, User]:
    """Read the users file. Raises UsersFileError, or OSError when it cannot be read."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise UsersFileError(f"{path}: is not UTF-8 text (octet {error.start})") from None
    users: dict[str, User] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if name_in(line) is None:
            continue
        user = _parse_line(line.strip(), f"{path}, line {number}")
        if user.name in users:
            raise UsersFileError(f"{path}, line {number}: this user stands in the file twice; remove one of the lines")
        users[user.name] = user
    return users


def name_in(line: str) -> str | None:
    """The name that a line of the users file is about, None for one that is skipped."""
    stripped = line.strip()
    if not stripped or stripped.startswith("#"):
        return None
    return unicodedata.normalize("NFC", stripped.partition(":")[0])


def _parse_line(line: str, where: str) -> User:
    name, colon, rest = line.partition(":")
    password_hash, _, senders = rest.partition(":")
    if not colon or not name or not name.isprintable() or name != name.strip() or name.startswith("#"):
        raise UsersFileError(f"{where}: a line is name:argon2-hash or name:argon2-hash:senders")
    try:
        argon2.extract_parameters(password_hash)
    except InvalidHashError:
        raise UsersFileError(f"{where}: the second field is not an argon2 hash; make one with 'users add'") from None
    allowed = frozenset(_parse_sender(sender.strip(), where) for sender in senders.split(",") if sender.strip())
    return User(name=unicodedata.normalize("NFC", name), password_hash=password_hash, senders=allowed)


def _parse_sender(text: str, where: str) -> str:
    try:
        if text.startswith("@"):
            return f"@{canonical_domain(text[1:], PathRole.SENDER)}"
        address, _ = parse_path(f"<{text}>", PathRole.SENDER)
    except AddressError as error:
        raise UsersFileError(f"{where}: an allowed sender is not an address: {error.reply.text}") from None
    if address is None:
        raise UsersFileError(f"{where}: an allowed sender is empty")
    return f"{address.local.lower()}@{address.domain}"


def check_organisation_senders(users: Mapping[str, User], organisation_domains: tuple[str, ...]) -> None:
    """Raise UsersFileError when a user is allowed senders that the gateway would refuse anyway."""
    for user in users.values():
        if not all(within(sender.rpartition("@")[2], organisation_domains) for sender in user.senders):
            raise UsersFileError(f"user {user.name}: an allowed sender is not of the organisation's domains")


class Authenticator:
    """Verifies passwords against the users of one file, off the event loop."""

    def __init__(self, users: Mapping[str, User], *, waiting: int) -> None:
        self._users = users
        self._waiting = waiting
        self._pending = 0
        self._pool = ThreadPoolExecutor(VERIFYING_THREADS, thread_name_prefix="argon2")
        self._decoy = _decoy_like(next((user.password_hash for user in users.values()), _DEFAULT_PREFIX + "$$"))

    async def verify(self, name: str, password: str) -> User | None:
        """Return the user when the password is right, None otherwise.

        Raises RefusedError (454) when too many passwords wait already.
        """
        if self._pending >= self._waiting:
            text = "Too many logins at once (limit authentications_waiting); try again later"
            raise RefusedError(Reply(454, "4.7.0", text), limit="authentications_waiting")
        user = self._users.get(unicodedata.normalize("NFC", name))
        password_hash = user.password_hash if user else self._decoy
        self._pending += 1
        future = asyncio.get_running_loop().run_in_executor(self._pool, _matches, password_hash, password)
        # Counted down when the work ends, not when the client stops waiting for it.
        future.add_done_callback(self._done)
        return user if await asyncio.shield(future) and user else None

    def known(self, name: str) -> str:
        """The name of the account that ``name`` means, "" when there is none."""
        user = self._users.get(unicodedata.normalize("NFC", name))
        return user.name if user is not None else ""

    def still(self, user: User) -> bool:
        """Tell whether a user who logged in stands in the file as then: name, password and allowed senders."""
        return self._users.get(user.name) == user

    def close(self) -> None:
        """Take no more passwords; those that wait are still verified."""
        self._pool.shutdown(wait=False)

    def _done(self, _: asyncio.Future[bool]) -> None:
        self._pending -= 1


def _decoy_like(password_hash: str) -> str:
    """Return a hash of no known password, with the cost of the given one, without the work of making it."""
    salt, digest = (b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"{password_hash.rsplit('$', 2)[0]}${salt}${digest}"


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, _password_bytes(password))
    except (Argon2Error, InvalidHashError):
        return False


def _password_bytes(password: str) -> bytes:
    """Encode a password; composed characters, as RFC 8265 section 4.2 has it."""
    return unicodedata.normalize("NFC", password).encode("utf-8")
