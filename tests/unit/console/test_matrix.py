"""Every page and act as every role, as an account without one, and as nobody: exactly what roles say, and no more."""

import re
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.urls import URLResolver, get_resolver, reverse

from dlp_gateway.console.gatekeeper import ENTRANCE, OWN_ACCOUNT
from dlp_gateway.console.pages import Page
from dlp_gateway.console.roles import RIGHTS, Right, Role, may
from dlp_gateway.console.sections import all_pages
from tests.unit.console.everything import HELD, VISITORS

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PAGES = all_pages()
A, S, D, U = Role.ADMIN, Role.SECURITY, Role.DPO, Role.AUDITOR

# Who has which right, once more and by hand: whoever changes roles.py has to mean it.
MEANT = {
    Right.SEE_FIGURES: {A, S, D, U},
    Right.READ_POLICY: {A, S, D, U},
    Right.READ_REPORTS: {A, S, D, U},
    Right.OWN_ABSENCE: {A, S, D, U},
    Right.SEE_HELD: {S, D},
    Right.OPEN_HELD: {D},
    Right.DECIDE_HELD: {D},
    Right.SERVE_PERSONS: {D},
    Right.SEE_DECISIONS: {S, D, U},
    Right.READ_RECORD: {S, D, U},
    Right.SEE_DETECTORS: {A, S, D},
    Right.TRY_POLICY: {A, S, D},
    Right.SEE_QUEUE: {A, S},
    Right.CHANGE_QUEUE: {A},
    Right.MANAGE_USERS: {A},
}


@pytest.fixture(autouse=True)
def _no_attempts_yet():
    cache.clear()


@pytest.fixture
def place(everything, worker, monkeypatch):
    """The console with everything in its store, where the DPO has opened the held message."""
    monkeypatch.setattr(everything.services, "inspector", lambda: worker)
    everything.browser(Role.DPO).post(f"/held/{HELD}/open/", {"reason": "the matrix"})
    return everything


def ask(browser, method, address):
    return browser.generic(method, address, b"", content_type="application/x-www-form-urlencoded")


def test_the_roles_have_the_rights_they_are_meant_to_have():
    assert {right: {role for role in Role if right in RIGHTS[role]} for right in Right} == MEANT


@pytest.mark.parametrize("page", [page for page in PAGES if page.right is not None], ids=lambda page: page.name)
def test_a_page_is_for_those_who_have_its_right(place, page):
    address = place.address(page)
    answered = {method for method in METHODS if method in page.methods or (method == "HEAD" and "GET" in page.methods)}
    # Those who may not come first, so that nothing has changed when those who may do.
    for visitor in sorted(VISITORS, key=lambda visitor: may(visitor or "", page.right)):
        for method in METHODS:
            response = ask(place.browser(visitor), method, address)
            said = f"{visitor!r} {method} {address}: {response.status_code} {response.headers.get('Location', '')}"
            if visitor is None and method in {"GET", "HEAD"}:
                assert response.status_code == 302, said
                assert response["Location"].startswith("/account/login/?next="), said
            elif not may(visitor or "", page.right):
                assert response.status_code == 403, said
            elif method not in answered:
                assert response.status_code == 405, said
            else:
                assert response.status_code in {200, 302, 400, 409, 422}, said
                assert not response.headers.get("Location", "").startswith("/account/"), said


@pytest.mark.parametrize("page", [page for page in PAGES if page.right is None], ids=lambda page: page.name)
def test_a_page_for_everybody_makes_no_difference_between_them(place, page):
    for method in METHODS:
        seen = {ask(place.browser(visitor), method, place.address(page)).status_code for visitor in VISITORS}
        # A link is used up by the first who opens it.
        assert len(seen - {410}) <= 1, (method, seen)
        if method not in page.methods and not (method == "HEAD" and "GET" in page.methods):
            assert seen == {405}
        else:
            assert not seen & {404, 405}
            assert max(seen) < 500


@pytest.mark.parametrize("name", sorted(OWN_ACCOUNT))
def test_ones_own_account_is_for_whoever_has_one(place, name):
    address = reverse(name, kwargs={"pk": 1} if name in {"mfa_edit_webauthn", "mfa_remove_webauthn"} else None)
    nobody = place.browser(None)

    assert nobody.get(address)["Location"].startswith("/account/login/?next=")
    assert nobody.post(address).status_code == 403
    for visitor in VISITORS[:-1]:
        status = place.browser(visitor).get(address).status_code
        # Without a password typed lately it leads there; keys and codes that are not the account's are not there.
        assert status in {200, 302, 404}, (visitor, status)


def test_every_value_in_a_route_is_named_with_its_kind(place):
    for page in PAGES:
        parameters = set(re.findall(r"<(?:\w+:)?(\w+)>", page.route))
        assert parameters == {name for name, _ in page.example}, page.name
        assert {kind for _, kind in page.example} <= set(place.seed.examples), page.name


def test_a_page_whose_example_nobody_made_real_is_noticed(place):
    added = Page("held", "held/<str:x>/", lambda request: None, Right.SEE_HELD, example=(("x", "unheard of"),))

    with pytest.raises(KeyError, match="unheard of"):
        place.address(added)


def test_pages_have_names_and_addresses_of_their_own():
    assert len({page.name for page in PAGES}) == len(PAGES)
    assert len({page.route for page in PAGES}) == len(PAGES)
    assert {page.name for page in PAGES} & (ENTRANCE | OWN_ACCOUNT) == set()
    keys = [page.key for page in PAGES if page.label]
    assert len(set(keys)) == len(keys)
    assert "" not in keys


def test_no_view_but_the_listed_ones_is_reached(place):
    listed = {page.name for page in PAGES} | ENTRANCE | OWN_ACCOUNT
    unlisted = [pattern for pattern in views(get_resolver()) if pattern.name not in listed]
    values = {"key": "a-key", "uidb36": "1", "pk": 1}

    assert {pattern.name for pattern in unlisted} >= {"account_signup", "account_reset_password", "account_email"}
    for pattern in unlisted:
        address = reverse(
            pattern.name, kwargs={name: values[name] for name in pattern.pattern.converters or groups(pattern)}
        )
        for visitor in VISITORS:
            for method in ("GET", "POST"):
                assert ask(place.browser(visitor), method, address).status_code == 404, (visitor, method, address)


def test_what_is_not_there_tells_nobody_more_than_that(place):
    pages = {visitor: place.browser(visitor).get("/nothing/") for visitor in VISITORS}

    assert {page.status_code for page in pages.values()} == {404}
    assert {re.search(r"<h1>.*</p>", page.content.decode())[0] for page in pages.values()} == {
        "<h1>Not found</h1><p>There is nothing at this address, or it is not there any more.</p>"
    }


def views(resolver):
    """Every view that Django would find, at any depth."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern)
        else:
            yield pattern


def groups(pattern):
    """The names in a pattern written as a regular expression."""
    return getattr(pattern.pattern, "regex", SimpleNamespace(groupindex={})).groupindex
