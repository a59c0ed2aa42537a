from pathlib import Path

import pytest

from dlp_gateway.delivery.settings import (
    ConnectionSettings,
    Credentials,
    DeliverySettings,
    ResolverSettings,
    Routes,
    RouteSettings,
    host_and_port,
)
from dlp_gateway.delivery.tls import TlsPolicy
from dlp_gateway.model import TlsMode, Zone


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.example:25", ("a.example", 25)),
        ("192.0.2.1:2525", ("192.0.2.1", 2525)),
        ("[2001:db8::1]:25", ("2001:db8::1", 25)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_host_and_port(text, expected):
    assert host_and_port(text) == expected


@pytest.mark.parametrize(
    "text", ["a.example", "a.example:", ":25", "a.example:0", "a.example:65536", "2001:db8::1:25", "a b:25", ""]
)
def test_host_without_a_port_is_refused(text):
    with pytest.raises(ValueError, match="host:port"):
        RouteSettings(hosts=(text,))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RouteSettings(), "exactly one of"),
        (lambda: RouteSettings(hosts=("a:25",), mx=True), "exactly one of"),
        (lambda: RouteSettings(mx=True, maildir=Path("x")), "exactly one of"),
        (lambda: RouteSettings(mx=True, credentials=Credentials("a", "b")), "login belongs to a smart host"),
        (lambda: Routes({Zone.INTERNAL: RouteSettings(mx=True)}), "no route for mail to: partner, external"),
        (lambda: TlsPolicy(TlsMode.MAY, implicit=True), "implicit TLS"),
        (lambda: TlsPolicy(TlsMode.REQUIRED, ca_file=Path("x")), "mode verified"),
        (lambda: TlsPolicy(TlsMode.REQUIRED, pins=("00",)), "mode verified"),
        (lambda: ResolverSettings(never=("127.0.0.1/8",)), "host bits"),
        (lambda: ConnectionSettings(connections=0), "at least one connection"),
        (lambda: DeliverySettings("h", batch=10, in_flight=5), "batch"),
        (lambda: DeliverySettings("h", recipients=2000), "recipients"),
        (lambda: DeliverySettings("h", lease=0), "lease"),
        (lambda: DeliverySettings("h", uncertain_limit=0), "uncertain_limit"),
        (lambda: DeliverySettings("gate way"), "hostname"),
        (lambda: DeliverySettings("gäteway.example"), "hostname"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_credentials_come_from_one_line(tmp_path):
    path = tmp_path / "login"
    path.write_text("gateway:se:cret\n")

    assert Credentials.read(path) == Credentials("gateway", "se:cret")
    assert "cret" not in repr(Credentials.read(path))


@pytest.mark.parametrize("text", ["", "gateway", "gateway:", ":secret", "a:b\nc:d\n", "a:b\0"])
def test_credentials_of_another_form_are_refused_without_showing_them(text, tmp_path):
    path = tmp_path / "login"
    path.write_text(text)

    with pytest.raises(ValueError, match="one line user:password") as caught:
        Credentials.read(path)
    assert "gateway" not in str(caught.value)
