"""Kaldi's binary file format, as far as an acoustic model needs it. No dependencies.

Source: Kaldi base/io-funcs-inl.h (a number is preceded by its size in bytes, a token followed by a space), matrix/
kaldi-matrix.cc and kaldi-vector.cc ("FM", "FV"), matrix/compressed-matrix.cc ("CM"), hmm/transition-model.cc,
hmm/hmm-topology.cc.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

BINARY_HEADER = b"\0B"
_LEVELS = 65535


def token(text: str) -> bytes:
    """Return a token."""
    return text.encode("ascii") + b" "


def int32(value: int) -> bytes:
    """Return a 32-bit integer."""
    return b"\x04" + struct.pack("<i", value)


def float32(value: float) -> bytes:
    """Return a single-precision number."""
    return b"\x04" + struct.pack("<f", value)


def float64(value: float) -> bytes:
    """Return a double-precision number."""
    return b"\x08" + struct.pack("<d", value)


def int32_vector(values: Sequence[int]) -> bytes:
    """Return a vector of integers: element size, count, elements."""
    return b"\x04" + struct.pack(f"<i{len(values)}i", len(values), *values)


def vector(values: Sequence[float]) -> bytes:
    """Return a vector of floats."""
    return token("FV") + int32(len(values)) + struct.pack(f"<{len(values)}f", *values)


def matrix(rows: Sequence[Sequence[float]]) -> bytes:
    """Return a matrix of floats, row by row."""
    flat = [value for row in rows for value in row]
    head = token("FM") + int32(len(rows)) + int32(len(rows[0]) if rows else 0)
    return head + struct.pack(f"<{len(flat)}f", *flat)


def compressed_matrix(rows: Sequence[Sequence[float]]) -> bytes:
    """Return a matrix in one byte per element, which Kaldi expands on reading.

    Half of a column's values, those in the middle, share 128 of its 256 levels. Source: compressed-matrix.cc, format
    kOneByteWithColHeaders ("CM"): least value, range, rows and columns without size bytes; for every column its least
    value, quartiles and greatest value in sixteen-bit steps of range / 65535; then the bytes, column by column.
    """
    flat = [value for row in rows for value in row]
    least = min(flat)
    span = (max(flat) - least) or 1.0
    headers, columns = [], []
    for column in zip(*rows, strict=True):
        steps = _quartile_steps(column, least, span)
        headers.append(struct.pack("<4H", *steps))
        marks = [least + span / _LEVELS * step for step in steps]
        columns.append(bytes(_byte(value, marks) for value in column))
    head = struct.pack("<ffii", least, span, len(rows), len(rows[0]))
    return token("CM") + head + b"".join(headers) + b"".join(columns)


def _quartile_steps(column: Sequence[float], least: float, span: float) -> list[int]:
    """Return least value, quartiles and greatest value as steps, each at least one above the one before."""
    values, last = sorted(column), len(column) - 1
    picked = (values[0], values[last // 4], values[3 * last // 4], values[last])
    steps = [math.floor((value - least) / span * _LEVELS) for value in picked]
    steps[3] = math.ceil((picked[3] - least) / span * _LEVELS)
    steps[0] = min(steps[0], _LEVELS - 3)
    for i in range(1, 4):
        steps[i] = max(steps[i - 1] + 1, min(steps[i], _LEVELS - 3 + i))
    return steps


def _byte(value: float, marks: Sequence[float]) -> int:
    """Return a value's level between the marks of its column: 64 levels below the first quartile, 63 above the last."""
    if value < marks[1]:
        level = 64 * (value - marks[0]) / (marks[1] - marks[0])
    elif value < marks[2]:
        level = 64 + 128 * (value - marks[1]) / (marks[2] - marks[1])
    else:
        level = 192 + 63 * (value - marks[2]) / (marks[3] - marks[2])
    return min(255, max(0, round(level)))


def transition_model(phones: Sequence[Sequence[Sequence[int]]]) -> bytes:
    """Return a transition model: phone k + 1 is a row of states, each of which has one of the outputs in `phones[k]`.

    Phones may share outputs; a state with several outputs counts once for each. A state repeats or advances with
    probability 1/2. Transition ids count from 1: state s of all has 2s + 1 (repeat) and 2s + 2 (advance).
    Source: transition-model.cc, "<Triples>" is phone, state of the phone, output; sorted.
    """
    lengths = sorted({len(outputs) for outputs in phones})
    numbers = range(1, len(phones) + 1)
    parts = [token("<TransitionModel>"), token("<Topology>"), int32_vector(list(numbers))]
    parts += [int32_vector([-1, *(lengths.index(len(outputs)) for outputs in phones)]), int32(len(lengths))]
    for n in lengths:
        parts.append(int32(n + 1))
        for s in range(n):  # output class, number of transitions, then target and probability of each
            parts += [int32(s), int32(2), int32(s), float32(0.5), int32(s + 1), float32(0.5)]
        parts += [int32(-1), int32(0)]  # the final state emits nothing
    total = sum(len(outputs) for states in phones for outputs in states)
    parts += [token("</Topology>"), token("<Triples>"), int32(total)]
    for phone, outputs in zip(numbers, phones, strict=True):
        for s, possible in enumerate(outputs):
            for output in possible:
                parts += [int32(phone), int32(s), int32(output)]
    parts += [token("</Triples>"), token("<LogProbs>"), vector([0.0] + [math.log(0.5)] * (2 * total))]
    parts += [token("</LogProbs>"), token("</TransitionModel>")]
    return b"".join(parts)
