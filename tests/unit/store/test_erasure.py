"""What is, and what is not any more, in the raw bytes of the database's files."""

import asyncio
import threading

import pytest

from dlp_gateway.model import Action
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.quarantine.rules import Reviewer
from dlp_gateway.store import database
from dlp_gateway.store.store import Options, Store
from tests.unit.store.contract import deliver_all, rows
from tests.unit.store.examples import CONTENT, NOW, PLANTED, intake, outgoing, verdict

DPO = Reviewer("dpo", "dpo@westendonsixth.com")
MIXED = (verdict("ann@example.net", Action.DELIVER), verdict("bob@example.org", Action.HOLD))


def raw(path):
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob("gateway.db*")))


async def secrets_of(store, message_id):
    """The wrapped keys and the sealed chunks of a message."""
    wraps = await rows(store, "SELECT wrapped FROM dlp_wrap WHERE message_id = %s", message_id)
    chunks = await rows(store, "SELECT body FROM dlp_chunk WHERE message_id = %s", message_id)
    return [bytes(row[0]) for row in (*wraps, *chunks)]


@pytest.fixture
def desk(store, review_keys, clock):
    return Desk(review_keys, clock)


async def test_what_was_found_is_never_in_the_files(store, desk, path):
    await store.commit(intake(*MIXED, message_id="one", outgoing=(outgoing(),)))
    await store.commit(intake(verdict("cat@example.org", Action.REFUSE), message_id="two"))
    await deliver_all(store)
    await store.write(lambda: desk.view("one", DPO, "looking"))
    await store.write(lambda: desk.release("one", None, DPO, "fine"))
    await store.content("one")

    bytes_ = raw(path)

    assert b"ann@example.net" in bytes_  # the files are looked at rightly
    for word in PLANTED:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            assert word.encode(encoding) not in bytes_
    assert CONTENT[:20] not in bytes_


async def test_delivery_destroys_the_key_and_the_content(store, path):
    await store.commit(intake(message_id="one"))
    await store.commit(intake(message_id="other", at=NOW + 1000))
    gone, kept = await secrets_of(store, "one"), await secrets_of(store, "other")
    assert len(gone) == 2
    assert all(secret[:40] in raw(path) for secret in gone)

    await deliver_all(store)
    assert await store.write(database.checkpoint)

    assert not [secret for secret in gone if secret[:40] in raw(path)]
    assert all(secret[:40] in raw(path) for secret in kept)


@pytest.mark.parametrize("act", ["delete", "give_back", "release"])
async def test_so_does_the_end_of_a_review(store, desk, path, act):
    await store.commit(intake(*MIXED, message_id="one"))
    gone = await secrets_of(store, "one")
    assert len(gone) == 4
    await deliver_all(store)

    await store.write(lambda: getattr(desk, act)("one", None, DPO, "reason"))
    gone += await secrets_of(store, "one")
    await deliver_all(store)
    assert await store.write(database.checkpoint)

    assert not [secret for secret in gone if secret[:40] in raw(path)]


async def test_delivery_of_a_mixed_message_leaves_the_reviewers_wrap_alone(store, path):
    await store.commit(intake(*MIXED, message_id="one"))
    (delivery,) = await rows(store, "SELECT wrapped FROM dlp_wrap WHERE holder = 'delivery'")
    (reviewers,) = await rows(store, "SELECT wrapped FROM dlp_wrap WHERE holder = 'reviewers'")

    await deliver_all(store)
    assert await store.write(database.checkpoint)

    assert bytes(delivery[0]) not in raw(path)
    assert bytes(reviewers[0]) in raw(path)


async def test_the_log_is_cut_off_without_being_asked(path, gateway_keys):
    signed = threading.Semaphore(0)
    options = Options(reserve=0, checkpoint_seconds=0.05, checkpoint_to=lambda _: signed.release())
    store = await Store.open(f"sqlite:///{path}", gateway_keys, options)
    try:
        await store.commit(intake(message_id="one"))
        gone = await secrets_of(store, "one")
        await deliver_all(store)
        for _ in range(3):  # the next signature may have been under way
            await store.settle([], NOW)
            await store.commit(intake(at=NOW + 1000))
            assert await asyncio.to_thread(signed.acquire, timeout=10)
        await store.settle([], NOW)
        assert not [secret for secret in gone if secret[:40] in raw(path)]
    finally:
        await store.close()
