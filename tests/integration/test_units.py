"""The systemd units say what systemd understands, and keep the two processes' keys apart."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = sorted((Path(__file__).parents[2] / "systemd").glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_the_unit(unit, tmp_path):
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("the Debian package systemd is not installed")
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/dlp-gateway/bin/dlp-gateway", sys.executable))

    verified = subprocess.run([program, "verify", str(copy)], capture_output=True, text=True, timeout=60, check=False)

    assert [line for line in verified.stderr.splitlines() if unit.name in line] == []


def test_neither_process_reaches_the_keys_of_the_other():
    gateway, console = (
        dict(re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE))
        for unit in sorted(UNITS, key=lambda unit: "console" in unit.name)
    )

    assert gateway["User"] != console["User"]
    assert gateway["InaccessiblePaths"] == "-/var/lib/dlp-gateway/var/keys/review"
    assert console["InaccessiblePaths"] == "-/var/lib/dlp-gateway/var/keys"
    for unit in (gateway, console):
        assert (unit["NoNewPrivileges"], unit["ProtectSystem"], unit["CapabilityBoundingSet"]) == ("yes", "strict", "")
