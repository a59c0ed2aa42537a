import email
import email.policy
from dataclasses import replace

import pytest

from dlp_gateway.model import Address
from dlp_gateway.quarantine.notices import Event, Letterhead, NoticeLimiter, Occasion, compose
from dlp_gateway.smtp.addresses import AddressError, PathRole, parse_path

HEAD = Letterhead("gateway.westendonsixth.com", "Kim (extension 12)", 30)
NOW = 1_800_000_000.0
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
]


def address(text):
    local, _, domain = text.rpartition("@")
    return Address(local, domain, text)


JO, BOB, CAROL = map(address, ["jo@westendonsixth.com", "bob@client.example", "carol@westendonsixth.com"])


def notice(event=Event.HELD, sender=JO, stopped=(BOB,), **more):
    return compose(HEAD, Occasion(event, "m0-42", sender, stopped, **more), NOW)


def parsed(raw):
    return email.message_from_bytes(raw, policy=email.policy.SMTPUTF8)


def body(raw):
    return " ".join(parsed(raw).get_content().split())


# ---------------------------------------------------------------- the form


def test_no_machine_answers_it():
    found = parsed(notice())

    assert found.keys() == HEADERS
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["X-Auto-Response-Suppress"] == "All"
    assert found["From"] == "Data protection gateway <postmaster@gateway.westendonsixth.com>"
    assert found["To"] == "jo@westendonsixth.com"
    assert found["Message-ID"] == "<held.m0-42.1800000000@gateway.westendonsixth.com>"
    assert found["Date"].datetime.timestamp() == NOW


@pytest.mark.parametrize("event", Event)
def test_it_is_a_message_that_every_server_takes(event):
    raw = notice(event, paragraphs=("word " * 300, "x" * 3000, "ü" * 3000), delivered=(CAROL,), suppressed=3)

    lines = raw.split(b"\r\n")
    assert raw.endswith(b"\r\n")
    assert raw.count(b"\r") == raw.count(b"\n") == len(lines) - 1
    assert max(map(len, lines)) <= 998


@pytest.mark.parametrize(
    ("event", "title", "said", "unsaid"),
    [
        (Event.HELD, "held for review", "It has NOT been sent to: <bob@client.example>", "reason given"),
        (Event.HELD, "held for review", "not released within 30 days it is deleted", "reason given"),
        (Event.RETURNED, "returned to you", "will not be, to: <bob@client.example>", "within 30 days"),
        (Event.RELEASED, "released", "on its way to: <bob@client.example>", "within 30 days"),
        (Event.DELETED, "deleted", "It was NOT sent to: <bob@client.example>", "what to do"),
        (Event.EXPIRED, "expired", "NOT sent to: <bob@client.example>", "what to do"),
        (Event.REFUSED, "stays held", "It was NOT sent to: <bob@client.example>", "what to do"),
        (Event.WITHDRAWN, "withdrew", "tell Kim (extension 12) at once", "within 30 days"),
    ],
)
def test_each_event_has_its_words(event, title, said, unsaid):
    raw = notice(event, paragraphs=("Take it out.",))

    assert title in parsed(raw)["Subject"]
    assert parsed(raw)["Subject"].endswith(" [m0-42]")
    assert said in body(raw)
    assert "Take it out." in body(raw)
    assert unsaid not in body(raw)


def test_who_got_it_and_who_did_not_are_told_apart():
    stopped, _, delivered = body(notice(delivered=(CAROL,))).partition("It was delivered to:")

    assert ("<bob@" in stopped, "<carol@" in stopped) == (True, False)
    assert ("<bob@" in delivered, "<carol@" in delivered) == (False, True)
    assert "delivered to" not in body(notice())


def test_it_says_whom_to_ask_and_what_to_quote():
    assert body(notice()).endswith("Questions: Kim (extension 12). Please quote m0-42.")


@pytest.mark.parametrize(("count", "told"), [(0, False), (1, True), (7, True)])
def test_notices_that_were_left_out_are_told(count, told):
    assert (f"{count} more messages of yours" in body(notice(suppressed=count))) is told


def test_links_are_not_broken():
    link = "https://transfer.westendonsixth.com/" + "a" * 150

    assert link in notice(paragraphs=(f"Use {link} for this.",)).decode()


@pytest.mark.parametrize("event", [Event.HELD, Event.LINK])
def test_the_link_stands_on_a_line_of_its_own(event):
    link = "https://dlp.westendonsixth.com/sender/" + "k" * 43
    raw = notice(event, link=link)

    assert f"\r\n  {link}\r\n".encode() in raw
    assert "works once, within 14 days" in body(raw)
    assert "/sender/" not in body(notice(event))


# ---------------------------------------------------------------- addresses that would be more than that

LOCALS = [
    "jo\r\nBcc: eve@evil.example\r\n\r\nhi",
    "jo\nBcc: eve@evil.example",
    "jo\rBcc: eve@evil.example",
    "jo\x00",
    "jo\x0b\x0cBcc:",
    "jo\x85Bcc: eve@evil.example",
    "jo\u2028Bcc: eve@evil.example",
    '"jo\r\nBcc: eve@evil.example"',
    '"jo\\\r\nBcc: eve"',
    "jo>, <eve@evil.example",
    '"jo> <eve@evil.example"',
    "=?utf-8?q?jo=0D=0ABcc=3A_eve=40evil=2Eexample?=",
]


@pytest.mark.parametrize("local", LOCALS)
def test_no_such_sender_gets_past_the_smtp_side(local):
    """Or it is read as another address, whose rest is no parameter."""
    try:
        found, rest = parse_path(f"<{local}@westendonsixth.com>", PathRole.SENDER)
    except AddressError:
        return
    assert found is None or (found.local, rest) == (local, "")
    assert local.isprintable()


@pytest.mark.parametrize("local", LOCALS)
@pytest.mark.parametrize("event", Event)
def test_none_of_them_could_add_a_header_or_a_line(local, event):
    odd = Address(local, "westendonsixth.com", f"{local}@westendonsixth.com")

    raw = notice(event, sender=odd, stopped=(odd,), delivered=(odd,))

    plain = notice(event, stopped=(BOB,), delivered=(CAROL,))
    assert raw.count(b"\r\n") == plain.count(b"\r\n")
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    header = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert [line.partition(b":")[0].decode() for line in header] == HEADERS


@pytest.mark.parametrize("words", ["a\r\nBcc: eve", "a\r\n\r\n.\r\nMAIL FROM:<>", "a\x00b", "a\x85b", "\ud800"])
def test_nor_could_the_words_of_a_reviewer(words):
    raw = notice(Event.RETURNED, paragraphs=(words,))

    assert raw.count(b"\r\n") == notice(Event.RETURNED, paragraphs=("a",)).count(b"\r\n")
    assert b"\0" not in raw
    assert parsed(raw).keys() == HEADERS


@pytest.mark.parametrize("text", ["jürgen@westendonsixth.com", "王@westendonsixth.com", "o'hara+x@westendonsixth.com"])
def test_honest_senders_are_written_as_they_are(text):
    sender, rest = parse_path(f"<{text}>", PathRole.SENDER)

    raw = notice(sender=sender)

    assert rest == ""
    assert f"\r\nTo: <{text}>\r\n" in raw.decode()
    assert raw.partition(b"\r\n\r\n")[0].isascii() is text.isascii()


def test_outsiders_beyond_ascii_do_not_make_the_header_so():
    raw = notice(stopped=(address("王@client.example"),))

    assert raw.partition(b"\r\n\r\n")[0].isascii()
    assert "<王@client.example>" in body(raw)


# ---------------------------------------------------------------- giving back

OWN = {
    "plain": b"From: jo@westendonsixth.com\r\nSubject: Lunch\r\n\r\nAt one.\r\n",
    "no body": b"Subject: Lunch\r\n\r\n",
    "no header": b"\r\nAt one.\r\n",
    "eight bits": "Subject: Lunch\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nUm eins in München\r\n".encode(),
    "in parts": (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nAt one.\r\n--b--\r\n"
        b"--b\r\n\r\nno part\r\n--=_0--\r\n"
    ),
    "international header": "Subject: Grüße\r\n\r\nAt one.\r\n".encode(),
}


@pytest.mark.parametrize("name", OWN)
def test_a_message_that_is_given_back_is_attached_as_it_was_sent(name):
    raw = notice(Event.RETURNED, message=OWN[name])
    found = parsed(raw)
    words, own = found.iter_parts()

    assert found.keys() == HEADERS
    assert "Your message is attached" in words.get_content()
    assert "<bob@client.example>" in words.get_content()
    assert own.get_content_type() == ("message/global" if name == "international header" else "message/rfc822")
    boundary = found.get_boundary().encode()
    attached = raw.partition(b"Content-Disposition: attachment;")[2].partition(b"\r\n\r\n")[2]
    assert attached == OWN[name] + b"\r\n--" + boundary + b"--\r\n"
    assert raw.count(boundary) == 4


# ---------------------------------------------------------------- how many


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_sender_gets_a_burst_then_one_for_each_interval():
    clock = Clock()
    limiter = NoticeLimiter(clock, burst=3, seconds=60)

    assert [limiter.admit(JO) for _ in range(5)] == [0, 0, 0, None, None]
    clock.now = 59
    assert limiter.admit(JO) is None
    clock.now = 61
    assert limiter.admit(JO) == 3
    assert limiter.admit(JO) is None
    clock.now = 10_000
    assert [limiter.admit(JO) for _ in range(4)] == [1, 0, 0, None]


@pytest.mark.parametrize(
    ("before", "admitted", "after"),
    [
        ([], 0, [0, 0, 0, None]),  # the burst is whole again
        ([0, 0], 0, [0, None]),
        ([0, 0, 0], None, [None]),
        ([0, 0, 0, None], None, [None]),
    ],
)
def test_what_is_taken_back_was_never_asked_for(before, admitted, after):
    clock = Clock()
    limiter = NoticeLimiter(clock, burst=3, seconds=60)
    assert [limiter.admit(JO) for _ in before] == before

    assert limiter.admit(JO) == admitted
    limiter.take_back(address("JO@westendonsixth.com"), admitted)

    assert [limiter.admit(JO) for _ in after] == after
    clock.now = 61
    assert limiter.admit(JO) == [*before, *after].count(None)


def test_those_left_out_are_told_by_the_next_when_a_notice_is_taken_back():
    clock = Clock()
    limiter = NoticeLimiter(clock, burst=1, seconds=60)
    assert [limiter.admit(JO) for _ in range(3)] == [0, None, None]
    clock.now = 61
    assert limiter.admit(JO) == 2

    limiter.take_back(JO, 2)

    assert limiter.admit(JO) == 2


def test_senders_do_not_share_and_case_does_not_matter():
    limiter = NoticeLimiter(Clock(), burst=1, seconds=60)

    assert limiter.admit(JO) == 0
    assert limiter.admit(CAROL) == 0
    assert limiter.admit(address("JO@westendonsixth.com")) is None


def test_its_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(NoticeLimiter, "_SENDERS", 3)
    limiter = NoticeLimiter(Clock(), burst=1, seconds=60)
    for name in ("a", "b", "c", "d"):
        limiter.admit(address(f"{name}@westendonsixth.com"))

    assert limiter.admit(address("d@westendonsixth.com")) is None
    assert limiter.admit(address("a@westendonsixth.com")) == 0  # forgotten


@pytest.mark.parametrize(
    ("days", "said"),
    [(31, "31 days"), (31.0, "31 days"), (1.5, "1.5 days"), (1, "a day"), (0.5, "12 hours"), (0.01, "0.24 hours")],
)
def test_how_long_a_message_is_held_is_told_as_it_is(days, said):
    raw = compose(replace(HEAD, retention_days=days), Occasion(Event.HELD, "m0-42", JO, (BOB,)), NOW)

    assert f"If it is not released within {said} it is deleted." in body(raw)
