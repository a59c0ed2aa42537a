"""Every page, in a real browser: accessible by axe-core's rules, not wider than a phone, in light and dark."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from dlp_gateway.console.roles import RIGHTS, Role
from dlp_gateway.console.sections import all_pages
from tests.e2e.test_rights import register
from tests.e2e.visitor import Visitor

# make screenshots sets it: the pictures of docs/console.md.
PICTURES = os.environ.get("DLP_SCREENSHOTS")
# Those that stand in docs/console.md; DLP_SCREENSHOTS_OF=all takes every one.
SHOWN = {
    ("overview", "desktop", "light"),
    ("overview", "phone", "dark"),
    ("held", "desktop", "light"),
    ("message_opened", "desktop", "light"),
    ("message", "phone", "dark"),
    ("decision", "desktop", "light"),
    ("detectors", "desktop", "dark"),
    ("whatif", "desktop", "light"),
    ("rights_request", "desktop", "light"),
    ("reports", "desktop", "light"),
}
ALL = os.environ.get("DLP_SCREENSHOTS_OF") == "all"
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1440, "height": 900}}


@pytest.fixture(scope="module")
def example(trial, visitors):
    """A value for each kind of parameter, from what the trial's sample mail has left behind."""
    held = trial.command("quarantine", "list").splitlines()[2].split()[0]
    dpo = visitors[Role.DPO]
    dpo.go("/detectors/")
    entity = _first(dpo, r"^/detectors/([^/]+)/$")
    dpo.go(f"/held/{held}/")
    dpo.act("Open", "to look at every page")
    return {
        "held": held,
        "decision": held,
        "entry": "1",
        "page": "0",
        "account": "1",
        "policy_version": "1",
        "request": register(dpo, "erase", "omar.haddad@brightwater.example"),
        "entity": entity,
    }


def _first(visitor, pattern):
    """What ``pattern`` catches in the first link on the page that it fits."""
    links = (link.get_attribute("href") for link in visitor.page.locator("main a").all())
    return next(match[1] for link in links if (match := re.match(pattern, link)))


def pages():
    """Pages that show themselves to a GET, with the role that looks at them."""
    for page in all_pages():
        # The frame with the HTML of a held message shows somebody else's words, not ours.
        if "GET" in page.methods and page.right is not None and page.name != "message_html":
            role = next(
                role for role in (Role.DPO, Role.ADMIN, Role.SECURITY, Role.AUDITOR) if page.right in RIGHTS[role]
            )
            yield pytest.param(page, role, id=page.name)


@pytest.fixture(scope="module")
def visitors(browser, trial):
    """A signed-in window for each role; signing in takes its time."""
    signed_in = {}
    for role in Role:
        signed_in[role] = Visitor(browser, trial).sign_in(trial.people[role.value])
        trial.sessions[role.value] = signed_in[role].context.storage_state()
    yield signed_in
    for visitor in signed_in.values():
        visitor.close()


@pytest.mark.parametrize(("page", "role"), list(pages()))
def test_a_page_is_accessible_and_fits(page, role, visitors, example):
    if any(kind not in example for _, kind in page.example):
        pytest.skip("a part of a page, or a file")
    visitor = visitors[role]
    path = "/" + page.route
    for name, kind in page.example:
        path = path.replace(f"<str:{name}>", example[kind]).replace(f"<int:{name}>", example[kind])
    window = visitor.page
    answer = visitor.context.request.get(path)
    if "<html" not in answer.text():
        pytest.skip("a part of a page, or a file")
    assert window.goto(path).ok
    for scheme in ("light", "dark"):
        window.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for size, viewport in SIZES.items():
            window.set_viewport_size(viewport)
            wide = window.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{page.name} is {wide} pixels too wide on a {size}"
            if PICTURES and (ALL or (page.name, size, scheme) in SHOWN):
                window.screenshot(path=Path(PICTURES) / f"{page.name}-{size}-{scheme}.png", full_page=ALL)
        assert visitor.obstacles() == [], f"{page.name} ({scheme})"
