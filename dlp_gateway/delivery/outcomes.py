"""From the result of an attempt to what the queue records and the sender hears. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dlp_gateway.delivery.bounces import Action, Reported, reportable
from dlp_gateway.delivery.result import Result
from dlp_gateway.delivery.schedule import Schedule
from dlp_gateway.store.values import Due, Outcome, State


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What to settle for one delivery, and what to report of it, if anything."""

    outcome: Outcome
    report: Reported | None


def conclude(
    due: Due, result: Result, schedule: Schedule, now: float, chance: float, stretch: float = 1.0
) -> Conclusion:
    """Return the end of the attempt ``due`` that came to ``result`` at ``now``.

    A message that is too old fails with 4.4.7 (RFC 3463), its text telling
    the last reason and whether it may have arrived all the same. What nobody
    was asked to take comes again after the first pause, however often, times
    ``stretch``: with growing pauses a next hop that is only busy would stand
    idle before long. ``chance`` in [0, 1) spreads the next attempts.
    """
    next_attempt: float | None = None
    action: Action | None = None
    if not result.final:
        # Of what may have arrived the next copy takes its time.
        least = schedule.uncertain if result.state is State.UNCERTAIN else 0.0
        attempts = 0 if result.untried else due.attempts
        next_attempt = schedule.next_attempt(attempts, due.queued_at, now, chance, least, stretch)
        if next_attempt is None:
            result = _expired(result)
        elif schedule.warns(due.due_at, due.queued_at, now, next_attempt):
            action = Action.DELAYED
    if result.state is State.FAILED:
        action = Action.FAILED
    elif result.state is State.DELIVERED and not result.reports:
        action = Action.RELAYED if result.remote else Action.DELIVERED
    outcome = Outcome(
        delivery_id=due.delivery_id,
        state=result.state,
        code=result.code,
        enhanced=result.enhanced,
        text=result.text,
        host=result.host,
        tls=result.tls,
        next_attempt=next_attempt,
        untried=result.untried,
    )
    if action is None or not reportable(due.kind, due.sender, due.recipient, action):
        return Conclusion(outcome, None)
    return Conclusion(outcome, Reported(due.recipient, action, result, due.queued_at + schedule.expiry))


def given_up_in_doubt(result: Result, times: int) -> Result:
    """Return the end of a delivery whose attempts ended ``times`` times so that it may have arrived."""
    text = f"given up, uncertain {times} times; it may have arrived; last: {result.text}"
    return replace(result, state=State.FAILED, text=text)


def _expired(result: Result) -> Result:
    doubt = "; it may have arrived" if result.state is State.UNCERTAIN else ""
    return replace(
        result, state=State.FAILED, enhanced="4.4.7", text=f"given up after too long{doubt}; last: {result.text}"
    )
