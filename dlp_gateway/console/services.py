"""What views work with: settings, the running policy, the reviewers' desk, the inspection worker, the clock."""

from __future__ import annotations

import datetime as dt
import functools
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dlp_gateway.configfile import ConfigError, Problem
from dlp_gateway.console.inspector import Inspector
from dlp_gateway.console.verification import Verification
from dlp_gateway.detection.catalogue import Catalogue, catalogue
from dlp_gateway.detection.packs import Recogniser, load_packs
from dlp_gateway.detection.tuning import Tuning
from dlp_gateway.quarantine.review import Desk
from dlp_gateway.settings import Configuration, Settings, day, detectors_dir, read_configuration
from dlp_gateway.wiring import review_desk


class Services:
    """One for the process; made by ``server`` and handed to views as ``request.services``.

    ``folder`` is the folder of the configuration, ``environment`` what
    overrides it (default: the process's own).
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self.clock = clock
        self.verification = Verification()
        self._environment = dict(os.environ if environment is None else environment)
        self._lock = threading.Lock()
        self._stamp: object = None
        self._configuration: Configuration | None = None
        self._inspector: Inspector | None = None
        self._inspected: object = None
        self._looked_at: object = None
        self._problems: dict[str, tuple[Problem, ...]] = {}
        self._looking: tuple[Tuning, Catalogue] | None = None

    @property
    def settings(self) -> Settings:
        """The settings as they are in the files now."""
        return self.configuration().settings

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files now, while what was read of them before is used on."""
        return tuple(problem for found in self._problems.values() for problem in found)

    def configuration(self) -> Configuration:
        """The configuration; read again when a file of it has changed, and kept when that cannot be used.

        Raises ConfigError when it never could be.
        """
        stamp = (_stamp(self.folder), self._today())
        with self._lock:
            if self._configuration is None or stamp != self._stamp:
                with self._keeping("configuration", self._configuration):
                    self._configuration = read_configuration(self.folder, self._today(), environment=self._environment)
                self._stamp = stamp
            assert self._configuration is not None  # noqa: S101  # else reading it has raised
            return self._configuration

    def looking(self) -> tuple[Tuning, Catalogue]:
        """How detection is tuned, and everything that is looked for; read again as ``configuration`` is."""
        packs = detectors_dir(self.folder)
        stamp = (_stamp(self.folder), _stamp(packs))
        with self._lock:
            if self._looking is None or stamp != self._looked_at:
                with self._keeping("detection", self._looking):
                    tuning = Tuning.from_yaml(self.folder / "detection.yaml")
                    found = catalogue([packs], tuning, _recognisers(packs, stamp[1]))
                    found.check(tuning)
                    self._looking = (tuning, found)
                self._looked_at = stamp
            assert self._looking is not None  # noqa: S101  # else reading it has raised
            return self._looking

    def desk(self) -> Desk:
        """The reviewers' desk, with their private key. Raises KeysError."""
        return review_desk(self.settings, self.clock, environment=self._environment)

    def inspector(self) -> Inspector:
        """A confined worker for the bench and for opened messages; started when it is first asked for."""
        configuration = self.configuration()
        stamp = (_stamp(self.folder), _stamp(detectors_dir(self.folder)))
        with self._lock:
            if self._inspector is None or stamp != self._inspected:
                if self._inspector is not None:
                    self._inspector.stop()
                    self._inspector = None
                self._inspector, self._inspected = Inspector(configuration), stamp
            return self._inspector

    def close(self) -> None:
        """Stop the worker, and a verification that is on its way."""
        self.verification.stop()
        with self._lock:
            if self._inspector is not None:
                self._inspector.stop()
                self._inspector = None

    @contextmanager
    def _keeping(self, what: str, kept: object) -> Iterator[None]:
        """Read ``what`` anew; mistakes in it are noted when there is something ``kept`` to go on with."""
        try:
            yield
            self._problems.pop(what, None)
        except ConfigError as error:
            if kept is None:
                raise
            self._problems[what] = error.problems

    def _today(self) -> dt.date:
        now = self.clock()
        if self._configuration is not None:
            return self._configuration.settings.day(now)
        return day(self.folder, now, self._environment)


@functools.lru_cache(maxsize=2)
def _recognisers(packs: Path, _stamp: object) -> tuple[Recogniser, ...]:
    """What the packs hold; reading them takes most of a second."""
    return load_packs([packs])


def _stamp(folder: Path) -> object:
    """What changes when a file of a folder does."""
    return tuple(sorted((file.name, file.stat().st_mtime_ns) for file in folder.glob("*.yaml")))
