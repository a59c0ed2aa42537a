"""The gates compute what their networks say, text by text and sentence by sentence."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest

from dlp_gateway.detection.gates import NameGate, StatementGate
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
        "detail": rng.normal(size=RESPONSES).astype(np.float32),
        "detail_bias": rng.normal(size=1).astype(np.float32),
    }


def packed(content: dict[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **content)
    return stream.getvalue()


def responses(a: dict[str, np.ndarray], pieces: Pieces) -> list[np.ndarray]:
    """The response to each piece, one after the other."""
    vectors = [a["table"][i] * a["scale"][i] + a["shapes"][s] for i, s in zip(pieces.ids, pieces.shapes, strict=True)]
    nothing = np.zeros(WIDTH)
    found = []
    for n in range(len(vectors)):
        before = vectors[n - 1] if n else nothing
        behind = vectors[n + 1] if n + 1 < len(vectors) else nothing
        found.append(np.maximum(np.concatenate([before, vectors[n], behind]) @ a["window"] + a["window_bias"], 0))
    return found


def statement(a: dict[str, np.ndarray], sentences: list[Pieces]) -> float:
    """What a passage of these sentences gets."""
    found = [row for sentence in sentences for row in responses(a, sentence)]
    if not found:
        return -math.inf
    pooled = np.concatenate([np.max(found, axis=0), np.sum(found, axis=0) / math.sqrt(len(found))])
    hidden = np.maximum(pooled @ a["hidden"] + a["hidden_bias"], 0)
    return float(hidden @ a["statement"] + a["statement_bias"][0])


def likeliest(a: dict[str, np.ndarray], what: str, pieces: Pieces) -> float:
    """What a text gets for its likeliest name, or personal detail."""
    return max((float(r @ a[what] + a[f"{what}_bias"][0]) for r in responses(a, pieces)), default=-math.inf)


def passage(rng: np.random.Generator, length: int) -> Pieces:
    codes = rng.integers(1, WORDS, length) * SHAPES + rng.integers(0, SHAPES, length)
    return Pieces(codes.astype(np.int32))


LENGTHS = [[1], [2, 1, 3], [5, 0, 7], [0], [], [40] * 9]


@pytest.mark.parametrize("lengths", LENGTHS)
def test_reads_each_text_by_itself(lengths: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlp_gateway.detection.gates._AT_ONCE", 100)
    rng = np.random.default_rng(7)
    a = arrays()
    texts = [passage(rng, length) for length in lengths]
    gate = NameGate(packed(a))
    for what, found in (("name", gate.names(texts)), ("detail", gate.details(texts))):
        assert found == pytest.approx([likeliest(a, what, pieces) for pieces in texts], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("lengths", LENGTHS)
def test_a_sentence_counts_in_every_passage_it_stands_in(lengths: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlp_gateway.detection.gates._AT_ONCE", 100)
    rng = np.random.default_rng(8)
    a = arrays()
    sentences = [passage(rng, length) for length in lengths]
    count = len(sentences)
    passages = [[n] for n in range(count)] + [[n, n + 1] for n in range(count - 1)] + [list(range(count)), []]
    expected = [
        max(statement(a, given) for given in ([sentences[n] for n in members], *([sentences[n]] for n in members)))
        for members in passages
    ]
    assert StatementGate(packed(a)).logits(sentences, passages) == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_pickled_content_is_refused() -> None:
    content = dict(arrays())
    content["table"] = np.array([{"a": 1}], dtype=object)
    with pytest.raises(ValueError, match="pickle"):
        NameGate(packed(content))
