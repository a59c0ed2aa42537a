"""Invariant 9: in a network with nothing but the loopback, every connection attempt of the whole product is traced."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.gateway import ROOT

pytestmark = [
    pytest.mark.privileged,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("strace") is None or shutil.which("ip") is None,
        reason="needs root and the Debian packages strace and iproute2 (make test-packages)",
    ),
]

# The trial sends mail through every part; the corpus has every format, with all models loaded for it.
PACES = """
set -e
ip link set lo up
{python} tests/corpus/build.py tests/corpus/cases {work}/corpus
strace -f -qq -e trace=connect,sendto,sendmsg -o {work}/trace sh -c '
    {python} -m dlp_gateway.cli try --once --state {work}/trial
    {work}/trial/dlp-gateway quarantine list
    {work}/trial/dlp-gateway audit verify
    {python} -m dlp_gateway.cli config check
    {python} -m dlp_gateway.cli check --json --index {work}/corpus/index.jsonl > {work}/judged || test $? = 1
'
"""
INTERNET = re.compile(
    r"sa_family=AF_INET6?, .*?(?:sin_addr=inet_addr\(\"([^\"]+)\"\)|inet_pton\(AF_INET6, \"([^\"]+)\")"
)
PORT = re.compile(r"sin6?_port=htons\((\d+)\)")


def test_invariant_9_nothing_phones_home(tmp_path: Path):
    script = PACES.format(python=sys.executable, work=tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}

    ended = subprocess.run(
        ["unshare", "--net", "sh", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600
    )

    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    assert len((tmp_path / "judged").read_text().splitlines()) > 250
    trace = (tmp_path / "trace").read_text(errors="replace").splitlines()
    attempts = [line for line in trace if "AF_INET" in line]
    away = [line for line in attempts if not loopback(line)]
    assert away == []
    # There is no resolver either: a look-up would go to port 53.
    assert [line for line in attempts if (found := PORT.search(line)) and found[1] == "53"] == []
    # The trace works: the trial's own client did connect to the gateway.
    assert any("htons(8025)" in line for line in attempts)
    # Telemetry and caches would be kept in the home folder.
    assert [path for path in home.rglob("*") if path.is_file()] == []


def loopback(line: str) -> bool:
    found = INTERNET.search(line)
    address = (found[1] or found[2]) if found else ""
    return address.startswith("127.") or address == "::1"
