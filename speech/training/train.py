"""Training of one network for all languages, for a set number of updates on one core."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from speech.lexicon.units import WORD_TABLES, build_units
from speech.training.augment import MILD, NOISY, WILD, Augmenter, Stage
from speech.training.groups import groups_of
from speech.training.network import Network
from speech.training.objective import Objective

BATCH = 32
# English comes first and alone: its voices are the most.
ENGLISH_UNTIL = 0.08
LANGUAGE_SHARE = {"en": 0.5, "ar": 0.4, "fa": 0.1}
PEAK_RATE, REFINE_RATE = 2e-3, 1e-3
DECAY_FROM, MILD_FROM = 0.35, 0.7  # parts of the schedule
# So many updates more in each round of refining, from a fresh and lower rate; and what is heard in each of them.
REFINE_SHARE, REFINING = 0.22, (MILD, NOISY)
FLAT_FOR = 250  # updates of each language
# The model that is shipped is its twin up to here; then it hears the development speakers too.
BRANCH_AT = 0.7
# The weights that are kept are a running mean over some thousand updates.
# Source: Polyak and Juditsky 1992 (averaging of iterates).
AVERAGE_OVER = 1500
# At export the second head is added to the first, less its prior. Both numbers: the development split.
FRAME_WEIGHT, PRIOR_WEIGHT = 0.2, 0.5

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What to train on and for how long.

    branch: where the twin, which never hears the development speakers, leaves its state for the model that is shipped.
    everyone: go on from there, and train on the development speakers too.
    """

    recordings: Path
    voices: Path
    updates: int
    width: int
    seed: int
    branch: Path
    everyone: bool = False


def learning_rate(done: float, update: int) -> float:
    """Return the rate: a short rise, a plateau, a cosine down to nothing, and another one in each round of refining."""
    if done >= 1:
        return REFINE_RATE * 0.5 * (1 + math.cos(math.pi * ((done - 1) / REFINE_SHARE % 1))) + 1e-6
    decay = 1.0 if done < DECAY_FROM else 0.5 * (1 + math.cos(math.pi * (done - DECAY_FROM) / (1 - DECAY_FROM)))
    return PEAK_RATE * min(1, update / 100) * decay + 1e-6


def stage_of(done: float) -> Stage:
    """Return how hard the training is at a part of the schedule; from 1 on it is refined."""
    if done >= 1:
        return REFINING[min(int((done - 1) / REFINE_SHARE), len(REFINING) - 1)]
    return MILD if done > MILD_FROM else WILD


class Training:
    """One network on its way."""

    def __init__(self, plan: Plan) -> None:
        """Read the recordings and build the network."""
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.units = {name: build_units(name) for name in WORD_TABLES}
        self._data: dict[str, Augmenter] = {}
        self.objective = {name: Objective(units) for name, units in self.units.items()}
        self.net = Network(self.units, plan.width)
        sample = torch.cat([self.data("en").batch(64).cepstra.flatten(0, 1) for _ in range(6)])
        self.net.mean.copy_(sample.mean(0))
        self.net.deviation.copy_(sample.std(0))
        self.optimiser = self._optimiser()
        self.average = torch.optim.swa_utils.AveragedModel(
            self.net, avg_fn=lambda mean, new, _: mean + (new - mean) / AVERAGE_OVER, use_buffers=True
        )
        self.prior = {n: torch.full((u.state_count,), 1 / u.state_count) for n, u in self.units.items()}
        self.seen = {name: np.zeros(2) for name in self.units}

    def _optimiser(self) -> torch.optim.Optimizer:
        own = [p for head in (self.net.sequence, self.net.frame) for o in head.own.values() for p in [o.weight]]
        rest = [p for p in self.net.parameters() if all(p is not q for q in own)]
        parts = [{"params": rest, "weight_decay": 0.01}, {"params": own, "weight_decay": 0.3}]
        return torch.optim.AdamW(parts, PEAK_RATE)

    def begin_again(self) -> None:
        """Go on from the averaged weights, to refine them."""
        self.net.load_state_dict(self.average.module.state_dict())
        self.optimiser = self._optimiser()

    def data(self, language: str) -> Augmenter:
        """What a language is trained on; read when it is first asked for."""
        if language not in self._data:
            groups = groups_of(language, self.plan.recordings, self.plan.voices, self.plan.everyone)
            self._data[language] = Augmenter(groups, self.units[language], self.plan.seed)
        return self._data[language]

    def update(self, language: str, rate: float, stage: Stage, *, flat: bool) -> None:
        """Make one step on one batch of one language; `flat`: words cut evenly, as long as nothing is aligned."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.data(language).stage = stage
        batch = self.data(language).batch(BATCH)
        self.net.train()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores, frame_scores = self.net(batch.cepstra, language)
        length = min(scores.shape[1], batch.flat.shape[1])
        scores, frame_scores, even = scores[:, :length], frame_scores[:, :length], batch.flat[:, :length]
        frames = scores.shape[0] * length
        if flat:
            loss = sum(nn.functional.cross_entropy(s.flatten(0, 1), even.flatten()) for s in (scores, frame_scores))
        else:
            criterion, posterior, gradient = self.objective[language](scores, batch.words, batch.bounds)
            entropy = -(posterior * torch.log_softmax(frame_scores, 2)).sum() / frames
            loss = (gradient * scores).sum() / frames + 0.5 * entropy + 5e-5 * scores.square().mean()
            mean = posterior.flatten(0, 1).mean(0).clamp_min(1e-6)
            self.prior[language] = 0.99 * self.prior[language] + 0.01 * mean
            self.seen[language] = 0.98 * self.seen[language] + 0.02 * np.array([criterion / frames, entropy.item()])
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()

    def leave(self) -> None:
        """Leave everything that training goes on from."""
        part = self.plan.branch.with_suffix(".part")
        parts = {"net": self.net, "average": self.average, "optimiser": self.optimiser}
        torch.save({name: p.state_dict() for name, p in parts.items()} | {"prior": self.prior}, part)
        part.replace(self.plan.branch)

    def go_on(self) -> None:
        """Go on from what `leave` left."""
        left = torch.load(self.plan.branch, weights_only=True)
        for name, part in {"net": self.net, "average": self.average, "optimiser": self.optimiser}.items():
            part.load_state_dict(left[name])
        self.prior = left["prior"]

    def store(self, out: Path) -> None:
        """Write the averaged weights, as `torch.save` writes a dictionary."""
        part = out.with_suffix(".part")
        state = self.average.module.state_dict()
        torch.save({"state": state, "prior": self.prior, "width": self.plan.width}, part)
        part.replace(out)


def train(plan: Plan, out: Path) -> None:
    """Train one network and store its weights; updates, seed and versions decide what comes out."""
    torch.set_num_threads(1)
    training = Training(plan)
    draw = np.random.default_rng(plan.seed)
    refining = round(plan.updates * REFINE_SHARE)
    count = plan.updates + len(REFINING) * refining
    languages = draw.choice(list(LANGUAGE_SHARE), size=count, p=list(LANGUAGE_SHARE.values())).tolist()
    languages[: int(ENGLISH_UNTIL * plan.updates)] = ["en"] * int(ENGLISH_UNTIL * plan.updates)
    of_language: Counter[str] = Counter()
    branch = int(BRANCH_AT * plan.updates)
    first = branch if plan.everyone else 0
    if plan.everyone:
        training.go_on()
    started = time.monotonic()
    for update, language in enumerate(languages[first:], first):
        if update == branch and not plan.everyone:
            training.leave()
        if update >= plan.updates and (update - plan.updates) % refining == 0:
            training.begin_again()
        done = update / plan.updates
        flat = of_language[language] < FLAT_FOR and not plan.everyone
        training.update(language, learning_rate(done, update), stage_of(done), flat=flat)
        of_language[language] += 1
        if update < AVERAGE_OVER:
            training.average.module.load_state_dict(training.net.state_dict())
        else:
            training.average.update_parameters(training.net)
        if update % 500 == 499:
            per_update = (time.monotonic() - started) / (update - first + 1)
            state = ", ".join(f"{n} {m:.4f} {e:.3f}" for n, (m, e) in training.seen.items())
            logger.info("%s: update %d of %d (%.2f s each); MMI, CE: %s",
                        out.stem, update + 1, count, per_update, state)  # fmt: skip
            training.store(out.with_suffix(".so-far.pt"))
    training.store(out)


def train_and_log(plan: Plan, out: Path) -> None:
    """Train in a process of its own, with progress on its standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train(plan, out)
