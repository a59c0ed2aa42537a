"""Addresses and parameters, against a listening server over a real socket.

The numbers in the names tell the kinds of trap apart, from s01 (smuggling) to s19 (logs).
"""

import pytest

from tests.unit.smtp.client import MESSAGE

# --- s03 to s06 addresses ------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "<=?utf-8?q?=0d=0aRCPT=20TO:?=@example.org>",
        "<=?utf-8?q?bob=40ext.com=3e?=@example.org>",
        '<"bob@ext.com>"@example.org>',
        '<"bob@ext.com"@example.org>',
        "<bob@ext.com>@example.org>",
        "<bob@ext.com,carol@example.org>",
        "<@ext.com:bob@example.org>",
        "<bob%ext.com@example.org>",
    ],
)
async def test_s03_no_address_in_the_coat_of_another(connect, path):
    client = await connect()
    await client.command("MAIL FROM:<anna@example.org>")
    assert (await client.command(f"RCPT TO:{path}"))[:3] in {"501", "553"}
    assert (await client.command("DATA")).startswith("554 5.5.1")


@pytest.mark.parametrize("path", ["<", "<a@", '<"', "<a@[", "<@[ ", "<bob>", "<a\0b@c.example>", "<a(b@c.example>"])
@pytest.mark.parametrize("command", ["MAIL FROM:", "RCPT TO:"])
async def test_s04_broken_addresses_are_the_clients_fault(connect, command, path):
    client = await connect()
    if command == "RCPT TO:":
        await client.command("MAIL FROM:<anna@example.org>")
    reply = await client.command(command + path)
    assert reply[:3] in {"500", "501", "553"}
    assert "Error" not in reply
    assert (await client.command("NOOP")).startswith("250")


@pytest.mark.parametrize(
    "path", ["a@b,c@d", "a@b>,<c@d", "a b@c.example", "a@b (comment)", "(x)a@b.example", "A <a@b.example>", "a@b c@d"]
)
async def test_s05_there_is_one_parser_and_it_does_not_guess(connect, handler, path):
    client = await connect()
    await client.command("MAIL FROM:<anna@example.org>")
    assert (await client.command(f"RCPT TO:<{path}>"))[:1] == "5"


async def test_s05_an_accepted_address_arrives_as_it_was_written(connect, handler):
    paths = ["Bob.Smith+x@Example.NET.", '"john smith"@example.net', "bob@[192.0.2.1]", "o'brien/a=b@example.net"]
    client = await connect()
    await client.send_message(recipients=paths)
    assert [r.address.literal for r in handler.messages[0][0].recipients] == paths


async def test_s06_the_null_sender_is_none(connect, handler):
    client = await connect()
    assert (await client.send_message(sender="")).startswith("250")
    assert handler.messages[0][0].sender is None
    await client.command("MAIL FROM:<>")
    assert (await client.command("RCPT TO:<>")).startswith("501 5.1.3")


# --- s13, s14 parameters and SMTPUTF8 ------------------------------------------


async def test_s13_dsn_parameters_arrive_as_they_were_written(connect, handler):
    client = await connect()
    await client.command("MAIL FROM:<anna@example.org> RET=hdrs ENVID=aBc+2Bd")
    await client.command("RCPT TO:<bob@example.net> NOTIFY=success,delay ORCPT=rfc822;Bob+2Bx@Example.NET")
    await client.command("DATA")
    client.write(MESSAGE + b".\r\n")
    await client.reply()

    ((envelope, _),) = handler.messages
    assert (envelope.ret, envelope.envid) == ("HDRS", "aBc+2Bd")
    assert envelope.recipients[0].notify == ("SUCCESS", "DELAY")
    assert envelope.recipients[0].orcpt == "rfc822;Bob+2Bx@Example.NET"


async def test_s14_utf8_addresses_are_characters_not_surrogates(connect, handler):
    client = await connect()
    await client.send_message(sender="jürgen@example.org", recipients=("用户@bücher.example",), options=" SMTPUTF8")
    ((envelope, _),) = handler.messages
    assert envelope.smtputf8
    assert envelope.sender.local == "jürgen"
    assert envelope.recipients[0].address.domain == "xn--bcher-kva.example"
    assert (await client.command(b"MAIL FROM:<\xfc@example.org> SMTPUTF8")).startswith("500 5.5.2")


@pytest.mark.parametrize("domain", ["ex\u0430mple.org", "\uff45xample.org", "example.org.evil.net", "exámple.org"])
async def test_s14_look_alikes_of_our_domain_are_not_ours(connect, domain):
    client = await connect()
    assert (await client.command(f"MAIL FROM:<anna@{domain}> SMTPUTF8"))[:3] in {"550", "553"}
