"""Check digits and structure of identifiers.

A validator takes the characters found (separators included) and says whether
an authority could have issued them. Names are ``stdnum.<country>.<module>``
for python-stdnum and ``<country>.<thing>`` for the ones it lacks. A validator
may raise a candidate or drop it; it never decides alone.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from dlp_gateway.detection.validators import (
    america,
    asia_pacific,
    britain,
    cards,
    dates,
    details,
    europe,
    network,
    phones,
    secrets,
    streets,
)

Validator = Callable[[str], bool]

OWN: Mapping[str, Validator] = MappingProxyType(
    {
        "any.card": cards.card,
        "any.date": dates.date_of_birth,
        "any.date_long_ago": dates.date_long_ago,
        "any.birthday": dates.birthday,
        "any.age": dates.age,
        "any.ailment": details.ailment,
        "any.belief_or_origin": details.belief_or_origin,
        "any.children": details.children,
        "any.iban": europe.iban,
        "any.luhn": cards.luhn,
        "any.not_trivial": cards.not_trivial,
        "any.phone": phones.phone,
        "any.filled": secrets.filled,
        "any.secret": secrets.secret,
        "any.password": secrets.password,
        "any.login_pair": secrets.login_pair,
        "any.chosen_password": secrets.chosen_password,
        "any.street": streets.street,
        "any.street_abroad": streets.street_abroad,
        "any.public_ip": network.host_address,
        "any.mac": network.mac,
        "any.imei": network.imei,
        "au.medicare": asia_pacific.medicare,
        "au.ihi": asia_pacific.ihi,
        "au.bsb": asia_pacific.bsb,
        "nz.nhi": asia_pacific.nhi,
        "hk.id": asia_pacific.hkid,
        "sg.nric": asia_pacific.nric,
        "gb.nino": britain.nino,
        "gb.driving_licence": britain.driving_licence,
        "gb.chi": britain.chi,
        "us.mbi": america.mbi,
        "us.ssn": america.ssn,
        "us.npi": america.npi,
        "us.dea": america.dea,
        "de.rvnr": europe.rvnr,
        "de.kvnr": europe.kvnr,
        "es.nuss": europe.nuss,
        "fr.nir": europe.nir,
        "hu.taj": europe.taj,
        "hu.tax": europe.hungarian_tax,
        "lu.matricule": europe.matricule,
        "lv.pk": europe.personas_kods,
        "pt.niss": europe.niss,
        "any.ehic": europe.ehic,
    }
)


# These look at the form alone, which says less than a check digit.
STRUCTURAL = frozenset(
    (
        *("any.ailment", "any.belief_or_origin", "any.birthday", "any.children", "any.chosen_password"),
        "any.date_long_ago",
        "any.login_pair",
        *("any.age", "any.date", "any.ehic", "any.filled", "any.mac", "any.not_trivial", "any.password", "any.phone"),
        *("any.public_ip", "any.secret", "any.street", "any.street_abroad", "au.bsb", "gb.nino", "us.mbi", "us.ssn"),
    )
)


@functools.cache
def find_validator(name: str) -> Validator:
    """Return the validator of that name.

    Raises:
        LookupError: there is none.
    """
    if name in OWN:
        return OWN[name]
    if name.startswith("stdnum."):
        try:
            module = importlib.import_module(name)
        except ImportError as error:
            raise LookupError(name) from error
        return _guarded(module.is_valid)
    raise LookupError(name)


def _guarded(is_valid: Callable[[str], bool]) -> Validator:
    def check(value: str) -> bool:
        return cards.not_trivial(value) and bool(is_valid(value))

    return check
