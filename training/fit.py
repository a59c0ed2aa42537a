"""The training loop of the encoder."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training import corpus
from training.examples import Row, pad
from training.network import Encoder

log = logging.getLogger("train")

# The running average takes in the weights after every so many steps.
AVERAGED = 5

_HEADS = ("first", "last", "shapes")

# The weight of the first answer's loss beside that of the last one.
FIRST = 0.3


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how fast to learn."""

    epochs: int
    rate: float
    head_rate: float
    warm_up: float = 0.06
    smoothing: float = 0.02
    decay: float = 0.01
    memory: float = 0.98


class Run:
    """The state of a training run of ``model``; kept in ``file`` after each epoch: a broken run goes on from there.

    The same seed gives the same weights on the same machine.
    """

    def __init__(self, settings: Settings, model: Encoder, file: Path, *, seed: int) -> None:
        torch.manual_seed(seed)
        self.settings, self.file = settings, file
        self.rng = random.Random(seed)
        self.model = model
        heads = [p for n, p in self.model.named_parameters() if n.startswith(_HEADS)]
        body = [p for n, p in self.model.named_parameters() if not n.startswith(_HEADS)]
        self.rates = (settings.rate, settings.head_rate)
        groups = [{"params": group, "lr": rate} for group, rate in zip((body, heads), self.rates, strict=True)]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=settings.decay, fused=True)
        memory = torch.optim.swa_utils.get_ema_multi_avg_fn(settings.memory)
        self.average = torch.optim.swa_utils.AveragedModel(self.model, multi_avg_fn=memory)
        self.epoch = 0
        if file.exists():
            self._restore(torch.load(file, weights_only=False))

    def _restore(self, state: dict[str, Any]) -> None:
        for name in ("model", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.rng.setstate(state["random"])
        torch.set_rng_state(state["torch"])
        self.epoch = state["epoch"]

    def keep(self) -> None:
        """Write the state."""
        state = {name: getattr(self, name).state_dict() for name in ("model", "average", "optimizer")}
        state |= {"random": self.rng.getstate(), "torch": torch.get_rng_state(), "epoch": self.epoch}
        torch.save(state, self.file)

    def step(self, batch: Sequence[Row], progress: float) -> float:
        """Learn from one batch; ``progress`` (0..1) sets the rate. Returns the loss."""
        scale = min(1.0, progress / self.settings.warm_up) * (0.5 + 0.5 * math.cos(math.pi * progress))
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * scale
        loss = loss_of(self.model, batch, self.settings.smoothing)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.item()


def fit(run: Run, epoch_rows: Callable[[random.Random], list[list[Row]]]) -> Encoder:
    """Train the encoder of the run on the batches that ``epoch_rows`` makes for each epoch.

    Returns a running average of the weights, which generalises better than the last ones.
    """
    epochs = run.settings.epochs
    began = time.monotonic()
    while run.epoch < epochs:
        run.model.train()
        made = epoch_rows(run.rng)
        lost = {True: [0.0], False: [0.0]}
        for number, batch in enumerate(made):
            loss = run.step(batch, (run.epoch + number / len(made)) / epochs)
            lost[batch[0].targets is None].append(loss)
            if number % AVERAGED == 0:
                run.average.update_parameters(run.model)
        run.epoch += 1
        run.keep()
        tags, labels = (sum(lost[kind]) / len(lost[kind]) for kind in (True, False))
        seconds = time.monotonic() - began
        log.info("epoch %d of %d: tags %.3f, labels %.3f, %.0f s", run.epoch, epochs, tags, labels, seconds)
    encoder: Encoder = run.average.module
    return encoder.eval()


def loss_of(model: Encoder, batch: Sequence[Row], smoothing: float) -> Tensor:
    """Marginal log-likelihood of the allowed tags, or binary cross-entropy of the labels, of both answers."""
    ids, shapes, mask = pad(batch)
    with torch.autocast("cpu", torch.bfloat16):
        answers = model(ids, shapes, mask)
    if batch[0].targets is not None:
        targets = torch.stack([row.targets for row in batch if row.targets is not None])
        targets = targets * (1 - smoothing) + smoothing / 2
        return _labels_loss(answers.labels, targets) + FIRST * _labels_loss(answers.first_labels, targets)
    allowed = torch.ones(answers.tags.shape, dtype=torch.bool)
    for number, row in enumerate(batch):
        if row.allowed is not None:
            allowed[number, : len(row.ids)] = row.allowed
    return _tags_loss(answers.tags, allowed, mask) + FIRST * _tags_loss(answers.first_tags, allowed, mask)


def _labels_loss(logits: Tensor, targets: Tensor) -> Tensor:
    entropy = nn.functional.binary_cross_entropy_with_logits(logits.float(), targets, reduction="sum")
    return entropy / len(targets)


def _tags_loss(logits: Tensor, allowed: Tensor, mask: Tensor) -> Tensor:
    likely = logits.float().log_softmax(-1).masked_fill(~allowed, -1e4).logsumexp(-1)
    return -(likely * mask).sum() / 32


@torch.no_grad()
def label_logits(model: Encoder, rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
    """Logits of the labels of each row, in the order given: of the last answer, and of the first."""
    order = sorted(range(len(rows)), key=lambda n: len(rows[n].ids))
    last, first = (torch.zeros(len(rows), len(corpus.OUTPUTS)) for _ in range(2))
    for start in range(0, len(order), 32):
        chosen = order[start : start + 32]
        with torch.autocast("cpu", torch.bfloat16):
            answers = model(*pad([rows[n] for n in chosen]))
        last[chosen], first[chosen] = answers.labels.float(), answers.first_labels.float()
    return last, first
