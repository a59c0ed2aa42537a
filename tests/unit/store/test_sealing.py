import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.store import sealing
from dlp_gateway.store.sealing import CHUNK_BYTES, Part, SealError

KEY = bytes(range(32))


def opened(chunks, key=KEY, message_id="m1", part=Part.CONTENT):
    return b"".join(sealing.unseal(key, message_id, part, chunks))


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 700_001])
def test_content_of_any_size_comes_back(size):
    content = (b"abcdefg" * (size // 7 + 1))[:size]
    chunks = sealing.seal(KEY, "m1", Part.CONTENT, content)

    assert opened(chunks) == content
    assert all(len(chunk) <= CHUNK_BYTES + 16 for chunk in chunks)
    assert len(chunks) == max(1, -(-size // CHUNK_BYTES))


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(sealing, "CHUNK_BYTES", 4)


def test_nothing_but_the_right_order_opens(small_chunks):
    chunks = sealing.seal(KEY, "m1", Part.CONTENT, b"aaaabbbbccccdd")
    for count in range(1, 6):
        for order in itertools.product(range(4), repeat=count):
            if order == (0, 1, 2, 3):
                continue
            with pytest.raises(SealError):
                opened([chunks[n] for n in order])
    with pytest.raises(SealError, match="gone"):
        opened([])


@pytest.mark.parametrize(
    "other",
    [
        {"key": bytes(32)},
        {"message_id": "m2"},
        {"part": Part.DETAILS},
    ],
)
def test_other_key_message_or_part_does_not_open(other):
    chunks = sealing.seal(KEY, "m1", Part.CONTENT, b"content")

    with pytest.raises(SealError):
        opened(chunks, **other)


@given(st.binary(max_size=100), st.data())
def test_no_bit_can_be_changed(content, data):
    (chunk,) = sealing.seal(KEY, "m1", Part.CONTENT, content)
    position = data.draw(st.integers(0, len(chunk) * 8 - 1))
    altered = bytearray(chunk)
    altered[position // 8] ^= 1 << position % 8

    with pytest.raises(SealError):
        opened([bytes(altered)])


def test_a_wrapped_key_opens_with_the_spool_key_only():
    spool, key = sealing.new_key(), sealing.new_key()
    wrapped = sealing.wrap(spool, key)

    assert sealing.unwrap(spool, wrapped) == key
    with pytest.raises(SealError):
        sealing.unwrap(sealing.new_key(), wrapped)


def test_an_encapsulated_key_opens_with_the_private_key_for_the_same_message_only():
    private, key = X25519PrivateKey.generate(), sealing.new_key()
    sealed = sealing.encapsulate(private.public_key(), key, "m1", "reviewers-1")

    assert sealing.decapsulate(private, sealed, "m1", "reviewers-1") == key
    for other, message_id, key_id in (
        (X25519PrivateKey.generate(), "m1", "reviewers-1"),
        (private, "m2", "reviewers-1"),
        (private, "m1", "reviewers-2"),
    ):
        with pytest.raises(SealError, match=message_id):
            sealing.decapsulate(other, sealed, message_id, key_id)
    with pytest.raises(SealError):
        sealing.decapsulate(private, b"short", "m1", "reviewers-1")
