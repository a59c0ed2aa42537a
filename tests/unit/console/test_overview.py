"""The first page says what was decided, what waits and how the gateway is."""

import datetime as dt
import http.server
import threading

import pytest
from django.template.base import Template
from django.test.utils import instrumented_test_render

from dlp_gateway.console.health import Sign, signs
from dlp_gateway.console.roles import Role
from dlp_gateway.model import Action, Zone
from dlp_gateway.settings import load_settings
from dlp_gateway.smtp.selfsigned import make_certificate
from dlp_gateway.store import counters
from tests.unit.store.examples import PLANTED, intake, verdict

DAY = 86400.0


@pytest.fixture(autouse=True)
def _contexts(monkeypatch):
    """Let responses carry what their templates were given."""
    monkeypatch.setattr(Template, "_render", instrumented_test_render)


HELD = verdict("ann@example.net", Action.HOLD)
GRAVE = verdict("ann@example.net", Action.HOLD, approvals=2)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_sees_figures_and_nobody_content(console, role):
    console.commit(intake(HELD, at=console.clock.now))

    page = console.client(role).get("/").content.decode()

    assert "decided today" in page
    assert not [word for word in (*PLANTED, "ann@", "jo@") if word in page]


def test_figures_are_of_today_and_of_the_last_thirty_days(console):
    now = console.clock.now = dt.datetime(2026, 5, 20, 12, tzinfo=dt.UTC).timestamp()
    console.commit(
        intake(HELD, verdict("bo@example.org", Action.DELIVER), at=now - 60),
        intake(verdict("in@westendonsixth.com", Action.REFUSE, zone=Zone.INTERNAL), content=None, at=now - 3 * DAY),
        intake(HELD, at=now - 40 * DAY),
    )

    context = console.client("dpo").get("/").context

    assert (context["today"].decided, context["stopped"], context["held"], context["queued"]) == (1, 1, 2, 1)
    days, rules, waiting, queue = context["charts"]
    assert dict(days.rows)["20 May"] == (1, 1, 0)
    assert dict(days.rows)["17 May"] == (0, 0, 1)
    assert [one.name for one in days.series] == ["delivered", "held", "refused"]
    assert rules.rows == [("external", (2, 0))]
    assert queue.rows == [("external", (1,))]
    assert [waiting.rows[0], waiting.rows[-1]] == [("under 1", (1, 0)), ("over 14", (1, 0))]


@pytest.mark.parametrize(("hours", "row"), [(0, 0), (23.9, 0), (24.1, 1), (71, 1), (73, 2), (24 * 8, 3), (24 * 20, 4)])
def test_what_waits_is_shown_by_age_and_risk(console, hours, row):
    console.commit(intake(GRAVE, at=console.clock.now - hours * 3600))

    waiting = console.client("dpo").get("/").context["charts"][2]

    assert [values for _, values in waiting.rows] == [(0, int(n == row)) for n in range(5)]


def test_an_empty_gateway_has_a_page(console):
    page = console.client("admin").get("/").content.decode()

    assert page.count("Nothing in this period.") == 4
    assert "no message was decided on yet" in page


def test_pictures_have_their_tables(console):
    console.commit(intake(HELD, at=console.clock.now))

    page = console.client("dpo").get("/").content.decode()

    assert page.count("<svg") == 3
    assert "<style" not in page
    assert " style=" not in page
    assert page.count("as a table</summary>") == 4


class Ready(http.server.BaseHTTPRequestHandler):
    answer = (200, b"workers: ok\nstore: ok\n")

    def do_GET(self):
        self.send_response(self.answer[0])
        self.end_headers()
        self.wfile.write(self.answer[1])

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def ready(console):
    """The gateway's health page; the settings say where it is."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Ready)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    console.services._environment["DLP_GATEWAY__MONITORING__LISTEN"] = f'"127.0.0.1:{server.server_port}"'
    yield Ready
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("answer", "word", "remark"),
    [
        ((200, b"workers: ok\n"), "good", "takes mail"),
        ((503, b"workers: failing\nstore: ok\n"), "bad", "does not take mail now: workers"),
    ],
)
def test_health_is_what_the_gateway_says(console, ready, answer, word, remark):
    ready.answer = answer

    context = console.client("admin").get("/").context

    assert context["health"][0] == Sign("Gateway", word, remark)


@pytest.mark.parametrize(
    ("listen", "word"), [("null", "unknown"), ('"192.0.2.1:8081"', "unknown"), ('"127.0.0.1:1"', "bad")]
)
def test_only_this_machine_is_asked(console, listen, word):
    console.services._environment["DLP_GATEWAY__MONITORING__LISTEN"] = listen

    assert console.client("admin").get("/").context["health"][0].word == word


@pytest.mark.parametrize(
    ("days", "word"),
    [(0, "good"), (-1000, "bad")],
)
def test_a_certificate_that_has_ended_is_seen(console, tmp_path, days, word):
    made = dt.datetime.fromtimestamp(console.clock.now, dt.UTC) + dt.timedelta(days=days)
    make_certificate(tmp_path / "a.pem", tmp_path / "a.key", "gateway.example", made)
    console.services._environment |= {
        "DLP_GATEWAY__CONSOLE__TLS__CERTIFICATE": f'"{tmp_path / "a.pem"}"',
        "DLP_GATEWAY__CONSOLE__TLS__KEY": f'"{tmp_path / "a.key"}"',
    }

    found = {sign.name: sign.word for sign in console.client("admin").get("/").context["health"]}

    assert found["Certificate for this console"] == word


def test_health_is_read_without_the_gateway(console):
    console.commit(intake(HELD, at=console.clock.now - 120))
    settings = load_settings(console.gateway.config)

    found = {sign.name: sign for sign in signs(settings, counters.counts(console.clock.now), console.clock.now)}

    assert found["Last decision"].remark == "2 minutes ago"
    assert "signed up to entry 2" in found["Record"].remark
    assert found["Queue"] == Sign("Queue", "good", "nothing waits for delivery")
