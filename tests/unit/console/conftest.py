"""The console on a store with decisions in it, and browsers signed in to it."""

import dataclasses
import datetime as dt
import shutil
import time

import pytest
from django.contrib.auth import get_user_model
from django.test import Client, override_settings

from dlp_gateway.console.inspector import Inspector
from dlp_gateway.console.services import Services
from dlp_gateway.settings import default_config_dir, read_configuration
from dlp_gateway.store import database, keys
from tests.unit.cli.conftest import Gateway
from tests.unit.console.everything import Everything, plant

PASSWORD = "correct horse battery staple"


@dataclasses.dataclass
class Clock:
    """The console's clock; tests move it."""

    now: float

    def __call__(self):
        return self.now


class Console:
    """A gateway's folder with a console over it. ``client(role)`` is a browser of an account of that role."""

    def __init__(self, gateway, template):
        self.gateway = gateway
        self.clock = Clock(time.time())
        shutil.copy(template, gateway.database)
        self.services = Services(gateway.config, {"DLP_GATEWAY__CONSOLE__URL": '"http://localhost:8080"'}, self.clock)
        self.url = f"sqlite:///{gateway.database}"
        gateway.commit()
        database.configure(self.url)

    def commit(self, *intakes, then=None):
        """Put decisions into the store."""
        self.gateway.commit(*intakes, then=then)
        database.configure(self.url)

    def review_keys(self):
        """The reviewers' private key."""
        return keys.load_review(self.gateway.keys)

    def account(self, role, name=None, *, second_factor=True, address=None):
        """An account with a second factor, made when it is not there yet."""
        from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

        name = name or role or "nobody"
        accounts = get_user_model()
        account = accounts.objects.filter(username=name).first()
        if account is None:
            account = accounts.objects.create_user(name, address or f"{name}@westendonsixth.com", PASSWORD, role=role)
            if second_factor:
                TOTP.activate(account, generate_totp_secret())
        return account

    def client(self, role=None, name=None, **more):
        """A browser: signed in as an account of ``role`` ("" has none), or not at all."""
        client = Client(SERVER_NAME="localhost", SERVER_PORT="8080", raise_request_exception=True)
        if role is not None:
            client.force_login(self.account(role, name, **more))
        return client


@pytest.fixture(scope="session")
def console_template(tmp_path_factory):
    """A database with the console's tables, made once."""
    path = tmp_path_factory.mktemp("console") / "template.db"
    database.configure(f"sqlite:///{path}")
    database.migrate(everything=True)
    database.close()
    return path


@pytest.fixture
def console(tmp_path, console_template):
    console = Console(Gateway(tmp_path), console_template)
    with override_settings(CONSOLE_SERVICES=console.services):
        yield console
    console.services.close()
    database.close()


@pytest.fixture(scope="session")
def seed(tmp_path_factory, console_template):
    """A store with one of everything, made once."""
    console = Console(Gateway(tmp_path_factory.mktemp("seed")), console_template)
    with override_settings(CONSOLE_SERVICES=console.services):
        seed = plant(console)
    console.services.close()
    return seed


@pytest.fixture
def everything(tmp_path, seed):
    """The console over a copy of it."""
    everything = Everything(seed, tmp_path / "everything")
    with override_settings(CONSOLE_SERVICES=everything.services):
        yield everything
    everything.services.close()
    database.close()


@pytest.fixture(scope="session")
def worker():
    """A worker that is there already."""
    now = dt.datetime.now(dt.UTC).date()
    inspector = Inspector(read_configuration(default_config_dir(), now, environment={}))
    yield inspector
    inspector.stop()
