"""The store on a real PostgreSQL, started for these tests in a folder of its own."""

# ruff: noqa: F811  # fixtures are imported

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import pytest
from django.db import OperationalError

from dlp_gateway.audit.check import check
from dlp_gateway.model import Action
from dlp_gateway.store import database, keys
from dlp_gateway.store.errors import StoreUnavailableError
from dlp_gateway.store.keys import load_audit
from dlp_gateway.store.store import Options, Store
from tests.unit.store.conftest import clock, gateway_keys, key_directory, options, review_keys  # noqa: F401
from tests.unit.store.contract import Contract, count, kinds, rows
from tests.unit.store.examples import NOW, delivered, intake, verdict

pytestmark = pytest.mark.postgresql


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


class Server:
    """A cluster that only this machine's loopback reaches."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.programs = programs
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        # initdb refuses to run as root.
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        if self.user:
            shutil.chown(folder, "postgres", "postgres")
        self.run("initdb", "-D", str(folder / "data"), "-U", "dlp", "-A", "trust", "-E", "UTF8", "--no-sync")

    def run(self, program: str, *arguments: str) -> None:
        command = [*self.user, str(self.programs / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def sql(self, statement: str, name: str = "postgres") -> None:
        self.run("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "dlp", "-d", name, "-c", statement)


@pytest.fixture(scope="session")
def server():
    programs = _programs()
    if programs is None:
        assert os.environ.get("CI") != "true", "CI needs the Debian package postgresql"
        pytest.skip("the Debian package postgresql is not installed")
    folder = Path(tempfile.mkdtemp(prefix="dlp-postgresql-"))
    server = Server(folder, programs)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture
def url(server, request):
    server.sql("DROP DATABASE IF EXISTS gateway")
    server.sql("CREATE DATABASE gateway")
    return f"postgresql://dlp@127.0.0.1:{server.port}/gateway"


@pytest.fixture
async def store(url, gateway_keys, options, clock):
    store = await Store.open(url, gateway_keys, options, clock)
    yield store
    await store.close()


class TestPostgresql(Contract):
    pass


async def test_a_server_that_goes_away_fails_commits_and_serves_again_when_it_is_back(server, store):
    await store.commit(intake(message_id="before"))
    server.stop()
    ends = await asyncio.gather(*(store.commit(intake()) for _ in range(3)), return_exceptions=True)
    assert [type(end) for end in ends] == [StoreUnavailableError] * 3
    for _ in range(3):
        with pytest.raises(StoreUnavailableError):
            await store.content("none")
    server.start()

    await store.commit(intake(message_id="after"))

    for _ in range(3):  # each reader has a connection of its own
        assert {row[0] for row in await rows(store, "SELECT id FROM dlp_message")} == {"before", "after"}
    assert store.health().failed is None


async def test_a_commit_whose_end_was_not_heard_is_looked_up_not_repeated(store, monkeypatch):
    """The line breaks after the database has committed and before it says so."""
    transact = database.transact
    broken = []

    @contextmanager
    def breaking():
        with transact():
            yield
        if not broken:
            broken.append(True)
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(database, "transact", breaking)
    await asyncio.gather(*(store.commit(intake(message_id=f"m{n}")) for n in range(5)))

    assert broken
    assert sorted(row[0] for row in await rows(store, "SELECT message_id FROM dlp_recipient")) == [
        f"m{n}" for n in range(5)
    ]
    assert await kinds(store) == ["decide"] * 5


async def test_a_settlement_whose_end_was_not_heard_is_on_record_once(store, monkeypatch):
    await store.commit(intake(message_id="one"))
    (due,) = await store.lease("worker", 1, NOW, 60)
    transact = database.transact
    broken = []

    @contextmanager
    def breaking():
        with transact():
            yield
        if not broken:
            broken.append(True)
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(database, "transact", breaking)
    await store.settle([delivered(due.delivery_id)], NOW + 1)

    assert broken
    assert await kinds(store) == ["decide", "deliver"]


def _node(url, directory, node, messages):
    """One of several gateways: takes mail, delivers whatever is due, and says what it delivered."""
    return asyncio.run(_node_runs(url, Path(directory), node, messages))


async def _node_runs(url, directory, node, messages):
    store = await Store.open(url, keys.load_gateway(directory), Options(checkpoint_entries=40))
    sent = []

    async def worker():
        idle = 0
        while idle < 20:
            due = await store.lease(node, 7, NOW + 10, 1e6)
            for d in due:
                await store.content(d.message_id)
            await store.settle([delivered(d.delivery_id) for d in due], NOW + 10)
            sent.extend(d.delivery_id for d in due)
            idle = 0 if due else idle + 1
            if not due:
                await store.wait(0.05)

    many = [verdict(f"r{n}@example.net", Action.DELIVER) for n in range(3)]
    commits = (store.commit(intake(*many, message_id=f"{node}-{n}")) for n in range(messages))
    await asyncio.gather(worker(), *commits)
    await store.close()
    return sent


async def test_several_gateways_share_one_database(url, store, key_directory):
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(3, mp_context=get_context("forkserver")) as pool:
        runs = [loop.run_in_executor(pool, _node, url, str(key_directory), f"node{n}", 40) for n in range(3)]
        sent = [number for run in await asyncio.gather(*runs) for number in run]

    assert len(sent) == len(set(sent)) == 3 * 40 * 3
    assert await count(store, "dlp_wrap") == 0
    assert await count(store, "dlp_chunk") == 0
    report = await store.read(lambda: check(load_audit(key_directory)))
    assert report.sound, report.broken
