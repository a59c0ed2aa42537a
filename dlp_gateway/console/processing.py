"""The gateway's own entry in the record of processing activities, and what it stores for how long: from its settings.

Regulation (EU) 2016/679, Article 30(1), names what such an entry holds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from pydantic import BaseModel

from dlp_gateway.console.paper import Paper, Part, Table
from dlp_gateway.policy.definition import Policy
from dlp_gateway.settings import Settings
from dlp_gateway.store.clocks import Stored

_NEVER = "no clock: numbers only, nobody is named"


def processing_paper(settings: Settings, policy: Policy, stored: Mapping[str, Stored], now: float) -> Paper:
    """The entry for this gateway as it is set up now; ``stored`` is what is there (``clocks.stored``)."""
    made = dt.datetime.fromtimestamp(now, dt.UTC).strftime("%d %b %Y %H:%M")
    lead = (
        f"{policy.organisation.name}: the gateway on {settings.hostname} as it is set up on {made} UTC. Both parts are "
        "made from its settings; what no setting says (a representative, a joint controller) has to be added.",
    )
    return Paper(
        "Record of processing", lead, (_activity(settings, policy), _kept(settings, stored), _measures(settings))
    )


def _activity(settings: Settings, policy: Policy) -> Part:
    partners = ", ".join(partner.domain for partner in policy.partners) or "none"
    rows = (
        ("Name of the activity", "Inspection of outgoing email against disclosure of personal data"),
        ("Controller", policy.organisation.name),
        ("Contact", settings.quarantine.contact),
        (
            "Purposes",
            "To keep personal data from leaving in mail that may not carry it; to review what was stopped; "
            "to account for every decision",
        ),
        (
            "Persons concerned",
            "Senders and recipients of mail; persons whom mail is about; reviewers and administrators",
        ),
        (
            "Categories of data",
            "Addresses, times, sizes and verdicts of all mail; kinds and places of what was found, without values; "
            "the sealed content of held mail, of any category, special ones included; names and acts of staff",
        ),
        (
            "Recipients of the data",
            f"Reviewers inside the organisation; the next hops of delivery; partners with an agreement: {partners}",
        ),
        ("Transfers to third countries", _transfers(policy)),
        ("Time limits", "See what is stored, below"),
        ("Security", "See the measures, below"),
        (
            "Automated decisions",
            "A message may be stopped by rule alone; a person reviews what is held, and its sender may ask for release",
        ),
    )
    return Part("Entry (Article 30)", tables=(Table("The activity", ("What", "How it is"), rows, texts=2),))


def _transfers(policy: Policy) -> str:
    rule = policy.rules.transfer.mode
    countries = len(policy.countries.safeguards)
    return (
        f"None by the gateway itself. Mail to countries other than {policy.organisation.country} and {countries} with "
        f"safeguards carries contact information only (rule transfer: {rule})"
    )


def _kept(settings: Settings, stored: Mapping[str, Stored]) -> Part:
    keep, console = settings.retention, settings.console
    days = settings.quarantine.retention_days

    def line(what: str, key: str, value: float, name: str, section: BaseModel, setting: str) -> tuple[str, ...]:
        reason = type(section).model_fields[setting].description or ""
        return (what, f"{value:g} days", reason, f"{name}.{setting}", _number(stored, key))

    rows = (
        line("Held messages, sealed", "held", days, "quarantine", settings.quarantine, "retention_days"),
        (
            "Held messages frozen for a dispute",
            "until that is lifted",
            "The clock stands still",
            "",
            _number(stored, "frozen"),
        ),
        (
            "Mail on its way, sealed",
            "until delivered or given up",
            "Its key is destroyed with the last delivery",
            "",
            "",
        ),
        line("Decisions", "decisions", keep.decisions_days, "retention", keep, "decisions_days"),
        line("Notices and bounces", "notices", keep.notices_days, "retention", keep, "notices_days"),
        line("Entries of the record", "record", keep.record_days, "retention", keep, "record_days"),
        line("Links to senders' pages", "links", keep.links_days, "retention", keep, "links_days"),
        line("Senders' requests for release", "appeals", keep.appeals_days, "retention", keep, "appeals_days"),
        line("Findings marked as wrong", "marks", keep.marks_days, "retention", keep, "marks_days"),
        line("Answered requests of persons", "requests", keep.requests_days, "retention", keep, "requests_days"),
        line("Who made such a request", "persons", keep.persons_days, "retention", keep, "persons_days"),
        line("Former versions of the rules", "policies", keep.policies_days, "retention", keep, "policies_days"),
        line("Unused accounts of the console", "accounts", keep.accounts_days, "retention", keep, "accounts_days"),
        line("Disabled accounts of the console", "disabled", console.account_days, "console", console, "account_days"),
        ("Figures by hour", _NEVER, "Reports on months whose decisions are gone", "", ""),
    )
    head = ("What", "For how long", "Why", "Setting", "Now")
    return Part("What the gateway stores", tables=(Table("Kinds, clocks and reasons", head, rows, texts=4),))


def _measures(settings: Settings) -> Part:
    addresses = "readable" if settings.audit.addresses == "readable" else "pseudonyms (keyed hashes)"
    internal = settings.delivery.internal
    rows = (
        ("Content", "AES-256-GCM with a key for each message; held mail is sealed to the reviewers' key (RFC 9180)"),
        ("Erasure", "By destroying keys; the database overwrites what is deleted"),
        ("Found values", "Never outside the sealed message: not in logs, notices, columns or the record"),
        ("Addresses in the record", addresses),
        ("Separation of duties", "Four roles; nobody releases what they sent; two reviewers for high-risk mail"),
        (
            "Sign-in",
            "Password and second factor; "
            f"signed out after {settings.console.idle_minutes} idle minutes and {settings.console.session_hours} hours",
        ),
        ("Inspection", "In confined processes without network, one message at a time"),
        ("Transport inside", f"TLS: {internal.tls.mode}"),
        (
            "Accountability",
            "A chain of entries, signed at least every "
            f"{settings.audit.checkpoint_seconds:g} seconds when there is something new",
        ),
    )
    return Part("Measures (Article 32)", tables=(Table("How data is protected", ("What", "How"), rows, texts=2),))


def _number(stored: Mapping[str, Stored], key: str) -> str:
    return f"{stored[key].count:,}" if key in stored else ""
