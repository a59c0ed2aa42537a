"""Which gateway a command is about: its configuration, its database."""

import os
import shutil

import pytest
from typer.testing import CliRunner

from dlp_gateway.cli import app, context
from dlp_gateway.settings import default_config_dir, directory

OPENING = [
    ("queue", "list"),
    ("queue", "show", "dc1s5q7d-ev5xq00g"),
    ("queue", "retry", "1"),
    ("queue", "drop", "1", "--reason", "old"),
    ("quarantine", "list"),
    ("quarantine", "show", "dc1s5q7d-ev5xq00g"),
    ("audit", "verify"),
    ("audit", "export"),
    ("audit", "report", "--since", "2026-11-01"),
    ("accounts", "list"),
    ("accounts", "reset", "anna"),
    ("accounts", "disable", "anna"),
    ("accounts", "enable", "anna"),
]
OTHERS = [
    ("accounts", "add", "anna", "--role", "admin", "--address", "anna@westendonsixth.com"),
    ("keys", "init"),
    ("keys", "rotate", "spool"),
    ("users", "list"),
    ("serve",),
    ("console",),
]


def names(*arguments):
    return " ".join(arguments[:2])


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The package as a wheel lays it down, and no folder in /etc."""
    package = tmp_path / "site-packages" / "dlp_gateway"
    shutil.copytree(default_config_dir(), package / "_data" / "config")
    monkeypatch.setattr(directory, "_PACKAGE", package)
    monkeypatch.setattr(directory, "_SITE", tmp_path / "etc" / "dlp-gateway")
    monkeypatch.delenv("DLP_GATEWAY_CONFIG", raising=False)
    return tmp_path


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("arguments", OPENING, ids=lambda arguments: names(*arguments))
def test_no_database_is_made_by_looking_for_one(gateway, arguments):
    said = gateway.fails(*arguments)

    assert f"there is no database at {gateway.database}" in said
    assert "--config" in said
    assert not gateway.database.exists()


def test_the_first_account_may_come_before_anything_has_run(gateway):
    done = gateway.run(*OTHERS[0])

    assert done.status == 0
    assert "anna" in gateway.run("accounts", "list").output


@pytest.mark.parametrize("arguments", [*OPENING, *OTHERS], ids=lambda arguments: names(*arguments))
def test_the_packaged_configuration_is_no_gateways(installed, arguments):
    before = files(installed)

    result = CliRunner().invoke(app, list(arguments))

    assert (result.exit_code, result.stdout) == (2, "")
    assert "--config DIR, or DLP_GATEWAY_CONFIG" in result.stderr
    assert files(installed) == before


def test_the_packaged_configuration_is_one_to_judge_by(installed):
    assert context.directory(None) == installed / "site-packages" / "dlp_gateway" / "_data" / "config"


def test_beside_an_installed_package_it_is_the_one_in_etc(installed, monkeypatch):
    folder = installed / "etc" / "dlp-gateway"
    shutil.copytree(default_config_dir(), folder)

    assert context.directory(None) == context.deployed(None) == folder
    assert context.directory(installed) == context.deployed(installed) == installed
    monkeypatch.setenv("DLP_GATEWAY_CONFIG", str(installed / "elsewhere"))
    result = CliRunner().invoke(app, ["queue", "list"])
    assert str(installed / "elsewhere" / "gateway.yaml") in result.stderr


def test_in_a_checkout_it_is_the_checkouts(tmp_path, monkeypatch):
    monkeypatch.setattr(directory, "_SITE", tmp_path)

    assert context.directory(None) == context.deployed(None) == default_config_dir()


def test_who_acts_has_a_number_where_there_is_no_name(monkeypatch):
    for name in ("SUDO_USER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_242_424)

    assert context.operator() == "uid 4242424"

    monkeypatch.setenv("SUDO_USER", "anna")
    assert context.operator() == "anna"
