"""The criterion, against counting every path by hand on a tiny case."""

import itertools
import math

import pytest

torch = pytest.importorskip("torch", reason="torch comes with the training extra")
pytest.importorskip("numpy", reason="numpy comes with the training extra")

from speech.lexicon.units import build_units  # noqa: E402 - only where the extra is installed
from speech.training.objective import Objective, shares  # noqa: E402 - only where the extra is installed

LANGUAGES = ("en", "ar", "fa")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shares_of_the_denominator_sum_to_one(language):
    assert sum(shares(build_units(language)).values()) == pytest.approx(1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_posteriors_are_probabilities_at_every_time(language):
    torch.manual_seed(0)
    units = build_units(language)
    objective = Objective(units)
    scores = 3 * torch.randn(2, 30, units.state_count)
    word = next(iter(units.words))
    for _, posterior in (objective.denominator(scores), objective.numerator(scores, [[word], [word, "GBG"]])):
        assert posterior.min() >= 0
        assert torch.allclose(posterior.sum(2), torch.ones(2, 30), atol=1e-4)


def test_posteriors_are_the_gradient_of_the_forward_sums():
    torch.manual_seed(0)
    units = build_units("en")
    objective, scores, step = Objective(units), 2 * torch.randn(1, 20, units.state_count), 2e-2
    for score in (objective.denominator, lambda s: objective.numerator(s, [["two", "/K AO L/"]])):
        _, posterior = score(scores)
        state = int(posterior[0, 10].argmax())
        up, down = scores.clone(), scores.clone()
        up[0, 10, state] += step
        down[0, 10, state] -= step
        slope = (score(up)[0] - score(down)[0]).item() / (2 * step)
        assert slope == pytest.approx(posterior[0, 10, state].item(), abs=5e-3)


def test_the_numerator_is_the_sum_over_all_paths():
    units = build_units("en")
    objective = Objective(units)
    torch.manual_seed(1)
    time = 6
    scores = torch.randn(1, time, units.state_count)
    path = [0, *units.by_name["oh"].states, 0]
    total = []
    for moves in itertools.product(range(len(path)), repeat=time):
        if any(b - a not in (0, 1) for a, b in itertools.pairwise(moves)) or moves[0] > 1:
            continue
        if moves[-1] < len(path) - 2:
            continue
        score = 2 * math.log(0.5)  # silence or not at the start, and at the end
        for a, b in itertools.pairwise(moves):
            score += math.log(0.25 if b == len(path) - 1 and a != b else 0.5)
        total.append(score + sum(scores[0, t, path[m]].item() for t, m in enumerate(moves)))
    expected = torch.logsumexp(torch.tensor(total), 0).item()
    assert objective.numerator(scores, [["oh"]])[0].item() == pytest.approx(expected, abs=1e-3)
