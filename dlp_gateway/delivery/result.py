"""How an attempt to deliver ended for one recipient, and the one error of this package."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dlp_gateway.delivery.replies import Reply
from dlp_gateway.store.values import State

_STATES = {2: State.DELIVERED, 4: State.DEFERRED, 5: State.FAILED}


@dataclass(frozen=True, slots=True)
class Result:
    """The end of an attempt for one recipient.

    ``text`` is one line of printable ASCII without personal data. ``host``
    and ``tls`` say who answered and over what kind of line. ``elsewhere`` is
    true when another host of the same route may be asked at once. ``remote``
    is true when a server said so, false when this gateway did. ``reports`` is
    true when the next hop took over the duty of delivery reports (RFC 3461).
    ``untried`` is true when nobody was asked, because there was no room: the
    deferral does not count as an attempt.
    """

    state: State
    code: int
    enhanced: str
    text: str
    host: str = ""
    tls: str = ""
    elsewhere: bool = False
    remote: bool = False
    reports: bool = False
    untried: bool = False

    @property
    def final(self) -> bool:
        """True when no further attempt follows."""
        return self.state in (State.DELIVERED, State.FAILED)


def from_reply(
    reply: Reply, *, host: str = "", tls: str = "", elsewhere: bool = False, reports: bool = False
) -> Result:
    """Return what ``reply`` means for a recipient; a 3xx where none belongs is a deferral."""
    state = _STATES.get(reply.code // 100)
    if state is None:
        return deferred("4.5.0", "the server answered out of step", host=host, tls=tls)
    return Result(state, reply.code, reply.enhanced, reply.text, host, tls, elsewhere, remote=True, reports=reports)


def deferred(
    enhanced: str, text: str, *, code: int = 451, host: str = "", tls: str = "", elsewhere: bool = False
) -> Result:
    """Return a temporary failure found by this gateway itself."""
    return Result(State.DEFERRED, code, enhanced, text, host, tls, elsewhere)


def untried(enhanced: str, text: str, *, code: int = 451, host: str = "", elsewhere: bool = False) -> Result:
    """Return a deferral for want of room: nobody was asked."""
    return Result(State.DEFERRED, code, enhanced, text, host, elsewhere=elsewhere, untried=True)


def failed(
    enhanced: str, text: str, *, code: int = 554, host: str = "", tls: str = "", elsewhere: bool = False
) -> Result:
    """Return a permanent failure found by this gateway itself."""
    return Result(State.FAILED, code, enhanced, text, host, tls, elsewhere)


def postponed(result: Result) -> Result:
    """Return a refusal that says nothing of the message as a temporary failure, with the code and words it came in."""
    if result.state is not State.FAILED:
        return result
    return replace(result, state=State.DEFERRED, enhanced=f"4{result.enhanced[1:]}")


class DeliveryError(Exception):
    """No transaction came about: no route, no connection, no TLS, no login.

    ``result`` holds for every recipient of the attempt.
    """

    def __init__(self, result: Result) -> None:
        super().__init__(f"{result.code} {result.enhanced} {result.text}")
        self.result = result
