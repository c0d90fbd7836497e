"""With the real recogniser and the real voices: what goes in as words comes out as words."""

from __future__ import annotations

import asyncio
import base64
import re

import numpy as np
import pytest
import soxr

from assistant.config.schema import Config
from assistant.serving.api.engine import make_process
from tests.serving.api.served import serving
from tests.serving.realtime.test_realtime import Client
from tests.speech import RATE, kokoro

pytestmark = pytest.mark.weights

TEXT = (
    "The quick brown fox jumps over the lazy dog. It was seventeen minutes past nine, and nobody "
    "in the house had noticed anything. Then the telephone rang."
)


def config() -> Config:
    settings = Config()
    settings.backend.name = "cascade"
    settings.brain.kind = "scripted"
    return settings


def words(text: str) -> list[str]:
    spelled = text.lower().replace("17", "seventeen").replace("9", "nine")
    return re.findall(r"[a-z]+", spelled)


async def test_what_is_spoken_by_a_persona_is_understood_again_with_the_times_of_its_words() -> (
    None
):
    settings = config()
    async with serving(settings, make=make_process(settings)) as served:
        audio = served.client.audio
        spoken = await audio.speech.create(model="tts-1", voice="samantha", input=TEXT)
        told = await audio.transcriptions.create(
            model="whisper-1",
            file=("speech.wav", spoken.content),
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
        opus = await audio.speech.create(
            model="tts-1", voice="hal", input=TEXT, response_format="opus"
        )
        again = await audio.transcriptions.create(model="whisper-1", file=("a.ogg", opus.content))
    assert words(told.text) == words(TEXT)
    assert len(set(words(again.text)) & set(words(TEXT))) >= 0.9 * len(set(words(TEXT)))
    starts = [word.start for word in told.words]
    assert starts == sorted(starts)
    assert all(word.start <= word.end <= told.duration for word in told.words)
    # "Then the telephone rang." is what is said last, behind the pause of a full stop.
    (then,) = [word for word in told.words if word.word == "Then"]
    sound = np.frombuffer(spoken.content[44:], "<i2").astype(np.float32) / 32_768
    before = sound[round((then.start - 0.6) * 24_000) : round((then.start + 0.1) * 24_000)]
    blocks = before[: before.size // 240 * 240].reshape(-1, 240)
    assert np.sqrt((blocks**2).mean(axis=1)).min() < 0.003


async def test_a_spoken_question_is_answered_aloud() -> None:
    settings = config()
    question = soxr.resample(kokoro("What is seventeen times twenty three?"), RATE, 24_000)
    sound = np.concatenate([np.zeros(12_000), question, np.zeros(48_000)])
    async with (
        serving(settings, make=make_process(settings)) as served,
        served.client.realtime.connect(model="gpt-realtime") as connection,
    ):
        client = Client(connection)
        await client.until("session.created")
        data = base64.b64encode((sound * 32_767).astype("<i2").tobytes()).decode()
        await connection.input_audio_buffer.append(audio=data)
        async with asyncio.timeout(90):
            while not client.of("response.done"):
                client.events.append(await connection.recv())
        spoken = soxr.resample(client.sound().astype(np.float32) / 32_768, 24_000, RATE)
        heard = await served.service.transcribe(spoken.astype(np.float32)[: 30 * RATE])
    (asked,) = client.of("conversation.item.input_audio_transcription.completed")
    assert "17 times 23" in asked.transcript
    (answer,) = client.of("response.output_audio_transcript.done")
    assert "391" in answer.transcript
    assert "391" in heard.text.replace(" ", "").replace(",", "")
    (began,) = client.of("input_audio_buffer.speech_started")
    assert began.audio_start_ms == pytest.approx(500, abs=250)
