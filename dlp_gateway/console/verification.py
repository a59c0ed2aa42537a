"""Verifying the record from the console: a run in the background, and the outcome of the last one on record."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlp_gateway.audit.chain import Kind, Note
from dlp_gateway.audit.check import check
from dlp_gateway.audit.verify import Report
from dlp_gateway.store import database, history, keys
from dlp_gateway.store.change import change
from dlp_gateway.store.errors import StoreError
from dlp_gateway.store.keys import KeysError


@dataclass(frozen=True, slots=True)
class Run:
    """A verification that is on record: when, by whom, and what it found.

    ``broken`` is "" for a sound record, otherwise what is wrong with which
    entry. Up to ``signed`` a checkpoint vouches for the entries.
    """

    at: float
    by: str
    first: int
    last: int
    entries: int
    signed: int
    erased: int
    broken: str


def last_run() -> Run | None:
    """The last verification on record; raises StoreError."""
    found = history.newest(history.Wanted(kind=Kind.VERIFY), limit=1)
    return None if not found else _run(found[0].at, found[0].actor, json.loads(found[0].details))


def runs(since: float, before: float) -> list[Run]:
    """The verifications of a period, the newest first; raises StoreError."""
    found = history.newest(history.Wanted(kind=Kind.VERIFY, since=since, before=before), limit=1000)
    return [_run(entry.at, entry.actor, json.loads(entry.details)) for entry in found]


def _run(at: float, by: str, details: Mapping[str, Any]) -> Run:
    numbers = {name: int(details[name]) for name in ("first", "last", "entries", "signed", "erased")}
    return Run(at, by, broken=str(details.get("broken", "")), **numbers)


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
                    made.rows.notes.append(Note(Kind.VERIFY, clock(), by, "record", _details(report)))
        except (StoreError, KeysError, OSError) as error:
            self.failed = str(error)
        finally:
            database.close()

    def _progress(self, passed: int) -> None:
        self.passed = passed
        if self._ending:
            raise _Ended


def _details(report: Report) -> dict[str, Any]:
    broken = report.broken
    numbers = {
        "first": report.first,
        "last": report.last,
        "entries": report.entries,
        "signed": report.signed,
        "erased": report.erased,
    }
    return numbers if broken is None else {**numbers, "broken": f"entry {broken.seq} ({broken.fault}): {broken.why}"}
