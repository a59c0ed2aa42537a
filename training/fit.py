"""The training loop of the encoder."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from training import corpus
from training.examples import Row, pad
from training.network import Encoder

log = logging.getLogger("train")

# The running average takes in the weights after every so many steps.
AVERAGED = 5

_HEADS = ("tag_head", "attend", "label_head", "shapes")


@dataclass(frozen=True, slots=True)
class Settings:
    """How long and how fast to learn; the same seed gives the same model on the same machine."""

    epochs: int
    seed: int
    rate: float = 1.5e-4
    head_rate: float = 1.5e-3
    warm_up: float = 0.06
    smoothing: float = 0.02
    decay: float = 0.01
    memory: float = 0.98


def fit(
    epoch_rows: Callable[[random.Random], list[list[Row]]],
    pretrained: Path,
    settings: Settings,
    after_epoch: Callable[[Encoder], None] | None = None,
) -> Encoder:
    """Fine-tune the pretrained encoder on the batches that ``epoch_rows`` makes for each epoch.

    Returns a running average of the weights, which generalises better than the last ones.
    """
    torch.manual_seed(settings.seed)
    rng = random.Random(settings.seed)
    model = Encoder(len(corpus.TAGS), len(corpus.OUTPUTS))
    model.load_minilm(pretrained / "model.safetensors")
    heads = [p for n, p in model.named_parameters() if n.startswith(_HEADS)]
    body = [p for n, p in model.named_parameters() if not n.startswith(_HEADS)]
    rates = (settings.rate, settings.head_rate)
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": rates[0]}, {"params": heads, "lr": rates[1]}], weight_decay=settings.decay, fused=True
    )
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(settings.memory)
    )
    began = time.monotonic()
    for epoch in range(settings.epochs):
        model.train()
        made = epoch_rows(rng)
        lost = {True: [0.0], False: [0.0]}
        for step, batch in enumerate(made):
            progress = (epoch + step / len(made)) / settings.epochs
            scale = min(1.0, progress / settings.warm_up) * (0.5 + 0.5 * math.cos(math.pi * progress))
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * scale
            loss = loss_of(model, batch, settings.smoothing)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            optimizer.zero_grad()
            if step % AVERAGED == 0:
                average.update_parameters(model)
            lost[batch[0].targets is None].append(loss.item())
        means = {kind: sum(values) / len(values) for kind, values in lost.items()}
        seconds = time.monotonic() - began
        log.info(
            "epoch %d of %d: tags %.3f, labels %.3f, %.0f s",
            epoch + 1,
            settings.epochs,
            means[True],
            means[False],
            seconds,
        )
        if after_epoch is not None:
            after_epoch(average.module)
    return average.module.eval()


def loss_of(model: Encoder, batch: Sequence[Row], smoothing: float) -> Tensor:
    """Marginal log-likelihood of the allowed tags, or binary cross-entropy of the labels."""
    ids, shapes, mask = pad(batch)
    with torch.autocast("cpu", torch.bfloat16):
        tags, labels = model(ids, shapes, mask)
    if batch[0].targets is not None:
        targets = torch.stack([row.targets for row in batch if row.targets is not None])
        targets = targets * (1 - smoothing) + smoothing / 2
        entropy = nn.functional.binary_cross_entropy_with_logits(labels.float(), targets, reduction="sum")
        return entropy / len(batch)
    allowed = torch.ones(tags.shape, dtype=torch.bool)
    for number, row in enumerate(batch):
        if row.allowed is not None:
            allowed[number, : len(row.ids)] = row.allowed
    likely = tags.float().log_softmax(-1).masked_fill(~allowed, -1e4).logsumexp(-1)
    return -(likely * mask).sum() / 32


@torch.no_grad()
def label_logits(model: Encoder, rows: Sequence[Row]) -> Tensor:
    """Logits of the labels of each row, in the order given."""
    order = sorted(range(len(rows)), key=lambda n: len(rows[n].ids))
    result = torch.zeros(len(rows), len(corpus.OUTPUTS))
    for start in range(0, len(order), 32):
        chosen = order[start : start + 32]
        with torch.autocast("cpu", torch.bfloat16):
            result[chosen] = model(*pad([rows[n] for n in chosen]))[1].float()
    return result
