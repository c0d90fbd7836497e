"""Sound that the client itself divides into turns: kept until it commits, then written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np

from assistant.audio.types import Float32
from assistant.errors import AssistantError
from assistant.frames import SAMPLE_RATE
from assistant.serving.api.engine import SpeechService
from assistant.serving.api.errors import in_words
from assistant.serving.realtime.protocol import EventError, Json
from assistant.serving.realtime.responses import Send

MOST_SECONDS = 300.0
"""Of sound that is committed at once."""
_LEAST_SECONDS = 0.1

OnWords = Callable[[Json, str, float], None]
"""An item of the user's, what is said in it, and its seconds."""


class CommittedSound:
    """`on_words` is told what is said, `Send` where that cannot be known."""

    def __init__(self, service: SpeechService, send: Send, on_words: OnWords) -> None:
        self._service = service
        self._send = send
        self._on_words = on_words
        self._pieces: list[Float32] = []
        self._samples = 0
        self._under_way: set[asyncio.Task[None]] = set()

    def add(self, sound: Float32) -> None:
        """Float32 [n], 24 kHz. Raises `EventError` where it is too much."""
        if self._samples + sound.size > MOST_SECONDS * SAMPLE_RATE:
            raise EventError(
                f"{MOST_SECONDS:.0f} seconds are the most that is committed at once",
                code="input_audio_buffer_full",
            )
        self._pieces.append(sound)
        self._samples += sound.size

    def clear(self) -> None:
        self._pieces.clear()
        self._samples = 0

    def take(self) -> Float32:
        """All of it, which is committed now. Raises `EventError` where there is hardly any."""
        sound = np.concatenate([np.zeros(0, np.float32), *self._pieces])
        self.clear()
        if sound.size < _LEAST_SECONDS * SAMPLE_RATE:
            raise EventError(
                f"there are {round(1000 * sound.size / SAMPLE_RATE)} ms of sound, and 100 is the "
                "least",
                code="input_audio_buffer_commit_empty",
            )
        return sound

    def write_down(self, item: Json, sound: Float32, wanted: Json) -> None:
        """In the background; `wanted`: language and prompt."""
        work = self._write_down(item, sound[: round(MOST_SECONDS * SAMPLE_RATE)], wanted)
        task = asyncio.create_task(work, name="realtime-transcript")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def when_written(self, go_on: Callable[[], None]) -> None:
        """Once nothing is being written down any more: at once, where nothing is."""
        if not self._under_way:
            go_on()
            return
        waiting = asyncio.gather(*self._under_way, return_exceptions=True)
        waiting.add_done_callback(lambda done: None if done.cancelled() else go_on())

    def close(self) -> None:
        for task in self._under_way:
            task.cancel()

    async def _write_down(self, item: Json, sound: Float32, wanted: Json) -> None:
        try:
            text = await self._service.write_down(
                sound,
                SAMPLE_RATE,
                language=str(wanted.get("language", ""))[:2],
                context=str(wanted.get("prompt", "")),
            )
        except AssistantError as error:
            kind = "conversation.item.input_audio_transcription.failed"
            told = {"type": "server_error", "message": in_words(error)}
            self._send({"type": kind, "item_id": item["id"], "content_index": 0, "error": told})
            return
        self._on_words(item, text, sound.size / SAMPLE_RATE)
