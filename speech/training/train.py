"""Training of one network, for a set number of minutes on one core."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from speech.training.augment import Augmenter, Group
from speech.training.corpus import training_takes
from speech.training.lexicon import build_units
from speech.training.network import Network
from speech.training.objective import Objective
from speech.training.recordings import ARABIC_ZIP, COMMANDS_ZIP, DIGITS_ZIP

BATCH = 32
PEAK_RATE, REFINE_RATE = 2e-3, 1e-3
FLAT_UNTIL, MILD_FROM, DECAY_FROM = 0.06, 0.65, 0.35  # parts of the schedule
# At export the second head is added to the first, less its prior. Both numbers: the development split.
FRAME_WEIGHT, PRIOR_WEIGHT = 0.2, 0.5

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What to train on and for how long.

    start: weights to train on from, on mild distortions and with a lower learning rate; None starts from nothing.
    """

    recordings: Path
    voices: Path
    minutes: float
    width: int
    seed: int
    start: Path | None = None


def _groups(plan: Plan) -> list[Group]:
    return [
        Group(0.28, training_takes(plan.recordings / DIGITS_ZIP)),
        Group(0.25, training_takes(plan.recordings / COMMANDS_ZIP)),
        Group(0.35, training_takes(plan.voices)),
        Group(0.12, training_takes(plan.recordings / ARABIC_ZIP, foreign=True)),
    ]


def learning_rate(done: float, update: int, refine: bool = False) -> float:
    """Return the rate: a short rise, a plateau (none when refining), then a cosine down to nothing."""
    peak, decay_from = (REFINE_RATE, 0.0) if refine else (PEAK_RATE, DECAY_FROM)
    decay = 1.0 if done < decay_from else 0.5 * (1 + math.cos(math.pi * (done - decay_from) / (1 - decay_from)))
    return peak * min(1, update / 100) * decay + 1e-6


def train(plan: Plan, out: Path) -> None:
    """Train one network and store its weights.

    Args:
        plan: data, minutes (wall clock), width and seed. The clock decides the number of updates, so two runs with the
            same seed differ a little.
        out: the file for the weights, as `torch.save` writes a dictionary; also holds "prior" and "updates".
    """
    torch.manual_seed(plan.seed)
    torch.set_num_threads(1)
    units = build_units()
    data = Augmenter(_groups(plan), units, plan.seed + (1000 if plan.start else 0))
    net, objective = Network(units, plan.width), Objective(units)
    sample = torch.cat([data.batch(64).cepstra.flatten(0, 1) for _ in range(6)])
    net.mean.copy_(sample.mean(0))
    net.deviation.copy_(sample.std(0))
    own = [net.sequence.own.weight, net.frame.own.weight]
    rest = [p for p in net.parameters() if all(p is not q for q in own)]
    groups = [{"params": rest, "weight_decay": 0.01}, {"params": own, "weight_decay": 0.3}]
    optimiser = torch.optim.AdamW(groups, PEAK_RATE)
    prior = torch.full((units.state_count,), 1 / units.state_count)
    refine = plan.start is not None
    if plan.start is not None:
        stored = torch.load(plan.start, weights_only=True)
        net.load_state_dict(stored["state"])
        prior = stored["prior"]
    started, update, seen = time.monotonic(), 0, np.zeros(2)
    while (done := (time.monotonic() - started) / (60 * plan.minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(done, update, refine)
        data.mild = refine or done > MILD_FROM
        batch = data.batch(BATCH)
        net.train()
        scores, frame_scores = net(batch.cepstra)
        length = min(scores.shape[1], batch.flat.shape[1])
        scores, frame_scores, flat = scores[:, :length], frame_scores[:, :length], batch.flat[:, :length]
        frames = scores.shape[0] * length
        if done < FLAT_UNTIL and not refine:  # no alignment yet: words cut evenly into their states
            loss = sum(nn.functional.cross_entropy(s.flatten(0, 1), flat.flatten()) for s in (scores, frame_scores))
        else:
            criterion, posterior, gradient = objective(scores, batch.words, batch.bounds)
            entropy = -(posterior * torch.log_softmax(frame_scores, 2)).sum() / frames
            loss = (gradient * scores).sum() / frames + 0.5 * entropy + 5e-5 * scores.square().mean()
            prior = 0.99 * prior + 0.01 * posterior.flatten(0, 1).mean(0).clamp_min(1e-6)
            seen = 0.98 * seen + 0.02 * np.array([criterion / frames, entropy.item()])
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        update += 1
        if update % 200 == 0:
            logger.info(
                "net %d: update %d, %.0f %% done, MMI %.4f and cross-entropy %.3f per output",
                plan.seed, update, 100 * done, *seen,
            )  # fmt: skip
    torch.save({"state": net.state_dict(), "prior": prior, "updates": update, "width": plan.width}, out)


def train_and_log(plan: Plan, out: Path) -> None:
    """Train in a process of its own, with progress on its standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(plan, out)
