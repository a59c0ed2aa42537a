"""The way in: first password, second factor, sessions and their ends, and what the record says of it."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache

from dlp_gateway.console import accounts
from dlp_gateway.store import database
from tests.unit.console.conftest import PASSWORD
from tests.unit.console.signing import (
    NEW_PASSWORD,
    acts,
    add,
    change_password,
    code,
    factors,
    outcomes,
    record,
    set_up,
    shown_secret,
    sign_in,
)


@pytest.fixture(autouse=True)
def _no_attempts_yet():
    cache.clear()


def account_id(name):
    return accounts.named(name).id


def test_a_new_account_changes_its_password_and_sets_up_a_second_factor_before_anything_else(console):
    first = add(console)
    client = console.client()

    assert sign_in(client, "dora", first)["Location"] == "/"
    for path in ("/", "/absence/", "/account/2fa/", "/account/2fa/totp/activate/"):
        assert client.get(path)["Location"] == "/account/password/change/", path
    assert change_password(client, first, NEW_PASSWORD)["Location"] == "/"
    assert client.get("/")["Location"] == "/account/2fa/"
    secret = shown_secret(client)
    assert client.get("/")["Location"] == "/account/2fa/"
    assert client.post("/account/2fa/totp/activate/", {"code": code(secret)}).status_code == 302

    assert client.get("/").status_code == 200
    assert factors("dora") == ["recovery_codes", "totp"]
    assert acts("dora") == ["made", "password changed", "second factor added", "second factor added"]
    assert outcomes("dora") == ["signed in"]


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (None, "This is the password you have already"),
        ("short", "too short"),
        ("password1234", "too common"),
        ("dora@westendonsixth.com", "too similar"),
    ],
)
def test_what_is_no_new_password(console, new, says):
    first = add(console)
    client = console.client()
    sign_in(client, "dora", first)

    answer = change_password(client, first, new or first)

    assert (answer.status_code, says in answer.content.decode()) == (200, True)
    assert client.get("/")["Location"] == "/account/password/change/"


def test_later_sign_ins_ask_for_the_second_factor(console):
    first = add(console)
    secret = set_up_in(console, first)
    client = console.client()

    assert sign_in(client, "dora", NEW_PASSWORD)["Location"] == "/account/2fa/authenticate/"
    assert client.get("/").status_code == 302
    assert "Incorrect code" in client.post("/account/2fa/authenticate/", {"code": "000000"}).content.decode()
    assert client.get("/")["Location"].startswith("/account/login/")
    assert client.post("/account/2fa/authenticate/", {"code": code(secret, 1)})["Location"] == "/"

    assert client.get("/").status_code == 200
    assert outcomes("dora") == ["signed in", "second factor refused", "signed in"]


def test_a_code_signs_in_once(console):
    secret = set_up_in(console, add(console))
    one, other = console.client(), console.client()
    now = code(secret, 1)
    for client in (one, other):
        sign_in(client, "dora", NEW_PASSWORD)

    assert one.post("/account/2fa/authenticate/", {"code": now}).status_code == 302
    assert "Incorrect code" in other.post("/account/2fa/authenticate/", {"code": now}).content.decode()


def test_secrets_of_second_factors_are_not_readable_in_the_database(console):
    secret = set_up_in(console, add(console))

    with database.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator WHERE type = 'totp'")
        ((stored,),) = cursor.fetchall()
    assert database.checkpoint()
    assert secret not in str(stored)
    assert secret.encode() not in console.gateway.database.read_bytes()


def test_the_last_second_factor_stays(console):
    client = console.client("dpo")

    answer = client.get("/account/2fa/totp/deactivate/", follow=True)

    assert "only second factor" in answer.content.decode()
    assert client.post("/account/2fa/totp/deactivate/").status_code == 302
    assert factors("dpo") == ["totp"]


def test_sessions_end_after_their_longest_time_however_busy(console):
    client = console.client("dpo")
    for _ in range(11):
        console.clock.now += 3600
        assert client.get("/").status_code == 200

    console.clock.now += 3601
    assert client.get("/")["Location"] == "/account/login/?next=/"
    assert client.get("/")["Location"] == "/account/login/?next=/"

    assert outcomes("dpo") == ["signed in", "session over"]
    assert client.post("/absence/over/").status_code == 403


def test_sessions_that_are_not_used_end_sooner(console):
    client = console.client("dpo")
    client.get("/")

    (session,) = Session.objects.all()

    assert 29 * 60 < (session.expire_date - session.expire_date.now(session.expire_date.tzinfo)).total_seconds() <= 1800


@pytest.mark.parametrize("act", [accounts.disable, accounts.reset])
def test_disabling_and_resetting_end_sessions(console, act):
    client = console.client("dpo")
    assert client.get("/").status_code == 200

    act(account_id("dpo"), "root", console.clock())

    assert client.get("/")["Location"] == "/account/login/?next=/"


def test_enabling_again_revives_no_session(console):
    client = console.client("dpo")
    accounts.disable(account_id("dpo"), "root", console.clock())
    accounts.enable(account_id("dpo"), "root", console.clock())

    assert client.get("/")["Location"] == "/account/login/?next=/"
    assert sign_in(console.client(), "dpo", PASSWORD)["Location"] == "/account/2fa/authenticate/"


def test_a_new_password_ends_the_other_sessions_only(console):
    other, client = console.client("dpo"), console.client("dpo")

    change_password(client, PASSWORD, NEW_PASSWORD)

    assert client.get("/").status_code == 200
    assert other.get("/")["Location"] == "/account/login/?next=/"


def test_a_disabled_account_does_not_get_in(console):
    console.account("dpo")
    accounts.disable(account_id("dpo"), "root", console.clock())
    client = console.client()

    sign_in(client, "dpo", PASSWORD)

    assert client.get("/")["Location"] == "/account/login/?next=/"
    assert outcomes("dpo") == ["refused"]


def test_a_reset_between_password_and_code_lets_nobody_in(console):
    secret = set_up_in(console, add(console))
    client = console.client()
    sign_in(client, "dora", NEW_PASSWORD)

    accounts.reset(account_id("dora"), "root", console.clock())

    client.post("/account/2fa/authenticate/", {"code": code(secret, 1)})
    assert client.get("/")["Location"] == "/account/login/?next=/"


def test_refusals_and_sign_outs_are_on_record_without_what_was_typed(console):
    console.account("dpo")
    client = console.client()
    sign_in(client, "dpo", "mistyped secret")
    sign_in(client, "typed my password here", "dpo")
    console.client("dpo").post("/account/logout/")

    assert [(actor, details) for _, actor, _, details in record("sign_in")] == [
        ("dpo", {"outcome": "refused"}),
        ("unknown account", {"outcome": "refused"}),
        ("dpo", {"outcome": "signed in"}),
        ("dpo", {"outcome": "signed out"}),
    ]
    assert console.gateway.run("audit", "verify").status == 0


def test_a_recovery_code_stands_in_for_the_app_once(console):
    set_up_in(console, add(console))
    client = console.client()
    signed_in = console.client("dpo", "dora")
    signed_in.post("/account/reauthenticate/", {"password": NEW_PASSWORD})
    codes = re.search(r"<pre>([\d\s]+)</pre>", signed_in.get("/account/2fa/recovery-codes/").content.decode())[
        1
    ].split()
    sign_in(client, "dora", NEW_PASSWORD)

    assert client.post("/account/2fa/authenticate/", {"code": codes[0]})["Location"] == "/"
    assert client.get("/").status_code == 200
    again = console.client()
    sign_in(again, "dora", NEW_PASSWORD)
    assert again.post("/account/2fa/authenticate/", {"code": codes[0]}).status_code == 200


def test_changing_second_factors_asks_for_the_password_again(console):
    client = console.client("dpo")

    for path in ("/account/2fa/webauthn/add/", "/account/2fa/recovery-codes/generate/"):
        assert client.get(path)["Location"].startswith("/account/reauthenticate/"), path


def test_no_page_at_the_door_links_to_what_is_not_there(console):
    first = add(console)
    client = console.client()
    pages = [client.get("/account/login/")]
    sign_in(client, "dora", first)
    pages.append(client.get("/account/password/change/"))
    set_up(client, first)
    pages += [client.get(path) for path in ("/account/2fa/", "/account/2fa/webauthn/", "/account/logout/")]

    for page in pages:
        text = page.content.decode()
        assert page.status_code == 200
        assert "signup" not in text
        assert "password/reset" not in text
        assert "<title> " not in text


def set_up_in(console, first):
    client = console.client()
    sign_in(client, "dora", first)
    return set_up(client, first)
