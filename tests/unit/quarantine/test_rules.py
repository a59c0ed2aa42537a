import pytest

from dlp_gateway.model import Address, Inspection, Zone
from dlp_gateway.quarantine import rules
from dlp_gateway.quarantine.held import Held, HeldRecipient
from dlp_gateway.quarantine.rules import Reviewer, ReviewError


def recipient(number, state="held", approvals=1, approved_by=()):
    address = Address(f"r{number}", "example.net", f"r{number}@example.net")
    return HeldRecipient(number, address, Zone.EXTERNAL, state, (), approvals, tuple(approved_by))


def message(*recipients, sender="Jo.Doe@westendonsixth.com", user=""):
    local, _, domain = sender.rpartition("@")
    address = Address(local, domain, sender) if sender else None
    return Held("m1", address, user, 1, "d", 0.0, 1.0, None, None, recipients, Inspection())


@pytest.mark.parametrize("reason", ["", " ", "\t\n"])
def test_a_reason_is_needed(reason):
    with pytest.raises(ReviewError, match="reason"):
        rules.need_reason(reason)
    rules.need_reason("because")


@pytest.mark.parametrize(
    ("sender", "user", "reviewer", "own"),
    [
        ("jo@a.example", "", Reviewer("jo", "jo@a.example"), True),
        ("Jo@A.example", "", Reviewer("x", "JO@a.EXAMPLE"), True),
        ("jo+tag@a.example", "", Reviewer("x", "jo@a.example"), True),
        ("jo@a.example", "", Reviewer("x", "jo+dpo@a.example"), True),
        ("jo@a.example", "", Reviewer("jo@a.example"), True),
        ("scanner@a.example", "jo", Reviewer("JO", "jo@a.example"), True),
        ("scanner@a.example", "jo@a.example", Reviewer("x", "jo@a.example"), True),
        ("jo@a.example", "jo", Reviewer("max", "max@a.example"), False),
        ("jo@a.example", "", Reviewer("max"), False),
        ("", "", Reviewer("max"), False),
        ("", "", Reviewer("max", "max@a.example"), False),
        ("max@b.example", "", Reviewer("max", "max@a.example"), False),
    ],
)
def test_nobody_releases_their_own_mail(sender, user, reviewer, own):
    held = message(sender=sender, user=user)
    if not own:
        rules.refuse_own(held, reviewer)
        return
    with pytest.raises(ReviewError, match="somebody else"):
        rules.refuse_own(held, reviewer)


def test_all_or_some_who_wait_can_be_chosen():
    held = message(recipient(1), recipient(2, "queued"), recipient(3))

    assert [r.id for r in rules.choose(held, None)] == [1, 3]
    assert [r.id for r in rules.choose(held, [3, 3])] == [3]


@pytest.mark.parametrize("wanted", [[2], [1, 2], [9], [], None])
def test_nobody_else_can_be_chosen(wanted):
    held = message(*([recipient(2, "delivered")] if wanted is None else [recipient(1), recipient(2, "delivered")]))

    with pytest.raises(ReviewError):
        rules.choose(held, wanted)


@pytest.mark.parametrize(
    ("approvals", "approved_by", "ready"),
    [(1, (), True), (2, (), False), (2, ("max",), True), (3, ("max",), False), (3, ("max", "eve"), True)],
)
def test_consent_is_counted(approvals, approved_by, ready):
    one = recipient(1, approvals=approvals, approved_by=approved_by)

    may_go, waiting = rules.consent([one], Reviewer("dpo"))

    assert ((may_go == [one]), (waiting == [one])) == (ready, not ready)


def test_nobody_consents_twice():
    with pytest.raises(ReviewError, match="another one"):
        rules.consent([recipient(1, approvals=2, approved_by=("dpo",))], Reviewer("DPO"))


def test_the_most_approvals_that_are_asked_for():
    assert message(recipient(1), recipient(2, approvals=2), recipient(3, "queued", approvals=3)).approvals == 2
    assert message().approvals == 0
