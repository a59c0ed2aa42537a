import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.delivery.replies import MAX_LINE, MAX_LINES, MAX_UNREAD, MalformedReplyError, Reply, ReplyParser


def parsed(data: bytes) -> list[Reply]:
    parser = ReplyParser()
    parser.feed(data)
    return list(parser.replies)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"250 ok\r\n", [(250, ("ok",))]),
        (b"250\r\n", [(250, ("",))]),
        (b"250 \r\n", [(250, ("",))]),
        (b"250 ok\n", [(250, ("ok",))]),
        (b"250-one\r\n250-two\r\n250 three\r\n", [(250, ("one", "two", "three"))]),
        (b"250 a\r\n550 b\r\n", [(250, ("a",)), (550, ("b",))]),
        (b"250-one\r\n", []),
        (b"250 unfinished", []),
        (b"421 4.3.2 \xc3\xa9\xff\r\n", [(421, ("4.3.2 \xc3\xa9\xff",))]),
    ],
)
def test_replies_are_cut_from_the_stream(data, expected):
    assert [(reply.code, reply.lines) for reply in parsed(data)] == expected


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n",
        b"\r\n",
        b"25 ok\r\n",
        b"2500 ok\r\n",
        b"150 too low\r\n",
        b"650 too high\r\n",
        b"250+ok\r\n",
        b"250-a\r\n251 b\r\n",
        b"250 a\rb\r\n",
        b"\xb2\xb5\xb0 digits\r\n",
        b"250 " + b"x" * MAX_LINE + b"\r\n",
        b"x" * (MAX_LINE + 1),
        b"250-x\r\n" * (MAX_LINES + 1),
        b"250 x\r\n" * (MAX_UNREAD + 1),
    ],
    ids=range(14),
)
def test_what_is_no_reply_is_an_error(data):
    with pytest.raises(MalformedReplyError):
        parsed(data)


def test_replies_before_a_malformed_one_are_kept():
    parser = ReplyParser()
    with pytest.raises(MalformedReplyError):
        parser.feed(b"250 2.0.0 taken\r\nnonsense\r\n")

    assert [reply.code for reply in parser.replies] == [250]


@pytest.mark.parametrize(
    ("line", "code", "enhanced"),
    [
        ("2.1.5 ok", 250, "2.1.5"),
        ("5.1.1 unknown", 550, "5.1.1"),
        ("4.7.1", 450, "4.7.1"),
        ("5.1.1 unknown", 450, "4.0.0"),
        ("no code", 550, "5.0.0"),
        ("5.1.1234 odd", 550, "5.0.0"),
        ("5.1.1x odd", 550, "5.0.0"),
        ("go ahead", 354, "5.0.0"),
    ],
)
def test_the_enhanced_code_agrees_with_the_code(line, code, enhanced):
    assert Reply(code, (line,)).enhanced == enhanced


def test_the_text_of_several_lines_names_the_status_once():
    reply = Reply(550, ("5.7.1 message rejected", "5.7.1 for policy", "5.7.1 jane@ext.example"))

    assert reply.text == "message rejected for policy ..."


def test_a_reply_does_not_show_its_text_in_a_traceback():
    assert "jane" not in repr(Reply(550, ("jane@ext.example unknown",)))


@given(st.lists(st.binary(max_size=40)), st.lists(st.integers(1, 30)))
def test_how_the_stream_is_cut_makes_no_difference(pieces, cuts):
    data = b"".join(b"250-" + piece.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n250 x\r\n" for piece in pieces)
    whole = parsed(data)
    parser = ReplyParser()
    for cut in cuts:
        parser.feed(data[:cut])
        data = data[cut:]
    parser.feed(data)

    assert list(parser.replies) == whole
