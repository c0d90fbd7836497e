"""Whether Moshi can run on this machine: chip, packages, weights, memory, in this order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.backends.base import BackendError, BackendReport, Look, packages_missing
from assistant.backends.moshi.checkpoint.memory import (
    Config as LmConfig,
)
from assistant.backends.moshi.checkpoint.memory import (
    Framework,
    MemoryEstimate,
    MemoryOptions,
    check_fits,
    choose_quantization,
    gib,
    positions_in,
)
from assistant.backends.moshi.contract import Checkpoint, Quantization
from assistant.errors import AssistantError
from assistant.models.environments import inspect, python_of
from assistant.models.hardware import Card, Hardware, card_number

if TYPE_CHECKING:
    from assistant.config.schema import Config

MODULES: dict[Framework, tuple[str, ...]] = {
    "torch": ("torch", "moshi", "sentencepiece", "safetensors"),
    "mlx": ("mlx", "moshi_mlx", "rustymimi", "sentencepiece"),
}
NO_CHIP = "no NVIDIA card or Apple chip"


@dataclass(frozen=True, slots=True)
class ComputeDevice:
    """Where the model would run."""

    name: str
    """For people: "NVIDIA RTX A2000", "Apple Silicon", "the processor"."""
    free: int | None
    """Bytes that it may take; None where it is not known."""
    fast: bool = True
    """Whether it may keep up with speech."""


class Unsuited(AssistantError):
    """Moshi cannot run here."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How the configured model would run here."""

    place: ComputeDevice
    checkpoint: Checkpoint
    quantize: Quantization
    needed: MemoryEstimate

    def __str__(self) -> str:
        how = "" if self.quantize == "none" else f" {self.quantize}"
        room = "" if self.place.free is None else f" of {gib(self.place.free)} free"
        return (
            f"{self.checkpoint.name}{how} on {self.place.name}, about"
            f" {gib(self.needed.total)} GiB{room}"
        )


def name_of(framework: Framework) -> str:
    return f"moshi-{framework}"


def check_moshi(framework: Framework, config: Config, look: Look) -> BackendReport:
    """Reason and remedy of the first thing that is missing."""
    name = name_of(framework)
    try:
        place = place_of(framework, config, look())
        check_packages(framework, config)
        fit = fit_of(framework, config, place)
        check_quantizer(framework, config, fit)
    except Unsuited as error:
        return BackendReport(name, False, error.message, error.remedy)
    except BackendError as error:
        return BackendReport(name, False, *_in_a_line(error))
    return BackendReport(name, True, str(fit), suited=place.fast)


def place_of(framework: Framework, config: Config, hardware: Hardware) -> ComputeDevice:
    """The device that the settings mean. Raises `Unsuited`."""
    device = config.backend.moshi.device
    if framework == "mlx" and hardware.apple_silicon:
        if hardware.macos and int(hardware.macos.split(".")[0]) < 14:
            raise Unsuited(f"MLX needs macOS 14 or newer, this is {hardware.macos}")
        memory = hardware.metal_memory or None
        return ComputeDevice("Apple Silicon", memory, fast=device != "cpu")
    if device == "cpu":
        return ComputeDevice(
            "the processor", hardware.available or hardware.memory or None, fast=False
        )
    if framework == "mlx":
        raise Unsuited("no Apple chip")
    return _card(device, hardware)


def _card(device: str, hardware: Hardware) -> ComputeDevice:
    if hardware.trouble:
        raise Unsuited(hardware.trouble, "Check NVIDIA's driver.")
    if not hardware.cards:
        if device.startswith("cuda"):
            # Asked for by name: there are cards that NVIDIA's tool does not know.
            return ComputeDevice(device, None)
        raise Unsuited("no NVIDIA card", "assistant config set backend.moshi.device cpu")
    number = card_number(device)
    if number is not None and number >= len(hardware.cards):
        count = len(hardware.cards)
        raise Unsuited(
            f"there is no card {device}, this machine has {count}",
            "assistant config set backend.moshi.device auto",
        )
    card: Card = hardware.cards[number or 0]
    return ComputeDevice(card.name, card.free)


def check_packages(framework: Framework, config: Config) -> None:
    """Raises `Unsuited` where the backend's interpreter lacks what it imports."""
    _check(framework, config, MODULES[framework])


def check_quantizer(framework: Framework, config: Config, fit: Fit) -> None:
    """Raises `Unsuited` where weights are to be quantised, and torchao is not there to do it."""
    if framework == "torch" and fit.quantize != "none":
        _check(framework, config, ("torchao",))


def _check(framework: Framework, config: Config, modules: tuple[str, ...]) -> None:
    name = name_of(framework)
    lacking = packages_missing(config, modules, python_of(name))
    if lacking is None:
        return
    reason, remedy = lacking
    environment = inspect(name)
    if config.backend.python is None and environment.state != "absent":
        reason = f"the environment of {name} cannot be used: {environment.why}"
    raise Unsuited(reason, remedy or f"assistant setup {name}")


def fit_of(framework: Framework, config: Config, place: ComputeDevice) -> Fit:
    """The configured weights in this place. Raises `BackendError` where they are not here, are no
    weights, or do not fit."""
    from assistant.backends.moshi.checkpoint.finding import find_checkpoint

    source = config.backend.moshi.weights
    checkpoint = find_checkpoint(source, framework, lambda text, part: None, download=False)
    return _fit(framework, config, place, checkpoint)


def _fit(framework: Framework, config: Config, place: ComputeDevice, checkpoint: Checkpoint) -> Fit:
    lm: LmConfig = checkpoint.config
    moshi = config.backend.moshi
    seconds = moshi.context_seconds
    positions = None if seconds is None else positions_in(seconds)
    asked = MemoryOptions(
        framework=framework,
        listener=moshi.listener == "stt",  # `auto` takes Whisper where there is no room
        snapshots_bytes=moshi.snapshot_mb * 2**20,
        bytes_per_weight=4 if framework == "torch" and not place.fast else 2,
    )
    stored = checkpoint.stored
    if moshi.quantize == "auto":
        quantize, _ = choose_quantization(lm, place.free, positions, stored=stored, **asked)
    else:
        quantize = moshi.quantize if stored == "none" else stored
    needed = check_fits(
        lm, quantize, place.free, positions, place=place.name, stored=stored, **asked
    )
    return Fit(place, checkpoint, quantize, needed)


def why_not_moshi(reports: dict[str, BackendReport], hardware: Hardware) -> str:
    """Of what this machine could run, why it does not: one line for the status bar."""
    if hardware.apple_silicon:
        return reports["moshi-mlx"].in_short
    if hardware.cards:
        return reports["moshi-torch"].in_short
    return hardware.trouble or NO_CHIP


def _in_a_line(error: BackendError) -> tuple[str, str]:
    message = error.message.rstrip(".")
    if message.startswith("The"):
        message = message[:1].lower() + message[1:]
    return message, error.remedy.removeprefix("Run: ")
