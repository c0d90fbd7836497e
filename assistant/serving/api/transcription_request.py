"""What is asked of `POST /v1/audio/transcriptions`: a form, as OpenAI has it, or JSON with the
recording as Base64, as OpenRouter has it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import msgspec
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from assistant.language.languages import LANGUAGES
from assistant.serving.access_control import read_body
from assistant.serving.api.errors import ApiError

MOST_BYTES = 25 * 1024 * 1024
"""Of a recording."""
_AROUND = 100_000
"""Bytes that the rest of a request may have."""
_BODY_SECONDS = 120.0
_DRAIN_SECONDS = 5.0
_FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
_MOST_PROMPT = 2_000
"""Characters of a prompt that are looked at; the recogniser itself heeds the last 200 tokens."""


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """The fields of a request."""

    file: bytes
    response_format: str = "json"
    language: str = ""
    prompt: str = ""
    stream: bool = False
    words: bool = False


async def read_request(request: Request) -> TranscriptionRequest:
    """Raises `ApiError` for what cannot be meant."""
    match request.headers.get("content-type", "").partition(";")[0].strip().lower():
        case "multipart/form-data":
            return await _read_form(request)
        case "application/json":
            return _read_json(await _body(request, MOST_BYTES * 4 // 3 + _AROUND))
        case _:
            raise ApiError(
                415, "a recording comes as multipart/form-data", "With curl: -F file=@recording.wav"
            )


async def _body(request: Request, most: int) -> bytes:
    """Raises `ApiError` where it is longer, or too slow."""
    try:
        return await read_body(request, most, _BODY_SECONDS)
    except HTTPException as error:
        await _let_finish(request)
        raise ApiError(error.status_code, error.detail, "Send it in parts.") from None


class _InputAudio(msgspec.Struct):
    data: str
    """Base64."""


class _JsonRequest(msgspec.Struct):
    """The body as OpenRouter has it; what else stands in it is left alone."""

    input_audio: _InputAudio
    language: str | None = None
    prompt: str | None = None
    response_format: str | None = None
    stream: bool | None = None
    timestamp_granularities: list[str] | None = None

    def fields(self) -> dict[str, list[str]]:
        """As a form has them."""
        return {
            "language": [self.language or ""],
            "prompt": [self.prompt or ""],
            "response_format": [self.response_format or ""],
            "stream": ["true" if self.stream else ""],
            "timestamp_granularities": self.timestamp_granularities or [],
        }


def _read_json(body: bytes) -> TranscriptionRequest:
    try:
        wanted = msgspec.json.decode(body, type=_JsonRequest)
        data = base64.b64decode(wanted.input_audio.data, validate=True)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ApiError(400, f"this is no such request: {str(error)[:200]}") from None
    _check_size(data)
    return _checked(data, wanted.fields())


def _check_size(data: bytes) -> None:
    if len(data) > MOST_BYTES:
        raise ApiError(
            413, f"the recording has more than {MOST_BYTES // 2**20} MB", "Send it in parts.",
            param="file",
        )  # fmt: skip


async def _read_form(request: Request) -> TranscriptionRequest:
    body = await _body(request, MOST_BYTES + _AROUND)

    async def chunks() -> AsyncGenerator[bytes]:
        yield body

    parser = MultiPartParser(
        request.headers, chunks(), max_files=1, max_fields=32, max_part_size=_AROUND
    )
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError, LookupError) as error:
        raise ApiError(400, f"this is no such form: {str(error)[:200]}") from None
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise ApiError(
                400, "there is no recording in it", "It is the field “file”.", param="file"
            )
        data = await file.read()
    finally:
        await form.close()
    _check_size(data)
    fields = {
        name: [value for value in form.getlist(name) if isinstance(value, str)] for name in form
    }
    return _checked(data, fields)


async def _let_finish(request: Request) -> None:
    """Who sends too much reads why only when it has sent it: a little more is taken, unread."""
    left = 2 * MOST_BYTES
    with contextlib.suppress(TimeoutError, RuntimeError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for chunk in request.stream():
                left -= len(chunk)
                if left < 0:
                    return


def _checked(data: bytes, fields: dict[str, list[str]]) -> TranscriptionRequest:
    def one(name: str, otherwise: str = "") -> str:
        return next(iter(fields.get(name, ())), otherwise).strip()

    form = one("response_format") or "json"
    if form not in _FORMATS:
        raise ApiError(
            400, f"there is no response format “{form[:20]}”", f"There are {', '.join(_FORMATS)}.",
            param="response_format",
        )  # fmt: skip
    language = one("language").lower().replace("_", "-").partition("-")[0]
    if language and language not in LANGUAGES:
        raise ApiError(
            400, f"there is no language “{language[:20]}”", "Its code is meant: en, de, …",
            param="language",
        )  # fmt: skip
    granularities = {
        each
        for name in ("timestamp_granularities[]", "timestamp_granularities")
        for each in fields.get(name, ())
    }
    if unknown := granularities - {"word", "segment"}:
        raise ApiError(
            400, f"there are no times of each “{min(unknown)[:20]}”", "There are word and segment.",
            param="timestamp_granularities",
        )  # fmt: skip
    if "logprobs" in {each for name in ("include[]", "include") for each in fields.get(name, ())}:
        raise ApiError(400, "probabilities of tokens are not told", param="include")
    return TranscriptionRequest(
        data,
        form,
        language,
        one("prompt")[:_MOST_PROMPT],
        stream=one("stream").lower() in ("true", "1"),
        words="word" in granularities,
    )
