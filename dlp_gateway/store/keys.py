"""The key directory: made once, rotated now and then, loaded at start.

    spool-N.key       wraps the content keys of mail to be delivered (32 bytes, hexadecimal)
    release-N.key/pub what reviewers wrap the content keys of released mail to (X25519)
    reviewers-N.pub   what the content keys of held mail are wrapped to (X25519)
    audit-N.key/pub   signs checkpoints of the record (Ed25519)
    pseudonym.key     turns addresses into pseudonyms in the record (32 bytes, hexadecimal)
    review/           reviewers-N.key, the private half: readable for reviewers only

``N`` counts up: the highest is used for what is new, the others still open what
is old. The gateway that faces SMTP never reads ``review/``, and the reviewers'
process needs no secret of the gateway, so that each may run as its own user.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from dlp_gateway import durable
from dlp_gateway.store import pkcs8

T = TypeVar("T")

# RFC 7468 section 11.
_ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
_GIVE = "give the one of all reviewers' keys, in DLP_GATEWAY_REVIEW_PASSPHRASE or, to 'keys rotate', with --passphrase"


class KeysError(Exception):
    """A key is missing, unreadable, readable for others, or already there; says which file and what to do."""


class Name(StrEnum):
    """The keys that can be rotated."""

    SPOOL = "spool"
    RELEASE = "release"
    REVIEWERS = "reviewers"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class GatewayKeys:
    """What the gateway holds: it can seal to the reviewers, but opens only what is to be delivered."""

    spool: Mapping[str, bytes] = field(repr=False)
    release: Mapping[str, X25519PrivateKey] = field(repr=False)
    reviewers: Mapping[str, X25519PublicKey]
    audit: tuple[str, Ed25519PrivateKey] = field(repr=False)
    pseudonym: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReviewKeys:
    """What the reviewers' process holds: it opens what is held, and can seal to the gateway.

    ``pseudonym`` is None when the process may not read it; it is needed only
    where the record is kept with pseudonyms.
    """

    reviewers: Mapping[str, X25519PrivateKey] = field(repr=False)
    release: Mapping[str, X25519PublicKey]
    pseudonym: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """What it takes to seal to the reviewers and to send notices, without opening anything.

    ``pseudonym`` is as in ``ReviewKeys``.
    """

    reviewers: Mapping[str, X25519PublicKey]
    release: Mapping[str, X25519PublicKey]
    pseudonym: bytes | None = field(repr=False)


def latest(keys: Mapping[str, object]) -> str:
    """The identifier of the newest version of a key: ``spool-3``."""
    return max(keys, key=_version)


def init(directory: Path, *, review: Path | None = None, passphrase: bytes | None = None) -> list[Path]:
    """Make the first version of every key; returns the files written.

    ``review`` is where the reviewers' private key goes (default:
    ``directory/review``), under ``passphrase`` if given.

    Raises:
        KeysError: a key is there already (they are never overwritten), or a
            directory cannot be written; then no key was made.
    """
    review = review or directory / "review"
    for place in (directory, review):
        try:
            holds = place.is_dir() and any(place.glob("*.key"))
        except OSError as error:
            raise KeysError(f"{place} cannot be looked into: {error.strerror}") from None
        if holds:
            raise KeysError(
                f"{place} holds keys already; use 'keys rotate' to add a version, or name another directory"
            )

    def all_of_them() -> Iterator[Path]:
        for name in Name:
            yield from _make(name, 1, directory, review, passphrase)
        yield _write(directory / "pseudonym.key", secrets.token_hex(32).encode() + b"\n")

    return _all_or_none(all_of_them())


def rotate(directory: Path, name: Name, *, review: Path | None = None, passphrase: bytes | None = None) -> str:
    """Add a version of a key; returns its identifier. What is sealed with older versions stays readable.

    One passphrase opens all versions of the reviewers' key, so those that lie
    in the review folder have to open with ``passphrase``, or have none.

    Raises:
        KeysError: there is no version yet, an older one is under another
            passphrase, or the directory cannot be written.
    """
    versions = [
        _version(path.stem) for path in directory.glob(f"{name}-*.*") if re.fullmatch(rf"{name}-\d+", path.stem)
    ]
    if not versions:
        raise KeysError(f"{directory} holds no {name} key; make the first ones with 'keys init'")
    review = review or directory / "review"
    if name is Name.REVIEWERS:
        for path in _files(review, name, "key"):
            _parse(path, _review_key(passphrase))
    number = max(versions) + 1
    _all_or_none(_make(name, number, directory, review, passphrase))
    return f"{name}-{number}"


def load_gateway(directory: Path) -> GatewayKeys:
    """Read the gateway's keys.

    Raises:
        KeysError: one is missing, damaged, or readable for other users.
    """
    audit = _load(directory, Name.AUDIT, "key", _signing_key)
    newest = latest(audit)
    return GatewayKeys(
        spool=_load(directory, Name.SPOOL, "key", _symmetric),
        release=_load(directory, Name.RELEASE, "key", _agreement_key(None)),
        reviewers=_load(directory, Name.REVIEWERS, "pub", _agreement_public),
        audit=(newest, audit[newest]),
        pseudonym=_parse(directory / "pseudonym.key", _symmetric),
    )


def load_review(directory: Path, *, review: Path | None = None, passphrase: bytes | None = None) -> ReviewKeys:
    """Read what the reviewers' process needs; takes a moment per version under a passphrase.

    A version without a passphrase is read whether or not one is given.

    Raises:
        KeysError: one is missing, damaged, readable for other users, or the passphrase is wrong.
    """
    return ReviewKeys(
        reviewers=_load(
            review or directory / "review",
            Name.REVIEWERS,
            "key",
            _review_key(passphrase),
        ),
        release=_load(directory, Name.RELEASE, "pub", _agreement_public),
        pseudonym=_pseudonym_if_readable(directory),
    )


def load_sealing(directory: Path) -> SealingKeys:
    """Read the public keys of reviewers and of delivery; raises KeysError when one is missing or damaged."""
    return SealingKeys(
        reviewers=_load(directory, Name.REVIEWERS, "pub", _agreement_public),
        release=_load(directory, Name.RELEASE, "pub", _agreement_public),
        pseudonym=_pseudonym_if_readable(directory),
    )


def load_audit(directory: Path) -> Mapping[str, Ed25519PublicKey]:
    """Read the public keys that checkpoints of the record are verified with; raises KeysError."""
    return _load(directory, Name.AUDIT, "pub", _signing_public)


def _pseudonym_if_readable(directory: Path) -> bytes | None:
    path = directory / "pseudonym.key"
    return _parse(path, _symmetric) if os.access(path, os.R_OK) else None


def _version(key_id: str) -> int:
    return int(key_id.rpartition("-")[2])


def _files(directory: Path, name: Name, suffix: str) -> list[Path]:
    return [path for path in directory.glob(f"{name}-*.{suffix}") if re.fullmatch(rf"{name}-\d+", path.stem)]


def _all_or_none(writing: Iterator[Path]) -> list[Path]:
    """The files that ``writing`` makes one by one; where one cannot be made, none of them stays."""
    written: list[Path] = []
    try:
        for path in writing:
            written.append(path)  # noqa: PERF402 - what was made before a failure counts
    except KeysError:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return written


def _make(name: Name, number: int, directory: Path, review: Path, passphrase: bytes | None) -> Iterator[Path]:
    stem = f"{name}-{number}"
    if name is Name.SPOOL:
        yield _write(directory / f"{stem}.key", secrets.token_hex(32).encode() + b"\n")
        return
    private = Ed25519PrivateKey.generate() if name is Name.AUDIT else X25519PrivateKey.generate()
    place = review if name is Name.REVIEWERS else directory
    if isinstance(private, X25519PrivateKey) and passphrase is not None and name is Name.REVIEWERS:
        secret = _pem("ENCRYPTED PRIVATE KEY", pkcs8.encrypt(private, passphrase))
    else:
        secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # The private half first: nothing is ever sealed to a key that nobody can open.
    yield _write(place / f"{stem}.key", secret)
    yield _write(directory / f"{stem}.pub", public, mode=0o644)


def _write(path: Path, data: bytes, mode: int = 0o600) -> Path:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise KeysError(f"{path} is there already and is not overwritten") from None
    except OSError as error:
        raise KeysError(f"{path} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            durable.give_to_folder(handle, path.parent)
            file.write(data)
            file.flush()
            os.fsync(handle)
        durable.sync(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise KeysError(f"{path} cannot be written: {error.strerror}") from None
    return path


def _load(directory: Path, name: Name, suffix: str, parse: Callable[[bytes], T]) -> dict[str, T]:
    paths = _files(directory, name, suffix)
    if not paths:
        raise KeysError(f"{directory} holds no {name}-N.{suffix}; make the keys with 'keys init'")
    return {path.stem: _parse(path, parse) for path in paths}


def _parse(path: Path, parse: Callable[[bytes], T]) -> T:
    try:
        if path.suffix == ".key" and path.stat().st_mode & 0o077:
            raise KeysError(f"{path} is readable for other users; run: chmod 600 {path}")
        return parse(path.read_bytes())
    except OSError as error:
        raise KeysError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError) as error:
        raise KeysError(f"{path} is not a usable key: {error}") from None


def _symmetric(data: bytes) -> bytes:
    key = bytes.fromhex(data.decode("ascii").strip())
    if len(key) != 32:
        raise ValueError("64 hexadecimal digits are expected")
    return key


def _agreement_key(passphrase: bytes | None) -> Callable[[bytes], X25519PrivateKey]:
    def parse(data: bytes) -> X25519PrivateKey:
        key = load_pem_private_key(data, passphrase)
        if not isinstance(key, X25519PrivateKey):
            raise TypeError("an X25519 private key is expected")
        return key

    return parse


def _review_key(passphrase: bytes | None) -> Callable[[bytes], X25519PrivateKey]:
    def parse(data: bytes) -> X25519PrivateKey:
        # What cryptography says is no help: TypeError for a passphrase too many or too few, ValueError for a wrong one.
        if _ENCRYPTED not in data:
            return _agreement_key(None)(data)
        if passphrase is None:
            raise ValueError(f"it is under a passphrase, and none was given; {_GIVE}")
        try:
            return _agreement_key(passphrase)(data)
        except ValueError:
            raise ValueError(f"it is damaged or under another passphrase; {_GIVE}") from None

    return parse


def _agreement_public(data: bytes) -> X25519PublicKey:
    key = load_pem_public_key(data)
    if not isinstance(key, X25519PublicKey):
        raise TypeError("an X25519 public key is expected")
    return key


def _signing_key(data: bytes) -> Ed25519PrivateKey:
    key = load_pem_private_key(data, None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("an Ed25519 private key is expected")
    return key


def _signing_public(data: bytes) -> Ed25519PublicKey:
    key = load_pem_public_key(data)
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError("an Ed25519 public key is expected")
    return key


def _pem(label: str, der: bytes) -> bytes:
    text = base64.b64encode(der).decode("ascii")
    lines = [text[n : n + 64] for n in range(0, len(text), 64)]  # RFC 7468 section 2
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", "")).encode("ascii")
