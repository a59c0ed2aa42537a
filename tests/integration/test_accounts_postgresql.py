"""Accounts of the console on a real PostgreSQL: made, signed in to, changed, stood in for, reset and shut."""

# ruff: noqa: F811  # fixtures are imported

import datetime as dt
import time

import pytest
from django.core.cache import cache
from django.test import override_settings

from dlp_gateway.console import accounts
from dlp_gateway.console.accounts import AccountError, Person
from dlp_gateway.console.roles import Role
from dlp_gateway.console.services import Services
from dlp_gateway.store import database
from tests.integration.test_store_postgresql import server, url  # noqa: F401
from tests.unit.cli.conftest import Gateway
from tests.unit.console.conftest import Clock, Console
from tests.unit.console.signing import ACTOR, NEW_PASSWORD, acts, add, code, factors, outcomes, set_up, sign_in

pytestmark = pytest.mark.postgresql


class OnPostgresql(Console):
    def __init__(self, gateway, url):
        given = {"CONSOLE__URL": '"http://localhost:8080"', "STORE__URL": f'"{url}"'}
        self.clock = Clock(time.time())
        environment = {f"DLP_GATEWAY__{name}": value for name, value in given.items()}
        self.services = Services(gateway.config, environment, self.clock)


@pytest.fixture
def console(tmp_path, url):
    database.configure(url)
    database.migrate(everything=True)
    cache.clear()
    console = OnPostgresql(Gateway(tmp_path), url)
    with override_settings(CONSOLE_SERVICES=console.services):
        yield console
    console.services.close()
    database.close()


def test_an_account_from_its_first_sign_in_to_its_end(console):
    client = console.client()
    first = add(console)
    assert sign_in(client, "dora", first).status_code == 302
    secret = set_up(client, first)
    assert factors("dora") == ["recovery_codes", "totp"]
    console.clock.now += 60

    again = console.client()
    sign_in(again, "dora", "wrong")
    assert sign_in(again, "dora", NEW_PASSWORD).status_code == 302
    assert again.post("/account/2fa/authenticate/", {"code": code(secret, 1)}).status_code == 302
    assert again.get("/held/").status_code == 200
    assert outcomes("dora") == ["signed in", "refused", "signed in"]

    account = accounts.named("DORA").id
    add(console, "emil")
    now = console.clock()
    until = dt.datetime.fromtimestamp(now, dt.UTC).date()
    changed = accounts.change_person(account, Person("Dora P.", "d@westendonsixth.com", Role.DPO), ACTOR, now)
    assert changed == ("name", "address")
    accounts.set_absence(account, accounts.named("emil").id, until, ACTOR, now, today=until)
    assert (accounts.named("dora").deputy, accounts.named("dora").away_until) == ("emil", until)
    accounts.reset(account, ACTOR, now)
    assert factors("dora") == []
    accounts.disable(account, ACTOR, now)
    assert again.get("/held/").status_code == 302
    assert [(a.name, a.active, a.deputy) for a in accounts.listed()] == [("emil", True, ""), ("dora", False, "")]
    accounts.enable(account, ACTOR, now)
    assert acts("dora")[-5:] == ["changed", "absent", "reset", "disabled", "enabled"]


@pytest.mark.parametrize(
    ("name", "address"), [("DORA", "other@westendonsixth.com"), ("other", "Dora@WestendOnSixth.com")]
)
def test_a_name_or_address_is_taken_whatever_its_case(console, name, address):
    add(console)
    with pytest.raises(AccountError, match="already"):
        add(console, name, address=address)
    assert len(accounts.listed()) == 1
