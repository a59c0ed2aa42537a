"""The rules of the policy as typed values, each with its clause, action and mode.

What is not written in ``policy.yaml`` has the strict default given here, so
leaving a rule out never switches it off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

from dlp_gateway.model import Action, Grade

STRICT = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)


class RuleName(StrEnum):
    """Names of the rules that can stop a message, in the order in which they are reported."""

    SUBJECT = "subject"
    EXTERNAL = "external"
    HIGH_RISK = "high-risk"
    ENCRYPTION = "encryption"
    TRANSFER = "transfer"
    BULK = "bulk"
    EXPOSURE = "exposure"
    UNSCANNABLE = "unscannable"


class Mode(StrEnum):
    """``enforce`` stops, ``monitor`` delivers and records what would have happened, ``off`` does not look."""

    ENFORCE = "enforce"
    MONITOR = "monitor"
    OFF = "off"


def _boolean_off(value: object) -> object:
    return "off" if value is False else value  # YAML 1.1 editors write off as false


Clause = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[ -~]+$")]
RuleMode = Annotated[Mode, BeforeValidator(_boolean_off)]
StopAction = Literal[Action.REFUSE, Action.HOLD, Action.RETURN]
EntityName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
# An empty list is a setting ("none of them"), hence no minimum length.
EntityNames = Annotated[tuple[EntityName, ...], AfterValidator(lambda names: tuple(sorted(set(names))))]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Rule:
    """What all rules have in common.

    ``approvals`` is the number of different reviewers a release needs.
    """

    clause: Clause
    action: StopAction = Action.HOLD
    mode: RuleMode = Mode.ENFORCE
    approvals: Annotated[int, Field(ge=1, le=5)] = 1


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SubjectRule(Rule):
    """No personal information in a Subject; findings of ``not_personal`` entities are none."""

    clause: Clause = "5.14(c)"
    action: StopAction = Action.REFUSE
    not_personal: EntityNames = ()


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ExternalRule(Rule):
    """Clear text to outsiders holds contact information only."""

    clause: Clause = "5.14(a)"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class EncryptionRule(Rule):
    """Encrypted attachments have to be encrypted at least this well, without their password beside them."""

    clause: Clause = "5.14(a)"
    at_least: Literal[Grade.ADEQUATE, Grade.STRONG] = Grade.ADEQUATE


def scheme_key(scheme: str) -> str:
    """``ZIP AES-256`` and ``zip-aes256`` are the same scheme."""
    return re.sub(r"[^a-z0-9]", "", scheme.lower())


def _scheme(text: str) -> str:
    if len(scheme_key(text)) < 2:  # one letter would accept nearly every scheme
        raise ValueError("is too short to name a scheme")
    return text


@dataclass(frozen=True, kw_only=True, config=STRICT)
class HighRiskRule(Rule):
    """Special categories, offences, cards and credentials need better than Office encryption.

    ``schemes`` are the ways to encrypt that are good enough, by how the
    scheme's name begins (``zip-aes`` covers ``zip-aes128`` and ``zip-aes256``).
    """

    clause: Clause = "5.14(a)"
    approvals: Annotated[int, Field(ge=1, le=5)] = 2
    schemes: tuple[Annotated[str, AfterValidator(_scheme)], ...] = (
        "smime",
        "pgp",
        "zip-aes",
        "zip-pkware-aes",
        "7z-aes",
        "rar5-aes",
        "pdf-certificate-aes",
    )

    def accepts(self, scheme: str) -> bool:
        """Whether ``scheme`` is enough for high-risk data."""
        key = scheme_key(scheme)
        return any(key.startswith(scheme_key(accepted)) for accepted in self.schemes)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class BulkRule(Rule):
    """Contact details of this many different people are no longer simple contact information.

    Whoever counts them (``detection.contacts``) asks whom details name from 20
    details on, and stops at 2,000 people: a limit outside of that is never or
    always reached.
    """

    clause: Clause = "2.1"
    people: Annotated[int, Field(ge=20, le=2000)] = 50


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ExposureRule(Rule):
    """So many outsiders of so many domains may not see each other in the fields that show recipients."""

    clause: Clause = "2.1"
    recipients: Annotated[int, Field(ge=2)] = 20
    domains: Annotated[int, Field(ge=1)] = 3


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TransferRule(Rule):
    """Into countries without safeguards goes contact information only, encrypted or not."""

    clause: Clause = "4.2"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class UnscannableRule(Rule):
    """What could not be read is not passed to an outsider."""

    clause: Clause = "5.14(a)"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Statement:
    """A clause that stops nothing by itself but is named in explanations and records."""

    clause: Clause


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Rules:
    """All rules. The last two are statements: what is free inside, and that everything is on record."""

    subject: SubjectRule = SubjectRule()
    external: ExternalRule = ExternalRule()
    high_risk: Annotated[HighRiskRule, Field(alias="high-risk")] = HighRiskRule()
    encryption: EncryptionRule = EncryptionRule()
    transfer: TransferRule = TransferRule()
    bulk: BulkRule = BulkRule()
    exposure: ExposureRule = ExposureRule()
    unscannable: UnscannableRule = UnscannableRule()
    internal: Statement = Statement(clause="5.14(b)")
    accountability: Statement = Statement(clause="2.1(7)")

    def stopping(self) -> Iterator[tuple[RuleName, Rule]]:
        """Every rule that can stop a message, in reporting order."""
        yield RuleName.SUBJECT, self.subject
        yield RuleName.EXTERNAL, self.external
        yield RuleName.HIGH_RISK, self.high_risk
        yield RuleName.ENCRYPTION, self.encryption
        yield RuleName.TRANSFER, self.transfer
        yield RuleName.BULK, self.bulk
        yield RuleName.EXPOSURE, self.exposure
        yield RuleName.UNSCANNABLE, self.unscannable
