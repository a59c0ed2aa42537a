"""The kinds of values that settings have, each checked where it is read."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo

from dlp_gateway.policy.zones import canonical_domain

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_ENDPOINT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+)):(\d{1,5})")
_LARGEST_PORT = 65535
_SQLITE = "sqlite:///"
_STORE = re.compile(r"sqlite:///.|postgres(ql)?://[^/]*/.")


class Section(BaseModel):
    """A part of ``gateway.yaml``: frozen, and every key it does not know is an error."""

    # Defaults are validated again because file paths among them start from the root, which is known only then.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, revalidate_instances="always")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host name or IP address with a port; ``str()`` writes it as in the file."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoint(value: Any) -> Any:
    """Read ``host:port`` or ``[IPv6]:port``; raises ValueError with the remedy. Other types pass through."""
    if not isinstance(value, str):
        return value
    found = _ENDPOINT.fullmatch(value)
    if found is None or int(found[3]) > _LARGEST_PORT:
        raise ValueError("should be host:port, with an IPv6 address in brackets")
    host = found[1] or found[2]
    # Reports and the record name hosts in ASCII: a name is kept in the form that DNS and TLS know it by (RFC 5890).
    return Endpoint(host if host.isascii() else _hostname(host), int(found[3]))


def _network(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return ipaddress.ip_network(value)
    except ValueError:
        raise ValueError("should be a network such as 192.0.2.0/24, with no bits set behind its length") from None


def _narrow(network: Network) -> Network:
    if network.prefixlen == 0:
        raise ValueError("is the whole internet, which would make the gateway an open relay")
    return network


def _hostname(text: str) -> str:
    try:
        name = canonical_domain(text)
    except ValueError:
        raise ValueError("should be a host name") from None
    if name.startswith("["):
        raise ValueError("should be a host name, not an address")
    return name


def _below_root(path: Path, info: ValidationInfo) -> Path:
    root = (info.context or {}).get("root")
    return Path(root) / path if root is not None else path


def store_url(url: str, info: ValidationInfo) -> str:
    """Check the address of the store, and make the path of ``sqlite:///relative`` absolute."""
    if not _STORE.match(url):
        raise ValueError("should be sqlite:///path or postgresql://user:password@host/name")
    root = (info.context or {}).get("root")
    if root is None or not url.startswith(_SQLITE):
        return url
    return f"{_SQLITE}{Path(root) / url.removeprefix(_SQLITE)}"


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("should be a time zone such as Australia/Sydney or UTC") from None
    return name


AnyEndpoint = Annotated[Endpoint, BeforeValidator(parse_endpoint)]
AnyNetwork = Annotated[Network, BeforeValidator(_network)]
TrustedNetwork = Annotated[AnyNetwork, AfterValidator(_narrow)]
Hostname = Annotated[str, AfterValidator(_hostname)]
# Relative to the root directory, see ``Settings.root``.
FilePath = Annotated[Path, AfterValidator(_below_root)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\r\n\x00]+$")]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Count = Annotated[int, Field(ge=1)]
Bytes = Annotated[int, Field(ge=1)]
# A hundred years: beyond them a moment in time is no date any more, and "for ever" is no number.
Seconds = Annotated[float, Field(gt=0, le=36_500 * 86_400, allow_inf_nan=False)]
Hours = Annotated[float, Field(gt=0, le=36_500 * 24, allow_inf_nan=False)]
Days = Annotated[float, Field(gt=0, le=36_500, allow_inf_nan=False)]
