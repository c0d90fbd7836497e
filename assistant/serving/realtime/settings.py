"""What a client may set of a conversation: `session.update`, as far as it can be had here. What
cannot is told, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from assistant.personas.loading import LoadedPersonas
from assistant.serving.api.errors import ApiError, in_words
from assistant.serving.api.voices import find_persona
from assistant.serving.realtime.protocol import EventError, Json, object_of, text_of
from assistant.tools.executor import MAX_CONTENT

MOST_INSTRUCTIONS = 8_000
MOST_TOOLS = 64
_SILENCE_MS = (200, 3_000)
_SPEEDS = (0.25, 1.5)
_MODALITIES = (["audio"], ["text"])
_PCM = {"type": "audio/pcm", "rate": 24_000}


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """Who decides when the user's turn is over: we do, by his voice and his words."""

    create_response: bool = True
    interrupt_response: bool = True
    silence_ms: int = 480
    """Silence after which a turn is over, where its words do not tell."""

    def told(self) -> Json:
        return {
            "type": "server_vad",
            "threshold": 0.5,
            "prefix_padding_ms": 300,
            "silence_duration_ms": self.silence_ms,
            "create_response": self.create_response,
            "interrupt_response": self.interrupt_response,
        }


@dataclass(frozen=True, slots=True)
class FunctionTool:
    """A tool that the client runs."""

    name: str
    description: str
    parameters: Json
    """JSON schema of an object."""

    def schema(self) -> Json:
        """As a brain is told of it."""
        return {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
        }

    def told(self) -> Json:
        return {"type": "function", **self.schema()}


@dataclass(frozen=True, slots=True)
class SessionSettings:
    voice: str
    """Slug of the persona."""
    kind: str = "realtime"
    """Or "transcription": nothing is answered."""
    model: str = "gpt-realtime"
    instructions: str = ""
    modality: str = "audio"
    transcription: Json | None = field(default_factory=lambda: {"model": "whisper-1"})
    turns: TurnDetection | None = field(default_factory=TurnDetection)
    """None: the client commits."""
    speed: float = 1.0
    tools: tuple[FunctionTool, ...] = ()

    @property
    def answers(self) -> bool:
        """By itself, once the user is done."""
        return self.kind == "realtime" and self.turns is not None and self.turns.create_response

    def told(self, session: str) -> Json:
        """As `session.created` and `session.updated` have it."""
        sound: Json = {
            "input": {
                "format": _PCM,
                "transcription": self.transcription,
                "noise_reduction": None,
                "turn_detection": self.turns.told() if self.turns else None,
            }
        }
        common: Json = {"type": self.kind, "id": session, "audio": sound}
        if self.kind == "transcription":
            return common | {"object": "realtime.transcription_session"}
        sound["output"] = {"format": _PCM, "voice": self.voice, "speed": self.speed}
        return common | {
            "object": "realtime.session",
            "model": self.model,
            "output_modalities": [self.modality],
            "instructions": self.instructions,
            "tools": [tool.told() for tool in self.tools],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
        }

    def updated(self, wanted: Json, personas: LoadedPersonas, *, begun: bool) -> SessionSettings:
        """With what `wanted` (the object "session") sets; the rest stays. `begun`: voice and
        silences hold until the end. Raises `EventError`."""
        new = self
        kind = text_of(wanted, "type", most=40, otherwise=self.kind)
        if kind not in ("realtime", "transcription"):
            raise EventError("a session is “realtime” or “transcription”", param="session.type")
        new = replace(new, kind=kind)
        if "instructions" in wanted:
            new = replace(new, instructions=text_of(wanted, "instructions", most=MOST_INSTRUCTIONS))
        if wanted.get("output_modalities") is not None:
            given = modality_of(wanted["output_modalities"], "session.output_modalities")
            new = replace(new, modality=given)
        if wanted.get("tools") is not None:
            new = replace(new, tools=function_tools(wanted["tools"], "session.tools"))
        if wanted.get("audio") is not None:
            audio = object_of(wanted, "audio")
            new = _with_input(new, audio.get("input"), begun=begun)
            new = _with_output(new, audio.get("output"), personas, begun=begun)
        return new


def _with_input(settings: SessionSettings, wanted: object, *, begun: bool) -> SessionSettings:
    if wanted is None:
        return settings
    given = object_of({"audio.input": wanted}, "audio.input")
    _check_format(given.get("format"), "session.audio.input.format")
    if "transcription" in given:
        transcription = given["transcription"]
        if transcription is not None:
            transcription = _transcription(object_of(given, "transcription"))
        settings = replace(settings, transcription=transcription)
    if "turn_detection" in given:
        detection = given["turn_detection"]
        if detection is None:
            return replace(settings, turns=None)
        turns = _turns(object_of(given, "turn_detection"), settings.turns or TurnDetection())
        if begun and settings.turns and turns.silence_ms != settings.turns.silence_ms:
            raise EventError(
                "how long a silence ends a turn holds for the whole conversation",
                param="session.audio.input.turn_detection.silence_duration_ms",
            )
        settings = replace(settings, turns=turns)
    return settings


def _transcription(wanted: Json) -> Json:
    """Of its fields the language is heeded; the model is that of the settings."""
    return {
        name: text_of(wanted, name, most=1_000)
        for name in ("model", "language", "prompt")
        if wanted.get(name) is not None
    }


def _turns(wanted: Json, before: TurnDetection) -> TurnDetection:
    where = "session.audio.input.turn_detection"
    kind = text_of(wanted, "type", most=40, otherwise="server_vad")
    if kind not in ("server_vad", "semantic_vad"):
        raise EventError("turns are found by “server_vad” or “semantic_vad”", param=where)
    silence = wanted.get("silence_duration_ms")
    silence = before.silence_ms if silence is None else silence
    if not isinstance(silence, int) or not _SILENCE_MS[0] <= silence <= _SILENCE_MS[1]:
        low, high = _SILENCE_MS
        raise EventError(f"silence_duration_ms has to be {low} to {high}", param=where)
    return TurnDetection(
        create_response=wanted.get("create_response") is not False,
        interrupt_response=wanted.get("interrupt_response") is not False,
        silence_ms=silence,
    )


def _with_output(
    settings: SessionSettings, wanted: object, personas: LoadedPersonas, *, begun: bool
) -> SessionSettings:
    if wanted is None:
        return settings
    given = object_of({"audio.output": wanted}, "audio.output")
    _check_format(given.get("format"), "session.audio.output.format")
    if (speed := given.get("speed")) is not None:
        low, high = _SPEEDS
        if not isinstance(speed, int | float) or not low <= speed <= high:
            raise EventError(
                f"the speed has to be {low:g} to {high:g}", param="session.audio.output.speed"
            )
        settings = replace(settings, speed=float(speed))
    voice = given.get("voice")
    if isinstance(voice, dict):
        voice = voice.get("id")
    if voice is None:
        return settings
    slug = _persona(voice, personas)
    if begun and slug != settings.voice:
        raise EventError(
            "the voice holds for the whole conversation; who is asked to changes himself",
            param="session.audio.output.voice",
            code="cannot_update_voice",
        )
    return replace(settings, voice=slug)


def _persona(voice: object, personas: LoadedPersonas) -> str:
    try:
        return find_persona(personas, voice if isinstance(voice, str) else "").slug
    except ApiError as error:
        raise EventError(in_words(error), param="session.audio.output.voice") from None


def _check_format(wanted: object, where: str) -> None:
    if wanted is None:
        return
    rate = wanted.get("rate", 24_000) if isinstance(wanted, dict) else None
    if not isinstance(wanted, dict) or wanted.get("type") != "audio/pcm" or rate != 24_000:
        raise EventError("sound is “audio/pcm” of 24,000 samples a second", param=where)


def modality_of(wanted: object, where: str) -> str:
    """ "audio" or "text". Raises `EventError`, with `where` as what is wrong."""
    if wanted not in _MODALITIES:
        raise EventError("an answer is [“audio”] (with its transcript) or [“text”]", param=where)
    return str(wanted[0])


def function_tools(wanted: Any, where: str) -> tuple[FunctionTool, ...]:
    """Raises `EventError`, with `where` as what is wrong."""
    if not isinstance(wanted, list) or len(wanted) > MOST_TOOLS:
        raise EventError(f"tools are a list of {MOST_TOOLS} at most", param=where)
    tools = tuple(_tool(each, where) for each in wanted)
    if len({tool.name for tool in tools}) < len(tools):
        raise EventError("two tools have one name", param=where)
    return tools


def _tool(wanted: object, where: str) -> FunctionTool:
    if not isinstance(wanted, dict) or wanted.get("type", "function") != "function":
        raise EventError("a tool is a function of the client's", param=where)
    name = text_of(wanted, "name", most=64)
    if not name.replace("_", "").replace("-", "").isalnum() or not name.isascii():
        raise EventError(f"“{name}” is no name of a function", param=where)
    parameters = wanted.get("parameters") or {"type": "object", "properties": {}}
    if not isinstance(parameters, dict):
        raise EventError("parameters are a JSON schema", param=where)
    description = text_of(wanted, "description", most=MAX_CONTENT, otherwise="")
    return FunctionTool(name, description or name, parameters)
