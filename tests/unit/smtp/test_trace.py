import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.model import Address, Client, Envelope, Recipient
from dlp_gateway.smtp.trace import count_received, received_field


def recipient(local="bob", domain="example.net"):
    return Recipient(Address(local, domain, f"{local}@{domain}"))


BOB = (recipient(),)


def envelope(*, recipients=BOB, smtputf8=False, **client):
    return Envelope(None, recipients, Client(**({"host": "192.0.2.1", "helo": "mail.example.org"} | client)),
                    smtputf8=smtputf8)  # fmt: skip


def field(given, **options):
    return received_field(
        given, hostname="gateway.example.org", message_id="01J-x", at=1_700_000_000, **options
    ).decode()


def test_s03_received_field():
    assert field(envelope(tls="TLSv1.3 TLS_AES_256_GCM_SHA384", user="anna")) == (
        "Received: from mail.example.org ([192.0.2.1])\r\n"
        "\tby gateway.example.org with ESMTPSA (TLSv1.3 TLS_AES_256_GCM_SHA384) id 01J-x\r\n"
        "\tfor <bob@example.net>;\r\n"
        "\tTue, 14 Nov 2023 22:13:20 +0000\r\n"
    )


@pytest.mark.parametrize(
    ("client", "smtputf8", "name"),
    [
        ({}, False, "ESMTP"),
        ({"esmtp": False}, False, "SMTP"),
        ({"tls": "TLSv1.3 X"}, False, "ESMTPS"),
        ({"user": "a"}, False, "ESMTPA"),
        ({}, True, "UTF8SMTP"),
        ({"tls": "TLSv1.3 X", "user": "a"}, True, "UTF8SMTPSA"),
    ],
)
def test_protocol_names(client, smtputf8, name):
    assert f" with {name} " in field(envelope(smtputf8=smtputf8, **client))


@pytest.mark.parametrize(
    ("helo", "written"),
    [
        ("mail.example.org", "mail.example.org"),
        ("DESKTOP_1", "DESKTOP_1"),
        ("[192.0.2.9]", "[192.0.2.9]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
        ("", "unknown"),
        ("a b", "unknown"),
        ("a(b", "unknown"),
        ("a\r\nBcc: x", "unknown"),
        ("ü", "unknown"),
        ("x" * 300, "unknown"),
        (";", "unknown"),
    ],
)
def test_helo_is_repeated_only_when_it_is_a_name(helo, written):
    assert field(envelope(helo=helo)).startswith(f"Received: from {written} ([192.0.2.1])\r\n")


@pytest.mark.parametrize(
    ("host", "written"),
    [("2001:db8::1", "([IPv6:2001:db8::1])"), ("", "(unknown)"), ("a) b", "(unknown)")],
)
def test_client_address(host, written):
    assert f" {written}\r\n" in field(envelope(host=host))


def test_for_only_with_one_recipient():
    both = field(envelope(recipients=(recipient(), recipient("carol"))))
    assert "for" not in both
    assert "bob" not in both


def test_user_only_when_asked_for_and_harmless():
    assert "anna" not in field(envelope(user="anna"))
    assert "(authenticated anna)" in field(envelope(user="anna"), show_user=True)
    assert "authenticated" not in field(envelope(user="an na)"), show_user=True)


@pytest.mark.parametrize("name", ["", "a b", "a\r\n", "ü"])
def test_names_of_ours_are_checked(name):
    with pytest.raises(ValueError, match="Received"):
        received_field(envelope(), hostname=name, message_id="x", at=0)
    with pytest.raises(ValueError, match="Received"):
        received_field(envelope(), hostname="x", message_id=name, at=0)


@given(st.text(), st.text(), st.text(), st.text(), st.booleans())
def test_nothing_from_a_client_adds_a_line_or_a_field(helo, host, user, tls, show):
    text = field(envelope(helo=helo, host=host, user=user, tls=tls), show_user=show)

    assert re.fullmatch(r"Received: [\x20-\x7e]+(?:\r\n\t[\x20-\x7e]+)+\r\n", text)
    assert max(map(len, text.split("\r\n"))) < 998


HOST = "gateway.example.org"


@pytest.mark.parametrize(
    ("header", "counts"),
    [
        (b"", (0, 0)),
        (b"Subject: Received: no\r\n", (0, 0)),
        (b"Received: from a by b\r\n", (1, 0)),
        (b"RECEIVED: x\r\nreceived : y\r\nReceived\t: z\r\n", (3, 0)),
        (b"X-Received: x\r\nReceived-SPF: y\r\n", (0, 0)),
        (b"Received: from x\r\n\tby gateway.example.org with ESMTP;\r\n date\r\n", (1, 1)),
        (b"Received: from x\r\n by\r\n GateWay.Example.ORG (x)\r\n", (1, 1)),
        (b"Received: from gateway.example.org by other.example.org\r\n", (1, 0)),
        (b"Received: by gateway.example.org.evil.net\r\n", (1, 0)),
        (b"Received: by notgateway.example.org\r\n", (1, 0)),
        (b"Subject: by gateway.example.org\r\nReceived: x\r\n", (1, 0)),
        (b"Received: x\r\n by gateway.example.org\r\nReceived: by gateway.example.org;\r\nTo: x\r\n", (2, 2)),
    ],
)
def test_d05_count_received(header, counts):
    assert count_received(header, HOST) == counts


def test_own_field_is_recognised():
    assert count_received(field(envelope()).encode(), HOST) == (1, 1)
