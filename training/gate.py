"""Train the gates: small networks that learn from the labels and from the finished encoder."""

from __future__ import annotations

import io
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlp_gateway.detection.wordpiece import SHAPES, Pieces

log = logging.getLogger("gate")

WIDTH, RESPONSES = 32, 64
GAP = -1
"""Stands between two sentences of a passage in place of a piece; no window sees across it."""

_BATCH = 64
_entropy = nn.functional.binary_cross_entropy_with_logits


class Example(Protocol):
    """What a gate learns from."""

    @property
    def pieces(self) -> Pieces:
        """The text."""
        ...


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage and what it should score as a disclosure (0..1)."""

    pieces: Pieces
    statement: float


@dataclass(frozen=True, slots=True)
class Line:
    """A text, and for each piece whether it is part of a name, or of any personal detail.

    ``details`` is None where not all of them are marked: in prose.
    """

    pieces: Pieces
    names: Sequence[float]
    details: Sequence[float] | None


E = TypeVar("E", bound=Example)


class _Windows(nn.Module):
    """The same computation as the runtime's, to be trained: embeddings, and a window of three pieces."""

    def __init__(self, words: Tensor) -> None:
        super().__init__()
        _, _, directions = torch.pca_lowrank(words - words.mean(0), q=WIDTH, center=False, niter=4)
        start = (words - words.mean(0)) @ directions
        self.words = nn.Embedding.from_pretrained(start / start.std() * 0.5, freeze=False)
        self.shapes = nn.Embedding(SHAPES, WIDTH)
        nn.init.zeros_(self.shapes.weight)
        self.window = nn.Conv1d(WIDTH, RESPONSES, 3, padding=1)
        self.dropout = nn.Dropout(0.3)

    def responses(self, ids: Tensor, shapes: Tensor, mask: Tensor) -> Tensor:
        """Return the responses to each piece: (rows, length, RESPONSES)."""
        x = self.dropout(self.words(ids) + self.shapes(shapes)) * mask[..., None]
        return torch.relu(self.window(x.transpose(1, 2))).transpose(1, 2)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that the runtime reads: the embeddings in 8 bits, the rest as it is."""
        words = self.words.weight.detach().numpy()
        scale = np.maximum(np.abs(words).max(1), 1e-12) / 127
        return {
            "table": np.clip(np.rint(words / scale[:, None]), -127, 127).astype(np.int8),
            "scale": scale.astype(np.float32),
            "shapes": _array(self.shapes.weight),
            "window": _array(self.window.weight.permute(2, 1, 0).reshape(3 * WIDTH, RESPONSES)),
            "window_bias": _array(self.window.bias),
        }


class StatementNetwork(_Windows):
    """What ``dlp_gateway.detection.gates.StatementGate`` computes.

    It learns to see names as well, which the runtime does not ask it for: with that more disclosures pass, and fewer
    other passages.
    """

    def __init__(self, words: Tensor) -> None:
        super().__init__(words)
        self.hidden = nn.Linear(2 * RESPONSES, RESPONSES)
        self.statement = nn.Linear(RESPONSES, 1)
        self.name = nn.Linear(RESPONSES, 1)

    def forward(self, ids: Tensor, shapes: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return (rows,) disclosure logits and (rows, length) name logits."""
        response = self.responses(ids, shapes, mask)
        names = self.name(self.dropout(response)).squeeze(-1)
        response = response * mask[..., None]
        mean = response.sum(1) / mask.sum(1, keepdim=True).sqrt()
        pooled = self.dropout(torch.cat([response.max(1).values, mean], 1))
        return self.statement(self.dropout(torch.relu(self.hidden(pooled)))).squeeze(-1), names

    def loss(self, batch: Sequence[Passage | Line]) -> Tensor:
        """How far a batch is from what its passages should score, and the marks of its lines."""
        ids, shapes, mask = pad(batch)
        statements, names = self(ids, shapes, mask)
        scored = torch.tensor([float(isinstance(example, Passage)) for example in batch])
        target = torch.tensor([example.statement if isinstance(example, Passage) else 0.0 for example in batch])
        marks = [example.names if isinstance(example, Line) else None for example in batch]
        loss = (_entropy(statements, target, reduction="none") * scored).mean()
        return loss + _loss_of_pieces(names, *_targets(marks, mask))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that the runtime reads."""
        return super().arrays() | {
            "hidden": _array(self.hidden.weight.T),
            "hidden_bias": _array(self.hidden.bias),
            "statement": _array(self.statement.weight[0]),
            "statement_bias": _array(self.statement.bias),
        }


class NameNetwork(_Windows):
    """What ``dlp_gateway.detection.gates.NameGate`` computes."""

    def __init__(self, words: Tensor) -> None:
        super().__init__(words)
        self.name = nn.Linear(RESPONSES, 1)
        self.detail = nn.Linear(RESPONSES, 1)

    def forward(self, ids: Tensor, shapes: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return (rows, length) logits of names, and of personal details."""
        response = self.dropout(self.responses(ids, shapes, mask))
        return self.name(response).squeeze(-1), self.detail(response).squeeze(-1)

    def loss(self, batch: Sequence[Line]) -> Tensor:
        """How far a batch is from its marks, piece by piece; of Subjects the likeliest piece counts once more."""
        ids, shapes, mask = pad(batch)
        names, details = self(ids, shapes, mask)
        personal, known = _targets([line.details for line in batch], mask)
        loss = _loss_of_pieces(names, *_targets([line.names for line in batch], mask))
        loss = loss + _loss_of_pieces(details, personal, known)
        highest = details.masked_fill(mask == 0, -30).max(1).values
        whole = _entropy(highest, personal.max(1).values, reduction="none") * known[:, 0]
        return loss + 0.5 * whole.sum() / known[:, 0].sum().clamp(min=1)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that the runtime reads."""
        return super().arrays() | {
            "name": _array(self.name.weight[0]),
            "name_bias": _array(self.name.bias),
            "detail": _array(self.detail.weight[0]),
            "detail_bias": _array(self.detail.bias),
        }


def _targets(marks: Sequence[Sequence[float] | None], mask: Tensor) -> tuple[Tensor, Tensor]:
    """What the pieces should score, and which of them are known: those of the rows that have marks."""
    wanted, known = torch.zeros_like(mask), torch.zeros_like(mask)
    for number, row in enumerate(marks):
        if row is not None:
            wanted[number, : len(row)] = torch.tensor(row)
            known[number] = mask[number]
    return wanted, known


def _loss_of_pieces(logits: Tensor, wanted: Tensor, known: Tensor) -> Tensor:
    return (_entropy(logits, wanted, reduction="none") * known).sum() / known.sum().clamp(min=1)


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.detach().numpy().astype(np.float32)


def pad(batch: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, shapes and mask of equal length."""
    length = max(len(example.pieces) for example in batch)
    ids = torch.zeros(len(batch), length, dtype=torch.long)
    shapes = torch.zeros(len(batch), length, dtype=torch.long)
    mask = torch.zeros(len(batch), length)
    for number, example in enumerate(batch):
        size = len(example.pieces)
        codes = torch.tensor(example.pieces.codes.astype(np.int64))
        known = codes.clamp(min=0)
        ids[number, :size], shapes[number, :size] = known // SHAPES, known % SHAPES
        mask[number, :size] = codes != GAP
    return ids, shapes, mask


def fit(
    network: _Windows,
    loss: Callable[[Sequence[E]], Tensor],
    examples: Callable[[random.Random], Sequence[E]],
    *,
    seed: int,
    epochs: int,
    rate: float = 2e-3,
) -> None:
    """Train a gate on what ``examples`` gives for each epoch; the same seed, the same network on the same machine."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.01)
    for epoch in range(epochs):
        network.train()
        order = sorted(examples(rng), key=lambda e: len(e.pieces) + rng.random() * 8)
        batches = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
        rng.shuffle(batches)
        lost = 0.0
        for number, batch in enumerate(batches):
            for group in optimizer.param_groups:
                group["lr"] = rate * (1 - (epoch + number / len(batches)) / epochs)
            lacking = loss(batch)
            lacking.backward()
            optimizer.step()
            optimizer.zero_grad()
            lost += lacking.item()
        log.info("gate epoch %d of %d: %.4f", epoch + 1, epochs, lost / len(batches))
    network.eval()


@torch.no_grad()
def likeliest(network: NameNetwork, texts: Sequence[Pieces]) -> tuple[list[float], list[float]]:
    """The highest logits for a name, and for a personal detail, of each text."""
    names: list[float] = []
    details: list[float] = []
    for pieces in texts:
        for found, logits in zip((names, details), network(*pad([Line(pieces, (), None)])), strict=True):
            found.append(float(logits.max()))
    return names, details


def packed(network: _Windows) -> bytes:
    """The arrays for the runtime, as the content of a file."""
    stream = io.BytesIO()
    np.savez(stream, **network.arrays())
    return stream.getvalue()
