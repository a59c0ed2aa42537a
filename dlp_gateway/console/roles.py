"""Who may do what: four roles, and the rights each of them has."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Role(StrEnum):
    """What an account is for. Nobody has two roles: duties are kept apart."""

    ADMIN = "admin"
    SECURITY = "security"
    DPO = "dpo"
    AUDITOR = "auditor"


class Right(StrEnum):
    """What a page or an act asks for."""

    SEE_FIGURES = "see figures"
    SEE_HELD = "see what is held, masked"
    OPEN_HELD = "open held messages"
    DECIDE_HELD = "decide about held messages"
    SEE_DECISIONS = "see decisions, masked"
    READ_RECORD = "read and verify the record"
    SEE_DETECTORS = "see how detectors do"
    TRY_POLICY = "try messages, policies and thresholds"
    READ_POLICY = "read the policy"
    SEE_QUEUE = "see the queue"
    CHANGE_QUEUE = "retry and drop what is queued"
    SERVE_PERSONS = "serve people's rights"
    READ_REPORTS = "read reports"
    MANAGE_USERS = "manage accounts"
    OWN_ABSENCE = "say when one is away"


_ALL = frozenset({Right.SEE_FIGURES, Right.READ_POLICY, Right.READ_REPORTS, Right.OWN_ABSENCE})

# The administrator never sees content, the security staff never opens it, the auditor changes nothing.
RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.ADMIN: _ALL
        | {Right.SEE_DETECTORS, Right.TRY_POLICY, Right.SEE_QUEUE, Right.CHANGE_QUEUE, Right.MANAGE_USERS},
        Role.SECURITY: _ALL
        | {
            Right.SEE_HELD,
            Right.SEE_DECISIONS,
            Right.READ_RECORD,
            Right.SEE_DETECTORS,
            Right.TRY_POLICY,
            Right.SEE_QUEUE,
        },
        Role.DPO: _ALL
        | {
            Right.SEE_HELD,
            Right.OPEN_HELD,
            Right.DECIDE_HELD,
            Right.SEE_DECISIONS,
            Right.READ_RECORD,
            Right.SEE_DETECTORS,
            Right.TRY_POLICY,
            Right.SERVE_PERSONS,
        },
        Role.AUDITOR: _ALL | {Right.SEE_DECISIONS, Right.READ_RECORD},
    }
)


def may(role: str, right: Right) -> bool:
    """Whether accounts of ``role`` have ``right``; a role that does not exist has none."""
    try:
        return right in RIGHTS[Role(role)]
    except ValueError:
        return False
