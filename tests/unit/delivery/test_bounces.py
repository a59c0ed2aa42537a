import email
import email.policy
import re
from dataclasses import replace
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.delivery.bounces import Action, Origin, Reported, Trace, build, reportable, trace_of, without_reply
from dlp_gateway.delivery.explanations import explain, reason
from dlp_gateway.delivery.replies import Reply
from dlp_gateway.delivery.result import deferred, failed, from_reply
from dlp_gateway.store.values import Kind
from tests.unit.delivery.examples import HOSTNAME, NOW, SENDER, recipient

UNKNOWN = from_reply(Reply(550, ("5.1.1 user unknown",)), host="mx.ext.example")
LATER = deferred("4.4.1", "no connection", host="mx.ext.example")
TAKEN = from_reply(Reply(250, ("2.0.0 queued as 4F1C2A3B4D",)), host="mx.ext.example")
ORIGIN = Origin("01JABCDEF", SENDER, None, NOW - 3600)
TRACE = Trace((b"Message-ID: <1@westendonsixth.com>", b"Date: Mon, 2 Mar 2026 10:00:00 +1000"), 2)


def report(*reported, origin=ORIGIN, trace=TRACE):
    items = reported or (Reported(recipient(), Action.FAILED, UNKNOWN),)
    raw = build(HOSTNAME, origin, items, trace, NOW)
    return raw, email.message_from_bytes(raw, policy=email.policy.default)


def fields(message):
    """The blocks of the delivery-status part: the message's, then one a recipient."""
    status = message.get_payload()[1]
    assert status.get_content_type() == "message/delivery-status"
    return [{name.lower(): str(value) for name, value in block.items()} for block in status.get_payload()]


def test_a_report_is_what_rfc_3464_asks_for():
    _raw, message = report()

    assert message.get_content_type() == "multipart/report"
    assert message.get_param("report-type") == "delivery-status"
    assert [part.get_content_type() for part in message.get_payload()] == [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ]
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["From"].addresses[0].addr_spec == f"MAILER-DAEMON@{HOSTNAME}"
    assert message["To"].addresses[0].addr_spec == SENDER
    assert message["Subject"] == "Your message could not be delivered"
    assert parsedate_to_datetime(message["Date"]).timestamp() == NOW
    assert message.defects == []
    assert fields(message) == [
        {
            "reporting-mta": f"dns; {HOSTNAME}",
            "arrival-date": "Mon, 12 Jan 1970 12:46:40 +0000",
            "x-received-count": "2",
        },
        {
            "final-recipient": "rfc822; bob@ext.example",
            "action": "failed",
            "status": "5.1.1",
            "remote-mta": "dns; mx.ext.example",
            "diagnostic-code": "smtp; 550 5.1.1 user unknown",
            "last-attempt-date": "Mon, 12 Jan 1970 13:46:40 +0000",
        },
    ]
    assert message.get_payload()[2].get_content() == (
        "Message-ID: <1@westendonsixth.com>\r\nDate: Mon, 2 Mar 2026 10:00:00 +1000\r\n"
    )


def test_a_report_names_any_host_in_ascii():
    refused = replace(UNKNOWN, host="mx.müller.example", text="nö such user")
    raw, message = report(Reported(recipient(), Action.FAILED, refused))

    assert raw.isascii()
    assert fields(message)[1]["remote-mta"] == "dns; mx.m\\x{FC}ller.example"


def test_a_bare_report_says_nothing_that_came_from_elsewhere():
    bare = without_reply([Reported(recipient(), Action.FAILED, UNKNOWN)])
    raw, message = report(*bare, trace=Trace())

    assert fields(message)[1] == {
        "final-recipient": "rfc822; bob@ext.example",
        "action": "failed",
        "status": "5.1.1",
        "last-attempt-date": "Mon, 12 Jan 1970 13:46:40 +0000",
    }
    assert b"user unknown" not in raw
    assert b"mx.ext.example" not in raw


def test_a_report_is_clean_on_the_wire():
    raw, _ = report(Reported(recipient("jürgen@müller.example"), Action.FAILED, UNKNOWN))

    assert raw.isascii()
    assert raw.endswith(b"\r\n")
    assert raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_several_recipients_with_several_fates_share_one_report():
    _, message = report(
        Reported(recipient("a@ext.example"), Action.FAILED, UNKNOWN),
        Reported(recipient("b@ext.example"), Action.DELAYED, LATER, until=NOW + 86400),
        Reported(recipient("c@ext.example"), Action.RELAYED, TAKEN),
    )
    blocks = fields(message)[1:]

    assert [(block["final-recipient"], block["action"], block["status"]) for block in blocks] == [
        ("rfc822; a@ext.example", "failed", "5.1.1"),
        ("rfc822; b@ext.example", "delayed", "4.4.1"),
        ("rfc822; c@ext.example", "relayed", "2.0.0"),
    ]
    assert blocks[1]["diagnostic-code"] == "X-Gateway; no connection"
    assert "remote-mta" not in blocks[1]
    assert blocks[1]["will-retry-until"] == "Tue, 13 Jan 1970 13:46:40 +0000"


@pytest.mark.parametrize(
    ("action", "result", "subject"),
    [
        (Action.FAILED, UNKNOWN, "Your message could not be delivered"),
        (Action.DELAYED, LATER, "Your message is delayed"),
        (Action.RELAYED, TAKEN, "Your message was passed on"),
        (Action.DELIVERED, TAKEN, "Your message was passed on"),
    ],
)
def test_the_subject_says_the_worst(action, result, subject):
    assert report(Reported(recipient(), action, result))[1]["Subject"] == subject


def test_the_envelope_id_and_the_original_recipient_come_back():
    _, message = report(
        Reported(recipient(orcpt="rfc822;Bob+2BBobson@ext.example"), Action.FAILED, UNKNOWN),
        origin=Origin("01J", SENDER, "QQ+3D314159", NOW),
    )

    assert fields(message)[0]["original-envelope-id"] == "QQ=314159"
    assert fields(message)[1]["original-recipient"] == "rfc822; Bob+Bobson@ext.example"


@pytest.mark.parametrize("value", ["a+0D+0ABcc: eve@ext.example", "a+00b", "a+E9", "a\r\nX: y"])
def test_s13_an_envelope_id_cannot_add_a_line(value):
    raw, message = report(
        Reported(recipient(orcpt=f"rfc822;{value}"), Action.FAILED, UNKNOWN), origin=Origin("01J", SENDER, value, NOW)
    )

    assert "original-envelope-id" not in fields(message)[0]
    assert "original-recipient" not in fields(message)[1]
    assert b"eve@" not in raw


def test_s14_addresses_beyond_ascii_are_spelled_in_ascii():
    _, message = report(
        Reported(recipient("jürgen@müller.example"), Action.FAILED, UNKNOWN),
        origin=Origin("01J", "søren@westendonsixth.com", None, NOW),
    )

    assert fields(message)[1]["final-recipient"] == r"utf-8; j\x{FC}rgen@m\x{FC}ller.example"
    assert message["To"] == "undisclosed-recipients:;"


def test_d06_nothing_of_the_message_but_its_id_and_date_is_repeated():
    content = (
        b"Received: from a\r\n\tby b\r\nreceived: from c\r\nSubject: Biopsy of Jane Roe\r\n"
        b"From: Jane <jane@westendonsixth.com>\r\nTo: Doctor\r\nMessage-ID:\r\n <id@westendonsixth.com>\r\n"
        b"Date: Mon, 2 Mar 2026 10:00:00 +1000\r\n\r\nJane has cancer\r\n"
    )
    raw, _ = report(trace=trace_of(content))

    assert trace_of(content) == Trace(
        (b"Message-ID: <id@westendonsixth.com>", b"Date: Mon, 2 Mar 2026 10:00:00 +1000"), 2
    )
    assert b"X-Received-Count: 2" in raw
    for word in (b"Jane", b"Biopsy", b"cancer", b"Doctor"):
        assert word not in raw


@pytest.mark.parametrize(
    "headers",
    [
        b"",
        b"Message-ID: Jane Roe <1@x>\r\n",
        b"Message-ID: <1@x> (Jane Roe)\r\n",
        b"Message-ID: <1 @x>\r\n",
        b"Message-ID: <\xe9@x>\r\n",
        b"Message-ID: <" + b"x" * 300 + b"@x>\r\n",
        b"Date: Mon, 2 Mar 2026 10:00:00 +1000 (Jane Roe)\r\n",
        b"Date: yesterday\r\n",
        b"X-Message-ID: <1@x>\r\n",
        b"no colon\r\n",
        b"\r\n\r\nMessage-ID: <1@x>\r\n",
    ],
)
def test_headers_of_another_form_are_left_out(headers):
    assert trace_of(headers + b"\r\nbody\r\n").headers == ()


def test_the_first_of_two_headers_is_shown():
    assert trace_of(b"Message-ID: <1@x>\r\nMessage-ID: <2@x>\r\n\r\n").headers == (b"Message-ID: <1@x>",)


@given(st.binary(max_size=300))
def test_the_headers_of_any_content_can_be_read(content):
    for header in trace_of(content).headers:
        assert re.fullmatch(rb"(Message-ID: <[!-~]+>|Date: [ -~]+)", header)


ODD = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@given(ODD, ODD, ODD, st.integers(0, 2**33))
def test_a_report_gains_no_line_whatever_the_envelope_holds(local, envid, orcpt, queued_at):
    """Addresses come from a strict parser; a report must hold its form even if one did not."""
    raw, message = report(
        Reported(recipient(f"{local}@ext.example", orcpt=f"rfc822;{orcpt}"), Action.FAILED, UNKNOWN),
        origin=Origin("01J", SENDER, envid, queued_at),
    )

    assert raw.isascii()
    assert raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n")
    assert len(fields(message)) == 2
    assert set(fields(message)[1]) <= {
        "original-recipient",
        "final-recipient",
        "action",
        "status",
        "remote-mta",
        "diagnostic-code",
        "last-attempt-date",
    }


def test_the_same_report_has_the_same_id_and_another_has_another():
    one = report()[1]["Message-ID"]

    assert one == report()[1]["Message-ID"]
    assert one != report(Reported(recipient("eve@ext.example"), Action.FAILED, UNKNOWN))[1]["Message-ID"]


# Kind of message, sender, NOTIFY, action: is it reported?
REPORTABLE = [
    (Kind.MAIL, SENDER, (), Action.FAILED, True),
    (Kind.MAIL, SENDER, (), Action.DELAYED, True),
    (Kind.MAIL, SENDER, (), Action.RELAYED, False),
    (Kind.MAIL, SENDER, (), Action.DELIVERED, False),
    (Kind.MAIL, SENDER, ("NEVER",), Action.FAILED, False),
    (Kind.MAIL, SENDER, ("NEVER",), Action.DELAYED, False),
    (Kind.MAIL, SENDER, ("FAILURE",), Action.FAILED, True),
    (Kind.MAIL, SENDER, ("FAILURE",), Action.DELAYED, False),
    (Kind.MAIL, SENDER, ("FAILURE",), Action.RELAYED, False),
    (Kind.MAIL, SENDER, ("DELAY",), Action.DELAYED, True),
    (Kind.MAIL, SENDER, ("DELAY",), Action.FAILED, False),
    (Kind.MAIL, SENDER, ("SUCCESS",), Action.RELAYED, True),
    (Kind.MAIL, SENDER, ("SUCCESS",), Action.DELIVERED, True),
    (Kind.MAIL, SENDER, ("SUCCESS", "FAILURE"), Action.FAILED, True),
    (Kind.MAIL, "", (), Action.FAILED, False),
    (Kind.MAIL, "", ("FAILURE", "SUCCESS"), Action.RELAYED, False),
    (Kind.BOUNCE, SENDER, (), Action.FAILED, False),
    (Kind.BOUNCE, "", (), Action.FAILED, False),
    (Kind.NOTICE, SENDER, (), Action.FAILED, False),
]


@pytest.mark.parametrize(("kind", "sender", "notify", "action", "expected"), REPORTABLE)
def test_d06_who_hears_of_what(kind, sender, notify, action, expected):
    assert reportable(kind, sender, recipient(notify=notify), action) is expected


@pytest.mark.parametrize(
    ("enhanced", "words"),
    [
        ("5.1.1", "no such address"),
        ("5.1.10", "takes no mail at all"),
        ("5.1.2", "domain of this address"),
        ("5.2.2", "full"),
        ("4.4.7", "too long"),
        ("5.7.26", "security or policy"),
        ("4.7.5", "encrypted line"),
        ("5.1.99", "accept the address"),
        ("5.0.0", ""),
        ("4.9.9", ""),
    ],
)
def test_codes_are_told_in_plain_words(enhanced, words):
    assert words in reason(enhanced)
    assert bool(words) == bool(reason(enhanced))


def test_an_explanation_tells_why_what_now_and_who_said_so():
    assert explain("failed", failed("5.4.6", "mail loops back to this gateway")) == (
        "The message would have come back to this gateway in a loop. Tell your administrator. "
        "It has been given up for this recipient. "
        "Reason: 554 5.4.6 mail loops back to this gateway"
    )
    assert explain("relayed", TAKEN) == (
        "It was passed on to a mail system that sends no further reports. "
        "Reply of mx.ext.example: 250 2.0.0 queued as 4F1C2A3B4D"
    )
