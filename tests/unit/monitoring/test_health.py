import errno
import urllib.error
import urllib.request

import pytest

from dlp_gateway.monitoring.health import HealthServer
from dlp_gateway.monitoring.metrics import Metrics


@pytest.fixture
def server():
    state = {"workers": True, "store": True}
    health = HealthServer("127.0.0.1", 0, Metrics().registry, lambda: {"loop": True}, lambda: state)
    health.start()
    yield health, state
    health.stop()


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_healthy_ready_and_metrics(server):
    health, _ = server

    assert get(health.port, "/healthz") == (200, "loop: ok\n")
    assert get(health.port, "/readyz") == (200, "workers: ok\nstore: ok\n")
    status, body = get(health.port, "/metrics")
    assert status == 200
    assert "dlp_queue_depth" in body


def test_what_is_missing_is_named(server):
    health, state = server
    state["store"] = False

    assert get(health.port, "/readyz") == (503, "workers: ok\nstore: failing\n")


def test_an_address_that_is_taken_is_named_with_its_setting(server):
    health, _ = server
    with pytest.raises(OSError, match=f"monitoring.listen: 127.0.0.1:{health.port} ") as caught:
        HealthServer("127.0.0.1", health.port, Metrics().registry, dict, dict)

    assert caught.value.errno == errno.EADDRINUSE


def test_nothing_else_is_served(server):
    health, _ = server

    assert get(health.port, "/")[0] == 404
