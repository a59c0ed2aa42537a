"""``make run``: the gateway with its console beside it, as two processes that begin and end together."""

import http.client
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.gateway import ROOT, free_port

SECONDS = 240  # a bound for a machine that is busy with other things
ACCOUNT = re.compile(r"^(admin|security|dpo|auditor)\s+(\S+)\s+(\S{20})\s+([A-Z2-7]{32})$", re.MULTILINE)


class Trial:
    def __init__(self, process, console):
        self.process = process
        self.console = console
        self.said = ""
        self.up = threading.Event()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self):
        for line in self.process.stdout:
            self.said += line
            if line.startswith("Ctrl-C"):
                self.up.set()
        self.up.set()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(SECONDS)

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(SECONDS)
        self._listener.join()
        self.process.stdout.close()


@contextmanager
def started(state, console, **settings):
    values = {
        "SMTP__LISTEN": '["127.0.0.1:0"]',
        "MONITORING__LISTEN": "null",
        "INSPECTION__WORKERS": "1",
        "CONSOLE__LISTEN": f"127.0.0.1:{console}",
        **settings,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "dlp_gateway.cli", "try", "--state", str(state)],
        cwd=ROOT,
        env={**os.environ, **{f"DLP_GATEWAY__{name}": value for name, value in values.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    trial = Trial(process, console)
    try:
        assert trial.up.wait(SECONDS), trial.said
        yield trial
    finally:
        trial.close()


def page(port, path):
    connection = http.client.HTTPConnection("localhost", port, timeout=SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.fixture
def state(tmp_path):
    return tmp_path / "var"


def test_the_console_begins_and_ends_with_the_gateway_and_prints_its_accounts_once(state):
    console = free_port()
    with started(state, console) as trial:
        accounts = {role: (name, password, secret) for role, name, password, secret in ACCOUNT.findall(trial.said)}
        assert sorted(accounts) == ["admin", "auditor", "dpo", "security"], trial.said
        assert f"http://localhost:{console}/" in trial.said
        assert page(console, "/account/login/") == 200
        assert page(console, "/") == 302
        assert trial.stop() == 0
    assert free(console)
    notices = b"".join(path.read_bytes() for path in (state / "outbox/inside").rglob("*") if path.is_file())
    assert f"http://localhost:{console}/sender".encode() in notices
    passwords = [password for _, password, _ in accounts.values()]
    kept = b"".join(path.read_bytes() for path in state.rglob("*") if path.is_file())
    assert [password for password in passwords if password.encode() in kept] == []

    with started(state, console) as trial:
        assert "accounts made at the first start" in trial.said
        assert ACCOUNT.findall(trial.said) == []
        assert page(console, "/account/login/") == 200
        assert trial.stop() == 0
    assert free(console)


def test_a_console_that_does_not_start_stops_nothing_else_and_is_told(state):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with started(state, other.getsockname()[1]) as trial:
            assert "The web console did not start" in trial.said
            assert "Address already in use" in trial.said
            assert "The gateway is up on" in trial.said
            assert trial.stop() == 0


def test_the_console_ends_when_the_trial_is_killed(state):
    port = free_port()
    with started(state, port) as trial:
        children = Path(f"/proc/{trial.process.pid}/task/{trial.process.pid}/children").read_text().split()
        (console,) = [pid for pid in children if b"\0console\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        ended = select.poll()
        ended.register(os.pidfd_open(int(console)), select.POLLIN)
        trial.process.kill()
        assert ended.poll(SECONDS * 1000)
    assert free(port)
