"""ONNX models of a few nodes, written byte by byte: onnx.proto3 of the ONNX specification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

FLOAT, INT64 = 1, 7
_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.int64): INT64}


def varint(number: int) -> bytes:
    digits = []
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def message(number: int, value: bytes | int) -> bytes:
    """One field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


@dataclass
class TinyModel:
    """Nodes in the order in which they are run."""

    inputs: Mapping[str, tuple[int, int]]
    """Type and number of dimensions."""
    outputs: Sequence[str]
    nodes: list[bytes] = field(default_factory=list)
    weights: list[bytes] = field(default_factory=list)

    def weight(self, name: str, values: Any, kind: type = np.float32) -> str:
        array = np.asarray(values, kind)
        shape = b"".join(message(1, length) for length in array.shape)
        about = message(2, _TYPES[array.dtype]) + message(8, name.encode())
        self.weights.append(message(5, shape + about + message(9, array.tobytes())))
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, **numbers: int) -> str:
        names = b"".join(message(1, name.encode()) for name in inputs)
        body = names + message(2, output.encode()) + message(4, operator.encode())
        for name, value in numbers.items():
            body += message(5, message(1, name.encode()) + message(3, value) + message(20, 2))
        self.nodes.append(message(1, body))
        return output

    def data(self) -> bytes:
        declared = [message(11, _value(name, *of)) for name, of in self.inputs.items()]
        given = [message(12, _value(name, FLOAT, 0)) for name in self.outputs]
        graph = b"".join([*self.nodes, message(2, b"graph"), *self.weights, *declared, *given])
        opset = message(1, b"") + message(2, 17)
        return message(1, 8) + message(7, graph) + message(8, opset)


def _value(name: str, kind: int, dimensions: int) -> bytes:
    """A declaration; without dimensions nothing is said of the shape."""
    tensor = message(1, kind)
    if dimensions:
        tensor += message(2, b"".join(message(1, message(2, b"d")) for _ in range(dimensions)))
    return message(1, name.encode()) + message(2, message(1, tensor))
