"""``delivery``: where mail goes on to, and how long that is tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from dlp_gateway.model import TlsMode, Zone
from dlp_gateway.policy.zones import canonical_domain, parents
from dlp_gateway.settings.values import (
    AnyEndpoint,
    AnyNetwork,
    Bytes,
    Count,
    FilePath,
    Hostname,
    Seconds,
    Section,
)

_CLOSED = (
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/3",
    "::/127",
    "fe80::/10",
    "ff00::/8",
)


class RouteTls(Section):
    """TLS towards a next hop."""

    mode: TlsMode = Field(
        default=TlsMode.MAY,
        description="`none`, `may` (when offered), `required` (any certificate) or `verified` (a trusted one).",
    )
    ca_file: FilePath | None = Field(
        default=None, description="PEM file of the authorities to trust instead of the system's."
    )
    name: Hostname | None = Field(default=None, description="The name in the certificate, where it is not the host's.")
    pins: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")], ...] = Field(
        default=(), description="SHA-256 digests of acceptable public keys (SubjectPublicKeyInfo), in hexadecimal."
    )
    implicit: bool = Field(default=False, description="TLS from the first byte (port 465) instead of STARTTLS.")

    @property
    def binding(self) -> bool:
        """Whether mail waits rather than travel without TLS."""
        return self.mode in {TlsMode.REQUIRED, TlsMode.VERIFIED}

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.implicit and not self.binding:
            raise ValueError("implicit goes with the modes required and verified")
        if self.mode is not TlsMode.VERIFIED and (self.ca_file or self.name or self.pins):
            raise ValueError("ca_file, name and pins go with the mode verified")
        return self


def _hosts(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _mode_alone(value: Any) -> Any:
    return {"mode": value} if isinstance(value, str) else value


class Route(Section):
    """Where mail goes: exactly one of ``host``, ``mx`` and ``maildir``."""

    host: Annotated[tuple[AnyEndpoint, ...], BeforeValidator(_hosts)] = Field(
        default=(),
        description="Smart host `host:port`, or a list of them in order of preference; looked up without MX.",
    )
    mx: bool = Field(default=False, description="Deliver to the mail exchangers of each recipient's domain.")
    maildir: FilePath | None = Field(default=None, description="Write the messages to this folder, for trying it out.")
    tls: Annotated[RouteTls, BeforeValidator(_mode_alone)] = Field(
        default=RouteTls(), description="TLS to the next hop: one of the modes, or a section with the keys below."
    )
    credentials: FilePath | None = Field(
        default=None, description="File with one line `user:password` for the smart host."
    )
    mx_port: Annotated[int, Field(ge=1, le=65535)] = Field(
        default=25, description="Port of mail exchangers, for tests."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.host) + self.mx + (self.maildir is not None) != 1:
            raise ValueError("needs exactly one of host, mx and maildir")
        if self.credentials is not None and not self.host:
            raise ValueError("credentials belong to a smart host (host)")
        return self

    @property
    def protected(self) -> bool:
        """Whether nothing travels in clear on this route: TLS always, or it stays on this machine."""
        return self.tls.binding or self.maildir is not None


class Schedule(Section):
    """When delivery is tried again, and when it is given up."""

    first: Seconds = Field(default=60, description="The pause after the first attempt.")
    factor: Annotated[float, Field(ge=1, allow_inf_nan=False)] = Field(
        default=2, description="By how much each pause is longer than the last."
    )
    longest: Seconds = Field(default=3_600, description="The longest pause.")
    jitter: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.2,
        description="Share by which a pause varies, so that mail deferred together does not come back together.",
    )
    expiry: Seconds = Field(
        default=432_000, description="Age at which a message is given up (RFC 5321, 4.5.4.1: 4-5 days)."
    )
    warn_after: Seconds | None = Field(
        default=None, description="Age at which its sender hears of the delay; null: never."
    )
    uncertain: Seconds = Field(
        default=3_600,
        description="The least pause after an attempt that may have delivered it: the next may be a copy.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.longest < self.first:
            raise ValueError("longest is at least first")
        if self.warn_after is not None and self.warn_after >= self.expiry:
            raise ValueError("warn_after is less than expiry")
        return self


class Timeouts(Section):
    """How long to wait for the other side (RFC 5321, 4.5.3.2)."""

    connect: Seconds = Field(default=30, description="For a connection.")
    greeting: Seconds = Field(default=300, description="For the greeting.")
    ehlo: Seconds = Field(default=300, description="For the answer to EHLO.")
    tls: Seconds = Field(default=60, description="For the TLS handshake.")
    mail: Seconds = Field(default=300, description="For the answer to MAIL.")
    rcpt: Seconds = Field(default=300, description="For the answer to RCPT.")
    data: Seconds = Field(default=120, description="For the answer to DATA.")
    block: Seconds = Field(default=180, description="For the other side to take a block of data.")
    final: Seconds = Field(default=600, description="For the answer to the final dot.")
    quit: Seconds = Field(default=5, description="For the answer to QUIT, which does not matter.")
    content: Seconds = Field(
        default=1_800, description="For the other side to take a whole message: 50 MB at 30 kB/s; a trickle must end."
    )


class Connection(Section):
    """Limits for each next hop."""

    connections: Count = Field(
        default=20, description="Connections to one next hop: what mail servers allow one client."
    )
    messages: Count = Field(default=100, description="Messages over one connection before it is closed.")
    idle: Seconds = Field(default=30, description="A connection without work is kept this long for the next message.")
    patience: Seconds = Field(
        default=60,
        description="Mail waits this long for a free connection or memory, then goes back to the queue; at once where"
        " many wait and the hop is too slow for them.",
    )
    pause: Seconds = Field(
        default=5, description="A hop that cannot be reached is left alone this long, doubled each time."
    )
    longest_pause: Seconds = Field(default=300, description="The longest such pause.")


class Resolver(Section):
    """DNS for MX routes."""

    nameservers: tuple[str, ...] = Field(default=(), description="Addresses (with `:port`) to ask; none: the system's.")
    seconds: Seconds = Field(default=10, description="For one answer, all tries together.")
    cache_entries: Count = Field(default=10_000, description="Answers kept in memory.")
    longest_cache: Seconds = Field(
        default=3_600, description="The longest time that an answer is kept, whatever its TTL."
    )
    failure_cache: Seconds = Field(default=30, description="The time that a failure is kept.")
    max_addresses: Count = Field(
        default=20, description="Addresses tried for one domain: a stranger's DNS sets their number."
    )
    own_addresses: tuple[str, ...] = Field(
        default=(), description="Addresses of this host; MX records that lead here are loops."
    )
    never: tuple[AnyNetwork, ...] = Field(
        default=_CLOSED,
        validate_default=True,
        description="Networks no MX record may lead to: a stranger's DNS must not reach services of this machine.",
    )


def _required_by_default(value: Any) -> Any:
    return {"tls": TlsMode.REQUIRED.value, **value} if isinstance(value, Mapping) else value


class Delivery(Section):
    """Where mail goes on to, and how long that is tried."""

    internal: Annotated[Route, BeforeValidator(_required_by_default)] = Field(
        description="The secure environment of the organisation. Its `tls` is `required` when left out."
    )
    external: Route = Field(description="Everybody else.")
    partner: Annotated[Route, BeforeValidator(_required_by_default)] | None = Field(
        default=None,
        description="Partners with a written agreement; null: as external, but with `tls` at least `required`.",
    )
    domains: dict[str, Route] = Field(
        default={},
        description="Routes for single domains in place of their zone's; `.example.net` for its sub-domains.",
    )
    in_flight: Count = Field(default=1_000, description="Deliveries a worker has taken on at a time.")
    batch: Count = Field(default=200, description="Deliveries taken from the queue at once.")
    lease: Annotated[Seconds, Field(ge=1)] = Field(
        default=60, description="After this a dead worker's deliveries are taken up by another."
    )
    idle: Seconds = Field(default=5, description="The queue is looked at this often without being told of new mail.")
    recipients: Annotated[int, Field(ge=1, le=100)] = Field(
        default=100, description="Recipients in one transaction: what every server has to take (RFC 5321, 4.5.3.1.8)."
    )
    bytes_in_flight: Bytes = Field(
        default=134_217_728,
        description="Content of messages being sent, in memory; one way gets half of it, and a part is for small ones.",
    )
    max_hops: Count = Field(default=5, description="Next hops tried for one attempt.")
    poison_limit: Count = Field(default=5, description="A message that broke its worker this often is set aside.")
    uncertain_limit: Count = Field(
        default=3, description="A message is given up when so many attempts ended so that it may have arrived."
    )
    drain: Seconds = Field(default=30, description="On shutdown, transactions under way may take this long to end.")
    schedule: Schedule = Field(default=Schedule(), description="When delivery is tried again.")
    timeouts: Timeouts = Field(default=Timeouts(), description="How long to wait for the other side.")
    connection: Connection = Field(default=Connection(), description="Limits for each next hop.")
    resolver: Resolver = Field(default=Resolver(), description="DNS for MX routes.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.batch > self.in_flight:
            raise ValueError("batch is at most in_flight")
        for name in self.domains:
            if canonical_domain(name.removeprefix(".")) != name.removeprefix("."):
                raise ValueError(f"domains: write {name} in lower case, as A-labels, without a trailing dot")
        return self

    @property
    def partner_route(self) -> Route:
        """The route of partners: their own, or the external one with TLS required."""
        if self.partner is not None:
            return self.partner
        if self.external.protected:
            return self.external
        return self.external.model_copy(update={"tls": RouteTls(mode=TlsMode.REQUIRED)})

    def route(self, zone: Zone, domain: str) -> Route:
        """The route of mail to the canonical ``domain`` in ``zone``."""
        name = self._own_route(domain)
        if name is not None:
            return self.domains[name]
        return {Zone.INTERNAL: self.internal, Zone.PARTNER: self.partner_route, Zone.EXTERNAL: self.external}[zone]

    def routes_at_and_below(self, zone: Zone, domain: str) -> dict[str, Route]:
        """All routes that ``domain`` and its sub-domains have, by the key below ``delivery`` that sets each."""
        below = [name.removeprefix(".") for name in self.domains if domain in parents(name.removeprefix("."))]
        routes = {}
        for one in (domain, f"any.{domain}", *below, *(f"any.{name}" for name in below)):
            name = self._own_route(one)
            routes[f"domains.{name}" if name else zone.value] = self.route(zone, one)
        return routes

    def _own_route(self, domain: str) -> str | None:
        """The key of ``domains`` for ``domain``: itself, else the nearest ``.above``."""
        names = (domain, *(f".{above}" for above in list(parents(domain))[1:]))
        return next((name for name in names if name in self.domains), None)
