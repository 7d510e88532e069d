"""A large stand-in: the shipped model with a wide network beside its own, whose scores count nothing.

It hears exactly what the shipped model hears, and costs about what the official small English model does (0.1 to 0.2 of
real time on one core): the added layers have random weights, their output has weights of zero. Some layers share their
weights, so that these are 16 MB, about as many as that model's. Made from the shipped `final.mdl` in a second, without
any training code but the writer of Kaldi's format.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
from pathlib import Path
from typing import Final

from speech.training import kaldi_format as kaldi

# Source: measured, about 0.1 of real time on one core of this kind of machine (an Intel Xeon).
WIDTH: Final = 1024
LAYERS: Final = 12
WEIGHTS: Final = 4
_COMPONENTS: Final = kaldi.token("<NumComponents>")


def write_stand_in(shipped: Path, out: Path, width: int = WIDTH, layers: int = LAYERS) -> Path:
    """Write the stand-in's folder and answer it; raises `ValueError` for a network of another shape than ours."""
    shutil.copytree(shipped, out)
    path = out / "am" / "final.mdl"
    path.write_bytes(widened(path.read_bytes(), width, layers))
    return out


def widened(network: bytes, width: int, layers: int) -> bytes:
    """The network with `layers` wide ones beside it that change nothing."""
    dim = re.search(rb"input-node name=input dim=(\d+)\n", network)
    output = re.search(rb"output-node name=output input=(\S.*?) objective=linear\n", network)
    count_at = network.find(_COMPONENTS) + len(_COMPONENTS)
    scores = _output_width(network)
    if dim is None or output is None or count_at < len(_COMPONENTS) or scores is None:
        raise ValueError("this network is not in the form that our training writes")
    made = {
        "wide.input": _affine(width, int(dim[1]), random=True),
        **{f"wide.{number}": _affine(width, width, random=True) for number in range(WEIGHTS)},
        "wide.relu": _relu(width),
        "wide.output": _affine(scores, width, random=False),
    }
    used = ["wide.input", *(name for number in range(layers) for name in (f"wide.{number % WEIGHTS}", "wide.relu"))]
    lines, source = [], "input"
    for number, name in enumerate([*used, "wide.output"]):
        lines.append(f"component-node name=wide.node{number} component={name} input={source}\n")
        source = f"wide.node{number}"
    components = [kaldi.token("<ComponentName>") + kaldi.token(name) + body for name, body in made.items()]
    (count,) = struct.unpack_from("<i", network, count_at + 1)
    end = network.index(kaldi.token("</Nnet3>"), count_at)
    return b"".join(
        [
            network[: output.start()],
            "".join(lines).encode(),
            b"output-node name=output input=Sum(" + output[1] + f", {source}) objective=linear\n".encode(),
            network[output.end() : count_at],
            kaldi.int32(count + len(components)),
            network[count_at + 5 : end],
            *components,
            network[end:],
        ]
    )


def _output_width(network: bytes) -> int | None:
    """How many scores the network gives: the length of the last bias."""
    last = network.rfind(kaldi.token("<BiasParams>") + kaldi.token("FV"))
    if last < 0:
        return None
    (found,) = struct.unpack_from("<i", network, last + len("<BiasParams> FV ") + 1)
    return int(found)


def _affine(rows: int, columns: int, *, random: bool) -> bytes:
    """Weights around zero that keep the size of what goes through; all zero where not `random`."""
    span = 2 * (3.0 / columns) ** 0.5 if random else 0.0
    # Two bytes for each weight. Source: see `kaldi_format.compressed_matrix`.
    steps = os.urandom(2 * rows * columns) if random else bytes(2 * rows * columns)
    head = kaldi.token("CM2") + struct.pack("<ffii", -span / 2, span, rows, columns)
    parts = [kaldi.token("<FixedAffineComponent>"), kaldi.token("<LinearParams>"), head, steps]
    bias = kaldi.token("FV") + kaldi.int32(rows) + bytes(4 * rows)
    return b"".join([*parts, kaldi.token("<BiasParams>"), bias, kaldi.token("</FixedAffineComponent>")])


def _relu(width: int) -> bytes:
    empty, zero = kaldi.vector([]), kaldi.float64(0.0)
    parts = [kaldi.token("<RectifiedLinearComponent>"), kaldi.token("<Dim>"), kaldi.int32(width)]
    for name in ("ValueAvg", "DerivAvg"):
        parts += [kaldi.token(f"<{name}>"), empty]
    parts += [kaldi.token("<Count>"), zero, kaldi.token("<OderivRms>"), empty]
    for name in ("OderivCount", "NumDimsSelfRepaired", "NumDimsProcessed"):
        parts += [kaldi.token(f"<{name}>"), zero]
    return b"".join([*parts, kaldi.token("</RectifiedLinearComponent>")])
