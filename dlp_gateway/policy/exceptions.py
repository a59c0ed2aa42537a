"""Exceptions to rules: narrow, owned, reasoned and with an end.

An exception takes named rules away for mail from one sender (or domain) to one
recipient (or domain). It cannot be wider than a registrable domain, and after
its end date it does nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

from dlp_gateway.model import Address
from dlp_gateway.policy.rules import RuleName
from dlp_gateway.policy.suffixes import is_public_suffix
from dlp_gateway.policy.zones import Text, canonical_domain, carries_route, parents


def _pattern(text: str) -> str:
    local, at, domain = text.rpartition("@")
    canonical = canonical_domain(domain)
    if any(sign in text for sign in "*?") or (at and not local):
        raise ValueError("write a mailbox (name@domain) or a domain, which covers its sub-domains; no wildcards")
    if canonical.startswith("[") or is_public_suffix(canonical):
        raise ValueError("is wider than a registrable domain")
    return f"{local}{at}{canonical}"


# ``name@domain`` is this mailbox; ``domain`` is every mailbox of the domain and its sub-domains.
Pattern = Annotated[Text, AfterValidator(_pattern)]


def matches(pattern: str, address: Address) -> bool:
    """Whether the mailbox or domain ``pattern`` covers ``address``.

    Case counts for nothing in local parts: no mail server in use tells ``Pay``
    from ``pay``. An address that carries a route may lead out of the domain
    and is covered by nothing.
    """
    if carries_route(address.local):
        return False
    local, at, domain = pattern.rpartition("@")
    if at:
        return address.local.lower() == local.lower() and address.domain == domain
    return domain in parents(address.domain)


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class PolicyException:
    """One exception; ``id`` is what records and explanations call it."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    owner: Text
    reason: Text
    until: dt.date
    rules: Annotated[tuple[RuleName, ...], Field(min_length=1)]
    sender: Pattern
    recipient: Pattern

    def valid(self, today: dt.date) -> bool:
        """Whether it still holds on ``today``."""
        return today <= self.until

    def covers(self, rule: RuleName, sender: Address | None, recipient: Address, today: dt.date) -> bool:
        """Whether it takes ``rule`` away for this sender and recipient today; never for the null sender."""
        return (
            rule in self.rules
            and self.valid(today)
            and sender is not None
            and matches(self.sender, sender)
            and matches(self.recipient, recipient)
        )
