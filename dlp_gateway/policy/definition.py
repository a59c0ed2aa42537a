"""The whole policy as one frozen value, with its fingerprint."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter
from pydantic.dataclasses import dataclass

from dlp_gateway.model import Address
from dlp_gateway.policy.countries import Countries
from dlp_gateway.policy.exceptions import PolicyException
from dlp_gateway.policy.rules import Rules
from dlp_gateway.policy.zones import Organisation, Partner, Text, Zones

STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Pictures:
    """What happens with text in pictures on the way to an outsider.

    ``read`` asks for optical character recognition, where it is installed and
    a verdict can change. Whether a picture that was not read counts as not
    scanned says ``unread``. Under ``hold-large`` logos and signatures pass:
    pictures whose shorter side or whose area (pixels) is below the limits.
    """

    read: bool = True
    unread: Literal["hold-all", "hold-large", "pass"] = "hold-large"
    small_side: Annotated[int, Field(ge=0)] = 150  # a banner is seldom higher, a page or screenshot never lower
    small_area: Annotated[int, Field(ge=0)] = 160_000  # a signature block of 530 x 300; a small screenshot has 256,000

    @property
    def held_from(self) -> tuple[int, int] | None:
        """Shorter side and area from which an unread picture is held; None when none is."""
        if self.unread == "pass":
            return None
        return (0, 0) if self.unread == "hold-all" else (self.small_side, self.small_area)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Supersedes:
    """Consent to this policy being weaker than the one with ``fingerprint``, which is running."""

    fingerprint: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12,64}$")]
    approved_by: Text
    reason: Text


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Policy:
    """What the gateway decides by. Everything but ``supersedes`` is part of the fingerprint."""

    organisation: Organisation
    partners: tuple[Partner, ...] = ()
    countries: Countries = Countries()
    pictures: Pictures = Pictures()
    rules: Rules = Rules()
    exceptions: tuple[PolicyException, ...] = ()
    supersedes: Supersedes | None = None

    @cached_property
    def zones(self) -> Zones:
        """Classifies addresses by this policy."""
        return Zones(organisation=self.organisation, partners=self.partners)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical form, in hex: the same rules have the same fingerprint."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    @cached_property
    def canonical(self) -> str:
        """One line of JSON that ``from_canonical`` reads back; independent of order, comments and layout."""
        return json.dumps(self._dump(), sort_keys=True, ensure_ascii=True, separators=(",", ":"))

    def _dump(self) -> dict[str, Any]:
        dumped: dict[str, Any] = _ADAPTER.dump_python(self, mode="json", by_alias=True, exclude={"supersedes"})
        dumped["organisation"]["domains"].sort()
        dumped["partners"].sort(key=lambda partner: partner["domain"])
        dumped["exceptions"].sort(key=lambda exception: exception["id"])
        for exception in dumped["exceptions"]:
            exception["rules"].sort()
        dumped["countries"]["safeguards"].sort()
        dumped["countries"]["generic_domains"].sort()
        dumped["rules"]["high-risk"]["schemes"].sort()
        return dumped

    def may_have_personal_data(self, recipient: Address, today: dt.date) -> bool:
        """Whether more than contact information may go into the recipient's country (clause 4.2)."""
        entry = self.zones.partner_entry(recipient.domain)
        if entry is not None and entry.safeguards is not None and entry.valid(today):
            return True
        return self.countries.safe(self.country(recipient), self.organisation.country)

    def country(self, recipient: Address) -> str | None:
        """The country of the recipient: partner entry, else country-code domain, else unknown (None)."""
        entry = self.zones.partner_entry(recipient.domain)
        known = entry.country if entry is not None else None
        return known or self.countries.of_domain(recipient.domain)


_ADAPTER = TypeAdapter(Policy)


def policy_from(data: Any) -> Policy:
    """Build a policy from parsed YAML or JSON.

    Raises:
        pydantic.ValidationError: unknown keys, wrong types, names that are no domains ...
    """
    return _ADAPTER.validate_python(data)


def from_canonical(text: str) -> Policy:
    """Read back what ``Policy.canonical`` wrote.

    Raises:
        pydantic.ValidationError: not written by this version of the gateway.
    """
    return _ADAPTER.validate_json(text)
