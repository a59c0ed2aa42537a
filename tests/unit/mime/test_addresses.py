"""Addresses and the words around them."""

import pytest

from dlp_gateway.mime import addresses
from dlp_gateway.model import Role
from tests.unit.mime.reading import of_role, read


@pytest.mark.parametrize(
    ("value", "words", "found"),
    [
        ("bob@example.net", "", ["bob@example.net"]),
        ("<bob@example.net>", "", ["bob@example.net"]),
        ("Bob Martin <bob@example.net>", "Bob Martin", ["bob@example.net"]),
        ('"Martin, Bob" <bob@example.net>', "Martin, Bob", ["bob@example.net"]),
        ("Martin, Bob <bob@example.net>", "Martin; Bob", ["bob@example.net"]),
        ('"Bob \\"B\\" Martin" <bob@example.net>', 'Bob "B" Martin', ["bob@example.net"]),
        ("bob@example.net (Bob Martin)", "Bob Martin", ["bob@example.net"]),
        ("a@x.example, b@y.example; c@z.example", "", ["a@x.example", "b@y.example", "c@z.example"]),
        ("Team: a@x.example, B <b@y.example>;", "Team; B", ["a@x.example", "b@y.example"]),
        ("undisclosed-recipients:;", "undisclosed-recipients", []),
        ('"jane doe"@example.net', "", ["jane doe@example.net"]),
        ("Bob@EXAMPLE.Net.", "", ["Bob@example.net"]),
        ("bob@b\u00fccher.example", "", ["bob@xn--bcher-kva.example"]),
        ("bob@[192.0.2.1]", "", ["bob@[192.0.2.1]"]),
        ("<@route.example:bob@example.net>", "", ["bob@example.net"]),
        ("bob @ example.net", "", ["bob@example.net"]),
        ("Bob <bob(x (y))@(z)example.net>", "Bob", ["bob@example.net"]),
        ("Bob <bob@example.net(>", "Bob", ["bob@example.net"]),
        ("<bob@example.net", "", ["bob@example.net"]),
        ("Jane jane@x.example", "Jane jane@x.example", ["jane@x.example"]),
        ("(a (b) c) x@y.example", "a (b) c", ["x@y.example"]),
        ('"', "", []),
        ("<", "", []),
        ("a@[", "a@[", []),
        ("(", "", []),
        ("@", "@", []),
        ("", "", []),
    ],
)
def test_words_and_addresses(value, words, found):
    said, specs = addresses.split(value)

    assert said == words
    assert [address for spec in specs for address in addresses.canonical(spec)] == found


def test_visible_are_the_addresses_that_are_shown_once_each():
    """Bcc is one of them: nothing is taken out of a message, so what was left in it is shown to all."""
    reading = read(
        b"From: a@b.example\r\nTo: Bob <bob@X.example>, bob@x.example\r\nTo: c@y.example\r\nCc: G: d@z.example;\r\n"
        b"Bcc: hidden@x.example\r\nResent-To: e@z.example\r\nReply-To: f@z.example\r\nSubject: s\r\n\r\n"
        b"To: no@body.example\r\n"
    )

    shown = ("bob@x.example", "c@y.example", "d@z.example", "hidden@x.example", "e@z.example")
    assert reading.visible == shown
    assert "Bob" in of_role(reading, Role.HEADER)


def test_display_names_are_text_and_addresses_are_not():
    reading = read(b"From: Alice Ng <alice@b.example>\r\nReply-To: (Desk) <d@b.example>\r\nSubject: s\r\n\r\nx")

    assert of_role(reading, Role.HEADER) == ["Alice Ng", "Desk"]


def test_encoded_display_names_are_decoded_behind_the_cut():
    reading = read(b"To: =?utf-8?q?Doe=2C_Jane?= <j@b.example>, x@y.example\r\nSubject: s\r\n\r\nx")

    assert of_role(reading, Role.HEADER) == ["Doe, Jane"]
    assert reading.visible == ("j@b.example", "x@y.example")


def test_more_addresses_than_are_counted_are_reported():
    raw = b"To: " + b", ".join(b"u%d@x.example" % n for n in range(30)) + b"\r\nSubject: s\r\n\r\nx"

    reading = read(raw, addresses=20)

    assert len(reading.visible) == 20
    assert [item.why for item in reading.unscanned] == ["more than 20 addresses that are shown"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("bob@example.net", ""),
        ("mary-ann.van.der-berg+7@example.net", ""),
        ("bounce+8271.ab12@example.net", ""),
        ("bob@[192.0.2.1]", ""),
        ("", ""),
        ("Jane Doe is ill", "Jane Doe is ill"),
        ("Jane is ill bob@example.net", "Jane is ill bob@example.net"),
        ('"Jane Doe is ill"@example.net', '"Jane Doe is ill"@example.net'),
        ("jane-doe_is.ill+since-may@example.net", "jane doe is ill since may"),
        ("tfn-412277305@example.net", "tfn 412277305"),
        ("tfn.412-277-305@example.net", "tfn 412 277 305"),
    ],
)
def test_what_an_address_says_beyond_itself(spec, said):
    assert addresses.said(spec) == said


@pytest.mark.parametrize(
    "value",
    [
        "Team <Jane Doe is ill>",
        "Team <Jane Doe is ill",
        "<Jane Doe is ill>, b@x.example",
        '"Jane Doe is ill"@x.example',
        "Jane.Doe.is.ill.and.weak@x.example",
    ],
)
@pytest.mark.parametrize("name", ["From", "To", "Cc", "Reply-To", "Sender"])
def test_a_sentence_in_place_of_an_address_is_text(name, value):
    raw = f"{name}: {value}\r\nSubject: s\r\n\r\nx".encode()
    nested = b"Content-Type: message/rfc822\r\nSubject: s\r\n\r\n" + raw

    for message in (raw, nested):
        assert any("Jane Doe is ill" in text for text in of_role(read(message), Role.HEADER))
