"""Addresses and numbers of devices."""

from __future__ import annotations

import ipaddress
import re

from dlp_gateway.detection.validators.cards import digits, luhn, not_trivial

_HEX = re.compile(r"[0-9A-Fa-f]")


def host_address(value: str) -> bool:
    """Accept an address one device can have: none for loops, groups or documentation (RFC 6890)."""
    try:
        address = ipaddress.ip_address(value.strip())
    except ValueError:
        return False
    documentation = address.version == 4 and any(
        address in ipaddress.ip_network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
    )
    return not (address.is_loopback or address.is_multicast or address.is_unspecified or documentation)


def mac(value: str) -> bool:
    """Accept an individual MAC address (IEEE 802): twelve hexadecimal digits, group bit clear, not all the same."""
    figures = "".join(_HEX.findall(value)).lower()
    return len(figures) == 12 and len(set(figures)) > 1 and not int(figures[1], 16) & 1


def imei(value: str) -> bool:
    """Accept an IMEI (3GPP TS 23.003): fifteen digits with a Luhn check digit."""
    return len(digits(value)) == 15 and luhn(value) and not_trivial(value)
