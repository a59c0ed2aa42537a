"""Thresholds and calibration, from passages the model has not seen."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from dlp_gateway.detection.wordpiece import WordPiece
from training import corpus
from training.corpus import Statement
from training.examples import Row, statement_row
from training.fit import Settings, fit, label_logits

if TYPE_CHECKING:
    from training.train import Data

log = logging.getLogger("calibrate")

# Where the thresholds are set: at most this share of the passages that disclose nothing is flagged.
FALSE_FLAGS = 0.03
NAME_THRESHOLD = 0.5


def held_out(
    data: Data,
    neutral: list[Statement],
    tokenizer: WordPiece,
    pretrained: Path,
    settings: Settings,
    folds: int,
    epoch_rows: Callable[..., list[list[Row]]],
) -> dict[str, Tensor]:
    """Cross-validate on the statements alone: logits of each passage by a model that did not see it."""
    order = list(range(len(data.statements)))
    random.Random(settings.seed).shuffle(order)
    rows = [statement_row(item, tokenizer) for item in data.statements]
    logits = torch.zeros(len(order), len(corpus.OUTPUTS))
    for fold in range(folds):
        outside = order[fold::folds]
        part = data.without(frozenset(outside))
        model = fit(lambda rng, part=part: epoch_rows(part, neutral, tokenizer, rng, names=False), pretrained, settings)
        logits[outside] = label_logits(model, [rows[n] for n in outside])
        log.info("fold %d of %d done", fold + 1, folds)
    return {"logits": logits, "targets": torch.stack([row.targets for row in rows if row.targets is not None])}


def choose(scores: dict[str, Tensor]) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """Fit score = sigmoid(scale * logit + shift) for each label, and one threshold for the calibrated scores."""
    logits, targets = scores["logits"], scores["targets"]
    scale = nn.Parameter(torch.ones(1))
    shift = nn.Parameter(torch.zeros(logits.shape[1]))
    optimizer = torch.optim.LBFGS([scale, shift], max_iter=100)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(logits * scale + shift, targets, reduction="sum")
        loss = loss + 5 * (shift**2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    calibrated = torch.sigmoid(logits * scale + shift).detach()[:, :-1]
    threshold = _threshold(calibrated, targets[:, :-1].bool())
    calibration = {label: (round(float(scale), 4), round(float(shift[n]), 4)) for n, label in enumerate(corpus.OUTPUTS)}
    thresholds = dict.fromkeys(corpus.OUTPUTS, threshold) | dict.fromkeys(corpus.ENTITIES, NAME_THRESHOLD)
    return calibration, thresholds


def _threshold(scores: Tensor, targets: Tensor) -> float:
    """The threshold with the best micro-F1 among those that keep false flags rare."""
    nothing = ~targets.any(dim=1)
    best = (0.0, 0.5)
    for step in range(20, 81):
        limit = step / 100
        found = scores >= limit
        flagged = found[nothing].any(dim=1).float().mean()
        right = (found & targets).sum()
        f1 = float(2 * right / (found.sum() + targets.sum()))
        if step % 10 == 0:
            log.info("threshold %.2f: held-out micro-F1 %.3f, false flags %.3f", limit, f1, flagged)
        if flagged <= FALSE_FLAGS and f1 > best[0]:
            best = (f1, limit)
    log.info("threshold %.2f, held-out micro-F1 %.3f", best[1], best[0])
    return best[1]
