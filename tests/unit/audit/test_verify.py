"""Every way to tamper with the record, on every kind of entry."""

import dataclasses
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.audit.chain import GENESIS, Checkpoint, EntryKind, Note, Prune, commit, entry_hash, link
from dlp_gateway.audit.verify import Fault, verify
from dlp_gateway.store.history import Head, SaltedText

KEY = Ed25519PrivateKey.generate()
KEYS = {"audit-1": KEY.public_key()}
SALT = bytes(16)
ADDRESS = "ann@example.net"
TOKEN = commit(SALT, ADDRESS)
ORDINARY = [kind for kind in EntryKind if kind not in (EntryKind.CHECKPOINT, EntryKind.PRUNE, EntryKind.ERASE)]


class Record:
    """A record in memory, built as the store builds it."""

    def __init__(self):
        self.entries = []
        self.texts = {}
        self.checkpoints = []

    @property
    def head(self):
        return Head(len(self.entries), self.entries[-1].hash if self.entries else GENESIS)

    def add(self, kind, details=None, address=ADDRESS, at=None):
        previous = self.entries[-1].hash if self.entries else GENESIS
        seq = len(self.entries) + 1
        note = Note(
            kind,
            100.0 + seq if at is None else at,
            "gateway",
            f"m{seq}",
            details if details is not None else {"n": seq},
        )
        token = commit(SALT, address)
        self.texts[token] = SaltedText("address", SALT, address)
        self.entries.append(link(note, token, seq, previous))

    def checkpoint(self):
        signed = Checkpoint.signed(self.entries[-1].seq, self.entries[-1].hash, 100.0, "audit-1", KEY)
        self.checkpoints.append(signed)
        self.add(EntryKind.CHECKPOINT, signed.details())

    def verify(self, entries=None, head=None, texts=None, kept=(), **more):
        return verify(
            self.entries if entries is None else entries,
            head or self.head,
            KEYS,
            texts=(self.texts if texts is None else texts).items(),
            kept=kept,
            **more,
        )


@pytest.fixture
def record():
    record = Record()
    for _turn in range(3):
        for kind in ORDINARY:
            record.add(kind)
        record.checkpoint()
    for kind in ORDINARY[:3]:
        record.add(kind)
    return record


EACH = range(3 * (len(ORDINARY) + 1) + 3)
SIGNED = 3 * (len(ORDINARY) + 1) - 1
ORDINARY_PLACES = [place for place in EACH[:SIGNED] if (place + 1) % (len(ORDINARY) + 1)]


def rehash(entry, **changes):
    """An entry changed by someone who knows how hashes are made."""
    changed = replace(entry, **changes)
    fields = [getattr(changed, f.name) for f in dataclasses.fields(changed) if f.name != "hash"]
    return replace(changed, hash=entry_hash(*fields))


def rechain(entries, start):
    """Make everything behind ``start`` fit again, as far as that is possible without the signing key."""
    fixed = list(entries[: start + 1])
    for entry in entries[start + 1 :]:
        fixed.append(rehash(entry, seq=fixed[-1].seq + 1, previous=fixed[-1].hash))
    return fixed


def test_what_was_not_touched_is_sound(record):
    report = record.verify(kept=record.checkpoints)

    assert report.sound, report.broken
    assert (report.first, report.last, report.entries) == (1, len(EACH), len(EACH))
    assert (report.signed, report.erased) == (SIGNED, 0)


@pytest.mark.parametrize("genuine_first", [True, False])
def test_no_checkpoint_hides_another_one_for_the_same_entry(record, genuine_first):
    genuine = record.checkpoints[1]
    place = genuine.seq - 1
    entries = rechain([*record.entries[:place], rehash(record.entries[place], actor="mallory")], place)
    again = Checkpoint.signed(genuine.seq, entries[-1].hash, 100.0, "audit-1", KEY)
    kept = [genuine, again] if genuine_first else [again, genuine]

    assert record.verify(entries, Head(genuine.seq, entries[-1].hash), kept=[again]).sound
    broken = record.verify(entries, Head(genuine.seq, entries[-1].hash), kept=kept).broken

    assert (broken.seq, broken.fault) == (record.checkpoints[0].seq + 1, Fault.REWRITTEN)


def test_checkpoints_that_contradict_each_other_are_named_when_their_entry_is_pruned(record):
    through = record.checkpoints[0].seq
    hashes = record.entries[0].hash, record.entries[1].hash
    first, other = (Checkpoint.signed(1, digest, 100.0, "audit-1", KEY) for digest in hashes)
    pruned = Prune.signed(through, record.entries[through - 1].hash, 1e9, "audit-1", KEY)
    record.add(EntryKind.PRUNE, pruned.details(), at=1e9)
    left = record.entries[through:]

    assert record.verify(left, kept=[first], kept_for=1.0, now=1e9).sound
    broken = record.verify(left, kept=[first, other], kept_for=1.0, now=1e9).broken

    assert (broken.seq, broken.fault) == (1, Fault.REWRITTEN)


@pytest.mark.parametrize("numbers", [(0,), (-3, -2, -1, 0), (-(2**63),)])
def test_entries_in_front_of_the_first_are_named(record, numbers):
    inserted = [rehash(record.entries[0], seq=seq, actor="mallory") for seq in numbers]

    broken = record.verify([*inserted, *record.entries], kept=record.checkpoints).broken

    assert (broken.seq, broken.fault) == (1, Fault.INSERTED)


def test_an_empty_record_is_sound():
    assert Record().verify().sound


@pytest.mark.parametrize(
    "change",
    [
        {"at": 1.0},
        {"kind": "decide_"},
        {"actor": "x"},
        {"subject": "x"},
        {"details": '{"n":0}'},
        {"tokens": ""},
        {"previous": b"\1" * 32},
    ],
    ids=lambda change: next(iter(change)),
)
@pytest.mark.parametrize("place", EACH)
def test_an_edited_entry_is_named(record, place, change):
    entries = list(record.entries)
    entries[place] = replace(entries[place], **change)

    broken = record.verify(entries).broken

    assert (broken.seq, broken.fault) == (place + 1, Fault.EDITED)


@pytest.mark.parametrize("place", EACH)
def test_an_edited_entry_with_a_new_hash_is_named(record, place):
    entries = list(record.entries)
    entries[place] = rehash(entries[place], actor="somebody else")

    broken = record.verify(entries).broken

    assert (broken.seq, broken.fault) == (place + 1, Fault.EDITED)


@pytest.mark.parametrize("place", EACH)
def test_a_removed_entry_is_named(record, place):
    entries = record.entries[:place] + record.entries[place + 1 :]

    broken = record.verify(entries, record.head).broken

    last = place == len(EACH) - 1
    if place == 0:
        assert (broken.seq, broken.fault) == (1, Fault.REMOVED)
    else:
        assert (broken.seq, broken.fault) == (place + 1, Fault.CUT_OFF if last else Fault.REMOVED)


@pytest.mark.parametrize("place", EACH[:-1])
def test_swapped_entries_are_named(record, place):
    entries = list(record.entries)
    one, other = entries[place], entries[-1]
    entries[place], entries[-1] = replace(other, seq=one.seq), replace(one, seq=other.seq)

    broken = record.verify(entries).broken

    assert (broken.seq, broken.fault) == (place + 1, Fault.SWAPPED)
    assert f"entry {len(EACH)}" in broken.why


@pytest.mark.parametrize("length", EACH)
def test_a_record_that_was_cut_off_is_named(record, length):
    broken = record.verify(record.entries[:length], record.head).broken

    assert (broken.seq, broken.fault) == (length + 1, Fault.CUT_OFF)


@pytest.mark.parametrize("length", EACH[:SIGNED])
def test_a_record_cut_off_together_with_its_head_is_shown_by_a_checkpoint_kept_elsewhere(record, length):
    entries = record.entries[:length]
    head = Head(length, entries[-1].hash if entries else GENESIS)

    assert record.verify(entries, head, texts={e.tokens: record.texts[e.tokens] for e in entries}).sound
    broken = record.verify(entries, head, kept=record.checkpoints).broken

    assert (broken.seq, broken.fault) == (length + 1, Fault.CUT_OFF)


@pytest.mark.parametrize("place", ORDINARY_PLACES)
def test_a_chain_rewritten_from_an_entry_on_is_shown_by_the_next_signature(record, place):
    entries = list(record.entries)
    entries[place] = rehash(entries[place], actor="somebody else")
    entries = rechain(entries, place)

    broken = record.verify(entries, Head(len(entries), entries[-1].hash)).broken

    assert broken.fault is Fault.REWRITTEN
    assert broken.seq <= place + 1  # somewhere behind the signature before


def test_a_chain_made_anew_without_signatures_is_shown_by_a_checkpoint_kept_elsewhere(record):
    forged = Record()
    for entry in record.entries:
        if entry.kind != EntryKind.CHECKPOINT:
            forged.add(EntryKind(entry.kind), {"forged": True})
    while len(forged.entries) <= len(record.entries):
        forged.add(EntryKind.DELIVER)

    assert forged.verify().sound
    broken = forged.verify(kept=record.checkpoints[-1:]).broken

    assert broken.fault is Fault.REWRITTEN


def test_a_checkpoint_of_another_key_is_shown(record):
    other = Checkpoint.signed(
        record.entries[-1].seq, record.entries[-1].hash, 1.0, "audit-1", Ed25519PrivateKey.generate()
    )
    record.add(EntryKind.CHECKPOINT, other.details())

    assert record.verify().broken.fault is Fault.REWRITTEN
    assert record.verify(kept=[other]).broken.fault is Fault.REWRITTEN


def test_an_unreadable_checkpoint_is_shown(record):
    record.add(EntryKind.CHECKPOINT, {"seq": 1})

    assert (record.verify().broken.seq, record.verify().broken.fault) == (len(EACH) + 1, Fault.EDITED)


def test_an_edited_head_is_shown(record):
    broken = record.verify(head=Head(len(EACH), bytes(32))).broken

    assert (broken.seq, broken.fault) == (len(EACH), Fault.EDITED)


def test_entries_that_came_after_the_head_was_read_do_no_harm(record):
    head = record.head
    record.add(EntryKind.DELIVER)

    assert record.verify(head=head).sound


# --- texts beside the chain ---


def test_an_edited_address_is_named_by_the_first_entry_that_names_it(record):
    record.add(EntryKind.DELIVER, address="bob@example.net")
    record.add(EntryKind.DELIVER, address="bob@example.net")
    token = record.entries[-1].tokens
    texts = record.texts | {token: SaltedText("address", SALT, "eve@example.net")}

    broken = record.verify(texts=texts).broken

    assert (broken.seq, broken.fault) == (len(EACH) + 1, Fault.TEXT_EDITED)


def test_an_address_that_vanished_is_named(record):
    record.add(EntryKind.DELIVER, address="bob@example.net")
    texts = {TOKEN: record.texts[TOKEN]}

    broken = record.verify(texts=texts).broken

    assert (broken.seq, broken.fault) == (len(EACH) + 1, Fault.TEXT_REMOVED)


def test_an_address_that_was_erased_on_record_is_not(record):
    record.add(EntryKind.DELIVER, address="bob@example.net")
    token = record.entries[-1].tokens
    record.add(EntryKind.ERASE, {"tokens": [token]})
    del record.texts[token]

    report = record.verify()

    assert report.sound, report.broken
    assert report.erased == 1


# --- pruning ---


def pruned(record, through):
    record.add(
        EntryKind.PRUNE, {"through": through, "hash": record.entries[through - 1].hash.hex(), "entries": through}
    )
    return record.entries[through:]


def test_a_pruned_record_is_sound(record):
    report = record.verify(pruned(record, 10))

    assert report.sound, report.broken
    assert report.first == 11


YEAR = 365 * 86400.0


def prune(record, through, at=200.0, key=KEY, more=None):
    """Add the entry of a prune as the gateway signs it; returns the entries that are left."""
    details = Prune.signed(through, record.entries[through - 1].hash, at, "audit-1", key).details() | {
        "entries": through
    }
    record.add(EntryKind.PRUNE, details | (more or {}), at=at)
    return record.entries[through:]


def test_a_signed_prune_is_told_with_its_time(record):
    report = record.verify(prune(record, 10))

    assert report.sound, report.broken
    assert (report.cut.through, report.cut.at, report.cut.signed, report.unsigned) == (10, 200.0, True, ())


def test_a_prune_without_a_signature_is_told(record):
    entries = pruned(record, 10)

    report = record.verify(entries)

    assert report.sound, report.broken
    assert [(cut.seq, cut.through, cut.signed) for cut in report.unsigned] == [(len(EACH) + 1, 10, False)]
    assert report.cut == report.unsigned[0]


@pytest.mark.parametrize(
    "more",
    [{"through": 11}, {"hash": "00" * 32}, {"at": 201.0}, {"key": "audit-2"}, {"signature": "00" * 64}],
    ids=lambda more: next(iter(more)),
)
def test_a_prune_whose_signature_does_not_fit_is_named(record, more):
    prune(record, 10, more=more)

    broken = record.verify().broken

    assert (broken.seq, broken.fault) == (len(EACH) + 1, Fault.REWRITTEN)


def test_a_prune_of_another_key_or_time_is_named(record):
    other, moved = replace_record(record), replace_record(record)
    prune(other, 10, key=Ed25519PrivateKey.generate())
    moved.add(EntryKind.PRUNE, Prune.signed(10, record.entries[9].hash, 200.0, "audit-1", KEY).details(), at=300.0)

    for forged in (other, moved):
        assert (forged.verify().broken.seq, forged.verify().broken.fault) == (len(EACH) + 1, Fault.REWRITTEN)


def replace_record(record):
    copy = Record()
    copy.entries, copy.texts = list(record.entries), dict(record.texts)
    return copy


def test_a_prune_without_a_signature_behind_a_signed_one_is_named(record):
    prune(record, 5)
    entries = pruned(record, 10)

    broken = record.verify(entries).broken

    assert (broken.seq, broken.fault) == (len(EACH) + 2, Fault.REMOVED)


@pytest.mark.parametrize(
    "details",
    [
        *({}, [], "text", 7, {"through": 3}, {"through": 3, "hash": "x"}, {"through": 10**30, "hash": "00"}),
        *({"through": 1e999, "hash": "00"}, {"through": 3, "hash": "00", "signature": 5, "at": 1, "key": "\ud800"}),
    ],
)
@pytest.mark.parametrize("kind", [EntryKind.PRUNE, EntryKind.CHECKPOINT])
def test_unreadable_details_are_named(record, kind, details):
    record.add(kind, details)

    broken = record.verify().broken

    assert (broken.seq, broken.fault) == (len(EACH) + 1, Fault.EDITED)


@pytest.mark.parametrize(
    ("at", "now", "signed", "early"),
    [
        (100.0 + 3 * YEAR, 4 * YEAR, True, False),
        (100.0 + 3 * YEAR, 4 * YEAR, False, False),
        (200.0, 4 * YEAR, True, True),  # by somebody who has the signing key
        (200.0, 4 * YEAR, False, True),
        (100.0 + 3 * YEAR, 300.0, True, True),  # as if it were later than it is
        (100.0 + 2 * YEAR, 4 * YEAR, False, True),
    ],
)
def test_what_was_pruned_too_early_is_shown_by_a_checkpoint_kept_elsewhere(record, at, now, signed, early):
    through = record.checkpoints[0].seq + 3
    if signed:
        entries = prune(record, through, at=at)
    else:
        details = {"through": through, "hash": record.entries[through - 1].hash.hex(), "entries": through}
        record.add(EntryKind.PRUNE, details, at=at)
        entries = record.entries[through:]

    assert record.verify(entries).sound
    assert not record.verify(entries, kept=record.checkpoints, now=now).sound  # unless it is said for how long
    report = record.verify(entries, kept=record.checkpoints, kept_for=3 * YEAR, now=now)

    if early:
        assert (report.broken.seq, report.broken.fault) == (record.checkpoints[0].seq, Fault.REMOVED)
    else:
        assert report.sound, report.broken


def test_a_record_emptied_by_a_forged_prune_is_shown_by_a_checkpoint_kept_elsewhere(record):
    entries = pruned(record, len(EACH))

    report = record.verify(entries, kept=record.checkpoints, kept_for=3 * YEAR, now=2 * YEAR)

    assert (report.entries, report.broken.fault) == (1, Fault.REMOVED)


def test_another_chain_than_the_one_pruned_is_shown_by_a_checkpoint_kept_elsewhere(record):
    seq = record.checkpoints[0].seq
    entries = prune(record, seq, at=4 * YEAR)
    other = Checkpoint.signed(seq, bytes(32), 100.0, "audit-1", KEY)

    broken = record.verify(entries, kept=[other], kept_for=3 * YEAR, now=5 * YEAR).broken

    assert (broken.seq, broken.fault) == (seq, Fault.REWRITTEN)


def test_a_record_that_lost_its_beginning_is_not(record):
    broken = record.verify(record.entries[10:], record.head).broken

    assert (broken.seq, broken.fault) == (1, Fault.REMOVED)


def test_more_than_was_pruned_on_record_is_not_gone(record):
    entries = pruned(record, 10)

    assert record.verify(entries[1:], record.head).broken.fault is Fault.REMOVED


@given(st.data())
def test_no_change_of_the_signed_part_goes_unseen(data):
    record = Record()
    for kind in ORDINARY[:5]:
        record.add(kind)
    record.checkpoint()
    entries = list(record.entries)
    place = data.draw(st.integers(0, 4))
    what = data.draw(st.sampled_from(["drop", "repeat", "replace", "swap"]))
    if what == "drop":
        del entries[place]
    elif what == "repeat":
        entries.insert(place, entries[place])
    elif what == "replace":
        entries[place] = rehash(entries[place], details=data.draw(st.sampled_from(["{}", '{"n":9}'])))
    else:
        entries[place], entries[(place + 1) % 5] = entries[(place + 1) % 5], entries[place]
    if data.draw(st.booleans()):
        entries = rechain([rehash(entries[0], seq=1, previous=GENESIS), *entries[1:]], 0)

    report = verify(entries, Head(entries[-1].seq, entries[-1].hash), KEYS, texts=record.texts.items())

    assert not report.sound


def test_checkpoints_kept_elsewhere_are_read_from_json(record):
    kept = [Checkpoint.parse(checkpoint.details()) for checkpoint in record.checkpoints]

    assert record.verify(kept=kept).sound
