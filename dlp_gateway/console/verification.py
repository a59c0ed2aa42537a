"""Verifying the record from the console: in the background, one run at a time; its outcome goes on record."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

from dlp_gateway.audit.chain import EntryKind, Note
from dlp_gateway.audit.check import check
from dlp_gateway.audit.runs import details
from dlp_gateway.store import database, history, keys
from dlp_gateway.store.change import change
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.keys import KeysError


class _Ended(Exception):
    """The console stops while a run is on its way."""


class Verification:
    """One run at a time, on a thread of its own; ``passed`` of ``expected`` entries are verified so far.

    ``failed`` says why the last run of this process had no outcome.
    """

    def __init__(self) -> None:
        self.passed = 0
        self.expected = 0
        self.failed = ""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._ending = False

    @property
    def running(self) -> bool:
        """Whether a run is on its way."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def start(self, directory: Path, by: str, clock: Callable[[], float]) -> bool:
        """Begin a run in the name of ``by``, with the public keys of ``directory``; False when one is on its way."""
        with self._lock:
            if self.running:
                return False
            self.passed, self.expected, self.failed = 0, history.length()[1], ""
            self._thread = threading.Thread(target=self._work, args=(directory, by, clock), name="verification")
            self._thread.daemon = True
            self._thread.start()
            return True

    def wait(self, seconds: float | None = None) -> None:
        """Return when no run is on its way."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def stop(self) -> None:
        """End what is on its way without an outcome."""
        self._ending = True
        self.wait()

    def _work(self, directory: Path, by: str, clock: Callable[[], float]) -> None:
        try:
            with contextlib.suppress(_Ended):
                report = check(keys.load_audit(directory), passed=self._progress)
                with change() as made:
                    made.rows.notes.append(Note(EntryKind.VERIFY, clock(), by, "record", details(report)))
        except (StoreError, KeysError, OSError) as error:
            self.failed = str(error)
        finally:
            database.close()

    def _progress(self, passed: int) -> None:
        self.passed = passed
        if self._ending:
            raise _Ended
