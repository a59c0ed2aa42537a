import pytest

from dlp_gateway.model import Address, Inspection, Zone
from dlp_gateway.quarantine import rules
from dlp_gateway.quarantine.held import Held, HeldRecipient
from dlp_gateway.quarantine.rules import Reviewer, ReviewError
from dlp_gateway.store.approvals import Account

MAX, EVE = Reviewer("max", "max@a.example"), Reviewer("eve", "eve@a.example")


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
        ("jo@a.example", "", Reviewer("jo@a.example", "jo@a.example"), True),
        ('"jo"@a.example', "", Reviewer("x", "jo@a.example"), True),
        ("jo@xn--bcher-kva.example", "", Reviewer("x", "jo@bücher.example"), True),
        ("scanner@a.example", "jo", Reviewer("JO", "jo@a.example"), True),
        ("scanner@a.example", "jo@a.example", Reviewer("x", "jo@a.example"), True),
        ("scanner@a.example", "jo+scan@a.example", Reviewer("x", "jo@a.example"), True),
        ("scanner@a.example", "Jo", Reviewer("x", "jo@a.example"), True),
        ("jo@a.example", "jo", Reviewer("max", "max@a.example"), False),
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


@pytest.mark.parametrize("reviewer", [Reviewer("max"), Reviewer("jo"), Reviewer("jo@a.example")])
@pytest.mark.parametrize("sender", ["jo@a.example", ""])
def test_nobody_releases_without_an_address_to_tell_that_by(sender, reviewer):
    with pytest.raises(ReviewError, match="name <address>"):
        rules.refuse_own(message(sender=sender), reviewer)


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
    [(1, (), True), (2, (), False), (2, (MAX,), True), (3, (MAX,), False), (3, (MAX, EVE), True)],
)
def test_consent_is_counted(approvals, approved_by, ready):
    one = recipient(1, approvals=approvals, approved_by=approved_by)

    may_go, waiting = rules.consent([one], Reviewer("dpo", "dpo@a.example"))

    assert ((may_go == [one]), (waiting == [one])) == (ready, not ready)


def test_who_has_approved_one_recipient_names_the_others_alone():
    two = [recipient(1, approvals=2, approved_by=(MAX,)), recipient(2)]

    assert rules.left_to(two, MAX) == two[1:]
    assert rules.left_to(two, EVE) == two
    assert rules.left_to(two[:1], MAX) == two[:1]
    with pytest.raises(ReviewError, match="name the others alone"):
        rules.consent(two, MAX)


@pytest.mark.parametrize(
    "again",
    [
        Reviewer("max", "max@a.example"),
        Reviewer("Max Meyer", "max@a.example"),
        Reviewer("somebody else", "MAX+2@A.example."),
        Reviewer("MAX", "max.meyer@a.example"),
    ],
)
def test_nobody_consents_twice(again):
    with pytest.raises(ReviewError, match="another one"):
        rules.consent([recipient(1, approvals=2, approved_by=(MAX,))], again)


@pytest.mark.parametrize(
    ("reviewer", "may"),
    [
        (MAX, True),
        (Reviewer("Max Meyer", "Max+x@a.example"), True),
        (Reviewer("anybody", "anybody@a.example"), True),  # on the command line, without an account
        (EVE, False),
        (Reviewer("Evelyn", "eve@a.example"), False),
        (Reviewer("eve", "other@a.example"), False),
        (Reviewer("max"), True),  # approved by an older release, under the name of the account
        (Reviewer("anybody"), False),
    ],
)
def test_several_approvals_come_from_people_who_may_decide(reviewer, may):
    accounts = (
        Account("max", "max@a.example", True),
        Account("eve", "eve@a.example", False),
        Account("off", "", False),
    )
    if may:
        rules.need_standing(reviewer, accounts)
        return
    with pytest.raises(ReviewError, match="none of several approvals"):
        rules.need_standing(reviewer, accounts)


def test_the_most_approvals_that_are_asked_for():
    assert message(recipient(1), recipient(2, approvals=2), recipient(3, "queued", approvals=3)).approvals == 2
    assert message().approvals == 0
