"""Whether the record is what was recorded: names the first entry edited, removed, swapped or cut off."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dlp_gateway.audit.chain import GENESIS, Checkpoint, Entry, EntryKind, Prune, commit, entry_hash
from dlp_gateway.model import DAY
from dlp_gateway.store.history import Head, SaltedText

# How far away an entry is looked for that stands in another's place.
_NEAR = 1000
# An entry may be signed so much later than it was made, where nothing came after it for a while.
_LATE = DAY


class Fault(StrEnum):
    """What was done to the record."""

    EDITED = "edited"
    INSERTED = "inserted"
    REMOVED = "removed"
    SWAPPED = "swapped"
    CUT_OFF = "cut off"
    REWRITTEN = "rewritten"
    TEXT_EDITED = "text edited"
    TEXT_REMOVED = "text removed"
    FACTS_EDITED = "facts edited"


@dataclass(frozen=True, slots=True)
class Broken:
    """Where the record breaks first: the entry's number, what happened, and how it shows."""

    seq: int
    fault: Fault
    why: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Where and when the chain was cut, by the number ``seq`` of the entry that says so.

    One that is not ``signed`` was made by an older version, while the record
    was broken, or by anybody who can write the database.
    """

    seq: int
    through: int
    hash: bytes
    at: float
    signed: bool


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome: ``signed`` is the last number under a valid checkpoint; what follows could be rewritten unseen.

    ``erased`` counts texts that were erased, with entries that say so.
    ``cut`` is where the entries before the first were pruned, ``unsigned`` are
    all prunes without a signature: only checkpoints kept elsewhere show whether
    what they removed was old enough.
    """

    first: int
    last: int
    entries: int
    signed: int
    erased: int
    broken: Broken | None
    cut: Cut | None = None
    unsigned: tuple[Cut, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing was found wrong."""
        return self.broken is None


@dataclass(slots=True)
class _Walk:
    """What is remembered of the entries passed so far."""

    head: Head
    first: Entry | None = None
    last: Entry | None = None
    count: int = 0
    signed: int = 0
    cuts: list[Cut] = field(default_factory=list)
    named: dict[str, int] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)


def verify(
    entries: Iterable[Entry],
    head: Head,
    keys: Mapping[str, Ed25519PublicKey],
    *,
    texts: Iterable[tuple[str, SaltedText]] = (),
    kept: Sequence[Checkpoint] = (),
    kept_for: float = math.inf,
    now: float | None = None,
) -> Report:
    """Check the whole chain and the texts beside it.

    Args:
        entries: all entries, in the order of their numbers; the record begins with 1.
        head: where the store says that the chain ends, read before ``entries``.
        keys: the public keys that checkpoints may be signed with.
        texts: the addresses and free texts with their tokens and salts; read
            after ``entries``.
        kept: checkpoints that were kept elsewhere, each compared with its
            entry; only they show a chain that was cut off, or rewritten by
            someone who holds the signing key.
        kept_for: for how many seconds entries are kept: one under a ``kept``
            checkpoint that was pruned earlier than that is a fault.
        now: the time it is; no entry was pruned later than that.
    """
    now = time.time() if now is None else now
    witnesses = _witnesses(kept)
    walk = _Walk(head)
    broken = next((fault for checkpoint in kept if (fault := _forged(checkpoint, keys)) is not None), None)
    if broken is None:
        for entry in entries:
            broken = (
                _link_fault(walk, entry)
                or _checkpoint_fault(walk, entry, keys, witnesses)
                or _prune_fault(walk, entry, keys)
            )
            if broken is not None:
                break
            _pass(walk, entry)
        else:
            broken = _end_fault(walk, kept) or _contradiction(witnesses) or _early_fault(walk, kept, kept_for, now)
        erased, text_fault = _compare_texts(walk, texts, complete=broken is None)
        broken = min((fault for fault in (text_fault, broken) if fault is not None), key=lambda f: f.seq, default=None)
    else:
        erased = 0
    first = 0 if walk.first is None else walk.first.seq
    last = 0 if walk.last is None else walk.last.seq
    cut = next((cut for cut in walk.cuts if cut.through == first - 1), None)
    unsigned = tuple(cut for cut in walk.cuts if not cut.signed)
    return Report(first, last, walk.count, walk.signed, erased, broken, cut, unsigned)


def _forged(checkpoint: Checkpoint, keys: Mapping[str, Ed25519PublicKey]) -> Broken | None:
    if checkpoint.valid(keys):
        return None
    return Broken(checkpoint.seq, Fault.REWRITTEN, "the checkpoint kept elsewhere is not signed with a key of ours")


def _witnesses(kept: Iterable[Checkpoint]) -> dict[int, set[bytes]]:
    """The hashes that checkpoints say an entry has, by its number."""
    hashes: dict[int, set[bytes]] = {}
    for checkpoint in kept:
        hashes.setdefault(checkpoint.seq, set()).add(checkpoint.hash)
    return hashes


def _link_fault(walk: _Walk, entry: Entry) -> Broken | None:
    """Compare an entry with its own hash, with the entry before, and with the head."""
    if entry.seq < 1:
        return Broken(1, Fault.INSERTED, f"there is an entry {entry.seq}, and the record begins with 1")
    expected = entry.seq if walk.last is None else walk.last.seq + 1
    if entry.seq != expected:
        return Broken(expected, Fault.REMOVED, f"entry {expected} is missing; the next one there is {entry.seq}")
    if _hash(entry, entry.seq) != entry.hash:
        return _misfit(entry)
    previous = None if walk.last is None else walk.last.hash
    if entry.seq == 1:
        previous = GENESIS
    if previous is not None and entry.previous != previous:
        why = f"entry {entry.seq} was made behind another entry {entry.seq - 1} than the one that is there"
        return Broken(max(1, entry.seq - 1), Fault.EDITED, why)
    if entry.seq == walk.head.seq and entry.hash != walk.head.hash:
        return Broken(entry.seq, Fault.EDITED, "it is not the entry that was recorded last")
    return None


def _misfit(entry: Entry) -> Broken:
    """An entry that does not fit its hash: was it made for another place?"""
    for seq in range(max(1, entry.seq - _NEAR), entry.seq + _NEAR):
        if _hash(entry, seq) == entry.hash:
            return Broken(entry.seq, Fault.SWAPPED, f"what stands there was recorded as entry {seq}")
    return Broken(entry.seq, Fault.EDITED, "it does not fit its hash")


def _hash(entry: Entry, seq: int) -> bytes:
    return entry_hash(
        seq, entry.at, entry.kind, entry.actor, entry.subject, entry.details, entry.tokens, entry.previous
    )


def _checkpoint_fault(
    walk: _Walk, entry: Entry, keys: Mapping[str, Ed25519PublicKey], witnesses: Mapping[int, set[bytes]]
) -> Broken | None:
    since = max(walk.signed + 1, 1 if walk.first is None else walk.first.seq)
    # All of them: who holds the signing key can sign a second one for a number, and none may hide the others.
    if witnesses.get(entry.seq, {entry.hash}) != {entry.hash}:
        why = f"the checkpoint kept elsewhere for entry {entry.seq} has another hash"
        return Broken(since, Fault.REWRITTEN, why)
    if entry.kind != EntryKind.CHECKPOINT:
        return None
    try:
        checkpoint = Checkpoint.parse(entry.said())
    except ValueError:
        return Broken(entry.seq, Fault.EDITED, "it is no readable checkpoint")
    if checkpoint.seq == entry.seq - 1 and checkpoint.hash == entry.previous and checkpoint.valid(keys):
        return None
    why = f"one of the entries {since} to {entry.seq} was: the signature in entry {entry.seq} does not fit them"
    return Broken(since, Fault.REWRITTEN, why)


def _pass(walk: _Walk, entry: Entry) -> None:
    walk.first = walk.first or entry
    walk.last = entry
    walk.count += 1
    for token in entry.tokens.split():
        walk.named.setdefault(token, entry.seq)
    if entry.kind == EntryKind.CHECKPOINT:
        walk.signed = entry.seq - 1
    elif entry.kind == EntryKind.ERASE:
        tokens = entry.said().get("tokens")
        walk.forgotten.update(token for token in (tokens if isinstance(tokens, list) else ()) if isinstance(token, str))


def _prune_fault(walk: _Walk, entry: Entry, keys: Mapping[str, Ed25519PublicKey]) -> Broken | None:
    """Remember what an entry says was pruned, unless it is not what the gateway said."""
    if entry.kind != EntryKind.PRUNE:
        return None
    details = entry.said()
    signed = "signature" in details
    try:
        prune = Prune.parse(details if signed else {**details, "at": entry.at, "key": "", "signature": ""})
    except ValueError:
        return Broken(entry.seq, Fault.EDITED, "it is no readable entry about what was pruned")
    if signed and not (prune.at == entry.at and prune.valid(keys)):
        why = f"the signature in entry {entry.seq} does not fit what it says was pruned"
        return Broken(entry.seq, Fault.REWRITTEN, why)
    if not signed and any(cut.signed for cut in walk.cuts):
        why = (
            f"entry {entry.seq} says that the entries up to {prune.seq} were pruned, and is not signed as those are"
            " that say so before"
        )
        return Broken(entry.seq, Fault.REMOVED, why)
    walk.cuts.append(Cut(entry.seq, prune.seq, prune.hash, prune.at, signed))
    return None


def _end_fault(walk: _Walk, kept: Sequence[Checkpoint]) -> Broken | None:
    last = 0 if walk.last is None else walk.last.seq
    reached = max([walk.head.seq, *(checkpoint.seq for checkpoint in kept)])
    if last < reached:
        return Broken(last + 1, Fault.CUT_OFF, f"the record ends with entry {last} but once reached {reached}")
    first = walk.first
    cut = None if first is None else (first.seq - 1, first.previous)
    if first is not None and first.seq > 1 and cut not in {(one.through, one.hash) for one in walk.cuts}:
        why = f"the record begins with entry {first.seq} and no entry says that those before were pruned"
        return Broken(1, Fault.REMOVED, why)
    return None


def _contradiction(witnesses: Mapping[int, set[bytes]]) -> Broken | None:
    """Two checkpoints for one entry that is not there any more: one of them was signed for another record."""
    seq = min((seq for seq, hashes in witnesses.items() if len(hashes) > 1), default=None)
    if seq is None:
        return None
    return Broken(seq, Fault.REWRITTEN, f"the checkpoints kept elsewhere for entry {seq} contradict each other")


def _early_fault(walk: _Walk, kept: Sequence[Checkpoint], kept_for: float, now: float) -> Broken | None:
    """Compare checkpoints whose entries are not there any more with what says that these were pruned."""
    if walk.first is None:
        return None
    faults = []
    for checkpoint in kept:
        cut = min(
            (cut for cut in walk.cuts if cut.through >= checkpoint.seq), key=lambda cut: cut.through, default=None
        )
        if checkpoint.seq >= walk.first.seq or cut is None:
            continue
        if cut.through == checkpoint.seq and cut.hash != checkpoint.hash:
            why = f"the checkpoint kept elsewhere for entry {checkpoint.seq} has another hash than what was pruned"
            faults.append(Broken(checkpoint.seq, Fault.REWRITTEN, why))
        passed = min(cut.at, now) - checkpoint.at
        if passed < max(kept_for - _LATE, kept_for / 2):
            days = "for ever" if kept_for == math.inf else f"for {kept_for / DAY:.0f} days"
            why = (
                f"entry {checkpoint.seq}, under a checkpoint kept elsewhere, was pruned {passed / DAY:.0f} days after"
                f" that by entry {cut.seq}, and the record is kept {days}"
            )
            faults.append(Broken(checkpoint.seq, Fault.REMOVED, why))
    return min(faults, key=lambda fault: fault.seq, default=None)


def _compare_texts(
    walk: _Walk, texts: Iterable[tuple[str, SaltedText]], *, complete: bool
) -> tuple[int, Broken | None]:
    """How many texts were erased, and the first entry whose texts are not those it was made with.

    Unless the walk was ``complete``, entries that tell of erasures may not have been seen.
    """
    missing = dict(walk.named)
    faults = []
    for token, text in texts:
        seq = missing.pop(token, None)
        if seq is not None and commit(text.salt, text.text) != token:
            faults.append(Broken(seq, Fault.TEXT_EDITED, "an address or text it names is not the one recorded"))
    gone = [seq for token, seq in missing.items() if token not in walk.forgotten]
    if gone and complete:
        why = "an address or text it names is gone and no entry says that it was erased"
        faults.append(Broken(min(gone), Fault.TEXT_REMOVED, why))
    return len(missing) - len(gone), min(faults, key=lambda fault: fault.seq, default=None)
