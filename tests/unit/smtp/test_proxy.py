import ipaddress
import struct

import pytest

from dlp_gateway.smtp.proxy import ProxyHeaderError, parse_proxy_header

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def version_2(command=0x21, family=0x11, addresses=None, extra=b""):
    if addresses is None:
        addresses = bytes([203, 0, 113, 7, 192, 0, 2, 1]) + struct.pack("!HH", 1234, 25)
    return SIGNATURE + struct.pack("!BBH", command, family, len(addresses + extra)) + addresses + extra


SIX = ipaddress.ip_address("2001:db8::7").packed
COMPLETE = [
    (b"PROXY TCP4 203.0.113.7 192.0.2.1 1234 25\r\n", "203.0.113.7"),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 1234 25\r\n", "2001:db8::7"),
    (b"PROXY UNKNOWN\r\n", None),
    (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None),
    (version_2(), "203.0.113.7"),
    (version_2(extra=b"\x04\x00\x01x"), "203.0.113.7"),
    (version_2(family=0x21, addresses=SIX + SIX + b"\0\1\0\2"), "2001:db8::7"),
    (version_2(command=0x20), None),
    (version_2(family=0x00, addresses=b""), None),
]


@pytest.mark.parametrize(("header", "source"), COMPLETE)
def test_complete_headers_at_any_cut(header, source):
    for size in range(len(header)):
        assert parse_proxy_header(header[:size]) is None
    parsed = parse_proxy_header(header + b"EHLO x\r\n")

    assert parsed.size == len(header)
    assert parsed.source == (ipaddress.ip_address(source) if source else None)


@pytest.mark.parametrize(
    "data",
    [
        b"EHLO x\r\n",
        b"proxy TCP4 203.0.113.7 192.0.2.1 1 2\r\n",
        b"PROXYTCP4 203.0.113.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.1 1\r\n",
        b"PROXY TCP4  203.0.113.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n",
        b"PROXY TCP6 203.0.113.7 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 203.0.113.7 2001:db8::1 1 2\r\n",
        b"PROXY TCP4 203.0.113 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 \xff 192.0.2.1 1 2\r\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.1 x 2\r\n",
        b"PROXY UDP4 203.0.113.7 192.0.2.1 1 2\r\n",
        b"PROXY \r\n",
        b"PROXY " + b"x" * 200,
        b"\r\n\r\nx",
        b"\r\n\r\n\x00\r\nQUIT\r\n",
        version_2(command=0x11),
        version_2(command=0x22),
        version_2(family=0x12),
        version_2(family=0x31),
        version_2(addresses=b"\1\2\3"),
    ],
)
def test_s15_anything_else_is_refused(data):
    with pytest.raises(ProxyHeaderError):
        parse_proxy_header(data)
