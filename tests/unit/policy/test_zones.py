import dataclasses
import datetime as dt
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dlp_gateway.model import Address, Zone
from dlp_gateway.policy.definition import policy_from
from dlp_gateway.policy.zones import canonical_domain, parents, within
from tests.unit.policy.examples import HOME, TODAY, partner, policy

INTERNAL = [
    "alice@westendonsixth.com",
    "alice@WestEndOnSixth.com",
    "ALICE@WESTENDONSIXTH.COM",
    "alice@westendonsixth.com.",
    "alice@WESTENDONSIXTH.COM.",
    "alice@uk.westendonsixth.com",
    "alice@UK.WestEndOnSixth.Com.",
    "alice@a.b.c.d.westendonsixth.com",
    "alice@xn--mnchen-3ya.westendonsixth.com",
    "alice@münchen.westendonsixth.com",
    "alice@0.westendonsixth.com",
    "alice@mail-1.westendonsixth.com",
    "alice+tag@westendonsixth.com",
    "o'brien@westendonsixth.com",
    '"alice ng"@westendonsixth.com',
    "=?utf-8?q?x?=@westendonsixth.com",
    "jürgen@westendonsixth.com",
]

PARTNER = [
    "bob@personal-partner.example",
    "bob@PERSONAL-Partner.Example.",
    "bob@lodge.personal-partner.example",
    "bob@contact-partner.example",
]

EXTERNAL = [
    # another domain that begins, ends or goes on with ours
    "alice@westendonsixth.com.example",
    "alice@westendonsixth.com.evil.net",
    "alice@notwestendonsixth.com",
    "alice@not-westendonsixth.com",
    "alice@westendonsixth.co",
    "alice@westendonsixth.com.au",
    "alice@westendonsixth.org",
    "alice@westendonsixth-com.example",
    "alice@westendonsixthcom",
    "alice@com",
    "alice@westendonsixth",
    "alice@www.westendonsixth.example",
    "alice@evil.example/westendonsixth.com",
    # misspelt
    "alice@westendonsixht.com",
    "alice@westendonslxth.com",
    "alice@westend0nsixth.com",
    "alice@wesTendonsixthh.com",
    "alice@westend-on-sixth.com",
    # look-alike letters: Cyrillic, Greek, full width, long s, sharp s, a combining mark, bold
    "alice@wеstendonsixth.com",
    "alice@westendonѕixth.com",
    "alice@westendοnsixth.com",
    "alice@ｗestendonsixth.com",
    "alice@ｗｅｓｔｅｎｄｏｎｓｉｘｔｈ．ｃｏｍ",
    "alice@weſtendonsixth.com",
    "alice@westendonsixth.ⅽom",
    "alice@wéstendonsixth.com",
    "alice@we\u0301stendonsixth.com",
    "alice@𝐰estendonsixth.com",
    "alice@xn--wstendonsixth-jgb.com",
    # other dots, invisible characters
    "alice@westendonsixth。com",
    "alice@westendonsixth．com",
    "alice@westendonsixth\u200b.com",
    "alice@westen\u00addonsixth.com",
    "alice@\u202ewestendonsixth.com",
    "alice@westendonsixth.com\u2060",
    # no domain at all
    "alice@",
    "alice",
    "",
    "@",
    "alice@.",
    "alice@.westendonsixth.com",
    "alice@westendonsixth..com",
    "alice@westendonsixth.com..",
    "alice@ westendonsixth.com",
    "alice@westendonsixth.com ",
    "alice@westendonsixth.com\r\n",
    "alice@westendonsixth.com\0",
    "alice@-.westendonsixth.com",
    "alice@xn--a.westendonsixth.com",
    "alice@xn--.westendonsixth.com",
    "alice@*.westendonsixth.com",
    f"alice@{'a' * 64}.westendonsixth.com",
    f"alice@{'a.' * 130}westendonsixth.com",
    # literals
    "alice@[192.0.2.1]",
    "alice@[IPv6:2001:db8::1]",
    "alice@[westendonsixth.com]",
    "alice@192.0.2.1",
    # routes in the local part, which a mail server of ours might follow
    "bob%evil.example@westendonsixth.com",
    "evil.example!bob@westendonsixth.com",
    '"bob@evil.example"@westendonsixth.com',
    "bob@evil.example@westendonsixth.com",
    # no partner
    "bob@personal-partner.example.org",
    "bob@xpersonal-partner.example",
    "bob@example",
    "bob@mailbox.example",
]


@pytest.mark.parametrize(
    ("mailbox", "zone"),
    [
        *((mailbox, Zone.INTERNAL) for mailbox in INTERNAL),
        *((mailbox, Zone.PARTNER) for mailbox in PARTNER),
        *((mailbox, Zone.EXTERNAL) for mailbox in EXTERNAL),
    ],
)
def test_zone(mailbox, zone):
    assert policy().zones.zone_of_text(mailbox, TODAY) is zone


def test_organisation_may_have_several_domains():
    zones = policy_from({"organisation": {"name": "W", "domains": ["a.example", "münchen.example"]}}).zones

    assert zones.zone_of_domain("x.a.example", TODAY) is Zone.INTERNAL
    assert zones.zone_of_domain("xn--mnchen-3ya.example", TODAY) is Zone.INTERNAL
    assert zones.zone_of_domain("b.example", TODAY) is Zone.EXTERNAL


@pytest.mark.parametrize(
    ("day", "zone"),
    [
        (dt.date(2026, 12, 31), Zone.PARTNER),
        (dt.date(2027, 1, 1), Zone.PARTNER),
        (dt.date(2027, 1, 2), Zone.EXTERNAL),
    ],
)
def test_an_agreement_holds_until_its_last_day(day, zone):
    assert policy().zones.zone_of_text("bob@personal-partner.example", day) is zone


def test_the_nearest_partner_entry_counts():
    zones = policy(partners=[partner("big.example", "personal"), partner("hr.big.example", "contact")]).zones

    assert zones.partner("hr.big.example", TODAY).clear == "contact"
    assert zones.partner("x.hr.big.example", TODAY).clear == "contact"
    assert zones.partner("big.example", TODAY).clear == "personal"
    assert zones.partner("it.big.example", TODAY).clear == "personal"


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--BCHER-kva.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("[IPv6:2001:DB8::1]", "[ipv6:2001:db8::1]"),
        ("[ipv6:2001:db8:0:0::1]", "[ipv6:2001:db8::1]"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("localhost", "localhost"),
        ("7.example", "7.example"),
        (f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}.", f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}"),
    ],
)
def test_canonical_domain(written, canonical):
    assert canonical_domain(written) == canonical
    assert canonical_domain(canonical) == canonical


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "not a valid domain name"),
        ("a..example", "not a valid domain name"),
        ("example.net..", "not a valid domain name"),
        ("exa_mple.net", "not a valid domain name"),
        ("[192.0.2.1", "not a valid domain name"),
        ("192.0.2.1", "ends in a number"),
        ("host.7", "ends in a number"),
        ("BÜCHER.example", "internationalised"),  # a capital is no letter of a U-label
        ("bu\u0308cher.example", "internationalised"),  # nor is what is not composed
        ("\uff57estendonsixth.com", "internationalised"),
        ("west\u3002example", "internationalised"),
        ("☃.example", "internationalised"),
        ("xn--a.example", "internationalised"),  # no A-label of anything
        ("xn--n3h.example", "internationalised"),  # of a snowman
        ("[IPv6:fe80::1%eth0]", "address literal"),
        ("[2001:db8::1]", "address literal"),
        ("[192.0.2.01]", "address literal"),
        ("[]", "address literal"),
        (f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 62}", "longer than 253"),
        (f"{'ü' * 50}.{'ü' * 50}.{'ü' * 50}.{'ü' * 50}.{'ü' * 40}.example", "internationalised"),
        ("ü" * 1_000_000, "longer than 253"),
    ],
)
def test_what_is_no_domain_is_told_why(written, why):
    with pytest.raises(ValueError, match=why):
        canonical_domain(written)
    assert policy().zones.zone_of_domain(written, TODAY) is Zone.EXTERNAL


@pytest.mark.parametrize(
    ("domain", "inside"),
    [
        ("a.example", True),
        ("x.a.example", True),
        ("b.x.example", True),
        ("x.example", False),
        ("ba.example", False),
        ("a.example.net", False),
        ("", False),
    ],
)
def test_within(domain, inside):
    assert within(domain, ("a.example", "b.x.example")) is inside


@pytest.mark.parametrize("domain", ["com", "co.uk", "github.io", "localhost", "[192.0.2.1]", "", "a b.example"])
@pytest.mark.parametrize(
    "sections",
    [
        lambda domain: {"organisation": {"name": "W", "domains": [domain]}},
        lambda domain: {"partners": [partner(domain)]},
    ],
)
def test_nobody_owns_a_public_suffix(domain, sections):
    with pytest.raises(ValidationError):
        policy(**sections(domain))


@given(st.text(max_size=40))
def test_only_labels_in_front_of_our_domain_make_an_address_internal(prefix):
    zone = policy().zones.zone_of_domain(prefix + HOME, TODAY)

    assert zone is Zone.EXTERNAL or prefix == "" or (prefix.endswith(".") and canonical_domain(prefix + HOME))


@given(st.text(max_size=60))
def test_any_text_has_a_zone(text):
    assert policy().zones.zone_of_text(text, TODAY) in set(Zone)


@given(st.text(alphabet=string.ascii_letters + string.digits + ".-", max_size=80))
def test_canonical_form_is_a_fixed_point(text):
    try:
        canonical = canonical_domain(text)
    except ValueError:
        return
    assert canonical_domain(canonical) == canonical
    assert canonical == canonical.lower()


def test_parents():
    assert list(parents("a.b.example")) == ["a.b.example", "b.example", "example"]


def test_zones_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        policy().organisation.name = "Other"


def test_the_canonical_address_of_the_envelope_decides():
    # The display of an address is never looked at, only its domain.
    shown = Address(local="mbell", domain="mailbox.example", literal="marcus.bell@westendonsixth.com")

    assert policy().zones.zone(shown, TODAY) is Zone.EXTERNAL
