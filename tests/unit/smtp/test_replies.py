import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlp_gateway.smtp.replies import MAX_REPLY_BYTES, RefusedError, Reply


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        (Reply(250, "2.6.0", "Accepted [7f]"), b"250 2.6.0 Accepted [7f]\r\n"),
        (Reply(354, "", "Go on"), b"354 Go on\r\n"),
        (Reply(334, "", ""), b"334 \r\n"),
        (Reply(550, "5.7.1", "a\r\n250 2.0.0 all is well"), b"550 5.7.1 a??250 2.0.0 all is well\r\n"),
        (Reply(550, "5.7.1", "Gehaltsübersicht\u2028.xlsx\t\0"), b"550 5.7.1 Gehalts?bersicht?.xlsx??\r\n"),
        (Reply(451, "4.3.0", "\ud800"), b"451 4.3.0 ?\r\n"),
        (Reply(250, "2.0.0", "x" * 600), b"250 2.0.0 " + b"x" * 499 + b"\r\n"),
    ],
)
def test_a_reply_is_one_clean_line(reply, line):
    assert reply.render() == line


@pytest.mark.parametrize(
    ("code", "enhanced"),
    [(250, "5.7.1"), (451, "5.3.0"), (550, "4.7.1"), (550, "5.7"), (550, "5.7.1000"), (550, "5.07.1"), (550, "x"),
     (199, ""), (600, ""), (354, "3.0.0")],
)  # fmt: skip
def test_code_and_enhanced_code_must_agree(code, enhanced):
    with pytest.raises(ValueError, match="code"):
        Reply(code, enhanced, "text")


@given(st.sampled_from([(250, "2.6.0"), (354, ""), (451, "4.3.0"), (550, "5.7.1")]), st.text())
def test_s16_any_text_renders_to_one_printable_line_under_512_octets(codes, text):
    line = Reply(*codes, text).render()

    assert len(line) <= MAX_REPLY_BYTES < 512
    assert line.endswith(b"\r\n")
    assert all(0x20 <= octet <= 0x7E for octet in line[:-2])
    assert line.startswith(f"{codes[0]} ".encode())


def test_a_refusal_shows_codes_only():
    assert str(RefusedError(Reply(553, "5.1.3", "personal text"))) == "(553, '5.1.3')"
