"""What the composition root hands on, after a reload too, and what a reload leaves that fails."""

import asyncio
import dataclasses
import types
from unittest.mock import Mock

import pytest
import structlog

from dlp_gateway import app
from dlp_gateway.app import Gateway, ReloadRefusedError
from dlp_gateway.configfile import ConfigError, Problem
from dlp_gateway.inspection.pool import PoolError
from dlp_gateway.model import Zone
from dlp_gateway.pipeline import Pipeline
from dlp_gateway.settings import default_config_dir, note_running, read_configuration, running_policy
from dlp_gateway.smtp.tls import CertificateError
from dlp_gateway.store.errors import StoreUnavailableError
from dlp_gateway.store.keys import KeysError
from tests.unit.policy.examples import TODAY


def configuration(**environment):
    return read_configuration(default_config_dir(), TODAY, environment=environment)


def test_zones_are_those_of_the_policy_that_runs_now():
    config = configuration()
    gateway = Gateway(config)
    zone_of = gateway._zone_of
    assert zone_of("new.example") is Zone.EXTERNAL

    organisation = dataclasses.replace(config.policy.organisation, domains=("new.example",))
    policy = dataclasses.replace(config.policy, organisation=organisation)
    gateway._config = dataclasses.replace(config, loaded=dataclasses.replace(config.loaded, policy=policy))

    assert zone_of("new.example") is Zone.INTERNAL


@pytest.mark.parametrize("shown", [False, True])
def test_the_login_is_shown_to_recipients_only_if_that_is_set(shown):
    config = configuration(DLP_GATEWAY__SMTP__SHOW_USER=str(shown).lower())

    assert Gateway(config)._running(config, None).show_user is shown


# ---------------------------------------------------------------- reload


class Workers:
    """A pool that starts and ends, or does not."""

    def __init__(self, house):
        self.house, self.state = house, "new"
        house.pools.append(self)

    async def start(self):
        self.house.step("workers")
        self.state = "started"

    async def stop(self):
        self.state = "stopped"

    async def retire(self):
        await self.house.answered.wait()
        self.state = "retired"


class House:
    """A gateway between start and stop, with parts that note what happens to them and fail where told to."""

    def __init__(self, home, monkeypatch):
        environment = {"DLP_GATEWAY__STATE_DIRECTORY": str(home / "state")}
        self.before = configuration(**environment)
        rules = dataclasses.replace(
            self.before.policy.rules, bulk=dataclasses.replace(self.before.policy.rules.bulk, people=40)
        )
        policy = dataclasses.replace(self.before.policy, rules=rules)
        loaded = dataclasses.replace(self.before.loaded, policy=policy)
        self.after = dataclasses.replace(self.before, loaded=loaded)
        self.failing, self.error = "", None
        self.pools, self.entered, self.keys, self.receiving = [], [], [], []
        self.answered = asyncio.Event()
        self.answered.set()
        self.gateway = Gateway(self.before, self.load)
        pipeline = Pipeline(self.gateway._running(self.before, Workers(self)), None, None, None)
        self.parts = Mock(
            pool=self.pools[0],
            pipeline=pipeline,
            server=types.SimpleNamespace(reload=self.receive),
            store=types.SimpleNamespace(use_keys=self.keys.append, write=self.write),
        )
        self.gateway._parts = self.parts
        monkeypatch.setattr(app, "WorkerPool", lambda *_: Workers(self))
        monkeypatch.setattr(app.keys, "load_gateway", lambda _: self.step("keys"))
        monkeypatch.setattr(app, "note_running", self.note)
        note_running(self.before.settings, self.before.policy)

    def step(self, name):
        if self.failing == name and self.error is not None:
            error, self.error = self.error, None
            raise error

    def load(self):
        self.step("configuration")
        return self.after

    def receive(self, settings):
        self.step("receiving")
        self.receiving.append(settings)

    def note(self, settings, policy):
        note_running(settings, policy)
        self.step("note")

    async def write(self, run):
        self.step("record")
        self.entered.append(run)

    def decides(self):
        """Whether everything is as before, or everything as the new configuration has it."""
        new = self.gateway._config is self.after
        assert self.gateway._config is (self.after if new else self.before)
        assert self.parts.pipeline.running.policy is self.gateway._config.policy
        assert self.parts.pipeline.running.pool is self.parts.pool is self.pools[-1 if new else 0]
        assert self.parts.pool.state == ("started" if new else "new")
        assert running_policy(self.before.settings).fingerprint == self.gateway._config.policy.fingerprint
        assert len(self.entered) == len(self.keys) == int(new)
        return "new" if new else "old"


@pytest.fixture
async def house(tmp_path, monkeypatch):
    return House(tmp_path, monkeypatch)


async def test_a_reload_swaps_everything_and_does_not_wait_for_messages_under_way(house):
    house.answered.clear()
    await house.gateway.reload()

    assert house.decides() == "new"
    old = house.pools[0]
    assert old.state == "new"
    house.answered.set()
    await asyncio.gather(*house.gateway._retiring)
    assert old.state == "retired"
    assert not house.gateway._retiring


FAILURES = [
    ("configuration", ConfigError([Problem("policy.yaml", 7, "is missing")])),
    ("configuration", UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid")),
    ("keys", KeysError("delivery.key cannot be read")),
    ("workers", PoolError("the inspection workers cannot start")),
    ("workers", OSError("no process")),
    ("receiving", CertificateError("certificate has ended")),
    ("note", OSError("no space left on device")),
    ("record", StoreUnavailableError("database is locked")),
    ("record", OSError("no space left on device")),
]


@pytest.mark.parametrize(("failing", "error"), FAILURES)
async def test_a_reload_that_fails_anywhere_is_refused_with_its_reason_and_has_changed_nothing(house, failing, error):
    house.failing, house.error = failing, error

    with pytest.raises(ReloadRefusedError) as refused:
        await house.gateway.reload()

    assert str(refused.value) == str(error)
    assert house.decides() == "old"
    assert [pool.state for pool in house.pools[1:]] in ([], ["stopped"])
    assert house.receiving[-1:] in ([], [app.wiring.receiving_settings(house.before)])
    await house.gateway.reload()
    assert house.decides() == "new"


@pytest.mark.parametrize("failing", ["configuration", "keys", "workers", "receiving", "note", "record"])
async def test_a_reload_that_fails_as_nobody_foresaw_is_said_to_be_refused(house, failing):
    house.failing, house.error = failing, RuntimeError("123 456 782")

    with structlog.testing.capture_logs() as logs:
        await house.gateway._try_reload()

    assert [(entry["event"], entry["reason"]) for entry in logs if entry["log_level"] == "error"] == [
        ("reload refused", "it failed (RuntimeError)")
    ]
    assert house.decides() == "old"


async def test_a_gateway_that_stops_meanwhile_takes_no_new_configuration(house):
    async def write(run):
        house.gateway._parts = None

    house.parts.store.write = write

    with pytest.raises(ReloadRefusedError, match="the gateway is stopping"):
        await house.gateway.reload()

    assert house.decides() == "old"
    assert house.pools[1].state == "stopped"
