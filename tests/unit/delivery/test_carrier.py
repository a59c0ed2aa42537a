"""The mailbox that a report goes to, from the reverse-path that is kept."""

import pytest

from dlp_gateway.delivery.carrier import address_of


@pytest.mark.parametrize(
    ("literal", "local", "domain"),
    [
        ("Jo@WestEndOnSixth.com.", "Jo", "westendonsixth.com"),
        ('"a b"@westendonsixth.com', '"a b"', "westendonsixth.com"),
        ("jo@bücher.example", "jo", "xn--bcher-kva.example"),
        ("jo@[IPv6:2001:DB8:0::1]", "jo", "[ipv6:2001:db8::1]"),
        # What SMTP would refuse is not mapped to a name that it is not.
        ("jo@\uff57estendonsixth.com", "jo", "\uff57estendonsixth.com"),
        ("jo@BÜCHER.example.", "jo", "bücher.example"),
    ],
)
def test_the_domain_of_a_report_is_the_one_that_smtp_decides_on(literal, local, domain):
    found = address_of(literal)

    assert (found.local, found.domain, found.literal) == (local, domain, literal)
