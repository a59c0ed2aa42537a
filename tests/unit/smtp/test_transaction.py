import pytest

from dlp_gateway.model import Address, Client, Recipient
from dlp_gateway.smtp.parameters import MailParameters
from dlp_gateway.smtp.transaction import Transaction

ANNA = Address("anna", "example.org", "anna@example.org")
BOB = Address("bob", "example.net", "bob@example.net")
JUERGEN = Address("jürgen", "example.net", "jürgen@example.net")


def build(*recipients, **parameters):
    transaction = Transaction()
    transaction.begin(ANNA, MailParameters(**parameters))
    for address in recipients:
        transaction.add(Recipient(address))
    return transaction


@pytest.mark.parametrize(
    ("recipients", "declared", "content", "eight_bit", "smtputf8"),
    [
        ((BOB,), {}, b"ascii", False, False),
        ((BOB,), {"eight_bit": True}, b"ascii", False, False),
        ((BOB,), {}, b"\xe4", True, False),
        ((BOB,), {"smtputf8": True}, b"ascii", False, False),
        ((BOB,), {"smtputf8": True}, "ä".encode(), True, True),
        ((JUERGEN,), {"smtputf8": True}, b"ascii", False, True),
    ],
)
def test_s13_an_envelope_says_what_the_message_needs(recipients, declared, content, eight_bit, smtputf8):
    envelope = build(*recipients, **declared).envelope(Client("192.0.2.1"), content)
    assert (envelope.eight_bit, envelope.smtputf8) == (eight_bit, smtputf8)


def test_a_mailbox_named_twice_counts_once():
    transaction = build(BOB)
    transaction.add(Recipient(Address("bob", "example.net", "bob@EXAMPLE.net"), notify=("NEVER",)))
    transaction.add(Recipient(Address("Bob", "example.net", "Bob@example.net")))

    recipients = transaction.envelope(Client("192.0.2.1"), b"").recipients
    assert [r.address.literal for r in recipients] == ["bob@example.net", "Bob@example.net"]
    assert recipients[0].notify == ()


def test_dsn_parameters_are_kept():
    envelope = build(BOB, ret="HDRS", envid="x+2By").envelope(Client("192.0.2.1"), b"")
    assert (envelope.ret, envelope.envid) == ("HDRS", "x+2By")
