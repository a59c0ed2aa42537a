"""A store with one of everything that pages are about, made once; each test has a copy, with browsers for it."""

import dataclasses
import datetime as dt
import hashlib
import shutil
import time
from pathlib import Path

from django.test import Client

from dlp_gateway.console.roles import Role
from dlp_gateway.console.services import Services
from dlp_gateway.model import Action
from dlp_gateway.store import database, requests, versions
from dlp_gateway.store.requests import DataSubject, RequestKind
from dlp_gateway.store.values import SenderLink
from tests.unit.console.signing import add
from tests.unit.store.examples import intake, verdict

VISITORS = (*Role, "", None)  # an account of each role, one without a role, and nobody
HELD, QUEUED = "held-one", "queued-one"
KEY, OTHER_KEY = "k" * 43, "o" * 43
HTML = b"""From: Jo <jo@westendonsixth.com>\r\nTo: bob@example.org\r\nSubject: Quillfeather\r\nMIME-Version: 1.0\r
Content-Type: text/html; charset=utf-8\r\n\r\n<p onclick=alert(1)>TFN 123 456 782, see wombat-4471.xlsx</p>\r\n"""


@dataclasses.dataclass(frozen=True)
class Seed:
    """Where the store is, the sessions of ``VISITORS`` in it, and a value for each kind of ``Page.example``."""

    root: Path
    cookies: dict[object, str]
    examples: dict[str, str]


def plant(console):
    """Fill a console's store."""
    now = time.time()
    held = intake(verdict("bob@example.org", Action.HOLD), message_id=HELD, at=now - 3600, content=HTML)
    other = intake(verdict("ann@example.net", Action.HOLD), message_id="held-two", at=now - 60)
    console.commit(
        dataclasses.replace(held, link=_link(KEY)),
        dataclasses.replace(other, link=_link(OTHER_KEY)),
        intake(verdict("ann@example.net", Action.DELIVER), message_id=QUEUED, at=now - 60),
    )
    request = requests.register(DataSubject(("bob@example.org",)), RequestKind.ERASE, now - 60, actor="dpo", now=now)
    cookies = {}
    for visitor in VISITORS:
        if visitor is not None:
            client = console.client(visitor, str(visitor) or "roleless")
            cookies[visitor] = client.cookies["session"].value
    add(console, "someone", Role.AUDITOR)
    from dlp_gateway.console import accounts

    examples = {
        "held": HELD,
        "decision": HELD,
        "page": "0",
        "account": str(accounts.named("someone").id),
        "entry": "1",
        "entity": "au_tfn",
        "format": "json",
        "month": dt.datetime.fromtimestamp(now, dt.UTC).strftime("%Y-%m"),
        "request": str(request.id),
        "link": KEY,
        "policy_version": str(rules(console, now)),
    }
    database.close()
    return Seed(console.gateway.root, cookies, examples)


def rules(console, now):
    """The number of the version of the rules that runs."""
    texts = {name: (console.gateway.config / f"{name}.yaml").read_text() for name in ("policy", "detection")}
    versions.enter(versions.Version(0, now, "gateway", "policy-1", **texts), str(console.gateway.config))
    return versions.versions()[0].id


def _link(key):
    return SenderLink(hashlib.sha256(key.encode()).hexdigest(), time.time() + 86400)


class Everything:
    """A copy of the seed with a console over it."""

    def __init__(self, seed, root):
        shutil.copytree(seed.root, root)
        self.seed = seed
        self.database = root / "var" / "dlp-gateway.db"
        self.keys = root / "var" / "keys"
        self.services = Services(root / "config", {"DLP_GATEWAY__CONSOLE__URL": '"http://localhost:8080"'})
        database.configure(f"sqlite:///{self.database}")

    def browser(self, visitor, **more):
        """Somebody of ``VISITORS`` in front of it."""
        client = Client(SERVER_NAME="localhost", SERVER_PORT="8080", **more)
        if visitor is not None:
            client.cookies["session"] = self.seed.cookies[visitor]
        return client

    def address(self, page, **other):
        """The address of a page with real values; KeyError names a kind of value that nobody made real."""
        from django.urls import reverse

        return reverse(page.name, kwargs={name: self.seed.examples[kind] for name, kind in page.example} | other)

    def entries(self):
        """How many entries the record has."""
        return database.rows("AuditEntry").count()
