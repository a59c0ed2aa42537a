"""Administrators' pages about accounts, and one's own absence."""

import datetime as dt
import re

import pytest
from django.core.cache import cache

from dlp_gateway.console import accounts
from dlp_gateway.console.accounts import AccountError, Person
from dlp_gateway.console.roles import Role
from dlp_gateway.store import database
from tests.unit.console.conftest import PASSWORD
from tests.unit.console.signing import ACTOR, acts, add, factors, record, sign_in

DORA = {"name": "dora", "person": "Dora Penn", "address": "dora@westendonsixth.com", "role": "dpo"}


@pytest.fixture(autouse=True)
def _no_attempts_yet():
    cache.clear()


@pytest.fixture
def admin(console):
    return console.client("admin")


def named(name):
    return accounts.named(name)


def person(**more):
    return {"person": "Dora Penn", "address": "dora@westendonsixth.com", "role": "dpo"} | more


def text(response):
    return response.content.decode()


def test_an_account_is_made_and_its_password_shown_once_and_stored_nowhere(console, admin):
    answer = admin.post("/users/add/", DORA)

    (password,) = re.findall(r"<code>(.+)</code>", text(answer))
    assert answer.status_code == 200
    assert sign_in(console.client(), "dora", password).status_code == 302
    assert password not in text(admin.get("/users/"))
    assert database.checkpoint()
    assert password.encode() not in console.gateway.database.read_bytes()
    made = named("dora")
    assert (made.person, made.address, made.role, made.first_password) == (
        "Dora Penn",
        "dora@westendonsixth.com",
        "dpo",
        True,
    )
    assert ("account", "admin", "dora", {"act": "made", "role": "dpo"}) in record()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "Admin"}, "of that name already"),
        ({"name": "two words"}, "Letters, digits"),
        ({"name": ""}, "required"),
        ({"address": "nowhere"}, "valid email"),
        ({"address": "ADMIN@westendonsixth.com"}, "a person has one account"),
        ({"address": "Admin+2@westendonsixth.com"}, "a person has one account"),
        ({"role": "owner"}, "Select a valid choice"),
        ({"person": "Dora\rPenn"}, "One line of text"),
    ],
)
def test_what_is_no_account(admin, change, says):
    answer = admin.post("/users/add/", DORA | change)

    assert (answer.status_code, says in text(answer)) == (200, True), text(answer)
    assert len(accounts.listed()) == 1


def test_the_list_shows_who_may_sign_in(console, admin):
    add(console)
    console.account("auditor")
    accounts.disable(named("auditor").id, ACTOR, console.clock())

    page = text(admin.get("/users/"))

    assert page.count("first password") == 1
    assert page.count("disabled</span>") == 1
    assert page.index("dora") < page.index("auditor@")


def test_a_person_is_changed_and_what_changed_is_on_record(console, admin):
    add(console)
    account = named("dora").id

    answer = admin.post(f"/users/{account}/", person(role="security", address="d.penn@westendonsixth.com"), follow=True)

    assert "Changed: address, role." in text(answer)
    assert (named("dora").role, named("dora").address) == ("security", "d.penn@westendonsixth.com")
    assert record("account")[-1] == (
        "account",
        "admin",
        "dora",
        {"act": "changed", "changed": ["address", "role"], "role": "security"},
    )
    assert "Nothing was changed" in text(
        admin.post(f"/users/{account}/", person(role="security", address="d.penn@westendonsixth.com"), follow=True)
    )
    assert acts("dora") == ["made", "changed"]


def test_nobody_changes_their_own_role_or_shuts_or_resets_themselves(console, admin):
    mine = named("admin").id

    refused = admin.post(f"/users/{mine}/", {"person": "", "address": "admin@westendonsixth.com", "role": "dpo"})
    for act in ("disable", "reset"):
        admin.post(f"/users/{mine}/{act}/")

    assert "nobody changes their own role" in text(refused)
    assert (named("admin").role, named("admin").active, factors("admin")) == ("admin", True, ["totp"])
    assert record("account") == []
    assert admin.get("/users/").status_code == 200


def test_one_changes_ones_own_address(console, admin):
    admin.post(f"/users/{named('admin').id}/", {"person": "A", "address": "a@westendonsixth.com", "role": "admin"})

    assert named("admin").address == "a@westendonsixth.com"


def test_disabling_and_enabling(console, admin):
    console.account("dpo")
    account = named("dpo").id

    assert "sessions have ended" in text(admin.post(f"/users/{account}/disable/", follow=True))
    assert not named("dpo").active
    assert "can sign in again" in text(admin.post(f"/users/{account}/enable/", follow=True))
    assert named("dpo").active
    assert acts("dpo") == ["disabled", "enabled"]


def test_a_reset_gives_a_new_password_and_takes_the_second_factor(console, admin):
    console.account("dpo")

    (password,) = re.findall(r"<code>(.+)</code>", text(admin.post(f"/users/{named('dpo').id}/reset/")))

    client = console.client()
    assert sign_in(client, "dpo", PASSWORD).status_code == 200
    assert sign_in(client, "dpo", password).status_code == 302
    assert client.get("/")["Location"] == "/account/password/change/"
    assert (factors("dpo"), named("dpo").first_password, acts("dpo")) == ([], True, ["reset"])


@pytest.mark.parametrize("path", ["/users/{}/", "/users/{}/disable/", "/users/{}/enable/", "/users/{}/reset/"])
@pytest.mark.parametrize("account", ["999", "9" * 30])
def test_accounts_that_are_not_there(admin, path, account):
    assert admin.post(path.format(account), person()).status_code == 404


def test_an_absence_with_a_deputy(console):
    client = console.client("dpo")
    console.account("dpo", "second")
    until = console.services.settings.day(console.clock()) + dt.timedelta(days=7)

    answer = client.post("/absence/", {"deputy": named("second").id, "until": until.isoformat()}, follow=True)

    assert "is noted" in text(answer)
    assert "<strong>second</strong> stands in" in text(answer)
    assert (named("dpo").deputy, named("dpo").away_until) == ("second", until)
    assert "second stands in" in text(console.client("admin").get("/users/"))
    assert "Welcome back" in text(client.post("/absence/over/", follow=True))
    assert (named("dpo").deputy, named("dpo").away_until) == ("", None)
    assert record("account") == [
        ("account", "dpo", "dpo", {"act": "absent", "deputy": "second", "until": until.isoformat()}),
        ("account", "dpo", "dpo", {"act": "present"}),
    ]


@pytest.mark.parametrize("role", ["admin", "security", "auditor"])
def test_a_deputy_has_the_same_role(console, role):
    client = console.client("dpo")
    console.account(role)
    console.account("dpo", "second")
    until = (console.services.settings.day(console.clock()) + dt.timedelta(days=7)).isoformat()

    answer = client.post("/absence/", {"deputy": named(role).id, "until": until})

    assert "valid choice" in text(answer)
    with pytest.raises(AccountError, match="same role"):
        accounts.set_absence(
            named("dpo").id, named(role).id, dt.date(2100, 1, 1), "dpo", console.clock(), today=dt.date(2027, 1, 1)
        )
    with pytest.raises(AccountError, match="same role"):
        accounts.set_absence(
            named("dpo").id, named("dpo").id, dt.date(2100, 1, 1), "dpo", console.clock(), today=dt.date(2027, 1, 1)
        )
    assert named("dpo").deputy == ""


def test_an_absence_does_not_end_before_it_is_noted(console):
    client = console.client("dpo")
    console.account("dpo", "second")
    yesterday = console.services.settings.day(console.clock()) - dt.timedelta(days=1)

    answer = client.post("/absence/", {"deputy": named("second").id, "until": yesterday.isoformat()})

    assert "the day is over already" in text(answer)


@pytest.mark.parametrize(
    ("zone", "accepted"), [("Etc/GMT+12", {14: True, 15: True}), ("Pacific/Kiritimati", {14: False, 15: True})]
)
def test_absences_end_with_the_organisations_day(console, zone, accepted):
    console.services._environment["DLP_GATEWAY__QUARANTINE__TIME_ZONE"] = f'"{zone}"'
    console.clock.now = 1_800_000_000.0  # 15 January 2027, 08:00 UTC: still the 14th twelve hours west of it
    client = console.client("dpo")
    console.account("dpo", "second")

    for day, may in accepted.items():
        answer = client.post("/absence/", {"deputy": named("second").id, "until": f"2027-01-{day}"}, follow=True)
        assert ("is noted" in text(answer)) is may, day


@pytest.mark.parametrize("act", ["disable", "change"])
def test_who_leaves_the_role_stands_in_for_nobody(console, act):
    for name in ("dpo", "second"):
        console.account("dpo", name)
    accounts.set_absence(
        named("dpo").id, named("second").id, dt.date(2100, 1, 1), "dpo", console.clock(), today=dt.date(2027, 1, 1)
    )

    if act == "disable":
        accounts.disable(named("second").id, ACTOR, console.clock())
    else:
        given = Person("", "second@westendonsixth.com", Role.SECURITY)
        accounts.change_person(named("second").id, given, ACTOR, console.clock())

    assert (named("dpo").deputy, named("dpo").away_until) == ("", None)


def test_one_without_colleagues_is_told_so(console):
    assert "Nobody else has your role" in text(console.client("auditor").get("/absence/"))


def test_the_record_stays_whole(console, admin):
    admin.post("/users/add/", DORA)
    admin.post(f"/users/{named('dora').id}/disable/")

    verified = console.gateway.run("audit", "verify")

    assert (verified.status, verified.output.startswith("The record is whole")) == (0, True)
    exported = console.gateway.run("audit", "export", "--format", "cef")
    assert "|account|Record: account|7|" in exported.output
    assert "dora@westendonsixth.com" not in exported.output
