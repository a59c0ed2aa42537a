"""Cheap sieves in front of the transformer: one for disclosures, one for names.

Small convolutional networks over the same pieces: short embeddings and a
window of three pieces. Of passages, and of each sentence of theirs, the
strongest and the mean response are judged; windows end with the sentence, so
that a sentence of two passages is looked at once. Of Subjects and other texts
the likeliest piece is. A gate costs about a hundredth of the transformer and
decides nothing but whether the transformer is asked; the thresholds are set so
that nearly every name, every personal detail of a Subject and every disclosure
passes (figures in ``training/MODEL_CARD.md``).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlp_gateway.detection.wordpiece import SHAPES, Pieces

Floats = NDArray[np.float32]

_AT_ONCE = 4096
"""About how many pieces are read in one go; bounds the memory."""

_GAP = np.zeros(1, np.int32)


class StatementGate:
    """The network for disclosures; pure.

    Args:
        content: a ``.npz`` file with the arrays that ``training/gate.py`` writes.
    """

    def __init__(self, content: bytes) -> None:
        arrays = _read(content)
        self._windows = _Windows(arrays)
        self._hidden, self._hidden_bias = arrays["hidden"], arrays["hidden_bias"]
        self._statement, self._statement_bias = arrays["statement"], float(arrays["statement_bias"][0])

    def logits(self, sentences: Sequence[Pieces], passages: Sequence[Sequence[int]]) -> list[float]:
        """Return the logit for a disclosure of each passage, which is a list of numbers of ``sentences``.

        It is that of the passage as a whole or of its likeliest sentence, whichever is higher: a short disclosure would
        drown between others. A sentence costs the same in however many passages it stands. Sentences without pieces
        count for nothing, and a passage of such alone gets the lowest logit there is.
        """
        strongest = np.zeros((len(sentences), len(self._statement)), np.float32)
        total = np.zeros_like(strongest)
        for group in _groups(sentences):
            responses = self._windows.responses([sentences[n] for n in group])
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
            alone = self._judged(strongest, total, np.maximum(lengths, 1))
            together = self._judged(
                np.maximum.reduceat(strongest[members], starts),
                np.add.reduceat(total[members], starts),
                np.add.reduceat(lengths[members], starts),
            )
            scores = np.maximum(together, np.maximum.reduceat(alone[members], starts))
            for number, score in zip(told, scores.tolist(), strict=True):
                logits[number] = score
        return logits

    def _judged(self, strongest: Floats, total: Floats, lengths: NDArray[np.int64]) -> Floats:
        """Logits of texts by their strongest responses, the sum of their responses and their numbers of pieces."""
        mean = total / np.sqrt(lengths)[:, None].astype(np.float32)
        pooled = np.concatenate([strongest, mean], axis=1)
        hidden = np.maximum(pooled @ self._hidden + self._hidden_bias, 0)
        scores: Floats = hidden @ self._statement + self._statement_bias
        return scores


class NameGate:
    """The network for names in any text, and for all personal details in Subjects; pure.

    Args:
        content: a ``.npz`` file with the arrays that ``training/gate.py`` writes.
    """

    def __init__(self, content: bytes) -> None:
        arrays = _read(content)
        self._windows = _Windows(arrays)
        self._name, self._name_bias = arrays["name"], float(arrays["name_bias"][0])
        self._detail, self._detail_bias = arrays["detail"], float(arrays["detail_bias"][0])

    def names(self, texts: Sequence[Pieces]) -> list[float]:
        """Return the highest logit for a name in each text; the lowest there is for one without pieces."""
        return self._highest(texts, self._name, self._name_bias)

    def details(self, subjects: Sequence[Pieces]) -> list[float]:
        """Return the highest logit for a name or another personal detail in each Subject, likewise."""
        return self._highest(subjects, self._detail, self._detail_bias)

    def _highest(self, texts: Sequence[Pieces], weights: Floats, bias: float) -> list[float]:
        highest = [-np.inf] * len(texts)
        for group in _groups(texts):
            responses = self._windows.responses([texts[n] for n in group])
            logits = responses.rows @ weights + bias
            logits[responses.gaps] = -np.inf
            for number, logit in zip(group, np.maximum.reduceat(logits, responses.starts).tolist(), strict=True):
                highest[number] = logit
        return highest


@dataclass(frozen=True, slots=True)
class _Responses:
    """Responses, a row for each piece of some texts; where each text starts, and the rows of the gaps behind them."""

    rows: Floats
    starts: NDArray[np.int64]
    gaps: NDArray[np.int64]


class _Windows:
    """What both networks begin with: embeddings, and a window of three pieces."""

    def __init__(self, arrays: Mapping[str, Floats]) -> None:
        self._table = arrays["table"] * arrays["scale"][:, None]
        self._shapes = arrays["shapes"]
        self._before, self._here, self._behind = np.split(arrays["window"], 3)
        self._bias = arrays["window_bias"]

    def responses(self, texts: Sequence[Pieces]) -> _Responses:
        """Responses to texts of at least one piece each, with a gap behind each across which no window sees."""
        lengths = np.array([len(text) for text in texts])
        starts = np.concatenate([[0], np.cumsum(lengths + 1)[:-1]])
        ids, shapes = np.divmod(np.concatenate([codes for text in texts for codes in (text.codes, _GAP)]), SHAPES)
        x = self._table[ids]
        x += self._shapes[shapes]
        x[starts + lengths] = 0
        rows = x @ self._here
        rows[1:] += x[:-1] @ self._before
        rows[:-1] += x[1:] @ self._behind
        rows += self._bias
        return _Responses(np.maximum(rows, 0, out=rows), starts, starts + lengths)


def _read(content: bytes) -> dict[str, Floats]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


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
