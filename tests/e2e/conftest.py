"""A real browser (Debian's Chromium, headless) in front of a real console."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.trial import Trial
from tests.e2e.visitor import Visitor

# Nothing may leave the machine, and nothing of the browser's own asks for it.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="package")
def browser() -> Browser:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("the Debian package chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def trial(tmp_path_factory) -> Trial:
    trial = Trial(tmp_path_factory.mktemp("trial")).start()
    yield trial
    assert trial.stop() == 0


@pytest.fixture
def visit(browser, trial):
    """Windows of people, signed in by the name of their account, or not at all; closed at the end."""
    opened = []

    def window(name: str | None = None) -> Visitor:
        if name in trial.sessions:
            visitor = Visitor(browser, trial, storage_state=trial.sessions[name])
        else:
            visitor = Visitor(browser, trial)
            if name:
                trial.sessions[name] = visitor.sign_in(trial.people[name]).context.storage_state()
        opened.append(visitor)
        return visitor

    yield window
    for visitor in opened:
        visitor.close()
