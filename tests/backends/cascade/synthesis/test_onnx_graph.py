"""A part of a model, run by itself, gives what it gave within the whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from assistant.backends.cascade import onnx
from assistant.backends.cascade.synthesis.onnx_graph import OnnxModel


def varint(number: int) -> bytes:
    digits = []
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def value_info(name: str) -> bytes:
    shape = field(2, field(1, field(2, b"n")))
    return field(1, name.encode()) + field(2, field(1, field(1, 1) + shape))


def node(operator: str, inputs: Sequence[str], output: str) -> bytes:
    names = b"".join(field(1, name.encode()) for name in inputs)
    return names + field(2, output.encode()) + field(4, operator.encode())


def weight(name: str, values: Sequence[float]) -> bytes:
    data = np.array(values, np.float32).tobytes()
    return field(1, len(values)) + field(2, 1) + field(8, name.encode()) + field(9, data)


def model() -> bytes:
    """y = (-(2 x) + 1)², and a branch that nobody asks for."""
    graph = [
        field(1, node("Mul", ["x", "two"], "doubled")),
        field(1, node("Neg", ["doubled"], "negative")),
        field(1, node("Add", ["negative", "one"], "sum")),
        field(1, node("Mul", ["sum", "sum"], "y")),
        field(1, node("Abs", ["x"], "unused")),
        field(2, b"graph"),
        field(5, weight("two", [2.0])),
        field(5, weight("one", [1.0])),
        field(11, value_info("x")),
        field(12, value_info("y")),
    ]
    opset = field(1, b"") + field(2, 17)
    return field(1, 8) + field(7, b"".join(graph)) + field(8, opset)


def run(data: bytes, **inputs: np.ndarray) -> np.ndarray:
    return np.asarray(onnx.open_session(data, 1).run(None, inputs)[0])


X = np.array([-1.5, 0.0, 4.0], np.float32)


def test_two_halves_give_what_the_whole_gives() -> None:
    first = OnnxModel(model()).part(["x"], ["negative"])
    second = OnnxModel(model()).part(["negative"], ["y"])
    np.testing.assert_array_equal(run(first, x=X), -2 * X)
    np.testing.assert_array_equal(run(second, negative=run(first, x=X)), run(model(), x=X))


def test_a_part_holds_only_its_own_weights() -> None:
    whole = OnnxModel(model())
    first, second = whole.part(["x"], ["negative"]), whole.part(["negative"], ["y"])
    assert (b"two" in first, b"one" in first) == (True, False)
    assert (b"two" in second, b"one" in second) == (False, True)
    assert b"unused" not in first + second


def test_an_input_that_is_lacking_is_named() -> None:
    with pytest.raises(ValueError, match="'x'"):
        OnnxModel(model()).part(["sum"], ["doubled"])


@pytest.mark.parametrize(
    "broken", [b"", b"no model at all", model()[:-30], model()[: len(model()) // 2]]
)
def test_what_is_no_model_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="ONNX"):
        OnnxModel(broken)
