"""The acoustic network: a small time-delay net (TDNN) with residual connections.

One output every 30 ms; each layer sees three outputs of the layer below (`splices`).
Source: Peddinti, Povey, Khudanpur 2015 (TDNN with sub-sampling); He et al. 2016 (residual connections).
"""

from __future__ import annotations

import torch
from torch import nn

from speech.lexicon.units import ROWS, Units
from speech.training.features import BANDS
from speech.training.splices import INPUT_SPLICE, LEFT_CONTEXT, RIGHT_CONTEXT, SPLICES, SUBSAMPLING


class Layer(nn.Module):
    """Affine transform of a splice, batch norm, sum with the layer below, ReLU, dropout of whole channels."""

    def __init__(self, splice: tuple[int, ...], width_in: int, width: int, dropout: float) -> None:
        """Build a layer; it is residual where widths agree and the splice has a centre to add."""
        super().__init__()
        self.splice = splice
        self.affine = nn.Linear(len(splice) * width_in, width)
        self.norm = nn.BatchNorm1d(width)
        self.dropout = dropout
        self.residual = width_in == width

    def forward(self, below: torch.Tensor, stride: int, unit: int) -> torch.Tensor:
        """Map (batch, time, width) below to the times at which the whole splice is known."""
        offsets = [(s - self.splice[0]) // unit for s in self.splice]
        count = (below.shape[1] - 1 - offsets[-1]) // stride + 1
        slices = [below[:, o : o + (count - 1) * stride + 1 : stride] for o in offsets]
        hidden = self.affine(torch.cat(slices, 2))
        hidden = self.norm(hidden.flatten(0, 1)).view_as(hidden)
        if self.residual:
            hidden = hidden + slices[self.splice.index(0)]
        kept = nn.functional.dropout(hidden.new_ones(len(hidden), 1, hidden.shape[2]), self.dropout, self.training)
        return torch.relu(hidden) * kept


class Head(nn.Module):
    """One output per state: the row of its phone state, which all languages share, plus a (decayed) row of its own."""

    def __init__(self, width: int, languages: dict[str, Units]) -> None:
        """Start the states' own rows at zero: at first a phone sounds the same in every word and language."""
        super().__init__()
        self.phone = nn.Linear(width, len(ROWS))
        self.own = nn.ModuleDict({name: nn.Linear(width, units.state_count) for name, units in languages.items()})
        self.rows = {
            name: torch.tensor([row for unit in units.units for row in unit.rows]) for name, units in languages.items()
        }
        for own in self.own.values():
            nn.init.zeros_(own.weight)
            nn.init.zeros_(own.bias)

    def forward(self, hidden: torch.Tensor, language: str) -> torch.Tensor:
        """Return (batch, time, states) scores."""
        return nn.functional.linear(hidden, *self.weights(language)).float()

    def weights(self, language: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the matrix (states, width) and the bias that the two parts amount to."""
        row, own = self.rows[language], self.own[language]
        return self.phone.weight[row] + own.weight, self.phone.bias[row] + own.bias


class Network(nn.Module):
    """Cepstra to scores, by two heads: one for sequence training, one for frame cross-entropy.

    The layers below serve all languages: what the speakers of one teach them about voices, lines and noise is not lost
    for the others.
    """

    def __init__(self, languages: dict[str, Units], width: int, dropout: float = 0.05) -> None:
        """Build for the units of each language; `width` is the number of hidden channels."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(BANDS))
        self.register_buffer("deviation", torch.ones(BANDS))
        self.input = Layer(INPUT_SPLICE, BANDS, width, dropout)
        self.layers = nn.ModuleList(Layer(splice, width, width, dropout) for splice in SPLICES)
        self.sequence, self.frame = Head(width, languages), Head(width, languages)

    def forward(self, cepstra: torch.Tensor, language: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the two heads' scores, (batch, time / 3, states); edges are padded as the decoder pads them."""
        x = (cepstra - self.mean) / self.deviation
        before = x[:, :1].expand(-1, LEFT_CONTEXT, -1)
        after = x[:, -1:].expand(-1, RIGHT_CONTEXT + SUBSAMPLING - 1, -1)
        hidden = self.input(torch.cat([before, x, after], 1), SUBSAMPLING, 1)
        for layer in self.layers:
            hidden = layer(hidden, 1, SUBSAMPLING)
        return self.sequence(hidden, language), self.frame(hidden, language)
