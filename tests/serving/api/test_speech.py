"""`/v1/audio/speech` as programs meet it that were written for OpenAI's."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import stat
import wave
from itertools import pairwise
from pathlib import Path

import httpx
import numpy as np
import pytest

from assistant.backends.server.opus import OpusDecoder
from assistant.backends.wire import encode_pcm
from assistant.config.schema import Config
from assistant.frames import AudioOut, Interrupt, Say, UtteranceEnded
from assistant.language.delivery.named import DELIVERIES
from assistant.language.delivery.prosody import limited
from assistant.personas.loading import load_personas
from assistant.serving.api import engine
from assistant.serving.api.voices import OPENAI_VOICES, delivery_in
from tests.fakes import SAMPLES_A_WORD, until
from tests.serving.api.served import Served, openai, serving

LONG = "This is a sentence that takes some time to be said aloud. " * 12


async def speech(served: Served, text: str = "Good evening to all.", **wanted: object) -> bytes:
    given = {"model": "tts-1", "voice": "jarvis", "input": text, "response_format": "pcm", **wanted}
    answer = await served.client.audio.speech.create(**given)
    return bytes(answer.content)


async def refused(served: Served, **wanted: object) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as refusal:
        await speech(served, **wanted)
    assert refusal.value.body.keys() == {"message", "type", "param", "code"}
    return refusal.value


@pytest.mark.parametrize("voice", ["glados", "GLaDOS", "glAdos", "shimmer", {"id": "glados"}])
async def test_a_persona_speaks_by_its_slug_its_name_or_a_voice_of_openais(
    served: Served, voice: object
) -> None:
    await speech(served, voice=voice)
    said = served.process.of(Say)[0]
    assert said.voice == load_personas().loaded["glados"].voice.spec()


def test_every_voice_of_openais_is_one_of_ours() -> None:
    assert set(OPENAI_VOICES.values()) <= set(load_personas().loaded)


async def test_who_asks_for_nobody_is_told_whom_there_is(served: Served) -> None:
    error = await refused(served, voice="nobody")
    assert error.status_code == 400
    assert error.body["param"] == "voice"
    assert all(slug in error.message for slug in load_personas().loaded)


async def test_the_lists_name_every_persona(served: Served) -> None:
    models = [model.id async for model in served.client.models.list()]
    assert {"tts-1", "whisper-1"} <= set(models)
    assert (await served.client.models.retrieve("tts-1")).id == "tts-1"
    with pytest.raises(openai.NotFoundError, match="whisper-1"):
        await served.client.models.retrieve("gpt-9")
    async with served.web as web:
        health = await web.get(served.url.removesuffix("/v1") + "/health")
        assert health.json() == {"status": "ok"}
        voices = (await web.get("/audio/voices")).json()["voices"]
    assert [voice["id"] for voice in voices] == list(load_personas().loaded)
    assert "shimmer" in next(v["aliases"] for v in voices if v["id"] == "glados")


async def test_wav_can_be_played_although_its_length_was_not_known(served: Served) -> None:
    data = await speech(served, "One two three.", response_format="wav")
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        sound = np.frombuffer(file.readframes(1_000_000), "<i2")
    assert sound.size == 3 * SAMPLES_A_WORD
    assert abs(int(sound[100]) - 3_277) <= 1  # the fake's 0.1


async def test_opus_holds_the_same_sound(served: Served) -> None:
    data = await speech(served, "One two three four five.", response_format="opus")
    sound, _ = OpusDecoder().decode(data, 1_000_000)
    assert sound.size == pytest.approx(5 * SAMPLES_A_WORD, abs=4_000)
    assert np.abs(sound).max() > 0.05


async def test_what_nobody_can_write_here_is_told_with_what_can(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = await refused(served, response_format="mp3")
    assert error.status_code == 400
    assert "wav, pcm, opus" in error.message
    assert "ffmpeg" in error.message
    assert "“ogg”" in (await refused(served, response_format="ogg")).message


async def test_where_ffmpeg_is_installed_it_writes_mp3(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$*"\nexec /bin/cat\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    data = await speech(served, "One two.", response_format="mp3")
    options, _, sound = data.partition(b"\n")
    assert b"-f s16le -ar 24000 -ac 1 -i pipe:0 -f mp3" in options
    assert len(sound) == 2 * 2 * SAMPLES_A_WORD


async def test_instructions_that_name_a_delivery_are_heeded(served: Served) -> None:
    await speech(served, instructions="Speak in a cheerful and positive tone, please.")
    wanted = DELIVERIES["cheerful"].prosody
    said = served.process.of(Say)[-1].prosody
    assert (said.rate, said.pitch, said.gain) == (wanted.rate, wanted.pitch, wanted.gain)


@pytest.mark.parametrize(
    ("words", "delivery"),
    [
        ("Whisper it.", "whispering"),
        ("Do not whisper.", ""),
        ("Never sound sad, be excited!", "excited"),
        ("Talk at a normal speed with a soft drink in hand.", ""),
        ("", ""),
    ],
)
def test_a_delivery_is_found_in_what_was_meant(words: str, delivery: str) -> None:
    assert delivery_in(words) == delivery


async def test_marks_in_the_text_are_heeded_and_not_said(served: Served) -> None:
    await speech(served, "Well. [delivery: sad] It is over.")
    said = served.process.of(Say)
    assert "delivery" not in "".join(each.text for each in said)
    assert said[-1].prosody.pitch == limited(DELIVERIES["sad"].prosody).pitch


async def test_who_wants_no_expression_gets_none(served: Served) -> None:
    config = Config()
    config.voice.expressive = False
    async with serving(config) as plain:
        await speech(plain, "Is it you?")
        assert plain.process.of(Say)[-1].prosody.by_text is False
    await speech(served, "Is it you?")
    assert served.process.of(Say)[-1].prosody.by_text is True


@pytest.mark.parametrize(("asked", "heard"), [(1.3, 1.3), (0.25, 0.5), (4.0, 2.0)])
async def test_the_speed_is_what_a_voice_can_do_and_told(
    served: Served, asked: float, heard: float
) -> None:
    given = {"voice": "hal", "input": "Hello.", "speed": asked, "response_format": "pcm"}
    async with served.web as web:
        answer = await web.post("/audio/speech", json=given)
    assert served.process.of(Say)[-1].rate == heard
    assert float(answer.headers["assistant-speed"]) == heard


@pytest.mark.parametrize("speed", [0.2, 4.1, float("nan")])
async def test_other_speeds_are_refused(served: Served, speed: float) -> None:
    async with served.web as web:
        body = json.dumps({"voice": "hal", "input": "Hello.", "speed": speed})
        answer = await web.post("/audio/speech", content=body)
    assert answer.status_code == 400


async def test_events_carry_the_sound_and_say_when_it_is_over(served: Served) -> None:
    plain = await speech(served)
    given = {"voice": "jarvis", "input": "Good evening to all.", "response_format": "pcm"}
    events = []
    async with (
        served.web as web,
        web.stream("POST", "/audio/speech", json={**given, "stream_format": "sse"}) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
    assert [e["type"] for e in events[-1:]] == ["speech.audio.done"]
    deltas = [e for e in events if e["type"] == "speech.audio.delta"]
    assert b"".join(base64.b64decode(e["audio"]) for e in deltas) == plain


async def test_the_first_sound_leaves_before_the_rest_is_rendered(served: Served) -> None:
    process = served.process
    process.voice = False
    tone = np.full(2_400, 0.1, np.float32)
    given = {"model": "t", "voice": "hal", "input": LONG, "response_format": "pcm"}
    streaming = served.client.audio.speech.with_streaming_response.create(**given)
    asking = asyncio.create_task(streaming.__aenter__())
    await until(lambda: bool(process.of(Say)))
    number = process.of(Say)[0].utterance
    process.emit(AudioOut(number, encode_pcm(tone)))
    answer = await asking
    chunks = answer.iter_bytes()
    assert len(await anext(chunks)) == 4_800
    assert len(process.of(Say)) == 1
    await streaming.__aexit__(None, None, None)


async def test_two_who_ask_at_once_take_turns(served: Served) -> None:
    process = served.process
    process.voice = False
    both = [asyncio.create_task(speech(served, LONG, voice=voice)) for voice in ("hal", "kitt")]
    await until(lambda: bool(process.of(Say)) and served.service.speaking == 2)
    process.voice = True
    process.emit(UtteranceEnded(process.of(Say)[0].utterance, 0))
    assert all(await asyncio.gather(*both))
    voices = [say.voice for say in process.of(Say)]
    assert len(voices) >= 4
    assert all(one != other for one, other in pairwise(voices[:4]))


async def test_who_hangs_up_has_nothing_rendered_any_more(served: Served) -> None:
    process = served.process
    process.voice = False
    given = {"model": "t", "voice": "hal", "input": LONG, "response_format": "pcm"}
    streaming = served.client.audio.speech.with_streaming_response.create(**given)
    asking = asyncio.create_task(streaming.__aenter__())
    await until(lambda: bool(process.of(Say)))
    process.emit(AudioOut(process.of(Say)[0].utterance, encode_pcm(np.ones(2_400, np.float32))))
    await asking
    await streaming.__aexit__(None, None, None)
    await until(lambda: bool(process.of(Interrupt)))
    process.voice = True
    assert await speech(served, "Hello.")
    said = [say.text for say in process.of(Say)]
    assert said[1:] == ["Hello."]


async def test_too_many_at_once_are_told_when_to_come_again(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MOST_SPEAKING", 1)
    served.process.voice = False
    first = asyncio.create_task(speech(served))
    await until(lambda: bool(served.process.of(Say)))
    error = await refused(served)
    assert error.status_code == 429
    assert int(error.response.headers["retry-after"]) >= 1
    number = served.process.of(Say)[0].utterance
    served.process.emit(AudioOut(number, encode_pcm(np.ones(2_400, np.float32))))
    served.process.emit(UtteranceEnded(number, 2_400))
    assert len(await first) == 4_800


async def test_a_child_that_dies_is_told_and_the_next_text_is_spoken(served: Served) -> None:
    served.process.voice = False
    first = asyncio.create_task(speech(served))
    await until(lambda: bool(served.process.of(Say)))
    served.process.crash()
    with pytest.raises(openai.APIStatusError, match="stopped") as failed:
        await first
    assert failed.value.status_code == 503
    served.process.voice = True
    asyncio.get_running_loop().call_later(0.1, served.process.come_up)
    assert await speech(served)


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
async def test_a_voice_that_fails_in_the_middle_is_no_whole_text(
    served: Served, stream_format: str
) -> None:
    process = served.process
    process.voice = False
    given = {"voice": "hal", "input": LONG, "response_format": "pcm"}

    async def ask() -> bytes:
        data = b""
        async with (
            served.web as web,
            web.stream(
                "POST", "/audio/speech", json={**given, "stream_format": stream_format}
            ) as answer,
        ):
            async for chunk in answer.aiter_bytes():
                data += chunk
        return data

    asking = asyncio.create_task(ask())
    await until(lambda: bool(process.of(Say)))
    process.emit(AudioOut(process.of(Say)[0].utterance, encode_pcm(np.ones(2_400, np.float32))))
    await asyncio.sleep(0.1)
    process.crash()
    if stream_format == "sse":
        assert b'event: error\ndata: {"type": "error"' in await asking
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            await asking


async def test_a_text_of_which_nothing_can_be_said_is_no_silence(served: Served) -> None:
    served.process.voice = False
    asking = asyncio.create_task(refused(served, text="* * *"))
    await until(lambda: bool(served.process.of(Say)) or asking.done())
    if served.process.of(Say):
        served.process.emit(UtteranceEnded(served.process.of(Say)[0].utterance, 0))
    error = await asking
    assert error.status_code == 400
    assert error.body["param"] == "input"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "truncated"),
        (b"[" * 100_000, ""),
        (b"\xff\xfe", ""),
        (b"{}", "input"),
        (b'{"input": 1}', "str"),
        (b'{"input": "   "}', "no text"),
        (b'{"input": "a", "voice": 7}', "voice"),
        (b'{"input": "a", "voice": {"id": null}}', "id"),
        (b'{"input": "a", "speed": "fast"}', "float"),
        (b'{"input": "a", "stream_format": "smoke"}', "stream_format"),
        (b'{"input": "%s"}' % (b"a" * 4_097), "4,096"),
        (b'{"input": "\\ud800"}', ""),
    ],
)
async def test_what_cannot_be_meant_is_told(served: Served, body: bytes, why: str) -> None:
    async with served.web as web:
        answer = await web.post("/audio/speech", content=body)
    assert answer.status_code == 400
    assert why in answer.json()["error"]["message"]
    assert "Traceback" not in answer.text
