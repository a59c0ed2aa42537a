"""The pool survives whatever a worker does, and confinement holds."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dlp_gateway.inspection import pool as module
from dlp_gateway.inspection import zygote_client
from dlp_gateway.inspection.confinement import ProcessLimits
from dlp_gateway.inspection.pool import NoWorker, PoolError, PoolSettings, WorkerFailed, WorkerPool

FACTORY = "tests.unit.inspection.misbehaving:build"
LIMITS = ProcessLimits(memory_bytes=256 * 1024 * 1024, cpu_seconds=2, open_files=32)


def settings(**changes: object) -> PoolSettings:
    values = {"factory": FACTORY, "arguments": {}, "workers": 2, "seconds": 30.0, "limits": LIMITS, **changes}
    return PoolSettings(readable=(Path.cwd(),), **values)  # type: ignore[arg-type]


class Ended:
    """Counts the workers that were replaced."""

    def __init__(self) -> None:
        self.count = 0

    def worker_ended(self) -> None:
        self.count += 1


@pytest.fixture
def ended() -> Ended:
    return Ended()


@pytest.fixture
async def pool(ended):
    pool = WorkerPool(settings(), ended)
    await pool.start()
    yield pool
    await pool.stop()


async def test_a_request_is_answered_with_the_milliseconds_it_took(pool):
    reply, milliseconds = await pool.request({"do": "echo", "raw": b"x" * 5_000_000})

    assert reply == {"greeting": "hello", "got": 5_000_000}
    assert milliseconds >= 0


@pytest.mark.parametrize(
    ("way", "why"),
    [
        ("spin", "processor time limit of 2 s"),
        ("exit", "worker ended with status 3"),
        ("segfault", "worker killed by SIGSEGV"),
        ("allocate", "memory limit"),
        ("raise", "KeyError"),
        ("flood", "reply too large"),
    ],
)
async def test_b08_a_failing_worker_is_named_and_replaced(pool, ended, way, why):
    with pytest.raises(WorkerFailed) as failure:
        await pool.request({"do": way, "secret": "123 456 782"})

    assert failure.value.why == why
    assert ended.count == 1
    replies = await asyncio.gather(*(pool.request({"do": "echo", "raw": b"abc"}) for _ in range(8)))
    assert [reply["got"] for reply, _ in replies] == [3] * 8


async def test_b08_a_hanging_worker_is_killed_at_the_time_limit_while_others_are_served():
    pool = WorkerPool(settings(seconds=0.5))
    await pool.start()
    try:
        hanging = asyncio.create_task(pool.request({"do": "hang"}))
        reply, _ = await pool.request({"do": "echo", "raw": b""})
        assert reply["got"] == 0
        with pytest.raises(WorkerFailed, match=r"time limit of 0\.5 s"):
            await hanging
        await asyncio.gather(*(pool.request({"do": "echo", "raw": b""}) for _ in range(4)))
    finally:
        await pool.stop()


async def test_small_requests_do_not_wait_behind_large_ones(pool):
    large = [asyncio.create_task(pool.request({"do": "hang"}, size=1 << 20)) for _ in range(3)]
    while not pool._busy:  # noqa: ASYNC110 - a step of the loop, not a wait
        await asyncio.sleep(0)

    replies = await asyncio.gather(*(pool.request({"do": "echo", "raw": b""}) for _ in range(8)))

    assert len(replies) == 8
    assert not any(one.done() for one in large)
    for one in large:
        one.cancel()
    await asyncio.gather(*large, return_exceptions=True)


async def test_large_requests_are_served_at_lower_priority_and_their_worker_is_replaced(pool):
    before, _ = await pool.request({"do": "nice"})
    large, _ = await pool.request({"do": "nice"}, size=1 << 20)
    with pytest.raises(WorkerFailed):
        await pool.request({"do": "exit"}, size=1 << 20)
    again, _ = await pool.request({"do": "nice"}, size=1 << 20)

    assert before["got"] < large["got"] == again["got"]


async def test_a_cancelled_caller_costs_a_worker_that_is_replaced(pool):
    caller = asyncio.create_task(pool.request({"do": "hang"}))
    while not pool._busy:  # noqa: ASYNC110 - a step of the loop, not a wait
        await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller

    replies = await asyncio.gather(*(pool.request({"do": "echo", "raw": b""}) for _ in range(4)))
    assert len(replies) == 4


@pytest.mark.parametrize(
    ("way", "got"), [("socket", "PermissionError"), ("fork", "PermissionError"), ("kill", "PermissionError")]
)
async def test_b08_a_worker_reaches_no_network_and_no_other_process(pool, way, got):
    assert {"namespace", "seccomp"} & set(pool.layers)

    reply, _ = await pool.request({"do": way})

    assert reply["got"] == got


async def test_a_worker_writes_no_file_and_reads_only_what_it_was_given(pool, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("key")

    for path in (secret, tmp_path / "new", Path("/dev/shm/new")):
        reply, _ = await pool.request({"do": "write", "path": str(path)})
        assert reply["got"] in {"PermissionError", "OSError"}
    reply, _ = await pool.request({"do": "read", "path": str(secret)})

    assert secret.read_text() == "key"
    if "landlock" in pool.layers:
        assert reply["got"] == "PermissionError"


async def test_b08_a_worker_that_prints_reaches_nobody(pool, capfd):
    reply, _ = await pool.request({"do": "print"})

    assert reply["got"] == "printed"
    assert capfd.readouterr() == ("", "")


async def test_workers_are_recycled_without_counting_as_failures(ended):
    pool = WorkerPool(settings(workers=1, recycle_after=2), ended)
    await pool.start()
    try:
        for _ in range(5):
            await pool.request({"do": "echo", "raw": b""})
        assert ended.count == 0
    finally:
        await pool.stop()


ECHO = {"do": "echo", "raw": b"ab"}


async def eventually(condition):
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - a step of the pool, not a wait
            await asyncio.sleep(0.001)


async def busy(pool):
    while not pool._busy:  # noqa: ASYNC110 - a step of the pool, not a wait
        await asyncio.sleep(0.001)


async def test_a_dead_zygote_is_replaced_and_no_request_is_to_blame(pool):
    pool._zygote.process.kill()
    await pool._zygote.process.wait()

    replies = await asyncio.gather(*(pool.request(ECHO, size=size) for size in (0, 0, 1 << 20, 0, 1 << 20)))

    assert [reply["got"] for reply, _ in replies] == [2] * 5


async def test_a_dead_zygote_comes_back_though_nothing_is_asked_of_it(pool, ended):
    before = pool._zygote.process.pid
    pool._zygote.process.kill()
    await pool._zygote.ended()
    assert not pool.alive

    await eventually(lambda: pool.alive)

    assert pool._zygote.process.pid != before
    assert ended.count == 0
    reply, _ = await pool.request(ECHO)
    assert reply["got"] == 2


async def test_a_zygote_that_cannot_be_started_is_tried_again(pool, monkeypatch):
    tries = []
    start = pool._zygote.start

    async def broken():
        tries.append(len(tries))
        if len(tries) < 4:
            raise PoolError("no memory")
        await start()

    monkeypatch.setattr(pool._zygote, "start", broken)
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.001)
    pool._zygote.process.kill()

    with capture_logs() as logs:
        await eventually(lambda: tries and pool.alive)

    assert len(tries) == 4
    assert [entry["why"] for entry in logs if "why" in entry] == ["no memory"] * 3
    assert logs[0]["event"] == "the process that inspection workers come from has ended"


async def test_the_pauses_between_tries_grow(pool, monkeypatch):
    pauses = []
    tried = asyncio.Event()

    async def broken():
        raise PoolError("no memory")

    async def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 10:
            tried.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(pool._zygote, "start", broken)
    monkeypatch.setattr(module.asyncio, "sleep", pause)
    pool._zygote.process.kill()
    await asyncio.wait_for(tried.wait(), 20)

    assert pauses == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


async def test_no_zygote_is_left_when_the_pool_stops_while_one_is_started(pool, monkeypatch):
    stopping = asyncio.Event()
    create = asyncio.create_subprocess_exec
    processes = []

    async def slow(*args, **given):
        process = await create(*args, **given)
        processes.append(process)
        await stopping.wait()
        return process

    monkeypatch.setattr(zygote_client.asyncio, "create_subprocess_exec", slow)
    pool._zygote.process.kill()
    asking = asyncio.create_task(pool.request(ECHO))
    await eventually(lambda: processes)
    stop = asyncio.create_task(pool.stop())
    await eventually(lambda: pool._zygote._stopped)
    stopping.set()
    await asyncio.wait_for(stop, 20)

    with pytest.raises(NoWorker, match="stopped"):
        await asking
    assert not pool.alive
    for process in processes:
        await asyncio.wait_for(process.wait(), 20)


async def test_an_idle_worker_that_died_is_replaced_and_no_request_meets_it(pool):
    for worker in list(pool._small.idle._queue):
        os.kill(worker.forked.pid, signal.SIGKILL)
        assert await _ended(worker.forked.pid)

    replies = await asyncio.gather(*(pool.request(ECHO) for _ in range(4)))

    assert [reply["got"] for reply, _ in replies] == [2] * 4
    assert len(pool._small.idle._queue) == 2


async def test_a_request_whose_worker_died_with_the_zygote_is_tried_once_more(pool, ended):
    lost = asyncio.create_task(pool.request({"do": "hang"}))
    await busy(pool)
    pool._zygote.process.kill()
    while not ended.count:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.001)
    await busy(pool)
    pool._zygote.process.kill()

    with pytest.raises(NoWorker, match="the process that workers come from ended twice"):
        await lost
    assert (await pool.request(ECHO))[0]["got"] == 2


async def test_a_caller_that_leaves_while_its_worker_is_made_takes_no_place_with_it(pool):
    pool._zygote.process.kill()
    await pool._zygote.process.wait()
    leaving = [asyncio.create_task(pool.request(ECHO)) for _ in range(2)]
    while not pool._zygote._forking.locked():  # noqa: ASYNC110 - a step of the pool, not a wait
        await asyncio.sleep(0.001)
    for caller in leaving:
        caller.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)

    replies = await asyncio.gather(*(pool.request(ECHO) for _ in range(4)))

    assert [reply["got"] for reply, _ in replies] == [2] * 4
    assert len(pool._small.idle._queue) == 2


@pytest.mark.parametrize("way", ["raise", "exit"])
async def test_a_pool_that_retires_answers_those_that_wait_and_whoever_asks_again_at_once(way):
    pool = WorkerPool(settings(workers=1))
    await pool.start()

    async def twice():
        with pytest.raises(WorkerFailed):
            await pool.request({"do": way, "secret": "a"})
        return await pool.request(ECHO)

    callers = [asyncio.create_task(twice()), *(asyncio.create_task(pool.request(ECHO)) for _ in range(5))]
    await busy(pool)
    await pool.retire()

    assert [(await caller)[0]["got"] for caller in callers] == [2] * 6
    assert not pool.alive


async def test_all_that_asked_hear_at_once_that_the_pool_stops():
    pool = WorkerPool(settings(workers=1))
    await pool.start()
    callers = [asyncio.create_task(pool.request({"do": "hang"}, size=size)) for size in (0, 0, 0, 1 << 20, 1 << 20)]
    await busy(pool)
    await pool.stop()

    async with asyncio.timeout(20):
        ends = await asyncio.gather(*callers, pool.request(ECHO), return_exceptions=True)
    assert [type(end) for end in ends] == [NoWorker] * 6


async def test_half_a_character_in_an_answer_is_no_failure(pool):
    reply, _ = await pool.request({"do": "half", "raw": b""})

    assert reply["got"] == "?.txt"


async def test_a_configuration_that_cannot_be_loaded_stops_the_start_with_its_reason():
    pool = WorkerPool(settings(factory="tests.unit.inspection.misbehaving:broken"))
    try:
        with pytest.raises(PoolError, match=r"detectors/au\.yaml:12: unknown entity"):
            await pool.start()
    finally:
        await pool.stop()


async def test_nothing_is_left_behind_when_the_pool_stops(pool):
    pids = [worker.forked.pid for lane in (pool._small, pool._large) for worker in list(lane.idle._queue)]
    assert len(pids) == 3
    await pool.stop()

    for pid in pids:
        assert await _ended(pid)


async def _ended(pid: int) -> bool:
    for _ in range(1000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.mark.parametrize(("workers", "count"), [(0, len(os.sched_getaffinity(0))), (3, 3)])
def test_there_is_a_worker_for_each_core_unless_set(workers: int, count: int) -> None:
    assert settings(workers=workers).count == count
