import hashlib
import json
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.audit.chain import (
    GENESIS,
    Checkpoint,
    EntryKind,
    Note,
    TextKind,
    Texts,
    commit,
    entry_hash,
    link,
    pseudonym,
    resolved,
)

KEY = Ed25519PrivateKey.generate()
TEXT = st.text(alphabet=st.sampled_from("ab|,\0 \n@0é"), max_size=4)
FIELDS = st.tuples(
    st.integers(0, 3), st.sampled_from([0.0, 1.5]), TEXT, TEXT, TEXT, TEXT, TEXT, st.sampled_from([GENESIS, b"\1" * 32])
)


@given(FIELDS, FIELDS)
def test_different_entries_have_different_hashes(one, other):
    assert (entry_hash(*one) == entry_hash(*other)) == (one == other)


def test_an_entry_is_hashed_as_documented():
    """What a program of somebody else has to do to verify an export."""
    entry = link(Note(EntryKind.VIEW, 12.5, "dpo", "m1", {"b": 1, "a": "é"}), "t1 t2", 7, GENESIS)
    encoded = b"dlp-gateway entry 1\0" + struct.pack(">qd", 7, 12.5) + GENESIS
    for text in ("view", "dpo", "m1", '{"a":"\\u00e9","b":1}', "t1 t2"):
        encoded += len(text.encode()).to_bytes(4, "big") + text.encode()

    assert entry.hash == hashlib.sha256(encoded).digest()
    assert entry.details == '{"a":"\\u00e9","b":1}'


def test_texts_are_named_in_their_order():
    texts = Texts()

    assert (texts.address("Ann@Example.NET"), texts.reason("Because")) == ("@0", "@1")
    assert texts.items == [(TextKind.ADDRESS, "ann@example.net"), (TextKind.REASON, "Because")]


@pytest.mark.parametrize(
    ("details", "shown"),
    [
        ("@0", "ann@example.net"),
        ("@1", "gone"),
        ("@2", ""),
        ("@3", "gone"),  # somebody altered the entry
        ("at @0", "at @0"),
        ("@", "@"),
        (7, 7),
        ({"to": [{"address": "@0", "n": 1}, "@1"]}, {"to": [{"address": "ann@example.net", "n": 1}, "gone"]}),
    ],
)
def test_names_of_texts_are_resolved(details, shown):
    assert resolved(details, ["ann@example.net", None, ""], "gone") == shown


def test_a_commitment_depends_on_salt_and_text():
    made = {commit(salt, text) for salt in (bytes(16), b"\1" * 16) for text in ("a", "b", "")}

    assert len(made) == 6
    assert all(len(token) == 43 for token in made)


def test_a_pseudonym_is_the_same_for_the_same_person_and_depends_on_the_key():
    assert pseudonym(b"k" * 32, "Ann@example.net") == pseudonym(b"k" * 32, "ann@EXAMPLE.net")
    assert pseudonym(b"k" * 32, "ann@example.net") != pseudonym(b"k" * 32, "bob@example.net")
    assert pseudonym(b"k" * 32, "ann@example.net") != pseudonym(b"x" * 32, "ann@example.net")


def test_a_checkpoint_survives_being_written_to_a_file():
    checkpoint = Checkpoint.signed(12, b"\7" * 32, 1_800_000_000.123456, "audit-1", KEY)

    read = Checkpoint.parse(json.loads(json.dumps(checkpoint.details())))

    assert read == checkpoint
    assert read.valid({"audit-1": KEY.public_key()})


@pytest.mark.parametrize(
    "change",
    [{"seq": 13}, {"hash": "08" * 32}, {"at": 1.0}, {"key": "audit-2"}, {"signature": "00" * 64}, {"signature": ""}],
)
def test_nothing_of_a_checkpoint_can_be_changed(change):
    details = Checkpoint.signed(12, b"\7" * 32, 1.5, "audit-1", KEY).details()

    keys = {"audit-1": KEY.public_key(), "audit-2": KEY.public_key()}
    assert not Checkpoint.parse(details | change).valid(keys)


def test_a_checkpoint_of_an_unknown_key_is_not_valid():
    assert not Checkpoint.signed(1, GENESIS, 1.0, "audit-1", KEY).valid({})
    assert not Checkpoint.signed(1, GENESIS, 1.0, "audit-1", KEY).valid(
        {"audit-1": Ed25519PrivateKey.generate().public_key()}
    )


@pytest.mark.parametrize("details", [{}, {"seq": 1}, {"seq": "x", "hash": "", "at": 0, "key": "", "signature": ""}, []])
def test_what_is_no_checkpoint_is_refused(details):
    with pytest.raises(ValueError, match=r"."):
        Checkpoint.parse(details)
