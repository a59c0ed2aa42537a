"""A cheap sieve in front of the transformer.

A small convolutional network over the same pieces: short embeddings, a window
of three pieces, the strongest and the mean response of a passage. Windows end
with the sentence, so that a sentence of two passages is looked at once. The
gate costs about a hundredth of the transformer and decides nothing but
whether the transformer is asked; its thresholds are set so that nearly every name and
every disclosure passes (figures in ``training/MODEL_CARD.md``).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlp_gateway.detection.wordpiece import Pieces

Floats = NDArray[np.float32]

_AT_ONCE = 4096
"""About how many pieces are read in one go; bounds the memory."""


class Gate:
    """The network; its methods are pure functions of their arguments.

    Args:
        content: a ``.npz`` file with the arrays that ``training/gate.py`` writes.
    """

    def __init__(self, content: bytes) -> None:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            self._table = arrays["table"]
            self._scale = arrays["scale"]
            rest = {name: arrays[name].astype(np.float32) for name in arrays.files if name not in {"table", "scale"}}
        self._shapes = rest["shapes"]
        self._window, self._window_bias = rest["window"], rest["window_bias"]
        self._hidden, self._hidden_bias = rest["hidden"], rest["hidden_bias"]
        self._statement, self._statement_bias = rest["statement"], float(rest["statement_bias"][0])
        self._name, self._name_bias = rest["name"], float(rest["name_bias"][0])

    def names(self, texts: Sequence[Pieces]) -> list[float]:
        """Return the highest logit for a name in each text; the lowest there is for one without pieces."""
        highest = [-np.inf] * len(texts)
        for group in _groups(texts):
            responses = self._responses([texts[n] for n in group])
            logits = responses.rows @ self._name + self._name_bias
            logits[responses.gaps] = -np.inf
            for number, logit in zip(group, np.maximum.reduceat(logits, responses.starts).tolist(), strict=True):
                highest[number] = logit
        return highest

    def statements(self, sentences: Sequence[Pieces], passages: Sequence[Sequence[int]]) -> list[float]:
        """Return the logit for a disclosure of each passage, which is a list of numbers of ``sentences``.

        A sentence costs the same in however many passages it stands. Sentences without pieces count for nothing, and
        a passage of such alone gets the lowest logit there is.
        """
        strongest = np.zeros((len(sentences), len(self._name)), np.float32)
        total = np.zeros_like(strongest)
        for group in _groups(sentences):
            responses = self._responses([sentences[n] for n in group])
            responses.rows[responses.gaps] = 0
            strongest[group] = np.maximum.reduceat(responses.rows, responses.starts)
            total[group] = np.add.reduceat(responses.rows, responses.starts)
        lengths = np.array([len(sentence) for sentence in sentences])
        said = [[n for n in passage if lengths[n]] for passage in passages]
        told = [number for number, passage in enumerate(said) if passage]
        logits = [-np.inf] * len(passages)
        if told:
            members = np.array([n for number in told for n in said[number]])
            starts = np.cumsum([0, *(len(said[number]) for number in told[:-1])])
            mean = np.add.reduceat(total[members], starts)
            mean /= np.sqrt(np.add.reduceat(lengths[members], starts))[:, None].astype(np.float32)
            pooled = np.concatenate([np.maximum.reduceat(strongest[members], starts), mean], axis=1)
            hidden = np.maximum(pooled @ self._hidden + self._hidden_bias, 0)
            scores = hidden @ self._statement + self._statement_bias
            for number, score in zip(told, scores.tolist(), strict=True):
                logits[number] = score
        return logits

    def _responses(self, texts: Sequence[Pieces]) -> _Responses:
        """Responses to texts of at least one piece each, with a gap behind each across which no window sees."""
        lengths = np.array([len(text) for text in texts])
        starts = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]])
        ids = np.concatenate([np.array([*text.ids, 0]) for text in texts])
        shapes = np.concatenate([np.array([*text.shapes, 0]) for text in texts])
        x = self._table[ids] * self._scale[ids, None] + self._shapes[shapes]
        x[starts + lengths] = 0
        before = np.concatenate([np.zeros_like(x[:1]), x[:-1]])
        behind = np.concatenate([x[1:], np.zeros_like(x[:1])])
        rows = np.maximum(np.concatenate([before, x, behind], axis=1) @ self._window + self._window_bias, 0)
        return _Responses(rows, starts, starts + lengths)


@dataclass(frozen=True, slots=True)
class _Responses:
    """Responses, a row for each piece of some texts; where each text starts, and the rows of the gaps behind them."""

    rows: Floats
    starts: NDArray[np.int64]
    gaps: NDArray[np.int64]


def _groups(texts: Sequence[Pieces]) -> Iterator[list[int]]:
    """Numbers of the texts that have pieces, in groups of bounded size."""
    group: list[int] = []
    size = 0
    for number, text in enumerate(texts):
        if not len(text):
            continue
        if group and size + len(text) > _AT_ONCE:
            yield group
            group, size = [], 0
        group.append(number)
        size += len(text)
    if group:
        yield group
