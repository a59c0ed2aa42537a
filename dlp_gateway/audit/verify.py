"""Whether the record is what was recorded: names the first entry edited, removed, swapped or cut off."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dlp_gateway.audit.chain import GENESIS, Checkpoint, Entry, Kind, commit, entry_hash
from dlp_gateway.store.history import Head, SaltedText

# How far away an entry is looked for that stands in another's place.
_NEAR = 1000


class Fault(StrEnum):
    """What was done to the record."""

    EDITED = "edited"
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
class Report:
    """The outcome: ``signed`` is the last number under a valid checkpoint; what follows could be rewritten unseen.

    ``erased`` counts texts that were erased, with entries that say so.
    """

    first: int
    last: int
    entries: int
    signed: int
    erased: int
    broken: Broken | None

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
    pruned: dict[int, bytes] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)


def verify(
    entries: Iterable[Entry],
    head: Head,
    keys: Mapping[str, Ed25519PublicKey],
    *,
    texts: Iterable[tuple[str, SaltedText]] = (),
    kept: Sequence[Checkpoint] = (),
) -> Report:
    """Check the whole chain and the texts beside it.

    Args:
        entries: all entries, in the order of their numbers.
        head: where the store says that the chain ends, read before ``entries``.
        keys: the public keys that checkpoints may be signed with.
        texts: the addresses and free texts with their tokens and salts; read
            after ``entries``.
        kept: checkpoints that were kept elsewhere; only they show a chain that
            was cut off, or rewritten by someone who holds the signing key.
    """
    witnesses = {checkpoint.seq: checkpoint for checkpoint in kept}
    walk = _Walk(head)
    broken = next((fault for checkpoint in kept if (fault := _forged(checkpoint, keys)) is not None), None)
    if broken is None:
        for entry in entries:
            broken = _link_fault(walk, entry) or _checkpoint_fault(walk, entry, keys, witnesses)
            if broken is not None:
                break
            _pass(walk, entry)
        else:
            broken = _end_fault(walk, kept)
        erased, text_fault = _compare_texts(walk, texts, complete=broken is None)
        broken = min((fault for fault in (text_fault, broken) if fault is not None), key=lambda f: f.seq, default=None)
    else:
        erased = 0
    first = 0 if walk.first is None else walk.first.seq
    last = 0 if walk.last is None else walk.last.seq
    return Report(first, last, walk.count, walk.signed, erased, broken)


def _forged(checkpoint: Checkpoint, keys: Mapping[str, Ed25519PublicKey]) -> Broken | None:
    if checkpoint.valid(keys):
        return None
    return Broken(checkpoint.seq, Fault.REWRITTEN, "the checkpoint kept elsewhere is not signed with a key of ours")


def _link_fault(walk: _Walk, entry: Entry) -> Broken | None:
    """Compare an entry with its own hash, with the entry before, and with the head."""
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
    walk: _Walk, entry: Entry, keys: Mapping[str, Ed25519PublicKey], witnesses: Mapping[int, Checkpoint]
) -> Broken | None:
    since = max(walk.signed + 1, 1 if walk.first is None else walk.first.seq)
    witness = witnesses.get(entry.seq)
    if witness is not None and witness.hash != entry.hash:
        why = f"the checkpoint kept elsewhere for entry {entry.seq} has another hash"
        return Broken(since, Fault.REWRITTEN, why)
    if entry.kind != Kind.CHECKPOINT:
        return None
    try:
        checkpoint = Checkpoint.parse(json.loads(entry.details))
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
    if entry.kind == Kind.CHECKPOINT:
        walk.signed = entry.seq - 1
    elif entry.kind == Kind.PRUNE:
        details = json.loads(entry.details)
        walk.pruned[details["through"]] = bytes.fromhex(details["hash"])
    elif entry.kind == Kind.ERASE:
        walk.forgotten.update(json.loads(entry.details).get("tokens", ()))


def _end_fault(walk: _Walk, kept: Sequence[Checkpoint]) -> Broken | None:
    last = 0 if walk.last is None else walk.last.seq
    reached = max([walk.head.seq, *(checkpoint.seq for checkpoint in kept)])
    if last < reached:
        return Broken(last + 1, Fault.CUT_OFF, f"the record ends with entry {last} but once reached {reached}")
    first = walk.first
    if first is not None and first.seq > 1 and walk.pruned.get(first.seq - 1) != first.previous:
        why = f"the record begins with entry {first.seq} and no entry says that those before were pruned"
        return Broken(1, Fault.REMOVED, why)
    return None


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
