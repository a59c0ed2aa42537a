"""The story of one message, with the real policy and real confined workers."""

import asyncio
import datetime as dt
import email
import email.policy
import hashlib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
import structlog

from dlp_gateway.inspection.encoding import to_plain
from dlp_gateway.inspection.pool import NoWorker, PoolSettings, WorkerFailed, WorkerPool
from dlp_gateway.model import Action, Address, Inspection, Zone
from dlp_gateway.pipeline import Pipeline, Running
from dlp_gateway.quarantine.notices import Letterhead, NoticeLimiter
from dlp_gateway.store.errors import StoreFullError, StoreInvalidError, StoreUnavailableError
from dlp_gateway.store.values import Kind, SenderLink
from tests.unit.policy.examples import address, envelope, exception, finding, policy

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = 1_800_000_000.0
LATER = dt.date(2027, 6, 30)
INSIDE, OUTSIDE, ELSEWHERE = "carol@westendonsixth.com", "bob@client.example", "dan@other.example"
# What stands in messages and nowhere else.
CONTENT = ("Quillfeather", "123 456 782", "wombat.xlsx")


def mail(*words, subject="Lunch"):
    text = " ".join([*CONTENT, *words])
    return f"From: payroll@westendonsixth.com\r\nSubject: {subject}\r\n\r\n{text}\r\n".encode()


@dataclass
class Memory:
    """A store in memory; ``failure`` is raised by commits, which wait for ``open``."""

    intakes: list = field(default_factory=list)
    failure: Exception | None = None
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def commit(self, intake):
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        self.intakes.append(intake)


@dataclass
class Heard:
    decisions: list = field(default_factory=list)
    failures: int = 0

    def decided(self, decision, seconds):
        self.decisions.append(decision)

    def undecided(self):
        self.failures += 1


class Clock:
    now = NOW

    def __call__(self):
        return self.now


class House:
    """A pipeline with what is around it."""

    def __init__(self, pool):
        self.store, self.heard, self.clock, self.zone = Memory(), Heard(), Clock(), dt.UTC
        self.store.open.set()
        made = policy()
        letterhead = Letterhead("g.westendonsixth.com", "the DPO", 30)
        self.running = Running(made, pool, letterhead, self.day)
        limiter = NoticeLimiter(self.clock, burst=2, seconds=600)
        self.pipeline = Pipeline(self.running, self.store, self.heard, limiter, self.clock)

    def day(self, moment):
        return dt.datetime.fromtimestamp(moment, self.zone).date()

    async def send(self, raw, *to, sender="payroll@westendonsixth.com"):
        with structlog.testing.capture_logs() as logs:
            reply = await self.pipeline.accept(envelope(*to, sender=sender), raw)
        said = str([reply.render(), logs, [mail.content for intake in self.store.intakes for mail in intake.outgoing]])
        assert not [word for word in CONTENT if word in said]
        return reply

    @property
    def intake(self):
        (only,) = self.store.intakes
        return only

    @property
    def actions(self):
        return {v.recipient.address.literal: (v.action, v.rules) for v in self.intake.decision.verdicts}


def settings(**more):
    return PoolSettings("tests.unit.examining:build", {}, readable=(Path.cwd(),), **{"workers": 2, **more})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool():
    made = WorkerPool(settings())
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def house(pool):
    return House(pool)


# ---------------------------------------------------------------- what may go


@pytest.mark.parametrize("zone", ["UTC", "Australia/Sydney", "America/Los_Angeles"])
@pytest.mark.parametrize(
    ("moment", "expected"),
    [("2027-01-01T23:59", Zone.PARTNER), ("2027-01-02T00:01", Zone.EXTERNAL)],
)
async def test_an_agreement_ends_with_the_organisations_day(house, zone, moment, expected):
    house.zone = ZoneInfo(zone)
    house.clock.now = dt.datetime.fromisoformat(moment).replace(tzinfo=house.zone).timestamp()

    await house.send(mail(), "pay@contact-partner.example")

    assert [verdict.zone for verdict in house.intake.decision.verdicts] == [expected]


async def test_what_may_go_is_accepted_with_the_id_of_the_decision(house):
    raw = mail()

    reply = await house.send(raw, OUTSIDE, INSIDE)

    decision = house.intake.decision
    assert (reply.code, reply.enhanced, reply.text) == (250, "2.6.0", f"Accepted [{decision.id}]")
    assert house.actions == {OUTSIDE: (Action.DELIVER, ()), INSIDE: (Action.DELIVER, ())}
    assert house.intake.outgoing == ()
    assert house.heard == Heard([decision], 0)


async def test_the_record_says_what_was_decided_on_and_by_which_policy(house):
    raw = mail("TAXNUMBER")

    await house.send(raw, OUTSIDE)

    decision = house.intake.decision
    assert (decision.size, decision.digest) == (len(raw), hashlib.sha256(raw).hexdigest())
    assert (decision.policy, decision.at) == (house.running.policy.fingerprint, NOW)
    assert [finding.entity for finding in decision.inspection.findings] == ["TFN"]


async def test_what_is_sent_is_what_was_scanned_behind_our_trace_header(house):
    raw = mail()

    await house.send(raw, OUTSIDE)

    trace = house.intake.content.removesuffix(raw)
    assert trace.startswith(b"Received: from ")
    assert f"by g.westendonsixth.com with ESMTP id {house.intake.decision.id}".encode() in trace
    assert trace.endswith(b"\r\n")
    assert trace.count(b"\r\n\r\n") == 0


async def test_inside_only_the_subject_is_looked_at(house):
    await house.send(mail("ILLNESS", "CRASH"), INSIDE)

    assert house.intake.decision.inspection.scope == "subject"
    assert house.actions == {INSIDE: (Action.DELIVER, ())}


async def test_nothing_is_promised_before_it_is_durable(house):
    house.store.open.clear()
    answer = asyncio.create_task(house.send(mail(), OUTSIDE))
    done, _ = await asyncio.wait([answer], timeout=0.2)
    assert not done

    house.store.open.set()

    assert (await answer).code == 250


# ---------------------------------------------------------------- what may not


async def test_mixed_verdicts_are_accepted_and_the_sender_is_told(house):
    reply = await house.send(mail("TAXNUMBER"), OUTSIDE, INSIDE)

    assert (reply.code, reply.enhanced) == (250, "2.6.0")
    assert "not for all recipients" in reply.text
    assert house.actions == {OUTSIDE: (Action.HOLD, ("external",)), INSIDE: (Action.DELIVER, ())}
    (notice,) = house.intake.outgoing
    assert (notice.kind, notice.recipient.address.literal, notice.zone) == (
        Kind.NOTICE,
        "payroll@westendonsixth.com",
        Zone.INTERNAL,
    )
    text = notice.content.decode()
    assert f"[{house.intake.decision.id}]" in text
    stopped, _, delivered = text.partition("It was delivered to:")
    assert (f"<{OUTSIDE}>" in stopped, f"<{INSIDE}>" in delivered) == (True, True)
    assert "(clause 5.14(a))" in " ".join(text.split())


async def test_the_notice_of_a_hold_links_to_its_page_and_the_store_keeps_the_digest_alone(house):
    head = replace(house.running.letterhead, console="https://dlp.westendonsixth.com", link_days=3)
    house.pipeline.running = replace(house.running, letterhead=head)
    await house.send(mail("TAXNUMBER"), OUTSIDE, INSIDE)

    (notice,), link = house.intake.outgoing, house.intake.link
    (key,) = re.findall(rb"https://dlp\.westendonsixth\.com/sender/([A-Za-z0-9_-]{43})\r\n", notice.content)
    assert link == SenderLink(hashlib.sha256(key).hexdigest(), NOW + 3 * 86400)


async def test_without_a_console_or_a_notice_there_is_no_link(house):
    await house.send(mail("TAXNUMBER"), OUTSIDE)
    head = replace(house.running.letterhead, console="https://dlp.westendonsixth.com")
    house.pipeline.running = replace(house.running, letterhead=head)
    await house.send(mail("TAXNUMBER"), OUTSIDE)
    await house.send(mail("TAXNUMBER"), OUTSIDE)
    await house.send(mail("TAXNUMBER"), OUTSIDE, sender=None)

    assert [intake.link is not None for intake in house.store.intakes] == [False, True, False, False]
    assert b"/sender/" not in house.store.intakes[0].outgoing[0].content


async def test_high_risk_needs_two_reviewers(house):
    await house.send(mail("ILLNESS"), OUTSIDE)

    assert [verdict.approvals for verdict in house.intake.decision.verdicts] == [2]


async def test_what_is_refused_for_all_is_not_stored(house):
    raw = mail(subject="TAXNUMBER Quillfeather")

    reply = await house.send(raw, OUTSIDE, INSIDE)

    decision = house.intake.decision
    assert (reply.code, reply.enhanced) == (550, "5.7.1")
    assert "the Subject holds personal information (clause 5.14(c), subject)" in reply.text
    assert reply.text.endswith(f"[{decision.id}]")
    assert (house.intake.content, house.intake.outgoing) == (None, ())
    assert {verdict.action for verdict in decision.verdicts} == {Action.REFUSE}


async def test_nobody_is_told_of_what_the_null_sender_sent(house):
    reply = await house.send(mail("TAXNUMBER"), OUTSIDE, sender=None)

    assert reply.code == 250
    assert house.actions == {OUTSIDE: (Action.HOLD, ("external",))}
    assert house.intake.outgoing == ()


async def test_notices_are_limited_and_those_left_out_are_counted(house):
    for _ in range(5):
        await house.send(mail("TAXNUMBER"), OUTSIDE)
    await house.send(mail("TAXNUMBER"), OUTSIDE, sender="other@westendonsixth.com")
    house.clock.now += 601
    await house.send(mail("TAXNUMBER"), OUTSIDE)

    assert [len(intake.outgoing) for intake in house.store.intakes] == [1, 1, 0, 0, 0, 1, 1]
    first, last = house.store.intakes[0], house.store.intakes[-1]
    assert b"without a notice" not in first.outgoing[0].content
    assert b"3 more messages of yours were stopped without a notice of their own." in last.outgoing[0].content


async def test_a_notice_that_was_not_stored_counts_for_none(house):
    house.store.failure = StoreUnavailableError("locked")
    for _ in range(7):
        assert (await house.send(mail("TAXNUMBER"), OUTSIDE)).code == 451
    house.store.failure = None
    for _ in range(3):
        await house.send(mail("TAXNUMBER"), OUTSIDE)
    house.clock.now += 601
    await house.send(mail("TAXNUMBER"), OUTSIDE)

    assert [len(intake.outgoing) for intake in house.store.intakes] == [1, 1, 0, 1]
    assert b"without a notice" not in house.store.intakes[0].outgoing[0].content
    assert b"1 more messages of yours were stopped" in house.store.intakes[-1].outgoing[0].content


async def test_the_reply_points_to_a_notice_where_there_is_one(house):
    replies = [await house.send(mail("TAXNUMBER"), OUTSIDE) for _ in range(3)]
    replies.append(await house.send(mail("TAXNUMBER"), OUTSIDE, sender=None))

    assert ["see the notice" in reply.text for reply in replies] == [True, True, False, False]
    assert all(reply.text.startswith("Accepted, not for all recipients") for reply in replies)


# ---------------------------------------------------------------- what goes back


@pytest.fixture
def returning(house):
    made = policy(rules={"external": {"action": "return"}})
    house.pipeline.running = replace(house.running, policy=made)
    return house


def given_back(outgoing):
    """Subject and attached message of a notice."""
    found = email.message_from_bytes(outgoing.content, policy=email.policy.SMTP)
    own = [part.get_content().as_bytes() for part in found.walk() if part.get_content_type() == "message/rfc822"]
    return found["Subject"].partition(" [")[0], own


async def test_a_returned_message_is_in_its_notice_however_many_there_are(returning):
    raws = [mail("TAXNUMBER", str(number)) for number in range(7)]
    replies = [await returning.pipeline.accept(envelope(OUTSIDE, INSIDE), raw) for raw in raws]

    assert {reply.code for reply in replies} == {250}
    for raw, intake in zip(raws, returning.store.intakes, strict=True):
        told, notice = intake.outgoing
        assert given_back(told) == ("Your message was not sent and is returned to you", [])
        assert given_back(notice) == ("Your message was not sent and is returned to you", [raw])
        # Two mails, lest one is taken for the other.
        assert len({re.search(rb"Message-ID: \S+", one.content)[0] for one in intake.outgoing}) == 2
        assert (notice.kind, notice.zone, notice.recipient.address.literal) == (
            Kind.NOTICE,
            Zone.INTERNAL,
            "payroll@westendonsixth.com",
        )
        assert intake.link is None
    actions = [verdict.action for verdict in returning.store.intakes[0].decision.verdicts]
    assert actions == [Action.RETURN, Action.DELIVER]


async def test_of_a_message_that_is_returned_for_all_nothing_but_the_notices_is_kept(returning):
    await returning.pipeline.accept(envelope(OUTSIDE), mail("TAXNUMBER"))

    assert returning.intake.content is None
    assert len(returning.intake.outgoing) == 2


@pytest.mark.parametrize("sender", [None, "bob@client.example"])
async def test_what_cannot_go_back_is_held(returning, sender):
    raw = mail("TAXNUMBER")
    await returning.pipeline.accept(envelope(OUTSIDE, sender=sender), raw)

    assert returning.actions == {OUTSIDE: (Action.HOLD, ("external",))}
    assert returning.intake.content.endswith(raw)
    assert not [notice for notice in returning.intake.outgoing if raw in notice.content]


async def test_what_is_held_for_some_and_returned_for_others_is_told_apart(returning):
    made = policy(
        rules={"external": {"action": "return"}, "bulk": {"action": "hold"}}, exceptions=[exception(until=LATER)]
    )
    returning.pipeline.running = replace(returning.running, policy=made)
    returning.pipeline.running = replace(returning.pipeline.running, pool=Crowd())
    raw = mail("TAXNUMBER")
    await returning.pipeline.accept(envelope(OUTSIDE, ELSEWHERE), raw)

    assert returning.actions[OUTSIDE] == (Action.HOLD, ("bulk",))
    assert returning.actions[ELSEWHERE] == (Action.RETURN, ("external", "bulk"))
    held, _, returned = returning.intake.outgoing
    assert given_back(held) == ("Your message is held for review", [])
    assert (OUTSIDE.encode() in held.content, ELSEWHERE.encode() in held.content) == (True, False)
    assert given_back(returned) == ("Your message was not sent and is returned to you", [raw])
    assert returning.intake.content.endswith(raw)


class Crowd:
    """Workers that find many people, and something about one."""

    async def request(self, payload, *, size=0):
        return to_plain(Inspection((finding(),), people=90)), 1.0


# ---------------------------------------------------------------- when something fails


async def test_a_reload_leaves_no_message_behind():
    pool = WorkerPool(settings(workers=1))
    await pool.start()
    house = House(pool)
    sent = [asyncio.create_task(house.send(mail("CRASH"), OUTSIDE, INSIDE)) for _ in range(3)]
    while not pool._busy:  # noqa: ASYNC110 - a step of the loop, not a wait
        await asyncio.sleep(0)

    await pool.retire()

    assert [(await one).code for one in sent] == [250] * 3
    for intake in house.store.intakes:
        assert [verdict.action for verdict in intake.decision.verdicts] == [Action.HOLD, Action.DELIVER]


async def test_a_dead_zygote_stops_no_message():
    pool = WorkerPool(settings())
    await pool.start()
    try:
        house = House(pool)
        pool._zygote.process.kill()
        await pool._zygote.process.wait()
        for to in (INSIDE, OUTSIDE, INSIDE, OUTSIDE):
            assert (await house.send(mail(), to)).text.startswith("Accepted [")
    finally:
        await pool.stop()


async def test_without_a_worker_for_the_second_try_the_client_is_asked_to_come_back(house):
    failures = [NoWorker("no worker was free within 240 s"), WorkerFailed("worker ended with status 3")]

    class Spent:
        async def request(self, payload, *, size=0):
            raise failures.pop()

    house.pipeline.running = replace(house.running, pool=Spent())

    reply = await house.send(mail(), OUTSIDE, INSIDE)

    assert (reply.code, reply.enhanced) == (451, "4.3.2")
    assert house.store.intakes == []


async def test_when_the_body_cannot_be_read_outsiders_do_not_get_it(house):
    reply = await house.send(mail("CRASH"), OUTSIDE, INSIDE)

    assert reply.code == 250
    assert house.actions == {OUTSIDE: (Action.HOLD, ("unscannable",)), INSIDE: (Action.DELIVER, ())}
    (unread,) = house.intake.decision.inspection.unscanned
    assert (unread.where, unread.why) == ("body", "worker ended with status 3")


async def test_an_answer_that_is_no_inspection_counts_as_none(house):
    reply = await house.send(mail("GARBLED"), OUTSIDE, INSIDE)

    assert reply.code == 250
    assert house.actions == {OUTSIDE: (Action.HOLD, ("unscannable",)), INSIDE: (Action.DELIVER, ())}


async def test_what_the_subject_says_counts_when_the_body_cannot_be_read(house):
    reply = await house.send(mail("CRASH", subject="TAXNUMBER"), OUTSIDE, INSIDE)

    assert reply.code == 550


@pytest.mark.parametrize("to", [(INSIDE,), (INSIDE, OUTSIDE)])
async def test_when_not_even_the_subject_can_be_read_nobody_gets_it(house, to):
    reply = await house.send(mail("DEADLY"), *to)

    assert reply.code == 250
    assert house.actions == dict.fromkeys(to, (Action.HOLD, ("unscannable",)))
    assert len(house.intake.outgoing) == 1


async def test_without_a_worker_the_client_is_asked_to_come_back(house):
    house.pipeline.running = replace(house.running, pool=WorkerPool(settings(wait_seconds=0.01)))

    reply = await house.send(mail(), OUTSIDE)

    assert (reply.code, reply.enhanced) == (451, "4.3.2")
    assert house.store.intakes == []
    assert house.heard == Heard([], 1)


@pytest.mark.parametrize(
    ("failure", "code", "enhanced"),
    [
        (StoreFullError("disk of 123 456 782"), 452, "4.3.1"),
        (StoreUnavailableError("locked"), 451, "4.3.0"),
        (StoreInvalidError("twice"), 451, "4.3.0"),
    ],
)
async def test_what_is_not_stored_is_not_accepted(house, failure, code, enhanced):
    house.store.failure = failure

    reply = await house.pipeline.accept(envelope(OUTSIDE), mail())

    assert (reply.code, reply.enhanced) == (code, enhanced)
    assert "123 456 782" not in reply.text
    assert house.heard == Heard([], 1)


async def test_a_reload_meets_the_next_message_not_the_present_one(house):
    house.store.open.clear()
    present = asyncio.create_task(house.send(mail(), OUTSIDE))
    await asyncio.wait([present], timeout=0.2)

    made = policy(rules={"external": {"action": "return"}})
    house.pipeline.running = replace(house.running, policy=made)
    house.store.open.set()
    await present
    await house.send(mail(), OUTSIDE)

    before = house.running.policy.fingerprint
    assert [intake.decision.policy for intake in house.store.intakes] == [before, made.fingerprint]


async def test_a_sender_with_letters_beyond_ascii_is_told_too(house):
    await house.send(mail("TAXNUMBER"), OUTSIDE, sender="jürgen@westendonsixth.com")

    (notice,) = house.intake.outgoing
    assert notice.recipient.address == Address("jürgen", "westendonsixth.com", "jürgen@westendonsixth.com")
    assert address("jürgen@westendonsixth.com") == notice.recipient.address
