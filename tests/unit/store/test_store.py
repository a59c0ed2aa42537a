"""The store on SQLite: all that every database does, and what only a database of its own can."""

import asyncio
import sqlite3

import pytest

from dlp_gateway.store import counters
from dlp_gateway.store.errors import StoreUnavailableError
from dlp_gateway.store.store import Options, Store
from tests.unit.store.contract import Contract
from tests.unit.store.examples import NOW, deferred, intake


class TestSqlite(Contract):
    pass


async def test_a_second_gateway_on_the_same_file_is_refused(store, path, gateway_keys):
    with pytest.raises(StoreUnavailableError, match="another gateway uses"):
        await Store.open(f"sqlite:///{path}", gateway_keys, Options(reserve=0))

    await store.commit(intake())


async def test_what_a_dead_gateway_had_in_hand_is_due_at_once(path, gateway_keys, options, clock):
    url = f"sqlite:///{path}"
    store = await Store.open(url, gateway_keys, options, clock)
    for name in ("leased", "deferred", "waiting"):
        await store.commit(intake(message_id=name, at=NOW + len(name)))
    clock.now = NOW + 100
    leases = {d.message_id: d.delivery_id for d in await store.lease("worker", 2, clock.now, 600)}
    assert set(leases) == {"leased", "waiting"}
    (due,) = await store.lease("worker", 1, clock.now, 600)
    await store.settle([deferred(due.delivery_id, NOW + 3600)], clock.now)
    await store.renew([leases["waiting"]], clock.now, 0)
    await store.close()

    clock.now = NOW  # and the clock was ahead
    store = await Store.open(url, gateway_keys, options, clock)
    try:
        again = await store.lease("worker", 10, NOW, 600)
        assert {d.message_id: d.lost for d in again} == {"leased": 1, "waiting": 0}
    finally:
        await store.close()


async def test_waiting_for_the_database_does_not_stop_the_loop(store, path):
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("BEGIN IMMEDIATE")
    commit = asyncio.ensure_future(store.commit(intake(content=b"x" * 1_000_000)))
    listed = await store.read(lambda: counters.counts(NOW))
    assert not commit.done()
    raw.execute("ROLLBACK")
    raw.close()

    await commit
    assert listed.queued == {}


async def test_workers_hear_of_what_was_committed(store):
    while await store.lease("worker", 10, NOW, 60):
        pass
    waiting = asyncio.ensure_future(store.wait(60))
    await asyncio.sleep(0)
    assert not waiting.done()

    await store.commit(intake())

    async with asyncio.timeout(10):
        await waiting
