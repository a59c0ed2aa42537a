"""From a mail that is held to its release, return, deletion or expiry: through real pages, by the people who do it."""

from __future__ import annotations

import re

import pytest

from tests.e2e.trial import Trial
from tests.e2e.visitor import Visitor

SENDER, OUTSIDE = "payroll@westendonsixth.com", "omar.haddad@brightwater.example"
# Made up for these tests; they are nowhere but in the held message and on the page of the one who opened it.
TFN, NAME = "459 599 230", "Lena Fairweather"


def mail(number: str, said: str) -> bytes:
    return (
        f"From: Payroll <{SENDER}>\r\nTo: Omar Haddad <{OUTSIDE}>\r\nSubject: What was missing\r\n"
        f"Date: Mon, 02 Feb 2026 09:05:00 +1000\r\nMessage-ID: <e2e-{number}@westendonsixth.com>\r\n"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello Omar,\r\n\r\n{said}\r\n"
    ).encode()


ORDINARY = f"here is what was missing for {NAME}: tax file number {TFN}."
HIGH_RISK = f"{NAME} has been diagnosed with epilepsy and cannot drive for six months."


def held(trial: Trial, number: str, said: str) -> tuple[str, bytes]:
    """Send a message that is held; returns its number and what was sent."""
    content = mail(number, said)
    reply = trial.send(SENDER, [OUTSIDE], content)
    assert reply.startswith("250 2.6.0"), reply
    return re.search(r"\[([0-9a-z-]+)\]", reply)[1], content


@pytest.fixture
def visit(browser, trial):
    """Windows, closed at the end."""
    opened = []

    def window(name: str | None = None) -> Visitor:
        visitor = Visitor(browser, trial)
        opened.append(visitor)
        return visitor.sign_in(trial.people[name]) if name else visitor

    yield window
    for visitor in opened:
        visitor.close()


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
    dpo.act("Release", "the recipient is our payroll provider")
    sent = trial.awaited("outside", f"<e2e-ask@westendonsixth.com>".encode())

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
