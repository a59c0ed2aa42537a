"""Signing in as people do: with a password, a code, and what is asked on the way."""

import json
import re
import time

from dlp_gateway.console import accounts
from dlp_gateway.console.roles import Role
from dlp_gateway.store import database

NEW_PASSWORD = "seven quiet wombats at dusk"
ACTOR = "root"


def add(console, name="dora", role=Role.DPO, address=None):
    """An account as administrators make it; returns its first password."""
    given = accounts.Person("Dora Penn", address or f"{name}@westendonsixth.com", role)
    return accounts.add(name, given, ACTOR, console.clock())


def sign_in(client, name, password, **more):
    return client.post("/account/login/", {"login": name, "password": password, **more})


def code(secret, steps=0):
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def set_up(client, first_password, password=NEW_PASSWORD):
    """What the first sign-in asks for; returns the secret of the authenticator app."""
    change_password(client, first_password, password)
    secret = shown_secret(client)
    done = client.post("/account/2fa/totp/activate/", {"code": code(secret)})
    assert done.status_code == 302, done.content.decode()
    return secret


def shown_secret(client):
    """The secret beside the QR code."""
    return re.search(r"<code>(\w+)</code>", client.get("/account/2fa/totp/activate/").content.decode())[1]


def change_password(client, old, new):
    return client.post("/account/password/change/", {"oldpassword": old, "password1": new, "password2": new})


def record(*kinds):
    """What the record says, in order: (kind, actor, subject, details)."""
    rows = database.rows("AuditEntry").filter(kind__in=kinds or ("sign_in", "account")).order_by("seq")
    return [(row.kind, row.actor, row.subject, json.loads(row.details)) for row in rows]


def outcomes(name):
    """What the record says of somebody at the door."""
    return [details["outcome"] for kind, actor, _, details in record("sign_in") if actor == name]


def acts(name):
    """What the record says was done with an account."""
    return [details["act"] for _, _, subject, details in record("account") if subject == name]


def factors(name):
    from allauth.mfa.models import Authenticator

    return sorted(Authenticator.objects.filter(user__username=name).values_list("type", flat=True))
