import pytest

from dlp_gateway.smtp.parameters import (
    MailParameters,
    ParameterError,
    RecipientParameters,
    parse_mail_parameters,
    parse_recipient_parameters,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", MailParameters()),
        ("SIZE=1024", MailParameters(size=1024)),
        ("size=0", MailParameters()),
        ("BODY=7BIT", MailParameters()),
        ("body=8bitmime", MailParameters(eight_bit=True)),
        ("SMTPUTF8", MailParameters(smtputf8=True)),
        ("RET=full", MailParameters(ret="FULL")),
        ("RET=HDRS ENVID=QQ314159", MailParameters(ret="HDRS", envid="QQ314159")),
        ("ENVID=aBc+2Bd", MailParameters(envid="aBc+2Bd")),
        ("ENVID=a>b SMTPUTF8", MailParameters(envid="a>b", smtputf8=True)),
        ("AUTH=<>", MailParameters()),
        ("AUTH=anna+40example.org", MailParameters()),
        ("  SIZE=1   SMTPUTF8  ", MailParameters(size=1, smtputf8=True)),
    ],
)
def test_s13_mail_parameters_are_kept_as_received(text, expected):
    assert parse_mail_parameters(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SIZE", 501), ("SIZE=", 501), ("SIZE=-1", 501), ("SIZE=1e3", 501), ("SIZE=" + "9" * 21, 501), ("SIZE=٣", 501),
        ("SIZE=1 SIZE=2", 501), ("SIZE=1 size=1", 501),
        ("BODY=BINARYMIME", 501), ("BODY", 501), ("BODY=", 501),
        ("SMTPUTF8=1", 501), ("SMTPUTF8=", 501),
        ("RET=ALL", 501), ("RET", 501),
        ("ENVID=", 501), ("ENVID", 501), ("ENVID=a=b", 501), ("ENVID=a+0D+0Ab", 501), ("ENVID=a+2b", 501),
        ("ENVID=a+", 501), ("ENVID=ü", 501), ("ENVID=" + "e" * 101, 501),
        ("AUTH", 501), ("AUTH=a b=c", 555), ("AUTH=ü", 501),
        ("NOTIFY=NEVER", 555), ("BY=1;R", 555), ("REQUIRETLS", 555), ("X", 555),
        ("=", 501), ("=x", 501), ("X_Y=1", 501), ("-X", 501),
    ],
)  # fmt: skip
def test_mail_parameters_refused(text, code):
    with pytest.raises(ParameterError) as caught:
        parse_mail_parameters(text)
    assert (caught.value.reply.code, caught.value.reply.enhanced) == (code, "5.5.4")


@pytest.mark.parametrize(
    ("text", "smtputf8", "expected"),
    [
        ("", False, RecipientParameters()),
        ("NOTIFY=NEVER", False, RecipientParameters(notify=("NEVER",))),
        ("NOTIFY=success,DELAY", False, RecipientParameters(notify=("SUCCESS", "DELAY"))),
        ("ORCPT=rfc822;Bob+2Btag@Example.net", False, RecipientParameters(orcpt="rfc822;Bob+2Btag@Example.net")),
        (
            "NOTIFY=FAILURE ORCPT=x400;a",
            False,
            RecipientParameters(notify=("FAILURE",), orcpt="x400;a"),
        ),
        ("ORCPT=utf-8;j\\x{FC}rgen@example.net", False, RecipientParameters(orcpt="utf-8;j\\x{FC}rgen@example.net")),
        ("ORCPT=UTF-8;jürgen@example.net", True, RecipientParameters(orcpt="UTF-8;jürgen@example.net")),
    ],
)
def test_s13_recipient_parameters_are_kept_as_received(text, smtputf8, expected):
    assert parse_recipient_parameters(text, smtputf8=smtputf8) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NOTIFY", 501), ("NOTIFY=", 501), ("NOTIFY=NEVER,SUCCESS", 501), ("NOTIFY=SUCCESS,SUCCESS", 501),
        ("NOTIFY=SOMETIMES", 501), ("NOTIFY=SUCCESS,", 501), ("NOTIFY=NEVER NOTIFY=NEVER", 501),
        ("ORCPT", 501), ("ORCPT=", 501), ("ORCPT=rfc822", 501), ("ORCPT=rfc822;", 501), ("ORCPT=;a", 501),
        ("ORCPT=rfc822;a+0D+0Ab", 501), ("ORCPT=rfc822;a+0Ab", 501), ("ORCPT=rfc822;a+FF", 501),
        ("ORCPT=rfc822;ü", 501), ("ORCPT=a b;c", 501), ("ORCPT=rfc822;" + "a" * 501, 501),
        ("ORCPT=utf-8;ü", 501), ("ORCPT=utf-8;\\x{0A}", 501), ("ORCPT=utf-8;\\x{D800}", 501),
        ("ORCPT=utf-8;\\x{FFFFFF}", 501), ("ORCPT=utf-8;a\\b", 501), ("ORCPT=utf-8;\\x{}", 501),
        ("SIZE=1", 555), ("RRVS=2014-04-03T23:01:00Z", 555),
    ],
)  # fmt: skip
def test_recipient_parameters_refused(text, code):
    with pytest.raises(ParameterError) as caught:
        parse_recipient_parameters(text)
    assert caught.value.reply.code == code


def test_raw_utf8_control_is_refused_in_orcpt():
    with pytest.raises(ParameterError):
        parse_recipient_parameters("ORCPT=utf-8;a\u0085b", smtputf8=True)
