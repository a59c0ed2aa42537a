import pytest

from dlp_gateway.delivery.bounces import Action
from dlp_gateway.delivery.outcomes import conclude, given_up_in_doubt
from dlp_gateway.delivery.replies import Reply
from dlp_gateway.delivery.result import Result, deferred, failed, from_reply, untried
from dlp_gateway.delivery.schedule import Schedule
from dlp_gateway.model import DAY
from dlp_gateway.store.values import Kind, Outcome, State
from tests.unit.delivery.examples import NOW, due, recipient

SCHEDULE = Schedule(warn_after=4 * 3600.0, uncertain=1800.0)
LATER = deferred("4.4.1", "no connection", host="mx.ext.example")
LOST = Result(State.UNCERTAIN, 451, "4.4.2", "no reply in time after the message was sent", "mx.ext.example")
GONE = failed("5.1.1", "user unknown", code=550)


def taken(*, reports=False):
    return from_reply(
        Reply(250, ("2.0.0 queued as 4F1C2A3B4D",)), host="mx.ext.example", tls="TLSv1.3", reports=reports
    )


def test_what_a_server_said_is_recorded():
    conclusion = conclude(due(7), taken(), SCHEDULE, NOW, 0.5)

    assert conclusion.outcome == Outcome(
        7, State.DELIVERED, 250, "2.0.0", "queued as 4F1C2A3B4D", "mx.ext.example", "TLSv1.3", None, None
    )
    assert conclusion.report is None


@pytest.mark.parametrize(
    ("result", "attempts", "pause"),
    [(LATER, 0, 60), (LATER, 3, 480), (LATER, 20, 3600), (LOST, 0, 1980), (LOST, 3, 1980), (LOST, 20, 3600)],
)
def test_d07_what_is_not_final_is_tried_again(result, attempts, pause):
    outcome = conclude(due(attempts=attempts), result, SCHEDULE, NOW, 0.5).outcome

    assert (outcome.state, outcome.next_attempt) == (result.state, NOW + pause)


@pytest.mark.parametrize(("attempts", "stretch", "pause"), [(0, 1, 60), (20, 1, 60), (20, 3, 180), (20, 1000, 3600)])
def test_what_nobody_was_asked_to_take_comes_again_soon(attempts, stretch, pause):
    busy = untried("4.4.5", "the next hop is busy")
    outcome = conclude(due(attempts=attempts), busy, SCHEDULE, NOW, 0.5, stretch).outcome

    assert (outcome.state, outcome.untried, outcome.attempts) == (State.DEFERRED, True, 0)
    assert outcome.next_attempt == NOW + pause


def test_what_nobody_was_asked_to_take_expires_too():
    outcome = conclude(due(), untried("4.4.5", "the next hop is busy"), SCHEDULE, NOW + 5 * DAY, 0.5).outcome

    assert (outcome.state, outcome.text) == (State.FAILED, "given up after too long; last: the next hop is busy")


def test_what_is_final_is_not_tried_again():
    assert conclude(due(), GONE, SCHEDULE, NOW, 0.5).outcome.next_attempt is None


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (LATER, "given up after too long; last: no connection"),
        (LOST, "given up after too long; it may have arrived; last: no reply in time after the message was sent"),
    ],
)
def test_a_message_that_is_too_old_is_given_up(result, text):
    conclusion = conclude(due(attempts=130), result, SCHEDULE, NOW + 5 * DAY, 0.5)

    assert (conclusion.outcome.state, conclusion.outcome.enhanced, conclusion.outcome.text) == (
        State.FAILED,
        "4.4.7",
        text,
    )
    assert conclusion.report.action is Action.FAILED


def test_what_was_uncertain_too_often_may_have_arrived():
    result = given_up_in_doubt(LOST, 3)
    conclusion = conclude(due(attempts=2), result, SCHEDULE, NOW, 0.5)

    assert (conclusion.outcome.state, conclusion.outcome.next_attempt) == (State.FAILED, None)
    assert conclusion.outcome.text == (
        "given up, uncertain 3 times; it may have arrived; last: no reply in time after the message was sent"
    )
    assert conclusion.report.action is Action.FAILED


@pytest.mark.parametrize(
    ("age", "due_age", "reported"),
    [
        (0, 0, False),
        (3 * 3600, 3 * 3600, False),
        (4 * 3600, 4 * 3600, True),
        (9 * 3600, 4 * 3600, True),
        (9 * 3600, 8 * 3600, False),
    ],
)
def test_the_sender_is_told_of_a_delay_once(age, due_age, reported):
    conclusion = conclude(due(attempts=5, due_at=NOW + due_age), LATER, SCHEDULE, NOW + age, 0.5)

    assert (conclusion.report is not None) == reported
    if reported:
        assert (conclusion.report.action, conclusion.report.until) == (Action.DELAYED, NOW + 5 * DAY)


# NOTIFY, does the next hop report itself, result: what the sender is told.
TOLD = [
    ((), False, taken(), None),
    (("SUCCESS",), False, taken(), Action.RELAYED),
    (("SUCCESS",), True, taken(reports=True), None),
    (("SUCCESS",), False, Result(State.DELIVERED, 250, "2.0.0", "stored in the maildir"), Action.DELIVERED),
    ((), False, GONE, Action.FAILED),
    (("NEVER",), False, GONE, None),
    (("SUCCESS", "FAILURE"), False, GONE, Action.FAILED),
    ((), True, from_reply(Reply(550, ("5.1.1 no",)), reports=True), Action.FAILED),
]


@pytest.mark.parametrize(("notify", "reports", "result", "action"), TOLD)
def test_the_sender_hears_what_notify_asks_for(notify, reports, result, action):
    assert result.reports == reports
    report = conclude(due(to=recipient(notify=notify)), result, SCHEDULE, NOW, 0.5).report

    assert (report and report.action) == action


@pytest.mark.parametrize("more", [{"sender": ""}, {"kind": Kind.BOUNCE}, {"kind": Kind.NOTICE, "sender": ""}])
def test_d06_no_report_of_a_report(more):
    assert conclude(due(**more), GONE, SCHEDULE, NOW, 0.5).report is None
