"""What each persona brings for each backend, and what it needs to sound like itself there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.commands.models.inventory import Model
from assistant.config.schema import Config
from assistant.personas.loading import load_personas
from assistant.personas.schema import Persona, is_voice_name


@dataclass(frozen=True, slots=True)
class PersonaNeeds:
    """One persona."""

    slug: str
    name: str
    voice_prompt: str | None
    """Recording that a full-duplex model takes its voice from."""
    prompt_state: Literal["file", "missing", "name", "none"]
    personaplex: str
    """What PersonaPlex makes of it, in words."""
    moshi: str
    """What plain Moshi makes of it."""
    cascade: str
    """The voice it has there."""
    ready: dict[str, bool]
    """Whether the weights are here: `personaplex`, `moshi`, `cascade`."""

    def row(self) -> tuple[str, ...]:
        recording = Path(self.voice_prompt).name if self.voice_prompt else "none"
        if self.prompt_state == "missing":
            recording += " (missing)"
        return (self.name, recording, self.personaplex, self.cascade)

    def as_json(self) -> dict[str, Any]:
        return {
            "slug": self.slug,
            "name": self.name,
            "voice_prompt": self.voice_prompt,
            "voice_prompt_state": self.prompt_state,
            "backends": {
                kind: {"uses": getattr(self, kind), "ready": self.ready[kind]}
                for kind in ("personaplex", "moshi", "cascade")
            },
        }


def needs_of_personas(config: Config, models: Iterable[Model]) -> list[PersonaNeeds]:
    """All personas that can be loaded, in their order."""
    here = {model.kind for model in models if model.is_here}
    voices = {model.name for model in models if model.kind == "voice" and model.is_here}
    engine = config.backend.cascade.voice_engine
    ready = {
        "personaplex": "personaplex" in here,
        "moshi": "moshi" in here,
        "cascade": "whisper" in here and engine in voices,
    }
    personas = load_personas().loaded
    return [_needs(slug, persona, engine, ready) for slug, persona in personas.items()]


def _needs(slug: str, persona: Persona, engine: str, ready: dict[str, bool]) -> PersonaNeeds:
    recording = persona.moshi.voice_prompt
    state: Literal["file", "missing", "name", "none"] = "none"
    if recording is not None and is_voice_name(recording):
        state = "name"
    elif recording is not None:
        state = "file" if Path(recording).is_file() else "missing"
    with_voice = "its role and voice" if state in ("file", "name") else "its role, any voice"
    return PersonaNeeds(
        slug=slug,
        name=persona.name,
        voice_prompt=recording,
        prompt_state=state,
        personaplex=with_voice,
        moshi="look, greeting and tools",
        cascade=_spoken(persona, engine),
        ready=ready,
    )


def _spoken(persona: Persona, engine: str) -> str:
    voice = persona.voice
    if engine == "piper":
        words = f"piper {voice.piper or 'packaged voice'}"
    else:
        words = "kokoro " + " + ".join(voice.kokoro)
    return words if voice.effect == "none" else f"{words}, {voice.effect}"
