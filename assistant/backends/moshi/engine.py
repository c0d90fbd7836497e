"""One framework's model, codec and vocabulary, loaded as the config's `[backend.moshi]` asks.

Nothing here imports a framework; the modules that do are imported when it is known which.
"""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.audio.types import Float32
from assistant.backends.moshi.checkpoint.memory import (
    Framework,
    MemoryOptions,
    choose_quantization,
    estimate,
    positions_in,
)
from assistant.backends.moshi.contract import (
    Checkpoint,
    CheckpointKind,
    Codec,
    Codes,
    EngineSettings,
    LanguageModel,
    Progress,
    Quantization,
    Sampling,
    TextTokenizer,
)
from assistant.backends.moshi.prompts.prompting import EmbeddedVoice
from assistant.frames import PersonaPrompt

if TYPE_CHECKING:
    from assistant.models.hardware import Hardware

Options = dict[str, str | int | float | bool | None]
AGENT_CODEBOOKS = 8


@dataclass(frozen=True, slots=True)
class Engine:
    """What the backend drives; the codec comes last, when it is known who listens."""

    lm: LanguageModel
    tokenizer: TextTokenizer
    kind: CheckpointKind
    sampling: Sampling
    """As the config has it, for a persona that says nothing else."""
    make_codec: Callable[[int], Codec]
    """Codebooks of an encoded frame → a codec of its own streams."""
    load_voice: Callable[[str], list[Codes] | EmbeddedVoice]
    """Name or path of a voice → what the prompt takes. Any thread may call it; it may last
    seconds. Raises `BackendError`."""
    spare_bytes: int | None = None
    """Memory left for a listener, None where it is not known."""


LoadEngine = Callable[[Framework, Options, Progress], Engine]


def load_engine(framework: Framework, options: Options, progress: Progress) -> Engine:
    """Find the weights and load the language model. Downloads nothing.

    Raises `BackendError` where packages, weights or memory are missing.
    """
    from assistant.backends.moshi.checkpoint.finding import find_checkpoint
    from assistant.backends.moshi.contract import load_tokenizer

    source = options.get("weights")
    checkpoint = find_checkpoint(
        str(source) if source else None, framework, progress, download=False
    )
    settings, spare = settings_for(framework, options, checkpoint)
    progress(f"loading {checkpoint.name}", None)
    lm = _load_lm(framework, checkpoint, settings, progress)

    def make_codec(codebooks: int) -> Codec:
        return _load_codec(framework, checkpoint, settings, codebooks)

    return Engine(
        lm=lm,
        tokenizer=load_tokenizer(checkpoint.tokenizer),
        kind=checkpoint.kind,
        sampling=settings.sampling,
        make_codec=make_codec,
        load_voice=_voices(checkpoint, make_codec, progress),
        spare_bytes=spare,
    )


def settings_for(
    framework: Framework,
    options: Options,
    checkpoint: Checkpoint,
    hardware: Hardware | None = None,
) -> tuple[EngineSettings, int | None]:
    """How to load it here, and the bytes that are left then (None: not known)."""
    on_cpu, free = _place(framework, str(options.get("device") or "auto"), hardware)
    seconds = options.get("context_seconds")
    positions = None if seconds is None else positions_in(float(seconds))
    asked = MemoryOptions(
        framework=framework,
        snapshots_bytes=int(options.get("snapshot_mb") or 0) * 2**20,
        bytes_per_weight=4 if on_cpu else 2,
    )
    wanted = str(options.get("quantize") or "auto")
    quantize: Quantization
    if wanted == "auto":
        quantize, _ = choose_quantization(
            checkpoint.config, free, positions, stored=checkpoint.stored, **asked
        )
    else:
        quantize = {"int8": "int8", "int4": "int4"}.get(wanted, "none")  # type: ignore[assignment]
    needed = estimate(checkpoint.config, quantize, positions, **asked)
    seed = options.get("seed")
    settings = EngineSettings(
        device=str(options.get("device") or "auto"),
        dtype="float32" if on_cpu else "bfloat16",
        quantize=quantize,
        context=positions,
        sampling=_sampling(options),
        seed=None if seed is None else int(seed),
        cuda_graphs=options.get("cuda_graphs") is not False,
    )
    return settings, None if free is None else free - needed.total


def sampling_of(base: Sampling, options: Options, prompt: PersonaPrompt) -> Sampling:
    """The persona's randomness, where the config does not say otherwise."""
    sound, words = options.get("temperature"), options.get("text_temperature")
    return Sampling(
        temperature=prompt.temperature if sound is None else float(sound),
        text_temperature=prompt.text_temperature if words is None else float(words),
        top_k=base.top_k,
        top_k_text=base.top_k_text,
    )


def _sampling(options: Options) -> Sampling:
    usual = Sampling()
    sound, words = options.get("temperature"), options.get("text_temperature")
    return Sampling(
        temperature=usual.temperature if sound is None else float(sound),
        text_temperature=usual.text_temperature if words is None else float(words),
        top_k=int(options.get("top_k") or usual.top_k),
        top_k_text=int(options.get("top_k_text") or usual.top_k_text),
    )


def _place(framework: Framework, device: str, hardware: Hardware | None) -> tuple[bool, int | None]:
    """Whether it will run on the processor, and the bytes that are free there."""
    from assistant.models.hardware import card_number, survey

    found = hardware or survey()
    here = found.available or found.memory or None
    if framework == "mlx":
        on_metal = found.apple_silicon and device != "cpu"
        return not on_metal and platform.system() != "Darwin", found.metal_memory or here
    if device == "cpu" or not (found.cards or device.startswith("cuda")):
        return True, here
    index = card_number(device) or 0
    return False, found.cards[index].free if index < len(found.cards) else None


def _load_lm(
    framework: Framework, checkpoint: Checkpoint, settings: EngineSettings, progress: Progress
) -> LanguageModel:
    if framework == "mlx":
        from assistant.backends.moshi.mlx import model as mlx_lm

        return mlx_lm.load_language_model(checkpoint, settings, progress)
    from assistant.backends.moshi.torch import model as torch_lm

    return torch_lm.load_language_model(checkpoint, settings, progress)


def _load_codec(
    framework: Framework, checkpoint: Checkpoint, settings: EngineSettings, codebooks: int
) -> Codec:
    if framework == "mlx":
        from assistant.backends.moshi.mlx import codec as mlx_codec

        return mlx_codec.load_codec(checkpoint, settings, codebooks=codebooks)
    from assistant.backends.moshi.torch import codec as torch_codec

    return torch_codec.load_codec(checkpoint, settings, codebooks=codebooks)


def _voices(
    checkpoint: Checkpoint, make_codec: Callable[[int], Codec], progress: Progress
) -> Callable[[str], list[Codes] | EmbeddedVoice]:
    def load(name: str) -> list[Codes] | EmbeddedVoice:
        from assistant.backends.moshi.prompts.voices import load_voice
        from assistant.locations import voice_cache_dir

        # A codec of its own: the conversation's is in the middle of the user's sentence.
        folder: Path = voice_cache_dir() / "moshi"
        return load_voice(name, checkpoint, LazyCodec(make_codec), folder, progress)

    return load


class LazyCodec:
    """A codec that is loaded when something is to be encoded: mostly the result is kept."""

    codebooks = AGENT_CODEBOOKS

    def __init__(self, make: Callable[[int], Codec]) -> None:
        self._make = make
        self._codec: Codec | None = None
        self._lock = threading.Lock()

    def _loaded(self) -> Codec:
        with self._lock:
            if self._codec is None:
                self._codec = self._make(self.codebooks)
            return self._codec

    def encode(self, frame: Float32) -> Codes:
        return self._loaded().encode(frame)

    def decode(self, codes: Codes) -> Float32:
        return self._loaded().decode(codes)

    def reset_encoder(self) -> None:
        if self._codec is not None:
            self._codec.reset_encoder()

    def reset_decoder(self) -> None:
        if self._codec is not None:
            self._codec.reset_decoder()
