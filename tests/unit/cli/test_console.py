"""``dlp-gateway accounts``: who signs in to the web console."""

import pytest

from tests.unit.cli.conftest import columns

ADD = ("accounts", "add", "--role", "dpo", "--address", "dora@westendonsixth.com", "--person", "Dora Penn", "dora")


@pytest.fixture
def gateway(gateway):
    gateway.commit()
    return gateway


def test_an_account_is_made_once(gateway):
    made = gateway.run(*ADD)

    assert made.output.startswith("Account dora (dpo) made. Its first password: ")
    assert gateway.fails(*ADD) == "there is an account of that name already\n"
    assert columns(gateway.run("accounts", "list").output) == [
        ["dora", "dpo", "dora@westendonsixth.com", "yes", "none", "never"]
    ]


@pytest.mark.parametrize(
    ("name", "address", "says"),
    [
        ("erik", "DORA@westendonsixth.com", "another account has that address already"),
        ("erik", "nowhere", "the address is not a mail address"),
        ("two words", "erik@westendonsixth.com", "the name should be of letters"),
    ],
)
def test_what_is_no_account(gateway, name, address, says):
    gateway.run(*ADD)

    assert says in gateway.fails("accounts", "add", "--role", "dpo", "--address", address, name)


def test_resetting_and_shutting_are_on_record(gateway):
    first = gateway.run(*ADD).output.split()[-1]

    again = gateway.run("accounts", "reset", "Dora")
    shut = gateway.run("accounts", "disable", "dora")

    assert again.output.startswith("New first password of dora: ")
    assert first not in again.output
    assert shut.output == "dora cannot sign in any more\n"
    assert columns(gateway.run("accounts", "list").output)[0][3] == "no"
    assert gateway.run("accounts", "enable", "dora").output == "dora can sign in again\n"
    record = gateway.run("audit", "export", "--format", "json").output
    assert [act for act in ("made", "reset", "disabled", "enabled") if f'"act": "{act}"' not in record] == []
    assert gateway.run("audit", "verify").status == 0


@pytest.mark.parametrize("act", ["reset", "disable", "enable"])
def test_accounts_that_are_not_there(gateway, act):
    assert gateway.fails("accounts", act, "nobody") == "there is no such account; 'accounts list' shows all\n"


def test_there_is_none_at_first(gateway):
    assert gateway.run("accounts", "list").output == "There is no account.\n"
