"""``dlp-gateway console`` as a process: what it needs to start, what it logs, how it ends."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.integration.gateway import ROOT, free_port

SECONDS = 120  # a bound for a machine that is busy with other things


@pytest.fixture
def environment(tmp_path):
    values = {
        "STATE_DIRECTORY": f'"{tmp_path}"',
        "STORE__URL": f'"sqlite:///{tmp_path}/gateway.db"',
        "KEYS__DIRECTORY": f'"{tmp_path}/keys"',
    }
    return {**os.environ, **{f"DLP_GATEWAY__{name}": value for name, value in values.items()}}


def command(*arguments):
    return [sys.executable, "-m", "dlp_gateway.cli", *arguments]


def run(environment, *arguments):
    return subprocess.run(
        command(*arguments), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def test_without_the_reviewers_key_it_does_not_start(environment, tmp_path):
    ended = run(environment, "console")

    assert ended.returncode == 2
    assert f"dlp-gateway console cannot start: {tmp_path}/keys/review holds no reviewers-N.key" in ended.stderr


def test_on_a_port_that_is_taken_it_does_not_start(environment):
    run(environment, "keys", "init")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        ended = run(environment | {"DLP_GATEWAY__CONSOLE__LISTEN": taken}, "console")

    assert ended.returncode == 2
    assert f"console.listen: {taken} cannot be used: Address already in use" in ended.stderr


def test_what_goes_wrong_is_logged_by_type_and_place_and_it_ends_when_told(environment, tmp_path):
    run(environment, "keys", "init")
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command("console"),
            cwd=ROOT,
            env=environment | {"DLP_GATEWAY__CONSOLE__LISTEN": f"127.0.0.1:{port}"},
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(process, port)
        assert ask(port, "/zyzzyva/quillfeather@westendonsixth.com?q=zyzzyva") == 404
        assert ask(port, "/", host="zyzzyva.example") == 400
        (tmp_path / "gateway.db").rename(tmp_path / "zyzzyva.db")
        (tmp_path / "gateway.db").mkdir()
        assert ask(port, "/sender/zyzzyva") == 500
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0

    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {line["level"] for line in lines} >= {"warning", "error"}
    assert [line for line in lines if line["level"] == "error" and line.get("error") and line.get("error_at")]
    assert "zyzzyva" not in json.dumps(lines)


def ask(port, path, host="localhost"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status
    finally:
        connection.close()


def wait_for(process, port):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            return ask(port, "/account/login/")
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the console did not start")
