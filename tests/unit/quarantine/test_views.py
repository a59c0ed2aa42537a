from dataclasses import replace

import pytest

from dlp_gateway.model import (
    Action,
    Address,
    Attachment,
    Finding,
    Grade,
    Inspection,
    Protection,
    Role,
    RuleHit,
    Tier,
    Unscanned,
    Zone,
)
from dlp_gateway.quarantine.held import Held, HeldRecipient
from dlp_gateway.quarantine.reviewers import Reviewer
from dlp_gateway.quarantine.views import Revealed, addresses, in_clear, masked, reveal

EXTERNAL = RuleHit("external", "5.14(a)", Action.HOLD, ("TFN in body",))
FAULT = "personal data beyond contact information would leave in clear text: TFN in body"
HIGH_RISK = RuleHit("high-risk", "5.14(a)", Action.HOLD)


def recipient(number, text="", state="held", hits=(EXTERNAL,), approvals=1, approved_by=(), zone=Zone.EXTERNAL):
    text = text or f"r{number}@client.example"
    local, _, domain = text.rpartition("@")
    return HeldRecipient(number, Address(local, domain, text), zone, state, hits, approvals, tuple(approved_by))


def held(*recipients, sender="jo@westendonsixth.com", restricted=None, **facts):
    local, _, domain = sender.rpartition("@")
    address = Address(local, domain, sender) if sender else None
    return Held("m1", address, "", 512, "ab" * 32, 0.0, 9.0, restricted, None, recipients, Inspection(**facts))


def finding(entity="TFN", tier=Tier.PERSONAL, where="body"):
    return Finding(entity, tier, where, 3, 9, 0.9, Role.BODY)


def attachment(state=Grade.NONE, scheme="", readable=()):
    return Attachment("Quillfeather.zip", "attachment 1 (zip)", "zip", 99, Protection(state, scheme, readable=readable))


@pytest.mark.parametrize(
    ("message", "lines"),
    [
        (held(recipient(1)), [f"Message m1, 512 bytes, SHA-256 {'ab' * 32}", "From <jo@westendonsixth.com>"]),
        (held(recipient(1), sender=""), ["From <>"]),
        (held(recipient(1), restricted=5.0), ["Restricted: nothing may be done with it, and its clock stands still"]),
        (held(recipient(1)), ["To <r1@client.example> (external): held"]),
        (held(recipient(1, state="returned", zone=Zone.PARTNER)), ["To <r1@client.example> (partner): returned"]),
        (
            held(recipient(1)),
            [
                "  external (clause 5.14(a)), personal data beyond contact information would leave in clear text: "
                "TFN in body"
            ],
        ),
        (
            held(recipient(1, hits=(HIGH_RISK,), approvals=2)),
            [
                "  high-risk (clause 5.14(a)), high-risk personal data is not protected well enough",
                "  needs 2 different reviewers; approved by: none yet",
            ],
        ),
        (
            held(
                recipient(
                    1,
                    hits=(
                        replace(EXTERNAL, excepted_by="census-2026"),
                        replace(EXTERNAL, monitored=True),
                        replace(EXTERNAL, monitored=True, excepted_by="census-2026"),
                    ),
                )
            ),
            [
                f"  external (clause 5.14(a){idle}), {FAULT}"
                for idle in (
                    "; excepted by census-2026",
                    "; only monitored",
                    "; only monitored; excepted by census-2026",
                )
            ],
        ),
        (
            held(recipient(1, approvals=2, approved_by=(Reviewer("dpo", "dpo@westendonsixth.com"),))),
            ["  needs 2 different reviewers; approved by: dpo"],
        ),
        (
            held(
                recipient(1), findings=(finding(), finding(), finding("HEALTH", Tier.HIGH_RISK, "attachment 1 (pdf)"))
            ),
            [
                "Found (values are sealed):",
                "  HEALTH (high-risk) in attachment 1 (pdf)",
                "  TFN (personal) in body, 2 times",
            ],
        ),
        (
            held(recipient(1), attachments=(attachment(), attachment(Grade.WEAK, "zip-crypto", ("names",)))),
            [
                "Attachments:",
                "  attachment 1 (zip): zip, 99 bytes, protection none",
                "  attachment 1 (zip): zip, 99 bytes, protection weak (zip-crypto), readable: names",
            ],
        ),
        (
            held(recipient(1), unscanned=(Unscanned("attachment 1 (zip)", "encrypted"),)),
            ["Not inspected:", "  attachment 1 (zip): encrypted"],
        ),
    ],
)
def test_what_is_shown_of_a_sealed_message(message, lines):
    shown = masked(message)

    at = shown.index(lines[0])
    assert shown[at : at + len(lines)] == lines


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        (held(recipient(1)), "Restricted"),
        (held(recipient(1)), "reviewers"),
        (held(recipient(1), findings=(finding("PERSON", Tier.CONTACT),)), "Found"),
        (held(recipient(1)), "Attachments"),
        (held(recipient(1)), "Not inspected"),
        (held(recipient(1), attachments=(attachment(),)), "Quillfeather"),
    ],
)
def test_what_is_not_shown_of_it(message, missing):
    assert missing not in "\n".join(masked(message))


def test_opened_it_shows_values_by_kind_and_place():
    revealed = Revealed("Pay of Ann", (("TFN", "body", "123 456 782"),))

    assert in_clear(revealed) == ["Subject: Pay of Ann", "", "Found:", "  TFN in body: 123 456 782"]
    assert "Ann" not in repr(revealed)
    assert "123" not in repr(revealed)


async def test_values_come_from_a_worker():
    class Pool:
        async def request(self, payload):
            assert payload == {"raw": b"mail", "scope": "all", "pictures": False, "reveal": True}
            return {"subject": "s", "values": [["TFN", "body", "1"], ["NAME", "subject", "Ann"]]}, 1.0

    revealed = await reveal(Pool(), b"mail")

    assert revealed == Revealed("s", (("TFN", "body", "1"), ("NAME", "subject", "Ann")))


MESSAGE = held(recipient(1, "Ann@client.example"), recipient(2, "bob@client.example", "queued"), recipient(3))


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (None, [1, 3]),
        ([], []),
        (["ann@CLIENT.example"], [1]),
        (["r3@client.example", "Ann@client.example"], [3, 1]),
    ],
)
def test_recipients_are_named_by_address(wanted, numbers):
    assert addresses(MESSAGE, wanted) == numbers


@pytest.mark.parametrize("unknown", ["bob@client.example", "zoe@client.example", ""])
def test_whom_it_is_not_held_for_cannot_be_named(unknown):
    with pytest.raises(ValueError, match=f"not held for <{unknown}>"):
        addresses(MESSAGE, ["ann@client.example", unknown])
