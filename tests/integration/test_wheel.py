"""What is published runs by itself: the wheel, installed away from the checkout, with only its dependencies."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).parents[2]
SECONDS = 900  # a bound for a machine that is busy with other things


class Installed(NamedTuple):
    wheel: Path
    python: Path
    folder: Path

    def run(self, *arguments, **environment):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "DLP_GATEWAY", "VIRTUAL_ENV"))}
        return subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            env=clean | environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )


def done(*command):
    ended = subprocess.run(command, cwd=CHECKOUT, check=False, capture_output=True, text=True, timeout=SECONDS)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel in an environment that finds the dependencies where they are, and nothing of the checkout."""
    root = tmp_path_factory.mktemp("wheel")
    done(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", root / "dist", CHECKOUT)
    (wheel,) = (root / "dist").iterdir()
    done(sys.executable, "-m", "venv", root / "venv")
    python = root / "venv" / "bin" / "python"
    packages = root / "venv" / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    done(python, "-m", "pip", "install", "--no-deps", "--no-index", "--no-compile", wheel)
    # A folder that a .pth names is searched, but .pth files in it are not read: so an editable install is not found.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    folder = root / "elsewhere"
    folder.mkdir()
    return Installed(wheel, python, folder)


def test_the_wheel_holds_the_code_and_what_it_needs_and_nothing_else(installed):
    with zipfile.ZipFile(installed.wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]

    for name in ("gateway.yaml", "policy.yaml", "detection.yaml"):
        assert f"dlp_gateway/_data/config/{name}" in names
    assert [name for name in names if re.fullmatch(r"dlp_gateway/_data/detectors/.+\.yaml", name)]
    assert [name for name in names if re.fullmatch(r"dlp_gateway/samples/.+\.eml", name)]
    assert [name for name in names if not name.startswith("dlp_gateway/")] == []
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []


def test_it_is_the_installed_package_that_runs(installed):
    ended = installed.run("-c", "import dlp_gateway, dlp_gateway.app; print(dlp_gateway.__file__)")

    assert ended.returncode == 0, ended.stderr
    assert Path(ended.stdout.strip()).is_relative_to(installed.python.parents[1])
    assert not Path(ended.stdout.strip()).is_relative_to(CHECKOUT)


def test_the_whole_gateway_runs_on_its_samples(installed):
    state = installed.folder / "state"

    ended = installed.run(
        "-m",
        "dlp_gateway.cli",
        "try",
        "--once",
        "--state",
        str(state),
        DLP_GATEWAY__SMTP__LISTEN='["127.0.0.1:0"]',
        DLP_GATEWAY__MONITORING__LISTEN="null",
        DLP_GATEWAY__INSPECTION__WORKERS="1",
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = [re.split(r"\s{2,}", line) for line in ended.stdout.split("\n\n")[0].strip().splitlines()[2:]]
    assert {row[4] for row in rows} >= {"deliver", "hold", "refuse"}
    assert {row[1] for row in rows} == {"250", "550"}
    verified = subprocess.run(
        [state / "dlp-gateway", "audit", "verify"],
        cwd=installed.folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert verified.stdout.startswith("The record is whole"), verified.stderr


def test_a_message_is_judged_by_the_packaged_rules_and_detectors(installed):
    listed = installed.run(
        "-c", "import importlib.resources as r; print(*sorted(map(str, r.files('dlp_gateway.samples').iterdir())))"
    )
    samples = [name for name in listed.stdout.split() if name.endswith(".eml")]

    ended = installed.run("-m", "dlp_gateway.cli", "check", "--json", *samples)

    assert ended.returncode == 1, ended.stderr
    judged = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(judged) == len(samples)
    assert {recipient["action"] for one in judged for recipient in one["recipients"]} >= {"deliver", "hold", "refuse"}


def test_the_command_is_installed(installed):
    ended = subprocess.run(
        [installed.python.with_name("dlp-gateway"), "config", "reference"],
        cwd=installed.folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("# Settings\n")
