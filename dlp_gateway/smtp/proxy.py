"""The PROXY protocol header, versions 1 and 2 (HAProxy, proxy-protocol.txt sections 2.1 and 2.2).

Only read from peers that are listed as proxies, and required from them:
whoever may send it chooses the address that decides on relaying. Parsed here
rather than by aiosmtpd, whose parser reads from the stream itself, lets
exceptions out on short headers and logs what it reads.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from dlp_gateway.smtp.limits import IPAddress

_V1_MAX_BYTES = 107
_V2_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_V2_FIXED_BYTES = 16  # signature, version and command, family and protocol, length of what follows
_V2_LOCAL, _V2_PROXY = 0x20, 0x21  # version and command
_V2_UNSPECIFIED = 0x00
_V2_ADDRESS_BYTES = {0x11: 4, 0x21: 16}  # TCP over IPv4, TCP over IPv6
_V1_FAMILIES = {b"TCP4": 4, b"TCP6": 6}


class ProxyHeaderError(ValueError):
    """What was received is no PROXY header; the session must end."""


@dataclass(frozen=True, slots=True)
class ProxyHeader:
    """``source`` is the client's address, None for the proxy's own health check; ``size`` the header's octets."""

    source: IPAddress | None
    size: int


def parse_proxy_header(data: bytes) -> ProxyHeader | None:
    """Read the header at the start of ``data``; None when it is not complete yet. Raises ProxyHeaderError."""
    if data.startswith(b"PROXY"):
        return _version_1(data)
    if data.startswith(_V2_SIGNATURE):
        return _version_2(data)
    if b"PROXY".startswith(data) or _V2_SIGNATURE.startswith(data):
        return None
    raise ProxyHeaderError("there is no PROXY header")


def _version_1(data: bytes) -> ProxyHeader | None:
    end = data.find(b"\r\n", 0, _V1_MAX_BYTES)
    if end < 0:
        if len(data) >= _V1_MAX_BYTES:
            raise ProxyHeaderError("the PROXY header is too long")
        return None
    words = data[:end].split(b" ")
    if words[:2] == [b"PROXY", b"UNKNOWN"]:
        return ProxyHeader(source=None, size=end + 2)
    if len(words) != 6 or words[0] != b"PROXY" or words[1] not in _V1_FAMILIES:
        raise ProxyHeaderError("the PROXY header is malformed")
    try:
        source, destination = (ipaddress.ip_address(word.decode("ascii")) for word in words[2:4])
    except ValueError:  # UnicodeDecodeError is one too
        raise ProxyHeaderError("the PROXY header holds no IP address") from None
    if {source.version, destination.version} != {_V1_FAMILIES[words[1]]} or not all(map(bytes.isdigit, words[4:])):
        raise ProxyHeaderError("the PROXY header is malformed")
    return ProxyHeader(source=source, size=end + 2)


def _version_2(data: bytes) -> ProxyHeader | None:
    if len(data) < _V2_FIXED_BYTES:
        return None
    command, family, length = data[12], data[13], int.from_bytes(data[14:16], "big")
    if command not in {_V2_LOCAL, _V2_PROXY}:
        raise ProxyHeaderError("the PROXY header has an unknown version or command")
    if len(data) < _V2_FIXED_BYTES + length:
        return None
    if command == _V2_LOCAL or family == _V2_UNSPECIFIED:
        return ProxyHeader(source=None, size=_V2_FIXED_BYTES + length)
    octets = _V2_ADDRESS_BYTES.get(family)
    if octets is None or length < 2 * octets + 4:
        raise ProxyHeaderError("the PROXY header holds no TCP address")
    return ProxyHeader(
        source=ipaddress.ip_address(data[_V2_FIXED_BYTES : _V2_FIXED_BYTES + octets]), size=_V2_FIXED_BYTES + length
    )
