"""TLS towards next hops: what a zone or domain asks for, and whether a line gives it."""

from __future__ import annotations

import hashlib
import hmac
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dlp_gateway.model import TlsMode


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """The TLS of a route.

    ``ca_file`` replaces the system's authorities. ``name`` is the name wanted
    in the certificate where it is not the host's. ``pins`` are SHA-256 digests
    (hexadecimal) of acceptable public keys (SubjectPublicKeyInfo, as in RFC
    7469), checked on top of the rest. ``implicit`` speaks TLS from the first
    byte (port 465) instead of STARTTLS.
    """

    mode: TlsMode = TlsMode.MAY
    ca_file: Path | None = None
    name: str | None = None
    pins: tuple[str, ...] = ()
    implicit: bool = False

    def __post_init__(self) -> None:
        if self.implicit and self.mode in (TlsMode.NONE, TlsMode.MAY):
            raise ValueError("implicit TLS goes with the modes required and verified")
        if self.mode is not TlsMode.VERIFIED and (self.ca_file or self.name or self.pins):
            raise ValueError("ca_file, name and pins go with the TLS mode verified")

    @property
    def binding(self) -> bool:
        """True when mail waits rather than travel without TLS."""
        return self.mode in (TlsMode.REQUIRED, TlsMode.VERIFIED)


class PinError(ssl.SSLError):
    """The key of the other side is none of the pinned ones."""


def context(policy: TlsPolicy) -> ssl.SSLContext:
    """Return the client context for ``policy``: TLS 1.2 or newer.

    Raises OSError or ssl.SSLError for a ``ca_file`` that cannot be read.
    """
    made = ssl.create_default_context(cafile=str(policy.ca_file) if policy.ca_file else None)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if policy.mode is not TlsMode.VERIFIED:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def describe(line: ssl.SSLObject, policy: TlsPolicy) -> str:
    """Check the pins and return what to put on record, e.g. ``TLSv1.3 TLS_AES_256_GCM_SHA384 verified``.

    Raises PinError.
    """
    if policy.pins:
        certificate = x509.load_der_x509_certificate(line.getpeercert(binary_form=True) or b"")
        spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        digest = hashlib.sha256(spki).hexdigest()
        if not any(hmac.compare_digest(digest, pin.lower().replace(":", "")) for pin in policy.pins):
            raise PinError("the key of the next hop is none of the pinned ones")
    cipher = line.cipher()
    verified = "verified" if policy.mode is TlsMode.VERIFIED else "unverified"
    return f"{line.version()} {cipher[0] if cipher else ''} {verified}"
