"""What a reload hands on beside the policy, and what a drain must not look like."""

import asyncio
from unittest.mock import AsyncMock, Mock

import pytest

from dlp_gateway import app
from dlp_gateway.app import Gateway, ReloadRefusedError
from dlp_gateway.delivery.settings import Credentials
from dlp_gateway.model import Zone
from dlp_gateway.settings import default_config_dir, read_configuration
from tests.unit.policy.examples import TODAY


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with the login of a smart host; workers, keys and record are there without being real."""
    (tmp_path / "login").write_text("gateway:old\n")
    pool = Mock(start=AsyncMock(), stop=AsyncMock(), retire=AsyncMock())
    monkeypatch.setattr(app, "WorkerPool", lambda *_: pool)
    monkeypatch.setattr(app.keys, "load_gateway", lambda _: "rotated keys")
    monkeypatch.setattr(app, "_enter", AsyncMock())
    return tmp_path


def running(home):
    """A gateway that reads its settings from ``environment`` anew at each reload, and its parts."""
    environment = {
        "DLP_GATEWAY__STATE_DIRECTORY": str(home),
        "DLP_GATEWAY__DELIVERY__EXTERNAL": f"{{host: 'out.example:25', tls: required, credentials: {home}/login}}",
    }

    def load():
        return read_configuration(default_config_dir(), TODAY, environment=environment)

    gateway = Gateway(load(), load)
    gateway._parts = Mock(pool=Mock(retire=AsyncMock()))
    return gateway, gateway._parts, environment


async def test_a_reload_hands_on_keys_logins_and_what_housekeeping_says(home):
    gateway, parts, environment = running(home)
    (home / "login").write_text("gateway:new\n")
    environment["DLP_GATEWAY__CONSOLE__URL"] = "https://new.example"
    await gateway.reload()

    (routes,) = parts.delivery.use.call_args.args
    assert routes.zones[Zone.EXTERNAL].credentials == Credentials("gateway", "new")
    rotated, settings = parts.housekeeping.use.call_args.args
    assert (rotated, str(settings.console.url)) == ("rotated keys", "https://new.example/")


async def test_a_login_that_cannot_be_read_is_no_reload(home):
    gateway, parts, _ = running(home)
    (home / "login").unlink()
    with pytest.raises(ReloadRefusedError, match="login: cannot be read"):
        await gateway.reload()

    assert not parts.delivery.use.called
    assert not parts.housekeeping.use.called


async def test_a_drain_that_takes_long_is_healthy(home, monkeypatch):
    monkeypatch.setattr(app, "_BEAT_SECONDS", 0)
    gateway, parts, _ = running(home)
    gateway._beat = float("-inf")

    async def drain(seconds):
        async with asyncio.timeout(20):
            while not gateway.healthy()["loop"]:  # noqa: ASYNC110 - the beat has no event
                await asyncio.sleep(0)

    parts.server = Mock(drain=drain, stop=AsyncMock())
    parts.sign_ins.finish = parts.delivery.drain = parts.pool.stop = parts.store.close = AsyncMock()
    parts.delivering = parts.tidying = asyncio.get_running_loop().create_future()
    parts.tidying.cancel()
    await gateway.stop()

    assert gateway.ready() == {"started": False}
