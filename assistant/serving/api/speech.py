"""`POST /v1/audio/speech`: a text in a persona's voice, as it is rendered (OpenAI, "Create
speech")."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.personas.loading import LoadedPersonas
from assistant.serving.access_control import SAFE_HEADERS, read_body
from assistant.serving.api.encoding import DEFAULT_FORMAT, MEDIA_TYPES, encoder, formats
from assistant.serving.api.engine import SpeechService
from assistant.serving.api.errors import ApiError, in_words
from assistant.serving.api.voices import SPEEDS, delivery_in, find_persona, speech_of

MOST_CHARACTERS = 4_096
_MOST_BYTES = 200_000
"""Of a request: each character may be written in twelve."""
_BODY_SECONDS = 20.0


class _Voice(msgspec.Struct):
    id: str


class SpeechRequest(msgspec.Struct):
    """The body; what else stands in it is left alone."""

    input: str
    voice: str | _Voice = ""
    """"": the persona of the settings."""
    model: str = ""
    """Whatever it is: there is one."""
    response_format: str = DEFAULT_FORMAT
    speed: float = 1.0
    instructions: str | None = None
    stream_format: Literal["audio", "sse"] = "audio"

    @property
    def voice_name(self) -> str:
        return self.voice if isinstance(self.voice, str) else self.voice.id


class SpeechEndpoint:
    def __init__(self, service: SpeechService, personas: LoadedPersonas, config: Config) -> None:
        self._service = service
        self._personas = personas
        self._config = config

    async def __call__(self, request: Request) -> Response:
        """Raises `ApiError`, and `HTTPException` for a body that is too large or too slow."""
        wanted = _read(await read_body(request, _MOST_BYTES, _BODY_SECONDS))
        persona = find_persona(self._personas, wanted.voice_name or self._config.session.persona)
        delivery = delivery_in(wanted.instructions or "")
        speech = speech_of(
            persona,
            wanted.input,
            speed=wanted.speed,
            delivery=delivery,
            expressive=self._config.voice.expressive,
        )
        stream = encoder(wanted.response_format)(self._service.speak(speech))
        try:
            first = await anext(stream, b"")
        except AssistantError:
            await stream.aclose()
            raise
        if not first:
            raise ApiError(
                400,
                "nothing in this text can be said",
                "Words are said; marks and pictures are not.",
                param="input",
            )
        headers = SAFE_HEADERS | {
            "Assistant-Persona": persona.slug,
            "Assistant-Speed": f"{speech.rate:g}",
            "Assistant-Delivery": delivery or "own",
        }
        media = MEDIA_TYPES[wanted.response_format]
        chunks = _with_first(first, stream)
        if wanted.stream_format == "sse":
            chunks, media = _events(chunks), "text/event-stream"
        return Streamed(chunks, headers=headers, media_type=media)


class Streamed(StreamingResponse):  # type: ignore[misc]
    """What makes it is closed at once where the client has gone."""

    async def stream_response(self, send: Send) -> None:
        chunks = self.body_iterator
        try:
            await super().stream_response(send)
        finally:
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()


def _read(body: bytes) -> SpeechRequest:
    """Raises `ApiError` for what cannot be meant."""
    try:
        wanted = msgspec.json.decode(body, type=SpeechRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(400, f"this is no such request: {error}") from None
    if len(wanted.input) > MOST_CHARACTERS:
        raise ApiError(
            400,
            f"the text has {len(wanted.input):,} characters, and {MOST_CHARACTERS:,} are the most",
            "Send it in several requests.",
            param="input",
            code="string_above_max_length",
        )
    if not wanted.input.strip():
        raise ApiError(400, "there is no text to say", param="input")
    low, high = SPEEDS
    if not low <= wanted.speed <= high:
        raise ApiError(400, f"the speed has to be between {low:g} and {high:g}", param="speed")
    known = formats()
    if wanted.response_format not in known:
        remedy = f"There are {', '.join(known)}"
        if wanted.response_format in MEDIA_TYPES:
            remedy += "; with ffmpeg installed where this server runs, all of OpenAI's"
        raise ApiError(
            400,
            f"this server does not write “{wanted.response_format[:20]}”",
            f"{remedy}.",
            param="response_format",
        )
    return wanted


async def _with_first(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


async def _events(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """As server-sent events: `speech.audio.delta` with Base64, then `speech.audio.done`. What
    breaks off is told by an event "error"."""
    async with contextlib.aclosing(chunks):
        try:
            async for chunk in chunks:
                audio = base64.b64encode(chunk).decode("ascii")
                yield sse({"type": "speech.audio.delta", "audio": audio})
        except AssistantError as error:
            failed = {"type": "server_error", "message": in_words(error)}
            yield b"event: error\n" + sse({"type": "error", "error": failed})
            return
    yield sse({"type": "speech.audio.done"})


def sse(content: object) -> bytes:
    """One server-sent event (HTML, section 9.2)."""
    return f"data: {json.dumps(content, ensure_ascii=False)}\n\n".encode("utf-8", "replace")
