"""A person asks what is stored, and to be erased: through the console, until the receipt."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

from tests.e2e.mail import ORDINARY, OUTSIDE, TFN, held


def register(visitor, kind: str, address: str) -> str:
    """Register a request; returns its number."""
    visitor.go("/rights/new/")
    visitor.page.get_by_label("What they ask for").select_option(kind)
    visitor.page.get_by_label("Mail addresses").fill(address)
    visitor.page.get_by_label("Received on").fill(dt.datetime.now(dt.UTC).date().isoformat())
    visitor.page.get_by_role("button", name="Register").click()
    visitor.page.wait_for_url(re.compile(r"/rights/\d+/"))
    return re.search(r"/rights/(\d+)/", visitor.page.url)[1]


def test_a_person_gets_what_is_stored_and_is_erased(trial, visit):
    number, _ = held(trial, "rights", ORDINARY)
    dpo = visit("dpo")

    request = register(dpo, "export", OUTSIDE)
    with dpo.page.expect_download() as download:
        dpo.page.get_by_role("button", name="Download the export").click()
    export = json.loads(Path(download.value.path()).read_text("utf-8"))
    assert number in json.dumps(export)
    assert TFN not in json.dumps(export)

    request = register(dpo, "erase", OUTSIDE)
    dpo.page.get_by_role("link", name="See what would be erased").click()
    dpo.page.get_by_label(f"Destroy {number}").check()
    dpo.page.get_by_role("button", name="Erase now").click()
    receipt = dpo.go(f"/rights/{request}/receipt/")
    assert "Erasure" in receipt

    assert b"was deleted" in trial.awaited("inside", f"was deleted [{number}]".encode())
    assert OUTSIDE not in dpo.go(f"/decisions/{number}/")
    assert trial.command("audit", "verify").startswith("The record is whole")
