import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.smtp.lines import CommandLines
from dlp_gateway.smtp.replies import RefusedError


def drain(lines, max_bytes=100):
    """Everything that can be read now; a refused line as its code."""
    read = []
    while True:
        try:
            line = lines.next_line(max_bytes)
        except RefusedError as refused:
            read.append(refused.reply.code)
            continue
        if line is None:
            return read
        read.append(line)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (b"", []),
        (b"NOOP", []),
        (b"NOOP\r", []),
        (b"NOOP\r\n", ["NOOP"]),
        (b"MAIL\r\nRCPT\r\nDA", ["MAIL", "RCPT"]),
        (b"\r\n", [""]),
        (b"NOOP\nQUIT\r\n", [500, "QUIT"]),
        (b"NO\rOP\r\nQUIT\r\n", [500, "QUIT"]),
        (b"NOOP\r\r\nQUIT\r\n", [500, "QUIT"]),
        (b"NO\0OP\r\nQUIT\r\n", [500, "QUIT"]),
        (b"\n", [500]),
        ("RCPT jürgen\r\n".encode(), ["RCPT jürgen"]),
        (b"\xff\r\nQUIT\r\n", [500, "QUIT"]),
        (b"\xed\xa0\x80\r\n", [500]),
        (b"x" * 98 + b"\r\n", ["x" * 98]),
        (b"x" * 99 + b"\r\nQUIT\r\n", [500, "QUIT"]),
        (b"x" * 1000 + b"\r\nQUIT\r\n", [500, "QUIT"]),
    ],
)
def test_lines(data, read):
    lines = CommandLines()
    lines.feed(data)
    assert drain(lines) == read


def test_s18_an_endless_line_is_not_kept():
    lines = CommandLines()
    for _ in range(1000):
        lines.feed(b"x" * 1000)
        assert lines.next_line(512) is None

    assert len(lines.take()) <= 512 + 1000


def test_take_gives_what_is_not_read_and_forgets_it():
    lines = CommandLines()
    lines.feed(b"DATA\r\nbody")
    assert lines.next_line(100) == "DATA"
    assert lines
    assert lines.take() == b"body"
    assert not lines
    assert lines.next_line(100) is None


@given(st.lists(st.sampled_from([b"NOOP", b"\r", b"\n", b"\r\n", b"x" * 60, b"\0", b"\xff"]), max_size=30), st.data())
def test_any_cut_gives_the_same(pieces, data):
    stream = b"".join(pieces)
    whole = CommandLines()
    whole.feed(stream)
    expected = drain(whole)
    lines, read, rest = CommandLines(), [], stream
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        lines.feed(rest[:size])
        rest = rest[size:]
        read += drain(lines)

    assert read == expected
