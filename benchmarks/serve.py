"""How long `assistant serve` takes, as its clients see it: over real sockets, with the models of
the settings, one client at a time and several at once.

Each clause has a number that no other has, so that no sound is taken from the cache.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from assistant.audio.types import Float32
from assistant.audio.wav import wav_header
from assistant.bench.report import Measurement
from assistant.config.schema import Config
from assistant.frames import SAMPLE_RATE
from assistant.serving.access_control import AccessControl
from assistant.serving.api.app import Api
from assistant.serving.api.encoding import pcm16
from assistant.serving.api.engine import SpeechService, make_process
from assistant.serving.connection_limits import open_sockets
from assistant.session.factory import find_personas

_TEXT = (
    "This is number {n}. Train {n} to Hamburg leaves at nine in the morning, and it stops at {n} "
    "villages on its way. Nobody on platform {n} has ever been in a hurry."
)
_QUESTION = "What is {n} times 23?"
_TOGETHER = 3
_SILENT = 0.01
_PACE = 0.02
"""Seconds of sound that a microphone sends at a time."""


async def measure(config: Config, runs: int) -> list[Measurement]:
    """Raises `BackendError` where the models cannot be loaded."""
    async with _serving(config) as url, httpx.AsyncClient(base_url=url, timeout=120) as web:
        spoken = [await _speak(web, _TEXT.format(n=n)) for n in range(100, 100 + runs)]
        several = await asyncio.gather(
            *(_speak(web, _TEXT.format(n=n)) for n in range(500, 500 + _TOGETHER))
        )
        read = [await _write_down(web, sound) for _, _, sound in spoken]
        questions = [
            (await _speak(web, _QUESTION.format(n=n)))[2] for n in range(11, 11 + min(runs, 20))
        ]
        answered = await _ask(url, questions)
    return [
        Measurement("first sound of a text", "s", tuple(first for first, _, _ in spoken)),
        Measurement(
            f"… of {_TOGETHER} at once", "s", tuple(first for first, _, _ in several)
        ),
        Measurement(
            "rendering", "× real time", tuple(whole / _seconds(s) for _, whole, s in spoken)
        ),
        Measurement(
            "transcription", "× real time",
            tuple(took / _seconds(s) for took, (_, _, s) in zip(read, spoken, strict=True)),
        ),
        Measurement("realtime: last word to first sound", "s", tuple(answered)),
    ]  # fmt: skip


def _seconds(sound: Float32) -> float:
    return sound.size / SAMPLE_RATE


@asynccontextmanager
async def _serving(config: Config) -> AsyncIterator[str]:
    config.brain.kind = "scripted"
    service = SpeechService(make_process(config))
    server = Api(service, find_personas(config), config).server(AccessControl())
    sockets = open_sockets("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    await service.start()
    running = asyncio.create_task(server.serve(sockets=sockets))
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        await running
        await service.stop()


async def _speak(web: httpx.AsyncClient, text: str) -> tuple[float, float, Float32]:
    """Seconds to the first sound and to the last, and the sound: float32 [n], 24 kHz."""
    began, first, data = time.perf_counter(), 0.0, b""
    body = {"input": text, "voice": "plain", "response_format": "pcm"}
    async with web.stream("POST", "/audio/speech", json=body) as answer:
        async for chunk in answer.aiter_bytes():
            first = first or time.perf_counter() - began
            data += chunk
    sound = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32_768)
    return first, time.perf_counter() - began, sound


async def _write_down(web: httpx.AsyncClient, sound: Float32) -> float:
    data = pcm16(sound)
    file = ("speech.wav", wav_header(SAMPLE_RATE, len(data)) + data)
    began = time.perf_counter()
    (await web.post("/audio/transcriptions", files={"file": file})).raise_for_status()
    return time.perf_counter() - began


async def _ask(url: str, questions: list[Float32]) -> list[float]:
    """Each question as a microphone hears it, in real time; seconds from its end to the answer."""
    found = []
    async with connect(f"{url.replace('http', 'ws', 1)}/realtime", max_size=None) as socket:
        await _send(socket, np.zeros(SAMPLE_RATE, np.float32))
        await asyncio.sleep(10)  # the models of the conversation are loaded meanwhile
        for question in questions:
            ended = await _say(socket, question)
            silence = asyncio.create_task(_keep_silent(socket))
            first = None
            async for message in socket:
                event = json.loads(message)
                if event["type"] == "response.output_audio.delta" and first is None:
                    first = time.perf_counter() - ended
                if event["type"] == "response.done":
                    break
            if first is not None:
                found.append(first)
            await asyncio.sleep(4)  # it is heard to its end
            silence.cancel()
    return found


async def _say(socket: ClientConnection, sound: Float32) -> float:
    began, step = time.perf_counter(), round(_PACE * SAMPLE_RATE)
    for at in range(0, sound.size, step):
        await _send(socket, sound[at : at + step])
        await asyncio.sleep(max(0.0, began + (at + step) / SAMPLE_RATE - time.perf_counter()))
    heard = np.flatnonzero(np.abs(sound) > _SILENT)
    return began + (int(heard[-1]) if heard.size else 0) / SAMPLE_RATE


async def _keep_silent(socket: ClientConnection) -> None:
    while True:
        await _say(socket, np.zeros(4_800, np.float32))


async def _send(socket: ClientConnection, sound: Float32) -> None:
    audio = base64.b64encode(pcm16(sound)).decode()
    event = json.dumps({"type": "input_audio_buffer.append", "audio": audio})
    await socket.send(event)
