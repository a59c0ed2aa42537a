"""Mail exchangers of a domain (RFC 5321, 5.1), found with dnspython and kept for a while."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX

from dlp_gateway.delivery.result import DeliveryError, Result, deferred, failed
from dlp_gateway.delivery.settings import ResolverSettings, host_and_port

_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A mail exchanger: a host of some preference (low is first) and its addresses."""

    preference: int
    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the cache holds: exchanges, or why there are none."""

    until: float
    found: tuple[Exchange, ...] | Result


class Resolver:
    """Looks up exchangers; concurrent questions for one domain share one look-up.

    Answers are kept for their TTL but no longer than ``longest_cache``,
    failures for ``failure_cache`` seconds, at most ``cache_entries`` of both.
    ``clock`` gives monotonic seconds.
    """

    def __init__(self, settings: ResolverSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._never = tuple(ipaddress.ip_network(network) for network in settings.never)
        self._own_names = frozenset(name.lower().rstrip(".") for name in settings.own_names)
        self._own_addresses = frozenset(map(ipaddress.ip_address, settings.own_addresses))
        self._kept: dict[str, _Kept] = {}
        self._asked: dict[str, asyncio.Task[_Kept]] = {}
        self._dns: dns.asyncresolver.Resolver | None = None

    async def exchanges(self, domain: str) -> tuple[Exchange, ...]:
        """Return the usable exchangers of ``domain`` (A-labels) by preference; raises DeliveryError for none."""
        kept = self._kept.get(domain)
        if kept is None or kept.until <= self._clock():
            task = self._asked.get(domain)
            if task is None:
                task = self._asked[domain] = asyncio.create_task(self._look_up(domain))
                task.add_done_callback(lambda _: self._asked.pop(domain, None))
            # A question that is given up must not take the answer away from the others.
            kept = await asyncio.shield(task)
        if isinstance(kept.found, Result):
            raise DeliveryError(kept.found)
        return kept.found

    def allowed(self, address: str) -> str:
        """Return ``address`` unless mail may not go there; raises DeliveryError."""
        if self._is_own(address):
            raise DeliveryError(failed("5.4.6", "mail loops back to this gateway"))
        if self._is_forbidden(address):
            raise DeliveryError(failed("5.4.4", "an address that mail may not go to"))
        return address

    async def _look_up(self, domain: str) -> _Kept:
        try:
            found, ttl = await self._exchangers(domain)
            until = self._clock() + min(ttl, self._settings.longest_cache)
            kept = _Kept(until, found)
        except DeliveryError as error:
            kept = _Kept(self._clock() + self._settings.failure_cache, error.result)
        self._kept.pop(domain, None)
        while len(self._kept) >= self._settings.cache_entries:
            del self._kept[next(iter(self._kept))]
        self._kept[domain] = kept
        return kept

    async def _exchangers(self, domain: str) -> tuple[tuple[Exchange, ...], float]:
        records, ttl = await self._records(domain)
        names = {name for _, name in records}
        found = dict(zip(names, await asyncio.gather(*map(self._addresses, names)), strict=True))
        ceiling = min((p for p, name in records if self._is_us(name, found[name][0])), default=None)
        if ceiling is not None:
            # RFC 5321, 5.1: hosts at our own preference or behind it would hand the mail back to us.
            records = [(p, name) for p, name in records if p < ceiling]
            if not records:
                raise DeliveryError(failed("5.4.6", "the mail exchanger of the domain is this gateway"))
        exchanges: list[Exchange] = []
        room = self._settings.max_addresses
        for preference, name in sorted(records):
            addresses = tuple(a for a in found[name][0] if not self._is_forbidden(a))[:room]
            room -= len(addresses)
            if addresses:
                exchanges.append(Exchange(preference, name, addresses))
        if not exchanges:
            if any(temporary for _, _, temporary in found.values()):
                raise DeliveryError(deferred("4.4.3", "DNS gives no address of the mail exchanger now"))
            raise DeliveryError(failed("5.4.4", "no mail exchanger of the domain has an address"))
        return tuple(exchanges), min([ttl, *(seconds for _, seconds, _ in found.values())])

    async def _records(self, domain: str) -> tuple[list[tuple[int, str]], float]:
        """Return (preference, host) pairs and their TTL; the domain itself where there is no MX."""
        try:
            answer = await self._ask(domain, dns.rdatatype.MX)
        except dns.resolver.NXDOMAIN:
            raise DeliveryError(failed("5.1.2", "the domain does not exist", code=550)) from None
        except (dns.exception.DNSException, OSError):
            raise DeliveryError(deferred("4.4.3", "DNS gives no answer for the domain now")) from None
        exchangers = [record for record in answer.rrset or () if isinstance(record, MX)]
        if not exchangers:
            return [(0, domain)], _ttl(answer)
        named = [(mx.preference, mx.exchange.to_text(omit_final_dot=True).lower()) for mx in exchangers]
        # What is no host name is no host: TLS could not even ask for it.
        real = [(preference, name) for preference, name in named if _HOST.fullmatch(name)]
        if not real and any(name != "." for _, name in named):
            raise DeliveryError(failed("5.4.4", "no mail exchanger of the domain has a proper name"))
        if not real:
            raise DeliveryError(failed("5.1.10", "the domain takes no mail (null MX)", code=556))
        return real, _ttl(answer)

    async def _addresses(self, name: str) -> tuple[tuple[str, ...], float, bool]:
        """Return addresses of ``name`` (IPv6 and IPv4 in turn), their TTL, and whether DNS failed for now."""
        answers = await asyncio.gather(
            self._ask(name, dns.rdatatype.AAAA), self._ask(name, dns.rdatatype.A), return_exceptions=True
        )
        families: list[list[str]] = []
        ttl = self._settings.longest_cache
        temporary = False
        for answer in answers:
            if isinstance(answer, dns.resolver.NXDOMAIN):
                continue
            if isinstance(answer, dns.exception.DNSException | OSError):
                temporary = True
            elif isinstance(answer, BaseException):
                raise answer
            else:
                families.append([record.to_text() for record in answer.rrset or ()])
                ttl = min(ttl, _ttl(answer))
        longest = max(map(len, families), default=0)
        mixed = [family[i] for i in range(longest) for family in families if i < len(family)]
        return tuple(mixed), ttl, temporary

    async def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> dns.resolver.Answer:
        """Ask for ``name`` as it stands, without search domains; CNAMEs are followed."""
        if self._dns is None:
            self._dns = _configured(self._settings)
        absolute = dns.name.from_text(name, dns.name.root)
        return await self._dns.resolve(absolute, kind, raise_on_no_answer=False, lifetime=self._settings.seconds)

    def _is_us(self, name: str, addresses: tuple[str, ...]) -> bool:
        return name in self._own_names or any(map(self._is_own, addresses))

    def _is_own(self, address: str) -> bool:
        return ipaddress.ip_address(address) in self._own_addresses

    def _is_forbidden(self, address: str) -> bool:
        parsed = ipaddress.ip_address(address)
        # ::ffff:127.0.0.1 is 127.0.0.1 to the kernel.
        mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
        return any((mapped or parsed) in network for network in self._never)


def _ttl(answer: dns.resolver.Answer) -> float:
    """Return how long ``answer`` holds: the shortest TTL on the way to it, for a negative one the SOA's (RFC 2308)."""
    return float(answer.chaining_result.minimum_ttl)


def _configured(settings: ResolverSettings) -> dns.asyncresolver.Resolver:
    """Return a dnspython resolver for the name servers of ``settings`` or of the system."""
    resolver = dns.asyncresolver.Resolver(configure=not settings.nameservers)
    if settings.nameservers:
        resolver.nameservers = []
        for server in settings.nameservers:
            try:
                resolver.nameservers.append(str(ipaddress.ip_address(server)))
            except ValueError:
                host, port = host_and_port(server)
                resolver.nameserver_ports[host] = port
                resolver.nameservers.append(host)
    return resolver
