"""Trace information: our Received field and the detection of loops.

RFC 5321 section 4.4 (form), section 7.6 (``for`` only with one recipient, so
that no hidden recipient shows), section 6.3 (loops); RFC 3848 and RFC 6531
section 4.3 (protocol names).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime

from dlp_gateway.model import Client, Envelope

_HELO_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?|\[[A-Za-z0-9.:]{2,60}\]")
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,128}")
# A field ends at a line end that no space or tab follows. The name may be followed by spaces (RFC 5322 section 4.5.7).
_RECEIVED = re.compile(rb"^received[ \t]*:([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE)


def received_field(envelope: Envelope, *, hostname: str, message_id: str, at: float, show_user: bool = False) -> bytes:
    """Return the Received field that is put in front of a message, CRLF included.

    ``at`` is seconds since the epoch. The name a client gave in HELO is
    repeated only when it is a domain or an address literal; the name of the
    authenticated user only with ``show_user``, and only when it is a plain
    token. Raises ValueError when ``hostname`` or ``message_id`` are not.
    """
    client = envelope.client
    for name in (hostname, message_id):
        if not _TOKEN.fullmatch(name):
            raise ValueError("host name and message id of a Received field are letters, digits, dots and hyphens")
    helo = client.helo if _HELO_DOMAIN.fullmatch(client.helo) else "unknown"
    source = f"from {helo} ({_address(client.host)})"
    if show_user and client.user and _TOKEN.fullmatch(client.user):
        source += f" (authenticated {client.user})"
    transmission = f"by {hostname} with {_protocol_name(client, smtputf8=envelope.smtputf8)}"
    if client.tls and _TOKEN.fullmatch(client.tls.replace(" ", ".")):
        transmission += f" ({client.tls})"
    lines = [f"Received: {source}", f"\t{transmission} id {message_id}"]
    if len(envelope.recipients) == 1:
        lines.append(f"\tfor <{envelope.recipients[0].address.literal}>")
    return ("\r\n".join(lines) + f";\r\n\t{format_datetime(datetime.fromtimestamp(at, UTC))}\r\n").encode()


def count_received(header: bytes, hostname: str) -> tuple[int, int]:
    """Count the Received fields of a header block, and those that ``hostname`` wrote.

    Case, folding and space before the colon do not matter.
    """
    by_us = re.compile(rb"\bby[ \t\r\n]+" + re.escape(hostname.encode()) + rb"(?![A-Za-z0-9.-])", re.IGNORECASE)
    total = own = 0
    for field in _RECEIVED.finditer(header):
        total += 1
        own += by_us.search(field[1]) is not None
    return total, own


def _address(host: str) -> str:
    """Write an IP address as an address literal; anything else is not repeated."""
    literal = f"[IPv6:{host}]" if ":" in host else f"[{host}]"
    return literal if _HELO_DOMAIN.fullmatch(literal) else "unknown"


def _protocol_name(client: Client, *, smtputf8: bool) -> str:
    if not client.esmtp:
        return "SMTP"
    return ("UTF8SMTP" if smtputf8 else "ESMTP") + ("S" if client.tls else "") + ("A" if client.user else "")
