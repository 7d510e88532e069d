"""Kaldi's binary format, read back by a reader written for the test."""

import math
import struct

import pytest

from speech.training import kaldi_format as kaldi


class Reader:
    """Reads what the writer wrote, following Kaldi's own readers."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def unpack(self, form: str) -> tuple:
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def token(self) -> str:
        end = self.data.index(b" ", self.at)
        text, self.at = self.data[self.at : end].decode(), end + 1
        return text

    def int32(self) -> int:
        size, value = self.unpack("bi")
        assert size == 4
        return value

    def float32(self) -> float:
        size, value = self.unpack("bf")
        assert size == 4
        return value

    def int32_vector(self) -> list[int]:
        size, count = self.unpack("bi")
        assert size == 4
        return list(self.unpack(f"{count}i"))

    def vector(self) -> list[float]:
        assert self.token() == "FV"
        return list(self.unpack(f"{self.int32()}f"))

    def matrix(self) -> list[list[float]]:
        kind = self.token()
        if kind == "FM":
            rows, columns = self.int32(), self.int32()
            return [list(self.unpack(f"{columns}f")) for _ in range(rows)]
        assert kind == "CM"
        least, span, rows, columns = self.unpack("ffii")
        marks = [[least + span / 65535 * step for step in self.unpack("4H")] for _ in range(columns)]
        back = [[self.level(code, mark) for code in self.unpack(f"{rows}B")] for mark in marks]
        return [list(row) for row in zip(*back, strict=True)]

    @staticmethod
    def level(code: int, marks: list[float]) -> float:
        if code <= 64:
            return marks[0] + (marks[1] - marks[0]) * code / 64
        if code <= 192:
            return marks[1] + (marks[2] - marks[1]) * (code - 64) / 128
        return marks[2] + (marks[3] - marks[2]) * (code - 192) / 63


def test_numbers_and_vectors_come_back():
    data = kaldi.int32(-7) + kaldi.float32(0.5) + kaldi.int32_vector([3, -1]) + kaldi.vector([1.5, -2.0])
    reader = Reader(data)
    assert reader.int32() == -7
    assert reader.float32() == 0.5
    assert reader.int32_vector() == [3, -1]
    assert reader.vector() == [1.5, -2.0]
    assert reader.at == len(data)


def test_a_double_is_marked_by_its_size():
    assert kaldi.float64(1.0) == b"\x08" + struct.pack("<d", 1.0)


def test_a_matrix_comes_back_row_by_row():
    rows = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert Reader(kaldi.matrix(rows)).matrix() == rows


def test_a_compressed_matrix_comes_back_within_a_step_of_its_column():
    rows = [[math.sin(3 * i + j) * (1 + j) for j in range(5)] for i in range(40)]
    data = kaldi.compressed_matrix(rows)
    back = Reader(data).matrix()
    for j in range(5):
        column = sorted(row[j] for row in rows)
        widest = max((column[9] - column[0]) / 64, (column[29] - column[9]) / 128, (column[39] - column[29]) / 63)
        for row, expected in zip(back, rows, strict=True):
            assert row[j] == pytest.approx(expected[j], abs=widest / 2 + 10 / 65535)
    assert len(data) == len(b"CM ") + 16 + 5 * 8 + 40 * 5


@pytest.mark.parametrize("rows", [[[0.25, 0.25]], [[1.0], [1.0], [1.0]], [[-3.0, 5.0], [2.0, 5.0]]])
def test_a_compressed_matrix_of_few_values_comes_back(rows):
    span = max(map(max, rows)) - min(map(min, rows))
    for row, expected in zip(Reader(kaldi.compressed_matrix(rows)).matrix(), rows, strict=True):
        assert row == pytest.approx(expected, abs=max(span, 1) / 60)


def test_the_transition_model_lists_every_state_in_order_and_lets_phones_share_outputs():
    reader = Reader(kaldi.transition_model([[[0]], [[1], [2], [3]], [[2, 3]]]))
    assert [reader.token(), reader.token()] == ["<TransitionModel>", "<Topology>"]
    assert reader.int32_vector() == [1, 2, 3]
    entry_of_phone = reader.int32_vector()
    entries = []
    for _ in range(reader.int32()):
        states = reader.int32()
        for s in range(states - 1):
            assert (reader.int32(), reader.int32()) == (s, 2)
            assert (reader.int32(), reader.float32(), reader.int32(), reader.float32()) == (s, 0.5, s + 1, 0.5)
        assert (reader.int32(), reader.int32()) == (-1, 0)
        entries.append(states - 1)
    assert [entries[e] for e in entry_of_phone[1:]] == [1, 3, 1]
    assert [reader.token(), reader.token()] == ["</Topology>", "<Triples>"]
    triples = [(reader.int32(), reader.int32(), reader.int32()) for _ in range(reader.int32())]
    assert triples == [(1, 0, 0), (2, 0, 1), (2, 1, 2), (2, 2, 3), (3, 0, 2), (3, 0, 3)]
    assert [reader.token(), reader.token()] == ["</Triples>", "<LogProbs>"]
    assert len(reader.vector()) == 1 + 2 * 6
    assert [reader.token(), reader.token()] == ["</LogProbs>", "</TransitionModel>"]
    assert reader.at == len(reader.data)
