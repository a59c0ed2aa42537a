"""Who is told of what waits, and who stands in."""

import datetime as dt

import pytest

from dlp_gateway.quarantine.duty import Reader, of_digest, of_escalation
from dlp_gateway.store.staff import Member

TODAY = dt.date(2027, 1, 15)


def member(number, name, *, role="dpo", digest=True, away=None, deputy=None, address=None):
    until = None if away is None else TODAY + dt.timedelta(away)
    return Member(number, name, f"{name}@w.example" if address is None else address, role, digest, until, deputy)


def reader(name, *stands_in_for):
    return Reader(f"{name}@w.example", stands_in_for)


ANN, BEN, CY = member(1, "ann"), member(2, "ben"), member(3, "cy")


@pytest.mark.parametrize(
    ("staff", "readers"),
    [
        ([], []),
        ([ANN, BEN], [reader("ann"), reader("ben")]),
        ([ANN, member(2, "ben", role="admin"), member(3, "cy", role="security")], [reader("ann")]),
        ([ANN, member(2, "ben", digest=False)], [reader("ann")]),
        ([ANN, member(2, "ben", address="")], [reader("ann")]),
        # Away: up to the end of the last day.
        ([ANN, member(2, "ben", away=0, deputy=1)], [reader("ann", "ben")]),
        ([ANN, member(2, "ben", away=-1, deputy=1)], [reader("ann"), reader("ben")]),
        # A deputy without a digest of their own gets it for the other.
        ([member(1, "ann", digest=False), member(2, "ben", away=5, deputy=1)], [reader("ann", "ben")]),
        # Whose deputy is away, too, is stood in for by that one's.
        ([ANN, member(2, "ben", away=5, deputy=3), member(3, "cy", away=2, deputy=1)], [reader("ann", "ben", "cy")]),
        # Nobody is there: better a full mailbox than silence.
        ([member(1, "ann", away=5)], [reader("ann")]),
        ([member(1, "ann", away=5, deputy=9)], [reader("ann")]),
        ([member(1, "ann", away=5, deputy=2), member(2, "ben", away=5, deputy=1)], [reader("ann"), reader("ben")]),
        ([member(1, "ann", away=5, deputy=1)], [reader("ann")]),
        ([member(1, "ann", away=5, deputy=2), member(2, "ben", address="")], [reader("ann")]),
        # One mailbox, one digest.
        ([ANN, member(2, "ben", address="Ann@W.example")], [reader("ann")]),
    ],
)
def test_digests(staff, readers):
    assert list(of_digest(staff, TODAY)) == readers


@pytest.mark.parametrize(
    ("staff", "addresses", "readers"),
    [
        ([], [], []),
        ([], ["lead@w.example"], [reader("lead")]),
        ([ANN, member(2, "ben", digest=False)], [], [reader("ann"), reader("ben")]),
        ([ANN, BEN], ["lead@w.example"], [reader("lead")]),
        ([ANN, member(2, "ben", role="admin", away=1, deputy=3), CY], ["Ben@w.example"], [reader("cy", "ben")]),
        ([ANN, member(2, "ben", away=1, deputy=1)], ["ben@w.example", "ann@w.example"], [reader("ann", "ben")]),
        ([ANN, member(2, "ben", away=1, deputy=1)], [], [reader("ann", "ben")]),
    ],
)
def test_escalations(staff, addresses, readers):
    assert list(of_escalation(staff, addresses, TODAY)) == readers
