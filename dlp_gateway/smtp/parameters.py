"""Parameters of MAIL and RCPT, in the case they were received in.

Sources: RFC 1870 (SIZE), RFC 6152 (BODY), RFC 6531 (SMTPUTF8), RFC 3461
sections 4.1 to 4.5 and 5 (RET, ENVID, NOTIFY, ORCPT, xtext), RFC 6533 section
3 (ORCPT of type utf-8), RFC 4954 section 5 (AUTH).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dlp_gateway.smtp.replies import RefusedError, Reply

MAX_ENVID_CHARS = 100
"""RFC 3461 section 4.4."""
MAX_ORCPT_CHARS = 500
"""RFC 3461 section 4.2."""

_KEYWORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_ESCAPE = re.compile(r"\+([0-9A-F]{2})")
_UTF8_ESCAPE = re.compile(r"\\x\{([0-9A-F]{2,6})\}")
_ADDRESS_TYPE = re.compile(r"[A-Za-z0-9-]{1,64}")
_BODIES = {"7BIT": False, "8BITMIME": True}
_RETURNS = ("FULL", "HDRS")
_EVENTS = ("SUCCESS", "FAILURE", "DELAY")


class ParameterError(RefusedError):
    """A parameter is refused: 555 for one we do not know, 501 for a wrong one."""


@dataclass(frozen=True, slots=True)
class MailParameters:
    """Parameters of MAIL; ``size`` is 0 when it was not declared."""

    size: int = 0
    eight_bit: bool = False
    smtputf8: bool = False
    ret: str | None = None
    envid: str | None = None


@dataclass(frozen=True, slots=True)
class RecipientParameters:
    """Parameters of RCPT; ``orcpt`` is ``type;xtext`` exactly as received."""

    notify: tuple[str, ...] = ()
    orcpt: str | None = None


NO_MAIL_PARAMETERS = MailParameters()
NO_RECIPIENT_PARAMETERS = RecipientParameters()


def parse_mail_parameters(text: str) -> MailParameters:
    """Read what follows the path of MAIL. Raises ParameterError."""
    if not text:
        return NO_MAIL_PARAMETERS
    size, eight_bit, smtputf8 = 0, False, False
    ret: str | None = None
    envid: str | None = None
    for keyword, value in _pairs(text):
        match keyword:
            case "SIZE":
                size = _size(value)
            case "BODY":
                eight_bit = _BODIES[_one_of(keyword, value, tuple(_BODIES))]
            case "SMTPUTF8":
                if value is not None:
                    raise _wrong("SMTPUTF8 takes no value")
                smtputf8 = True
            case "RET":
                ret = _one_of(keyword, value, _RETURNS)
            case "ENVID":
                envid = _envid(value)
            case "AUTH":
                # The identity a client claims for its author is not trusted here; only its form is checked.
                if value is None or not (value == "<>" or _is_printable_xtext(value)):
                    raise _wrong("AUTH must be <> or xtext")
            case _:
                raise _unknown("MAIL")
    return MailParameters(size=size, eight_bit=eight_bit, smtputf8=smtputf8, ret=ret, envid=envid)


def parse_recipient_parameters(text: str, *, smtputf8: bool = False) -> RecipientParameters:
    """Read what follows the path of RCPT. Raises ParameterError."""
    if not text:
        return NO_RECIPIENT_PARAMETERS
    notify: tuple[str, ...] = ()
    orcpt: str | None = None
    for keyword, value in _pairs(text):
        match keyword:
            case "NOTIFY":
                notify = _notify(value)
            case "ORCPT":
                orcpt = _orcpt(value, smtputf8=smtputf8)
            case _:
                raise _unknown("RCPT")
    return RecipientParameters(notify=notify, orcpt=orcpt)


def _pairs(text: str) -> list[tuple[str, str | None]]:
    """Split parameters at their spaces into upper-case keywords and values; no keyword twice."""
    pairs: dict[str, str | None] = {}
    for word in text.split(" "):
        if not word:
            continue
        keyword, equals, value = word.partition("=")
        if not _KEYWORD.fullmatch(keyword):
            raise _wrong("a parameter looks like KEYWORD or KEYWORD=value")
        if keyword.upper() in pairs:
            raise _wrong("a parameter is given twice")
        pairs[keyword.upper()] = value if equals else None
    return list(pairs.items())


def _size(value: str | None) -> int:
    if value is None or not (value.isascii() and value.isdigit() and len(value) <= 20):
        raise _wrong("SIZE must be a number of octets")
    return int(value)


def _one_of(keyword: str, value: str | None, allowed: tuple[str, ...]) -> str:
    upper = (value or "").upper()
    if upper not in allowed:
        raise _wrong(f"{keyword} must be {' or '.join(allowed)}")
    return upper


def _envid(value: str | None) -> str:
    if not value or len(value) > MAX_ENVID_CHARS or not _is_printable_xtext(value):
        raise _wrong(f"ENVID must be printable xtext of at most {MAX_ENVID_CHARS} characters")
    return value


def _notify(value: str | None) -> tuple[str, ...]:
    events = tuple((value or "").upper().split(","))
    if events == ("NEVER",):
        return events
    if len(set(events)) != len(events) or not all(event in _EVENTS for event in events):
        raise _wrong("NOTIFY must be NEVER, or some of SUCCESS, FAILURE, DELAY")
    return events


def _orcpt(value: str | None, *, smtputf8: bool) -> str:
    address_type, semicolon, address = (value or "").partition(";")
    if not semicolon or not address or not _ADDRESS_TYPE.fullmatch(address_type) or len(address) > MAX_ORCPT_CHARS:
        raise _wrong(f"ORCPT must be type;xtext of at most {MAX_ORCPT_CHARS} characters")
    if address_type.lower() == "utf-8":
        bare = _UTF8_ESCAPE.sub("", address)
        well_formed = "\\" not in bare and _is_printable_xtext("".join(c for c in bare if c <= "\x7f" or not smtputf8))
        well_formed = well_formed and bare.isprintable()
        well_formed = well_formed and all(_is_printable(int(code, 16)) for code in _UTF8_ESCAPE.findall(address))
    else:
        well_formed = _is_printable_xtext(address)
    if not well_formed:
        raise _wrong("ORCPT is not well-formed xtext")
    return value or ""


def _is_printable_xtext(value: str) -> bool:
    """Whether it is xtext that decodes to printable US-ASCII: an encoded CR LF must never reach a report."""
    if not _XTEXT.fullmatch(value):
        return False
    return all(0x20 <= int(code, 16) <= 0x7E for code in _ESCAPE.findall(value))


def _is_printable(code_point: int) -> bool:
    return code_point <= 0x10FFFF and chr(code_point).isprintable()


def _wrong(why: str) -> ParameterError:
    return ParameterError(Reply(501, "5.5.4", f"Parameter refused: {why}"))


def _unknown(command: str) -> ParameterError:
    return ParameterError(Reply(555, "5.5.4", f"{command} parameter is not known here"))
