"""Who is told of what waits for review: reviewers, or whoever stands in for them while they are away. No I/O."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dlp_gateway.store.approvals import REVIEWERS
from dlp_gateway.store.staff import Member


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who gets a mail about what waits; ``stands_in_for`` are names of accounts that are away."""

    address: str
    stands_in_for: tuple[str, ...] = ()


def of_digest(staff: Sequence[Member], today: dt.date) -> tuple[Reader, ...]:
    """Who gets the digest: every reviewer who wants one, or their deputy."""
    return _present([one for one in staff if one.role == REVIEWERS and one.digest], staff, today)


def of_escalation(staff: Sequence[Member], addresses: Sequence[str], today: dt.date) -> tuple[Reader, ...]:
    """Who hears of what waits too long: ``addresses``, or all reviewers without any; deputies for those away."""
    if not addresses:
        return _present([one for one in staff if one.role == REVIEWERS], staff, today)
    by_address = {one.address.lower(): one for one in staff if one.address}
    readers: dict[str, Reader] = {}
    for address in addresses:
        account = by_address.get(address.lower())
        found = _present([account], staff, today) if account is not None else (Reader(address),)
        for reader in found:
            readers.setdefault(reader.address.lower(), reader)
    return tuple(readers.values())


def _present(meant: Sequence[Member], staff: Sequence[Member], today: dt.date) -> tuple[Reader, ...]:
    """One reader an address, in order; who has no address and no deputy with one cannot be told."""
    by_id = {one.id: one for one in staff}
    found: dict[str, tuple[str, list[str]]] = {}
    for account in meant:
        there = _substitute(account, by_id, today)
        if not there.address:
            continue
        _, names = found.setdefault(there.address.lower(), (there.address, []))
        if there is not account:
            names.append(account.name)
    return tuple(Reader(address, tuple(names)) for address, names in found.values())


def _substitute(account: Member, by_id: Mapping[int, Member], today: dt.date) -> Member:
    """Who stands in today; the account itself when all of its deputies are away, too, or cannot be reached."""
    seen, there = {account.id}, account
    while there.away_until is not None and there.away_until >= today:
        deputy = by_id.get(there.deputy) if there.deputy is not None else None
        if deputy is None or deputy.id in seen or not deputy.address:
            return account
        seen.add(deputy.id)
        there = deputy
    return there
