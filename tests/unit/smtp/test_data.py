import itertools
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.smtp.data import DataReader, Spoiled, has_line_over, header_size

BIG = 1 << 20


def read(blocks, max_bytes=BIG, *, normalise=False):
    """(spoiled, content, rest) of a stream; rest is None while the end has not come."""
    reader = DataReader(max_bytes, normalise=normalise)
    blocks = list(blocks)
    for number, block in enumerate(blocks):
        rest = reader.feed(block)
        if rest is not None:
            rest += b"".join(blocks[number + 1 :])
            return reader.spoiled, reader.content() if reader.spoiled is None else None, rest
    return reader.spoiled, None, None


@pytest.mark.parametrize(
    ("stream", "content", "rest"),
    [
        (b".\r\n", b"", b""),
        (b"a\r\n.\r\n", b"a\r\n", b""),
        (b"a\r\n.\r\nMAIL", b"a\r\n", b"MAIL"),
        (b"..\r\n.\r\n", b".\r\n", b""),
        (b".a\r\n..b\r\nc.\r\n.\r\n", b"a\r\n.b\r\nc.\r\n", b""),
        (b"\r\n\r\n.\r\n", b"\r\n\r\n", b""),
        (b"a\r\n.\r\nb\r\n.\r\n", b"a\r\n", b"b\r\n.\r\n"),
        (b"\x80\xff\r\n.\r\n", b"\x80\xff\r\n", b""),
        (b"...\r\n..\r\n.\r\n", b"..\r\n.\r\n", b""),
    ],
)
def test_content_and_rest(stream, content, rest):
    assert read([stream]) == (None, content, rest)
    assert read([stream[i : i + 1] for i in range(len(stream))]) == (None, content, rest)


@pytest.mark.parametrize("odd", [b"\n", b"\r", b"\n\r", b"\r\n"])
@pytest.mark.parametrize("size", [1, 7, 5000])
def test_normalised_data_are_measured_as_they_will_be(odd, size):
    stream = b"a: b\r\n\r\n" + odd * 400 + b"\r\n.\r\n"
    blocks = [stream[start : start + size] for start in range(0, len(stream), size)]
    _, content, _ = read(blocks, normalise=True)

    assert read(blocks, len(content), normalise=True) == (None, content, b"")
    assert read(blocks, len(content) - 1, normalise=True) == (Spoiled.TOO_BIG, None, b"")


SMUGGLED = [
    b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n",
    b"\r\n.\r\r\n", b"\n.\r", b"\r.\n", b"\n\n.\n\n", b"\r\r\n.\r\r\n", b"\r", b"\n", b"\0", b"\n\r",
]  # fmt: skip


@pytest.mark.parametrize("odd", SMUGGLED)
def test_s01_only_crlf_dot_crlf_ends_data(odd):
    stream = b"Subject: a\r\n\r\nb" + odd + b"MAIL FROM:<x@example.org>\r\nc\r\n.\r\nQUIT\r\n"

    for size in (1, 2, 3, 7, len(stream)):
        blocks = [stream[i : i + size] for i in range(0, len(stream), size)]
        assert read(blocks) == (Spoiled.LINE_ENDING, None, b"QUIT\r\n")


@pytest.mark.parametrize("odd", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n"])
def test_s01_normalised_data_keep_lone_dots(odd):
    stream = b"a" + odd + b"..b\r\n.\r\n"
    spoiled, content, rest = read([stream], normalise=True)

    assert (spoiled, rest) == (None, b"")
    assert content == b"a\r\n.\r\n.b\r\n"


@pytest.mark.parametrize(
    ("stream", "content"),
    [
        (b"a\nb\rc\r\nd\r\r\n.\r\n", b"a\r\nb\r\nc\r\nd\r\n\r\n"),
        (b".\na\r\n.\r\n", b".\r\na\r\n"),
        (b"..a\n..b\r..c\r\n.\r\n", b".a\r\n.b\r\n.c\r\n"),
        (b"a\r\n..\r\n.\r\n", b"a\r\n.\r\n"),
        (b"\n\n\r\n.\r\n", b"\r\n\r\n\r\n"),
        (b"clean\r\n.\r\n", b"clean\r\n"),
        (b"..clean\r\n.\r\n", b".clean\r\n"),
        (b".\r\n", b""),
    ],
)
def test_normalise(stream, content):
    for size in (1, 2, len(stream)):
        blocks = [stream[i : i + size] for i in range(0, len(stream), size)]
        assert read(blocks, normalise=True) == (None, content, b"")


def test_normalising_does_not_allow_nul():
    assert read([b"a\0\r\n.\r\n"], normalise=True) == (Spoiled.LINE_ENDING, None, b"")


@pytest.mark.parametrize(("size", "spoiled"), [(9, None), (10, None), (11, Spoiled.TOO_BIG)])
def test_size_limit_counts_the_unstuffed_message(size, spoiled):
    stream = b".." + b"x" * (size - 3) + b"\r\n.\r\n"
    assert read([stream], 10)[0] is spoiled


def test_s10_what_is_too_big_is_not_kept():
    reader = DataReader(1 << 20)
    block = b"x" * 65_536
    tracemalloc.start()
    for _ in range(1600):  # 100 MiB without an end of line
        assert reader.feed(block) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (reader.spoiled, reader.stored) == (Spoiled.TOO_BIG, 0)
    assert reader.received == 1600 * 65_536
    assert peak < 4 << 20
    assert reader.feed(b"\r\n.\r\nNOOP") == b"NOOP"


def test_memory_is_the_message_once():
    line = b"x" * 76 + b"\r\n"
    block = line * 840
    reader = DataReader(1 << 30)
    tracemalloc.start()
    for _ in range(400):
        reader.feed(block)
    reader.feed(b".\r\n")
    content = reader.content()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(content) == 400 * len(block)
    assert peak < 1.25 * len(content)


def naive(stream, max_bytes):
    """The same by single octets and lines, after RFC 5321 sections 4.1.1.4 and 4.5.2."""
    padded = b"\r\n" + stream
    for end in range(len(padded) - 4):
        if padded[end : end + 5] == b"\r\n.\r\n":
            break
    else:
        return None, None, None
    body, rest = padded[2 : end + 2], padded[end + 5 :]
    lines = body.split(b"\r\n")
    if any(octet in line for line in lines for octet in (b"\r", b"\n", b"\0")):
        return Spoiled.LINE_ENDING, None, rest
    content = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)
    return (Spoiled.TOO_BIG, None, rest) if len(content) > max_bytes else (None, content, rest)


def cut(stream, places):
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


pieces = st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"..", b"a", b"\0", b"\r\n.\r\n", b"xyz"])
streams = st.lists(pieces, max_size=30).map(b"".join)


@given(streams, st.lists(st.integers(0, 200), max_size=12))
def test_any_cut_gives_what_a_naive_reader_gives(stream, places):
    expected = naive(stream + b"\r\n.\r\n", BIG)
    got = read(cut(stream + b"\r\n.\r\n", places))

    assert expected[2] is not None
    assert got == expected


@given(streams, st.lists(st.integers(0, 200), max_size=12))
def test_normalised_data_have_no_bare_ends_and_do_not_depend_on_the_cut(stream, places):
    stream += b"\r\n.\r\n"
    spoiled, content, rest = read([stream], normalise=True)

    assert read(cut(stream, places), normalise=True) == (spoiled, content, rest)
    strict = read([stream])
    assert rest == strict[2]
    if spoiled is None:
        assert b"".join(content.split(b"\r\n")).translate(None, b"\r\n\0") == b"".join(content.split(b"\r\n"))
    if strict[0] is None:
        assert content == strict[1]


@pytest.mark.parametrize(
    ("content", "size"),
    [(b"", 0), (b"\r\nbody\r\n", 0), (b"A: b\r\n\r\nbody", 6), (b"A: b\r\n", 6), (b"A: b\r\n\r\n", 6)],
)
def test_header_size(content, size):
    assert header_size(content) == size


@given(st.lists(st.integers(0, 30), max_size=20), st.integers(1, 30), st.booleans())
def test_has_line_over(lengths, limit, ended):
    content = b"\r\n".join(b"x" * length for length in lengths) + (b"\r\n" if ended else b"")

    assert has_line_over(content, limit) == any(length > limit for length in lengths)
