"""Private keys under a passphrase: PKCS #8 with PBES2, scrypt (RFC 7914 section 7) and AES-256-CBC.

cryptography reads this form but writes PBKDF2 with 2,048 rounds only, which is
too little for a passphrase that people remember. ``openssl pkey`` reads it too.
"""

from __future__ import annotations

import secrets

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ObjectIdentifier

# OWASP's Password Storage Cheat Sheet; more memory in place of p would pass openssl's limit of 32 MiB.
_N, _R, _P = 2**14, 8, 5


@asn1.sequence
class _ScryptParameters:
    salt: bytes
    cost: int
    block_size: int
    parallelization: int


@asn1.sequence
class _Scrypt:
    algorithm: ObjectIdentifier
    parameters: _ScryptParameters


@asn1.sequence
class _Cipher:
    algorithm: ObjectIdentifier
    iv: bytes


@asn1.sequence
class _Pbes2Parameters:
    derivation: _Scrypt
    encryption: _Cipher


@asn1.sequence
class _Pbes2:
    algorithm: ObjectIdentifier
    parameters: _Pbes2Parameters


@asn1.sequence
class _EncryptedPrivateKeyInfo:
    algorithm: _Pbes2
    content: bytes


def encrypt(private: X25519PrivateKey, passphrase: bytes) -> bytes:
    """The private key as DER, to be opened with ``load_der_private_key(..., passphrase)``."""
    salt, iv = secrets.token_bytes(16), secrets.token_bytes(16)
    key = Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(passphrase)
    padder = PKCS7(128).padder()
    plain = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    encryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()
    content = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    parameters = _Pbes2Parameters(
        derivation=_Scrypt(
            algorithm=ObjectIdentifier("1.3.6.1.4.1.11591.4.11"),
            parameters=_ScryptParameters(salt=salt, cost=_N, block_size=_R, parallelization=_P),
        ),
        encryption=_Cipher(algorithm=ObjectIdentifier("2.16.840.1.101.3.4.1.42"), iv=iv),
    )
    pbes2 = _Pbes2(algorithm=ObjectIdentifier("1.2.840.113549.1.5.13"), parameters=parameters)
    return asn1.encode_der(_EncryptedPrivateKeyInfo(algorithm=pbes2, content=content))
