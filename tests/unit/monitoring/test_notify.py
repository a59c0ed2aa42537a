import socket

import pytest

from dlp_gateway.monitoring.notify import Notifier


@pytest.fixture
def systemd(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(10)
        yield line


def test_states_reach_systemd_in_order(systemd):
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})

    notifier.ready()
    notifier.reloading()
    notifier.watchdog()
    notifier.stopping()

    assert [systemd.recv(100) for _ in range(4)] == [b"READY=1", b"RELOADING=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_an_abstract_socket_is_reached():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind("\0dlp-gateway-test-notify")
        line.settimeout(10)
        Notifier({"NOTIFY_SOCKET": "@dlp-gateway-test-notify"}).ready()

        assert line.recv(100) == b"READY=1"


def test_a_socket_that_nobody_reads_is_no_failure(tmp_path):
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).stopping()
