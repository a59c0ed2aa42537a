import shutil

import pytest
from typer.testing import CliRunner

from dlp_gateway.cli import config
from dlp_gateway.settings import default_config_dir, note_running, read_configuration
from tests.unit.policy.examples import TODAY


@pytest.fixture
def folder(tmp_path, monkeypatch):
    made = tmp_path / "config"
    shutil.copytree(default_config_dir(), made)
    # The detectors have tests of their own; here only the names they know matter.
    monkeypatch.setattr(config, "_detection", lambda _: (frozenset({"JOB_TITLE", "ORGANISATION"}), ()))
    return made


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1, old
    path.write_text(text.replace(old, new))


def run(*arguments):
    result = CliRunner().invoke(config.app, list(map(str, arguments)))
    return result.exit_code, result.output


def test_a_sound_configuration(folder):
    status, output = run("check", "--config", folder)

    assert status == 0
    assert output.startswith(f"{folder}: usable, policy ")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "policy.yaml",
            "    people: 50",
            "    people: none",
            "policy.yaml:{}: rules.bulk.people: should be a valid integer",
        ),
        (
            "policy.yaml",
            "[JOB_TITLE, ORGANISATION]",
            "[JOB_TITLES]",
            "no detector knows JOB_TITLES; did you mean JOB_TITLE?",
        ),
        (
            "gateway.yaml",
            "workers: 0",
            "worker: 0",
            "inspection.worker: there is no such setting; did you mean 'workers'?",
        ),
    ],
)
def test_errors_say_file_line_and_reason(folder, name, old, new, said):
    line = next(n for n, text in enumerate((folder / name).read_text().split("\n"), 1) if old in text)
    edit(folder / name, old, new)

    status, output = run("check", "--config", folder)

    assert status == 1
    assert f"{folder / name}:{line}: " in output
    assert said.format(line) in output


def test_warnings_do_not_make_it_unusable(folder):
    path = folder / "policy.yaml"
    before, _, after = path.read_text().partition("\n  bulk:")
    path.write_text(f"{before}\n  bulk:{after.replace('mode: enforce', 'mode: monitor', 1)}")

    status, output = run("check", "--config", folder)

    assert status == 0
    assert "warning: rules.bulk.mode: is monitor" in output


def test_a_missing_folder_is_not_a_wrong_one(tmp_path):
    status, _ = run("check", "--config", tmp_path / "nowhere")

    assert status == 2


@pytest.fixture
def weaker(folder, tmp_path):
    copy = tmp_path / "new" / "config"
    shutil.copytree(folder, copy)
    edit(copy / "policy.yaml", "    people: 50", "    people: 60")
    return copy


def test_weaker_than_another_folder(folder, weaker):
    status, output = run("check", "--config", weaker, "--against", folder)

    line = (weaker / "policy.yaml").read_text().split("\n").index("    people: 60") + 1
    assert status == 1
    assert f"policy.yaml:{line}: rules.bulk.people: weaker than the running policy: 60 instead of 50" in output
    assert run("check", "--config", folder, "--against", weaker)[0] == 0


def test_weaker_than_the_running_one(folder, weaker):
    running = read_configuration(folder, TODAY, environment={})
    note_running(read_configuration(weaker, TODAY, environment={}).settings, running.policy)

    status, output = run("check", "--config", weaker, "--against", "running")
    assert status == 1
    assert running.policy.fingerprint[:12] in output


def test_there_is_nothing_to_compare_with(folder, weaker, monkeypatch):
    """Which is no reason to call it usable: the folder may be a copy, with no gateway's state beside it."""
    running = read_configuration(folder, TODAY, environment={})
    note_running(running.settings, running.policy)

    status, output = run("check", "--config", weaker, "--against", "running")

    assert status == 2
    assert f"nothing to compare with: no gateway has noted its policy in {weaker.parent / 'var'};" in output
    assert "usable" not in output

    monkeypatch.setenv("DLP_GATEWAY__STATE_DIRECTORY", str(running.settings.state_directory))
    assert run("check", "--config", weaker, "--against", "running")[0] == 1
    assert run("check", "--config", folder, "--against", "running")[0] == 0


def test_consent_makes_it_usable(folder, weaker):
    fingerprint = read_configuration(folder, TODAY, environment={}).policy.fingerprint
    with (weaker / "policy.yaml").open("a") as file:
        file.write(f"supersedes:\n  fingerprint: '{fingerprint[:12]}'\n  approved_by: dpo\n  reason: agreed\n")

    assert run("check", "--config", weaker, "--against", folder)[0] == 0


def test_a_damaged_note_of_the_running_policy_is_told(folder):
    found = read_configuration(folder, TODAY, environment={})
    note_running(found.settings, found.policy)
    (found.settings.state_directory / "running-policy.json").write_text("{}")

    status, _ = run("check", "--config", folder, "--against", "running")

    assert status == 2


def test_reference_is_the_page():
    status, output = run("reference")

    assert status == 0
    assert output.startswith("# Settings\n")
