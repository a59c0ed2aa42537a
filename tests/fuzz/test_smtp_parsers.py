"""Hostile text for the parsers of receiving: each gives a value or its own error, nothing else."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.smtp.addresses import AddressError, PathRole, canonical_domain, parse_path
from dlp_gateway.smtp.lines import CommandLines
from dlp_gateway.smtp.parameters import ParameterError, parse_mail_parameters, parse_recipient_parameters
from dlp_gateway.smtp.proxy import ProxyHeaderError, parse_proxy_header
from dlp_gateway.smtp.replies import RefusedError, Reply
from dlp_gateway.smtp.trace import count_received

STRUCTURE = st.text(alphabet='<>@."\\()[]:,; \t=?abüw\u0430\uff57%!-_1\0\r\n\u200b\ud800', max_size=60)
PATHS = st.one_of(
    STRUCTURE,
    st.text(max_size=80),
    STRUCTURE.map(lambda text: f"<{text}>"),
    st.tuples(STRUCTURE, STRUCTURE).map(lambda pair: f"<{pair[0]}@{pair[1]}>"),
    st.tuples(STRUCTURE, STRUCTURE, STRUCTURE).map(lambda t: f'<"{t[0]}"@{t[1]}.example> {t[2]}'),
    st.emails().map(lambda address: f"<{address}>"),
)


@given(PATHS, st.sampled_from(PathRole))
def test_s04_paths(argument, role):
    try:
        address, parameters = parse_path(argument, role)
    except AddressError:
        return
    assert argument.lstrip(" ").startswith("<")
    if address is None:
        assert argument.lstrip(" ").startswith("<>")
        return
    # What is relayed is what stood there, holds no structure of its own, and is what was classified.
    assert argument.lstrip(" ") == f"<{address.literal}>" + argument.lstrip(" ")[len(address.literal) + 2 :]
    assert not set(address.literal) & set("\r\n\0<>")
    assert address.literal.encode()
    assert "=?" not in address.literal
    assert address.literal.startswith(address.local + "@")
    assert address.domain.isascii()
    assert address.domain == address.domain.lower()
    assert canonical_domain(address.domain) == address.domain
    assert parameters == parameters.strip(" ")


@given(st.one_of(STRUCTURE, st.text(max_size=300)))
def test_s14_domains(domain):
    with contextlib.suppress(AddressError):
        canonical = canonical_domain(domain)
        assert canonical_domain(canonical) == canonical
        assert canonical_domain(domain.upper()) == canonical or not domain.isascii()


WORDS = st.sampled_from(
    ["SIZE=", "BODY=8BITMIME", "SMTPUTF8", "RET=", "FULL", "ENVID=", "NOTIFY=", "NEVER", ",", "ORCPT=", "rfc822;",
     "utf-8;", "\\x{", "41}", "+0D", "+4", "=", " ", "ü", "AUTH=<>", "1", "\0"]
)  # fmt: skip


@given(st.one_of(st.lists(WORDS, max_size=8).map("".join), st.text(max_size=60)), st.booleans())
def test_s13_parameters(text, smtputf8):
    with contextlib.suppress(ParameterError):
        mail = parse_mail_parameters(text)
        assert mail.envid is None or (mail.envid.isascii() and mail.envid.isprintable())
    with contextlib.suppress(ParameterError):
        recipient = parse_recipient_parameters(text, smtputf8=smtputf8)
        assert recipient.orcpt is None or recipient.orcpt.isprintable()


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=100).map(lambda rest: b"PROXY TCP4 " + rest),
                 st.binary(max_size=60).map(lambda rest: b"\r\n\r\n\x00\r\nQUIT\n" + rest)))  # fmt: skip
def test_s15_proxy_headers(data):
    with contextlib.suppress(ProxyHeaderError):
        header = parse_proxy_header(data)
        assert header is None or 0 < header.size <= len(data)


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_s18_lines(blocks):
    lines = CommandLines()
    for block in blocks:
        lines.feed(block)
        with contextlib.suppress(RefusedError):
            while (line := lines.next_line(30)) is not None:
                assert len(line.encode()) <= 28
                assert not set(line) & set("\r\n\0")


FIELDS = st.lists(
    st.sampled_from([b"Received", b"received", b" ", b":", b"by", b"gw.example", b"\r\n", b"\t", b"x", b";"])
)


@given(FIELDS.map(b"".join))
def test_d05_received(header):
    total, own = count_received(header, "gw.example")
    assert 0 <= own <= total <= header.lower().count(b"received")


@given(st.integers(), st.text(max_size=8), st.text())
def test_s16_replies(code, enhanced, text):
    with contextlib.suppress(ValueError):
        assert Reply(code, enhanced, text).render().count(b"\r\n") == 1
