"""Export a trained encoder with its vocabulary, thresholds and digests."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import torch

from training import corpus, export


def sha256(file: Path) -> str:
    """The hexadecimal digest of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def ship(
    state: dict[str, torch.Tensor],
    vocabulary: Path,
    directory: Path,
    *,
    version: str,
    thresholds: dict[str, float],
    calibration: dict[str, tuple[float, float]],
) -> None:
    """Write the model directory that ``Encoder.load`` reads."""
    directory.mkdir(parents=True, exist_ok=True)
    export.write({name: value.float().numpy() for name, value in state.items()}, directory / "encoder.onnx")
    shutil.copyfile(vocabulary, directory / "vocab.txt")
    digests = {file.name: sha256(file) for file in sorted(directory.iterdir()) if file.name != "manifest.json"}
    manifest = {
        "version": version,
        "base": "all-MiniLM-L6-v2",
        "tags": corpus.TAGS,
        "labels": corpus.OUTPUTS,
        "thresholds": thresholds,
        "calibration": calibration,
        "sha256": digests,
    }
    (directory / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
