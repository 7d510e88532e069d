"""Maximum mutual information over whole paths, without lattices.

The score of a recording is log P(paths of what was said) - log P(all paths of any words), both by the forward
algorithm. Source: Povey et al. 2016, "Purely sequence-trained neural networks for ASR based on lattice-free MMI".
Transitions: a state repeats or advances, each with probability 1/2; silence is optional around words. Whatever is not a
core word is a row of phones, any phone after any.
"""

from __future__ import annotations

import math

import torch

from speech.lexicon.units import GARBAGE, SILENCE, Units
from speech.training.spoken import states_of

Bounds = list[list[tuple[int, int]]]
TOLERANCE = 2  # outputs (30 ms) by which a word may leave its bounds free of charge
OUTSIDE_COST = 2.0

_HALF, _QUARTER, _NEVER = math.log(0.5), math.log(0.25), -1e9
# Shares of what is said, in the denominator: digits, the other core words, garbage; the rest is spelled with phones.
DIGIT_SHARE, CORE_SHARE, GARBAGE_SHARE = 0.42, 0.2, 0.1
PHONE_SHARE = 1 - DIGIT_SHARE - CORE_SHARE - GARBAGE_SHARE
# After a phone comes another one, or the end of the word. Source: words of the lexicon have five phones in the mean.
PHONE_GOES_ON = 0.8
DIGITS = 10  # the first core words of every language


def shares(units: Units) -> dict[str, float]:
    """Return the probability of every unit at the beginning of a word."""
    words = list(units.words.values())
    share: dict[str, float] = {}
    for total, group in ((DIGIT_SHARE, words[:DIGITS]), (CORE_SHARE, words[DIGITS:])):
        share |= {u.name: total / len(group) / len(said) for said in group for u in said}
    phones = [u for u in units.units if u.kind == "phone"]
    return share | {GARBAGE: GARBAGE_SHARE} | {u.name: PHONE_SHARE / len(phones) for u in phones}


class Objective:
    """Numerator and denominator of the criterion for the units of one language."""

    def __init__(self, units: Units) -> None:
        """Build the denominator: where words and phones begin and end, and with which probability."""
        self._units = units
        self._silence = units.by_name[SILENCE].first
        n = units.state_count
        self._enter, self._enter_phone, self._inner = torch.zeros(n), torch.zeros(n), torch.zeros(n)
        self._word_end, self._phone_end = torch.zeros(n), torch.zeros(n)
        share = shares(units)
        phones = sum(u.kind == "phone" for u in units.units)
        for unit in units.units:
            if unit.kind == "silence":
                continue
            self._enter[unit.states[0]] = share[unit.name]
            for state in unit.states[1:]:
                self._inner[state] = 1.0
            if unit.kind == "phone":
                self._enter_phone[unit.states[0]] = 1 / phones
                self._phone_end[unit.states[-1]] = 1.0
            else:
                self._word_end[unit.states[-1]] = 1.0
        self._silent = torch.zeros(n)
        self._silent[self._silence] = 1.0
        self._ends = torch.stack([self._word_end, self._phone_end], 1)
        self._enters = torch.stack([self._enter, self._enter_phone], 1)

    def __call__(
        self, scores: torch.Tensor, words: list[list[str]], bounds: Bounds | None = None
    ) -> tuple[float, torch.Tensor, torch.Tensor]:
        """Return the criterion's sum over the batch (to be made small), and two tensors shaped like the scores.

        These are the posteriors of the states given what was said, and the criterion's gradient (posteriors given
        anything, less those). Both come from forward and backward sums.

        Args:
            scores: (batch, time, states).
            words: what was said, as `spoken` names it.
            bounds: where each word's take has speech; outside of it a word pays for every output. Without this, a
                word's states may learn to sit through the silence around it.
        """
        with torch.no_grad():
            scores = scores.detach().float()
            spoken, posterior = self.numerator(scores, words, bounds)
            anything, everything = self.denominator(scores)
            return (anything - spoken).sum().item(), posterior, everything - posterior

    def denominator(self, scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log P of all paths, (batch,), and the states' posteriors, for scores (batch, time, states)."""
        peak = scores.amax(2, keepdim=True)
        likelihood = (scores - peak).exp().transpose(0, 1).contiguous()
        alphas = torch.empty_like(likelihood)
        alpha, total = 0.5 * (self._silent + self._enter) * likelihood[0], peak.sum((1, 2))
        for t in range(len(likelihood)):
            if t:
                alpha = self._forward(alpha) * likelihood[t]
            norm = alpha.sum(1, keepdim=True)
            total += norm[:, 0].log()
            alphas[t] = alpha = alpha / norm
        end = 0.5 * (self._silent + self._word_end + (1 - PHONE_GOES_ON) * self._phone_end)
        total += (alpha @ end).log()
        beta = end.expand_as(alpha)
        for t in range(len(likelihood) - 1, -1, -1):
            if t < len(likelihood) - 1:
                beta = self._backward(likelihood[t + 1] * beta)
                beta = beta / beta.amax(1, keepdim=True)
            gamma = alphas[t] * beta
            alphas[t] = gamma / gamma.sum(1, keepdim=True)
        return total, alphas.transpose(0, 1)

    def _forward(self, alpha: torch.Tensor) -> torch.Tensor:
        """Move every path on by one output."""
        ends = 0.5 * alpha @ self._ends
        word_end, phone_end = ends[:, :1] + (1 - PHONE_GOES_ON) * ends[:, 1:], ends[:, 1:]
        begin = 0.5 * (word_end + alpha[:, self._silence, None])
        moved = 0.5 * alpha
        moved[:, 1:] += 0.5 * alpha[:, :-1] * self._inner[1:]
        moved += begin * self._enter + PHONE_GOES_ON * phone_end * self._enter_phone
        moved[:, self._silence] += 0.5 * word_end[:, 0]
        return moved

    def _backward(self, ahead: torch.Tensor) -> torch.Tensor:
        """The transpose of `_forward`."""
        enters = ahead @ self._enters
        begin, phone_begin = 0.5 * enters[:, :1], enters[:, 1:]
        word_end = begin + 0.5 * ahead[:, self._silence, None]
        phone_end = (1 - PHONE_GOES_ON) * word_end + PHONE_GOES_ON * phone_begin
        moved = 0.5 * ahead
        moved[:, :-1] += 0.5 * ahead[:, 1:] * self._inner[1:]
        moved += 0.5 * (word_end * self._word_end + phone_end * self._phone_end)
        moved[:, self._silence] += begin[:, 0]
        return moved

    def numerator(
        self, scores: torch.Tensor, words: list[list[str]], bounds: Bounds | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log P of the paths of the spoken words, (batch,), up to a constant, and the states' posteriors."""
        paths: list[list[int]] = []
        for spoken in words:
            path = [self._silence]
            for word in spoken:
                path += [*states_of(self._units, word), self._silence]
            paths.append(path)
        batch, time, longest = len(words), scores.shape[1], max(map(len, paths))
        index = torch.zeros(batch, longest, dtype=torch.long)
        # In double precision, since the right path may be next to impossible at first.
        stay, advance, skip, start, end = (torch.zeros(batch, longest, dtype=torch.float64) for _ in range(5))
        for b, path in enumerate(paths):
            n = len(path)
            index[b, :n] = torch.tensor(path)
            silent = index[b, :n] == self._silence
            stay[b, :n] = 0.5
            advance[b, 1:n] = torch.where(silent[1:], 0.25, 0.5)
            skip[b, 2:n] = torch.where(silent[1:-1], 0.25, 0.0)
            end[b, n - 2 : n] = start[b, :2] = 0.5
        picked = scores.gather(2, index[:, None, :].expand(batch, time, longest)).double()
        if bounds is not None:
            picked = picked - self._outside(words, bounds, time, longest)
        picked = picked.masked_fill((stay == 0)[:, None], -math.inf)
        peak = picked.amax(2, keepdim=True)
        likelihood = (picked - peak).exp().transpose(0, 1).contiguous()
        alphas = torch.empty_like(likelihood)
        alpha, total = start * likelihood[0], peak.sum((1, 2))
        for t in range(time):
            if t:
                moved = stay * alpha
                moved[:, 1:] += alpha[:, :-1] * advance[:, 1:]
                moved[:, 2:] += alpha[:, :-2] * skip[:, 2:]
                alpha = moved * likelihood[t]
            norm = alpha.sum(1, keepdim=True)
            total += norm[:, 0].log()
            alphas[t] = alpha = alpha / norm
        total += (alpha * end).sum(1).log()
        beta = end
        for t in range(time - 1, -1, -1):
            if t < time - 1:
                ahead = likelihood[t + 1] * beta
                beta = stay * ahead
                beta[:, :-1] += ahead[:, 1:] * advance[:, 1:]
                beta[:, :-2] += ahead[:, 2:] * skip[:, 2:]
                beta = beta / beta.amax(1, keepdim=True)
            gamma = alphas[t] * beta
            alphas[t] = gamma / gamma.sum(1, keepdim=True)
        posterior = torch.zeros_like(scores)
        posterior.scatter_add_(2, index[:, None, :].expand(batch, time, longest), alphas.transpose(0, 1).float())
        return total, posterior

    def _outside(self, words: list[list[str]], bounds: Bounds, time: int, longest: int) -> torch.Tensor:
        cost = torch.zeros(len(words), time, longest)
        for b, spoken in enumerate(words):
            j = 1
            for word, (first, last) in zip(spoken, bounds[b], strict=True):
                after = j + len(states_of(self._units, word))
                cost[b, : max(0, first - TOLERANCE), j:after] = OUTSIDE_COST
                cost[b, last + TOLERANCE :, j:after] = OUTSIDE_COST
                j = after + 1
        return cost
