"""Trained networks as one `am/final.mdl`: Kaldi's nnet3 in binary form.

Several networks stand side by side and their scores are averaged. Source: Kaldi nnet3/nnet-nnet.cc,
nnet-simple-component.cc (FixedAffineComponent, RectifiedLinearComponent), am-nnet-simple.cc.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from speech.lexicon.decoder_phones import decoder_phones
from speech.lexicon.units import Units
from speech.training import kaldi_format as kaldi
from speech.training.features import BANDS
from speech.training.network import Layer, Network
from speech.training.splices import INPUT_SPLICE, LEFT_CONTEXT, RIGHT_CONTEXT, SPLICES


@dataclass
class _Graph:
    """Config lines and components under construction."""

    lines: list[str] = field(default_factory=list)
    components: list[bytes] = field(default_factory=list)

    def add(self, name: str, source: str, component: bytes) -> str:
        self.lines.append(f"component-node name={name} component={name} input={source}")
        self.components.append(kaldi.token("<ComponentName>") + kaldi.token(name) + component)
        return name


def _affine(weight: np.ndarray, bias: np.ndarray) -> bytes:
    parts = [kaldi.token("<FixedAffineComponent>"), kaldi.token("<LinearParams>")]
    parts += [kaldi.compressed_matrix(weight.tolist()), kaldi.token("<BiasParams>"), kaldi.vector(bias.tolist())]
    return b"".join([*parts, kaldi.token("</FixedAffineComponent>")])


def _relu(width: int) -> bytes:
    empty, zero = kaldi.vector([]), kaldi.float64(0.0)
    statistics = {"ValueAvg": empty, "DerivAvg": empty, "Count": zero, "OderivRms": empty, "OderivCount": zero}
    statistics |= {"NumDimsSelfRepaired": zero, "NumDimsProcessed": zero}
    parts = [kaldi.token("<RectifiedLinearComponent>"), kaldi.token("<Dim>"), kaldi.int32(width)]
    for name, value in statistics.items():
        parts += [kaldi.token(f"<{name}>"), value]
    return b"".join([*parts, kaldi.token("</RectifiedLinearComponent>")])


def _folded(layer: Layer) -> tuple[np.ndarray, np.ndarray]:
    """Return the affine transform that a layer's affine transform and batch norm amount to."""
    norm = layer.norm
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    weight = layer.affine.weight * scale[:, None]
    bias = (layer.affine.bias - norm.running_mean) * scale + norm.bias
    return weight.double().numpy(), bias.double().numpy()


def _append(source: str, splice: tuple[int, ...]) -> str:
    return "Append(" + ", ".join(source if o == 0 else f"Offset({source}, {o})" for o in splice) + ")"


def _add_network(graph: _Graph, k: int, net: Network, output: tuple[np.ndarray, np.ndarray]) -> str:
    weight, bias = _folded(net.input)
    shift = np.tile((net.mean / net.deviation).numpy(), len(INPUT_SPLICE))
    bias, weight = bias - weight @ shift, weight / np.tile(net.deviation.numpy(), len(INPUT_SPLICE))
    affine = graph.add(f"n{k}.0.affine", _append("input", INPUT_SPLICE), _affine(weight, bias))
    below = graph.add(f"n{k}.0.relu", affine, _relu(len(bias)))
    for i, (layer, splice) in enumerate(zip(net.layers, SPLICES, strict=True), 1):
        affine = graph.add(f"n{k}.{i}.affine", _append(below, splice), _affine(*_folded(layer)))
        below = graph.add(f"n{k}.{i}.relu", f"Sum({affine}, {below})", _relu(len(bias)))
    return graph.add(f"n{k}.output", below, _affine(*output))


def _output_rows(
    net: Network, language: str, prior: torch.Tensor, frame_weight: float, prior_weight: float
) -> tuple[np.ndarray, np.ndarray]:
    """Add the frame head, less its prior, to the sequence head: a posterior divided by a prior is a likelihood."""
    weight, bias = net.sequence.weights(language)
    frame, frame_bias = net.frame.weights(language)
    weight = weight + frame_weight * frame
    bias = bias + frame_weight * (frame_bias - prior_weight * prior.log())
    return weight.double().numpy(), bias.double().numpy()


@torch.no_grad()
def acoustic_model(
    languages: dict[str, Units], language: str, weights: list[Path], frame_weight: float, prior_weight: float
) -> bytes:
    """Return the contents of `final.mdl` for one language of networks stored by `train.train`."""
    graph, outputs = _Graph(["<Nnet3> ", f"input-node name=input dim={BANDS}"]), []
    for k, path in enumerate(weights):
        stored = torch.load(path, weights_only=True)
        net = Network(languages, stored["width"])
        net.load_state_dict(stored["state"])
        rows, bias = _output_rows(net, language, stored["prior"][language], frame_weight, prior_weight)
        outputs.append(_add_network(graph, k, net, (rows / len(weights), bias / len(weights))))
    total = outputs[0]
    for name in outputs[1:]:
        total = f"Sum({total}, {name})"
    graph.lines += [f"output-node name=output input={total} objective=linear", "", ""]
    phones = [form.outputs for form in decoder_phones(languages[language]).forms]
    parts = [kaldi.BINARY_HEADER, kaldi.transition_model(phones), "\n".join(graph.lines).encode()]
    parts += [kaldi.token("<NumComponents>"), kaldi.int32(len(graph.components)), *graph.components]
    parts += [kaldi.token("</Nnet3>"), kaldi.token("<LeftContext>"), kaldi.int32(LEFT_CONTEXT)]
    parts += [kaldi.token("<RightContext>"), kaldi.int32(RIGHT_CONTEXT), kaldi.token("<Priors>"), kaldi.vector([])]
    return b"".join(parts)
