"""TLS of the listeners: version 1.2 or later (RFC 8996, RFC 9325), one certificate, reloadable.

A session takes the context that is current when its handshake begins, so a
new certificate needs no restart and drops nobody.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509


class CertificateError(ValueError):
    """The certificate or its key cannot be used; the message says which file and why."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A loaded certificate; ``expires_at`` is seconds since the epoch."""

    context: ssl.SSLContext
    expires_at: float


def load_certificate(certificate: Path, key: Path) -> Certificate:
    """Load a PEM chain (leaf first) and its unencrypted PEM key. Raises CertificateError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        leaf = x509.load_pem_x509_certificate(certificate.read_bytes())
        # An empty password instead of a prompt on the terminal of a service.
        context.load_cert_chain(certificate, key, password="")
    except OSError as error:  # ssl.SSLError is one too
        reason = error.strerror or getattr(error, "reason", "") or type(error).__name__
        raise CertificateError(f"certificate {certificate} with key {key} cannot be loaded: {reason}") from None
    except ValueError as error:
        raise CertificateError(f"certificate {certificate} is not a PEM certificate") from error
    return Certificate(context=context, expires_at=leaf.not_valid_after_utc.timestamp())


def describe_tls(ssl_object: ssl.SSLObject | None) -> str | None:
    """Return version and cipher of a session, such as ``TLSv1.3 TLS_AES_256_GCM_SHA384``."""
    if ssl_object is None:
        return None
    cipher = ssl_object.cipher()
    return f"{ssl_object.version()} {cipher[0]}" if cipher else ssl_object.version()
