"""Mail that is held, and the made-up data in it."""

from __future__ import annotations

import re

from tests.e2e.trial import Trial

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
