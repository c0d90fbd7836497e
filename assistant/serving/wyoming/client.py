"""One client of the Wyoming server: what it asks, and what it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event, async_write_event
from wyoming.handle import Handled, NotHandled
from wyoming.info import Info
from wyoming.ping import Pong
from wyoming.tts import SynthesizeStopped

from assistant.audio.resample import OFFLINE, StreamResampler, mixdown
from assistant.audio.types import Float32
from assistant.audio.vad import RATE
from assistant.backends.cascade.synthesis.clauses import ClauseSplitter
from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.frames import SAMPLE_RATE
from assistant.language.languages import LANGUAGES
from assistant.personas.loading import LoadedPersonas, Persona
from assistant.serving.api.encoding import pcm16
from assistant.serving.api.engine import SpeechService
from assistant.serving.api.errors import ApiError, in_words
from assistant.serving.api.speech import MOST_CHARACTERS
from assistant.serving.api.voices import ends_sentence, find_persona, speech_of
from assistant.serving.conversations import Conversations, NoAnswer
from assistant.serving.wyoming.protocol import ProtocolError

MOST_SECONDS = 300.0
"""Of one recording."""
_CHUNK_SAMPLES = 2_400
"""Of an answer's sound: 0.1 s."""
_RATES = (8_000, 192_000)
_MOST_CHANNELS = 8
_WIDTHS = {2: "<i2", 4: "<i4"}
"""Bytes of a sample → its type."""
_MOST_NAMES = 2_000
"""Characters of names and terms that the recogniser is told."""


class _Speak(Protocol):
    """Says a text, the `last` one or one of several."""

    async def __call__(self, text: str, *, last: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Served:
    """What all clients share."""

    service: SpeechService
    conversations: Conversations
    personas: LoadedPersonas
    config: Config


async def tell(writer: asyncio.StreamWriter, event: Event) -> None:
    await async_write_event(event, writer)


class Client:
    """`take` its events in order; `close` when it has gone."""

    def __init__(
        self,
        served: Served,
        writer: asyncio.StreamWriter,
        agent: str,
        info: Callable[[], Info],
    ) -> None:
        self._served = served
        self._writer = writer
        self._agent = agent
        self._info = info
        self._own_name = uuid.uuid4().hex
        """Of the conversation of a client that gives it no name."""
        self._recording = _Recording()
        self._language = self._context = ""
        self._reading: _ReadAloud | None = None

    async def take(self, event: Event) -> None:
        """Raises `ProtocolError`, `AssistantError`, `ConnectionError`."""
        data = event.data
        match event.type:
            case "describe":
                await self._tell(self._info().event())
            case "ping":
                await self._tell(Pong(text=data.get("text")).event())
            case "select-program":
                self._select(_text(data, "name"))
            case "transcribe":
                self._begin_transcript(data)
            case "audio-start":
                self._recording = _Recording()
            case "audio-chunk":
                self._recording.add(data, event.payload or b"")
            case "audio-stop":
                await self._write_down()
            case "synthesize" if self._reading is None:
                await self._say(_text(data, "text"), data)
            case "synthesize-start":
                await self.close()
                self._reading = _ReadAloud(self._speaker(data))
            case "synthesize-chunk" if self._reading is not None:
                self._reading.add(_text(data, "text"))
            case "synthesize-stop" if self._reading is not None:
                await self._reading.finish()
                self._reading = None
                await self._tell(SynthesizeStopped().event())
            case "transcript":
                await self._answer(_text(data, "text"), data)
            case _:
                pass  # of a newer version of the protocol, or nothing to us

    async def close(self) -> None:
        if self._reading is not None:
            await self._reading.cancel()
            self._reading = None

    async def _tell(self, event: Event) -> None:
        await tell(self._writer, event)

    # -- recognition -----------------------------------------------------------------------------

    def _begin_transcript(self, data: dict[str, Any]) -> None:
        language = data.get("language")
        code = language.lower().replace("_", "-") if isinstance(language, str) else ""
        code = code.partition("-")[0]
        self._language = code if code in LANGUAGES else ""
        known = [*_strings(data, "transcript_names"), *_strings(data, "transcript_terms")]
        self._context = ", ".join(known)[:_MOST_NAMES]
        self._recording = _Recording()

    async def _write_down(self) -> None:
        sound, self._recording = self._recording.finish(), _Recording()
        text = await self._served.service.write_down(
            sound, RATE, language=self._language, context=self._context
        )
        await self._tell(Transcript(text=text, language=self._language or None).event())

    # -- voices ----------------------------------------------------------------------------------

    def _speaker(self, data: dict[str, Any]) -> _Speak:
        persona = self._voice(data)
        begun = False

        async def speak(text: str, *, last: bool) -> None:
            nonlocal begun
            if not begun:
                begun = True
                await self._tell(AudioStart(SAMPLE_RATE, 2, 1).event())
            if text:
                await self._send_sound(persona, text)
            if last:
                await self._tell(AudioStop().event())

        return speak

    def _voice(self, data: dict[str, Any]) -> Persona:
        voice = data.get("voice")
        name = voice.get("name") if isinstance(voice, dict) else None
        return find_persona(self._served.personas, name if isinstance(name, str) else self._agent)

    async def _say(self, text: str, data: dict[str, Any]) -> None:
        if len(text) > MOST_CHARACTERS:
            raise ApiError(400, f"{MOST_CHARACTERS:,} characters are the most that is said at once")
        await self._speaker(data)(text, last=True)

    async def _send_sound(self, persona: Persona, text: str) -> None:
        speech = speech_of(persona, text, expressive=self._served.config.voice.expressive)
        async with contextlib.aclosing(self._served.service.speak(speech)) as sounds:
            async for sound in sounds:
                for at in range(0, sound.size, _CHUNK_SAMPLES):
                    data = pcm16(sound[at : at + _CHUNK_SAMPLES])
                    await self._tell(AudioChunk(SAMPLE_RATE, 2, 1, data).event())

    # -- conversation ----------------------------------------------------------------------------

    def _select(self, name: str) -> None:
        """Another persona is spoken to from now on; what is none of them is another program's."""
        self._agent = self._served.personas.called(name) or self._agent

    async def _answer(self, text: str, data: dict[str, Any]) -> None:
        context = data.get("context")
        context = context if isinstance(context, dict) else {}
        name = context.get("conversation_id")
        name = name[:200] if isinstance(name, str) and name else self._own_name
        if not text.strip():
            await self._tell(NotHandled(text="There was nothing to answer.").event())
            return
        try:
            answer = await self._served.conversations.answer(self._agent, name, text)
        except NoAnswer:
            await self._tell(NotHandled(text="No answer came in time.").event())
            return
        except AssistantError as error:
            # This is said to who asked; an error would be told to nobody.
            await self._tell(NotHandled(text=f"{in_words(error).rstrip('.')}.").event())
            return
        await self._tell(Handled(text=answer, context={"conversation_id": name}).event())


class _Recording:
    """A client's sound as it comes, as 16 kHz mono."""

    def __init__(self) -> None:
        self._resampler: StreamResampler | None = None
        self._pieces: list[Float32] = []
        self._samples = 0
        self._rest = b""
        """The beginning of a sample whose end is in the next chunk: Home Assistant sends on what it
        is sent, cut anywhere."""

    def add(self, data: dict[str, Any], payload: bytes) -> None:
        """Raises `ProtocolError` for sound of another kind, or too much of it."""
        rate, width, channels = (_number(data, name) for name in ("rate", "width", "channels"))
        kind = _WIDTHS.get(width)
        if kind is None or not 1 <= channels <= _MOST_CHANNELS:
            raise ProtocolError("sound has 2 or 4 bytes a sample and 1 to 8 channels")
        if not _RATES[0] <= rate <= _RATES[1]:
            raise ProtocolError("sound has 8,000 to 192,000 samples a second")
        if self._resampler is None:
            self._resampler = StreamResampler(rate, RATE, OFFLINE)
        if self._resampler.rate_in != rate:
            raise ProtocolError("the rate of the sound has changed")
        payload = self._rest + payload
        whole = len(payload) // (width * channels) * width * channels
        self._rest = payload[whole:]
        samples = np.frombuffer(payload[:whole], kind).astype(np.float32) / 2 ** (8 * width - 1)
        self._keep(self._resampler.process(mixdown(samples.reshape(-1, channels))))

    def finish(self) -> Float32:
        if self._resampler is not None:
            self._keep(self._resampler.process(np.zeros(0, np.float32), last=True))
        return np.concatenate([np.zeros(0, np.float32), *self._pieces])

    def _keep(self, sound: Float32) -> None:
        self._samples += sound.size
        if self._samples > MOST_SECONDS * RATE:
            raise ProtocolError(f"more than {MOST_SECONDS:.0f} seconds of sound")
        self._pieces.append(sound)


class _ReadAloud:
    """A text that comes in pieces, spoken sentence by sentence beside that."""

    def __init__(self, speak: _Speak) -> None:
        self._speak = speak
        self._splitter = ClauseSplitter()
        self._sentence = ""
        self._characters = 0
        self._sentences: asyncio.Queue[str | None] = asyncio.Queue()
        self._work = asyncio.create_task(self._run(), name="wyoming-read-aloud")

    def add(self, text: str) -> None:
        """Raises `ProtocolError` where it is too much."""
        self._characters += len(text)
        if self._characters > 8 * MOST_CHARACTERS:
            raise ProtocolError("this text is too long")
        self._take(self._splitter.push(text))

    async def finish(self) -> None:
        """Returns once all of it was said. Raises what went wrong."""
        self._take(self._splitter.flush())
        self._sentences.put_nowait(self._sentence)
        self._sentences.put_nowait(None)
        await self._work

    async def cancel(self) -> None:
        self._work.cancel()
        await asyncio.wait({self._work})
        if not self._work.cancelled():
            self._work.exception()

    def _take(self, clauses: list[str]) -> None:
        for clause in clauses:
            self._sentence = f"{self._sentence} {clause}".strip()
            if ends_sentence(clause):
                self._sentences.put_nowait(self._sentence)
                self._sentence = ""

    async def _run(self) -> None:
        while (sentence := await self._sentences.get()) is not None:
            await self._speak(sentence, last=False)
        await self._speak("", last=True)


def _text(data: dict[str, Any], name: str) -> str:
    text = data.get(name)
    if not isinstance(text, str):
        raise ProtocolError(f"“{name}” has to be a text")
    return text


def _number(data: dict[str, Any], name: str) -> int:
    number = data.get(name)
    if not isinstance(number, int) or isinstance(number, bool):
        raise ProtocolError(f"“{name}” has to be a number")
    return number


def _strings(data: dict[str, Any], name: str) -> list[str]:
    found = data.get(name)
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
