"""Delivery on the real store: what one writes, the other reads."""

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dlp_gateway.model import Action, Zone
from dlp_gateway.store import keys
from dlp_gateway.store.store import Options, Store
from dlp_gateway.store.values import State
from tests.integration.delivery_victim import POISON
from tests.unit.delivery.harness import at_work, routes
from tests.unit.delivery.memory_queue import Clock
from tests.unit.delivery.peer import Peer, Turn, in_turn
from tests.unit.store.examples import CONTENT, NOW, SENDER, intake, verdict

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def store(tmp_path):
    keys.init(tmp_path / "keys")
    clock = Clock(NOW)
    opened = await Store.open(
        f"sqlite:///{tmp_path}/gateway.db", keys.load_gateway(tmp_path / "keys"), Options(reserve=0), clock
    )
    opened.clock = clock
    yield opened
    await opened.close()


def rows(folder: Path) -> list[tuple[str, str, int]]:
    """Address, state and attempts of every recipient in the database."""
    with sqlite3.connect(folder / "gateway.db") as database:
        return database.execute("SELECT literal, state, attempts FROM dlp_recipient ORDER BY id").fetchall()


async def victim(folder: Path, peer: Peer, limit: int) -> asyncio.subprocess.Process:
    command = ("-m", "tests.integration.delivery_victim", str(folder), peer.address, str(limit))
    return await asyncio.create_subprocess_exec(sys.executable, *command, cwd=ROOT, stdout=subprocess.DEVNULL)


async def until(condition, seconds: float = 30) -> None:
    """Wait for what another thread or process does."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_what_is_committed_is_delivered_deferred_and_reported(store, tmp_path):
    replies = {
        "ok@ext.example": in_turn(b"250 ok\r\n"),
        "later@ext.example": in_turn(b"450 4.2.2 mailbox full\r\n", b"250 ok\r\n"),
        "gone@ext.example": in_turn(b"550 5.1.1 user unknown\r\n"),
    }
    verdicts = [verdict(address, Action.DELIVER) for address in replies]
    on = {"RCPT": lambda line: replies.get(line.partition("<")[2].partition(">")[0], in_turn(b"250 ok\r\n"))(line)}
    async with Peer(on) as outside, Peer() as inside, at_work(store, routes(outside, inside)):
        await store.commit(intake(*verdicts, verdict("boss@westendonsixth.com", Action.DELIVER, zone=Zone.INTERNAL)))
        await inside.until(lambda: len(inside.taken) == 2)
        await until(lambda: rows(tmp_path)[1][2] == 1)
        store.clock.now += 60
        # Nothing new came; the store itself knows when the next delivery is due.
        await store.renew([], NOW, 0)
        await outside.until(lambda: len(outside.taken) == 2)
        await until(lambda: all(state != "queued" for _, state, _ in rows(tmp_path)))

    assert rows(tmp_path) == [
        ("ok@ext.example", "delivered", 1),
        ("later@ext.example", "delivered", 2),
        ("gone@ext.example", "failed", 1),
        ("boss@westendonsixth.com", "delivered", 1),
        (SENDER, "delivered", 1),
    ]
    assert [message.content for message in outside.taken] == [CONTENT, CONTENT]
    [bounce] = [message for message in inside.taken if message.mail.startswith("MAIL FROM:<> ")]
    assert b"gone@ext.example" in bounce.content
    assert b"Quillfeather" not in bounce.content


async def test_d01_uncertain_is_on_record_and_tried_again(store, tmp_path):
    async with Peer({"CONTENT": in_turn(Turn.CLOSE, b"250 ok\r\n")}) as peer, at_work(store, routes(peer)):
        await store.commit(intake())
        await until(lambda: rows(tmp_path)[:1] and rows(tmp_path)[0][2] == 1)
        store.clock.now += 3600
        await store.renew([], NOW, 0)
        await until(lambda: rows(tmp_path)[0][1] == "delivered")

    assert [message.content for message in peer.taken] == [CONTENT, CONTENT]
    with sqlite3.connect(tmp_path / "gateway.db") as database:
        kinds = [kind for (kind,) in database.execute("SELECT kind FROM dlp_audit_entry")]
    assert kinds.count("uncertain") == 1
    assert kinds.count("deliver") == 1


async def test_d09_what_is_given_back_is_due_at_once(store, tmp_path):
    async with Peer({"MAIL": Turn.STALL}) as slow, at_work(store, routes(slow), drain=0.01):
        await store.commit(intake())
        await slow.until(lambda: any(line.startswith("MAIL") for line in slow.commands))
    async with Peer() as peer, at_work(store, routes(peer)):
        await until(lambda: rows(tmp_path)[0][1] == "delivered")

    assert rows(tmp_path) == [("ann@example.net", "delivered", 1)]


async def test_d03_a_renewed_lease_neither_adds_to_the_count_nor_forgets_it(store):
    await store.commit(intake())
    lost = []
    for turn, what in enumerate(
        ("nothing", "renew", "renew twice", "nothing", "renew, accuse", "accuse", "accuse, renew", "")
    ):
        now = NOW + 200 * turn
        (due,) = await store.lease("worker", 10, now, 60)
        lost.append(due.lost)
        if what.startswith("renew"):
            await store.renew([due.delivery_id], now + 10, 60)
        if "accuse" in what:
            await store.accuse([due.delivery_id])
        if what.endswith(("twice", ", renew")):
            await store.renew([due.delivery_id], now + 20, 60)

    assert lost == [0, 1, 1, 1, 2, 3, 4, 4]


async def test_d03_a_message_that_kills_the_process_is_set_aside(tmp_path):
    keys.init(tmp_path / "keys")
    store = await Store.open(
        f"sqlite:///{tmp_path}/gateway.db", keys.load_gateway(tmp_path / "keys"), Options(reserve=0)
    )
    for number in range(5):
        await store.commit(intake(verdict(f"r{number}@ext.example", Action.DELIVER), at=time.time()))
    await store.commit(intake(content=b"Subject: x\r\n\r\n" + POISON + b"\r\n", at=time.time()))
    await store.close()

    ends = []
    async with Peer() as peer:
        while not ends or (ends[-1] != 0 and len(ends) < 10):
            process = await victim(tmp_path, peer, limit=3)
            ends.append(await asyncio.wait_for(process.wait(), 300))

    assert ends == [9, 9, 9, 0]
    states = {address: state for address, state, _ in rows(tmp_path)}
    assert states["ann@example.net"] == State.FAILED
    assert all(states[f"r{number}@ext.example"] == State.DELIVERED for number in range(5))
    assert not any(POISON in message.content for message in peer.taken)


@pytest.mark.parametrize(
    ("kills", "count"), [pytest.param(4, 200, id="few"), pytest.param(100, 5000, id="many", marks=pytest.mark.soak)]
)
async def test_d02_a_worker_killed_at_any_moment_loses_nothing_and_blames_nothing(kills, count, tmp_path):
    """Beside a next hop that answers 4xx, stalls, or cuts the line after the final dot."""
    chance = random.Random(kills)
    keys.init(tmp_path / "keys")
    store = await Store.open(
        f"sqlite:///{tmp_path}/gateway.db", keys.load_gateway(tmp_path / "keys"), Options(reserve=0)
    )
    for number in range(count):
        await store.commit(intake(verdict(f"r{number}@ext.example", Action.DELIVER), at=time.time()))
    await store.close()

    answers = [b"250 2.0.0 ok\r\n", b"451 4.3.0 later\r\n", Turn.CLOSE, Turn.STALL]
    peaceful = asyncio.Event()

    def answer(_):
        return answers[0] if peaceful.is_set() else chance.choices(answers, [80, 10, 8, 2])[0]

    async with Peer({"CONTENT": answer}) as peer:
        for _ in range(kills):
            process = await victim(tmp_path, peer, limit=5)
            enough = len(peer.taken) + chance.randrange(1, max(2, count // kills))
            await peer.until(lambda: len(peer.taken) >= enough)  # noqa: B023
            process.kill()
            assert await process.wait() == -signal.SIGKILL
        peaceful.set()
        process = await victim(tmp_path, peer, limit=5)
        await until(lambda: all(state != "queued" for _, state, _ in rows(tmp_path)), seconds=120)
        process.kill()
        await process.wait()

    assert {state for _, state, _ in rows(tmp_path)} == {"delivered"}
    arrived = {line for message in peer.taken for line in message.rcpt}
    assert len(arrived) == count
