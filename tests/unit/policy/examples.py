"""Policies, messages and addresses that the policy tests are written with."""

import datetime as dt

from dlp_gateway.model import (
    Address,
    Attachment,
    Client,
    Envelope,
    Finding,
    Grade,
    Inspection,
    Protection,
    Recipient,
    Role,
    Tier,
    Unscanned,
)
from dlp_gateway.policy.definition import policy_from
from dlp_gateway.policy.evaluate import decide_all

TODAY = dt.date(2026, 3, 2)
HOME = "westendonsixth.com"

PARTNERS = (
    ("contact-partner.example", "contact", "AU"),
    ("personal-partner.example", "personal", "AU"),
    ("trusted-partner.example", "high_risk", "AU"),
    ("far-partner.example", "personal", "CN"),
)


def partner(domain, clear="contact", country=None, **more):
    entry = {"domain": domain, "agreement": "DPA 1", "owner": "dpo@westendonsixth.com", "until": dt.date(2027, 1, 1)}
    return {**entry, "clear": clear, "country": country, **more}


def exception(name="e1", rules=("external",), sender=HOME, recipient="client.example", until=None):
    return {
        "id": name,
        "owner": "dpo@westendonsixth.com",
        "reason": "agreed",
        "until": until or dt.date(2026, 12, 31),
        "rules": list(rules),
        "sender": sender,
        "recipient": recipient,
    }


def policy(**sections):
    data = {
        "organisation": {"name": "Westend on Sixth", "domains": [HOME]},
        "partners": [partner(*entry) for entry in PARTNERS],
        "countries": {"safeguards": ["NZ", "GB", "DE"], "generic_domains": ["io", "co"]},
        "rules": {"subject": {"not_personal": ["ORGANISATION"]}},
    }
    return policy_from({**data, **sections})


def address(text):
    local, _, domain = text.rpartition("@")
    return Address(local=local, domain=domain, literal=text)


def recipient(text):
    return Recipient(address(text))


def envelope(*recipients, sender="payroll@westendonsixth.com"):
    return Envelope(address(sender) if sender else None, tuple(map(recipient, recipients)), Client("127.0.0.1"))


def evaluate(tested, inspection, sender, to, today):
    """The verdict for one recipient alone, by the way that mail goes."""
    return decide_all(tested, inspection, Envelope(sender, (to,), Client("127.0.0.1")), today)[0]


def finding(tier=Tier.PERSONAL, role=Role.BODY, entity="TFN", where=None):
    return Finding(entity, tier, where or role.value, 10, 21, 0.95, role)


def attachment(
    state=Grade.ADEQUATE, scheme="office-agile", *, inside=False, announced=False, kind="xlsx", where="pay.xlsx"
):
    protection = Protection(state, scheme, password_inside=inside, password_announced=announced)
    return Attachment(where, where, kind, 9000, protection)


def message(*facts, **more):
    """An inspection with findings and attachments, told apart by type."""
    return Inspection(
        findings=tuple(fact for fact in facts if isinstance(fact, Finding)),
        attachments=tuple(fact for fact in facts if isinstance(fact, Attachment)),
        **more,
    )


RISK = (Unscanned("body", "a word for a special category"),)
