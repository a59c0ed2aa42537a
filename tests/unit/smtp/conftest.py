"""Servers on loopback, certificates and users for the tests of receiving."""

import asyncio
import contextlib
import ssl

import argon2
import pytest
import trustme

from dlp_gateway.smtp.authentication import user_line
from dlp_gateway.smtp.configuration import TLSSettings
from dlp_gateway.smtp.server import SmtpServer
from tests.unit.smtp.client import Counting, RawClient, Recorder, receiving

# The cost of a hash stands in the hash: these verify at once.
QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def tls_settings(authority, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    issued = authority.issue_cert("localhost", "127.0.0.1")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(certificate, append=number > 0)
    issued.private_key_pem.write_to_path(key)
    return TLSSettings(certificate=certificate, key=key)


@pytest.fixture(scope="session")
def client_context(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="session")
def users_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("users") / "users"
    lines = [
        "# who may log in",
        "",
        user_line("anna", QUICK.hash("correct horse"), ("anna@example.org", "@sales.example.org")),
        user_line("printer", QUICK.hash("päss")),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class TimeMachine:
    """Moves the time of the event loop forward, so that no test has to wait for it."""

    def __init__(self, real):
        self._real = real
        self._ahead = 0.0

    def __call__(self):
        return self._real() + self._ahead

    def forward(self, seconds):
        self._ahead += seconds


@pytest.fixture
async def time_machine(monkeypatch):
    loop = asyncio.get_running_loop()
    machine = TimeMachine(loop.time)
    monkeypatch.setattr(loop, "time", machine)
    return machine


@pytest.fixture
def observer():
    return Counting()


@pytest.fixture
def handler():
    return Recorder()


@pytest.fixture
async def serve(handler):
    """Starts servers; returns each with its (first) port in ``ports``."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(given_handler=None, *, observer=None, **changes):
            server = SmtpServer(receiving(**changes), given_handler or handler, observer=observer)
            await server.start()
            stack.push_async_callback(server.stop)
            return server

        yield start


@pytest.fixture
async def connect(serve):
    """Starts a server with the given settings and connects to it."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*, context=None, greet=True, server=None, **changes):
            server = server or await serve(**changes)
            client = await RawClient.connect(server.ports[0], context=context, greet=greet)
            stack.push_async_callback(client.close)
            return client

        yield start
