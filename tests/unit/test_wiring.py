"""Every setting reaches the part that it is for."""

import datetime as dt
import json
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

import dlp_gateway
from dlp_gateway import mime, wiring
from dlp_gateway.configfile import ConfigError
from dlp_gateway.delivery.settings import Credentials, DeliverySettings, Routes
from dlp_gateway.documents.budget import DocumentLimits
from dlp_gateway.inspection.inspector import document_limits
from dlp_gateway.inspection.pool import PoolSettings
from dlp_gateway.model import Zone
from dlp_gateway.quarantine.notices import Letterhead
from dlp_gateway.settings import Settings, default_config_dir, read_configuration
from dlp_gateway.settings.load import section_of, settings_by_location
from dlp_gateway.smtp.configuration import ReceivingSettings
from dlp_gateway.store.store import Options
from tests.unit.policy.examples import TODAY

PIN = "ab" * 32
# What each setting is changed to where "one more than the default" is no value for it.
CHANGED = {
    "smtp.limits.handler_seconds": 400.0,  # more than the two of inspection together
    "hostname": "other.westendonsixth.com",
    "root": "elsewhere",
    "state_directory": "state",
    "smtp.listen": ["127.0.0.1:2500", "[::1]:2501"],
    "smtp.implicit_tls_listen": ["127.0.0.1:4650"],
    "smtp.tls.certificate": "c.pem",
    "smtp.tls.key": "k.pem",
    "smtp.tls.required": True,
    "smtp.users": "users",
    "smtp.relay_networks": ["10.1.0.0/16"],
    "smtp.normalise_networks": ["10.2.0.0/16"],
    "smtp.proxy_networks": [],
    "inspection.required_layers": ["seccomp", "landlock"],
    "store.url": "sqlite:///other.db",
    "keys.directory": "other-keys",
    "delivery.internal": {
        "host": ["in-a.westendonsixth.com:26", "in-b.westendonsixth.com:27"],
        "credentials": "login",
        "tls": {
            "mode": "verified",
            "ca_file": "ca.pem",
            "name": "in.westendonsixth.com",
            "pins": [PIN],
            "implicit": True,
        },
    },
    "delivery.external": {"mx": True, "mx_port": 2525, "tls": "none"},
    "delivery.partner": {"maildir": "partners"},
    "delivery.domains": {".bureau.example": {"host": "bureau.example:465", "tls": "required"}},
    "delivery.recipients": 99,
    "delivery.schedule.jitter": 0.1,
    "delivery.schedule.warn_after": 7200,
    "delivery.resolver.nameservers": ["192.0.2.53"],
    "delivery.resolver.own_addresses": ["192.0.2.1"],
    "delivery.resolver.never": ["192.0.2.128/25"],
    "quarantine.contact": "Kim, extension 12",
    "quarantine.escalate_to": ["dpo@westendonsixth.com"],
    "quarantine.time_zone": "Australia/Sydney",
    "smtp.show_user": True,
    "audit.addresses": "pseudonym",
    "audit.checkpoint_file": "signed.jsonl",
    "logging.level": "debug",
    "monitoring.listen": "127.0.0.1:9090",
    "console.listen": "127.0.0.1:9091",
    "console.url": "https://dlp.westendonsixth.com/",
    "console.tls": {"certificate": "c.pem", "key": "k.pem"},
    "console.sign_in": {
        "name": "Westend",
        "issuer": "https://login.westendonsixth.com/",
        "client_id": "gateway",
        "secret_file": "secret",
        "second_factor": False,
    },
}
# Read where they are used: the module that does.
ELSEWHERE = {
    "root": "settings/load.py",
    "state_directory": "settings/running.py",
    "smtp.proxy_networks": "wiring.py",
    "store.url": "app.py",
    "keys.directory": "app.py",
    "quarantine.notice_burst": "app.py",
    "quarantine.notice_seconds": "app.py",
    "quarantine.escalate_after_hours": "housekeeping.py",
    "quarantine.escalate_to": "housekeeping.py",
    "quarantine.digest_hour": "housekeeping.py",
    "quarantine.time_zone": "housekeeping.py",
    "smtp.show_user": "app.py",
    "retention.decisions_days": "housekeeping.py",
    "retention.notices_days": "housekeeping.py",
    "retention.record_days": "housekeeping.py",
    "retention.links_days": "housekeeping.py",
    "retention.appeals_days": "housekeeping.py",
    "retention.marks_days": "housekeeping.py",
    "retention.requests_days": "housekeeping.py",
    "retention.persons_days": "housekeeping.py",
    "retention.policies_days": "housekeeping.py",
    "retention.accounts_days": "housekeeping.py",
    "logging.level": "cli/serve.py",
    "monitoring.listen": "app.py",
    "console.listen": "console/server.py",
    "console.tls.certificate": "console/server.py",
    "console.tls.key": "console/server.py",
    "console.threads": "console/server.py",
    "console.idle_minutes": "console/configuration.py",
    "console.session_hours": "console/signin.py",
    "console.account_days": "housekeeping.py",
    "console.sign_in.name": "console/provider.py",
    "console.sign_in.issuer": "console/configuration.py",
    "console.sign_in.client_id": "console/configuration.py",
    "console.sign_in.secret_file": "console/configuration.py",
    "console.sign_in.second_factor": "console/signin.py",
}
BASE = {"hostname": "g.westendonsixth.com", "delivery": {"internal": {"host": "i:25"}, "external": {"mx": True}}}


def changed(section: type = Settings, above: str = "") -> dict[str, Any]:
    """Settings that all differ from their defaults."""
    made = {}
    for name, field in section.model_fields.items():
        path = f"{above}{name}"
        if path in CHANGED:
            made[name] = CHANGED[path]
        elif (inner := section_of(field.annotation)) is not None:
            made[name] = changed(inner, f"{path}.")
        else:
            made[name] = field.default + 1
    return made


@dataclass
class Parts:
    smtp: ReceivingSettings
    pool: PoolSettings
    reading: mime.ReadingBudget
    documents: DocumentLimits
    store: Options
    routes: Routes
    delivery: DeliverySettings
    letter: Letterhead


def configuration(folder: Path, given: dict[str, Any]):
    folder.mkdir(exist_ok=True)
    (folder / "gateway.yaml").write_text(json.dumps(given))
    (folder / "policy.yaml").write_text((default_config_dir() / "policy.yaml").read_text())
    return read_configuration(folder, TODAY, environment={})


def parts(config) -> Parts:
    pool = wiring.pool_settings(config)
    return Parts(
        smtp=wiring.receiving_settings(config),
        pool=pool,
        reading=mime.ReadingBudget(**pool.arguments["reading"]),
        documents=document_limits(pool.arguments["documents"], pool.arguments["pictures"]),
        store=wiring.store_options(config.settings),
        routes=wiring.routes(config.settings),
        delivery=wiring.delivery_settings(config.settings),
        letter=wiring.letterhead(config.settings),
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("wiring")
    (root / "elsewhere").mkdir()
    (root / "elsewhere" / "login").write_text("relay:long words\n")
    return root


@pytest.fixture(scope="module")
def made(root):
    """A configuration in which everything is changed, and the parts it gives."""
    config = configuration(root / "config", changed())
    return config, parts(config)


# Settings whose part has them under another name; {} is the name of the setting.
NAMED = {
    "inspection.memory_bytes": "pool.limits.memory_bytes",
    "inspection.cpu_seconds": "pool.limits.cpu_seconds",
    "inspection.open_files": "pool.limits.open_files",
    "smtp.max_message_bytes": "smtp.limits.message_bytes",
    "store.reserve_bytes": "store.reserve",
    "store.recent_bytes": "store.recent",
    "store.group": "store.group",
    "audit.checkpoint_entries": "store.checkpoint_entries",
    "audit.checkpoint_seconds": "store.checkpoint_seconds",
    "quarantine.contact": "letter.contact",
    "quarantine.retention_days": "letter.retention_days",
    "console.link_days": "letter.link_days",
    "hostname": "delivery.hostname",
}
SECTIONS = {
    "smtp.limits": "smtp.limits",
    "smtp.tls": "smtp.tls",
    "smtp": "smtp",
    "inspection.reading": "reading",
    "inspection.documents": "documents",
    "inspection": "pool",
    "delivery": "delivery",
}
# Settings that become values of another kind.
MADE = {
    "smtp.listen": (
        lambda p: [(at.host, at.port) for at in p.smtp.listeners if not at.implicit_tls],
        [("127.0.0.1", 2500), ("::1", 2501)],
    ),
    "smtp.implicit_tls_listen": (
        lambda p: [(at.host, at.port) for at in p.smtp.listeners if at.implicit_tls],
        [("127.0.0.1", 4650)],
    ),
    "delivery.resolver.never": (lambda p: p.delivery.resolver.never, ("192.0.2.128/25",)),
    "delivery.resolver.own_addresses": (lambda p: p.delivery.resolver.own_addresses, {"192.0.2.1"}),
    "audit.addresses": (lambda p: p.store.pseudonyms, True),
    "console.url": (lambda p: p.letter.console, "https://dlp.westendonsixth.com"),
    "audit.checkpoint_file": (lambda p: p.store.checkpoint_to is not None, True),
}


def leaves() -> list[str]:
    """All settings but routes, which are tested by themselves, and sections."""
    found = [(".".join(map(str, location)), field) for location, field in settings_by_location()]
    paths = [path for path, field in found if section_of(field.annotation) is None]
    routes = ("delivery.internal.", "delivery.external.", "delivery.partner.", "delivery.domains.")
    return [path for path in paths if not path.startswith(routes)]


def attribute(value: Any, path: str) -> Any:
    return reduce(getattr, path.split("."), value)


def in_part(path: str) -> str:
    """Where the part has the value of a setting."""
    if path in NAMED:
        return NAMED[path]
    section = max((name for name in SECTIONS if path.startswith(f"{name}.")), key=len)
    return f"{SECTIONS[section]}{path.removeprefix(section)}"


@pytest.mark.parametrize("path", [path for path in leaves() if path not in {*MADE, *ELSEWHERE}])
def test_a_setting_reaches_its_part(made, path):
    config, given = made
    before = configuration(config.directory.parent / "base", BASE)

    value = attribute(config.settings, path)

    assert value != attribute(before.settings, path)
    assert attribute(given, in_part(path)) == value


@pytest.mark.parametrize("path", MADE)
def test_a_setting_reaches_its_part_in_another_form(made, root, path):
    read, expected = MADE[path]

    assert read(made[1]) == expected
    assert read(parts(configuration(root / "base", BASE))) != expected


@pytest.mark.parametrize("path", [path for path, module in ELSEWHERE.items() if module])
def test_other_settings_are_read_where_they_are_used(path):
    source = Path(dlp_gateway.__file__).parent / ELSEWHERE[path]

    assert path.rpartition(".")[2] in source.read_text(encoding="utf-8")


def test_all_settings_are_accounted_for():
    known = {*NAMED, *MADE, *ELSEWHERE}

    assert known <= set(leaves())


def test_hostname_is_the_same_everywhere(made):
    _, given = made

    assert {given.smtp.hostname, given.letter.hostname, given.delivery.hostname} == {"other.westendonsixth.com"}


def test_what_the_policy_says_reaches_receiving_and_inspection(made):
    config, given = made

    assert given.smtp.organisation_domains == config.policy.organisation.domains
    assert given.pool.arguments["pictures"] == config.policy.pictures.held_from
    assert given.pool.arguments["config"] == str(config.directory)
    assert config.directory in given.pool.readable


def test_held_messages_are_kept_as_long_as_notices_say(made):
    _, given = made

    assert given.store.hold_seconds == 31 * 86400
    assert given.letter.retention_days == 31


def test_load_balancers_are_known(root):
    config = configuration(root / "base", {**BASE, "smtp": {"proxy_networks": ["10.3.0.0/16"]}})

    assert wiring.receiving_settings(config).proxy_networks == config.settings.smtp.proxy_networks != ()


def test_signatures_are_appended_to_their_file(root):
    import cryptography.hazmat.primitives.asymmetric.ed25519 as ed25519

    from dlp_gateway.audit.chain import Checkpoint

    config = configuration(root / "config", changed())
    signed = [Checkpoint.signed(n, bytes(32), 1.0, "audit-1", ed25519.Ed25519PrivateKey.generate()) for n in (1, 2)]

    for checkpoint in signed:
        wiring.store_options(config.settings).checkpoint_to(checkpoint)

    lines = (root / "elsewhere" / "signed.jsonl").read_text().splitlines()
    assert [Checkpoint.parse(json.loads(line)) for line in lines] == signed


# ---------------------------------------------------------------- routes


def test_routes(made, root):
    given = made[1].routes
    internal = given.zones[Zone.INTERNAL]
    external, partner = given.zones[Zone.EXTERNAL], given.zones[Zone.PARTNER]

    assert internal.hosts == ("in-a.westendonsixth.com:26", "in-b.westendonsixth.com:27")
    assert internal.credentials == Credentials("relay", "long words")
    assert (internal.tls.mode, internal.tls.ca_file) == ("verified", root / "elsewhere" / "ca.pem")
    assert (internal.tls.name, internal.tls.pins, internal.tls.implicit) == ("in.westendonsixth.com", (PIN,), True)
    assert (external.mx, external.mx_port, external.tls.mode) == (True, 2525, "none")
    assert partner.maildir == root / "elsewhere" / "partners"
    assert list(given.domains) == [".bureau.example"]
    assert given.domains[".bureau.example"].tls.mode == "required"


def test_a_partner_without_a_route_gets_the_external_one_with_tls(root):
    routes = wiring.routes(configuration(root / "base", BASE).settings)

    assert routes.zones[Zone.PARTNER].mx
    assert routes.zones[Zone.PARTNER].tls.mode == "required"
    assert routes.zones[Zone.EXTERNAL].tls.mode == "may"


@pytest.mark.parametrize("text", [None, "", "user\n", "user:\n", "a:secret\nb:secret\n"])
def test_a_login_that_cannot_be_used_is_told_with_its_file(root, text):
    path = root / "bad-login"
    path.unlink(missing_ok=True)
    if text is not None:
        path.write_text(text)
    delivery = {**BASE["delivery"], "external": {"host": "x:25", "credentials": "bad-login"}}
    config = configuration(root / "base", {**BASE, "delivery": delivery})

    with pytest.raises(ConfigError, match="bad-login: ") as error:
        wiring.routes(config.settings)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("domain", "zone"),
    [
        ("westendonsixth.com", Zone.INTERNAL),
        ("shop.westendonsixth.com", Zone.INTERNAL),
        ("westendonsixth.com.example", Zone.EXTERNAL),
        ("example.net", Zone.EXTERNAL),
    ],
)
def test_zones_of_domains(made, domain, zone):
    assert wiring.zone_of(made[0].policy, lambda: dt.date(2026, 1, 1))(domain) is zone


# ---------------------------------------------------------------- reloading


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_what_cannot_change_while_running_needs_a_restart(made, root, name):
    swapped = {"root", "smtp", "inspection", "console"}
    before = configuration(root / "base", BASE).settings
    after = before.model_copy(update={name: getattr(made[0].settings, name)})

    assert wiring.needs_restart(before, after) == (None if name in swapped else name)


def test_nothing_changed_needs_no_restart(made):
    assert wiring.needs_restart(made[0].settings, made[0].settings) is None
