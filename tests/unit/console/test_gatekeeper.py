"""Who gets through to a page."""

import re
from pathlib import Path

import pytest

from dlp_gateway.console.roles import RIGHTS, Right, Role


@pytest.mark.parametrize("role", list(Role))
def test_who_has_the_right_sees_the_page(console, role):
    assert console.client(role).get("/").status_code == 200


def test_an_account_without_a_role_sees_nothing(console):
    assert console.client("").get("/").status_code == 403


def test_without_an_account_one_signs_in_first(console):
    response = console.client().get("/")

    assert (response.status_code, response["Location"]) == (302, "/account/login/?next=/")
    assert console.client().post("/").status_code == 403


def test_without_a_second_factor_one_sets_it_up_first(console):
    response = console.client("dpo", second_factor=False).get("/")

    assert (response.status_code, response["Location"]) == (302, "/account/2fa/")


@pytest.mark.parametrize("path", ["/account/signup/", "/account/password/reset/", "/account/email/", "/nothing"])
def test_what_is_not_listed_does_not_exist(console, path):
    for role in (None, "dpo", "admin"):
        assert console.client(role).get(path).status_code == 404


def test_the_roles_in_the_documents_are_those_of_the_code():
    page = (Path(__file__).parents[3] / "docs" / "console.md").read_text("utf-8")
    head, _, *rows = re.search(r"### Roles\n.*?(\| may .*?)\n\n", page, re.DOTALL)[1].splitlines()
    roles = [Role(cell.strip()) for cell in head.strip("|").split("|")[1:]]

    told = {}
    for row in rows:
        right, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        told[Right(right)] = {role for role, cell in zip(roles, cells, strict=True) if cell == "yes"}

    assert told == {right: {role for role in Role if right in RIGHTS[role]} for right in Right}
