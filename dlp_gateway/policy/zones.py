"""Who is inside, who has a written agreement, and everybody else.

Domains are compared in one canonical form, label by label, so that
``westendonsixth.com.example`` and ``notwestendonsixth.com`` are outsiders and
``UK.WestEndOnSixth.com.`` is not.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Annotated

import idna
from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

from dlp_gateway.model import Address, Tier, Zone
from dlp_gateway.policy.countries import Country
from dlp_gateway.policy.suffixes import is_public_suffix

STRICT = ConfigDict(extra="forbid")

Text = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]

LONGEST_DOMAIN = 253  # octets (RFC 1035 section 2.3.4, without the root's length octet)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TOO_LONG = f"longer than {LONGEST_DOMAIN} octets"
_NOT_IDNA = "not a valid internationalised domain name (IDNA 2008)"

# Local parts that some mail servers take as a route to somewhere else: ``user%other.example@ours`` (Postfix rewrites
# it by default, allow_percent_hack), ``other.example!user@ours`` (swap_bangpath), ``"user@other.example"@ours``.
_ROUTING = frozenset("%!@")


@lru_cache(maxsize=4096)
def canonical_domain(text: str) -> str:
    """The one form of a domain, on which all decisions are made: lower case, A-labels, no trailing dot.

    An address literal is ``[192.0.2.1]`` or ``[ipv6:2001:db8::1]``, the address
    in its shortest form. Unicode labels have to be valid U-labels (RFC 5890, as
    RFC 6531 section 2.3 asks), A-labels those of valid ones: neither capitals
    beyond ASCII nor compatibility forms such as full-width letters are mapped,
    since the next hop need not map them the same way.

    Raises:
        ValueError: not a domain that mail can be sent to; the text says why, and does not repeat it.
    """
    if text.startswith("[") and text.endswith("]"):
        return _literal(text[1:-1])
    name = text.removesuffix(".")
    # An A-label is no shorter than the U-label it is made of.
    if len(name) > LONGEST_DOMAIN:
        raise ValueError(_TOO_LONG)
    lowered = "".join(c.lower() if c.isascii() else c for c in name)
    if not lowered.isascii():
        try:
            lowered = idna.encode(lowered, strict=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            raise ValueError(_NOT_IDNA) from None
    labels = lowered.split(".")
    if len(lowered) > LONGEST_DOMAIN:
        raise ValueError(_TOO_LONG)
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("not a valid domain name")
    if labels[-1].isdigit():
        raise ValueError("not a domain name but ends in a number; an IP address stands in [brackets]")
    if any(label.startswith("xn--") for label in labels):
        try:
            idna.decode(lowered, strict=True)
        except (idna.IDNAError, UnicodeError):
            raise ValueError(_NOT_IDNA) from None
    return lowered


def _literal(inner: str) -> str:
    """An address literal (RFC 5321 section 4.1.3) from what stands in its brackets."""
    try:
        if inner[:5].lower() == "ipv6:":
            # With a zone it would mean something to this host alone.
            return f"[ipv6:{ipaddress.IPv6Address(inner[5:].replace('%', ' '))}]"
        return f"[{ipaddress.IPv4Address(inner)}]"
    except ValueError:
        raise ValueError("not a valid address literal (RFC 5321 section 4.1.3)") from None


def carries_route(local: str) -> bool:
    """Whether a mail server might read the local part as a route to another domain."""
    return not _ROUTING.isdisjoint(local)


def parents(domain: str) -> Iterator[str]:
    """``domain`` and the domains above it, nearest first: a.b.example, b.example, example."""
    while domain:
        yield domain
        domain = domain.partition(".")[2]


def within(domain: str, domains: Collection[str]) -> bool:
    """Whether the canonical ``domain`` is one of these canonical ``domains`` or below one of them."""
    return any(above in domains for above in parents(domain))


def _own_domain(text: str) -> str:
    domain = canonical_domain(text)
    if domain.startswith("["):
        raise ValueError("an address literal belongs to nobody; name a domain")
    if is_public_suffix(domain):
        raise ValueError("is a public suffix, under which anybody can register; name the domain itself")
    return domain


# A domain with its sub-domains, no wider than what one owner can register.
Domain = Annotated[Text, AfterValidator(_own_domain)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Organisation:
    """Whose mail this is: its domains (sub-domains are internal too) and home country."""

    name: Text
    domains: Annotated[tuple[Domain, ...], Field(min_length=1)]
    country: Country = "AU"

    def owns(self, domain: str) -> bool:
        """Whether the canonical ``domain`` is one of ours or below one."""
        return within(domain, self.domains)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Partner:
    """An outsider with a written agreement, and what the agreement lets it have.

    ``clear`` is the highest tier that may go in clear text; whatever is above
    contact needs a delivery route with TLS (``config check`` compares the two
    files). ``safeguards`` names the instrument that protects personal data
    abroad (standard contractual clauses, say). After ``until`` the partner is
    an outsider like any other; where it stands remains known.
    """

    domain: Domain
    agreement: Text
    owner: Text
    until: dt.date
    country: Country | None = None
    clear: Tier = Tier.CONTACT
    bulk: bool = False
    safeguards: Text | None = None

    def valid(self, today: dt.date) -> bool:
        """Whether the agreement still holds on ``today``."""
        return today <= self.until


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Zones:
    """Classifies addresses; built once from the organisation and its partners."""

    organisation: Organisation
    partners: tuple[Partner, ...] = ()

    @cached_property
    def _by_domain(self) -> Mapping[str, Partner]:
        return {partner.domain: partner for partner in self.partners}

    def partner_entry(self, domain: str) -> Partner | None:
        """The entry nearest above the canonical ``domain``, whether its agreement still holds or not."""
        if not self._by_domain:
            return None
        return next((self._by_domain[above] for above in parents(domain) if above in self._by_domain), None)

    def partner(self, domain: str, today: dt.date) -> Partner | None:
        """The partner whose agreement covers the canonical ``domain`` on ``today``."""
        entry = self.partner_entry(domain)
        return entry if entry is not None and entry.valid(today) else None

    def zone(self, address: Address, today: dt.date) -> Zone:
        """Where ``address`` stands; whatever is odd about it makes it external.

        A local part that carries a route (``user%other.example``) is external
        whatever the domain, because a mail server of ours might follow it out.
        """
        if carries_route(address.local):
            return Zone.EXTERNAL
        return self.zone_of_domain(address.domain, today)

    def zone_of_domain(self, domain: str, today: dt.date) -> Zone:
        """Where a domain stands, canonical or not; what is not a domain is external."""
        try:
            canonical = canonical_domain(domain)
        except ValueError:
            return Zone.EXTERNAL
        if self.organisation.owns(canonical):
            return Zone.INTERNAL
        return Zone.PARTNER if self.partner(canonical, today) is not None else Zone.EXTERNAL

    def zone_of_text(self, mailbox: str, today: dt.date) -> Zone:
        """Where a mailbox written ``local@domain`` stands."""
        local, _, domain = mailbox.rpartition("@")
        return self.zone(Address(local=local, domain=domain, literal=mailbox), today)
