"""Trying messages and rules, and reading reports: nothing that is tried leaves a trace."""

from __future__ import annotations

import re
from pathlib import Path

from tests.e2e.mail import ORDINARY, OUTSIDE, TFN, held


def test_the_bench_explains_a_message_and_forgets_it(trial, visit):
    admin = visit("admin")
    admin.go("/try/")
    admin.page.get_by_label("Recipients").fill(OUTSIDE)
    admin.page.get_by_label("Text", exact=True).fill("The tax file number of Lena Fairweather is 123 456 782.")
    admin.page.get_by_role("button", name="Try").click()

    assert "It would not reach everybody" in admin.text
    assert "check: passed" in admin.text
    assert admin.page.locator("mark", has_text="123 456 782").count() >= 1
    stored = b"".join(path.read_bytes() for path in trial.state.rglob("*") if path.is_file())
    assert b"123 456 782" not in stored


def test_a_rule_is_tried_on_the_past(trial, visit):
    number, _ = held(trial, "whatif", ORDINARY)
    security = visit("security")
    security.go("/whatif/")
    security.page.get_by_label("external", exact=True).select_option("monitor")
    security.page.get_by_role("button", name="Try on the past").click()

    assert re.search(r"[1-9]\d* of \d+ decisions would have been others", security.text)
    assert number in security.text


def test_the_month_in_figures(trial, visit):
    auditor = visit("auditor")
    told = auditor.go("/reports/")
    assert "high-risk" in told
    with auditor.page.expect_download() as download:
        auditor.page.get_by_role("link", name="Save as PDF").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")


def test_values_stand_on_the_opened_page_alone(trial, visit):
    """The pages of every role, after a message was held and opened: only the one who opened it sees what is in it."""
    number, _ = held(trial, "canary", ORDINARY)
    dpo = visit("dpo")
    dpo.go(f"/held/{number}/")
    dpo.act("Open", "review of the hold")
    assert TFN in dpo.text

    for role in ("dpo", "security", "auditor", "admin"):
        visitor = dpo if role == "dpo" else visit(role)
        visitor.go("/")
        links = {link.get_attribute("href") for link in visitor.page.locator("nav.menu a").all()}
        for path in sorted({*links, f"/held/{number}/", f"/decisions/{number}/", f"/record/?subject={number}"}):
            response = visitor.page.goto(path)
            assert response.status in {200, 403}, path
            assert TFN not in visitor.page.content(), f"{role} at {path}"
