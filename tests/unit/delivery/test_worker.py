import asyncio
import base64
import email
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from dlp_gateway.delivery.settings import ConnectionSettings, Credentials, Routes, RouteSettings
from dlp_gateway.delivery.tls import TlsPolicy
from dlp_gateway.model import TlsMode, Zone
from dlp_gateway.monitoring.logs import place_of_exception
from dlp_gateway.store.values import Kind, State
from tests.unit.delivery.examples import CONTENT, HOSTNAME, PATIENT, SENDER, due, recipient
from tests.unit.delivery.harness import SETTINGS, Tally, at_work, new_queue, routes
from tests.unit.delivery.memory_queue import MemoryQueue
from tests.unit.delivery.peer import EXTENSIONS, Peer, Turn, in_turn

DELIVERED, DEFERRED, FAILED, UNCERTAIN = State.DELIVERED, State.DEFERRED, State.FAILED, State.UNCERTAIN


async def settled(queue, count):
    await queue.until(lambda: len(queue.outcomes) >= count)


async def test_what_is_due_is_delivered_as_it_stands():
    queue, tally = new_queue(), Tally()
    queue.put(CONTENT, due(1, "a@ext.example"), due(2, "b@other.example"))
    queue.put(b"\r\n.other\r\n", due(3, "c@ext.example", "m2", sender=""))
    async with Peer() as peer, at_work(queue, routes(peer), tally):
        await settled(queue, 3)

    assert sorted((m.mail.split(" ")[1], len(m.rcpt), m.content) for m in peer.taken) == [
        ("FROM:<>", 1, b"\r\n.other\r\n"),
        (f"FROM:<{SENDER}>", 2, CONTENT),
    ]
    assert queue.states() == {1: DELIVERED, 2: DELIVERED, 3: DELIVERED}
    assert [(o.code, o.enhanced, o.text, o.host) for o in queue.outcomes] == [
        (250, "2.0.0", "Ok queued as 4F1C2A3B4D", "127.0.0.1")
    ] * 3
    assert (tally.states, tally.attempts) == ({("external", "delivered"): 3}, 2)


async def test_what_comes_later_is_delivered_too():
    queue = new_queue()
    async with Peer() as peer, at_work(queue, routes(peer)):
        for number in range(1, 6):
            queue.put(CONTENT, due(number, message=f"m{number}"))
            await settled(queue, number)

    assert len(peer.taken) == 5
    assert peer.connections == 1


async def test_a_backlog_is_worked_off_within_the_limits():
    queue = new_queue()
    for number in range(500):
        queue.put(CONTENT, due(number, message=f"m{number}"))
    limits = ConnectionSettings(connections=4, messages=50)
    async with Peer() as peer, at_work(queue, routes(peer), batch=50, in_flight=100, connection=limits):
        await settled(queue, 500)

    assert len(peer.taken) == 500
    assert peer.most_at_once <= 4
    assert len(queue.settlements) < 400


async def test_d07_each_recipient_goes_its_own_way():
    replies = {
        "full@ext.example": in_turn(b"452 4.2.2 mailbox full\r\n", b"250 ok\r\n"),
        "gone@ext.example": in_turn(b"550 5.1.1 user unknown\r\n"),
        "ok@ext.example": in_turn(b"250 ok\r\n"),
    }
    queue = new_queue()
    queue.put(CONTENT, *(due(number, to) for number, to in enumerate(replies, 1)))
    on = {"RCPT": lambda line: replies.get(line.partition("<")[2].partition(">")[0], in_turn(b"250 ok\r\n"))(line)}
    async with Peer(on) as peer, Peer() as inside, at_work(queue, routes(peer, inside)):
        await settled(queue, 4)
        assert {n: queue.states()[n] for n in (1, 2, 3)} == {1: DEFERRED, 2: FAILED, 3: DELIVERED}
        await queue.move(59)
        await queue.move(1)
        await settled(queue, 5)

    assert queue.states()[1] is DELIVERED
    assert [message.rcpt for message in peer.taken] == [["RCPT TO:<ok@ext.example>"], ["RCPT TO:<full@ext.example>"]]


async def test_d07_goodbye_in_the_middle_puts_all_off_once():
    queue = new_queue()
    queue.put(CONTENT, *(due(number, f"r{number}@ext.example") for number in range(3)))
    on = {"RCPT": in_turn(b"250 ok\r\n", (b"421 4.3.2 stopping\r\n", Turn.CLOSE), b"250 ok\r\n")}
    async with Peer(on) as peer, at_work(queue, routes(peer)):
        await settled(queue, 3)
        assert set(queue.states().values()) == {DEFERRED}
        await queue.move(60)
        await settled(queue, 6)

    assert set(queue.states().values()) == {DELIVERED}
    assert [len(message.rcpt) for message in peer.taken] == [3]


@pytest.mark.parametrize("drop", [Turn.CLOSE, Turn.RESET])
async def test_d01_uncertain_is_recorded_counted_and_tried_again_unchanged(drop):
    queue, tally = new_queue(), Tally()
    queue.put(CONTENT, due())
    async with Peer({"CONTENT": in_turn(drop, b"250 2.0.0 ok\r\n")}) as peer, at_work(queue, routes(peer), tally):
        await settled(queue, 1)
        assert queue.states() == {1: UNCERTAIN}
        assert queue.outcomes[0].next_attempt == queue.clock.now + 3600
        await queue.move(3600)
        await settled(queue, 2)

    assert [message.content for message in peer.taken] == [CONTENT, CONTENT]
    assert tally.states == {("external", "uncertain"): 1, ("external", "delivered"): 1}


async def test_d01_a_next_hop_that_never_answers_the_final_dot_gets_few_copies():
    queue = new_queue()
    queue.put(CONTENT, due(1), due(2, "eve@ext.example"))
    ends = in_turn(Turn.CLOSE, b"451 4.3.0 later\r\n", Turn.CLOSE, Turn.CLOSE, b"250 ok\r\n")
    async with Peer({"CONTENT": ends}) as peer, Peer() as inside, at_work(queue, routes(peer, inside)):
        for count in (2, 4, 6, 8):
            await settled(queue, count)
            await queue.move(3600)
        await inside.until(lambda: bool(inside.taken))

    assert len(peer.taken) == 4
    assert queue.states()[1] is FAILED
    assert b"it may have" in inside.taken[0].content
    assert len(inside.taken) == 1


async def test_d01_a_session_that_died_idle_costs_no_attempt():
    queue = new_queue()
    on = {"MAIL": in_turn(b"250 ok\r\n", Turn.CLOSE, b"250 ok\r\n", b"421 4.4.2 idle too long\r\n", b"250 ok\r\n")}
    async with Peer(on) as peer, at_work(queue, routes(peer)):
        for number in range(1, 4):
            queue.put(CONTENT, due(number, message=f"m{number}"))
            await settled(queue, number)

    assert queue.states() == {1: DELIVERED, 2: DELIVERED, 3: DELIVERED}
    assert len(peer.taken) == 3


async def test_a_second_host_is_asked_when_the_first_is_not_there():
    async with Peer() as gone:
        pass
    queue = new_queue()
    queue.put(CONTENT, due(1, "a@ext.example"), due(2, "b@ext.example"))
    async with Peer() as peer:
        both = RouteSettings(hosts=(gone.address, peer.address))
        async with at_work(queue, Routes(dict.fromkeys(Zone, both))):
            await settled(queue, 2)

    assert queue.states() == {1: DELIVERED, 2: DELIVERED}


# What the first of two hosts says, and what comes of it: the state, and whether the second was asked.
SECOND = [
    ({"CONNECT": b"421 4.3.2 busy\r\n"}, DELIVERED, True),
    ({"CONNECT": b"554 5.7.1 not here\r\n"}, DELIVERED, True),
    ({"EHLO": Turn.CLOSE}, DELIVERED, True),
    ({"MAIL": b"451 4.3.0 later\r\n"}, DELIVERED, True),
    ({"MAIL": b"550 5.7.1 no\r\n"}, FAILED, False),
    ({"MAIL": b"552 5.3.4 message too big\r\n"}, DELIVERED, True),
    ({"CONTENT": b"552 5.3.4 message too big\r\n"}, DELIVERED, True),
    ({"RCPT": b"450 4.2.0 later\r\n"}, DELIVERED, True),
    ({"RCPT": b"550 5.1.1 unknown\r\n"}, FAILED, False),
    ({"DATA": Turn.CLOSE}, DELIVERED, True),
    ({"CONTENT": b"451 4.3.0 later\r\n"}, DEFERRED, False),
    ({"CONTENT": b"554 5.7.1 no\r\n"}, FAILED, False),
    ({"CONTENT": Turn.CLOSE}, UNCERTAIN, False),
]


@pytest.mark.parametrize(("on", "state", "asked"), SECOND)
async def test_s20_a_second_host_is_asked_only_where_the_first_did_not_decide(on, state, asked):
    queue = new_queue()
    queue.put(CONTENT, due(kind=Kind.NOTICE))
    async with Peer(on) as first, Peer() as second:
        both = RouteSettings(hosts=(first.address, second.address))
        async with at_work(queue, Routes(dict.fromkeys(Zone, both))):
            await settled(queue, 1)

    assert queue.states() == {1: state}
    assert bool(second.taken) == asked


@pytest.mark.parametrize("reply", [b"454 4.7.0 not now\r\n", b"421 4.3.2 bye\r\n", b"535 5.7.8 wrong\r\n"])
async def test_a_second_host_is_asked_when_the_first_takes_no_login(reply, certificates):
    extensions = (*EXTENSIONS, "AUTH PLAIN")
    queue = new_queue()
    queue.put(CONTENT, due())
    async with (
        Peer({"AUTH": reply}, extensions, tls=certificates.server) as first,
        Peer({"AUTH": b"235 2.7.0 welcome\r\n"}, extensions, tls=certificates.server) as second,
    ):
        hosts, tls = (first.address, second.address), TlsPolicy(TlsMode.REQUIRED)
        both = RouteSettings(hosts=hosts, tls=tls, credentials=Credentials("gateway", "s3cret"))
        async with at_work(queue, Routes(dict.fromkeys(Zone, both))):
            await settled(queue, 1)

    assert queue.states() == {1: DELIVERED}


async def test_d09_what_one_host_could_not_take_is_left_when_the_other_could_not_be_asked():
    queue = new_queue()
    queue.put(EIGHT_BIT, due(size=len(EIGHT_BIT)))
    async with Peer(extensions=("PIPELINING",)) as unfit, Peer({"EHLO": Turn.STALL}) as slow:
        both = RouteSettings(hosts=(unfit.address, slow.address))
        async with at_work(queue, Routes(dict.fromkeys(Zone, both)), drain=0.01):
            await slow.until(lambda: slow.commands)

    assert queue.outcomes == []
    assert queue.rows[1].leased_to is None


EIGHT_BIT = "Subject: x\r\n\r\nJürgen\r\n".encode()


@pytest.mark.parametrize(
    ("extensions", "content"),
    [(("PIPELINING",), EIGHT_BIT), (("8BITMIME", "SIZE 20"), EIGHT_BIT)],
    ids=["7 bit", "size"],
)
@pytest.mark.parametrize("turned", [False, True])
async def test_what_one_host_cannot_take_another_may(extensions, content, turned):
    queue = new_queue()
    queue.put(content, due(kind=Kind.NOTICE, size=len(content)))
    async with Peer(extensions=extensions) as first, Peer() as second:
        hosts = (second.address, first.address) if turned else (first.address, second.address)
        async with at_work(queue, Routes(dict.fromkeys(Zone, RouteSettings(hosts=hosts)))):
            await settled(queue, 1)

    assert queue.states() == {1: DELIVERED}
    assert [message.content for message in second.taken] == [content]


@pytest.mark.parametrize("turned", [False, True])
async def test_a_host_that_is_away_outweighs_one_that_cannot_take_it(turned):
    queue = new_queue()
    queue.put(EIGHT_BIT, due(size=len(EIGHT_BIT)))
    async with Peer({"CONNECT": b"421 4.3.2 busy\r\n"}) as away, Peer(extensions=("PIPELINING",)) as unfit:
        hosts = (unfit.address, away.address) if turned else (away.address, unfit.address)
        async with at_work(queue, Routes(dict.fromkeys(Zone, RouteSettings(hosts=hosts)))):
            await settled(queue, 1)

    assert (queue.outcomes[0].state, queue.outcomes[0].enhanced) == (DEFERRED, "4.3.2")


async def test_what_no_host_can_take_fails():
    queue = new_queue()
    queue.put(EIGHT_BIT, due(kind=Kind.NOTICE, size=len(EIGHT_BIT)))
    async with Peer(extensions=("PIPELINING",)) as first, Peer(extensions=("PIPELINING",)) as second:
        both = RouteSettings(hosts=(first.address, second.address))
        async with at_work(queue, Routes(dict.fromkeys(Zone, both))):
            await settled(queue, 1)

    assert (queue.outcomes[0].state, queue.outcomes[0].enhanced) == (FAILED, "5.6.3")
    assert (first.connections, second.connections) == (1, 1)


@pytest.mark.parametrize("mode", [TlsMode.REQUIRED, TlsMode.VERIFIED])
async def test_internal_mail_waits_rather_than_travel_without_tls(mode):
    queue = new_queue()
    queue.put(CONTENT, due(1, "joe@westendonsixth.com", zone=Zone.INTERNAL), due(2, "bob@ext.example"))
    async with Peer() as inside, Peer() as outside, at_work(queue, routes(outside, inside, inside=mode)):
        for attempt in range(1, 4):
            await queue.until(lambda: queue.rows[1].due.attempts == attempt)  # noqa: B023
            await queue.move(3600)

    assert not any(line.startswith("MAIL") for line in inside.commands)
    assert {o.enhanced for o in queue.outcomes if o.delivery_id == 1} == {"4.7.4"}
    assert queue.states() == {1: DEFERRED, 2: DELIVERED}
    assert [message.rcpt for message in outside.taken] == [["RCPT TO:<bob@ext.example>"]]


async def test_internal_mail_travels_by_tls(certificates):
    queue = new_queue()
    queue.put(CONTENT, due(1, "joe@westendonsixth.com", zone=Zone.INTERNAL))
    async with Peer(tls=certificates.server) as inside, at_work(queue, routes(inside, inside=TlsMode.REQUIRED)):
        await settled(queue, 1)

    assert inside.taken[0].tls
    assert queue.outcomes[0].tls.startswith("TLSv1.")


async def test_a_next_hop_that_stalls_does_not_hold_up_the_others():
    queue = new_queue()
    for number in range(60):
        queue.put(CONTENT, due(number, message=f"m{number}"))
    queue.put(CONTENT, due(99, "joe@westendonsixth.com", "m99", zone=Zone.INTERNAL, queued_at=queue.clock.now))
    limits = ConnectionSettings(connections=2, patience=0.05, pause=0.001)
    slow = replace(PATIENT, mail=0.5)
    async with Peer({"MAIL": Turn.STALL}) as outside, Peer() as inside:
        where = routes(outside, inside)
        async with at_work(queue, where, batch=10, in_flight=20, connection=limits, timeouts=slow):
            await queue.until(lambda: queue.states()[99] is DELIVERED)

    assert "4.4.5" in {outcome.enhanced for outcome in queue.outcomes}


async def test_many_for_a_next_hop_that_stalls_do_not_hold_up_the_others():
    queue = new_queue()
    for number in range(100, 220):
        queue.put(CONTENT, due(number, message=f"m{number}"))
    limits = ConnectionSettings(connections=1, patience=5)
    async with (
        Peer({"CONNECT": Turn.STALL}) as outside,
        Peer() as inside,
        at_work(queue, routes(outside, inside), batch=5, in_flight=20, connection=limits, drain=0.01),
    ):
        queue.put(CONTENT, due(99, "joe@westendonsixth.com", "m99", zone=Zone.INTERNAL, queued_at=queue.clock.now))
        await queue.until(lambda: queue.states()[99] is DELIVERED)
        # Of those outside one has the line and a few wait for it; the others are told that it is in vain.
        assert all(state in (None, DEFERRED) for number, state in queue.states().items() if number >= 100)

    assert {outcome.enhanced for outcome in queue.outcomes if outcome.state is DEFERRED} == {"4.4.5"}


async def test_many_hosts_that_stall_do_not_hold_up_the_others(monkeypatch):
    monkeypatch.setattr("dlp_gateway.delivery.worker.FULL", 0.05)
    queue = new_queue()
    for number in range(100, 220):
        queue.put(CONTENT, due(number, message=f"m{number}"))
    limits = ConnectionSettings(connections=1, patience=600)
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(Peer({"CONNECT": Turn.STALL})) for _ in range(4)]
        inside = await stack.enter_async_context(Peer())
        away = RouteSettings(hosts=tuple(peer.address for peer in peers), tls=TlsPolicy(TlsMode.NONE))
        home = RouteSettings(hosts=(inside.address,), tls=TlsPolicy(TlsMode.NONE))
        where = Routes({Zone.INTERNAL: home, Zone.PARTNER: away, Zone.EXTERNAL: away})
        async with at_work(queue, where, batch=5, in_flight=20, connection=limits, drain=0.01):
            queue.put(CONTENT, due(99, "joe@westendonsixth.com", "m99", zone=Zone.INTERNAL, queued_at=queue.clock.now))
            await queue.until(lambda: queue.states()[99] is DELIVERED)

    back = [outcome for outcome in queue.outcomes if outcome.state is DEFERRED]
    assert {(outcome.enhanced, outcome.untried) for outcome in back} == {("4.4.5", True)}
    assert {queue.rows[outcome.delivery_id].due.attempts for outcome in back} == {0}


async def test_what_waits_for_memory_does_not_hold_up_the_others(monkeypatch):
    monkeypatch.setattr("dlp_gateway.delivery.worker.FULL", 0.05)
    queue = new_queue()
    large = CONTENT + b"0123456789abcde\r\n" * 1000
    for number in range(100, 160):
        queue.put(large, due(number, message=f"m{number}", size=len(large)))
    limits = {"bytes_in_flight": 3 * len(large), "connection": ConnectionSettings(connections=5, patience=600)}
    async with (
        Peer({"MAIL": Turn.STALL}) as outside,
        Peer() as inside,
        at_work(queue, routes(outside, inside), batch=5, in_flight=20, drain=0.01, **limits),
    ):
        queue.put(CONTENT, due(99, "joe@westendonsixth.com", "m99", zone=Zone.INTERNAL, queued_at=queue.clock.now))
        await queue.until(lambda: queue.states()[99] is DELIVERED)

    assert ("4.3.1", True) in {(outcome.enhanced, outcome.untried) for outcome in queue.outcomes}


@pytest.mark.parametrize("busy_first", [False, True])
async def test_a_host_that_was_asked_outweighs_one_without_room(busy_first):
    queue = new_queue()
    async with Peer({"RCPT": b"451 4.7.1 greylisted\r\n"}) as asked, Peer({"MAIL": Turn.STALL}) as full:
        hosts = (full.address, asked.address) if busy_first else (asked.address, full.address)
        zones = dict.fromkeys(Zone, RouteSettings(hosts=hosts, tls=TlsPolicy(TlsMode.NONE)))
        zones[Zone.INTERNAL] = RouteSettings(hosts=(full.address,), tls=TlsPolicy(TlsMode.NONE))
        limits = ConnectionSettings(connections=1, patience=0.05)
        async with at_work(queue, Routes(zones), connection=limits, drain=0.01):
            queue.put(CONTENT, due(1, zone=Zone.INTERNAL, message="m1"))
            await full.until(lambda: "MAIL" in " ".join(full.commands))
            queue.put(CONTENT, due(2, message="m2"))
            await queue.until(lambda: queue.states()[2] is DEFERRED)

    outcome = next(outcome for outcome in queue.outcomes if outcome.delivery_id == 2)
    assert (outcome.enhanced, outcome.untried) == ("4.7.1", False)


async def test_what_a_clock_that_was_ahead_put_off_is_sent(monkeypatch):
    monkeypatch.setattr("dlp_gateway.delivery.worker.RECALL", 0.01)
    queue = new_queue()
    queue.clock.now += 36_000
    queue.put(CONTENT, due(1, queued_at=queue.clock.now))
    on = {"RCPT": in_turn(b"451 4.3.0 not yet\r\n", b"250 ok\r\n")}
    async with Peer(on) as peer, at_work(queue, routes(peer)):
        await settled(queue, 1)
        queue.clock.now -= 36_000
        await settled(queue, 2)

    assert queue.states() == {1: DELIVERED}


async def test_large_mail_for_a_slow_next_hop_holds_up_neither_small_mail_nor_other_large_mail():
    class Slow(Peer):
        async def _content(self, reader):
            await self._released.wait()
            return await super()._content(reader)

    queue = new_queue()
    large = CONTENT + b"0123456789abcde\r\n" * 100_000
    for number in range(5):
        queue.put(large, due(number, message=f"m{number}", size=len(large)))
    async with (
        Slow() as outside,
        Peer() as inside,
        at_work(queue, routes(outside, inside), bytes_in_flight=5 * len(large)),
    ):
        await outside.until(lambda: outside.commands.count("DATA") == 2)
        home = {"to": "joe@westendonsixth.com", "zone": Zone.INTERNAL}
        queue.put(CONTENT, due(10, message="small", **home))
        queue.put(large, due(11, message="large", size=len(large), **home))
        await inside.until(lambda: len(inside.taken) == 2)
        queue.put(CONTENT, due(12, message="outside"))
        await outside.until(lambda: outside.commands.count("DATA") == 3)
        assert queue.reads == 5
        outside.release()
        await settled(queue, 8)

    assert set(queue.states().values()) == {DELIVERED}


async def test_a_report_that_cannot_be_made_in_full_is_made_bare(monkeypatch):
    def broken(content):
        raise ValueError("a header nobody thought of")

    monkeypatch.setattr("dlp_gateway.delivery.carrier.trace_of", broken)
    queue = new_queue()
    queue.put(CONTENT, due(1, "gone@ext.example"))
    with capture_logs() as logs:
        async with (
            Peer({"RCPT": b"550 5.1.1 user unknown\r\n"}) as outside,
            Peer() as inside,
            at_work(queue, routes(outside, inside)),
        ):
            await settled(queue, 2)

    assert "delivery.report.bare" in [entry["event"] for entry in logs]
    assert b"gone@ext.example" in inside.taken[0].content
    assert b"user unknown" not in inside.taken[0].content


async def test_no_failure_is_recorded_whose_report_cannot_be_made(monkeypatch):
    def broken(*given):
        raise ValueError("nothing can be built")

    monkeypatch.setattr("dlp_gateway.delivery.carrier.build", broken)
    queue = new_queue()
    queue.put(CONTENT, due(1, "gone@ext.example"), due(2))
    on = {"RCPT": in_turn(b"550 5.1.1 user unknown\r\n", b"250 ok\r\n")}
    with capture_logs() as logs:
        async with Peer(on) as outside, at_work(queue, routes(outside)):
            await settled(queue, 1)

    assert queue.states() == {1: None, 2: DELIVERED}
    assert "delivery.report.failed" in [entry["event"] for entry in logs]


async def test_d01_what_may_have_arrived_is_not_sent_again_at_once_for_want_of_a_report(monkeypatch):
    def broken(*given):
        raise ValueError("nothing can be built")

    monkeypatch.setattr("dlp_gateway.delivery.carrier.build", broken)
    queue = new_queue()
    queue.put(CONTENT, due(1))
    async with Peer({"CONTENT": Turn.CLOSE}) as outside, at_work(queue, routes(outside), uncertain_limit=1):
        await settled(queue, 1)

    assert (queue.outcomes[0].state, queue.outcomes[0].next_attempt) == (UNCERTAIN, queue.clock.now + 3600)


async def test_logins_read_anew_are_used_for_the_next_message(certificates):
    def where(password):
        route = RouteSettings(
            hosts=(peer.address,), tls=TlsPolicy(TlsMode.REQUIRED), credentials=Credentials("gateway", password)
        )
        return Routes(dict.fromkeys(Zone, route))

    queue = new_queue()
    peer = Peer({"AUTH": b"235 2.7.0 welcome\r\n"}, ("AUTH PLAIN",), tls=certificates.server)
    async with peer, at_work(queue, where("old")) as service:
        queue.put(CONTENT, due(1, message="m1"))
        await settled(queue, 1)
        service.use(where("new"))
        queue.put(CONTENT, due(2, message="m2"))
        await settled(queue, 2)

    sent = [base64.b64decode(line.split(" ")[2]) for line in peer.commands if line.startswith("AUTH")]
    assert sent == [b"\0gateway\0old", b"\0gateway\0new"]


async def test_a_failure_comes_back_to_the_sender_over_the_internal_route():
    queue = new_queue()
    queue.put(CONTENT, due(1, "gone@ext.example", "01JMESSAGE"), due(2, "lost@ext.example", "01JMESSAGE"))
    async with (
        Peer({"RCPT": b"550 5.1.1 user unknown\r\n"}) as outside,
        Peer() as inside,
        at_work(queue, routes(outside, inside)),
    ):
        await settled(queue, 3)

    [bounce] = inside.taken
    assert bounce.mail.startswith("MAIL FROM:<> ")
    assert bounce.rcpt == [f"RCPT TO:<{SENDER}>"]
    message = email.message_from_bytes(bounce.content)
    assert message.get_content_type() == "multipart/report"
    text = bounce.content.decode("ascii")
    for word in (
        "gone@ext.example",
        "lost@ext.example",
        "01JMESSAGE",
        "<1@westendonsixth.com>",
        "There is no such address",
    ):
        assert word in text
    assert "hello" not in text
    assert queue.outcomes[0].bounce is queue.outcomes[1].bounce
    outgoing = queue.outcomes[0].bounce
    assert (outgoing.kind, outgoing.zone, outgoing.about) == (Kind.BOUNCE, Zone.INTERNAL, "01JMESSAGE")


@pytest.mark.parametrize(
    "more", [{"sender": ""}, {"kind": Kind.BOUNCE, "sender": ""}, {"kind": Kind.NOTICE, "sender": ""}]
)
async def test_d06_the_bounce_of_a_bounce_ends(more):
    queue = new_queue()
    queue.put(CONTENT, due(**more))
    async with Peer({"RCPT": b"550 5.1.1 user unknown\r\n"}) as peer, at_work(queue, routes(peer)):
        await settled(queue, 1)

    assert queue.outcomes[0].bounce is None
    assert queue.states() == {1: FAILED}


async def test_d06_a_bounce_that_cannot_be_delivered_is_the_last():
    queue = new_queue()
    queue.put(CONTENT, due())
    async with Peer({"RCPT": b"550 5.1.1 user unknown\r\n"}) as peer, at_work(queue, routes(peer)):
        await settled(queue, 2)

    assert len(queue.rows) == 2
    assert set(queue.states().values()) == {FAILED}


async def test_success_is_reported_where_the_next_hop_does_not():
    queue = new_queue()
    queue.put(CONTENT, due(1, recipient(notify=("SUCCESS",))))
    async with Peer(extensions=("PIPELINING",)) as outside, Peer() as inside, at_work(queue, routes(outside, inside)):
        await settled(queue, 2)

    assert b"Action: relayed" in inside.taken[0].content


async def test_expiry_ends_in_one_failure():
    queue = new_queue()
    queue.put(CONTENT, due(kind=Kind.NOTICE))
    async with Peer({"MAIL": b"451 4.3.0 later\r\n"}) as peer, at_work(queue, routes(peer)):
        while queue.states()[1] is not FAILED:
            count = len(queue.outcomes)
            await queue.move(3600)
            await settled(queue, count + 1)

    assert queue.outcomes[-1].enhanced == "4.4.7"
    assert 120 <= len(queue.outcomes) <= 135


class Unreadable(MemoryQueue):
    """Gives content that no code can send, for one message: a fault of ours, not of the wire."""

    poison = "poison"

    async def content(self, message_id):
        content = await super().content(message_id)
        return None if message_id == self.poison else content


async def test_d03_a_message_that_breaks_the_send_is_set_aside_and_the_others_flow():
    queue = Unreadable(new_queue().clock)
    queue.put(CONTENT, due(1, "jane@ext.example", "poison", kind=Kind.NOTICE))
    queue.put(CONTENT, due(2, message="good"))
    with capture_logs() as logs:
        async with Peer() as peer, at_work(queue, routes(peer), poison_limit=3):
            await queue.until(lambda: queue.states()[2] is DELIVERED)
            for attempt in range(1, 4):
                await queue.until(lambda: queue.rows[1].due.attempts == attempt)  # noqa: B023
                await queue.move(3600)

    assert queue.states() == {1: FAILED, 2: DELIVERED}
    assert [o.enhanced for o in queue.outcomes if o.delivery_id == 1] == ["4.3.0", "4.3.0", "5.3.0"]
    faults = [entry for entry in logs if entry["event"] == "delivery.fault"]
    assert [entry["faults"] for entry in faults] == [1, 2, 3]
    assert "jane" not in repr(logs)
    logged = place_of_exception(None, "error", faults[0])
    assert logged["error"] == "AttributeError"
    assert "transaction.py" in logged["error_at"][-1]


async def test_d03_the_sender_of_a_poisonous_message_hears_of_it_without_its_headers():
    queue = Unreadable(new_queue().clock)
    queue.put(CONTENT, due(1, message="poison", lost=5))
    async with Peer() as peer, at_work(queue, routes(peer), poison_limit=5):
        queue.rows[1].due = replace(queue.rows[1].due, lost=5)
        queue.rows[1].leased_to = "dead"
        await settled(queue, 2)

    assert queue.reads == 1
    assert b"set aside" in peer.taken[0].content
    assert b"Message-ID: <1@" not in peer.taken[0].content


async def test_d03_a_message_that_kills_its_worker_is_set_aside():
    queue = new_queue()
    queue.put(CONTENT, due(1, kind=Kind.NOTICE))
    for _ in range(3):
        await queue.lease("dies", 10, queue.clock.now, 60)
        await queue.move(61)
    async with Peer() as peer, at_work(queue, routes(peer), poison_limit=3):
        await settled(queue, 1)

    assert (queue.outcomes[0].state, queue.outcomes[0].enhanced) == (FAILED, "5.3.0")
    assert queue.reads == 0
    assert peer.taken == []


async def test_d03_messages_that_were_beside_a_deadly_one_are_not_set_aside_with_it():
    queue = new_queue()
    for number in range(3):
        queue.put(CONTENT, due(number, f"r{number}@ext.example", f"m{number}"))
    # Two workers died with all three on lease.
    for _ in range(2):
        await queue.lease("dies", 10, queue.clock.now, 60)
        await queue.move(61)
    async with Peer() as peer, at_work(queue, routes(peer), poison_limit=3):
        await settled(queue, 3)

    assert set(queue.states().values()) == {DELIVERED}
    assert sorted(queue.renewals[0]) == [0, 1, 2]
    assert sorted(queue.accused) == [(0,), (1,), (2,)]


async def test_d03_a_message_that_was_only_slow_when_its_worker_was_killed_is_not():
    queue = new_queue()
    queue.put(CONTENT, due(1))
    await queue.lease("killed", 10, queue.clock.now, 60)
    await queue.move(61)
    async with Peer({"DATA": (Turn.STALL, b"354 go\r\n")}) as peer, at_work(queue, routes(peer)):
        await peer.until(lambda: "DATA" in peer.commands)
        assert queue.accused == [(1,)]
        assert queue.rows[1].renewed
        peer.release()
        await settled(queue, 1)

    assert queue.states() == {1: DELIVERED}


async def test_d03_nothing_is_blamed_while_it_waits_for_room_in_memory():
    queue = new_queue()
    queue.put(CONTENT, due(1))
    await queue.lease("killed", 10, queue.clock.now, 60)
    await queue.move(61)
    async with Peer() as peer, at_work(queue, routes(peer), bytes_in_flight=8000) as service:
        allowance = service._carrier.allowance
        assert allowance.take_at_once(8000, "another")
        queue.rows[1].due = replace(queue.rows[1].due, size=1000)
        await peer.until(lambda: bool(peer.commands))
        assert queue.accused == []
        assert queue.reads == 0
        allowance.give(8000, "another")
        await settled(queue, 1)

    assert queue.accused == [(1,)]
    assert queue.states() == {1: DELIVERED}


async def test_the_messages_of_a_dead_worker_are_taken_up_by_another():
    queue = new_queue()
    for number in range(5):
        queue.put(CONTENT, due(number, message=f"m{number}"))
    await queue.lease("dead", 100, queue.clock.now, 60)
    async with Peer() as peer, at_work(queue, routes(peer)):
        await queue.until(lambda: queue.leases >= 2)
        assert peer.taken == []
        await queue.move(60)
        await settled(queue, 5)

    assert len(peer.taken) == 5


async def test_two_workers_share_a_queue_without_sending_twice():
    queue = new_queue()
    for number in range(200):
        queue.put(CONTENT, due(number, message=f"m{number}"))
    async with (
        Peer() as peer,
        at_work(queue, routes(peer), worker="one", batch=10),
        at_work(queue, routes(peer), worker="two", batch=10),
    ):
        while len(queue.outcomes) < 200:
            queue.poke()
            await settled(queue, len(queue.outcomes) + 1)

    assert len(peer.taken) == 200


async def test_a_message_whose_lease_is_lost_is_not_sent():
    class Frozen(MemoryQueue):
        async def content(self, message_id):
            # The machine slept here for longer than the lease.
            self.clock.now += 3600
            return await super().content(message_id)

    queue = Frozen(new_queue().clock)
    queue.put(CONTENT, due())
    with capture_logs() as logs:
        async with Peer() as peer, at_work(queue, routes(peer)):
            await queue.until(lambda: queue.reads == 1)

    assert "delivery.lease.lost" in [entry["event"] for entry in logs]
    assert peer.taken == []
    assert queue.outcomes == []
    assert queue.renewals == []


async def test_d04_a_leap_of_the_clock_does_not_send_what_is_being_sent():
    queue = new_queue()
    queue.put(CONTENT, due())
    on = {"CONTENT": in_turn((Turn.STALL, b"250 2.0.0 ok\r\n"), b"250 2.0.0 ok\r\n")}
    async with Peer(on) as peer, at_work(queue, routes(peer)):
        await peer.until(lambda: len(peer.taken) == 1)
        await queue.move(3600)
        # What comes after the leap is sent, so the first would have been, too.
        for number in (2, 3, 4):
            queue.put(CONTENT, due(number, message=f"m{number}"))
            await queue.until(lambda: queue.states()[number] is DELIVERED)  # noqa: B023
        peer.release()
        await queue.until(lambda: queue.states()[1] is DELIVERED)

    assert len(peer.taken) == 4


async def test_d09_what_is_in_flight_is_finished_before_stopping():
    queue = new_queue()
    for number in range(5):
        queue.put(CONTENT, due(number, message=f"m{number}"))
    async with Peer({"CONTENT": (Turn.STALL, b"250 2.0.0 ok\r\n")}) as peer, at_work(queue, routes(peer)) as service:
        await peer.until(lambda: len(peer.taken) == 5)
        queue.put(CONTENT, due(9, message="m9"))
        draining = asyncio.create_task(service.drain())
        await asyncio.sleep(0)
        peer.release()
        await draining

    assert sum(state is DELIVERED for state in queue.states().values()) >= 5
    assert len(peer.taken) == sum(state is DELIVERED for state in queue.states().values())
    assert peer.commands[-1] == "QUIT"


async def test_d09_what_does_not_finish_in_time_is_given_back_or_uncertain():
    queue = new_queue()
    queue.put(CONTENT, due(1, message="before"))
    queue.put(CONTENT, due(2, message="after", to="eve@ext.example"))
    on = {
        "RCPT": lambda line: Turn.STALL if "bob" in line else b"250 ok\r\n",
        "CONTENT": Turn.STALL,
    }
    async with Peer(on, ("SIZE 1000000",)) as peer, at_work(queue, routes(peer), drain=0.05):
        await peer.until(lambda: bool(peer.taken) and any("bob" in line for line in peer.commands))

    assert queue.states() == {1: None, 2: UNCERTAIN}
    assert queue.outcomes[0].text == "the gateway was stopped after the message was sent"
    assert queue.renewals == [(1,)]
    assert queue.rows[1].at == queue.clock.now
    assert queue.rows[1].due.attempts == 0


async def test_d09_no_failure_is_recorded_whose_report_could_not_be_made_in_time():
    class Slow(MemoryQueue):
        async def content(self, message_id):
            await super().content(message_id)
            return await asyncio.Event().wait()

    queue = Slow(new_queue().clock)
    queue.put(CONTENT, due(to="bob@[IPv6:none]"))
    route = RouteSettings(mx=True)
    async with at_work(queue, Routes(dict.fromkeys(Zone, route)), drain=0.05):
        await queue.until(lambda: queue.reads == 1)

    assert queue.states() == {1: None}
    assert queue.renewals == [(1,)]


async def test_d09_draining_a_service_that_never_ran_returns():
    queue = new_queue()
    from dlp_gateway.delivery.worker import DeliveryService

    async with Peer() as peer:
        await DeliveryService(queue, routes(peer), SETTINGS).drain()


class Moody(MemoryQueue):
    """Fails a number of times at what ``on`` names."""

    def __init__(self, clock, on, times):
        super().__init__(clock)
        self.on, self.times = on, times

    def _mood(self, what):
        if what == self.on and self.times > 0:
            self.times -= 1
            raise OSError("database is locked")

    async def lease(self, *args):
        self._mood("lease")
        return await super().lease(*args)

    async def settle(self, *args):
        self._mood("settle")
        await super().settle(*args)

    async def content(self, message_id):
        self._mood("content")
        return await super().content(message_id)

    async def wait(self, seconds):
        self._mood("wait")
        await super().wait(seconds)


@pytest.mark.parametrize(("on", "attempts"), [("lease", 1), ("settle", 1), ("wait", 1), ("content", 2)])
async def test_a_store_that_fails_for_a_while_loses_and_doubles_nothing(on, attempts, monkeypatch):
    monkeypatch.setattr("dlp_gateway.delivery.worker.PAUSE", 0.01)
    queue = Moody(new_queue().clock, on, 1 if on == "content" else 4)
    queue.put(CONTENT, due())
    with capture_logs() as logs:
        async with Peer() as peer, at_work(queue, routes(peer)):
            await settled(queue, 1)
            await queue.move(60)
            await settled(queue, attempts)

    assert queue.states() == {1: DELIVERED}
    assert len(peer.taken) == 1
    assert all("locked" not in repr(place_of_exception(None, "error", entry)) for entry in logs)


async def test_erased_content_fails_for_good():
    queue = new_queue()
    queue.put(CONTENT, due())
    del queue.contents["m1"]
    async with Peer() as peer, at_work(queue, routes(peer)):
        await settled(queue, 2)

    assert (queue.outcomes[0].state, queue.outcomes[0].enhanced) == (FAILED, "5.3.0")
    assert queue.outcomes[0].bounce is not None


async def test_content_in_memory_is_bounded():
    queue = new_queue()
    content = b"x" * 998 + b"\r\n"
    for number in range(20):
        queue.put(content, due(number, message=f"m{number}", size=1000))
    # Of 8000 bytes 7000 are for content that is not small, and of those half for one way.
    async with (
        Peer({"CONTENT": (Turn.STALL, b"250 ok\r\n")}) as peer,
        at_work(queue, routes(peer), bytes_in_flight=8000),
    ):
        await peer.until(lambda: len(peer.taken) == 3)
        assert queue.reads == 3
        peer.release()
        await settled(queue, 20)

    assert len(peer.taken) == 20


async def test_a_maildir_takes_mail_without_a_server(tmp_path):
    queue = new_queue()
    queue.put(CONTENT, due(1, "a@ext.example"), due(2, recipient("b@ext.example", notify=("SUCCESS",))))
    box = RouteSettings(maildir=tmp_path / "outbox")
    async with at_work(queue, Routes(dict.fromkeys(Zone, box))):
        await settled(queue, 3)

    stored = sorted(path.read_bytes() for path in (tmp_path / "outbox" / "new").iterdir())
    assert len(stored) == 2
    assert any(
        each.endswith(b"Delivered-To: a@ext.example\r\nDelivered-To: b@ext.example\r\n" + CONTENT) for each in stored
    )
    assert any(b"Action: delivered" in each for each in stored)
    assert set(queue.states().values()) == {DELIVERED}


async def test_a_maildir_that_cannot_be_written_to_puts_the_mail_off(tmp_path):
    (tmp_path / "outbox").write_text("in the way")
    queue = new_queue()
    queue.put(CONTENT, due())
    async with at_work(queue, Routes(dict.fromkeys(Zone, RouteSettings(maildir=tmp_path / "outbox")))):
        await settled(queue, 1)

    assert (queue.outcomes[0].state, queue.outcomes[0].code, queue.outcomes[0].enhanced) == (DEFERRED, 452, "4.3.0")


@pytest.mark.parametrize(
    "on",
    [
        {},
        {"RCPT": b"550 5.1.1 <planted@ext.example> Planted Person unknown\r\n"},
        {"MAIL": b"451 4.7.1 planted\r\n"},
        {"CONTENT": Turn.CLOSE},
        {"CONTENT": b"554 5.6.0 Subject: planted words rejected\r\n"},
    ],
)
async def test_s19_neither_logs_nor_outcomes_hold_addresses_or_content(on):
    queue = new_queue()
    content = b"Message-ID: <1@x>\r\nSubject: planted words\r\n\r\nplanted\r\n"
    queue.put(content, due(1, "planted@ext.example", sender="planted@westendonsixth.com"))
    with capture_logs() as logs:
        async with Peer(on) as peer, at_work(queue, routes(peer, peer)):
            await settled(queue, 1)

    assert logs
    assert "lanted" not in repr(logs)
    assert "lanted" not in repr([replace(outcome, bounce=None) for outcome in queue.outcomes])
    for outcome in queue.outcomes:
        if outcome.bounce:
            assert b"words" not in outcome.bounce.content
            assert b"Person" not in outcome.bounce.content


async def test_the_log_tells_one_line_for_recipients_with_the_same_end():
    queue = new_queue()
    queue.put(CONTENT, due(1, "a@ext.example"), due(2, "b@ext.example"))
    with capture_logs() as logs:
        async with Peer() as peer, at_work(queue, routes(peer)):
            await settled(queue, 2)

    [entry] = [entry for entry in logs if entry["event"] == "delivery.attempt"]
    assert entry.pop("seconds") >= 0
    assert entry == {
        "event": "delivery.attempt",
        "log_level": "info",
        "message": "m1",
        "zone": "external",
        "state": "delivered",
        "recipients": 2,
        "code": 250,
        "enhanced": "2.0.0",
        "text": "Ok queued as 4F1C2A3B4D",
        "host": "127.0.0.1",
        "tls": "",
    }


async def test_the_gateway_calls_itself_by_its_name():
    queue = new_queue()
    queue.put(CONTENT, due())
    async with Peer() as peer, at_work(queue, routes(peer)):
        await settled(queue, 1)

    assert peer.commands[0] == f"EHLO {HOSTNAME}"
