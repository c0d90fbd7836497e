"""What `assistant bench moshi` asks of the process that measures, and what that one reports.

JSON lines: one `BenchPlan` on the command line, `MeasuringReport`s on standard output. Imports no
framework, so that the host may read it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from assistant.backends.moshi.contract import Quantization

Framework = Literal["torch", "mlx"]
Dims = Literal["tiny", "7b"]


class BenchPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One model to measure."""

    framework: Framework
    device: str = "auto"
    """As in `[backend.moshi]`; MLX knows `auto`, `gpu` and `cpu`."""
    dims: Dims = "tiny"
    quantize: Quantization = "none"
    context: float | None = None
    """Seconds that attention reaches back; None: as the dimensions say."""
    frames: int | None = None
    """Frames of each kind; None: as many as take about half a minute."""
    graphs: bool = True
    """CUDA graphs; without effect elsewhere."""
    large_on_cpu: bool = False
    """The person knows that 7B dimensions on a processor take long."""


class MeasuringReport(msgspec.Struct, frozen=True, tag=True):
    """Anything the measuring process says."""


class Doing(MeasuringReport, frozen=True):
    """Progress, in words."""

    text: str


class Facts(MeasuringReport, frozen=True):
    """What is being measured, in the order in which it is printed: "device" → "NVIDIA …"."""

    values: dict[str, str]


class Measured(MeasuringReport, frozen=True):
    """One quantity with all its samples; none where it was not measured, and `note` says why."""

    name: str
    unit: str
    values: tuple[float, ...]
    note: str = ""


class NotMeasured(MeasuringReport, frozen=True):
    """It cannot be measured here."""

    message: str
    remedy: str


AnyReport = Doing | Facts | Measured | NotMeasured
_REPORTS: msgspec.json.Decoder[AnyReport] = msgspec.json.Decoder(AnyReport)


def encode(message: BenchPlan | MeasuringReport) -> str:
    """One line of JSON, without its end."""
    return msgspec.json.encode(message).decode()


def decode_plan(line: str) -> BenchPlan:
    return msgspec.json.decode(line, type=BenchPlan)


def decode_report(line: str) -> AnyReport | None:
    """None where a library has printed something of its own."""
    try:
        return _REPORTS.decode(line)
    except msgspec.DecodeError:
        return None
