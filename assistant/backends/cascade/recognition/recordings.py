"""Recordings, beside the conversation: sound in, `Transcribed` out, on a thread of their own."""

from __future__ import annotations

import logging
import queue
import threading
from typing import Protocol

import numpy as np

from assistant.audio.resample import clean
from assistant.audio.types import Float32
from assistant.audio.vad import RATE
from assistant.backends.base import BackendError, Emit
from assistant.backends.cascade.endpointing.sound import amplified
from assistant.backends.cascade.recognition.word_times import WrittenDown
from assistant.backends.wire import decode_pcm
from assistant.frames import TRANSCRIBE_SECONDS, Transcribe, Transcribed

log = logging.getLogger(__name__)


class ReadsRecordings(Protocol):
    """A speech recogniser, see `stt.Recognizer`."""

    def write_down(
        self, audio: Float32, language: str = "", context: str = "", *, words: bool = False
    ) -> WrittenDown: ...


class RecordingReader:
    """Does one `Transcribe` after another; each is answered, whatever comes of it."""

    def __init__(self, recognizer: ReadsRecordings, emit: Emit, *, inline: bool) -> None:
        """`inline`: on the thread that calls `put`."""
        self._recognizer = recognizer
        self._emit = emit
        self._inline = inline
        self._jobs: queue.SimpleQueue[Transcribe | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, command: Transcribe) -> None:
        if self._inline:
            self._emit(self._read(command))
            return
        self._jobs.put(command)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread; what is being written down is not waited for."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (command := self._jobs.get()) is not None:
            self._emit(self._read(command))

    def _read(self, command: Transcribe) -> Transcribed:
        sound = clean(np.array(decode_pcm(command.pcm)))[0][: round(TRANSCRIBE_SECONDS * RATE)]
        try:
            read = self._recognizer.write_down(
                amplified(sound), command.language, command.context, words=command.words
            )
        except BackendError as error:
            return Transcribed(command.number, failed=error.message, remedy=error.remedy)
        except Exception as error:
            log.exception("a recording could not be written down")
            return Transcribed(command.number, failed=f"speech recognition failed: {error}")
        return Transcribed(
            command.number,
            text=read.text,
            language=read.language,
            confidence=read.confidence,
            no_speech=read.no_speech,
            words=list(read.words),
        )
