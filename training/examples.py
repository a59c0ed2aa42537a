"""Training examples as rows of ids, and batches of rows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dlp_gateway.detection.wordpiece import Pieces, WordPiece
from training import corpus
from training.corpus import Statement, Tagged

WINDOW = 160
BATCH_PIECES = 1536


@dataclass(frozen=True, slots=True)
class Row:
    """One training example as ids: with ``allowed`` tags for each piece, or with label ``targets``."""

    ids: Sequence[int]
    shapes: Sequence[int]
    allowed: Tensor | None = None
    targets: Tensor | None = None


def framed(tokenizer: WordPiece, pieces: Pieces, start: int, end: int) -> tuple[list[int], list[int]]:
    """Ids and shapes of the pieces ``start:end`` with the special first and last piece."""
    ids = [tokenizer.first, *pieces.ids[start:end].tolist(), tokenizer.last]
    return ids, [0, *pieces.shapes[start:end].tolist(), 0]


def tagged_rows(item: Tagged, tokenizer: WordPiece) -> Iterator[Row]:
    """Cut a tagged text into windows; a piece outside of all spans may be anything that is not marked exhaustively."""
    pieces = tokenizer.encode(item.text)
    outside = torch.tensor([tag == "O" or tag[2:] not in item.known for tag in corpus.TAGS])
    allowed = outside.repeat(len(pieces), 1)
    spans = iter(item.spans)
    span = next(spans, None)
    begun = False
    for number, (start, end) in enumerate(zip(pieces.starts, pieces.ends, strict=True)):
        while span is not None and span[1] <= start:
            span, begun = next(spans, None), False
        if span is not None and end > span[0]:
            allowed[number] = False
            allowed[number, corpus.TAGS.index(("I-" if begun else "B-") + span[2])] = True
            begun = True
    for start in range(0, len(pieces), WINDOW):
        ids, shapes = framed(tokenizer, pieces, start, start + WINDOW)
        edge = torch.ones(1, len(corpus.TAGS), dtype=torch.bool)
        yield Row(ids, shapes, allowed=torch.cat([edge, allowed[start : start + WINDOW], edge]))


def statement_row(item: Statement, tokenizer: WordPiece) -> Row:
    """The first window of a passage with its labels as targets."""
    ids, shapes = framed(tokenizer, tokenizer.encode(item.text), 0, WINDOW)
    targets = [label in item.labels for label in corpus.LABELS] + [item.about_person]
    return Row(ids, shapes, targets=torch.tensor(targets, dtype=torch.float32))


def batches(rows: list[Row], rng: random.Random) -> Iterator[list[Row]]:
    """Rows of like length together, at most BATCH_PIECES with padding; in random order."""
    rows = sorted(rows, key=lambda row: len(row.ids) + rng.random() * 4)
    made: list[list[Row]] = []
    batch: list[Row] = []
    for row in rows:
        if batch and len(row.ids) * (len(batch) + 1) > BATCH_PIECES:
            made.append(batch)
            batch = []
        batch.append(row)
    made.append(batch)
    rng.shuffle(made)
    yield from made


def pad(batch: Sequence[Row]) -> tuple[Tensor, Tensor, Tensor]:
    """Ids, shapes and mask of equal length."""
    length = max(len(row.ids) for row in batch)
    ids = torch.zeros(len(batch), length, dtype=torch.long)
    shapes = torch.zeros(len(batch), length, dtype=torch.long)
    for number, row in enumerate(batch):
        ids[number, : len(row.ids)] = torch.tensor(row.ids)
        shapes[number, : len(row.shapes)] = torch.tensor(row.shapes)
    return ids, shapes, ids != 0
