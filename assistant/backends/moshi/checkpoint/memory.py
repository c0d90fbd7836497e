"""How much memory a model will take, from its dimensions alone: told before anything is loaded.

Weights are counted exactly (moshi's `LMModel`, Défossez et al. 2024, section 3.4); Mimi and what a
framework takes for itself are figures with some room in them. Nothing here imports a framework.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Required, TypedDict, Unpack

from assistant.backends.base import BackendError
from assistant.backends.moshi.contract import Quantization
from assistant.models.hardware import GIB

Framework = Literal["torch", "mlx"]
Config = Mapping[str, Any]

POSITIONS_PER_SECOND = 12.5
SHORTEST_CONTEXT = 30
"""Seconds below which a shorter context is not worth advising."""

STT_1B: Config = {
    "dim": 2048,
    "text_card": 8000,
    "n_q": 32,
    "dep_q": 0,
    "card": 2048,
    "num_heads": 16,
    "num_layers": 16,
    "hidden_scale": 4.125,
    "context": 750,
    "gating": "silu",
    "norm": "rms_norm_f32",
    "extra_heads_num_heads": 4,
    "extra_heads_dim": 6,
}
"""Dimensions of `kyutai/stt-1b-en_fr`, Kyutai's speech recognition."""

_MIMI = 450_000_000
"""96 million float32 weights and their streaming state."""
_OVERHEAD: dict[Framework, int] = {"torch": 1_000_000_000, "mlx": 500_000_000}
"""The driver's context, kernels, workspaces and activations."""
_SIZES: tuple[Quantization, ...] = ("none", "int8", "int4")
"""Best first."""
_LABELS: dict[Quantization, str] = {"none": "full precision", "int8": "int8", "int4": "int4"}
_BYTES: dict[tuple[Framework, Quantization], float] = {
    ("torch", "int8"): 1 + 4 / 1024,  # a float32 scale a row
    ("torch", "int4"): 0.5 + 4 / 64,  # scale and zero a group, bfloat16
    ("mlx", "int8"): 1 + 4 / 64,  # scale and bias a group, bfloat16
    ("mlx", "int4"): 0.5 + 4 / 32,
}
"""Bytes of a quantised weight, its share of the scales included."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Weights of a language model, by what quantisation does with them."""

    blocks: int
    """Linear layers of both transformers."""
    linears: int
    """Other linear layers: heads, and the way from one transformer to the other."""
    embeddings: int
    norms: int

    @property
    def total(self) -> int:
        return self.blocks + self.linears + self.embeddings + self.norms


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes, part by part."""

    weights: int
    kv_cache: int
    mimi: int
    overhead: int
    snapshots: int = 0
    listener: int = 0

    @property
    def total(self) -> int:
        parts = self.weights + self.kv_cache + self.mimi + self.overhead
        return parts + self.snapshots + self.listener

    def __str__(self) -> str:
        parts = {
            "weights": self.weights,
            "context": self.kv_cache,
            "Mimi": self.mimi,
            "framework": self.overhead,
            "personas": self.snapshots,
            "listener": self.listener,
        }
        shown = ", ".join(f"{name} {gib(size)}" for name, size in parts.items() if size)
        return f"{gib(self.total)} GiB ({shown})"


def positions_in(seconds: float) -> int:
    """Positions of so much context."""
    return round(seconds * POSITIONS_PER_SECOND)


def gib(size: int) -> str:
    """Bytes as "9.6", "24": GiB, as makers of memory count."""
    return f"{size / GIB:.1f}".removesuffix(".0")


def parameters(config: Config) -> Parameters:
    """Count the weights of the model that moshi's `LMModel(**config)` would be."""
    dim, text, card = config["dim"], config["text_card"], config["card"]
    steps = config["dep_q"]
    scale = config.get("hidden_scale", 4)
    norm = 2 if config.get("norm", "layer_norm") == "layer_norm" else 1
    embeddings = (config["n_q"] * (card + 1) + text + 1) * dim
    linears = dim * (config.get("text_card_out") or text)
    linears += config.get("extra_heads_num_heads", 0) * config.get("extra_heads_dim", 6) * dim
    layers = config["num_layers"]
    blocks = layers * (4 * dim**2 + _feed_forward(dim, int(scale * dim), config.get("gating")))
    norms = dim * norm * (2 * layers + 1)
    if config.get("layer_scale") is not None:
        norms += 2 * layers * dim
    if steps == 0:
        return Parameters(blocks, linears, embeddings, norms)
    inner = config["depformer_dim"]
    inner_layers = config["depformer_num_layers"]
    schedule = config.get("depformer_weights_per_step_schedule")
    sets = max(schedule) + 1 if schedule else steps
    own_sets = sets if config.get("depformer_weights_per_step") else 1
    linears += (sets if config.get("depformer_multi_linear") else 1) * dim * inner
    linears += steps * inner * card
    width = config.get("depformer_low_rank_embeddings")
    embeddings += ((steps - 1) * (card + 1) + text + 1) * (width or inner)
    linears += steps * width * inner if width else 0
    hidden = config.get("depformer_dim_feedforward") or int(scale * inner)
    gating = config.get("depformer_gating", config.get("gating"))
    widths = hidden if isinstance(hidden, Sequence) else [hidden] * own_sets
    blocks += inner_layers * own_sets * 4 * inner**2
    blocks += inner_layers * sum(_feed_forward(inner, each, gating) for each in widths)
    norms += inner * norm * 2 * inner_layers
    norms += steps * inner if config.get("depformer_norm") else 0
    return Parameters(blocks, linears, embeddings, norms)


def _feed_forward(dim: int, hidden: int, gating: str | None) -> int:
    """Weights of one feed-forward block; a gated one is narrower, to cost about the same."""
    if gating in (None, "none"):
        return 2 * dim * hidden
    narrowed = 21 * dim // 8 if hidden == 4 * dim else 2 * hidden // 3
    return 3 * dim * narrowed


def weight_bytes(
    config: Config, quantize: Quantization, framework: Framework, bytes_per_weight: int = 2
) -> int:
    """Bytes of the language model's weights. Torch quantises linear layers, MLX embeddings too.
    `bytes_per_weight` of what stays as it is."""
    counted = parameters(config)
    if quantize == "none":
        return counted.total * bytes_per_weight
    small = counted.blocks + counted.linears
    if framework == "mlx":
        small += counted.embeddings
    large = counted.total - small
    each = _BYTES[framework, quantize]
    if framework == "torch" and bytes_per_weight == 4 and quantize == "int4":
        each += 0.5  # a processor's int4 takes a byte
    return round(small * each) + large * bytes_per_weight


def cache_bytes(config: Config, positions: int, bytes_per_weight: int = 2) -> int:
    """Keys and values of the temporal transformer: what `positions` of context take."""
    return int(2 * config["num_layers"] * positions * config["dim"] * bytes_per_weight)


class MemoryOptions(TypedDict, total=False):
    """What else decides on the memory that a model takes."""

    framework: Required[Framework]
    listener: bool
    """Whether Kyutai's speech recognition listens beside it."""
    snapshots_bytes: int
    """What prepared personas may hold."""
    bytes_per_weight: int
    """Of weights that are not quantised, and of the cache: 2 for bfloat16, 4 for float32."""


def estimate(
    config: Config,
    quantize: Quantization,
    context_positions: int | None = None,
    **asked: Unpack[MemoryOptions],
) -> MemoryEstimate:
    """What a conversation with this model takes, once all of its context is used.

    `config` as in `Checkpoint.config`; `context_positions` None: the config's own.
    """
    framework = asked["framework"]
    width = asked.get("bytes_per_weight", 2)
    positions = config["context"] if context_positions is None else context_positions
    heard = 0
    if asked.get("listener"):
        heard = weight_bytes(STT_1B, "none", framework, width)
        heard += cache_bytes(STT_1B, STT_1B["context"], width)
        # rustymimi makes 8 codes or 32, not both, so that MLX keeps a second one.
        heard += _MIMI if framework == "mlx" else 0
    return MemoryEstimate(
        weights=weight_bytes(config, quantize, framework, width),
        kv_cache=cache_bytes(config, positions, width),
        mimi=_MIMI,
        overhead=_OVERHEAD[framework],
        snapshots=asked.get("snapshots_bytes", 0),
        listener=heard,
    )


def fits(needed: MemoryEstimate, free_bytes: int | None) -> bool:
    """Whether there is room; memory of unknown size counts as enough."""
    return free_bytes is None or needed.total <= free_bytes


def choose_quantization(
    config: Config,
    free_bytes: int | None,
    context_positions: int | None = None,
    *,
    stored: Quantization = "none",
    **asked: Unpack[MemoryOptions],
) -> tuple[Quantization, str]:
    """The best that fits into `free_bytes` (None: not known), and why, in one line.

    Weights that are `stored` quantised stay as they are. Where nothing fits, the smallest:
    `check_fits` tells then what can be done.
    """
    if stored != "none":
        return stored, f"the weights are {stored}"
    if free_bytes is None:
        return "int8", "the free memory is not known"
    too_large = ""
    for quantize in _SIZES:
        needed = estimate(config, quantize, context_positions, **asked)
        if fits(needed, free_bytes):
            reason = f"{_LABELS[quantize]} takes {gib(needed.total)} of {gib(free_bytes)} GiB"
            return quantize, f"{too_large}; {reason}" if too_large else reason
        too_large = f"{_LABELS[quantize]} would take {gib(needed.total)} GiB"
    return _SIZES[-1], f"{too_large}, {gib(free_bytes)} GiB are free"


def check_fits(
    config: Config,
    quantize: Quantization,
    free_bytes: int | None,
    context_positions: int | None = None,
    *,
    place: str = "the card",
    stored: Quantization = "none",
    **asked: Unpack[MemoryOptions],
) -> MemoryEstimate:
    """What the model will take. Where that is more than `free_bytes`, raises `BackendError` with
    the figures and with what would fit. `place`: "the card", "this Mac"."""
    needed = estimate(config, quantize, context_positions, **asked)
    if free_bytes is None or fits(needed, free_bytes):
        return needed
    ways = _ways_to_fit(config, quantize, free_bytes, context_positions, stored, asked)
    raise BackendError(
        f"{place} has {gib(free_bytes)} GiB free, Moshi in {_LABELS[quantize]} takes {needed}",
        f"{', or '.join(ways)}, or assistant config set backend.name cascade"
        if ways
        else "Close other programs that use it, or assistant config set backend.name cascade",
    )


def _ways_to_fit(
    config: Config,
    quantize: Quantization,
    free: int,
    context_positions: int | None,
    stored: Quantization,
    asked: MemoryOptions,
) -> list[str]:
    """Commands of which each alone would make it fit, the least loss first."""

    def total(quantize: Quantization, positions: int | None, asked: MemoryOptions) -> int:
        return estimate(config, quantize, positions, **asked).total

    ways = []
    deaf = MemoryOptions(**{**asked, "listener": False})
    if asked.get("listener") and total(quantize, context_positions, deaf) <= free:
        ways.append("backend.moshi.listener whisper")
    bare = MemoryOptions(**{**asked, "snapshots_bytes": 0})
    spare = free - total(quantize, context_positions, bare)
    if asked.get("snapshots_bytes") and spare >= 0:
        ways.append(f"backend.moshi.snapshot_mb {spare // 2**20}")
    position = cache_bytes(config, 1, asked.get("bytes_per_weight", 2))
    seconds = int((free - total(quantize, 0, asked)) / position / POSITIONS_PER_SECOND)
    if seconds >= SHORTEST_CONTEXT:
        ways.append(f"backend.moshi.context_seconds {seconds}")
    smaller = _SIZES[_SIZES.index(quantize) + 1 :] if stored == "none" else ()
    for each in smaller:
        if total(each, context_positions, asked) <= free:
            ways.append(f"backend.moshi.quantize {each}")
            break
    return [f"assistant config set {way}" for way in ways]
