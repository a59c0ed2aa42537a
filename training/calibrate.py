"""Calibration and thresholds of statement labels and names, from texts the model has not seen."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlp_gateway.detection import transformer
from dlp_gateway.detection.people import PeopleModel
from dlp_gateway.detection.wordpiece import Pieces, WordPiece
from training import corpus
from training.corpus import Statement, Tagged
from training.examples import framed, statement_row
from training.fit import label_logits
from training.network import Encoder

log = logging.getLogger("calibrate")

# At most this share of the held-out hard negatives, and of plain business passages, may be flagged.
FALSE_FLAGS = 0.03
FALSE_FLAGS_PLAIN = 0.02
# F1 of held-out texts is flat around its best; among thresholds this close to it the lowest finds the most.
CLOSE, CLOSE_NAMES = 0.015, 0.005


def choose(
    encoder: Encoder, told: Sequence[Statement], plain: Sequence[Statement], tokenizer: WordPiece
) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """Fit score = sigmoid(scale * logit + shift), one scale for all labels; then one threshold for all scores."""
    logits = label_logits(encoder, [statement_row(s, tokenizer) for s in told])
    targets = torch.tensor(
        [[float(label in s.labels) for label in corpus.LABELS] + [float(s.about_person)] for s in told]
    )
    scale, shift = _fit(logits, targets)
    scores = torch.sigmoid(logits * scale + shift)[:, :-1]
    others = torch.sigmoid(label_logits(encoder, [statement_row(s, tokenizer) for s in plain]) * scale + shift)[:, :-1]
    threshold = _threshold(scores, targets[:, :-1].bool(), others)
    calibration = {label: (round(float(scale), 4), round(float(shift[n]), 4)) for n, label in enumerate(corpus.OUTPUTS)}
    return calibration, dict.fromkeys(corpus.OUTPUTS, threshold)


@dataclass(slots=True)
class _Runtime:
    """The encoder as the runtime sees it; remembers what it has scored."""

    encoder: Encoder
    tokenizer: WordPiece
    manifest: transformer.Manifest
    known: dict[tuple[int, ...], NDArray[np.float32]]

    @torch.no_grad()
    def run(self, pieces: Pieces, start: int, end: int) -> tuple[NDArray[np.float32], None]:
        """Score the pieces ``start:end``: logits of the tags."""
        ids, shapes = framed(self.tokenizer, pieces, start, end)
        key = (*ids, *shapes)
        if key not in self.known:
            tags, _ = self.encoder(
                torch.tensor([ids]), torch.tensor([shapes]), torch.ones(1, len(ids), dtype=torch.bool)
            )
            self.known[key] = tags[0, 1:-1].numpy()
        return self.known[key], None


def name_thresholds(encoder: Encoder, held: Sequence[Tagged], tokenizer: WordPiece) -> dict[str, float]:
    """The threshold of PERSON by F1 over exact spans, as the runtime finds them; 0.5 for other details."""
    known: dict[tuple[int, ...], NDArray[np.float32]] = {}
    reached: dict[float, float] = {}
    for limit in (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85):
        given = dict.fromkeys(corpus.ENTITIES, 0.5) | {"PERSON": limit, "gate:name": -np.inf}
        manifest = transformer.Manifest(Path(), "", tuple(corpus.TAGS), corpus.OUTPUTS, given, {}, {})
        model = PeopleModel(cast("transformer.Encoder", _Runtime(encoder, tokenizer, manifest, known)))
        right = found = true = 0
        for item in held:
            gold = {(start, end) for start, end, label in item.spans if label == "PERSON"}
            mine = {(mark.start, mark.end) for mark in model.mark([item.text])[0] if mark.label == "PERSON"}
            right, found, true = right + len(gold & mine), found + len(mine), true + len(gold)
        f1 = 2 * right / max(1, found + true)
        log.info("names from %.2f on: F1 %.3f, precision %.3f", limit, f1, right / max(1, found))
        reached[limit] = f1
    return dict.fromkeys(corpus.ENTITIES, 0.5) | {"PERSON": _lowest(reached, CLOSE_NAMES)}


def _fit(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    scale = nn.Parameter(torch.ones(1))
    shift = nn.Parameter(torch.zeros(logits.shape[1]))
    optimizer = torch.optim.LBFGS([scale, shift], max_iter=100)

    def closure() -> Tensor:
        optimizer.zero_grad()
        entropy = nn.functional.binary_cross_entropy_with_logits(logits * scale + shift, targets, reduction="sum")
        loss = entropy + 5 * (shift**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return scale.detach(), shift.detach()


def _threshold(scores: Tensor, targets: Tensor, plain: Tensor) -> float:
    """The lowest threshold that keeps false flags rare and comes close to the best micro-F1 of those that do."""
    nothing = ~targets.any(dim=1)
    reached: dict[float, float] = {}
    for step in range(20, 91):
        limit = step / 100
        found = scores >= limit
        flagged = float(found[nothing].any(dim=1).float().mean())
        ordinary = float((plain >= limit).any(dim=1).float().mean())
        f1 = float(2 * (found & targets).sum() / (found.sum() + targets.sum()))
        if step % 10 == 0:
            log.info("threshold %.2f: micro-F1 %.3f, false flags %.4f hard, %.4f plain", limit, f1, flagged, ordinary)
        if flagged <= FALSE_FLAGS and ordinary <= FALSE_FLAGS_PLAIN:
            reached[limit] = f1
    if not reached:
        raise SystemExit("no threshold keeps false flags rare: train longer, or look at what is flagged")
    chosen = _lowest(reached, CLOSE)
    log.info("threshold %.2f, micro-F1 %.3f", chosen, reached[chosen])
    return chosen


def _lowest(reached: dict[float, float], close: float) -> float:
    return min(limit for limit, f1 in reached.items() if f1 >= max(reached.values()) - close)
