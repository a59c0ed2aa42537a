"""What attackers try on a web page, each really tried."""

import asyncio
import re
from email import message_from_bytes
from email.policy import default

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile
from django.test import Client, RequestFactory, override_settings
from django.test.client import MULTIPART_CONTENT, encode_multipart

from dlp_gateway.console import accounts
from dlp_gateway.console.configuration import django_settings
from dlp_gateway.console.roles import Role, may
from dlp_gateway.console.sections import all_pages
from dlp_gateway.console.services import Services
from dlp_gateway.store import database, keys, spool
from dlp_gateway.store.store import Options, Store
from tests.unit.console.conftest import PASSWORD
from tests.unit.console.everything import HELD, KEY, OTHER_KEY, QUEUED, VISITORS
from tests.unit.console.signing import NEW_PASSWORD, add, code, set_up, sign_in

PAGES = all_pages()
SHOWN = [page for page in PAGES if "GET" in page.methods]
ACTS = [page for page in PAGES if "POST" in page.methods]
NAMED = [page for page in PAGES if page.example]
# The sign-in library's forms.
DOOR = (
    "/account/login/",
    "/account/logout/",
    "/account/2fa/authenticate/",
    "/account/2fa/webauthn/login/",
    "/account/reauthenticate/",
    "/account/password/change/",
    "/account/2fa/reauthenticate/",
    "/account/2fa/webauthn/reauthenticate/",
    "/account/2fa/totp/activate/",
    "/account/2fa/totp/deactivate/",
    "/account/2fa/recovery-codes/generate/",
    "/account/2fa/webauthn/add/",
)
HTTPS = {"SERVER_NAME": "dlp.example.org", "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}


@pytest.fixture(autouse=True)
def _no_attempts_yet():
    cache.clear()


@pytest.fixture
def place(everything, worker, monkeypatch):
    monkeypatch.setattr(everything.services, "inspector", lambda: worker)
    everything.browser(Role.DPO).post(f"/held/{HELD}/open/", {"reason": "the security tests"})
    return everything


def who_may(page):
    return next((role for role in VISITORS if page.right is None or may(role or "", page.right)), None)


def text(response):
    content = b"".join(response) if response.streaming else response.content
    return content.decode("utf-8", "replace")


# Brute force


@pytest.mark.parametrize("name", ["dpo", "nobody-of-that-name"])
def test_guessing_passwords_is_slowed_down_and_tells_nothing(console, name):
    console.account("dpo")
    said = [errors(sign_in(console.client(), name, f"guess {n}")) for n in range(7)]

    assert said == [
        *["The username and/or password you specified are not correct."] * 5,
        *["Too many failed login attempts. Try again later."] * 2,
    ]


def test_while_it_is_slowed_down_the_right_password_does_not_help(console):
    console.account("dpo")
    for n in range(5):
        sign_in(console.client(), "dpo", f"guess {n}")

    client = console.client()
    assert "Too many" in errors(sign_in(client, "dpo", PASSWORD))
    assert client.get("/")["Location"].startswith("/account/login/")


def test_guessing_codes_is_slowed_down(console):
    first = add(console)
    browser = console.client()
    sign_in(browser, "dora", first)
    secret = set_up(browser, first)
    client = console.client()
    sign_in(client, "dora", NEW_PASSWORD)
    said = [errors(client.post("/account/2fa/authenticate/", {"code": f"{n:06}"})) for n in range(6)]

    assert said == [*["Incorrect code."] * 5, "Too many failed login attempts. Try again later."]
    assert "Too many" in errors(client.post("/account/2fa/authenticate/", {"code": code(secret, 1)}))
    assert client.get("/")["Location"].startswith("/account/login/")


def test_one_address_cannot_try_many_accounts(console):
    statuses = [
        console.client().post("/account/login/", {"login": f"n{n}", "password": "x"}).status_code for n in range(31)
    ]

    assert statuses[:10] == [200] * 10
    assert statuses[-1] == 429


def test_behind_a_web_server_attempts_are_counted_for_the_browser_not_for_the_server(console):
    with override_settings(ALLAUTH_TRUSTED_PROXY_COUNT=1):
        for n in range(31):
            sign_in(Client(SERVER_NAME="localhost", HTTP_X_FORWARDED_FOR=f"10.0.0.1, 192.0.2.{n}"), f"n{n}", "x")
        answer = sign_in(Client(SERVER_NAME="localhost", HTTP_X_FORWARDED_FOR="192.0.2.99"), "dpo", "x")

    assert answer.status_code == 200


def errors(response):
    found = re.search(r'class="errorlist[^"]*"[^>]*><li>(.*?)</li>', response.content.decode())
    return found[1] if found else ""


# Forged requests


@pytest.mark.parametrize("page", ACTS, ids=lambda page: page.name)
def test_an_act_that_another_site_sends_is_refused(place, page):
    before = place.entries()
    browser = place.browser(who_may(page), enforce_csrf_checks=True)

    response = browser.post(place.address(page), {"reason": "x"})

    assert response.status_code == 403
    assert "nothing was changed" in text(response)
    assert place.entries() == before


@pytest.mark.parametrize("path", DOOR)
def test_so_are_the_forms_at_the_door(place, path):
    for visitor in (Role.DPO, None):
        assert place.browser(visitor, enforce_csrf_checks=True).post(path, {"login": "dpo"}).status_code == 403


def test_a_form_of_ours_is_taken_and_one_with_a_foreign_origin_is_not(place):
    browser = place.browser(Role.ADMIN, enforce_csrf_checks=True, HTTP_HOST="localhost:8080")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text(browser.get("/users/add/")))[1]
    given = {"name": "erik", "person": "", "address": "erik@westendonsixth.com", "role": "dpo"}
    sent = given | {"csrfmiddlewaretoken": token}

    assert browser.post("/users/add/", sent, HTTP_ORIGIN="http://evil.example").status_code == 403
    assert browser.post("/users/add/", sent, HTTP_ORIGIN="null").status_code == 403
    assert browser.post("/users/add/", sent, HTTP_ORIGIN="http://localhost:8080").status_code == 200
    assert accounts.named("erik").role == "dpo"


# Sessions


def test_a_session_that_was_planted_is_not_the_one_that_is_signed_in(console):
    first = add(console)
    client = console.client()
    client.cookies["session"] = "planted-by-somebody-else"
    sign_in(client, "dora", first)
    after_password = client.cookies["session"].value
    set_up(client, first)

    later = console.client()
    later.get("/account/login/")
    sign_in(later, "dora", NEW_PASSWORD)
    pending = later.cookies["session"].value
    other = console.client()
    other.cookies["session"] = pending

    assert after_password != "planted-by-somebody-else"
    assert other.get("/")["Location"].startswith("/account/login/")


def test_the_session_has_a_new_name_after_the_second_factor(console):
    first = add(console)
    browser = console.client()
    sign_in(browser, "dora", first)
    secret = set_up(browser, first)
    client = console.client()
    sign_in(client, "dora", NEW_PASSWORD)
    pending = client.cookies["session"].value
    client.post("/account/2fa/authenticate/", {"code": code(secret, 1)})
    thief = console.client()
    thief.cookies["session"] = pending

    assert client.cookies["session"].value != pending
    assert client.get("/").status_code == 200
    assert thief.get("/")["Location"].startswith("/account/login/")


def test_signing_out_ends_the_session_itself(console):
    client = console.client("dpo")
    thief = console.client()
    thief.cookies["session"] = client.cookies["session"].value
    client.post("/account/logout/")

    assert thief.get("/")["Location"].startswith("/account/login/")


def secure(**more):
    """The settings for an address with https, as they are made from gateway.yaml."""
    environment = {"DLP_GATEWAY__CONSOLE__URL": '"https://dlp.example.org/"', **more}
    made = django_settings(Services(settings.CONSOLE_SERVICES.folder, environment), ())
    names = ("COOKIE", "SECURE", "ALLOWED_HOSTS", "X_FRAME", "ALLAUTH_TRUSTED")
    return {key: value for key, value in made.items() if any(part in key for part in names)}


def test_cookies_with_https_are_for_https_alone_and_out_of_reach_for_scripts(console, tmp_path):
    add(console)
    found = secure(DLP_GATEWAY__STATE_DIRECTORY=f'"{tmp_path}"')
    with override_settings(**found):
        client = Client(**HTTPS)
        client.get("/account/login/")
        sign_in(client, "dora", "wrong")
        first = accounts.reset(accounts.named("dora").id, "root", console.clock())
        sign_in(client, "dora", first)

    assert set(client.cookies) >= {"__Host-session", "__Host-csrf"}
    for name, same_site in (("__Host-session", "Lax"), ("__Host-csrf", "Strict")):
        cookie = client.cookies[name]
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, same_site)
        assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert client.cookies["__Host-session"]["max-age"] == ""


def test_https_is_said_to_stay(tmp_path, console):
    with override_settings(**secure(DLP_GATEWAY__STATE_DIRECTORY=f'"{tmp_path}"')):
        response = Client(**HTTPS).get("/account/login/")

    assert response["Strict-Transport-Security"] == "max-age=31536000"


# Headers


@pytest.mark.parametrize("page", SHOWN, ids=lambda page: page.name)
def test_every_page_says_what_browsers_may_do_with_it(place, page):
    response = place.browser(who_may(page)).get(place.address(page))
    text(response)

    checked(response, framed=page.name == "message_html")


@pytest.mark.parametrize(
    ("path", "visitor", "status"),
    [
        ("/account/login/", None, 200),
        ("/account/2fa/", Role.DPO, 200),
        ("/account/password/change/", Role.DPO, 200),
        ("/account/logout/", Role.DPO, 200),
        ("/", None, 302),
        ("/nothing/", None, 404),
        ("/users/", Role.DPO, 403),
        ("/held/bulk/", Role.DPO, 405),
    ],
)
def test_so_does_every_other_answer(place, path, visitor, status):
    response = place.browser(visitor).get(path)

    assert response.status_code == status
    checked(response)


def checked(response, *, framed=False):
    policy = dict(
        part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";") if " " in part.strip()
    )
    assert policy["default-src"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "*" not in response["Content-Security-Policy"]
    assert "http" not in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] in {"same-origin", "strict-origin", "no-referrer"}
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    if framed:
        # Held mail in a frame of our own page: nothing is run, loaded or sent from it.
        assert response["X-Frame-Options"] == "SAMEORIGIN"
        assert policy["frame-ancestors"] == "'self'"
        assert "sandbox" in response["Content-Security-Policy"]
        assert "script-src" not in policy
        return
    assert response["X-Frame-Options"] == "DENY"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    if response["Content-Type"].startswith("text/html") and not response.streaming:
        page = response.content.decode()
        assert re.findall(r"\sstyle=|<style|\son\w+=|javascript:", page) == []
        assert [tag for tag in re.findall(r"<script[^>]*>", page) if "src=" not in tag and "json" not in tag] == []
        # A link that a person may follow is all right; what the page itself loads or sends is not.
        loaded = re.findall(r'(?:src|srcset|action|data|<link[^>]*href)="([^"]*)"', page)
        assert [address for address in loaded if "//" in address] == []


def test_only_files_that_are_the_same_for_everybody_are_kept(place):
    response = place.browser(None).get("/static/console/console.css")
    text(response)

    assert response["Cache-Control"].startswith("max-age=")


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:8080@evil.example", ""])
def test_another_name_of_the_host_is_no_name_of_ours(place, host):
    for path in ("/", "/account/login/", "/sender/"):
        response = place.browser(None).get(path, HTTP_HOST=host)
        assert response.status_code == 400
        assert b"evil" not in response.content


def test_a_host_that_a_proxy_names_is_not_believed(place):
    response = place.browser(None).get("/", HTTP_X_FORWARDED_HOST="evil.example")

    assert response["Location"] == "/account/login/?next=/"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\thttps://evil.example",
        "javascript:alert(1)",
        "///evil.example",
        "https:evil.example",
    ],
)
def test_signing_in_leads_to_no_other_site(console, target):
    first = add(console)
    client = console.client()

    answer = sign_in(client, "dora", first, next=target)
    signed_out = client.post("/account/logout/", {"next": target})

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert signed_out["Location"] == "/account/login/"


def test_signing_in_leads_back_to_where_one_was(console):
    assert sign_in(console.client(), "dora", add(console), next="/absence/")["Location"] == "/absence/"


# Objects of others


# For each kind of value: some of other kinds, and some that were never there.
STRANGE = {
    "held": (QUEUED, "held-none", "1", "someone"),
    "decision": ("held-none", "1", "someone"),
    "account": ("999999", "0"),
    "request": ("999999", "0"),
    "entry": ("999999", "0"),
    "policy_version": ("999999", "0"),
    "entity": ("nothing", HELD, "EXTERNAL"),
    "format": ("exe", HELD),
    "month": ("2999-01", "1999-12", "2026-13", HELD),
    "link": (OTHER_KEY[:-1], HELD, "x"),
}


@pytest.mark.parametrize(
    ("page", "value"),
    [(page, value) for page in NAMED for value in STRANGE[page.example[0][1]]],
    ids=lambda given: getattr(given, "name", given),
)
def test_what_is_not_there_or_of_another_kind_is_not_found_and_nothing_changes(place, page, value):
    name, kind = page.example[0]
    browser = place.browser(who_may(page))
    before, address = place.entries(), place.address(page, **{name: value})
    for method in page.methods:
        response = browser.generic(method, address, b"reason=x", content_type="application/x-www-form-urlencoded")
        for _ in range(2):
            if response.status_code == 302:
                response = browser.get(response["Location"])
        # A link that does not work and one that was sent again look the same for every key.
        expected = {410, 200} if kind == "link" else {404}
        assert response.status_code in expected, (method, address, response.status_code)
    assert place.entries() == before


def test_what_was_delivered_or_is_queued_is_not_among_what_is_held(place):
    browser = place.browser(Role.DPO)

    assert browser.get(f"/held/{HELD}/").status_code == 200
    assert browser.get(f"/held/{QUEUED}/").status_code == 404
    assert browser.get(f"/decisions/{QUEUED}/").status_code == 200


def test_a_sender_sees_and_changes_the_message_of_their_link_only(place):
    sender = place.browser(None)
    sender.post(f"/sender/{KEY}")
    page = text(sender.get("/sender/"))

    assert "bob@example.org" in page
    assert "ann@example.net" not in page
    assert "held-two" not in page
    for path in (f"/held/{HELD}/", "/decisions/", "/users/"):
        assert sender.get(path).status_code == 302
    sender.post("/sender/message/withdraw", {"message": "held-two", "message_id": "held-two"})
    with database.cursor() as cursor:
        cursor.execute("SELECT message_id FROM dlp_hold WHERE closed_at IS NULL")
        assert cursor.fetchall() == [("held-two",)]


def test_one_session_opens_a_message_not_all_of_the_account(place):
    opened, other = place.browser(Role.DPO), Client(SERVER_NAME="localhost", SERVER_PORT="8080")
    other.force_login(accounts.get_user_model().objects.get(username="dpo"))

    assert opened.get(f"/held/{HELD}/opened/").status_code == 200
    assert other.get(f"/held/{HELD}/opened/").status_code == 302
    assert other.get(f"/held/{HELD}/opened/html/0/").status_code == 404


# What people type


@pytest.mark.parametrize("act", ["return", "refuse-appeal"])
@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85"])
def test_words_that_go_into_mail_add_no_header(place, act, ends):
    sender = place.browser(None)
    sender.post(f"/sender/{KEY}")
    evil = f"hello{ends}Bcc: evil@evil.example{ends}Subject: evil{ends}{ends}evil"
    sender.post("/sender/message/ask", {"words": evil})
    place.browser(Role.DPO).post(
        f"/held/{HELD}/{act}/", {"reason": evil, "words": evil, "tell": "1", "to": str(recipient(HELD))}, follow=True
    )

    mails = notices(place)
    assert mails
    for mail in mails:
        assert mail["Bcc"] is None
        assert len(mail.get_all("Subject")) == 1
        assert "evil" not in "".join(f"{name}{value}" for name, value in mail.items())


@pytest.mark.parametrize("field", ["name", "person", "address"])
@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r", "\x00", "\x0b", "\u2028"])
def test_accounts_hold_no_line_ends(place, field, ends):
    given = {"name": "erik", "person": "Erik", "address": "erik@westendonsixth.com", "role": "dpo"}

    answer = place.browser(Role.ADMIN).post("/users/add/", given | {field: f"erik{ends}Bcc: evil@evil.example"})

    assert "errorlist" in text(answer)
    with pytest.raises(accounts.AccountError):
        accounts.named("erik")


@pytest.mark.parametrize("path", ["/nothing%0d%0aSet-Cookie:%20evil=1", "/%0d%0aLocation:%20//evil.example/"])
def test_an_address_adds_no_header(place, path):
    for visitor in (Role.DPO, None):
        response = place.browser(visitor).get(path)
        assert "evil" not in str(response.headers) + str(response.cookies)


def test_what_people_typed_is_shown_as_text(console):
    accounts.add("mallory", accounts.Person("<script>alert(1)</script>", "m@westendonsixth.com", Role.DPO), "root", 0)

    page = text(console.client("admin").get("/users/"))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def recipient(message_id):
    with database.cursor() as cursor:
        cursor.execute("SELECT id FROM dlp_recipient WHERE message_id = %s", (message_id,))
        return cursor.fetchone()[0]


def notices(place):
    """The mails that go to senders, as they go out."""

    async def read():
        store = await Store.open(f"sqlite:///{place.database}", keys.load_gateway(place.keys), Options(reserve=0))
        try:
            return [await store.content(row.message_id) for row in waiting]
        finally:
            await store.close()

    waiting = [row for row in spool.waiting() if row.kind == "notice"]
    mails = [message_from_bytes(content, policy=default) for content in asyncio.run(read())]
    database.configure(f"sqlite:///{place.database}")
    return mails


# Uploads


def upload(size):
    data = encode_multipart("BoUnDaRy", {"file": _file(size)})
    return RequestFactory().generic("POST", "/try/", data, content_type="multipart/form-data; boundary=BoUnDaRy")


def _file(size):
    return SimpleUploadedFile("message.eml", b"x" * size)


def test_what_is_uploaded_stays_in_memory():
    request = upload(20_000_000)

    assert isinstance(request.FILES["file"], InMemoryUploadedFile)


def test_what_is_larger_than_any_message_is_refused_unread():
    with override_settings(FILE_UPLOAD_MAX_MEMORY_SIZE=1000):
        request = upload(5000)
        with pytest.raises(RequestDataTooBig):
            _ = request.FILES


def test_that_is_a_plain_answer_for_the_browser(place):
    with override_settings(FILE_UPLOAD_MAX_MEMORY_SIZE=1000):
        response = place.browser(Role.SECURITY).post("/try/", {"file": _file(5000)}, content_type=MULTIPART_CONTENT)

    assert response.status_code in {400, 413}
