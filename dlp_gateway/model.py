"""Frozen values that flow through the gateway.

Every layer takes some of these and returns others; none of them does I/O, and
this module imports nothing of ours, so that any layer may import it. Nothing
here has a ``__repr__`` that prints message content: fields that may hold
personal data are excluded from it (``field(repr=False)``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

DAY = 86_400.0
"""Seconds of a day."""


class Zone(StrEnum):
    """Where a recipient stands, as seen from the organisation."""

    INTERNAL = "internal"
    PARTNER = "partner"
    EXTERNAL = "external"


class TlsMode(StrEnum):
    """How much TLS a route needs; mail waits in the queue where it cannot be had.

    ``none``: never. ``may``: when the other side offers it, else in the
    clear (RFC 7435). ``required``: always, with any certificate: safe from
    listeners, not from impostors. ``verified``: always, with a certificate
    that a trusted authority issued for the name of the host (PKIX). The name
    of a mail exchanger comes from DNS and is only as good as that: where it
    matters, name a smart host.
    """

    NONE = "none"
    MAY = "may"
    REQUIRED = "required"
    VERIFIED = "verified"


class Action(StrEnum):
    """What becomes of a message for one recipient."""

    DELIVER = "deliver"
    REFUSE = "refuse"
    HOLD = "hold"
    RETURN = "return"


class Tier(StrEnum):
    """How much a finding says about a person."""

    CONTACT = "contact"
    PERSONAL = "personal"
    HIGH_RISK = "high_risk"


class Grade(StrEnum):
    """How well an attachment is protected by encryption."""

    NONE = "none"
    WEAK = "weak"
    ADEQUATE = "adequate"
    STRONG = "strong"


class Role(StrEnum):
    """What a piece of text is within its message."""

    SUBJECT = "subject"
    HEADER = "header"
    BODY = "body"
    FILENAME = "filename"
    DOCUMENT = "document"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of the envelope, as classified and exactly as it is relayed.

    ``local`` and ``literal`` are the characters received (``literal`` without
    the angle brackets); ``domain`` is the canonical form used for every
    decision: lower case, A-labels, no trailing dot, ``[...]`` for a literal.
    """

    local: str
    domain: str
    literal: str

    def __str__(self) -> str:
        return self.literal


@dataclass(frozen=True, slots=True)
class Recipient:
    """An envelope recipient with its DSN parameters (RFC 3461)."""

    address: Address
    notify: tuple[str, ...] = ()
    orcpt: str | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """Who handed the message in; ``esmtp`` is false when it said HELO rather than EHLO."""

    host: str
    helo: str = ""
    user: str | None = None
    tls: str | None = None
    esmtp: bool = True


@dataclass(frozen=True, slots=True)
class Envelope:
    """The SMTP envelope; ``sender`` is None for the null reverse-path."""

    sender: Address | None
    recipients: tuple[Recipient, ...]
    client: Client
    eight_bit: bool = False
    smtputf8: bool = False
    ret: str | None = None
    envid: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """From offset ``start`` of a text on, the text stands at ``where``."""

    start: int
    where: str


@dataclass(frozen=True, slots=True)
class Text:
    """One reading of one piece of text, and where it stands in the message.

    ``where`` is for people: ``subject``, ``body``, ``staff.xlsx > Sheet2
    (hidden)``. ``places`` refines it (cells, pages), sorted by offset.
    ``hints`` are words that stand near by without being part of the text
    (file name, column headers, labels): context for detectors.
    """

    where: str
    text: str = field(repr=False)
    role: Role
    hints: tuple[str, ...] = field(default=(), repr=False)
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A leaf of a message or container that is not mail text itself.

    ``content`` is decoded from its transfer encoding. ``names`` are all
    readings of the file name, ``declared`` all declared content types: both
    are claims, neither is trusted.
    """

    where: str
    content: bytes = field(repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)
    declared: tuple[str, ...] = ()
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Unscanned:
    """Something that was not read, and why (a phrase without personal data)."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Protection:
    """The encryption of an attachment.

    ``readable`` names what stays in the clear in spite of it, e.g.
    ``("file names",)``. ``password_inside`` is true when the password was
    found in the same message and opened it: then the encryption is worth
    nothing, and what it held was read. ``password_announced`` is true when the
    message says what the password is, whether that is so or not: what the
    attachment holds is unknown unless it was opened.
    """

    state: Grade
    scheme: str
    cipher: str = ""
    key_bits: int | None = None
    readable: tuple[str, ...] = ()
    password_inside: bool = False
    password_announced: bool = False

    @property
    def comes_with_password(self) -> bool:
        """Whether its password is in the same message, as far as anybody can tell."""
        return self.password_inside or self.password_announced


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment as the record knows it: ``type`` is what its bytes are."""

    name: str = field(repr=False)
    where: str
    type: str
    size: int
    protection: Protection


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a tolerant reader sees in a message: the union of readings.

    ``visible`` are the addresses in To, Cc and other fields that are shown (canonical ``local@domain``),
    ``ambiguous`` the reasons why readers may disagree on what the message is
    (two From headers, say): for an outsider these count as not scannable.
    """

    texts: tuple[Text, ...] = ()
    parts: tuple[Part, ...] = ()
    unscanned: tuple[Unscanned, ...] = ()
    visible: tuple[str, ...] = field(default=(), repr=False)
    ambiguous: tuple[Unscanned, ...] = ()
    received: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a person, found at offsets ``start:end`` of a text.

    Never holds the value. ``evidence`` names what raised or sank the score
    ("checksum", "context: tax file number", ...) from the detector's own
    vocabulary, not from the message. ``allowed`` are the zones towards which
    the allow-list says that this is no finding.
    """

    entity: str
    tier: Tier
    where: str
    start: int
    end: int
    score: float
    role: Role = Role.BODY
    detector: str = ""
    evidence: tuple[str, ...] = ()
    allowed: tuple[Zone, ...] = ()


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of a message: the facts that policy decides on.

    ``people`` counts the distinct people whose contact details are listed.
    ``risk`` lists the signs in the clear part that encrypted content is
    high-risk. ``scope`` says how much was inspected: ``subject`` or ``all``.
    ``milliseconds`` is wall time in the worker.
    """

    findings: tuple[Finding, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    unscanned: tuple[Unscanned, ...] = ()
    risk: tuple[Unscanned, ...] = ()
    people: int = 0
    visible: tuple[str, ...] = field(default=(), repr=False)
    received: int = 0
    scope: str = "all"
    milliseconds: float = 0.0


def unread(why: str, scope: str) -> Inspection:
    """What is known of a message that could not be read at all."""
    return Inspection(unscanned=(Unscanned("subject", why), Unscanned("message", why)), scope=scope)


@dataclass(frozen=True, slots=True)
class RuleHit:
    """A rule that speaks against delivery to one recipient.

    ``monitored`` hits are recorded but do not stop. ``reasons`` are places
    and kinds ("TFN in body"), never values.
    """

    rule: str
    clause: str
    action: Action
    reasons: tuple[str, ...] = ()
    monitored: bool = False
    excepted_by: str | None = None

    @property
    def mode(self) -> str:
        """How the rule spoke: enforced, monitored or excepted."""
        return "excepted" if self.excepted_by else "monitored" if self.monitored else "enforced"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision for one recipient and every rule that led to it."""

    recipient: Recipient
    zone: Zone
    action: Action
    hits: tuple[RuleHit, ...] = ()
    approvals: int = 1

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules that are enforced against this recipient."""
        return tuple(h.rule for h in self.hits if not h.monitored and h.excepted_by is None)

    @property
    def clauses(self) -> tuple[str, ...]:
        """Clauses of the enforced rules, without repetition, in rule order."""
        enforced = (h for h in self.hits if not h.monitored and h.excepted_by is None)
        return tuple(dict.fromkeys(h.clause for h in enforced))


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for a whole message; ``id`` is quoted to people.

    ``at`` is seconds since the epoch (UTC); ``policy`` the fingerprint of
    the configuration that decided.
    """

    id: str
    at: float
    envelope: Envelope
    verdicts: tuple[Verdict, ...]
    inspection: Inspection
    policy: str
    size: int
    digest: str
