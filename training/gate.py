"""Train the gate: a small network that learns from the labels and from the finished encoder."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlp_gateway.detection.wordpiece import SHAPES, Pieces

log = logging.getLogger("gate")

WIDTH, RESPONSES = 32, 64
GAP = -1
"""Stands between two sentences of a passage in place of a piece; no window sees across it."""


@dataclass(frozen=True, slots=True)
class Example:
    """A passage; what it should score as a disclosure (0..1), and for each piece whether it is part of a name.

    ``names`` is None where names are not marked; ``statement`` is None where nothing is known.
    """

    pieces: Pieces
    statement: float | None
    names: Sequence[float] | None
    weight: float = 1.0


class Network(nn.Module):
    """The same computation as ``dlp_gateway.detection.gates.Gate``, to be trained."""

    def __init__(self, words: Tensor) -> None:
        super().__init__()
        _, _, directions = torch.pca_lowrank(words - words.mean(0), q=WIDTH, center=False, niter=4)
        start = (words - words.mean(0)) @ directions
        self.words = nn.Embedding.from_pretrained(start / start.std() * 0.5, freeze=False)
        self.shapes = nn.Embedding(SHAPES, WIDTH)
        nn.init.zeros_(self.shapes.weight)
        self.window = nn.Conv1d(WIDTH, RESPONSES, 3, padding=1)
        self.hidden = nn.Linear(2 * RESPONSES, RESPONSES)
        self.statement = nn.Linear(RESPONSES, 1)
        self.name = nn.Linear(RESPONSES, 1)
        self.dropout = nn.Dropout(0.3)

    def forward(self, ids: Tensor, shapes: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return (rows,) disclosure logits and (rows, length) name logits."""
        x = self.dropout(self.words(ids) + self.shapes(shapes)) * mask[..., None]
        response = torch.relu(self.window(x.transpose(1, 2))).transpose(1, 2)
        names = self.name(self.dropout(response)).squeeze(-1)
        response = response * mask[..., None]
        mean = response.sum(1) / mask.sum(1, keepdim=True).sqrt()
        pooled = self.dropout(torch.cat([response.max(1).values, mean], 1))
        return self.statement(self.dropout(torch.relu(self.hidden(pooled)))).squeeze(-1), names

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays that the runtime reads: the embeddings in 8 bits, the rest as it is."""
        words = self.words.weight.detach().numpy()
        scale = np.maximum(np.abs(words).max(1), 1e-12) / 127
        get = lambda t: t.detach().numpy().astype(np.float32)  # noqa: E731
        return {
            "table": np.clip(np.rint(words / scale[:, None]), -127, 127).astype(np.int8),
            "scale": scale.astype(np.float32),
            "shapes": get(self.shapes.weight),
            "window": get(self.window.weight.permute(2, 1, 0).reshape(3 * WIDTH, RESPONSES)),
            "window_bias": get(self.window.bias),
            "hidden": get(self.hidden.weight.T),
            "hidden_bias": get(self.hidden.bias),
            "statement": get(self.statement.weight[0]),
            "statement_bias": get(self.statement.bias),
            "name": get(self.name.weight[0]),
            "name_bias": get(self.name.bias),
        }


def pad(batch: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, shapes and mask of equal length."""
    length = max(len(example.pieces) for example in batch)
    ids = torch.zeros(len(batch), length, dtype=torch.long)
    shapes = torch.zeros(len(batch), length, dtype=torch.long)
    mask = torch.zeros(len(batch), length)
    for number, example in enumerate(batch):
        size = len(example.pieces)
        given = torch.tensor(example.pieces.ids)
        ids[number, :size] = given.clamp(min=0)
        shapes[number, :size] = torch.tensor(example.pieces.shapes)
        mask[number, :size] = given != GAP
    return ids, shapes, mask


def fit(examples: Sequence[Example], words: Tensor, *, seed: int, epochs: int = 6, rate: float = 2e-3) -> Network:
    """Train the gate; the same seed gives the same network on the same machine."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    network = Network(words)
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.01)
    step = 0
    total = epochs * (len(examples) // 64 + 1)
    for epoch in range(epochs):
        network.train()
        order = sorted(examples, key=lambda e: len(e.pieces) + rng.random() * 8)
        batches = [order[start : start + 64] for start in range(0, len(order), 64)]
        rng.shuffle(batches)
        lost = 0.0
        for batch in batches:
            for group in optimizer.param_groups:
                group["lr"] = rate * (1 - step / total)
            step += 1
            loss = _loss(network, batch)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            lost += loss.item()
        log.info("gate epoch %d of %d: %.4f", epoch + 1, epochs, lost / len(batches))
    return network.eval()


def _loss(network: Network, batch: Sequence[Example]) -> Tensor:
    statements, names = network(*pad(batch))
    entropy = nn.functional.binary_cross_entropy_with_logits
    known = torch.tensor([0.0 if e.statement is None else e.weight for e in batch])
    target = torch.tensor([e.statement or 0.0 for e in batch])
    loss = (entropy(statements, target, reduction="none") * known).mean()
    marked, wanted = torch.zeros_like(names), torch.zeros_like(names)
    for number, example in enumerate(batch):
        if example.names is not None:
            marked[number, : len(example.names)] = 1
            wanted[number, : len(example.names)] = torch.tensor(example.names)
    return loss + (entropy(names, wanted, reduction="none") * marked).sum() / marked.sum().clamp(min=1)


@torch.no_grad()
def score(network: Network, examples: Sequence[Example]) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Disclosure logits, and for each example the name logits of its pieces."""
    statements, names = [], []
    for start in range(0, len(examples), 256):
        batch = examples[start : start + 256]
        s, n = network(*pad(batch))
        statements.append(s.numpy())
        names += [n[i, : len(e.pieces)].numpy() for i, e in enumerate(batch)]
    return np.concatenate(statements), names


def write(network: Network, file: Path) -> None:
    """Write the arrays for the runtime."""
    with file.open("wb") as stream:
        np.savez(stream, **network.arrays())
