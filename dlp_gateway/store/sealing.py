"""Encryption of message content at rest: one key a message, wrapped for those who may read it.

The content key encrypts the message in chunks with AES-256-GCM, after the
STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the nonce holds
the number of the chunk and whether it is the last, so that chunks cannot be
dropped, repeated, exchanged or cut off; the message's identifier is
authenticated with each. The content key is fresh for each message, therefore
no nonce is used twice with it.

The content key itself is stored only wrapped: with the spool key (AES key wrap,
RFC 3394) for what is to be delivered, or to a public key (HPKE base mode, RFC
9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM) for what is held.
Destroying the wraps destroys the content.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from enum import IntEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

CHUNK_BYTES = 256 * 1024
KEY_BYTES = 32

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class SealError(Exception):
    """The content does not open with this key, or is not what was sealed."""


class Part(IntEnum):
    """What is sealed under one content key."""

    DETAILS = 0
    CONTENT = 1


def new_key() -> bytes:
    """A fresh content key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, message_id: str, part: Part, content: bytes) -> list[bytes]:
    """Encrypt ``content`` into chunks of at most ``CHUNK_BYTES`` plus 16 bytes, in order.

    A key seals each part of one message once: never reuse it.
    """
    cipher = AESGCM(key)
    bound = _bound(message_id)
    view = memoryview(content)
    last = max(0, (len(view) - 1) // CHUNK_BYTES)
    return [
        cipher.encrypt(_nonce(part, n, last=n == last), view[n * CHUNK_BYTES : (n + 1) * CHUNK_BYTES], bound)
        for n in range(last + 1)
    ]


def unseal(key: bytes, message_id: str, part: Part, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Decrypt the chunks of a part, in order.

    Raises:
        SealError: the key, the message or any chunk is not the right one, or
            chunks are missing; what was yielded before must then be discarded.
    """
    cipher = AESGCM(key)
    bound = _bound(message_id)
    held: bytes | None = None
    n = 0
    try:
        for chunk in chunks:
            if held is not None:
                yield cipher.decrypt(_nonce(part, n, last=False), held, bound)
                n += 1
            held = chunk
        if held is None:
            raise SealError(f"message {message_id}: its content is gone")
        yield cipher.decrypt(_nonce(part, n, last=True), held, bound)
    except InvalidTag:
        raise SealError(f"message {message_id}: chunk {n} does not decrypt; it was altered or cut off") from None


def wrap(spool_key: bytes, key: bytes) -> bytes:
    """The content key, wrapped with the spool key (RFC 3394): 40 bytes."""
    return aes_key_wrap(spool_key, key)


def unwrap(spool_key: bytes, wrapped: bytes) -> bytes:
    """The content key out of ``wrap``; raises SealError when the spool key is not the one."""
    try:
        return aes_key_unwrap(spool_key, wrapped)
    except InvalidUnwrap:
        raise SealError("a message's key does not unwrap with the spool key of this gateway") from None


def encapsulate(public: X25519PublicKey, key: bytes, message_id: str, key_id: str) -> bytes:
    """The content key, encrypted to a public key (RFC 9180): 80 bytes. The sealer cannot open it again."""
    return _SUITE.encrypt(key, public, info=_info(message_id, key_id))


def decapsulate(private: X25519PrivateKey, sealed: bytes, message_id: str, key_id: str) -> bytes:
    """The content key out of ``encapsulate``; raises SealError when it was sealed for another key or message."""
    try:
        return _SUITE.decrypt(sealed, private, info=_info(message_id, key_id))
    except (InvalidTag, ValueError):
        raise SealError(f"message {message_id} does not open with the key {key_id}") from None


def seal_words(public: X25519PublicKey, words: str, message_id: str, key_id: str) -> bytes:
    """What somebody wrote about a message, encrypted to a public key (RFC 9180). The sealer cannot open it again."""
    return _SUITE.encrypt(words.encode(), public, info=_about(message_id, key_id))


def open_words(private: X25519PrivateKey, sealed: bytes, message_id: str, key_id: str) -> str:
    """The words out of ``seal_words``; raises SealError when they were sealed for another key or message."""
    try:
        return _SUITE.decrypt(sealed, private, info=_about(message_id, key_id)).decode()
    except (InvalidTag, ValueError):
        raise SealError(f"what was written about message {message_id} does not open with the key {key_id}") from None


def _bound(message_id: str) -> bytes:
    return b"dlp-gateway content 1\0" + message_id.encode()


def _info(message_id: str, key_id: str) -> bytes:
    return b"dlp-gateway key 1\0" + key_id.encode() + b"\0" + message_id.encode()


def _about(message_id: str, key_id: str) -> bytes:
    return b"dlp-gateway words 1\0" + key_id.encode() + b"\0" + message_id.encode()


def _nonce(part: Part, n: int, *, last: bool) -> bytes:
    return bytes((part,)) + n.to_bytes(10, "big") + bytes((last,))
