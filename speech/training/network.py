"""The acoustic network: a small time-delay net (TDNN) with residual connections.

One output every 30 ms; each layer sees three outputs of the layer below (`splices`).
Source: Peddinti, Povey, Khudanpur 2015 (TDNN with sub-sampling); He et al. 2016 (residual connections).
"""

from __future__ import annotations

import torch
from torch import nn

from speech.training.features import BANDS
from speech.training.lexicon import Units
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
    """One output per word state: the row of its phone state, plus a (decayed) row of its own."""

    def __init__(self, width: int, units: Units) -> None:
        """Start the words' own rows at zero: at first a phone sounds the same in every word."""
        super().__init__()
        self.phone = nn.Linear(width, len(units.phones))
        self.own = nn.Linear(width, units.state_count)
        nn.init.zeros_(self.own.weight)
        nn.init.zeros_(self.own.bias)
        self.register_buffer("row", torch.tensor(units.phone_of_state))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return (batch, time, states) scores."""
        return self.phone(hidden)[..., self.row] + self.own(hidden)

    def weights(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the matrix (states, width) and the bias that the two parts amount to."""
        return self.phone.weight[self.row] + self.own.weight, self.phone.bias[self.row] + self.own.bias


class Network(nn.Module):
    """Cepstra to scores, by two heads: one for sequence training, one for frame cross-entropy."""

    def __init__(self, units: Units, width: int, dropout: float = 0.05) -> None:
        """Build for the given units; `width` is the number of hidden channels."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(BANDS))
        self.register_buffer("deviation", torch.ones(BANDS))
        self.input = Layer(INPUT_SPLICE, BANDS, width, dropout)
        self.layers = nn.ModuleList(Layer(splice, width, width, dropout) for splice in SPLICES)
        self.sequence, self.frame = Head(width, units), Head(width, units)

    def forward(self, cepstra: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the two heads' scores, (batch, time / 3, states); edges are padded as the decoder pads them."""
        x = (cepstra - self.mean) / self.deviation
        before = x[:, :1].expand(-1, LEFT_CONTEXT, -1)
        after = x[:, -1:].expand(-1, RIGHT_CONTEXT + SUBSAMPLING - 1, -1)
        hidden = self.input(torch.cat([before, x, after], 1), SUBSAMPLING, 1)
        for layer in self.layers:
            hidden = layer(hidden, 1, SUBSAMPLING)
        return self.sequence(hidden), self.frame(hidden)
