import ipaddress
from pathlib import Path

import pytest

from dlp_gateway.smtp.configuration import Listener, TLSSettings, is_in, parse_peer
from tests.unit.smtp.client import receiving

TLS = TLSSettings(Path("c"), Path("k"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"organisation_domains": ()}, "at least one domain"),
        ({"organisation_domains": ("Example.org",)}, "lower case"),
        ({"organisation_domains": ("example.org.",)}, "lower case"),
        ({"organisation_domains": ("bücher.example",)}, "A-labels"),
        ({"organisation_domains": ("a b",)}, "not a domain name"),
        ({"organisation_domains": ("[192.0.2.1]",)}, "write the domain"),
        ({"hostname": "a_b"}, "not a domain name"),
        ({"listeners": ()}, "listen"),
        ({"listeners": (Listener("127.0.0.1", 0, implicit_tls=True),)}, "certificate"),
        ({"users": Path("users")}, "over TLS only"),
        (
            {
                "tls": TLS,
                "listeners": (Listener("127.0.0.1", 0, implicit_tls=True),),
                "proxy_networks": (ipaddress.ip_network("127.0.0.1"),),
            },
            "STARTTLS behind a proxy",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused(changes, reason):
    with pytest.raises(ValueError, match=reason):
        receiving(**changes)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("", None),
        ("/run/socket", None),
    ],
)
def test_parse_peer(host, address):
    assert parse_peer(host) == (ipaddress.ip_address(address) if address else None)


def test_is_in():
    networks = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("2001:db8::/32"))
    inside = ["10.1.2.3", "2001:db8::1"]
    outside = ["11.0.0.1", "2001:db9::1"]

    assert [is_in(ipaddress.ip_address(a), networks) for a in inside + outside] == [True, True, False, False]
    assert not is_in(None, networks)
