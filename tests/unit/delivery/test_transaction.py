import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.delivery.replies import MAX_LINES
from dlp_gateway.delivery.transaction import Transaction, is_mailbox, stuff
from dlp_gateway.store.values import State
from tests.unit.delivery.examples import CONTENT, PATIENT, SENDER, mail, recipient
from tests.unit.delivery.peer import EXTENSIONS, Peer, Turn, in_turn
from tests.unit.delivery.sessions import send, session_with

WITHOUT_PIPELINING = tuple(each for each in EXTENSIONS if each != "PIPELINING")
BOTH = pytest.mark.parametrize("extensions", [EXTENSIONS, WITHOUT_PIPELINING], ids=["pipelined", "one by one"])
LARGE = b"Subject: x\r\n\r\n" + b"0123456789" * 7 + b"\r\n" + b"line\r\n" * 500_000


async def outcome(on, *, extensions=EXTENSIONS, message=None, timeouts=PATIENT):
    """One message over a fresh session: its results as tuples, and whether the session is still good."""
    async with Peer(on, extensions) as peer, session_with(peer) as session:
        results = await send(session, message or mail(), timeouts)
        return [(r.state, r.code, r.enhanced) for r in results if r], session.usable


@BOTH
async def test_a_message_arrives_with_its_envelope(extensions):
    async with Peer(extensions=extensions) as peer, session_with(peer) as session:
        first = await send(session, mail("bob@ext.example", "eve@ext.example"))
        second = await send(session, mail("joe@ext.example", sender=""))

    assert [(r.state, r.code, r.text, r.host) for r in first] == [
        (State.DELIVERED, 250, "Ok queued as 4F1C2A3B4D", "peer.example")
    ] * 2
    assert second[0].state is State.DELIVERED
    assert [(m.mail, m.rcpt, m.content) for m in peer.taken] == [
        (
            f"MAIL FROM:<{SENDER}> SIZE={len(CONTENT)}",
            ["RCPT TO:<bob@ext.example>", "RCPT TO:<eve@ext.example>"],
            CONTENT,
        ),
        (f"MAIL FROM:<> SIZE={len(CONTENT)}", ["RCPT TO:<joe@ext.example>"], CONTENT),
    ]
    assert "RSET" not in peer.commands


# What a server may do at each point, and what that means for the recipient: state, code, enhanced code, session usable.
FAULTS = {
    "mail 4xx": ({"MAIL": b"451 4.3.0 later\r\n"}, State.DEFERRED, 451, "4.3.0", True),
    "mail 5xx": ({"MAIL": b"550 5.7.1 no\r\n"}, State.FAILED, 550, "5.7.1", True),
    "mail 421": ({"MAIL": b"421 4.3.2 bye\r\n"}, State.DEFERRED, 421, "4.3.2", False),
    "mail 354": ({"MAIL": b"354 what\r\n"}, State.DEFERRED, 451, "4.5.0", True),
    "mail close": ({"MAIL": Turn.CLOSE}, State.DEFERRED, 451, "4.4.2", False),
    "mail reset": ({"MAIL": Turn.RESET}, State.DEFERRED, 451, "4.4.2", False),
    "mail nonsense": ({"MAIL": b"what?\r\n"}, State.DEFERRED, 451, "4.5.0", False),
    "rcpt 4xx": ({"RCPT": b"450 4.2.1 greylisted\r\n"}, State.DEFERRED, 450, "4.2.1", True),
    "rcpt 5xx": ({"RCPT": b"550 5.1.1 unknown\r\n"}, State.FAILED, 550, "5.1.1", True),
    "rcpt close": ({"RCPT": Turn.CLOSE}, State.DEFERRED, 451, "4.4.2", False),
    "rcpt 421": ({"RCPT": b"421 4.7.0 enough\r\n"}, State.DEFERRED, 421, "4.7.0", False),
    "data 4xx": ({"DATA": b"451 4.3.0 later\r\n"}, State.DEFERRED, 451, "4.3.0", True),
    "data 5xx": ({"DATA": b"554 5.7.1 no\r\n"}, State.FAILED, 554, "5.7.1", True),
    "data 250": ({"DATA": b"250 2.0.0 sure\r\n"}, State.DEFERRED, 451, "4.5.0", False),
    "data 354 and 250 ahead of the content": (
        {"DATA": b"354 go\r\n250 2.0.0 taken\r\n"},
        State.DEFERRED,
        451,
        "4.5.0",
        False,
    ),
    "data close": ({"DATA": Turn.CLOSE}, State.DEFERRED, 451, "4.4.2", False),
    "dot 4xx": ({"CONTENT": b"452 4.3.1 full\r\n"}, State.DEFERRED, 452, "4.3.1", True),
    "dot 5xx": ({"CONTENT": b"554 5.6.0 no\r\n"}, State.FAILED, 554, "5.6.0", True),
    "dot 421": ({"CONTENT": b"421 4.3.2 stopping\r\n"}, State.DEFERRED, 421, "4.3.2", False),
    "dot several lines": ({"CONTENT": b"250-2.0.0 a\r\n250 2.0.0 b\r\n"}, State.DELIVERED, 250, "2.0.0", True),
    "dot 250 and nonsense": ({"CONTENT": b"250 2.0.0 taken\r\n?!\r\n"}, State.DELIVERED, 250, "2.0.0", False),
    "dot 250 and close": ({"CONTENT": (b"250 2.0.0 taken\r\n", Turn.CLOSE)}, State.DELIVERED, 250, "2.0.0", None),
    "dot close": ({"CONTENT": Turn.CLOSE}, State.UNCERTAIN, 451, "4.4.2", False),
    "dot reset": ({"CONTENT": Turn.RESET}, State.UNCERTAIN, 451, "4.4.2", False),
    "dot half a reply": ({"CONTENT": (b"250-2.0.0 half", Turn.CLOSE)}, State.UNCERTAIN, 451, "4.4.2", False),
    "dot nonsense": ({"CONTENT": b"<html>\r\n"}, State.UNCERTAIN, 451, "4.4.2", False),
    "dot 354": ({"CONTENT": b"354 again\r\n"}, State.UNCERTAIN, 451, "4.4.2", False),
    "dot endless line": ({"CONTENT": b"250 " + b"x" * 100_000}, State.UNCERTAIN, 451, "4.4.2", False),
    "dot endless reply": ({"CONTENT": b"250-x\r\n" * (MAX_LINES + 5)}, State.UNCERTAIN, 451, "4.4.2", False),
}


@BOTH
@pytest.mark.parametrize(("on", "state", "code", "enhanced", "usable"), FAULTS.values(), ids=FAULTS)
async def test_s20_the_outcome_follows_the_next_hop(on, state, code, enhanced, usable, extensions):
    results, still_usable = await outcome(on, extensions=extensions)

    assert results == [(state, code, enhanced)]
    assert usable in (None, still_usable)


@BOTH
@pytest.mark.parametrize(
    ("verb", "phase", "state"),
    [
        ("MAIL", "mail", State.DEFERRED),
        ("RCPT", "rcpt", State.DEFERRED),
        ("DATA", "data", State.DEFERRED),
        ("CONTENT", "final", State.UNCERTAIN),
    ],
)
async def test_a_server_that_stalls_is_left(verb, phase, state, extensions):
    timeouts = replace(PATIENT, **{phase: 0.05})
    results, usable = await outcome({verb: Turn.STALL}, extensions=extensions, timeouts=timeouts)

    assert [result[0] for result in results] == [state]
    assert not usable


async def test_d01_a_reset_while_the_content_leaves_is_never_taken_for_delivery():
    """The content may be on its way when the reset comes; whether it is depends on who is faster."""
    results, usable = await outcome({"DATA": (b"354 go\r\n", Turn.RESET)})

    assert results[0][0] in (State.DEFERRED, State.UNCERTAIN)
    assert not usable


@pytest.mark.parametrize(
    "on",
    [{"CONTENT": Turn.CLOSE}, {"CONTENT": Turn.RESET}, {"CONTENT": Turn.STALL}],
    ids=["closes", "resets", "stalls"],
)
async def test_d01_a_line_that_breaks_after_the_final_dot_is_uncertain(on):
    async with Peer(on) as peer, session_with(peer) as session:
        results = await send(session, mail("bob@ext.example", "eve@ext.example"), replace(PATIENT, final=0.05))

    assert len(peer.taken) == 1
    assert [(r.state, r.elsewhere) for r in results] == [(State.UNCERTAIN, False)] * 2
    assert "after the message was sent" in results[0].text


async def test_d01_a_recipient_that_was_refused_is_not_uncertain():
    async with (
        Peer({"RCPT": in_turn(b"550 5.1.1 unknown\r\n", b"250 ok\r\n"), "CONTENT": Turn.CLOSE}) as peer,
        session_with(peer) as session,
    ):
        results = await send(session, mail("bob@ext.example", "eve@ext.example"))

    assert [r.state for r in results] == [State.FAILED, State.UNCERTAIN]


async def test_d01_a_line_that_breaks_in_the_middle_of_the_content_is_certain():
    """The end was never sent, so the message is not with the next hop: put off, nothing more."""

    class Deaf(Peer):
        async def _content(self, reader):
            await reader.read(1000)
            raise ConnectionResetError

    async with Deaf() as peer, session_with(peer) as session:
        results = await send(session, mail(content=LARGE * 5))

    assert [(r.state, r.elsewhere) for r in results] == [(State.DEFERRED, True)]


async def test_a_server_that_stops_reading_is_left():
    class Full(Peer):
        async def _content(self, reader):
            await self._released.wait()
            return b""

    async with Full() as peer, session_with(peer) as session:
        results = await send(session, mail(content=LARGE * 5), replace(PATIENT, block=0.05))

    assert [(r.state, r.text) for r in results] == [(State.DEFERRED, "the server stopped reading")]


async def test_a_server_that_takes_each_block_in_time_and_all_of_them_too_slowly_is_left():
    class Slow(Peer):
        async def _content(self, reader):
            reader._limit = 1
            while await reader.read(1024):
                pass
            raise ConnectionResetError

    async with Slow() as peer, session_with(peer) as session:
        results = await send(session, mail(content=LARGE * 5), replace(PATIENT, content=0.001))
        assert session.broken

    assert [(r.state, r.enhanced, r.text) for r in results] == [
        (State.DEFERRED, "4.4.2", "the server reads too slowly")
    ]


@pytest.mark.parametrize(
    ("reply", "state", "code"),
    [
        (b"552 5.3.4 too large\r\n", State.FAILED, 552),
        (b"421 4.7.0 bye\r\n", State.DEFERRED, 421),
        (b"250 2.0.0 that will do\r\n", State.DEFERRED, 451),
    ],
)
async def test_a_refusal_in_the_middle_of_the_content_is_heard(reply, state, code):
    class Impatient(Peer):
        async def _content(self, reader):
            await reader.read(1000)
            self.writer.write(reply)
            await self._released.wait()
            return b""

        async def _session(self, reader, writer):
            self.writer = writer
            await super()._session(reader, writer)

    async with Impatient() as peer, session_with(peer) as session:
        results = await send(session, mail(content=LARGE * 5))
        assert session.broken

    assert [(r.state, r.code) for r in results] == [(state, code)]


@BOTH
async def test_each_recipient_has_an_outcome_of_its_own(extensions):
    replies = {
        "ok@ext.example": b"250 2.1.5 ok\r\n",
        "later@ext.example": b"450 4.2.2 mailbox full\r\n",
        "gone@ext.example": b"550 5.1.1 user unknown\r\n",
        "moved@ext.example": b"251 2.1.5 will forward\r\n",
    }
    on = {"RCPT": lambda line: replies[line.partition("<")[2].partition(">")[0]]}

    async with Peer(on, extensions) as peer, session_with(peer) as session:
        results = await send(session, mail(*replies))

    assert [(r.state, r.enhanced) for r in results] == [
        (State.DELIVERED, "2.0.0"),
        (State.DEFERRED, "4.2.2"),
        (State.FAILED, "5.1.1"),
        (State.DELIVERED, "2.0.0"),
    ]
    assert [r.elsewhere for r in results] == [False, True, False, False]
    assert peer.taken[0].rcpt == ["RCPT TO:<ok@ext.example>", "RCPT TO:<moved@ext.example>"]


async def test_d07_goodbye_in_the_middle_leaves_every_recipient_for_later():
    on = {"RCPT": in_turn(b"250 ok\r\n", (b"421 4.3.2 shutting down\r\n", Turn.CLOSE))}
    results, usable = await outcome(on, message=mail("a@ext.example", "b@ext.example", "c@ext.example"))

    assert results == [(State.DEFERRED, 421, "4.3.2")] * 3
    assert not usable


@BOTH
async def test_a_session_is_reset_before_the_next_message(extensions):
    async with (
        Peer({"RCPT": in_turn(b"550 5.1.1 unknown\r\n", b"250 ok\r\n")}, extensions) as peer,
        session_with(peer) as session,
    ):
        await send(session, mail())
        results = await send(session, mail())

    assert results[0].state is State.DELIVERED
    assert [line.split(" ")[0] for line in peer.commands if not line.startswith("RCPT")] in (
        ["EHLO", "MAIL", "DATA", "RSET", "MAIL", "DATA"],
        ["EHLO", "MAIL", "RSET", "MAIL", "DATA"],
    )


async def test_a_server_that_wants_data_for_nobody_gets_nothing():
    on = {"RCPT": in_turn(b"550 5.1.1 no\r\n", b"250 ok\r\n"), "DATA": b"354 go ahead\r\n"}
    async with Peer(on) as peer, session_with(peer) as session:
        refused = await send(session, mail())
        taken = await send(session, mail())

    assert [refused[0].state, taken[0].state] == [State.FAILED, State.DELIVERED]
    assert [m.content for m in peer.taken] == [b"", CONTENT]
    assert peer.taken[0].rcpt == []


@pytest.mark.parametrize(
    ("missing", "message", "code", "enhanced"),
    [
        ("SIZE 20000000", None, 250, "2.0.0"),
        ("8BITMIME", mail(content=b"\r\ncaf\xe9\r\n"), 554, "5.6.3"),
        ("8BITMIME", mail(content=b"\r\nplain\r\n", eight_bit=True), 250, "2.0.0"),
        ("SMTPUTF8", mail("jürgen@ext.example"), 550, "5.6.7"),
        ("SMTPUTF8", mail(sender="jürgen@westendonsixth.com"), 550, "5.6.7"),
        ("SMTPUTF8", mail(content="Subject: é\r\n\r\nx\r\n".encode(), smtputf8=True), 550, "5.6.7"),
        ("SMTPUTF8", mail(content="Subject: e\r\n\r\né\r\n".encode(), smtputf8=True), 250, "2.0.0"),
        ("SMTPUTF8", mail(smtputf8=True), 250, "2.0.0"),
    ],
)
async def test_s13_what_the_next_hop_cannot_take_as_it_is_fails(missing, message, code, enhanced):
    extensions = tuple(each for each in EXTENSIONS if each != missing)
    async with Peer(extensions=extensions) as peer, session_with(peer) as session:
        results = await send(session, message or mail())
        assert session.usable

    assert [(r.code, r.enhanced) for r in results] == [(code, enhanced)]
    assert len(peer.taken) == (1 if code == 250 else 0)


@BOTH
async def test_what_the_next_hop_cannot_take_for_one_recipient_the_others_get(extensions):
    message = mail("jürgen@ext.example", "bob@ext.example", "x@ext.example>\r\nRSET", "eve@ext.example", smtputf8=True)
    on = {"RCPT": in_turn(b"250 ok\r\n", b"550 5.1.1 unknown\r\n")}
    without = tuple(each for each in extensions if each != "SMTPUTF8")
    async with Peer(on, without) as peer, session_with(peer) as session:
        results = await send(session, message)

    assert [(r.enhanced, r.elsewhere) for r in results] == [
        ("5.6.7", True),
        ("2.0.0", False),
        ("5.1.3", False),
        ("5.1.1", False),
    ]
    assert peer.taken[0].rcpt == ["RCPT TO:<bob@ext.example>"]
    assert "RSET" not in peer.commands


@pytest.mark.parametrize(
    ("to", "word"), [("jürgen@ext.example", " SMTPUTF8"), ("bob@ext.example", "")], ids=["utf-8", "ascii"]
)
async def test_smtputf8_is_asked_for_where_a_recipient_needs_it(to, word):
    async with Peer() as peer, session_with(peer) as session:
        results = await send(session, mail(to))

    assert results[0].state is State.DELIVERED
    assert peer.taken[0].mail == f"MAIL FROM:<{SENDER}> SIZE={len(CONTENT)}{word}"


@BOTH
@pytest.mark.parametrize(
    ("foreign", "state", "enhanced"), [(False, State.DEFERRED, "4.7.0"), (True, State.FAILED, "5.7.0")]
)
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
async def test_a_smart_host_that_wants_a_login_or_tls_first_is_no_fault_of_the_message(
    verb, foreign, state, enhanced, extensions
):
    on = {verb: b"530 5.7.0 Must issue STARTTLS first\r\n"}
    async with Peer(on, extensions) as peer, session_with(peer, foreign=foreign) as session:
        results = await send(session, mail())

    assert [(r.state, r.code, r.enhanced, r.elsewhere) for r in results] == [(state, 530, enhanced, not foreign)]


@BOTH
@pytest.mark.parametrize(
    ("on", "elsewhere"),
    [
        ({"MAIL": b"552 5.3.4 message too big\r\n"}, True),
        ({"MAIL": b"552 message size exceeds fixed maximum\r\n"}, True),
        ({"MAIL": b"550 5.6.7 no addresses in UTF-8\r\n"}, True),
        ({"RCPT": b"554 5.6.3 conversion required\r\n"}, True),
        ({"RCPT": b"553 5.6.9 no headers in UTF-8\r\n"}, True),
        ({"DATA": b"552 5.3.4 message too big\r\n"}, True),
        ({"CONTENT": b"552 5.3.4 message too big\r\n"}, True),
        ({"RCPT": b"552 5.2.2 mailbox full\r\n"}, False),
        ({"RCPT": b"552 mailbox full\r\n"}, False),
        ({"CONTENT": b"552 5.7.0 unwanted content\r\n"}, False),
        ({"MAIL": b"552 5.7.1 unwanted\r\n"}, False),
    ],
)
async def test_what_a_server_says_it_cannot_take_as_it_is_another_may(on, elsewhere, extensions):
    async with Peer(on, extensions) as peer, session_with(peer) as session:
        results = await send(session, mail())

    assert [(r.state, r.elsewhere) for r in results] == [(State.FAILED, elsewhere)]


@pytest.mark.parametrize(
    ("announced", "size", "enhanced"),
    [
        ("SIZE 1000", 1001, "5.3.4"),
        ("SIZE 1000", 1000, "2.0.0"),
        ("SIZE 0", 5000, "2.0.0"),
        ("SIZE", 5000, "2.0.0"),
        ("SIZE ٣", 5000, "2.0.0"),
        ("SIZE " + "9" * 5000, 5000, "2.0.0"),
    ],
)
async def test_the_size_the_next_hop_takes_is_kept(announced, size, enhanced):
    content = b"x" * (size - 2) + b"\r\n"
    async with Peer(extensions=("PIPELINING", announced[:3000])) as peer, session_with(peer) as session:
        results = await send(session, mail(content=content))

    assert results[0].enhanced == enhanced


@pytest.mark.parametrize(
    ("message", "extensions", "expected"),
    [
        (mail(eight_bit=True), EXTENSIONS, f"MAIL FROM:<{SENDER}> SIZE={len(CONTENT)} BODY=8BITMIME"),
        (mail(content=b"\r\n\xff\r\n"), EXTENSIONS, f"MAIL FROM:<{SENDER}> SIZE=5 BODY=8BITMIME"),
        (
            mail(sender="é@westendonsixth.com"),
            EXTENSIONS,
            f"MAIL FROM:<é@westendonsixth.com> SIZE={len(CONTENT)} SMTPUTF8",
        ),
        (
            mail(ret="HDRS", envid="QQ314159+2B"),
            EXTENSIONS,
            f"MAIL FROM:<{SENDER}> SIZE={len(CONTENT)} RET=HDRS ENVID=QQ314159+2B",
        ),
        (mail(ret="HDRS", envid="QQ314159"), WITHOUT_PIPELINING[:3], f"MAIL FROM:<{SENDER}> SIZE={len(CONTENT)}"),
        (mail(ret="ALL", envid="a b"), EXTENSIONS, f"MAIL FROM:<{SENDER}> SIZE={len(CONTENT)}"),
        (mail(envid="a\r\nRSET"), EXTENSIONS, f"MAIL FROM:<{SENDER}> SIZE={len(CONTENT)}"),
        (mail(), (), f"MAIL FROM:<{SENDER}>"),
    ],
)
async def test_s13_mail_carries_the_parameters_the_peer_understands(message, extensions, expected):
    async with Peer(extensions=extensions) as peer, session_with(peer) as session:
        await send(session, message)

    assert peer.taken[0].mail == expected


@pytest.mark.parametrize(
    ("notify", "orcpt", "extensions", "expected"),
    [
        (("NEVER",), None, EXTENSIONS, " NOTIFY=NEVER"),
        (
            ("SUCCESS", "DELAY"),
            "rfc822;Bob+2Bx@ext.example",
            EXTENSIONS,
            " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2Bx@ext.example",
        ),
        (("SUCCESS",), "rfc822;bob@ext.example", ("PIPELINING",), ""),
        (("SOMETIMES",), "rfc822;a b", EXTENSIONS, ""),
        (("NEVER\r\nRSET",), "rfc822;a\r\nRSET", EXTENSIONS, ""),
    ],
)
async def test_s13_rcpt_carries_the_parameters_the_peer_understands(notify, orcpt, extensions, expected):
    async with Peer(extensions=extensions) as peer, session_with(peer) as session:
        results = await send(session, mail(recipient(notify=notify, orcpt=orcpt)))

    assert peer.taken[0].rcpt == ["RCPT TO:<bob@ext.example>" + expected]
    assert results[0].reports == ("DSN" in extensions)


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("bob@ext.example", True),
        ("bob@[192.0.2.1]", True),
        ("bob@[IPv6:2001:db8::1]", True),
        ('"b ob"@ext.example', True),
        ('"b\\"o>b"@ext.example', True),
        ("jürgen@müller.example", True),
        ("a@b@ext.example", True),
        ("postmaster", True),
        ("bob", False),
        ("", False),
        ("bob@", False),
        ("@ext.example", False),
        ("bob@ext.example>\r\nRCPT TO:<eve@ext.example", False),
        ("bob@ext.example\n", False),
        ("bob@ext.example> SIZE=1", False),
        ("bo b@ext.example", False),
        ("bob\0@ext.example", False),
        ("bob\x7f@ext.example", False),
        ('"bob@ext.example', False),
        ('"b"b@ext.example', False),
        ('"b\\\r\n"@ext.example', False),
        ("b\\@ext.example", False),
        ("bob@ext.exam\udc80ple", False),
        ("<bob@ext.example>", False),
    ],
)
def test_s03_only_a_mailbox_is_put_between_angle_brackets(address, safe):
    assert is_mailbox(address) is safe


@pytest.mark.parametrize("field", ["sender", "recipient"])
async def test_s03_an_address_that_would_be_a_command_is_not_sent(field):
    bad = "bob@ext.example>\r\nRSET\r\nMAIL FROM:<eve@ext.example"
    message = mail(sender=bad) if field == "sender" else mail(bad)
    async with Peer() as peer, session_with(peer) as session:
        results = await send(session, message)

    assert {(r.state, r.enhanced) for r in results} == {(State.FAILED, "5.1.3")}
    assert [line.split(" ")[0] for line in peer.commands] == ["EHLO"]


@pytest.mark.parametrize(
    "content",
    [
        b"a\nb\r\n",
        b"a\rb\r\n",
        b"a\r\n.\nb\r\n",
        b"a\n.\r\nb\r\n",
        b"a\r.\r\n",
        b"a\r\r\n",
        b"a\n\r\n",
        b"no end",
        b"a\r",
    ],
)
async def test_s01_content_that_could_be_read_in_two_ways_is_not_sent(content):
    async with Peer() as peer, session_with(peer) as session:
        results = await send(session, mail(content=content))

    assert [(r.state, r.enhanced) for r in results] == [(State.FAILED, "5.6.0")]
    assert peer.taken == []


ODD = [
    b"",
    b"\r\n",
    b".\r\n",
    b"..\r\n",
    b".\r\n.\r\n",
    b"\r\n.\r\n\r\n",
    b"a\r\n.\r\nMAIL FROM:<eve@ext.example>\r\n",
    b".leading\r\n..two\r\n. \r\n.\t.\r\n",
    b"nul \0 and 8-bit \x80\xff and controls \x01\x0b\x0c\x1a\x7f\r\n",
    b"x" * 1_000_000 + b"\r\n",
    b".\r\n" * 100_000,
    (b"." * 65_536 + b"\r\n") * 5,
    b"x" * 65_535 + b"\r\n.\r\n" + b"y" * 65_531 + b"\r\n.\r\n",
    b"\x85\xe2\x80\xa8\r\n.\x85\r\n",
]


@BOTH
async def test_s01_what_arrives_is_what_was_given(extensions):
    async with Peer(extensions=extensions) as peer, session_with(peer) as session:
        for content in ODD:
            await send(session, mail(content=content))

    assert [message.content for message in peer.taken] == ODD


PIECES = st.sampled_from([b"\r\n", b"\r\n.", b".", b"\r\n.\r\n", b"..", b"\0", b"\xff", b" ", b"DATA", b"x" * 998])


@given(st.lists(st.lists(st.one_of(PIECES, st.binary(max_size=8)), max_size=40), max_size=5))
def test_s01_what_arrives_is_what_was_given_whatever_it_is(messages):
    contents = []
    for pieces in messages:
        raw = b"".join(pieces).replace(b"\r\n", b"\n").replace(b"\r", b"").replace(b"\n", b"\r\n")
        contents.append(raw if raw.endswith(b"\r\n") else raw + b"\r\n")

    async def exchange():
        async with Peer() as peer, session_with(peer) as session:
            for content in contents:
                await send(session, mail(content=content))
            return [message.content for message in peer.taken]

    assert asyncio.run(exchange()) == contents


@given(st.binary())
def test_stuffing_touches_nothing_but_dots_at_the_start_of_lines(content):
    stuffed = stuff(content)
    lines = stuffed.split(b"\r\n")

    assert b"\r\n".join(line.removeprefix(b".") if line.startswith(b".") else line for line in lines) == content
    assert b"." not in lines


async def test_giving_up_before_the_dot_is_a_deferral_that_another_host_may_take():
    async with Peer({"DATA": Turn.STALL}) as peer, session_with(peer) as session:
        transaction = Transaction(session, mail(), PATIENT)
        running = asyncio.create_task(transaction.run())
        await peer.until(lambda: "DATA" in peer.commands)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

        assert transaction.results == [None]
        transaction.give_up("4.3.2", "stopped")
        assert [(r.state, r.elsewhere) for r in transaction.results] == [(State.DEFERRED, True)]


async def test_what_was_heard_tells_a_dead_session_from_a_living_one():
    async with Peer({"MAIL": Turn.CLOSE}) as peer, session_with(peer) as session:
        transaction = Transaction(session, mail(), PATIENT)
        await transaction.run()
        assert not transaction.heard
    async with Peer({"MAIL": b"421 4.4.2 idle too long\r\n"}) as peer, session_with(peer) as session:
        transaction = Transaction(session, mail(), PATIENT)
        await transaction.run()
        assert not transaction.heard
    async with Peer({"RCPT": Turn.CLOSE}) as peer, session_with(peer) as session:
        transaction = Transaction(session, mail(), PATIENT)
        await transaction.run()
        assert transaction.heard


async def test_text_the_server_sends_unasked_ends_the_session():
    async with Peer({"CONTENT": b"250 ok\r\n250 and more\r\n"}) as peer, session_with(peer) as session:
        results = await send(session, mail())

        assert results[0].state is State.DELIVERED
        assert not session.usable


async def test_many_recipients_go_in_one_transaction():
    names = [f"r{n}@ext.example" for n in range(1000)]
    async with Peer() as peer, session_with(peer) as session:
        results = await send(session, mail(*names))

    assert len(results) == 1000
    assert len(peer.taken) == 1
    assert len(peer.taken[0].rcpt) == 1000
