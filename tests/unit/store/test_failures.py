"""What happens when the database does not take something."""

import asyncio
import os
import sqlite3
import subprocess

import pytest

from dlp_gateway.store import database, record
from dlp_gateway.store import intake as intake_module
from dlp_gateway.store.errors import StoreFullError, StoreInvalidError, StoreUnavailableError
from dlp_gateway.store.store import Options, Store
from tests.unit.store.contract import count, kinds, states
from tests.unit.store.examples import NOW, deferred, delivered, intake


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.02)


@pytest.fixture
def locked(path):
    """A way to hold the database's write lock from another connection."""
    connections = []

    def lock():
        raw = sqlite3.connect(path, isolation_level=None)
        raw.execute("BEGIN IMMEDIATE")
        connections.append(raw)
        return raw

    yield lock
    for raw in connections:
        raw.close()


async def test_a_database_that_is_held_by_another_fails_the_commit_and_no_more(impatient, store, locked):
    await store.commit(intake())
    raw = locked()

    ends = await asyncio.gather(*(store.commit(intake()) for _ in range(5)), return_exceptions=True)
    assert [type(end) for end in ends] == [StoreUnavailableError] * 5
    assert "another process" in store.health().failed
    raw.execute("ROLLBACK")
    await store.commit(intake())

    assert store.health().failed is None
    assert await count(store, "dlp_message") == 2


async def test_a_settlement_that_was_not_taken_keeps_everything_from_being_leased(impatient, store, locked):
    await store.commit(intake(message_id="sent"))
    await store.commit(intake(message_id="other", at=NOW + 1))
    (due,) = await store.lease("worker", 1, NOW, 60)
    raw = locked()
    with pytest.raises(StoreUnavailableError):
        await store.settle([delivered(due.delivery_id)], NOW)
    raw.execute("ROLLBACK")

    with pytest.raises(StoreUnavailableError, match="earlier attempts"):
        await store.lease("worker", 10, NOW + 3600, 60)
    await store.settle([delivered(due.delivery_id)], NOW + 1)

    assert [d.message_id for d in await store.lease("worker", 10, NOW + 3600, 60)] == ["other"]


async def test_a_bug_in_one_job_does_not_end_the_writer(store, monkeypatch):
    append = record.append

    def broken(cursor, notes, pseudonyms=None):
        if any(note.subject == "bad" for note in notes):
            raise KeyError("personal data")
        append(cursor, notes, pseudonyms)

    monkeypatch.setattr(record, "append", broken)
    ends = await asyncio.gather(
        store.commit(intake(message_id="bad")), *(store.commit(intake()) for _ in range(5)), return_exceptions=True
    )

    assert isinstance(ends[0], StoreInvalidError)
    assert "KeyError in test_failures.py" in str(ends[0])
    assert "personal data" not in str(ends[0])
    assert ends[1:] == [None] * 5
    assert store.health().alive


async def test_an_intake_that_cannot_be_prepared_says_where_not_what(store, monkeypatch):
    def broken(decision, clear):
        raise ValueError("personal data")

    monkeypatch.setattr(intake_module, "_decided", broken)

    with pytest.raises(StoreInvalidError, match=r"ValueError in test_failures\.py") as raised:
        await store.commit(intake())

    assert "personal data" not in str(raised.value)


async def test_who_hangs_up_does_not_disturb_the_others(store):
    tasks = [asyncio.ensure_future(store.commit(intake(message_id=f"m{n}"))) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()

    ends = await asyncio.gather(*tasks, return_exceptions=True)

    assert ends[1::2] == [None] * 10
    # What was cancelled is true or not, but never half: each message has all that belongs to it.
    messages = await count(store, "dlp_message")
    assert messages == await count(store, "dlp_recipient") == await count(store, "dlp_wrap") >= 10
    assert len(await kinds(store)) == messages


async def test_a_closed_store_takes_nothing(path, gateway_keys, options):
    store = await Store.open(f"sqlite:///{path}", gateway_keys, options)
    await store.close()

    with pytest.raises(StoreUnavailableError, match="closed"):
        await store.commit(intake())
    assert not store.health().alive


async def test_what_waits_when_the_store_is_closed_is_finished(path, gateway_keys, options):
    store = await Store.open(f"sqlite:///{path}", gateway_keys, options)
    commits = [asyncio.ensure_future(store.commit(intake())) for _ in range(300)]
    await asyncio.sleep(0)
    await store.close()

    assert await asyncio.gather(*commits, return_exceptions=True) == [None] * 300


async def test_new_mail_is_refused_before_the_disk_is_full(path, gateway_keys, monkeypatch):
    store = await Store.open(f"sqlite:///{path}", gateway_keys, Options(reserve=10_000))
    try:
        await store.commit(intake(message_id="before"))
        monkeypatch.setattr(database, "free_bytes", lambda: 15_000)
        with pytest.raises(StoreFullError):
            await store.commit(intake(content=b"x" * 4_000))
        await store.commit(intake(content=b"x" * 1_000))

        due = await store.lease("worker", 1, NOW, 60)
        await store.settle([delivered(due[0].delivery_id)], NOW)
        assert await states(store, "before") == {"ann@example.net": "delivered"}
    finally:
        await store.close()


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.privileged
async def test_a_full_disk_rejects_mail_and_loses_nothing(small_disk, gateway_keys):
    store = await Store.open(f"sqlite:///{small_disk}/gateway.db", gateway_keys, Options(reserve=0, recent=0))
    try:
        taken: list[str] = []

        async def fill():
            while True:
                message_id = f"m{len(taken)}"
                await store.commit(intake(message_id=message_id, content=os.urandom(20_000)))
                taken.append(message_id)

        with pytest.raises(StoreFullError):
            await fill()
        assert taken
        assert await count(store, "dlp_message") == len(taken)
        assert await count(store, "dlp_wrap") == len(taken)
        for message_id in taken:
            assert len(await store.content(message_id)) == 20_000
    finally:
        await store.close()


@pytest.mark.privileged
async def test_when_there_is_room_again_everything_goes_on(small_disk, gateway_keys):
    store = await Store.open(f"sqlite:///{small_disk}/gateway.db", gateway_keys, Options(reserve=0))
    try:
        await store.commit(intake(message_id="one"))
        (due,) = await store.lease("worker", 1, NOW, 60)
        filler = small_disk / "filler"
        filler.write_bytes(b"x" * (os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize))
        with pytest.raises(StoreFullError):
            await store.commit(intake(content=os.urandom(300_000)))
        full = None
        for n in range(200):  # the log has a little room of its own at first
            try:
                await store.settle([deferred(due.delivery_id, NOW + n)], NOW)
            except StoreFullError as error:
                full = error
                break
        assert full is not None
        filler.unlink()

        await store.settle([delivered(due.delivery_id)], NOW)
        await store.commit(intake())
        assert await states(store, "one") == {"ann@example.net": "delivered"}
        assert len(await store.lease("worker", 10, NOW + 999, 60)) == 1
    finally:
        await store.close()
