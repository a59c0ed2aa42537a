"""A cheap sieve in front of the transformer.

A small convolutional network over the same pieces: short embeddings, a window
of three pieces, the strongest and the mean response of a passage. It costs
about a five-hundredth of the transformer and decides nothing but whether the
transformer is asked; its thresholds are set so that nearly every name and
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


@dataclass(frozen=True, slots=True)
class Reading:
    """What the gate makes of one passage: a logit for disclosure, and the highest one for a name."""

    statement: float
    name: float


class Gate:
    """The network; ``read`` is a pure function of its arguments.

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

    def read(self, passages: Sequence[Pieces]) -> list[Reading]:
        """Read passages; one without pieces gets the lowest logits there are."""
        readings = [Reading(-np.inf, -np.inf)] * len(passages)
        for group in _groups(passages):
            for number, reading in zip(group, self._read([passages[n] for n in group]), strict=True):
                readings[number] = reading
        return readings

    def _read(self, passages: Sequence[Pieces]) -> Iterator[Reading]:
        lengths = np.array([len(passage) for passage in passages])
        starts = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]])
        ids = np.concatenate([np.array([*passage.ids, 0]) for passage in passages])
        shapes = np.concatenate([np.array([*passage.shapes, 0]) for passage in passages])
        x = self._table[ids] * self._scale[ids, None] + self._shapes[shapes]
        x[starts + lengths] = 0  # the gap between two passages: no window sees across it
        before = np.concatenate([np.zeros_like(x[:1]), x[:-1]])
        behind = np.concatenate([x[1:], np.zeros_like(x[:1])])
        response = np.maximum(np.concatenate([before, x, behind], axis=1) @ self._window + self._window_bias, 0)
        names = response @ self._name + self._name_bias
        response[starts + lengths] = 0
        names[starts + lengths] = -np.inf
        strongest = np.maximum.reduceat(response, starts)
        mean = np.add.reduceat(response, starts) / np.sqrt(lengths)[:, None]
        hidden = np.maximum(np.concatenate([strongest, mean], axis=1) @ self._hidden + self._hidden_bias, 0)
        statements = hidden @ self._statement + self._statement_bias
        for statement, name in zip(statements.tolist(), np.maximum.reduceat(names, starts).tolist(), strict=True):
            yield Reading(statement, name)


def _groups(passages: Sequence[Pieces]) -> Iterator[list[int]]:
    """Numbers of the passages that have pieces, in groups of bounded size."""
    group: list[int] = []
    size = 0
    for number, passage in enumerate(passages):
        if not len(passage):
            continue
        if group and size + len(passage) > _AT_ONCE:
            yield group
            group, size = [], 0
        group.append(number)
        size += len(passage)
    if group:
        yield group
