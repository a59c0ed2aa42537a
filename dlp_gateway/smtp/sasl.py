"""The AUTH exchange for PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login): name and password out of it."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass, field

from dlp_gateway.smtp.connection import Connection
from dlp_gateway.smtp.replies import RefusedError, Reply

MECHANISMS = ("PLAIN", "LOGIN")

_CANCELLED = Reply(501, "5.7.0", "Authentication cancelled")
_NOT_BASE64 = Reply(501, "5.5.2", "That is not base64")
_MALFORMED = Reply(501, "5.5.2", "Credentials are malformed")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client claims."""

    name: str
    password: str = field(repr=False)


async def exchange(connection: Connection, argument: str) -> Credentials:
    """Carry out ``AUTH argument``. Raises RefusedError for anything but complete credentials."""
    mechanism, _, initial = argument.partition(" ")
    match mechanism.upper():
        case "PLAIN":
            response = _decode(initial) if initial else await _ask(connection, "")
            return _plain(response)
        case "LOGIN":
            name = _decode(initial) if initial else await _ask(connection, "VXNlcm5hbWU6")  # "Username:"
            password = await _ask(connection, "UGFzc3dvcmQ6")  # "Password:"
            return Credentials(name=_text(name), password=_text(password))
        case _:
            raise RefusedError(
                Reply(504, "5.5.4", f"Mechanism is not known here; known are {' and '.join(MECHANISMS)}")
            )


async def _ask(connection: Connection, challenge: str) -> bytes:
    await connection.prompt(Reply(334, "", challenge))
    line = await connection.next_line(connection.limits.authentication_line_bytes)
    if line == "*":
        raise RefusedError(_CANCELLED)
    return _decode(line)


def _decode(text: str) -> bytes:
    if text == "=":  # an empty initial response (RFC 4954 section 4)
        return b""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError(_NOT_BASE64) from None


def _plain(response: bytes) -> Credentials:
    parts = response.split(b"\0")
    if len(parts) != 3:
        raise RefusedError(_MALFORMED)
    authorisation, name, password = (_text(part) for part in parts)
    if authorisation not in {"", name}:
        raise RefusedError(Reply(535, "5.7.8", "Nobody may log in for another"))
    return Credentials(name=name, password=password)


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError(_MALFORMED) from None
