import pytest

from dlp_gateway.policy.zones import carries_route, within
from dlp_gateway.smtp.addresses import (
    AddressError,
    PathRole,
    canonical_domain,
    parse_path,
    require_ascii,
)

LONG_LABEL = "a" * 63

ACCEPTED = [
    # argument, local, domain, parameters
    ("<bob@example.net>", "bob", "example.net", ""),
    ("  <bob@example.net>", "bob", "example.net", ""),
    ("<bob@example.net> SIZE=10 BODY=8BITMIME", "bob", "example.net", "SIZE=10 BODY=8BITMIME"),
    ("<Bob@EXAMPLE.Net>", "Bob", "example.net", ""),
    ("<bob@example.net.>", "bob", "example.net", ""),
    ("<bob.b-b_b+tag@mail.example.net>", "bob.b-b_b+tag", "mail.example.net", ""),
    ("<!#$%&'*+-/?=^_`{|}~@example.net>", "!#$%&'*+-/?=^_`{|}~", "example.net", ""),
    ('<"john smith"@example.net>', '"john smith"', "example.net", ""),
    ('<"a..b"@example.net>', '"a..b"', "example.net", ""),
    ('<".a"@example.net>', '".a"', "example.net", ""),
    ("<bob@localhost>", "bob", "localhost", ""),
    ("<bob@[192.0.2.1]>", "bob", "[192.0.2.1]", ""),
    ("<bob@[IPv6:2001:DB8:0:0::1]>", "bob", "[ipv6:2001:db8::1]", ""),
    ("<bob@[ipv6:::1]>", "bob", "[ipv6:::1]", ""),
    ("<bob@bücher.example>", "bob", "xn--bcher-kva.example", ""),
    ("<bob@bücher.EXAMPLE.>", "bob", "xn--bcher-kva.example", ""),
    ("<bob@XN--BCHER-KVA.example>", "bob", "xn--bcher-kva.example", ""),
    ("<bob@straße.example>", "bob", "xn--strae-oqa.example", ""),
    ("<bob@例え.テスト>", "bob", "xn--r8jz45g.xn--zckzah", ""),
    ("<jürgen@example.net> SMTPUTF8", "jürgen", "example.net", "SMTPUTF8"),
    ("<用户@例え.テスト>", "用户", "xn--r8jz45g.xn--zckzah", ""),
    # look-alikes are names of their own, and so are not ours
    ("<bob@westendonsi\u0445th.com>", "bob", "xn--westendonsith-lbl.com", ""),
    ("<bob@westendonsixth.com.evil.net>", "bob", "westendonsixth.com.evil.net", ""),
    (f"<{'l' * 64}@example.net>", "l" * 64, "example.net", ""),
    # longer ones: a calendar, a list's return path (VERP), a forwarder's (SRS), as many octets as a path has
    (f"<c_{'0a1b' * 16}@group.calendar.example>", f"c_{'0a1b' * 16}", "group.calendar.example", ""),
    (
        "<bounces+20261123-0042-jo.citizen=mail.long-example-name.example.org@list.example> NOTIFY=NEVER",
        "bounces+20261123-0042-jo.citizen=mail.long-example-name.example.org",
        "list.example",
        "NOTIFY=NEVER",
    ),
    (
        "<SRS0=abcd=XY=a-rather-long-domain-name.example.com=firstname.lastname@forwarder.example>",
        "SRS0=abcd=XY=a-rather-long-domain-name.example.com=firstname.lastname",
        "forwarder.example",
        "",
    ),
    (f"<{'l' * 242}@example.net>", "l" * 242, "example.net", ""),
    (f"<{'ü' * 121}@example.net>", "ü" * 121, "example.net", ""),
    (f'<"{"l " * 120}"@example.net>', f'"{"l " * 120}"', "example.net", ""),
    (f"<bob@{LONG_LABEL}.example.net>", "bob", f"{LONG_LABEL}.example.net", ""),
    (f"<b@{'.'.join([LONG_LABEL] * 3)}.{'c' * 56}.net>", "b", f"{'.'.join([LONG_LABEL] * 3)}.{'c' * 56}.net", ""),
    ("<prvs=0123abc=bob@example.net>", "prvs=0123abc=bob", "example.net", ""),
]

REFUSED = [
    # argument, code
    ("", 501),
    ("bob@example.net", 501),
    ("<", 501),
    (">", 501),
    ("<<>", 553),
    ("< >", 553),
    ("<@>", 553),
    ("<a@", 501),
    ('<"', 501),
    ('<">', 501),
    ('<"a@b>', 501),
    ("<a@[", 501),
    ("<@[ ", 501),
    ("<a@[>", 553),
    ("<bob>", 553),
    ("<bob@>", 553),
    ("<@example.net>", 553),
    ('<""@example.net>', 553),
    ("<bob@example.net", 501),
    ("<bob@example.net>x", 501),
    ("<bob@example.net>,<c@example.com>", 501),
    ("<bob@example.net>>", 501),
    ("<<bob@example.net>>", 501),
    ("<bob@example.net,carol@example.com>", 553),
    ("<a@b,c@d>", 553),
    ("<bob@example.net;carol@example.com>", 553),
    ("<@x,@y:a@b>", 553),
    ("<@relay.example:bob@example.net>", 553),
    ("<a b@c.example>", 553),
    ("< bob@example.net>", 553),
    ("<bob@example.net >", 553),
    ("<bob@ example.net>", 553),
    ("<bob @example.net>", 553),
    ("<a(b@c.example>", 553),
    ("<a@int.example(@ext.example)>", 553),
    ("<(comment)bob@example.net>", 553),
    ("<Bob <bob@example.net>>", 501),
    ("<.bob@example.net>", 553),
    ("<bob.@example.net>", 553),
    ("<b..b@example.net>", 553),
    ("<b@b@example.net>", 553),
    ('<"bob"x@example.net>', 553),
    ('<x"bob"@example.net>', 553),
    # one address in the coat of another
    ('<"bob@ext.example>"@int.example>', 553),
    ('<"bob@ext.example"@int.example>', 553),
    ('<"a\\"b"@int.example>', 501),
    ('<"a\\b"@int.example>', 553),
    ('<"a,b"@int.example>', 553),
    ("<=?utf-8?q?=0d=0aRCPT=20TO:?=@int.example>", 553),
    ("<=?utf-8?q?bob=40ext.example=3e?=@int.example>", 553),
    ('<"=?utf-8?q?x?="@int.example>', 553),
    ("<bob@=?utf-8?q?int.example?=>", 553),
    ("<a=?b@example.net>", 553),
    # controls
    ("<bob\r@example.net>", 501),
    ("<bob\n@example.net>", 501),
    ("<bob@example.net\r\nRCPT TO:<x@y>", 501),
    ("<b\0b@example.net>", 501),
    ("<b\tb@example.net>", 501),
    ('<"b\tb"@example.net>', 501),
    ("<bob\x7f@example.net>", 501),
    ("<bob\x85@example.net>", 501),
    ("<b\ud800b@example.net>", 501),
    ("<bob@exam\udcffple.net>", 501),
    ("<bob\u2028@example.net>", 501),
    ("<bob@example.net>\tSIZE=1", 501),
    # invisible characters in the local part
    ("<bo\u200bb@example.net>", 553),
    ("<bo\u202eb@example.net>", 553),
    ("<bo\u00a0b@example.net>", 553),
    # domains
    ("<bob@example..net>", 553),
    ("<bob@.example.net>", 553),
    ("<bob@example.net..>", 553),
    ("<bob@.>", 553),
    ("<bob@-example.net>", 553),
    ("<bob@example-.net>", 553),
    ("<bob@exa_mple.net>", 553),
    ("<bob@exa%mple.net>", 553),
    ("<bob@example.net:25>", 553),
    ("<bob@192.0.2.1>", 553),
    ("<bob@[192.0.2.256]>", 553),
    ("<bob@[192.0.2.01]>", 553),
    ("<bob@[IPv6:fe80::1%eth0]>", 553),
    ("<bob@[2001:db8::1]>", 553),
    ("<bob@[x:y]>", 553),
    ("<bob@[192.0.2.1>", 553),
    ("<bob@[]>", 553),
    ("<bob@\uff57estendonsixth.com>", 553),  # full-width w: ASCII for some readers, not for others
    ("<bob@west\u3002example>", 553),  # ideographic full stop
    ("<bob@exa\u200dmple.net>", 553),
    ("<bob@\u212aelvin.example>", 553),  # the Kelvin sign is a k after normalisation
    ("<bob@☃.example>", 553),
    ("<bob@BÜCHER.example>", 553),  # capitals are no letters of a U-label, nor is what is not composed
    ("<bob@bu\u0308cher.example>", 553),
    ("<bob@xn--a.example>", 553),  # no A-label of anything
    ("<bob@host.7>", 553),
    # lengths in octets
    (f"<{'l' * 243}@example.net>", 553),
    (f"<{'ü' * 122}@example.net>", 553),
    (f"<{'l' * 100_000}@example.net>", 553),
    (f"<bob@{'a' * 64}.net>", 553),
    (f"<b@{'.'.join([LONG_LABEL] * 3)}.{'c' * 57}.net>", 553),
    (f"<b@{'a.' * 200}net>", 553),
]


@pytest.mark.parametrize(("argument", "local", "domain", "parameters"), ACCEPTED)
@pytest.mark.parametrize("role", PathRole)
def test_accepted(argument, local, domain, parameters, role):
    address, rest = parse_path(argument, role)

    assert (address.local, address.domain, rest) == (local, domain, parameters)
    # What is relayed is what was received, character for character.
    assert f"<{address.literal}>" == argument.lstrip().removesuffix(parameters).rstrip(" ")


@pytest.mark.parametrize(("argument", "code"), REFUSED)
@pytest.mark.parametrize("role", PathRole)
def test_s04_refused(argument, code, role):
    with pytest.raises(AddressError) as caught:
        parse_path(argument, role)

    reply = caught.value.reply
    assert reply.code == code
    assert reply.enhanced in role.value
    for secret in ("bob", "example", "evil"):
        assert secret not in reply.text
        assert secret not in str(caught.value)


@pytest.mark.parametrize(("path_bytes", "taken"), [(21, True), (20, False), (1000, True)])
def test_the_length_of_a_path_is_a_setting(path_bytes, taken):
    if taken:
        assert parse_path("<jo@mail.example.net> SIZE=1", PathRole.SENDER, path_bytes)[1] == "SIZE=1"
        return
    with pytest.raises(AddressError) as caught:
        parse_path("<jo@mail.example.net> SIZE=1", PathRole.SENDER, path_bytes)
    assert (caught.value.reply.code, caught.value.limit) == (553, "path_bytes")
    assert "(limit path_bytes)" in caught.value.reply.text


def test_s06_the_null_path_is_for_senders_only():
    assert parse_path("<> RET=HDRS", PathRole.SENDER) == (None, "RET=HDRS")
    with pytest.raises(AddressError) as caught:
        parse_path("<>", PathRole.RECIPIENT)
    assert (caught.value.reply.code, caught.value.reply.enhanced) == (501, "5.1.3")


@pytest.mark.parametrize("argument", ["<jürgen@example.net>", "<bob@bücher.example>"])
def test_s14_utf8_needs_smtputf8(argument):
    address, _ = parse_path(argument, PathRole.RECIPIENT)
    with pytest.raises(AddressError) as caught:
        require_ascii(address)
    assert (caught.value.reply.code, caught.value.reply.enhanced) == (553, "5.6.7")


def test_ascii_needs_nothing():
    require_ascii(None)
    require_ascii(parse_path("<bob@example.net>", PathRole.SENDER)[0])


OURS = ("westendonsixth.com", "xn--bcher-kva.example")


@pytest.mark.parametrize(
    ("domain", "inside"),
    [
        ("westendonsixth.com", True),
        ("WESTENDONSIXTH.COM.", True),
        ("WestEndOnSixth.Com", True),
        ("mail.westendonsixth.com", True),
        ("a.b.c.westendonsixth.com.", True),
        ("bücher.example", True),
        ("XN--BCHER-KVA.Example", True),
        ("shop.bücher.example", True),
        ("westendonsixth.com.evil.net", False),
        ("evilwestendonsixth.com", False),
        ("evil-westendonsixth.com", False),
        ("westendonsixth.co", False),
        ("westendonsixth.comm", False),
        ("westendonsixth.com.au", False),
        ("westend0nsixth.com", False),
        ("westendonsi\u0445th.com", False),
        ("westendonsıxth.com", False),
        ("wéstendonsixth.com", False),
        ("com", False),
        ("[192.0.2.1]", False),
        ("xn--bcher-kva.example.net", False),
        ("bucher.example", False),
    ],
)
def test_s14_internal_or_not(domain, inside):
    assert within(canonical_domain(domain), OURS) is inside


@pytest.mark.parametrize(
    ("local", "routed"),
    [("bob", False), ("bob+tag", False), ("bob%example.net", True), ("example.net!bob", True)],
)
def test_a_local_part_may_be_a_route(local, routed):
    address, _ = parse_path(f"<{local}@example.org>", PathRole.RECIPIENT)
    assert carries_route(address.local) is routed
