"""Addresses, messages and settings that the delivery tests are written with."""

from dlp_gateway.delivery.settings import Timeouts
from dlp_gateway.delivery.transaction import Mail
from dlp_gateway.model import Address, Recipient, Zone
from dlp_gateway.store.values import Due, Kind

NOW = 1_000_000.0
HOSTNAME = "gateway.westendonsixth.com"
SENDER = "ann@westendonsixth.com"
CONTENT = b"Message-ID: <1@westendonsixth.com>\r\nSubject: hello\r\n\r\nhello\r\n"

# Long enough never to pass by itself; a test that waits for a time to pass replaces that one.
PATIENT = Timeouts(20, 20, 20, 20, 20, 20, 20, 20, 20, 0.2)


def address(literal: str) -> Address:
    local, _, domain = literal.rpartition("@")
    return Address(local, domain.lower(), literal)


def recipient(literal: str = "bob@ext.example", notify: tuple[str, ...] = (), orcpt: str | None = None) -> Recipient:
    return Recipient(address(literal), notify, orcpt)


def mail(*recipients: str | Recipient, content: bytes = CONTENT, sender: str = SENDER, **more) -> Mail:
    named = [each if isinstance(each, Recipient) else recipient(each) for each in recipients or ("bob@ext.example",)]
    return Mail(sender, tuple(named), content, **more)


def due(number: int = 1, to: str | Recipient = "bob@ext.example", message: str = "m1", **more) -> Due:
    values = {
        "kind": Kind.MAIL,
        "sender": SENDER,
        "zone": Zone.EXTERNAL,
        "attempts": 0,
        "queued_at": NOW,
        "eight_bit": False,
        "smtputf8": False,
        "ret": None,
        "envid": None,
        "size": len(CONTENT),
    }
    return Due(
        delivery_id=number,
        message_id=message,
        recipient=to if isinstance(to, Recipient) else recipient(to),
        **{**values, **more},
    )
