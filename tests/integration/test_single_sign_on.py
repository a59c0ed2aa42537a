"""Signing in to the console by the organisation's OpenID Connect provider: a real console, a provider on loopback."""

import base64
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.integration.gateway import ROOT, free_port

jwt = pytest.importorskip("jwt", reason="the package pyjwt is not installed (extra sign-in)")

SECONDS = 120  # a bound for a machine that is busy with other things
CLIENT, SECRET = "dlp-console", "a secret of the console"
DORA = {"sub": "7", "email": "Dora@westendonsixth.com", "email_verified": True}


class Provider:
    """Says of whoever comes what ``claims`` (and ``userinfo``, if that is to differ) hold."""

    def __init__(self):
        self.claims, self.userinfo = DORA, None
        self.refuses = False
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._challenges = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                provider.answer(self, urlsplit(self.path), {})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.answer(self, urlsplit(self.path), parse_qs(body))

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request, url, form):
        query = parse_qs(url.query)
        if url.path == "/.well-known/openid-configuration":
            return self._json(
                request,
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "userinfo_endpoint": f"{self.issuer}/userinfo",
                    "jwks_uri": f"{self.issuer}/jwks",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                },
            )
        if url.path == "/authorize":
            assert (query["client_id"], query["code_challenge_method"]) == ([CLIENT], ["S256"])
            self._challenges["code-1"] = query["code_challenge"][0]
            said = {"error": "access_denied"} if self.refuses else {"code": "code-1"}
            request.send_response(302)
            request.send_header(
                "Location", f"{query['redirect_uri'][0]}?{urlencode(said | {'state': query['state'][0]})}"
            )
            return request.end_headers()
        if url.path == "/token":
            digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
            proven = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == self._challenges.get(form["code"][0])
            if form["client_secret"] != [SECRET] or not proven:
                return self._json(request, {"error": "invalid_grant"}, 400)
            now = int(time.time())
            claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, **self.claims}
            token = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "1"})
            return self._json(request, {"access_token": "a", "token_type": "Bearer", "id_token": token})
        if url.path == "/userinfo" and request.headers["Authorization"] == "Bearer a":
            return self._json(request, self.userinfo or self.claims)
        return self._json(request, {}, 404)

    def _json(self, request, value, status=200):
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.end_headers()
        request.wfile.write(json.dumps(value).encode())


class Console:
    def __init__(self, home, issuer, second_factor):
        home.mkdir(exist_ok=True)
        (home / "secret").write_text(SECRET + "\n")
        self.database = home / "gateway.db"
        self.url = f"http://localhost:{free_port()}"
        sign_in = {
            "name": "Westend",
            "issuer": issuer,
            "client_id": CLIENT,
            "secret_file": str(home / "secret"),
            "second_factor": second_factor,
        }
        values = {
            "STATE_DIRECTORY": f'"{home}"',
            "STORE__URL": f'"sqlite:///{self.database}"',
            "KEYS__DIRECTORY": f'"{home}/keys"',
            "CONSOLE__LISTEN": self.url.removeprefix("http://").replace("localhost", "127.0.0.1"),
            "CONSOLE__URL": f'"{self.url}"',
            "CONSOLE__SIGN_IN": json.dumps(sign_in),
        }
        self.environment = {**os.environ, **{f"DLP_GATEWAY__{name}": value for name, value in values.items()}}

    def run(self, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "dlp_gateway.cli", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        ).stdout

    def outcomes(self):
        """What the record says of sign-ins."""
        with closing(sqlite3.connect(self.database)) as store:
            entries = store.execute("SELECT actor, details FROM dlp_audit_entry WHERE kind = 'sign_in' ORDER BY seq")
            return [(actor, json.loads(details)) for actor, details in entries]

    def press(self, browser, target=""):
        """Press the button on the sign-in page; returns the last page that it leads to."""
        page = browser.get(f"{self.url}/account/login/{target}")
        assert "Sign in with Westend" in page.text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
        action = re.search(r'action="(/account/oidc/[^"]+)"', page.text)[1].replace("&amp;", "&")
        return browser.post(f"{self.url}{action}", {"csrfmiddlewaretoken": token}, headers={"Origin": self.url})


@contextmanager
def started(home, provider, *, second_factor):
    console = Console(home, provider.issuer, second_factor)
    console.run("keys", "init")
    for name in ("dora", "erik"):
        console.run("accounts", "add", name, "--role", "dpo", "--address", f"{name}@westendonsixth.com")
    console.run("accounts", "disable", "erik")
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dlp_gateway.cli", "console"],
            cwd=ROOT,
            env=console.environment,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(console, process, home / "log")
        yield console
    finally:
        process.terminate()
        process.wait(SECONDS)


def wait_for(console, process, log):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            return requests.get(f"{console.url}/account/login/", timeout=SECONDS)
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture(scope="module")
def console(tmp_path_factory, provider):
    with started(tmp_path_factory.mktemp("sso"), provider, second_factor=False) as console:
        yield console


@pytest.fixture
def browser(provider):
    provider.claims, provider.userinfo, provider.refuses = DORA, None, False
    with requests.Session() as browser:
        yield browser


def test_an_account_is_found_by_the_address_that_the_provider_has_verified(console, browser):
    page = console.press(browser, "?next=/absence/")

    assert (page.status_code, page.url) == (200, f"{console.url}/absence/")
    assert console.outcomes()[-1] == ("dora", {"outcome": "signed in", "by": "provider"})
    # The first password, which an administrator knows, does not work any more.
    assert "Change password" not in page.text


@pytest.mark.parametrize(
    ("claims", "userinfo", "who", "why"),
    [
        ({"email_verified": False}, None, "unknown account", "no verified address"),
        ({"email_verified": "true"}, None, "unknown account", "no verified address"),
        ({"email_verified": None}, None, "unknown account", "no verified address"),
        ({"email": "nobody@westendonsixth.com"}, None, "unknown account", "no account"),
        ({"email": "erik@westendonsixth.com"}, None, "erik", "disabled"),
        ({}, DORA | {"sub": "8"}, "unknown account", "two subjects"),
        ({"aud": "another"}, None, "unknown account", "refused by the provider"),
        ({"iss": "https://evil.example"}, None, "unknown account", "refused by the provider"),
        ({"exp": 1}, None, "unknown account", "refused by the provider"),
    ],
)
def test_who_is_not_let_in(console, provider, browser, claims, userinfo, who, why):
    provider.claims, provider.userinfo = DORA | claims, userinfo

    page = console.press(browser)

    assert page.url.startswith(f"{console.url}/account/login/")
    assert "You were not signed in" in page.text
    assert browser.get(f"{console.url}/").url.startswith(f"{console.url}/account/login/")
    assert console.outcomes()[-1] == (who, {"outcome": "refused", "why": why})


def test_a_refusal_of_the_provider_leads_back(console, provider, browser):
    provider.refuses = True

    assert "You were not signed in" in console.press(browser).text


@pytest.mark.parametrize("query", ["code=code-1&state=forged", "code=code-1", ""])
def test_an_answer_that_nobody_asked_for_is_none(console, browser, query):
    page = browser.get(f"{console.url}/account/oidc/organisation/login/callback/?{query}")

    assert "You were not signed in" in page.text
    assert browser.get(f"{console.url}/").url.startswith(f"{console.url}/account/login/")


@pytest.mark.parametrize("path", ["signup/", "", "login/cancelled/", "login/error/", "other/login/"])
def test_there_is_nothing_else_of_it(console, browser, path):
    assert browser.get(f"{console.url}/account/oidc/{path}").status_code == 404


def test_the_console_asks_for_its_own_second_factor_unless_told_otherwise(tmp_path, provider, browser):
    with started(tmp_path / "sso", provider, second_factor=True) as console:
        page = console.press(browser)

        assert page.url == f"{console.url}/account/2fa/"
        assert browser.get(f"{console.url}/absence/").url == f"{console.url}/account/2fa/"
