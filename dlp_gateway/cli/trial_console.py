"""The web console beside the trial's gateway: a process of its own, as in earnest, since it alone opens seals."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from dlp_gateway.inspection.confinement import die_with_parent
from dlp_gateway.settings import Settings

_START_SECONDS = 90.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.1


class TrialConsole:
    """Makes accounts at the first start and serves pages until the ``with`` block ends.

    ``environment`` overrides the configuration in ``folder``; what the
    console logs goes to ``log``. That it does not start stops nothing else:
    ``told`` says why.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], settings: Settings, log: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._listen = settings.console.listen
        self._log = log
        self._made: subprocess.CompletedProcess[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Make the accounts, then start serving."""
        self._made = subprocess.run(
            self._command("accounts", "demo"), env=self._environment, capture_output=True, text=True, check=False
        )
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command("console"),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Nobody else ends it when the trial is killed. No other thread runs yet.
                preexec_fn=partial(die_with_parent, signal.SIGTERM),  # noqa: PLW1509
            )
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End the console with the gateway."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def told(self) -> str:
        """Wait until pages are served; returns where, and who may sign in."""
        if not self._ready():
            return (
                f"\nThe web console did not start; see {self._log}:\n{self._log.read_text('utf-8', 'replace')[-500:]}"
            )
        address = f"\nThe web console            http://localhost:{self._listen.port}/"
        if self._made is None or self._made.returncode:
            return f"{address}\nNo accounts were made: {self._made.stderr if self._made else ''}"
        if not self._made.stdout:
            return f"{address}\nSign in with the accounts made at the first start (or: accounts reset NAME)."
        return f"{address}\nSign in with one of these accounts. They are shown only now:\n\n{self._made.stdout}"

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "dlp_gateway.cli", *arguments, "--config", str(self._folder)]

    def _ready(self) -> bool:
        end = time.monotonic() + _START_SECONDS
        while self._process is not None and self._process.poll() is None and time.monotonic() < end:
            connection = http.client.HTTPConnection(self._listen.host, self._listen.port, timeout=10)
            try:
                connection.request("GET", "/account/login/")
                return connection.getresponse().status == http.client.OK
            except OSError:
                time.sleep(_POLL_SECONDS)
            finally:
                connection.close()
        return False
