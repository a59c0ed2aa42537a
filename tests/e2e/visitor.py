"""A person at the console, in a browser window of their own."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.trial import Person, Trial

# Until a page has answered; generous, for the machine may be busy.
_MILLISECONDS = 60_000


class Visitor:
    """One window. Everything is done as a person does it: by labels, buttons and links."""

    def __init__(self, browser: Browser, trial: Trial, **context) -> None:
        self.trial = trial
        # Without transitions: a colour halfway between two is no colour of ours.
        self.context = browser.new_context(base_url=trial.url, reduced_motion="reduce", **context)
        self.context.set_default_timeout(_MILLISECONDS)
        self.page: Page = self.context.new_page()
        self.elsewhere: list[str] = []
        self.page.on("request", self._heard)

    def _heard(self, request) -> None:
        if not request.url.startswith((self.trial.url, "data:", "about:")):
            self.elsewhere.append(request.url)

    def close(self) -> None:
        self.context.close()
        assert self.elsewhere == [], "the page asked another server"

    def go(self, path: str) -> str:
        """Open an address; returns what stands there."""
        self.page.goto(path)
        return self.text

    @property
    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def obstacles(self) -> list[tuple[str, str]]:
        """What axe-core finds on the page that is serious or worse: the rule and the first place."""
        found = Axe().run(self.page).response["violations"]
        return [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in {"serious", "critical"}]

    def sign_in(self, person: Person) -> Visitor:
        """With the password and a code of the second factor."""
        self.page.goto("/account/login/")
        self.page.get_by_label("Account name").fill(person.name)
        self.page.get_by_label("Password").fill(person.password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url("**/2fa/authenticate/**")
        self.page.get_by_label(re.compile("code", re.IGNORECASE)).first.fill(person.code())
        self.page.get_by_role("button", name=re.compile("^Sign in$")).first.click()
        self.page.wait_for_url(self.trial.url + "/")
        return self

    def act(self, name: str, reason: str, button: str | None = None) -> str:
        """Open the box of an act, give the reason, and press its button; returns what is said."""
        box = self.page.locator("details.act").filter(has=self.page.locator("summary", has_text=re.compile(f"^{name}")))
        box.locator("summary").click()
        box.get_by_label(re.compile("[Rr]eason|Answer")).first.fill(reason)
        with self.page.expect_navigation():
            box.get_by_role("button", name=button or name.split(maxsplit=1)[0]).click()
        return self.text
