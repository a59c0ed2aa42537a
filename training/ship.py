"""Export a trained encoder with its vocabulary, thresholds and digests."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from dlp_gateway.detection.transformer import VERSION
from training import corpus, export
from training.network import Encoder

FILES = ("lower.onnx", "upper.onnx", "gate-statements.npz", "gate-names.npz", "vocab.txt")


def sha256(file: Path) -> str:
    """The hexadecimal digest of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def ship(
    encoder: Encoder,
    vocabulary: Path,
    directory: Path,
    *,
    thresholds: dict[str, float],
    calibration: dict[str, tuple[float, float]],
) -> None:
    """Complete the model directory, which holds the gates already, so that ``transformer.Encoder.load`` reads it."""
    state = {name: value.float().numpy() for name, value in encoder.state_dict().items()}
    export.write(state, directory)
    shutil.copyfile(vocabulary, directory / "vocab.txt")
    manifest = {
        "version": VERSION,
        "base": "all-MiniLM-L6-v2",
        "tags": corpus.TAGS,
        "labels": corpus.OUTPUTS,
        "thresholds": thresholds,
        "calibration": calibration,
        "sha256": {name: sha256(directory / name) for name in FILES},
    }
    (directory / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
