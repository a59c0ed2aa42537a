"""Which header fields are text that travels with a message, and how they are read.

Nothing is left out but what machines write for machines, and that only while
it looks like it: a signature field with a sentence in it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dlp_gateway.mime import addresses, charsets, encoded_words
from dlp_gateway.mime.headers import Field
from dlp_gateway.model import Role, Text

# Fields of addresses (RFC 5322 sections 3.6.2, 3.6.3, 3.6.6, and others in use): the words around them are text.
ADDRESS_FIELDS = frozenset(
    "from to cc bcc sender reply-to resent-from resent-to resent-cc resent-bcc resent-sender resent-reply-to "
    "apparently-to disposition-notification-to return-receipt-to read-receipt-to errors-to mail-followup-to "
    "mail-reply-to delivered-to envelope-to x-original-to x-envelope-to x-envelope-from x-confirm-reading-to "
    "x-original-from x-google-original-from".split()
)
# Identifiers: mostly random, but people and programs put names into them. Read as metadata.
IDENTIFIER_FIELDS = frozenset(
    "message-id in-reply-to references content-id resent-message-id content-location content-base x-message-id "
    "list-id original-message-id supersedes".split()
)
# A word or two of a fixed vocabulary, a date, a count: left out unless longer, a sentence, or a long number.
TOKEN_FIELDS = frozenset(
    "mime-version date resent-date content-transfer-encoding content-length lines status x-status x-uid "
    "x-mozilla-status x-mozilla-status2 x-priority priority importance x-msmail-priority precedence auto-submitted "
    "content-language accept-language x-ms-has-attach x-ms-tnef-correlator x-auto-response-suppress content-class "
    "x-mimeole delivery-date deferred-delivery expires expiry-date x-spam-flag x-spam-score x-spam-level "
    "x-virus-scanned content-md5 user-agent x-mailer x-originating-ip x-originalarrivaltime x-apple-base-url "
    "x-uniform-type-identifier x-universally-unique-identifier x-attachment-id x-unsent".split()
)
# Signatures, traces and ids: long, random, full of digits that pass for numbers of people. Left out unless a sentence.
# (The parameters of Content-Type and Content-Disposition are read by ``entities``.)
RANDOM_FIELDS = frozenset(
    "dkim-signature domainkey-signature authentication-results received-spf return-path thread-index autocrypt "
    "x-received x-google-dkim-signature x-gm-message-state x-gm-gg x-google-smtp-source x-gm-features face x-face "
    "x-forefront-antispam-report x-forefront-antispam-report-untrusted x-microsoft-antispam "
    "x-microsoft-antispam-message-info x-exchange-antispam-report-cfa-test x-spam-status x-spam-report "
    "x-ms-publictraffictype x-ms-traffictypediagnostic x-ms-office365-filtering-correlation-id x-pm-message-id "
    "x-sg-eid x-sg-id x-ses-outgoing x-mailgun-sid x-mandrill-user feedback-id x-feedback-id x-csa-complaints "
    "dkim-filter openpgp tls-required x-mimecast-spam-score x-mimecast-originator x-proofpoint-guid "
    "x-proofpoint-orig-guid x-proofpoint-virus-version x-proofpoint-spam-details content-type "
    "content-disposition".split()
)
_RANDOM_PREFIXES = ("arc-", "x-ms-exchange-", "x-eopattributedmessage", "x-microsoft-original-", "x-ironport-")
# Shown by their name in a place; others are "header (other)", because a name can be chosen to say something.
_TEXT_FIELDS = (
    "Subject", "Comments", "Keywords", "Content-Description", "Thread-Topic", "Organization", "Organisation", "Summary",
    "Sensitivity", "X-Protective-Marking", "X-Classification", "X-Sensitivity", "X-Security-Classification",
    "MSIP_Labels", "X-MSIP-Labels", "X-Label", "X-Labels", "X-Keywords", "X-Tags", "X-Headline", "X-Report-Abuse",
    "List-Help", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Subscribe", "List-Post", "List-Owner",
    "List-Archive", "Resent-Subject", "X-Original-Subject", "X-Subject", "Received", "X-Mailer", "User-Agent",
)  # fmt: skip
_UPPER = frozenset({"id", "mime", "dkim", "ip", "spf"})


def _spelt(name: str) -> str:
    return "-".join(word.upper() if word in _UPPER else word.capitalize() for word in name.split("-"))


_SHOWN = {name: _spelt(name) for name in sorted(ADDRESS_FIELDS | IDENTIFIER_FIELDS | TOKEN_FIELDS | RANDOM_FIELDS)}
_SHOWN |= {name.lower(): name for name in _TEXT_FIELDS}
# Of the fields above, those whose value is a long number by rule.
_NUMBERS_BY_RULE = frozenset(
    {"x-originalarrivaltime", "x-mozilla-status2", "x-universally-unique-identifier", "content-md5", "x-attachment-id"}
)
_TOKEN_LENGTH = 120
_LONG_NUMBER = re.compile(r"(?:\d[ -]?){9}")
_PROSE = re.compile(r"(?:\b[^\W\d_]{2,30}[ ,]{1,3}){2}[^\W\d_]{2}")
_DATE = re.compile(
    r"\s*(?:[A-Za-z]{3,9}\.?,?\s+)?\d{1,2}[ -][A-Za-z]{3,9}\.?[ -]\d{2,4},?\s+[\d:.]{4,12}(?:\s?[APap][Mm])?"
    r"(?:\s*[-+]?[A-Z\d]{1,5})?(?:\s*\([^()]{0,40}\))?\s*"
)
# What servers write into the comments of a trace field.
_USUAL_COMMENT = re.compile(
    r"(?i)\s*(?:using |version=|cipher=|tls|postfix|sendmail|exim|qmail|envelope-from|no client cert|client did not|"
    r"not verified|authenticated|sender |account |helo|ehlo|may be forged|unknown|localhost|from userid|"
    r"[\w.-]{1,255} \[|\[?[\da-f.:]{2,45}\]?\)?\s*$|[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}\.?\s*$)"
)


def readings(value: bytes) -> tuple[str, ...]:
    """Return every plausible reading of an unfolded field value, without blanks around it."""
    if value.isascii() and b"\x1b" not in value:
        text = value.decode("ascii").strip()
        return encoded_words.readings(text) if "=?" in text else (text,)
    found: dict[str, None] = {}
    for text in charsets.decode(value).texts:
        for reading in encoded_words.readings(text.strip()):
            found[reading] = None
    return tuple(found)


def texts(fields: tuple[Field, ...], prefix: str) -> Iterator[Text]:
    """Yield the texts of fields; ``prefix`` goes before each place. A field may yield none, or several readings."""
    for field in fields:
        shown = _SHOWN.get(field.name)
        if shown is None and field.name.startswith(_RANDOM_PREFIXES):
            shown = "(trace)"
        where = f"{prefix}header {shown or '(other)'}"
        if shown is None:
            for text in readings(field.value):
                yield Text(where, f"{field.name}: {text}", Role.HEADER)
        elif field.value.strip():
            yield from _listed(field, where)


def _listed(field: Field, where: str) -> Iterator[Text]:
    name = field.name
    if name in ADDRESS_FIELDS:
        words, specs = addresses.split(charsets.header_text(field.value))
        told = "; ".join(filter(None, (words, *(said for said in map(addresses.said, specs) if said not in words))))
        for text in encoded_words.readings(told) if told else ():
            yield Text(where, text, Role.HEADER)
    elif name == "received":
        yield from _comments(field.value, where)
    else:
        for text in readings(field.value):
            if name in IDENTIFIER_FIELDS or (name in TOKEN_FIELDS and not _is_token(name, text)):
                yield Text(where, text, Role.METADATA)
            elif name in RANDOM_FIELDS or name.startswith(_RANDOM_PREFIXES):
                if _PROSE.search(text):
                    yield Text(where, text, Role.METADATA)
            elif name not in TOKEN_FIELDS:
                yield Text(where, text, Role.HEADER, (_SHOWN[name],))


def _is_token(name: str, text: str) -> bool:
    """Whether a field of TOKEN_FIELDS holds no more than such a field does."""
    if name.endswith("date") and _DATE.fullmatch(text):
        return True
    number = name not in _NUMBERS_BY_RULE and _LONG_NUMBER.search(text, 0, _TOKEN_LENGTH)
    return len(text) <= _TOKEN_LENGTH and not number and _PROSE.search(text) is None


def _comments(value: bytes, where: str) -> Iterator[Text]:
    """Yield the comments of a trace field, where somebody wrote more than a server does."""
    text = charsets.header_text(value)
    found: list[str] = []
    at = text.find("(")
    while at >= 0:
        inner, behind = addresses.comment(text, at + 1)
        if inner and not _USUAL_COMMENT.match(inner):
            found.append(inner)
        at = text.find("(", behind)
    if found:
        yield Text(where, "; ".join(found), Role.METADATA)
