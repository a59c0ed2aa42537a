"""What receiving is told: listeners, who may relay, TLS, limits. Plain values, checked when built."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dlp_gateway.smtp.addresses import AddressError, canonical_domain
from dlp_gateway.smtp.limits import IPAddress, ReceivingLimits

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Listener:
    """An address to listen on; port 0 lets the system choose. ``implicit_tls`` is RFC 8314 section 3.3."""

    host: str
    port: int
    implicit_tls: bool = False


@dataclass(frozen=True, slots=True)
class TLSSettings:
    """PEM files. With ``required`` a client must use TLS before anything else (RFC 3207 section 4)."""

    certificate: Path
    key: Path
    required: bool = False


@dataclass(frozen=True, slots=True)
class ReceivingSettings:
    """Everything an ``SmtpServer`` needs to know.

    ``relay_networks`` may hand in mail without logging in.
    ``normalise_networks`` get bare CR and LF turned into CRLF instead of a
    refusal. ``proxy_networks`` must send a PROXY header. ``users`` is the
    users file for AUTH. Raises ValueError for what cannot work: no domain, a
    domain that is none, a listener that needs a certificate without one.
    """

    hostname: str
    organisation_domains: tuple[str, ...]
    listeners: tuple[Listener, ...]
    relay_networks: tuple[Network, ...] = ()
    normalise_networks: tuple[Network, ...] = ()
    proxy_networks: tuple[Network, ...] = ()
    tls: TLSSettings | None = None
    users: Path | None = None
    limits: ReceivingLimits = field(default_factory=ReceivingLimits)

    def __post_init__(self) -> None:
        if not self.organisation_domains:
            raise ValueError("receiving needs at least one domain of the organisation")
        for domain in (self.hostname, *self.organisation_domains):
            try:
                canonical = canonical_domain(domain)
            except AddressError as error:
                raise ValueError(f"{domain!r} is not a domain name: {error.reply.text}") from None
            if canonical != domain or domain.startswith("["):
                raise ValueError(f"write the domain {domain!r} in lower case, as A-labels, without a trailing dot")
        if not self.listeners:
            raise ValueError("receiving needs at least one address to listen on")
        if self.tls is None and any(listener.implicit_tls for listener in self.listeners):
            raise ValueError("a listener with implicit TLS needs a certificate and a key")
        if self.tls is None and self.users is not None:
            raise ValueError("a users file is of no use without a certificate: logins are taken over TLS only")
        if self.proxy_networks and any(listener.implicit_tls for listener in self.listeners):
            raise ValueError("a PROXY header cannot be read in front of implicit TLS: use STARTTLS behind a proxy")


def is_in(address: IPAddress | None, networks: Iterable[Network]) -> bool:
    """Tell whether an address lies in one of the networks."""
    return address is not None and any(address in network for network in networks)


def parse_peer(host: str) -> IPAddress | None:
    """Return a peer's address; IPv4 that arrives on an IPv6 socket as IPv4; None if it is no IP address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
