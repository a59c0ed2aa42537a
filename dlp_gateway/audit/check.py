"""Verifying the record where it is kept, together with the facts of the decisions it speaks of."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dlp_gateway.audit.chain import Checkpoint, Entry, EntryKind
from dlp_gateway.audit.verify import Broken, Fault, Report, verify
from dlp_gateway.store import history

_PAGE = 500


def check(
    keys: Mapping[str, Ed25519PublicKey],
    kept: Sequence[Checkpoint] = (),
    *,
    kept_for: float = math.inf,
    now: float | None = None,
    passed: Callable[[int], None] = lambda _entries: None,
) -> Report:
    """Verify the record of the configured database; mail may go on meanwhile.

    ``kept`` are checkpoints kept elsewhere, ``kept_for`` the seconds for which
    entries are to be kept at least, ``now`` the time it is (``verify`` has
    more); ``passed`` hears now and then how many entries were verified, and may
    raise to end it. A fault is looked at again if the record was cut
    meanwhile. Raises StoreError when the database cannot be read.
    """
    erased = False
    while True:
        first = history.length()[0]
        report = _check(keys, kept, kept_for, now, passed)
        if report.broken is None:
            return report
        # What was read of a record that is being cut has a gap. It ends: each turn the record begins further on.
        cut = history.length()[0] > first
        # It may have been erased between reading the entries and reading the texts; then an entry says so now.
        erased = not erased and report.broken.fault is Fault.TEXT_REMOVED
        if not cut and not erased:
            return report


def _check(
    keys: Mapping[str, Ed25519PublicKey],
    kept: Sequence[Checkpoint],
    kept_for: float,
    now: float | None,
    passed: Callable[[int], None],
) -> Report:
    altered: list[Broken] = []
    head = history.head()
    entries = _comparing(history.entries(after=None), altered, passed)
    report = verify(entries, head, keys, texts=history.all_texts(), kept=kept, kept_for=kept_for, now=now)
    faults = [fault for fault in (report.broken, *altered) if fault is not None]
    return replace(report, broken=min(faults, key=lambda fault: fault.seq, default=None))


def _comparing(entries: Iterable[Entry], altered: list[Broken], passed: Callable[[int], None]) -> Iterator[Entry]:
    """Pass the entries on, and compare the facts kept with each decision with the digest in its entry."""
    page: list[Entry] = []
    count = 0
    for entry in entries:
        page.append(entry)
        if len(page) == _PAGE:
            altered += _altered(page)
            yield from page
            count += len(page)
            passed(count)
            page = []
    altered += _altered(page)
    yield from page


def _altered(page: Sequence[Entry]) -> Iterator[Broken]:
    decisions = [entry for entry in page if entry.kind == EntryKind.DECIDE]
    facts = history.facts(entry.subject for entry in decisions)
    for entry in decisions:
        kept = facts.get(entry.subject)
        if kept is not None and hashlib.sha256(kept.encode()).hexdigest() != entry.said().get("facts"):
            why = f"the facts kept with decision {entry.subject} are not those decided on"
            yield Broken(entry.seq, Fault.FACTS_EDITED, why)
            return
