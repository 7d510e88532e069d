"""Maximum mutual information over whole paths, without lattices.

The score of a recording is log P(paths of what was said) - log P(all paths of any words), both by the forward
algorithm. Source: Povey et al. 2016, "Purely sequence-trained neural networks for ASR based on lattice-free MMI".
Transitions: a state repeats or advances, each with probability 1/2; silence is optional around words.
"""

from __future__ import annotations

import math

import torch

from speech.training.lexicon import COMMANDS, DIGITS, GARBAGE, SILENCE, WORDS, YES_NO, Units

Bounds = list[list[tuple[int, int]]]
TOLERANCE = 2  # outputs (30 ms) by which a word may leave its bounds free of charge
OUTSIDE_COST = 2.0

_HALF, _QUARTER, _NEVER = math.log(0.5), math.log(0.25), -1e9
# Shares of the words among all that is said, in the denominator.
DIGIT_SHARE, YES_NO_SHARE, COMMAND_SHARE, GARBAGE_SHARE = 0.42, 0.05, 0.13, 0.17


def word_log_probabilities() -> dict[str, float]:
    """Return the log probability of every unit but silence in the denominator's unigram."""
    rest = [w for w in WORDS if w not in DIGITS and w not in YES_NO and w not in COMMANDS]
    share = {w: DIGIT_SHARE / len(DIGITS) for w in DIGITS}
    share |= {w: YES_NO_SHARE / len(YES_NO) for w in YES_NO}
    share |= {w: COMMAND_SHARE / len(COMMANDS) for w in COMMANDS}
    left = 1 - DIGIT_SHARE - YES_NO_SHARE - COMMAND_SHARE - GARBAGE_SHARE
    share |= {w: left / len(rest) for w in rest}
    share[GARBAGE] = GARBAGE_SHARE
    return {w: math.log(p) for w, p in share.items()}


class Objective:
    """Numerator and denominator of the criterion for fixed units."""

    def __init__(self, units: Units) -> None:
        """Build the denominator's transition matrix (states, states), start and end vectors."""
        self._units = units
        self._log_p = word_log_probabilities()
        n, silence = units.state_count, units.states(SILENCE)[0]
        moves, start, end = torch.zeros(n, n), torch.zeros(n), torch.zeros(n)
        enter = {units.states(w)[0]: math.exp(p) for w, p in self._log_p.items()}
        for word in self._log_p:
            states = units.states(word)
            for a, b in zip(states, [*states[1:], None], strict=True):
                moves[a, a] += 0.5
                if b is not None:
                    moves[a, b] += 0.5
                    continue
                moves[a, silence] += 0.25
                end[a] = 0.5
                for first, p in enter.items():
                    moves[a, first] += 0.25 * p
        moves[silence, silence] += 0.5
        start[silence] = end[silence] = 0.5
        for first, p in enter.items():
            moves[silence, first] += 0.5 * p
            start[first] += 0.5 * p
        self._moves, self._start, self._end = moves, start, end

    def __call__(
        self, scores: torch.Tensor, words: list[list[str]], bounds: Bounds
    ) -> tuple[float, torch.Tensor, torch.Tensor]:
        """Return the criterion's sum over the batch (to be made small), and two tensors shaped like the scores.

        These are the posteriors of the states given what was said, and the criterion's gradient (posteriors given
        anything, less those): both are gradients of forward sums, taken once and apart from the network's graph.
        """
        free = scores.detach().requires_grad_()
        spoken, anything = self.numerator(free, words, bounds).sum(), self.denominator(free).sum()
        (posterior,) = torch.autograd.grad(spoken, free)
        (everything,) = torch.autograd.grad(anything, free)
        return (anything - spoken).item(), posterior, everything - posterior

    def denominator(self, scores: torch.Tensor) -> torch.Tensor:
        """Return log P of all paths, (batch,), for scores (batch, time, states)."""
        peak = scores.amax(2, keepdim=True).detach()
        likelihood = (scores - peak).exp()
        alpha, total = self._start * likelihood[:, 0], peak.sum((1, 2))
        for t in range(1, scores.shape[1]):
            norm = alpha.sum(1, keepdim=True)
            total = total + norm[:, 0].log()
            alpha = ((alpha / norm) @ self._moves) * likelihood[:, t]
        return total + (alpha @ self._end).log()

    def numerator(self, scores: torch.Tensor, words: list[list[str]], bounds: Bounds | None = None) -> torch.Tensor:
        """Return log P of the paths of the spoken words, (batch,).

        Args:
            scores: (batch, time, states).
            words: what was said.
            bounds: where each word's take has speech; outside of it a word pays for every output. Without this, a
                word's states may learn to sit through the silence around it.
        """
        silence = self._units.states(SILENCE)[0]
        paths: list[list[tuple[int, bool, float]]] = []  # (state, is silence, cost of entering)
        for spoken in words:
            path = [(silence, True, 0.0)]
            for word in spoken:
                path += [(s, False, self._log_p[word] * (i == 0)) for i, s in enumerate(self._units.states(word))]
                path.append((silence, True, 0.0))
            paths.append(path)
        batch, time, longest = len(words), scores.shape[1], max(map(len, paths))
        index = torch.zeros(batch, longest, dtype=torch.long)
        advance, skip, end, start = (torch.full((batch, longest), _NEVER) for _ in range(4))
        for b, path in enumerate(paths):
            for j, (state, is_silence, cost) in enumerate(path):
                index[b, j] = state
                if j:
                    advance[b, j] = _QUARTER if is_silence else _HALF + cost
                if j > 1 and path[j - 1][1]:
                    skip[b, j] = _QUARTER + cost
            end[b, len(path) - 2 : len(path)] = _HALF
            start[b, 0], start[b, 1] = _HALF, _HALF + path[1][2]
        picked = scores.gather(2, index[:, None, :].expand(batch, time, longest))
        if bounds is not None:
            picked = picked - self._outside(words, bounds, time, longest)
        alpha, pad = start + picked[:, 0], torch.full((batch, 2), _NEVER)
        for t in range(1, time):
            before = torch.cat([pad, alpha], 1)
            ways = torch.stack([alpha + _HALF, before[:, 1:-1] + advance, before[:, :-2] + skip])
            alpha = torch.logsumexp(ways, 0) + picked[:, t]
        return torch.logsumexp(alpha + end, 1)

    def _outside(self, words: list[list[str]], bounds: Bounds, time: int, longest: int) -> torch.Tensor:
        cost = torch.zeros(len(words), time, longest)
        for b, spoken in enumerate(words):
            j = 1
            for word, (first, last) in zip(spoken, bounds[b], strict=True):
                after = j + len(self._units.states(word))
                cost[b, : max(0, first - TOLERANCE), j:after] = OUTSIDE_COST
                cost[b, last + TOLERANCE :, j:after] = OUTSIDE_COST
                j = after + 1
        return cost
