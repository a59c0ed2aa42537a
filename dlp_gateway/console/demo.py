"""Accounts to try the console with: one of each role, ready to sign in, made once and printed once."""

from __future__ import annotations

from dataclasses import dataclass

from dlp_gateway.console import accounts
from dlp_gateway.console.roles import Role
from dlp_gateway.console.services import Services

# High risk is released by two different people: hence two of them.
_PEOPLE = (
    ("dpo", "Dana Dpo", Role.DPO),
    ("dpo2", "Devi Dpo", Role.DPO),
    ("security", "Sam Security", Role.SECURITY),
    ("auditor", "Ari Auditor", Role.AUDITOR),
    ("admin", "Alex Admin", Role.ADMIN),
)


@dataclass(frozen=True, slots=True)
class Demo:
    """An account with what is needed to sign in; ``uri`` is for an authenticator app."""

    name: str
    role: Role
    password: str
    secret: str
    uri: str


def make(services: Services) -> tuple[Demo, ...]:
    """Make the accounts; none when there are accounts already. Call it after ``server.prepare``."""
    if accounts.listed():
        return ()
    domain = services.settings.hostname.partition(".")[2] or services.settings.hostname
    return tuple(_make(name, person, role, domain, services.clock()) for name, person, role in _PEOPLE)


def _make(name: str, person: str, role: Role, domain: str, now: float) -> Demo:
    from allauth.mfa.adapter import get_adapter
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.contrib.auth import get_user_model

    password = accounts.add(name, accounts.Person(person, f"{name}@{domain}", role), "trial", now)
    row = get_user_model().objects.get(username=name)
    secret = str(generate_totp_secret())
    TOTP.activate(row, secret)
    row.first_password = False
    row.save()
    return Demo(name, role, password, secret, str(get_adapter().build_totp_url(row, secret)))
