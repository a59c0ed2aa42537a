"""The encoder with its heads, in PyTorch (training only)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from dlp_gateway.detection.wordpiece import SHAPES

HIDDEN, LAYERS, HEADS, INNER, POSITIONS, PIECES = 384, 6, 12, 1536, 512, 30522
LOWER = 2
"""After so many layers a first answer is given; most texts need no second one (S. Teerapittayanon et al.,
"BranchyNet", 2016)."""


class Answers(NamedTuple):
    """Logits: of tags (rows, length, tags) and of labels (rows, labels), by all layers and by the lower ones."""

    tags: Tensor
    labels: Tensor
    first_tags: Tensor
    first_labels: Tensor


class Layer(nn.Module):
    """One transformer layer as in BERT: attention and feed-forward, each normalised after the residual."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.qkv = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.out = nn.Linear(HIDDEN, HIDDEN)
        self.norm1 = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.up = nn.Linear(HIDDEN, INNER)
        self.down = nn.Linear(INNER, HIDDEN)
        self.norm2 = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return (rows, length, HIDDEN) states; ``mask`` is False where a row is padded."""
        rows, length, _ = x.shape
        q, k, v = self.qkv(x).view(rows, length, 3, HEADS, HIDDEN // HEADS).permute(2, 0, 3, 1, 4)
        attended = nn.functional.scaled_dot_product_attention(
            q, k, v, attn_mask=mask[:, None, None, :], dropout_p=self.dropout.p if self.training else 0.0
        )
        attended = attended.transpose(1, 2).reshape(rows, length, HIDDEN)
        x = self.norm1(x + self.dropout(self.out(attended)))
        return self.norm2(x + self.dropout(self.down(nn.functional.gelu(self.up(x)))))


class Heads(nn.Module):
    """Scores of every piece, and of the passage."""

    def __init__(self, tags: int, labels: int) -> None:
        super().__init__()
        self.tags = nn.Linear(HIDDEN, tags)
        self.attend = nn.Linear(HIDDEN, labels)
        self.labels = nn.Linear(HIDDEN, labels)
        nn.init.zeros_(self.attend.weight)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return tag logits (rows, length, tags) and label logits (rows, labels)."""
        # Each label looks where it wants to: a weighted mean of the pieces with weights of its own.
        weights = self.attend(x).masked_fill(~mask[..., None], -1e4).softmax(dim=1)
        return self.tags(x), (weights * self.labels(x)).sum(dim=1)


class Encoder(nn.Module):
    """MiniLM with shape embeddings added to its input; heads after the lower layers and after all."""

    def __init__(self, tags: int, labels: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.words = nn.Embedding(PIECES, HIDDEN)
        self.positions = nn.Embedding(POSITIONS, HIDDEN)
        self.shapes = nn.Embedding(SHAPES, HIDDEN)
        nn.init.normal_(self.shapes.weight, std=0.01)
        self.norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(LAYERS))
        self.first = Heads(tags, labels)
        self.last = Heads(tags, labels)

    def forward(self, ids: Tensor, shapes: Tensor, mask: Tensor) -> Answers:
        """Score a batch of rows; ``mask`` is False where a row is padded."""
        places = torch.arange(ids.shape[1])
        x = self.dropout(self.norm(self.words(ids) + self.positions(places) + self.shapes(shapes)))
        for layer in self.layers[:LOWER]:
            x = layer(x, mask)
        first_tags, first_labels = self.first(self.dropout(x), mask)
        for layer in self.layers[LOWER:]:
            x = layer(x, mask)
        tags, labels = self.last(self.dropout(x), mask)
        return Answers(tags, labels, first_tags, first_labels)

    def load_minilm(self, file: Path) -> None:
        """Take the pretrained weights from all-MiniLM-L6-v2's ``model.safetensors``."""
        given = load_file(file)
        state = self.state_dict()
        state["words.weight"] = given["embeddings.word_embeddings.weight"]
        # BERT's segment embedding is the same for every piece here: it goes into the positions.
        state["positions.weight"] = (
            given["embeddings.position_embeddings.weight"] + given["embeddings.token_type_embeddings.weight"][0]
        )
        for kind in ("weight", "bias"):
            state[f"norm.{kind}"] = given[f"embeddings.LayerNorm.{kind}"]
            for number in range(LAYERS):
                theirs, ours = f"encoder.layer.{number}.", f"layers.{number}."
                qkv = [given[f"{theirs}attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
                state[f"{ours}qkv.{kind}"] = torch.cat(qkv)
                state[f"{ours}out.{kind}"] = given[f"{theirs}attention.output.dense.{kind}"]
                state[f"{ours}norm1.{kind}"] = given[f"{theirs}attention.output.LayerNorm.{kind}"]
                state[f"{ours}up.{kind}"] = given[f"{theirs}intermediate.dense.{kind}"]
                state[f"{ours}down.{kind}"] = given[f"{theirs}output.dense.{kind}"]
                state[f"{ours}norm2.{kind}"] = given[f"{theirs}output.LayerNorm.{kind}"]
        self.load_state_dict(state)
