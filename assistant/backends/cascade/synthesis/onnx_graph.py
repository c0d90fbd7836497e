"""Cuts a part out of an ONNX model, so that it can be run by itself.

An ONNX file is a protobuf message (onnx.proto3 of the ONNX specification). Only the fields that a
cut needs are read, and whatever is kept is copied byte by byte, so neither the `onnx` package nor
protobuf has to be installed. Subgraphs (If, Loop, Scan) are not looked into.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT, _GRAPH_VALUE_INFO = 1, 5, 11, 12, 13
_NODE_INPUT, _NODE_OUTPUT = 1, 2
_TENSOR_NAME, _VALUE_NAME, _VALUE_TYPE = 8, 1, 2
_FLOAT = b"\x0a\x02\x08\x01"
"""TypeProto: a tensor (field 1) of elements (field 1) that are float32 (1), of any shape."""


@dataclass(frozen=True, slots=True)
class _Field:
    number: int
    raw: memoryview
    """All of it, its key included."""
    value: memoryview
    """What a field of bytes holds; empty for numbers."""


class OnnxModel:
    """A model, read once, of which parts are taken."""

    def __init__(self, data: bytes) -> None:
        """`data`: a whole file. Raises `ValueError` where it is no ONNX model."""
        fields = list(_fields(memoryview(data)))
        graphs = [field for field in fields if field.number == _MODEL_GRAPH]
        if len(graphs) != 1:
            raise ValueError("not an ONNX model: it has no graph")
        self._head = [field for field in fields if field.number != _MODEL_GRAPH]
        self._nodes: list[_Node] = []
        self._weights: dict[str, _Field] = {}
        self._values: dict[str, _Field] = {}
        self._rest: list[_Field] = []
        for field in _fields(graphs[0].value):
            if field.number == _GRAPH_NODE:
                self._nodes.append(_node(field))
            elif field.number == _GRAPH_INITIALIZER:
                self._weights[_name(field, _TENSOR_NAME)] = field
            elif field.number in (_GRAPH_INPUT, _GRAPH_OUTPUT, _GRAPH_VALUE_INFO):
                self._values[_name(field, _VALUE_NAME)] = field
            else:
                self._rest.append(field)

    def part(self, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
        """What makes `outputs` out of `inputs`, as a model of its own.

        `inputs` may be any values; those that are no inputs of the whole model become float32
        tensors of any shape. Raises `ValueError` where `outputs` need more than `inputs` and
        weights.
        """
        kept, given = _needed(self._nodes, frozenset(inputs), outputs)
        missing = given - self._weights.keys() - set(inputs)
        if missing:
            raise ValueError(f"the outputs need {min(missing)!r} too")
        graph: list[bytes | memoryview] = [
            *(node.field.raw for node in kept),
            *(field.raw for name, field in self._weights.items() if name in given - set(inputs)),
            *(self._declared(_GRAPH_INPUT, name) for name in inputs),
            *(self._declared(_GRAPH_OUTPUT, name) for name in outputs),
            *(field.raw for field in self._rest),
        ]
        head: list[bytes | memoryview] = [field.raw for field in self._head]
        return b"".join([*head, _bytes_field(_MODEL_GRAPH, b"".join(graph))])

    def _declared(self, number: int, name: str) -> bytes:
        """The declaration of a value, its own where it has one."""
        if name in self._values:
            return _bytes_field(number, bytes(self._values[name].value))
        named = _bytes_field(_VALUE_NAME, name.encode())
        return _bytes_field(number, named + _bytes_field(_VALUE_TYPE, _FLOAT))


@dataclass(frozen=True, slots=True)
class _Node:
    field: _Field
    takes: list[str]
    gives: list[str]


def _node(field: _Field) -> _Node:
    node = _Node(field, [], [])
    for part in _fields(field.value):
        if part.number == _NODE_INPUT:
            node.takes.append(str(part.value, "utf-8"))
        elif part.number == _NODE_OUTPUT:
            node.gives.append(str(part.value, "utf-8"))
    return node


def _needed(
    nodes: Sequence[_Node], inputs: frozenset[str], outputs: Sequence[str]
) -> tuple[list[_Node], set[str]]:
    """Which nodes are needed, in their order; and the values that none of them makes."""
    maker = {name: at for at, node in enumerate(nodes) for name in node.gives if name}
    kept: set[int] = set()
    given: set[str] = set()
    waiting, seen = [*outputs], set(outputs)
    while waiting:
        name = waiting.pop()
        at = None if name in inputs else maker.get(name)
        if at is None:
            given.add(name)
            continue
        kept.add(at)
        new = [each for each in nodes[at].takes if each and each not in seen]
        seen.update(new)
        waiting += new
    return [nodes[at] for at in sorted(kept)], given


def _name(field: _Field, number: int) -> str:
    """Its name; "" where it has none."""
    found = (part.value for part in _fields(field.value) if part.number == number)
    return str(next(found, memoryview(b"")), "utf-8")


# The wire format of protobuf: fields one after another, each a key (number and type) and a value.


def _fields(message: memoryview) -> Iterator[_Field]:
    at = 0
    try:
        while at < len(message):
            start = at
            key, at = _varint(message, at)
            value = message[:0]
            if key & 7 == _VARINT:
                _, at = _varint(message, at)
            elif key & 7 == _BYTES:
                length, at = _varint(message, at)
                value = message[at : at + length]
                at += length
            elif key & 7 in (_FIXED64, _FIXED32):
                at += 8 if key & 7 == _FIXED64 else 4
            else:
                raise ValueError(f"not an ONNX model: a field of type {key & 7}")
            if at > len(message):
                raise ValueError("not an ONNX model: it ends within a field")
            yield _Field(key >> 3, message[start:at], value)
    except IndexError:
        raise ValueError("not an ONNX model: it ends within a number") from None


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def _bytes_field(number: int, value: bytes) -> bytes:
    return b"".join(_encoded([number << 3 | _BYTES, len(value)])) + value


def _encoded(numbers: Iterable[int]) -> Iterator[bytes]:
    for number in numbers:
        while number > 0x7F:
            yield bytes([number & 0x7F | 0x80])
            number >>= 7
        yield bytes([number])
