"""The criterion, against counting every path by hand on a tiny case."""

import itertools
import math

import pytest

torch = pytest.importorskip("torch", reason="torch comes with the training extra")
pytest.importorskip("numpy", reason="numpy comes with the training extra")

from speech.training.lexicon import build_units  # noqa: E402 - only where the extra is installed
from speech.training.objective import Objective, word_log_probabilities  # noqa: E402 - only where the extra is installed


def test_the_words_of_the_denominator_sum_to_one():
    assert sum(map(math.exp, word_log_probabilities().values())) == pytest.approx(1)


def test_the_denominator_never_scores_below_the_numerator_of_any_sentence():
    torch.manual_seed(0)
    objective, units = Objective(build_units()), build_units()
    scores = torch.randn(3, 40, units.state_count)
    words = [["one"], ["two", "two"], ["zero", "GBG", "nine"]]
    assert (objective.denominator(scores) >= objective.numerator(scores, words)).all()


def test_the_numerator_is_the_sum_over_all_paths():
    units = build_units()
    objective = Objective(units)
    torch.manual_seed(1)
    time = 6
    scores = torch.randn(1, time, units.state_count)
    log_p = word_log_probabilities()["oh"]
    states = units.states("oh")
    path = [0, *states, 0]
    total = []
    for moves in itertools.product(range(len(path)), repeat=time):
        if any(b - a not in (0, 1) for a, b in itertools.pairwise(moves)) or moves[0] > 1:
            continue
        if moves[-1] < len(path) - 2:
            continue
        score = math.log(0.5)  # silence or not at the start
        score += log_p  # every path enters the word once
        for a, b in itertools.pairwise(moves):
            score += math.log(0.25 if b == len(path) - 1 and a != b else 0.5)
        score += math.log(0.5)
        total.append(score + sum(scores[0, t, path[m]].item() for t, m in enumerate(moves)))
    expected = torch.logsumexp(torch.tensor(total), 0).item()
    assert objective.numerator(scores, [["oh"]]).item() == pytest.approx(expected, abs=1e-3)
