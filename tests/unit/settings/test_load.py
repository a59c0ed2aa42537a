import dataclasses
import re
from pathlib import Path

import pytest

from dlp_gateway import mime
from dlp_gateway.configfile import ConfigError
from dlp_gateway.delivery import schedule
from dlp_gateway.delivery import settings as delivery
from dlp_gateway.documents.budget import DocumentLimits
from dlp_gateway.inspection.confinement import ProcessLimits
from dlp_gateway.inspection.pool import PoolSettings
from dlp_gateway.model import TlsMode, Zone
from dlp_gateway.settings import parse_settings
from dlp_gateway.settings.load import settings_by_location
from dlp_gateway.smtp.limits import ReceivingLimits
from dlp_gateway.store.store import Options

ROOT = Path("/srv/gateway")
GOOD = """\
hostname: gateway.westendonsixth.com
smtp:
  listen: ["127.0.0.1:8025"]
  relay_networks: ["10.0.0.0/8"]
  limits:
    recipients: 500
store:
  url: sqlite:///var/gateway.db
delivery:
  internal:
    host: mail.westendonsixth.com:25
  external:
    mx: true
  domains:
    bureau.example:
      host: "[2001:db8::1]:465"
      tls:
        mode: verified
        implicit: true
"""


def settings(text=GOOD, environment=None):
    return parse_settings(text, "gateway.yaml", ROOT, environment).settings


def problems(text, environment=None):
    with pytest.raises(ConfigError) as error:
        settings(text, environment)
    return [str(problem) for problem in error.value.problems]


def test_values_are_typed():
    found = settings()

    assert str(found.smtp.listen[0]) == "127.0.0.1:8025"
    assert found.smtp.relay_networks[0].prefixlen == 8
    assert found.smtp.limits.recipients == 500
    assert found.delivery.internal.host[0].port == 25
    assert str(found.delivery.domains["bureau.example"].host[0]) == "[2001:db8::1]:465"


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("smtp:", "smpt:", 2, "smpt: there is no such setting; did you mean 'smtp'?"),
        ("    recipients: 500", "    recepients: 500", 6, "there is no such setting; did you mean 'recipients'?"),
        ("    recipients: 500", "    recipients: 0", 6, "should be greater than or equal to 1"),
        ("    recipients: 500", "    recipients: lots", 6, "should be a valid integer"),
        ("    recipients: 500", "    idle_seconds: 0", 6, "should be greater than 0"),
        ("    recipients: 500", "    idle_seconds: .inf", 6, "should be a finite number"),
        ("    recipients: 500", "    idle_seconds: -.inf", 6, "should be a finite number"),
        ("    recipients: 500", "    idle_seconds: 1e300", 6, "should be less than or equal to 3153600000"),
        ('["10.0.0.0/8"]', '["0.0.0.0/0"]', 4, "open relay"),
        ('["10.0.0.0/8"]', '["::/0"]', 4, "open relay"),
        ('["10.0.0.0/8"]', '["10.0.0.1/8"]', 4, "should be a network such as 192.0.2.0/24"),
        ('["127.0.0.1:8025"]', '["127.0.0.1"]', 3, "should be host:port"),
        ('["127.0.0.1:8025"]', '["::1:8025"]', 3, "should be host:port, with an IPv6 address in brackets"),
        ('["127.0.0.1:8025"]', '["127.0.0.1:70000"]', 3, "should be host:port"),
        ('["127.0.0.1:8025"]', "[]", 2, "needs at least one address"),
        ('listen: ["127.0.0.1:8025"]', 'implicit_tls_listen: ["127.0.0.1:465"]', 2, "needs tls.certificate"),
        ('listen: ["127.0.0.1:8025"]', "users: users.txt", 2, "logins are taken over TLS only"),
        ('listen: ["127.0.0.1:8025"]', "tls: {certificate: a.pem}", 3, "certificate and key go together"),
        ('listen: ["127.0.0.1:8025"]', "tls: {required: true}", 3, "required needs a certificate"),
        ("hostname: gateway.westendonsixth.com", "hostname: two words", 1, "hostname: should be a host name"),
        ("hostname: gateway.westendonsixth.com\n", "", 1, "hostname: is missing"),
        ("sqlite:///var/gateway.db", "mysql://user:secret@db/gateway", 8, "should be sqlite:///path or postgresql://"),
        ("    mx: true", "    mx: true\n    maildir: out", 12, "needs exactly one of host, mx and maildir"),
        ("    mx: true", "    tls: required", 12, "needs exactly one of host, mx and maildir"),
        ("    mx: true", "    mx: true\n    tls: always", 14, "should be 'none', 'may', 'required' or 'verified'"),
        ("    mx: true", "    mx: true\n    credentials: c.txt", 12, "credentials belong to a smart host"),
        ("        mode: verified\n", "", 17, "implicit goes with the modes required and verified"),
        ("        implicit: true", "        pins: [abc]", 19, "should match"),
        ("    bureau.example:", "    Bureau.Example.:", 9, "in lower case"),
        ("  external:\n    mx: true\n", "", 9, "delivery.external: is missing"),
    ],
)
def test_problems_say_line_and_reason(old, new, line, reason):
    assert GOOD.count(old) == 1
    found = problems(GOOD.replace(old, new))

    assert len(found) == 1, found
    assert found[0].startswith(f"gateway.yaml:{line}: "), found
    assert reason in found[0]
    assert "secret" not in found[0]


def test_all_problems_are_reported_at_once():
    text = GOOD.replace("recipients: 500", "recipients: 0").replace("mx: true", "mx: perhaps")

    assert [line.split(":")[1] for line in problems(text)] == ["6", "13"]


@pytest.mark.parametrize("value", [".inf", "-.inf", ".nan"])
def test_no_number_of_any_setting_is_without_end(value):
    """Nobody's *for ever*: what is reckoned from it is no date, and fails when it is wanted."""
    for location, field in settings_by_location():
        if not re.search(r"\b(float|int)\b", str(field.annotation)) or "NAME" in location:
            continue
        variable = f"DLP_GATEWAY__{'__'.join(map(str, location)).upper()}"
        with pytest.raises(ConfigError):
            parse_settings(GOOD, "gateway.yaml", ROOT, {variable: value})


# ---------------------------------------------------------------- environment


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("SMTP__MAX_MESSAGE_BYTES", "1000000", lambda s: s.smtp.max_message_bytes == 1_000_000),
        (
            "SMTP__LISTEN",
            '["0.0.0.0:25", "[::]:25"]',
            lambda s: [str(e) for e in s.smtp.listen] == ["0.0.0.0:25", "[::]:25"],
        ),
        ("SMTP__LIMITS__RECIPIENTS", "7", lambda s: s.smtp.limits.recipients == 7),
        ("HOSTNAME", "other.example", lambda s: s.hostname == "other.example"),
        ("STORE__URL", "postgresql://u:p@db/gateway", lambda s: s.store.url == "postgresql://u:p@db/gateway"),
        ("DELIVERY__EXTERNAL", '{"maildir": "out"}', lambda s: s.delivery.external.maildir == ROOT / "out"),
        ("MONITORING__LISTEN", "null", lambda s: s.monitoring.listen is None),
        ("QUARANTINE__CONTACT", "'Dana: 1100'", lambda s: s.quarantine.contact == "Dana: 1100"),
        ("ROOT", "/var/lib/gateway", lambda s: s.keys.directory == Path("/var/lib/gateway/var/keys")),
    ],
)
def test_variables_override_the_file(variable, value, read):
    assert read(settings(environment={f"DLP_GATEWAY__{variable}": value, "PATH": "/bin", "DLP_GATEWAY_CONFIG": "x"}))


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SMTP__NOTHING", "1", "smtp.nothing: there is no such setting"),
        ("SMTP__LIMITS__RECIPIENTS", "secret", "smtp.limits.recipients: should be a valid integer"),
        ("SMTP__LISTEN", "[secret", "is not a YAML value; put text in quotes"),
        ("QUARANTINE__CONTACT", "secret: 1100", "is not a YAML value; put text in quotes"),
        ("STORE__URL", "db://user:secret@host/x", "store.url: should be sqlite:///path or"),
    ],
)
def test_a_bad_variable_is_named_and_its_value_is_not(variable, value, said):
    found = problems(GOOD, {f"DLP_GATEWAY__{variable}": value})

    assert len(found) == 1
    assert found[0].startswith(f"DLP_GATEWAY__{variable}: {said}")
    assert "secret" not in found[0]


# ---------------------------------------------------------------- paths


def test_relative_paths_start_from_the_root():
    found = settings(GOOD + "keys: {directory: keys}\n")

    assert found.root == ROOT
    assert found.keys.directory == ROOT / "keys"
    assert found.state_directory == ROOT / "var"
    assert found.store.url == "sqlite:////srv/gateway/var/gateway.db"


@pytest.mark.parametrize(("root", "expected"), [("data", ROOT / "data"), ("/var/lib/dlp", Path("/var/lib/dlp"))])
def test_the_root_is_a_setting(root, expected):
    found = settings(f"root: {root}\n" + GOOD.replace("store:\n  url: sqlite:///var/gateway.db\n", ""))

    assert found.keys.directory == expected / "var/keys"
    assert found.store.url == f"sqlite:///{expected}/var/dlp-gateway.db"


def test_absolute_paths_stay():
    text = GOOD.replace("sqlite:///var/gateway.db", "sqlite:////data/g.db") + "keys: {directory: /etc/keys}\n"

    assert settings(text).store.url == "sqlite:////data/g.db"
    assert settings(text).keys.directory == Path("/etc/keys")


# ---------------------------------------------------------------- routes


def test_internal_mail_needs_tls_unless_said_otherwise():
    assert settings().delivery.internal.tls.mode is TlsMode.REQUIRED
    assert settings().delivery.external.tls.mode is TlsMode.MAY
    lax = GOOD.replace("    host: mail.westendonsixth.com:25", "    {host: mail.westendonsixth.com:25, tls: may}")
    assert settings(lax).delivery.internal.tls.mode is TlsMode.MAY


@pytest.mark.parametrize(
    ("partner", "mode"),
    [
        ("", TlsMode.REQUIRED),
        ("  partner: {host: 'p:25'}\n", TlsMode.REQUIRED),
        ("  partner: {host: 'p:25', tls: verified}\n", TlsMode.VERIFIED),
        ("  partner: {host: 'p:25', tls: may}\n", TlsMode.MAY),
    ],
)
def test_partners_get_tls_unless_said_otherwise(partner, mode):
    found = settings(GOOD.replace("  external:\n", f"{partner}  external:\n"))

    assert found.delivery.partner_route.tls.mode is mode
    assert found.delivery.route(Zone.PARTNER, "bank.example").tls.mode is mode


ROUTES = """\
hostname: g.example
delivery:
  internal: {host: "in:25"}
  external: {host: "out:25"}
  domains:
    a.example: {host: "a:25"}
    .a.example: {host: "below-a:25"}
    .b.a.example: {host: "below-b:25"}
"""


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        ("a.example", "a"),
        ("x.a.example", "below-a"),
        ("b.a.example", "below-a"),
        ("x.b.a.example", "below-b"),
        ("aa.example", "out"),
        ("example", "out"),
    ],
)
def test_routes_of_single_domains(domain, host):
    assert settings(ROUTES).delivery.route(Zone.EXTERNAL, domain).host[0].host == host


def test_all_routes_at_and_below_a_domain():
    found = settings(ROUTES).delivery

    assert set(found.routes_at_and_below(Zone.EXTERNAL, "a.example")) == {
        "domains.a.example",
        "domains..a.example",
        "domains..b.a.example",
    }
    assert set(found.routes_at_and_below(Zone.EXTERNAL, "b.a.example")) == {
        "domains..a.example",
        "domains..b.a.example",
    }
    assert set(found.routes_at_and_below(Zone.PARTNER, "c.example")) == {"partner"}


# ---------------------------------------------------------------- the same defaults as the parts themselves


def defaults(kind):
    made = kind()
    return {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}


@pytest.mark.parametrize(
    ("section", "kind", "apart"),
    [
        (lambda s: s.smtp.limits, ReceivingLimits, {"message_bytes"}),
        (lambda s: s.inspection.reading, mime.ReadingBudget, {"clock"}),
        (lambda s: s.inspection.documents, DocumentLimits, {"part", "message", "picture_side", "picture_area"}),
        (lambda s: s.inspection.documents.part, lambda: DocumentLimits().part, set()),
        (lambda s: s.inspection.documents.message, lambda: DocumentLimits().message, set()),
        (lambda s: s.delivery.schedule, schedule.Schedule, set()),
        (lambda s: s.delivery.timeouts, delivery.Timeouts, set()),
        (lambda s: s.delivery.connection, delivery.ConnectionSettings, set()),
        (lambda s: s.delivery.resolver, delivery.ResolverSettings, {"own_names", "own_addresses", "never"}),
    ],
)
def test_every_limit_of_a_part_is_a_setting_with_the_same_default(section, kind, apart):
    minimal = "hostname: g.example\ndelivery: {internal: {host: 'i:25'}, external: {mx: true}}\n"
    found = section(settings(minimal)).model_dump()
    wanted = defaults(kind)

    assert {name: found.get(name) for name in wanted.keys() - apart} == {
        name: wanted[name] for name in wanted.keys() - apart
    }


def test_the_other_defaults_are_those_of_their_parts():
    found = settings("hostname: g.example\ndelivery: {internal: {host: 'i:25'}, external: {mx: true}}\n")
    process, pool = ProcessLimits(), PoolSettings("m:f", {})
    inspection = found.inspection
    sent = delivery.DeliverySettings("g.example")

    assert (inspection.memory_bytes, inspection.cpu_seconds, inspection.open_files) == dataclasses.astuple(process)
    assert (inspection.seconds, inspection.recycle_after) == (pool.seconds, pool.recycle_after)
    assert inspection.large_bytes == pool.large_bytes
    assert inspection.required_layers == pool.required_layers
    assert found.smtp.max_message_bytes == ReceivingLimits().message_bytes
    assert tuple(map(str, found.delivery.resolver.never)) == delivery.ResolverSettings().never
    for name in (
        *("in_flight", "batch", "lease", "idle", "recipients", "bytes_in_flight", "max_hops", "poison_limit"),
        "uncertain_limit",
    ):
        assert getattr(found.delivery, name) == getattr(sent, name)
    options = Options()
    assert (found.store.reserve_bytes, found.store.group, found.store.recent_bytes) == (
        options.reserve,
        options.group,
        options.recent,
    )
    assert (found.audit.checkpoint_entries, found.audit.checkpoint_seconds) == (
        options.checkpoint_entries,
        options.checkpoint_seconds,
    )
    assert found.quarantine.retention_days * 86400 == options.hold_seconds


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://dlp.westendonsixth.com/", True),
        ("http://127.0.0.1:8080/", True),
        ("http://dlp.westendonsixth.com/", False),
        ("ftp://x/", False),
    ],
)
def test_links_in_notices_are_encrypted(url, good):
    text = GOOD + f"console: {{url: '{url}'}}\n"
    if good:
        assert str(settings(text).console.url) == url
    else:
        assert len(problems(text)) == 1


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ("müller.example:25", "xn--mller-kva.example:25"),
        ("Mail_1.example:25", "Mail_1.example:25"),
        ("[2001:db8::1]:25", "[2001:db8::1]:25"),
    ],
)
def test_a_next_hop_is_kept_by_the_name_that_dns_knows(host, kept):
    found = settings(f"hostname: g.example\ndelivery: {{internal: {{host: '{host}'}}, external: {{mx: true}}}}\n")

    assert [str(each) for each in found.delivery.internal.host] == [kept]


@pytest.mark.parametrize("host", ["müller..example:25", "\u202emüller.example:25", "ⓛocalhost:25"])
def test_a_next_hop_without_such_a_name_is_refused(host):
    found = problems(f"hostname: g.example\ndelivery: {{internal: {{host: '{host}'}}, external: {{mx: true}}}}\n")

    assert len(found) == 1


def test_secrets_are_not_shown():
    assert "secret" not in repr(settings(GOOD.replace("sqlite:///var/gateway.db", "postgresql://u:secret@db/gateway")))
