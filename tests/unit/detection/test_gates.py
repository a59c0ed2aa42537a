"""The gate computes what its network says, passage by passage."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest

from dlp_gateway.detection.gates import Gate, Reading
from dlp_gateway.detection.wordpiece import SHAPES, Pieces

WORDS, WIDTH, RESPONSES = 30, 4, 6


def arrays(seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "table": rng.integers(-127, 128, (WORDS, WIDTH)).astype(np.int8),
        "scale": rng.random(WORDS).astype(np.float32) / 127,
        "shapes": rng.normal(size=(SHAPES, WIDTH)).astype(np.float32),
        "window": rng.normal(size=(3 * WIDTH, RESPONSES)).astype(np.float32),
        "window_bias": rng.normal(size=RESPONSES).astype(np.float32),
        "hidden": rng.normal(size=(2 * RESPONSES, RESPONSES)).astype(np.float32),
        "hidden_bias": rng.normal(size=RESPONSES).astype(np.float32),
        "statement": rng.normal(size=RESPONSES).astype(np.float32),
        "statement_bias": rng.normal(size=1).astype(np.float32),
        "name": rng.normal(size=RESPONSES).astype(np.float32),
        "name_bias": rng.normal(size=1).astype(np.float32),
    }


def packed(content: dict[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **content)
    return stream.getvalue()


def plainly(a: dict[str, np.ndarray], pieces: Pieces) -> Reading:
    """The same, one piece after the other."""
    vectors = [a["table"][i] * a["scale"][i] + a["shapes"][s] for i, s in zip(pieces.ids, pieces.shapes, strict=True)]
    nothing = np.zeros(WIDTH)
    responses = []
    for n in range(len(vectors)):
        before = vectors[n - 1] if n else nothing
        behind = vectors[n + 1] if n + 1 < len(vectors) else nothing
        responses.append(np.maximum(np.concatenate([before, vectors[n], behind]) @ a["window"] + a["window_bias"], 0))
    pooled = np.concatenate([np.max(responses, axis=0), np.sum(responses, axis=0) / math.sqrt(len(responses))])
    hidden = np.maximum(pooled @ a["hidden"] + a["hidden_bias"], 0)
    name = max(float(r @ a["name"] + a["name_bias"][0]) for r in responses)
    return Reading(float(hidden @ a["statement"] + a["statement_bias"][0]), name)


def passage(rng: np.random.Generator, length: int) -> Pieces:
    ids = rng.integers(1, WORDS, length).tolist()
    shapes = rng.integers(0, SHAPES, length).tolist()
    return Pieces(ids, shapes, list(range(length)), list(range(1, length + 1)))


@pytest.mark.parametrize("lengths", [[1], [2, 1, 3], [5, 0, 7], [0], [], [40] * 9])
def test_reads_each_passage_by_itself(lengths: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlp_gateway.detection.gates._AT_ONCE", 100)
    rng = np.random.default_rng(7)
    a = arrays()
    passages = [passage(rng, length) for length in lengths]
    readings = Gate(packed(a)).read(passages)
    assert len(readings) == len(passages)
    for pieces, reading in zip(passages, readings, strict=True):
        if len(pieces):
            expected = plainly(a, pieces)
            assert reading.statement == pytest.approx(expected.statement, rel=1e-4, abs=1e-4)
            assert reading.name == pytest.approx(expected.name, rel=1e-4, abs=1e-4)
        else:
            assert reading == Reading(-math.inf, -math.inf)


def test_pickled_content_is_refused() -> None:
    content = dict(arrays())
    content["table"] = np.array([{"a": 1}], dtype=object)
    with pytest.raises(ValueError, match="pickle"):
        Gate(packed(content))
