"""Inspections as plain values (for pipes, JSON and the record) and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from dlp_gateway.detection.values import Candidate
from dlp_gateway.model import Attachment, Finding, Grade, Inspection, Protection, Role, Tier, Unscanned, Zone


def to_plain(inspection: Inspection) -> dict[str, Any]:
    """Return ``inspection`` as dicts, lists, strings and numbers; no value of a finding is in it."""
    return {
        "findings": [_flat(f) for f in inspection.findings],
        "attachments": [{**_flat(a), "protection": _flat(a.protection)} for a in inspection.attachments],
        "unscanned": [_flat(u) for u in inspection.unscanned],
        "risk": [_flat(u) for u in inspection.risk],
        "people": inspection.people,
        "visible": list(inspection.visible),
        "received": inspection.received,
        "scope": inspection.scope,
        "milliseconds": inspection.milliseconds,
    }


def from_plain(plain: dict[str, Any]) -> Inspection:
    """Return the inspection that ``to_plain`` gave; raises ValueError, without repeating it, on anything else."""
    try:
        return _inspection(plain)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ValueError("not an inspection") from None


def _inspection(plain: dict[str, Any]) -> Inspection:
    return Inspection(
        findings=tuple(_finding(f) for f in plain["findings"]),
        attachments=tuple(_attachment(a) for a in plain["attachments"]),
        unscanned=tuple(Unscanned(**u) for u in plain["unscanned"]),
        risk=tuple(Unscanned(**u) for u in plain["risk"]),
        people=int(plain["people"]),
        visible=tuple(plain["visible"]),
        received=int(plain["received"]),
        scope=str(plain["scope"]),
        milliseconds=float(plain["milliseconds"]),
    )


def candidate_to_plain(candidate: Candidate) -> dict[str, Any]:
    """Return ``candidate`` as plain values: what was considered, where, and what spoke for and against it."""
    return {
        "entity": candidate.entity,
        "tier": candidate.tier.value,
        "where": candidate.where,
        "score": round(candidate.score, 3),
        "detector": candidate.detector,
        "raised": list(candidate.raised),
        "sank": list(candidate.sank),
        "kept": candidate.kept,
    }


def _flat(value: Finding | Attachment | Unscanned | Protection) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for field in fields(value):
        item = getattr(value, field.name)
        if isinstance(item, Protection):
            continue
        if isinstance(item, tuple):
            item = [str(one) for one in item]
        plain[field.name] = str(item) if isinstance(item, Tier | Role | Grade) else item
    return plain


def _finding(plain: dict[str, Any]) -> Finding:
    converted = {"tier": Tier(plain["tier"]), "role": Role(plain["role"]), "evidence": tuple(plain["evidence"])}
    allowed = tuple(Zone(zone) for zone in plain.get("allowed", ()))
    return Finding(**{**plain, **converted, "allowed": allowed})


def _attachment(plain: dict[str, Any]) -> Attachment:
    protection = plain["protection"]
    graded = {"state": Grade(protection["state"]), "readable": tuple(protection["readable"])}
    return Attachment(**{**plain, "protection": Protection(**{**protection, **graded})})
