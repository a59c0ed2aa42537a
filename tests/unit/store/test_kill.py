"""kill -9 at random instants: what was said to be true is true, and nothing is half."""

import multiprocessing
import os
import random
import signal

import pytest

from dlp_gateway.audit.check import check
from dlp_gateway.store import database, keys, queue, sealing, wraps
from dlp_gateway.store.store import Options, Store
from tests.unit.store import victim

KILLS = 12


def killed_after(folder, seed, lines):
    """Run the victim until it has reported so many lines, then a moment longer; returns all it reported."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.unit.store.victim", "dlp_gateway.store.migrations.0001_initial"])
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    process = context.Process(target=_victim, args=(str(folder), _Handle(writing), seed))
    process.start()
    os.close(writing)
    reported = b""
    while reported.count(b"\n") < lines and (data := os.read(reading, 65536)):
        reported += data
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    while data := os.read(reading, 65536):
        reported += data
    os.close(reading)
    assert process.exitcode == -signal.SIGKILL
    return reported.decode().splitlines()


class _Handle:
    """A file descriptor that travels to the other process."""

    def __init__(self, number):
        self.number = number

    def __reduce__(self):
        return multiprocessing.reduction.DupFd(self.number).detach, ()


def _victim(folder, report, seed):
    victim.run(folder, report, seed)


@pytest.fixture
def folder(tmp_path, key_directory):
    (tmp_path / "keys").symlink_to(key_directory)
    return tmp_path


@pytest.mark.parametrize("seed", range(KILLS))
async def test_whatever_was_answered_survives(folder, seed, gateway_keys, review_keys):
    numbers = random.Random(seed)
    reported = []
    for life in range(2):  # killed, started again on what it left, killed again
        reported += killed_after(folder, seed * 2 + life, numbers.randrange(1, 60))
    committed = {line.split()[1] for line in reported if line.startswith("commit")}
    delivered = {int(line.split()[1]) for line in reported if line.startswith("delivered")}

    store = await Store.open(f"sqlite:///{folder}/gateway.db", gateway_keys, Options(reserve=0))
    try:
        await store.read(lambda: assert_whole(committed, delivered, gateway_keys, review_keys))
        report = await store.read(lambda: check(keys.load_audit(folder / "keys")))
        assert report.sound, report.broken
    finally:
        await store.close()


def assert_whole(committed, delivered, gateway_keys, review_keys):
    """All that was reported is there, and each message has its recipients, its entry and the keys that are needed."""
    messages = fetch("SELECT id, kind FROM dlp_message")
    assert committed <= {message_id for message_id, _ in messages}
    assert delivered <= {row[0] for row in fetch("SELECT id FROM dlp_recipient WHERE state = 'delivered'")}
    decided = [row[0] for row in fetch("SELECT subject FROM dlp_audit_entry WHERE kind = 'decide'")]
    assert sorted(decided) == sorted(message_id for message_id, kind in messages if kind == "mail")
    for message_id, kind in messages:
        states = {row[0] for row in fetch("SELECT state FROM dlp_recipient WHERE message_id = %s", message_id)}
        assert states
        needed = {holder for holder, state in (("delivery", "queued"), ("reviewers", "held")) if state in states}
        wrapped = fetch("SELECT holder, key_id, wrapped FROM dlp_wrap WHERE message_id = %s", message_id)
        assert {row[0] for row in wrapped} == needed
        for holder, key_id, data in wrapped:
            if holder == "delivery":
                key = wraps.open_for_delivery(gateway_keys, key_id, bytes(data), message_id)
            else:
                key = wraps.open_for_review(review_keys, key_id, bytes(data), message_id)
            content = queue.read(database.cursor(), message_id, key, sealing.Part.CONTENT)
            assert kind != "mail" or content == victim.content_of(message_id)
        if not needed:
            assert fetch("SELECT 1 FROM dlp_chunk WHERE message_id = %s", message_id) == []


def fetch(statement, *parameters):
    with database.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()
