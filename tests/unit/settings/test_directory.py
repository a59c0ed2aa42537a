import datetime as dt
import shutil
from pathlib import Path

import pytest

from dlp_gateway.configfile import ConfigError, Severity
from dlp_gateway.settings import (
    day,
    default_config_dir,
    default_detectors_dir,
    detectors_dir,
    load_settings,
    note_running,
    read_configuration,
    running_policy,
)
from tests.unit.policy.examples import TODAY

GATEWAY = """\
hostname: gateway.westendonsixth.com
delivery:
  internal: {host: "in:25"}
  external: {host: "out:25"}
"""
POLICY = """\
organisation: {name: W, domains: [westendonsixth.com]}
partners:
  - domain: bureau.example
    agreement: DPA 1
    owner: dpo@westendonsixth.com
    until: 2027-01-01
    clear: personal
"""


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "config"
    made.mkdir()
    (made / "gateway.yaml").write_text(GATEWAY)
    (made / "policy.yaml").write_text(POLICY)
    return made


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def read(folder, **more):
    return read_configuration(folder, TODAY, environment={}, **more)


def problems(folder):
    with pytest.raises(ConfigError) as error:
        read(folder)
    return [str(problem).replace(f"{folder}/", "") for problem in error.value.problems]


def test_the_shipped_configuration_is_sound():
    found = read_configuration(default_config_dir(), TODAY, environment={})

    assert found.warnings == ()
    assert found.settings.hostname == "gateway.westendonsixth.com"
    assert found.policy.organisation.name == "Westend on Sixth"
    assert any(default_detectors_dir().glob("*.yaml"))


def test_both_files_are_read(folder):
    found = read(folder)

    assert found.directory == folder
    assert found.settings.root == folder.parent
    assert found.policy.partners[0].domain == "bureau.example"


def test_problems_of_both_files_are_told_at_once(folder):
    edit(folder / "gateway.yaml", '"out:25"', "out")
    edit(folder / "policy.yaml", "clear:", "klear:")

    found = problems(folder)

    assert [line.split(": ")[0] for line in found] == ["gateway.yaml:4", "policy.yaml:7"]


@pytest.mark.parametrize("name", ["gateway.yaml", "policy.yaml"])
def test_a_missing_file_is_told(folder, name):
    (folder / name).unlink()

    assert problems(folder) == [f"{name}: cannot be read: No such file or directory"]


def test_a_file_in_another_charset_is_told(folder):
    (folder / "policy.yaml").write_bytes("# Büro\n".encode("latin-1"))

    assert problems(folder) == ["policy.yaml: is not UTF-8 text (octet 3)"]


def test_entities_of_the_detectors_are_checked(folder):
    (folder / "policy.yaml").write_text(POLICY + "rules: {subject: {not_personal: [PLACE]}}\n")

    read(folder)
    with pytest.raises(ConfigError, match="no detector knows PLACE"):
        read(folder, entities={"PERSON"})


@pytest.mark.parametrize(
    ("routes", "said"),
    [
        ("", None),
        ('  partner: {host: "p:25"}\n', None),
        ('  partner: {host: "p:25", tls: may}\n', "delivery.partner does not require TLS"),
        ('  domains: {bureau.example: {host: "p:25"}}\n', "delivery.domains.bureau.example does not require TLS"),
        ('  domains: {.bureau.example: {host: "p:25"}}\n', "delivery.domains..bureau.example does not require TLS"),
        ("  domains: {hr.bureau.example: {mx: true}}\n", "delivery.domains.hr.bureau.example does not require TLS"),
        ('  domains: {bureau.example: {host: "p:25", tls: verified}}\n', None),
        ('  domains: {other.example: {host: "p:25"}}\n', None),
    ],
)
def test_personal_data_in_clear_text_needs_a_route_with_tls(folder, routes, said):
    (folder / "gateway.yaml").write_text(GATEWAY + routes)
    if said is None:
        assert read(folder).warnings == ()
    else:
        assert problems(folder) == [f"policy.yaml:7: partners.0.clear: may get personal data in clear text, but {said}"]


@pytest.mark.parametrize("change", [("until: 2027-01-01", "until: 2026-01-01"), ("clear: personal", "clear: contact")])
def test_a_partner_that_gets_no_more_than_others_needs_no_tls(folder, change):
    edit(folder / "policy.yaml", *change)
    edit(folder / "gateway.yaml", '{host: "out:25"}', '{host: "out:25", tls: none}\n  partner: {mx: true, tls: may}')

    assert [w.severity for w in read(folder).warnings if "TLS" in w.reason] == []


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('internal: {host: "in:25"}', 'internal: {host: "in:25", tls: may}', 3),
        ('external: {host: "out:25"}', "external: {mx: true}\n  domains: {uk.westendonsixth.com: {mx: true}}", 5),
    ],
)
def test_an_internal_route_without_tls_is_a_warning(folder, old, new, line):
    edit(folder / "gateway.yaml", old, new)
    warnings = read(folder).warnings

    assert [(w.severity, w.line) for w in warnings] == [(Severity.WARNING, line)]
    assert "mail inside westendonsixth.com may travel without TLS" in warnings[0].reason


def test_a_maildir_needs_no_tls(folder):
    edit(folder / "gateway.yaml", '{host: "in:25"}', "{maildir: out, tls: none}")

    assert read(folder).warnings == ()


def test_escalations_stay_inside(folder):
    (folder / "gateway.yaml").write_text(
        GATEWAY + "quarantine: {escalate_to: [dpo@westendonsixth.com, x@mail.example]}\n"
    )

    assert problems(folder) == ["gateway.yaml:5: quarantine.escalate_to.1: is not an address of the organisation"]


def test_variables_of_the_process_are_used(folder, monkeypatch):
    monkeypatch.setenv("DLP_GATEWAY__HOSTNAME", "other.example")

    assert load_settings(folder).hostname == "other.example"
    assert load_settings(folder, {}).hostname == "gateway.westendonsixth.com"


def test_detectors_beside_the_configuration_come_first(folder):
    assert detectors_dir(folder) == default_detectors_dir()

    (folder.parent / "detectors").mkdir()
    assert detectors_dir(folder) == folder.parent / "detectors"


def test_the_shipped_folders_are_found_in_an_installed_package(tmp_path, monkeypatch):
    from dlp_gateway.settings import directory

    package = tmp_path / "site-packages" / "dlp_gateway"
    shutil.copytree(default_config_dir(), package / "_data" / "config")
    (package / "_data" / "detectors").mkdir()
    monkeypatch.setattr(directory, "_PACKAGE", package)

    assert default_config_dir() == package / "_data" / "config"
    assert default_detectors_dir() == package / "_data" / "detectors"


def test_an_incomplete_installation_is_told(tmp_path, monkeypatch):
    from dlp_gateway.settings import directory

    monkeypatch.setattr(directory, "_PACKAGE", tmp_path / "dlp_gateway")
    with pytest.raises(ConfigError, match="the installation is incomplete"):
        default_config_dir()


# ---------------------------------------------------------------- the running policy


def test_the_running_policy_is_noted_and_read_back(folder):
    found = read(folder)

    assert running_policy(found.settings) is None
    note_running(found.settings, found.policy)
    noted = running_policy(found.settings)
    assert noted is not None
    assert noted.fingerprint == found.policy.fingerprint
    assert [path.name for path in found.settings.state_directory.iterdir()] == ["running-policy.json"]


def test_a_damaged_note_is_an_error_and_not_a_missing_one(folder):
    found = read(folder)
    note_running(found.settings, found.policy)
    note = found.settings.state_directory / "running-policy.json"
    note.write_text(note.read_text()[:-20])

    with pytest.raises(ValueError, match="damaged"):
        running_policy(found.settings)


def test_a_note_cut_off_while_writing_leaves_the_old_one(folder, monkeypatch):
    found = read(folder)
    note_running(found.settings, found.policy)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("no space")))

    with pytest.raises(OSError, match="no space"):
        note_running(found.settings, found.policy)
    assert running_policy(found.settings) is not None


@pytest.mark.parametrize(
    ("zone", "expected"),
    [(None, 30), ("UTC", 30), ("Australia/Sydney", 1), ("America/Los_Angeles", 30), ("nowhere", 30)],
)
def test_the_day_is_that_of_the_time_zone(folder, zone, expected):
    at = dt.datetime(2026, 6, 30, 14, 30, tzinfo=dt.UTC).timestamp()
    if zone is not None:
        (folder / "gateway.yaml").write_text(f"{GATEWAY}quarantine: {{time_zone: {zone}}}\n")

    assert day(folder, at, {}).day == expected


def test_without_settings_the_day_is_that_of_utc(folder):
    (folder / "gateway.yaml").unlink()

    assert day(folder, 86399.0, {}) == dt.date(1970, 1, 1)


# ---------------------------------------------------------------- times that belong together


@pytest.mark.parametrize(
    ("environment", "together"),
    [
        ({}, None),
        ({"INSPECTION__SECONDS": "60.5"}, "300.5"),
        ({"INSPECTION__SECONDS": "300"}, "540"),
        ({"INSPECTION__WAIT_SECONDS": "250"}, "310"),
        ({"SMTP__LIMITS__HANDLER_SECONDS": "2"}, "300"),
        ({"SMTP__LIMITS__HANDLER_SECONDS": "550", "INSPECTION__SECONDS": "300"}, None),
        ({"SMTP__LIMITS__HANDLER_SECONDS": "2", "INSPECTION__SECONDS": "1", "INSPECTION__WAIT_SECONDS": "1"}, None),
    ],
)
def test_a_client_is_not_told_to_come_back_while_its_message_is_inspected(environment, together):
    given = {f"DLP_GATEWAY__{name}": value for name, value in environment.items()}
    if together is None:
        assert read_configuration(default_config_dir(), TODAY, environment=given)
        return
    with pytest.raises(ConfigError) as caught:
        read_configuration(default_config_dir(), TODAY, environment=given)
    (problem,) = (str(found) for found in caught.value.problems if found.severity is Severity.ERROR)
    assert "smtp.limits.handler_seconds: is " in problem
    assert f"together ({together})" in problem
