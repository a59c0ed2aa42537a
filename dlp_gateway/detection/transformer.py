"""The shipped encoder under ONNX Runtime; the only module that imports it.

Wheels of ONNX Runtime carry telemetry that is on by default: creating a
session writes a device id under ``~/.cache`` and resolves a collector's name
(microsoft/onnxruntime pull request 27379). ``ORT_DISABLE_TELEMETRY`` is read
when the library is loaded, so it is set here before the import, whatever the
environment says, in every process that loads this module.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlp_gateway.detection.gates import NameGate, StatementGate
from dlp_gateway.detection.wordpiece import SHAPES, Pieces, WordPiece

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

MAX_PIECES = 254
"""Most pieces of one run; with the two framing ones, half of what the positions allow."""

VERSION = "3"
"""The version of the files of a model that this code reads."""

Scores = NDArray[np.float32]

# Rewritings of the graph that make it slower: on a CPU the fused node goes over every number one by one.
_SLOWER = ["SkipLayerNormFusion"]


class ModelError(Exception):
    """A model directory is incomplete, damaged, or of another version than this code."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ``manifest.json`` of a model directory says; every other file in it is vouched for by digest."""

    directory: Path
    version: str
    tags: tuple[str, ...]
    labels: tuple[str, ...]
    thresholds: Mapping[str, float]
    calibration: Mapping[str, tuple[float, float]]
    digests: Mapping[str, str]

    @classmethod
    def read(cls, directory: Path) -> Manifest:
        """Read the manifest.

        Raises:
            ModelError: it is missing or not understood.
        """
        file = directory / "manifest.json"
        try:
            given: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            manifest = cls(
                directory=directory,
                version=given["version"],
                tags=tuple(given["tags"]),
                labels=tuple(given["labels"]),
                thresholds=given["thresholds"],
                calibration={label: (float(a), float(b)) for label, (a, b) in given["calibration"].items()},
                digests=given["sha256"],
            )
        except OSError as error:
            raise ModelError(
                f"{file}: cannot be read ({error.strerror}); install the models or correct the path"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{file}: not a manifest of this version ({type(error).__name__}: {error})") from error
        if manifest.version != VERSION:
            raise ModelError(f"{file}: of version {manifest.version}, not {VERSION}; install the models again")
        return manifest

    def content(self, name: str) -> bytes:
        """Return the bytes of one file of the model, checked against its digest.

        Raises:
            ModelError: the file is missing, or is not the one the manifest vouches for.
        """
        file = self.directory / name
        try:
            content = file.read_bytes()
        except OSError as error:
            raise ModelError(f"{file}: cannot be read ({error.strerror}); install the models again") from error
        if hashlib.sha256(content).hexdigest() != self.digests.get(name):
            raise ModelError(f"{file}: its SHA-256 differs from the manifest; the file is damaged or was changed")
        return content


@dataclass(frozen=True, slots=True)
class Glance:
    """The first answer to a text, by the lower layers: logits of the tags, a row for each piece, and of the labels."""

    tags: Scores
    labels: Scores
    states: Scores


class Encoder:
    """The transformer: scores of every tag for each piece of a text, and of every label for the text.

    ``glance`` runs the lower layers, a third of the work, and is enough for most texts; ``read`` goes on with
    the rest. One text a run, without padding: the scores of a text never depend on its neighbours. One thread,
    no arena: memory stays flat.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        vocabulary = manifest.content("vocab.txt").decode("utf-8")
        self.tokenizer = WordPiece(vocabulary.rstrip("\n").split("\n"))
        self._first, self._last = (np.array([piece * SHAPES]) for piece in (self.tokenizer.first, self.tokenizer.last))
        self.statement_gate = StatementGate(manifest.content("gate-statements.npz"))
        self.name_gate = NameGate(manifest.content("gate-names.npz"))
        self._lower, self._upper = (self._session(f"{name}.onnx") for name in ("lower", "upper"))

    @classmethod
    def load(cls, directory: Path) -> Encoder:
        """Load the model of a directory.

        Raises:
            ModelError: something is missing, damaged or of another version.
        """
        return cls(Manifest.read(directory))

    def _session(self, name: str) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.use_deterministic_compute = True
        options.log_severity_level = 4  # a log line could quote its input
        graph = self.manifest.content(name)
        try:
            return onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER
            )
        except Exception as error:
            file = self.manifest.directory / name
            raise ModelError(f"{file}: the graph cannot be loaded ({type(error).__name__})") from error

    def glance(self, pieces: Pieces, start: int, end: int) -> Glance:
        """Give the first answer to the pieces ``start:end``.

        Raises:
            ValueError: they are more than MAX_PIECES.
        """
        if min(end, len(pieces)) - start > MAX_PIECES:
            raise ValueError(f"{end - start} pieces in one run; at most {MAX_PIECES} are possible")
        codes = np.concatenate([self._first, pieces.codes[start:end], self._last], dtype=np.int64)
        ids, shapes = np.divmod(codes[None], SHAPES)
        tags, labels, states = self._lower.run(["tags", "labels", "states"], {"ids": ids, "shapes": shapes})
        return Glance(tags[0, 1:-1], labels[0], states)

    def read(self, glance: Glance) -> tuple[Scores, Scores]:
        """Return the last answer to what was glanced at: logits of the tags and of the labels."""
        tags, labels = self._upper.run(["tags", "labels"], {"states": glance.states})
        return tags[0, 1:-1], labels[0]
