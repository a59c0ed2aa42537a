import pytest
from pydantic import ValidationError

from dlp_gateway.policy.countries import Countries, country_of_domain
from tests.unit.policy.examples import TODAY, address, partner, policy


@pytest.mark.parametrize(
    ("domain", "country"),
    [
        ("example.com.au", "AU"),
        ("example.co.uk", "GB"),
        ("example.de", "DE"),
        ("example.su", "RU"),
        ("example.eu", "EU"),
        ("example.xn--p1ai", "RU"),
        ("example.xn--fiqs8s", "CN"),
        ("example.xn--qxam", "GR"),
        ("example.com", None),
        ("example.xn--p1acf", None),
        ("example.xn--99999999", None),
        ("example.example", None),
        ("example.zz", None),
        ("[192.0.2.1]", None),
        ("192.0.2.1", None),
    ],
)
def test_country_of_domain(domain, country):
    assert country_of_domain(domain) == country


@pytest.mark.parametrize(
    ("domain", "country"), [("start-up.co", None), ("start-up.io", None), ("banco.com.co", "CO"), ("x.gov.co", "CO")]
)
def test_generic_domains_hide_the_country_of_names_directly_under_them(domain, country):
    assert Countries(generic_domains=("co", "io")).of_domain(domain) == country


@pytest.mark.parametrize(
    ("country", "unknown", "safe"),
    [
        ("AU", "unsafe", True),
        ("NZ", "unsafe", True),
        ("CN", "safe", False),
        (None, "safe", True),
        (None, "unsafe", False),
    ],
)
def test_safe(country, unknown, safe):
    assert Countries(safeguards=("NZ",), unknown=unknown).safe(country, "AU") is safe


@pytest.mark.parametrize(
    ("entry", "country", "safe"),
    [
        (None, None, True),
        (partner("clinic.example", country="CN"), "CN", False),
        (partner("clinic.example", country="CN", safeguards="SCC of 2025"), "CN", True),
        (partner("clinic.example", country="NZ"), "NZ", True),
    ],
)
def test_the_entry_of_a_partner_comes_before_its_domain(entry, country, safe):
    tested = policy(partners=[entry] if entry else [])
    recipient = address("a@mail.clinic.example")

    assert tested.country(recipient) == country
    assert tested.may_have_personal_data(recipient, TODAY) is safe


def test_safeguards_end_with_the_agreement_but_the_country_stays_known():
    tested = policy(partners=[partner("clinic.example", country="CN", safeguards="SCC of 2025", until="2026-03-01")])

    assert tested.country(address("a@clinic.example")) == "CN"
    assert not tested.may_have_personal_data(address("a@clinic.example"), TODAY)


@pytest.mark.parametrize("code", ["UK", "xx", "AUS", "", "au"])
def test_unknown_country_codes_are_refused(code):
    with pytest.raises(ValidationError):
        Countries(safeguards=(code,))


def test_generic_domains_are_country_code_domains():
    assert Countries(generic_domains=(".IO",)).generic_domains == ("io",)
    with pytest.raises(ValidationError):
        Countries(generic_domains=("com",))
