"""Which way a recipient goes: zone and domain to a destination, a destination to hosts in order."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Callable
from dataclasses import dataclass

from dlp_gateway.delivery.resolver import Exchange, Resolver
from dlp_gateway.delivery.result import DeliveryError, failed
from dlp_gateway.delivery.settings import Routes, RouteSettings, host_and_port
from dlp_gateway.model import Zone


@dataclass(frozen=True, slots=True)
class Hop:
    """One server: ``name`` for TLS and the record, ``address`` where it is already known."""

    name: str
    port: int
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """Where recipients go together; ``domain`` is set where MX records decide."""

    settings: RouteSettings
    domain: str = ""


class Router:
    """Finds destinations and hosts; ``shuffle`` puts MX records of one preference in random order (RFC 5321, 5.1)."""

    def __init__(
        self, routes: Routes, resolver: Resolver, shuffle: Callable[[list[Exchange]], None] = random.shuffle
    ) -> None:
        self._routes = routes
        self._resolver = resolver
        self._shuffle = shuffle

    def destination(self, zone: Zone, domain: str) -> Destination:
        """Return the destination of ``domain`` in ``zone``: an override for it or a parent of it, else the zone's."""
        settings = self._override(domain) or self._routes.zones[zone]
        return Destination(settings, domain if settings.mx else "")

    def _override(self, domain: str) -> RouteSettings | None:
        overrides = self._routes.domains
        if not overrides or domain in overrides:
            return overrides.get(domain)
        labels = domain.split(".")
        parents = (overrides.get("." + ".".join(labels[start:])) for start in range(1, len(labels)))
        return next((settings for settings in parents if settings is not None), None)

    async def hops(self, destination: Destination) -> tuple[Hop, ...]:
        """Return the servers to try, in order; raises DeliveryError when there are none."""
        settings = destination.settings
        if settings.hosts:
            return tuple(Hop(*host_and_port(host)) for host in settings.hosts)
        if destination.domain.startswith("["):
            address = literal_address(destination.domain)
            return (Hop(address, settings.mx_port, self._resolver.allowed(address)),)
        exchanges = list(await self._resolver.exchanges(destination.domain))
        self._shuffle(exchanges)
        exchanges.sort(key=lambda exchange: exchange.preference)
        return tuple(
            Hop(exchange.name, settings.mx_port, address) for exchange in exchanges for address in exchange.addresses
        )


def literal_address(domain: str) -> str:
    """Return the address of a literal ``[192.0.2.1]`` or ``[IPv6:2001:db8::1]`` (RFC 5321, 4.1.3)."""
    text = domain.removeprefix("[").removesuffix("]")
    kind, colon, rest = text.partition(":")
    try:
        if colon and kind.lower() == "ipv6":
            return str(ipaddress.IPv6Address(rest))
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise DeliveryError(failed("5.1.2", "an address literal that is no address", code=550)) from None
