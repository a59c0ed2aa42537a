"""From a mail that is held to its release, return, deletion or expiry: through real pages, by the people who do it."""

from __future__ import annotations

import re

import pytest

from tests.e2e.mail import HIGH_RISK, NAME, ORDINARY, TFN, held


def test_a_sender_asks_and_the_dpo_releases_what_was_held(trial, visit):
    number, content = held(trial, "ask", ORDINARY)
    notice = trial.awaited("inside", f"held for review [{number}]".encode()).decode()
    assert TFN not in notice
    assert NAME not in notice

    # The sender: the link in the notice, once; a justification.
    sender = visit()
    link = re.search(r"http://localhost:\d+/sender/[\w-]+", notice)[0]
    sender.go(link)
    sender.page.get_by_role("button", name="Open the page").click()
    assert "clause 5.14(a)" in sender.text
    assert sender.obstacles() == []
    assert TFN not in sender.page.content()
    sender.page.get_by_text("Ask for its release").click()
    sender.page.get_by_label("Why it should go as it is").fill("Omar runs our payroll and has the agreement.")
    sender.page.get_by_role("button", name="Ask for release").click()
    assert "were asked" in sender.text
    assert "does not work" in visit().go(link)

    # The DPO: second factor, a reason, the content, the release.
    dpo = visit("dpo")
    dpo.go(f"/held/?id={number}")
    dpo.page.get_by_role("link", name=number).click()
    assert TFN not in dpo.page.content()
    dpo.act("Open", "the sender asks for its release")
    assert TFN in dpo.text
    assert "Omar runs our payroll" in dpo.text
    assert dpo.obstacles() == []
    dpo.act("Release", "the recipient is our payroll provider")
    sent = trial.awaited("outside", b"<e2e-ask@westendonsixth.com>")

    # Byte for byte what was handed in, behind the one field that says which way it went.
    assert sent.replace(b"\r\n", b"\n").endswith(b"\n" + content.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n")
    assert b"released" in trial.awaited("inside", f"was released [{number}]".encode())
    record = trial.command("audit", "verify")
    assert "verified" in record or "whole" in record, record
    story = visit("auditor").go(f"/decisions/{number}/")
    for step in ("decide", "hold", "view", "release", "deliver"):
        assert re.search(step, story, re.IGNORECASE), (step, story)
    assert TFN not in story


def test_high_risk_takes_two_people(trial, visit):
    number, _ = held(trial, "two", HIGH_RISK)

    first = visit("dpo")
    first.go(f"/held/{number}/")
    first.act("Release", "the driver's employer has to know")
    assert not any(b"e2e-two" in content for content in trial.mail("outside"))
    first.go(f"/held/{number}/")
    assert "Another reviewer has to agree" in first.text

    second = visit("dpo2")
    second.go(f"/held/{number}/")
    second.act("Release", "agreed, the consent is on file")
    trial.awaited("outside", b"<e2e-two@westendonsixth.com>")


@pytest.mark.parametrize(
    ("act", "title", "said"),
    [("Return to sender", "returned to you", "returned"), ("Delete", "was deleted", "deleted")],
)
def test_what_is_not_sent_is_told_to_the_sender(trial, visit, act, title, said):
    number, _ = held(trial, said, ORDINARY)
    dpo = visit("dpo")
    dpo.go(f"/held/{number}/")
    dpo.act(act, "send it encrypted, please")

    notice = trial.awaited("inside", f"{title} [{number}]".encode())

    assert TFN.encode() not in notice
    assert said in dpo.go(f"/held/{number}/")
    assert not any(f"e2e-{said}".encode() in content for content in trial.mail("outside"))
