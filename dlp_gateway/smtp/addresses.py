"""Strict reading of the paths in MAIL and RCPT (RFC 5321 section 4.1.2, RFC 6531 section 3.3).

The address that is classified is the address that is relayed, character for
character, so whatever two mail systems could read in two ways is refused:
encoded words, source routes, comments, quoted characters that look like
structure, domains that only become ASCII by folding look-alikes. Nothing is
repaired but the case of ASCII letters in the domain and one trailing dot, and
those only in ``Address.domain``, which decides and is never sent. No message
of this module repeats the address.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

from dlp_gateway.model import Address
from dlp_gateway.policy import zones
from dlp_gateway.smtp.replies import RefusedError, Reply

PATH_BYTES = 256
"""A path with its brackets (RFC 5321 section 4.5.3.1.3)."""

# atext of RFC 5322 section 3.2.3; beyond ASCII any printable character (RFC 6531 section 3.3).
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x2d\u00a0-\U0010ffff]+"
_DOT_STRING = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
# qtextSMTP without the characters that another reader may take for structure:
# a lax next hop reads "bob@example.org>"@here.example as bob@example.org.
_QUOTED = re.compile(r'"[^"\\<>@,;:()\[\]\x00-\x1f\x7f]*"')
_PLAIN = re.compile(r"<([A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*)@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)>")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")


class PathRole(Enum):
    """Whose path it is; the value are the RFC 3463 codes for a bad mailbox and a bad domain of it."""

    SENDER = ("5.1.7", "5.1.8")
    RECIPIENT = ("5.1.3", "5.1.2")


class AddressError(RefusedError):
    """The path is refused; ``reply`` says why without repeating it."""


def parse_path(argument: str, role: PathRole, path_bytes: int = PATH_BYTES) -> tuple[Address | None, str]:
    """Split the argument of MAIL FROM: or RCPT TO: into its address and its parameters.

    ``argument`` is what follows the colon. Returns the address, None for the
    null reverse-path ``<>``, and the parameters as received, without the
    space in front of them.

    A path may have ``path_bytes`` octets with its brackets, and the part
    before its @ as many of them as there are: the 64 octets of RFC 5321
    section 4.5.3.1.1 are the least that is to be taken, and return paths
    (VERP, SRS) and calendars have longer ones.

    Raises AddressError: 501 for what is no path, 553 for a path that is
    refused; the null path is refused for a recipient.
    """
    path, parameters = _split(argument.lstrip(" "), role)
    if path == "<>":
        if role is PathRole.RECIPIENT:
            raise _error(501, role, "a recipient cannot be the null path <>")
        return None, parameters
    plain = _PLAIN.fullmatch(path)
    # Nearly all addresses: letters, digits, dots. The general way gives the same result.
    local, domain = plain.groups() if plain else _divide(path[1:-1], role)
    if len(path.encode()) > path_bytes:
        why = f"with its brackets it is longer than {path_bytes} octets (limit path_bytes)"
        raise _error(553, role, why, limit="path_bytes")
    return Address(local=local, domain=canonical_domain(domain, role), literal=path[1:-1]), parameters


def require_ascii(address: Address | None) -> None:
    """Raise AddressError when an address is not ASCII and SMTPUTF8 was not declared (RFC 6531 section 3.5)."""
    if address is not None and not address.literal.isascii():
        raise AddressError(
            Reply(553, "5.6.7", "Address refused: it is not ASCII and SMTPUTF8 was not declared with MAIL")
        )


def canonical_domain(domain: str, role: PathRole = PathRole.RECIPIENT) -> str:
    """Return the one form of a domain that decisions use, as ``zones.canonical_domain`` defines it.

    Raises AddressError for anything that is not a domain of RFC 5321 section 4.1.2.
    """
    try:
        return zones.canonical_domain(domain)
    except ValueError as error:
        raise AddressError(Reply(553, role.value[1], f"Address refused: its domain is {error}")) from None


def _split(text: str, role: PathRole) -> tuple[str, str]:
    """Cut ``<path> parameters`` behind the bracket that closes the path."""
    if not text.startswith("<"):
        raise _error(501, role, "the address must stand in <angle brackets>")
    if _CONTROL.search(text):
        raise _error(501, role, "the address holds a control character")
    end = text.find(">")
    quotes = text.count('"', 0, end)
    while end >= 0 and quotes % 2:  # inside a quoted string, which is then refused by name
        end = text.find(">", end + 1)
        quotes = text.count('"', 0, end)
    if end < 0:
        raise _error(501, role, "the address has no closing bracket, or a quote is not closed")
    path, rest = text[: end + 1], text[end + 1 :]
    if rest and not rest.startswith(" "):
        raise _error(501, role, "after the closing bracket comes a space and parameters, or nothing")
    if "=?" in path:
        # aiosmtpd decodes RFC 2047 encoded words in addresses, so others may; RFC 2047 section 5 forbids them here.
        raise _error(553, role, "encoded words (=?) have no place in an address")
    return path, rest.strip(" ")


def _divide(mailbox: str, role: PathRole) -> tuple[str, str]:
    """Divide a mailbox at its @; the local part is checked, the domain is not yet."""
    if mailbox.startswith("@"):
        raise _error(553, role, "source routes are not accepted")
    local, at, domain = mailbox.rpartition("@")
    if not at or not domain:
        raise _error(553, role, "the address has no domain")
    if not local:
        raise _error(553, role, "the address has nothing before its @")
    if local.startswith('"'):
        if not _QUOTED.fullmatch(local) or local == '""':
            raise _error(553, role, "a quoted local part may not hold \\ < > @ , ; : ( ) [ ] or be empty")
    elif not _DOT_STRING.fullmatch(local):
        raise _error(553, role, "the part before the @ is malformed")
    if not local.isascii() and any(unicodedata.category(c)[0] in "CZ" for c in local if c > "\x7f"):
        raise _error(553, role, "the part before the @ holds invisible characters")
    return local, domain


def _error(code: int, role: PathRole, why: str, limit: str = "") -> AddressError:
    return AddressError(Reply(code, role.value[0], f"Address refused: {why}"), limit=limit)
