"""The encoder: loading, damage, and that ONNX Runtime sends and stores nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dlp_gateway.detection.transformer import MAX_PIECES, Encoder, ModelError

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "detectors" / "models"

RUN = """
import sys
from pathlib import Path
from dlp_gateway.detection.people import PeopleModel
from dlp_gateway.detection.transformer import Encoder
encoder = Encoder.load(Path(sys.argv[1]))
assert PeopleModel.load(Path(sys.argv[1]), encoder).find(["Regards, Hannah Oakes"])[0]
"""


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder.load(MODELS)


def environment(home: Path) -> dict[str, str]:
    """A home of its own, and nothing that switches the telemetry off."""
    kept = {
        name: value for name, value in os.environ.items() if name not in {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    }
    return kept | {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT)}


def test_telemetry_is_off_before_the_library_is_imported() -> None:
    code = (
        "import builtins, os, sys\n"
        "seen = []\n"
        "original = builtins.__import__\n"
        "def spy(name, *args, **kwargs):\n"
        "    if name == 'onnxruntime' and name not in sys.modules:\n"
        "        seen.append(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "    return original(name, *args, **kwargs)\n"
        "builtins.__import__ = spy\n"
        "import dlp_gateway.detection.transformer\n"
        "assert seen == ['1'], seen\n"
    )
    env = environment(Path("/nonexistent")) | {"ORT_DISABLE_TELEMETRY": "0"}
    subprocess.run([sys.executable, "-c", code], env=env, check=True, timeout=60)


def test_a_session_leaves_no_file_behind(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", RUN, str(MODELS)], env=environment(tmp_path), check=True, timeout=60)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_a_session_opens_no_connection_and_resolves_no_name(tmp_path: Path) -> None:
    home, trace = tmp_path / "home", tmp_path / "trace"
    home.mkdir()
    tracing = ["strace", "-f", "-qq", "-e", "trace=network,openat", "-o", str(trace)]
    ran = subprocess.run(
        [*tracing, sys.executable, "-c", RUN, str(MODELS)],
        env=environment(home),
        capture_output=True,
        timeout=120,
        check=False,
    )
    if b"ptrace" in ran.stderr or b"Operation not permitted" in ran.stderr:
        pytest.skip("tracing is not permitted here")
    assert ran.returncode == 0, ran.stderr[-500:]
    lines = trace.read_text(errors="replace").splitlines()
    assert any("upper.onnx" in line for line in lines)
    for forbidden in ("resolv.conf", "connect(", "sendto(", "AF_INET", "DeveloperTools", str(home)):
        assert [line for line in lines if forbidden in line and "pyvenv" not in line] == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(MODELS, tmp_path / "models")
    return tmp_path / "models"


@pytest.mark.parametrize(
    "name", ["lower.onnx", "upper.onnx", "vocab.txt", "gate-statements.npz", "gate-names.npz", "manifest.json"]
)
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ModelError, match=name):
        Encoder.load(copy)


@pytest.mark.parametrize("name", ["lower.onnx", "upper.onnx", "vocab.txt", "gate-statements.npz", "gate-names.npz"])
def test_a_changed_file_is_refused(copy: Path, name: str) -> None:
    file = copy / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}.*SHA-256"):
        Encoder.load(copy)


def test_a_manifest_of_another_version_is_refused(copy: Path) -> None:
    file = copy / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"version": "1"}))
    with pytest.raises(ModelError, match="version 1"):
        Encoder.load(copy)


@pytest.mark.parametrize("key", ["version", "tags", "labels", "thresholds", "calibration", "sha256"])
def test_an_incomplete_manifest_is_refused(copy: Path, key: str) -> None:
    file = copy / "manifest.json"
    manifest = json.loads(file.read_text())
    del manifest[key]
    file.write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="not a manifest"):
        Encoder.load(copy)


def test_scores_have_the_promised_shapes(encoder: Encoder) -> None:
    pieces = encoder.tokenizer.encode("Hannah Oakes starts on Monday.")
    glance = encoder.glance(pieces, 0, len(pieces))
    for tags, labels in ((glance.tags, glance.labels), encoder.read(glance)):
        assert tags.shape == (len(pieces), len(encoder.manifest.tags))
        assert labels.shape == (len(encoder.manifest.labels),)


def test_the_longest_run_is_possible(encoder: Encoder) -> None:
    pieces = encoder.tokenizer.encode("a " * MAX_PIECES)
    assert len(pieces) == MAX_PIECES
    glance = encoder.glance(pieces, 0, MAX_PIECES)
    assert len(glance.tags) == len(encoder.read(glance)[0]) == MAX_PIECES


def test_a_longer_run_is_refused(encoder: Encoder) -> None:
    pieces = encoder.tokenizer.encode("a " * (MAX_PIECES + 1))
    with pytest.raises(ValueError, match=f"at most {MAX_PIECES}"):
        encoder.glance(pieces, 0, len(pieces))


def test_the_same_text_gives_the_same_scores(encoder: Encoder) -> None:
    pieces = encoder.tokenizer.encode("Please call Tevita Langi about the pump.")
    first = encoder.glance(pieces, 0, len(pieces))
    between = encoder.glance(encoder.tokenizer.encode("Something else in between."), 0, 4)
    read = encoder.read(first)
    encoder.read(between)
    second = encoder.glance(pieces, 0, len(pieces))
    assert np.array_equal(first.labels, second.labels)
    assert all(np.array_equal(a, b) for a, b in zip(read, encoder.read(second), strict=True))
