"""`POST /v1/audio/transcriptions`: what is said in a recording (OpenAI, "Create transcription").

A long recording is written down piece by piece; with `stream` each is told as soon as it is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import zlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from assistant.frames import SpokenWord, Transcribed
from assistant.language.languages import language_name
from assistant.serving.access_control import SAFE_HEADERS
from assistant.serving.api.engine import RETRY_AFTER, SpeechService
from assistant.serving.api.errors import ApiError, json_response
from assistant.serving.api.recordings import Piece, SpeechPieces, read_frames
from assistant.serving.api.speech import Streamed, sse
from assistant.serving.api.transcription_request import TranscriptionRequest, read_request

MOST_AT_ONCE = 4
"""Recordings that are read at a time."""


@dataclass(frozen=True, slots=True)
class Segment:
    """What was said in one piece of a recording; times in seconds from its beginning."""

    start: float
    end: float
    text: str
    read: Transcribed

    @property
    def words(self) -> list[SpokenWord]:
        return [
            SpokenWord(
                word.text, round(self.start + word.start, 2), round(self.start + word.end, 2)
            )
            for word in self.read.words
        ]


@dataclass(slots=True)
class Transcript:
    """All of a recording."""

    segments: list[Segment] = field(default_factory=list)
    seconds: float = 0.0
    language: str = ""

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)

    def add(self, segment: Segment) -> None:
        self.segments.append(segment)
        self.language = self.language or segment.read.language


class TranscriptionEndpoint:
    def __init__(self, service: SpeechService) -> None:
        self._service = service
        self._under_way = 0

    async def __call__(self, request: Request) -> Response:
        """Raises `ApiError`, and `HTTPException` for a body that is too large or too slow."""
        if self._under_way >= MOST_AT_ONCE:
            raise ApiError(
                429, "too many recordings are being written down at once",
                "Ask again in some seconds.", retry_after=RETRY_AFTER,
            )  # fmt: skip
        self._under_way += 1
        try:
            wanted = await read_request(request)
            transcript = Transcript()
            segments = self._written_down(wanted, transcript)
            if wanted.stream:
                # What is no recording is told by the status still.
                first = await anext(segments, None)
                self._under_way += 1  # until the last event has gone out
                return Streamed(
                    self._events(first, segments, transcript),
                    headers=SAFE_HEADERS,
                    media_type="text/event-stream",
                )
            async with contextlib.aclosing(segments):
                async for segment in segments:
                    transcript.add(segment)
                    if await request.is_disconnected():
                        raise ClientDisconnect
        finally:
            self._under_way -= 1
        return _answer(transcript, wanted)

    async def _written_down(
        self, wanted: TranscriptionRequest, transcript: Transcript
    ) -> AsyncGenerator[Segment]:
        with tempfile.NamedTemporaryFile(prefix="assistant-") as file:
            file.write(wanted.file)
            file.flush()
            reader = SpeechPieces()
            pieces = reader.of(read_frames(Path(file.name)))
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                read = await self._service.transcribe(
                    piece.sound,
                    language=wanted.language,
                    context=wanted.prompt,
                    words=wanted.words,
                )
                if read.text:
                    yield _segment(piece, read)
            transcript.seconds = reader.seconds

    async def _events(
        self, first: Segment | None, rest: AsyncGenerator[Segment], transcript: Transcript
    ) -> AsyncGenerator[bytes]:
        try:
            async with contextlib.aclosing(rest):
                if first is not None:
                    yield _delta(transcript, first)
                async for segment in rest:
                    yield _delta(transcript, segment)
            yield sse({"type": "transcript.text.done", "text": transcript.text})
        except ApiError as error:
            yield b"event: error\n" + sse({"type": "error", "error": error.body()})
        finally:
            self._under_way -= 1


def _delta(transcript: Transcript, segment: Segment) -> bytes:
    blank = " " if transcript.segments else ""
    transcript.add(segment)
    return sse({"type": "transcript.text.delta", "delta": f"{blank}{segment.text}"})


def _segment(piece: Piece, read: Transcribed) -> Segment:
    return Segment(round(piece.start, 2), round(piece.start + piece.seconds, 2), read.text, read)


# How it is told.


def _answer(transcript: Transcript, wanted: TranscriptionRequest) -> Response:
    usage = {"type": "duration", "seconds": round(transcript.seconds, 2)}
    match wanted.response_format:
        case "json":
            return json_response({"text": transcript.text, "usage": usage})
        case "verbose_json":
            return json_response(_verbose(transcript, wanted) | {"usage": usage})
        case "srt":
            return _plain(_srt(transcript.segments), "application/x-subrip")
        case "vtt":
            return _plain(_vtt(transcript.segments), "text/vtt")
        case _:
            return _plain(f"{transcript.text}\n", "text/plain")


def _plain(text: str, media: str) -> Response:
    return PlainTextResponse(text, headers=SAFE_HEADERS, media_type=media)


def _verbose(transcript: Transcript, wanted: TranscriptionRequest) -> dict[str, object]:
    language = transcript.language or wanted.language or "en"
    told: dict[str, object] = {
        "task": "transcribe",
        "language": language_name(language).lower(),
        "duration": round(transcript.seconds, 2),
        "text": transcript.text,
        "segments": [_segment_told(at, each) for at, each in enumerate(transcript.segments)],
    }
    if wanted.words:
        told["words"] = [
            {"word": word.text, "start": word.start, "end": word.end}
            for segment in transcript.segments
            for word in segment.words
        ]
    return told


def _segment_told(number: int, segment: Segment) -> dict[str, object]:
    """As OpenAI tells it; of what it has besides (`tokens`, `seek`) nothing is known here."""
    data = segment.text.encode()
    return {
        "id": number,
        "seek": 0,
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(segment.read.confidence, 4),
        "compression_ratio": round(len(data) / len(zlib.compress(data)), 3),
        "no_speech_prob": round(segment.read.no_speech, 4),
    }


def _srt(segments: list[Segment]) -> str:
    """SubRip: numbered, times with a comma."""
    blocks = (
        f"{at}\n{_clock(each.start, ',')} --> {_clock(each.end, ',')}\n{each.text}\n"
        for at, each in enumerate(segments, start=1)
    )
    return "\n".join(blocks)


def _vtt(segments: list[Segment]) -> str:
    """WebVTT (W3C, section 4.1). What would end a cue, or be read as markup, is written out."""
    blocks = (
        f"{_clock(each.start, '.')} --> {_clock(each.end, '.')}\n"
        f"{each.text.replace('&', '&amp;').replace('<', '&lt;').replace('-->', '--&gt;')}\n"
        for each in segments
    )
    return "WEBVTT\n\n" + "\n".join(blocks)


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(1000 * seconds)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"
