"""The store on a real PostgreSQL, started for these tests in a folder of its own."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from dlp_gateway.store import keys
from dlp_gateway.store.store import Options, Store
from tests.unit.store.contract import Contract
from tests.unit.store.examples import NOW

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


@pytest.fixture(scope="session")
def key_directory(tmp_path_factory):
    directory = tmp_path_factory.mktemp("postgresql") / "keys"
    keys.init(directory)
    return directory


@pytest.fixture(scope="session")
def gateway_keys(key_directory):
    return keys.load_gateway(key_directory)


@pytest.fixture(scope="session")
def review_keys(key_directory):
    return keys.load_review(key_directory)


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def options():
    return Options()


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
