"""What an administrator sets about delivery: plain values, checked where they are made.

Built from ``gateway.yaml`` elsewhere. Times are seconds, sizes bytes.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dlp_gateway.delivery.replies import MAX_UNREAD
from dlp_gateway.delivery.schedule import Schedule
from dlp_gateway.delivery.tls import TlsPolicy
from dlp_gateway.model import Zone

_HOSTNAME = re.compile(r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*")
_HOST_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+)):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The login for a smart host."""

    user: str = field(repr=False)
    password: str = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Credentials:
        """Read ``user:password`` from the only line of ``path``; raises ValueError or OSError."""
        user, colon, password = path.read_text("utf-8").rstrip("\n").partition(":")
        if not (user and colon and password) or {"\n", "\r", "\0"} & set(user + password):
            raise ValueError(f"{path}: one line user:password is wanted")
        return cls(user, password)


@dataclass(frozen=True, slots=True)
class RouteSettings:
    """Where mail of a zone or domain goes: ``hosts``, or ``mx``, or ``maildir``.

    ``hosts`` are smart hosts ``host:port`` (``[2001:db8::1]:25``), asked in
    this order and looked up by address, never by MX. ``mx_port`` is for
    trying out. ``maildir`` writes the messages to a folder.
    """

    hosts: tuple[str, ...] = ()
    mx: bool = False
    maildir: Path | None = None
    tls: TlsPolicy = field(default_factory=TlsPolicy)
    credentials: Credentials | None = None
    mx_port: int = 25

    def __post_init__(self) -> None:
        if bool(self.hosts) + self.mx + (self.maildir is not None) != 1:
            raise ValueError("a route has exactly one of: hosts, mx, maildir")
        for host in self.hosts:
            host_and_port(host)
        if self.credentials and self.mx:
            raise ValueError("a login belongs to a smart host, not to an MX route")


def host_and_port(text: str) -> tuple[str, int]:
    """Split ``host:port``; raises ValueError with the remedy."""
    found = _HOST_PORT.fullmatch(text)
    if found is None or not 0 < int(found[3]) < 65536:
        raise ValueError(f"{text!r}: host:port is wanted, an IPv6 address in brackets")
    return found[1] or found[2], int(found[3])


@dataclass(frozen=True, slots=True)
class Routes:
    """A route for each zone, and for single domains in its place.

    Keys of ``domains`` are canonical domains; one with a dot in front stands
    for its sub-domains.
    """

    zones: Mapping[Zone, RouteSettings]
    domains: Mapping[str, RouteSettings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        missing = [zone.value for zone in Zone if zone not in self.zones]
        if missing:
            raise ValueError(f"no route for mail to: {', '.join(missing)}")


@dataclass(frozen=True, slots=True)
class ResolverSettings:
    """DNS for MX routes; no ``nameservers`` (``address`` or ``address:port``) means those of the system.

    ``never`` are networks that an MX record may not lead to: a stranger's
    DNS must not make the gateway talk to services on its own machine.
    """

    nameservers: tuple[str, ...] = ()
    seconds: float = 10.0
    cache_entries: int = 10_000
    longest_cache: float = 3600.0
    failure_cache: float = 30.0
    max_addresses: int = 20
    own_names: frozenset[str] = frozenset()
    own_addresses: frozenset[str] = frozenset()
    never: tuple[str, ...] = (
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/3",
        "::/127",
        "fe80::/10",
        "ff00::/8",
    )

    def __post_init__(self) -> None:
        for network in self.never:
            ipaddress.ip_network(network)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for the other side; the defaults are those of RFC 5321, 4.5.3.2.

    ``content`` is for the whole of the content, of which RFC 5321 says
    nothing: a server that takes a block now and then must not keep the memory.
    """

    connect: float = 30.0
    greeting: float = 300.0
    ehlo: float = 300.0
    tls: float = 60.0
    mail: float = 300.0
    rcpt: float = 300.0
    data: float = 120.0
    block: float = 180.0
    final: float = 600.0
    quit: float = 5.0
    content: float = 1800.0


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Limits for each next hop.

    ``patience`` is how long mail waits for a free connection, or for room in
    memory, before it goes back to the queue. Mail that the hop, at the pace of
    the last tenth of that time, would not take in time goes back at once, so
    that a hop that stalls cannot hold up the others.
    After a failure to connect the hop is left alone for ``pause`` seconds,
    doubled each time up to ``longest_pause``.
    """

    connections: int = 20
    messages: int = 100
    idle: float = 30.0
    patience: float = 60.0
    pause: float = 5.0
    longest_pause: float = 300.0

    def __post_init__(self) -> None:
        if self.connections < 1 or self.messages < 1:
            raise ValueError("a next hop needs at least one connection of at least one message")


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """Everything about the delivery workers.

    ``worker`` names this process in leases. ``in_flight`` is the most
    deliveries on lease at a time, ``bytes_in_flight`` bounds the content in
    memory. ``poison_limit`` is how often a message may break its worker
    before it is set aside, ``uncertain_limit`` how often one may end so that it
    may have arrived before it is given up.
    """

    hostname: str
    worker: str = "delivery"
    in_flight: int = 1000
    batch: int = 200
    lease: float = 60.0
    idle: float = 5.0
    recipients: int = 100
    bytes_in_flight: int = 128 * 1024 * 1024
    max_hops: int = 5
    poison_limit: int = 5
    uncertain_limit: int = 3
    drain: float = 30.0
    schedule: Schedule = field(default_factory=Schedule)
    timeouts: Timeouts = field(default_factory=Timeouts)
    connection: ConnectionSettings = field(default_factory=ConnectionSettings)
    resolver: ResolverSettings = field(default_factory=ResolverSettings)

    def __post_init__(self) -> None:
        if not _HOSTNAME.fullmatch(self.hostname):
            raise ValueError(f"hostname {self.hostname!r}: a domain name in ASCII is wanted")
        if not 1 <= self.batch <= self.in_flight:
            raise ValueError("delivery.batch lies between 1 and delivery.in_flight")
        if not 1 <= self.recipients < MAX_UNREAD - 4:
            raise ValueError(f"delivery.recipients lies between 1 and {MAX_UNREAD - 5}")
        if self.lease < 1 or self.poison_limit < 1 or self.uncertain_limit < 1 or self.max_hops < 1:
            raise ValueError("delivery.lease, poison_limit, uncertain_limit and max_hops are at least 1")
