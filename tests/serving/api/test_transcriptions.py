"""`/v1/audio/transcriptions` as programs meet it that were written for OpenAI's."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path

import numpy as np
import pytest
import soxr

from assistant.audio.types import Float32
from assistant.audio.wav import wav_header
from assistant.backends.server.opus import OpusEncoder
from assistant.backends.wire import decode_pcm
from assistant.frames import FRAME_SAMPLES, TRANSCRIBE_SECONDS, SpokenWord, Transcribe, Transcribed
from assistant.serving.api import recordings, transcription_request, transcriptions
from assistant.serving.api.encoding import pcm16
from assistant.serving.api.recordings import SpeechPieces, read_frames
from tests.fakes import until
from tests.serving.api.served import Served, openai
from tests.speech import RATE, espeak, silence

SENTENCE = "The train to Hamburg leaves at nine o'clock in the morning."


def wav(sound: Float32, rate: int = RATE) -> bytes:
    data = pcm16(sound)
    return wav_header(rate, len(data)) + data


def ogg(sound: Float32) -> bytes:
    encoder, at24 = OpusEncoder(), soxr.resample(sound, RATE, 24_000)
    whole = at24[: at24.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return b"".join(encoder.encode(np.ascontiguousarray(frame, np.float32)) for frame in whole)


@pytest.fixture
def spoken() -> bytes:
    """One sentence after a second of silence, another two seconds later."""
    voice = espeak(SENTENCE)
    return wav(np.concatenate([silence(1), voice, silence(2), voice, silence(0.5)]))


def expect(served: Served, *texts: str, **fields: object) -> None:
    served.process.written_down = [Transcribed(0, text=text, **fields) for text in texts]


async def transcribe(served: Served, data: bytes, **wanted: object) -> object:
    given = {"model": "whisper-1", "file": ("recording.wav", data), **wanted}
    return await served.client.audio.transcriptions.create(**given)


async def refused(served: Served, data: bytes, **wanted: object) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as refusal:
        await transcribe(served, data, **wanted)
    assert "Traceback" not in refusal.value.message
    return refusal.value


async def test_what_is_said_comes_back_in_the_order_in_which_it_was_said(
    served: Served, spoken: bytes
) -> None:
    expect(served, "First.", "Second.")
    answer = await transcribe(served, spoken)
    assert answer.text == "First. Second."
    assert answer.usage.seconds == pytest.approx(3.5 + 2 * espeak(SENTENCE).size / RATE, abs=0.1)


async def test_a_recording_may_come_as_json(served: Served, spoken: bytes) -> None:
    """Open WebUI sends it so where its request format is set to JSON, as for OpenRouter."""
    expect(served, "First.", "Second.")
    audio = {"data": base64.b64encode(spoken).decode(), "format": "wav"}
    body = {"model": "whisper-1", "language": "en", "input_audio": audio}
    async with served.web as web:
        answer = await web.post("/audio/transcriptions", json=body)
        assert answer.json()["text"] == "First. Second."
        refused = await web.post("/audio/transcriptions", json=body | {"language": "xx"})
        assert refused.status_code == 400
    assert served.process.of(Transcribe)[0].language == "en"


async def test_what_comes_as_json_is_asked_for_like_a_form(served: Served, spoken: bytes) -> None:
    expect(served, "First.", "Second.", words=(SpokenWord("First.", 0.1, 0.4),))
    audio = {"data": base64.b64encode(spoken).decode()}
    wanted = {"response_format": "verbose_json", "timestamp_granularities": ["word"]}
    async with served.web as web:
        told = await web.post("/audio/transcriptions", json={"input_audio": audio, **wanted})
        assert told.json()["words"]
        expect(served, "First.", "Second.")
        body = {"input_audio": audio, "stream": True}
        assert "transcript.text.done" in (await web.post("/audio/transcriptions", json=body)).text


async def test_each_piece_holds_its_sentence_and_its_time(served: Served, spoken: bytes) -> None:
    expect(served, "First.", "Second.", confidence=-0.2, language="en")
    told = await transcribe(served, spoken, response_format="verbose_json")
    length = espeak(SENTENCE).size / RATE
    first, second = told.segments
    assert first.start == pytest.approx(1.0, abs=0.4)
    assert first.end == pytest.approx(1.0 + length, abs=0.4)
    assert second.start == pytest.approx(3.0 + length, abs=0.4)
    assert (told.language, told.task, first.avg_logprob) == ("english", "transcribe", -0.2)
    assert told.words is None
    sent = [decode_pcm(command.pcm) for command in served.process.of(Transcribe)]
    assert all(length <= sound.size / RATE <= length + 0.9 for sound in sent)


async def test_times_of_words_count_from_the_beginning(served: Served, spoken: bytes) -> None:
    words = [SpokenWord("First.", 0.25, 0.75)]
    expect(served, "First.", "", words=words)
    asked = ["word", "segment"]
    told = await transcribe(
        served, spoken, response_format="verbose_json", timestamp_granularities=asked
    )
    (word,) = told.words
    start = told.segments[0].start
    assert (word.word, word.start, word.end) == ("First.", start + 0.25, start + 0.75)
    assert all(command.words for command in served.process.of(Transcribe))


async def test_subtitles_have_a_cue_for_each_sentence(served: Served, spoken: bytes) -> None:
    expect(served, "One & <two>.", "Three --> four.")
    srt = str(await transcribe(served, spoken, response_format="srt")).splitlines()
    assert srt[0] == "1"
    assert srt[1].startswith("00:00:00,") or srt[1].startswith("00:00:01,")
    assert srt[2] == "One & <two>."
    assert srt[4] == "2"
    expect(served, "One & <two>.", "Three --> four.")
    vtt = str(await transcribe(served, spoken, response_format="vtt")).splitlines()
    assert vtt[0] == "WEBVTT"
    assert vtt[3] == "One &amp; &lt;two>."
    assert vtt[6] == "Three --&gt; four."
    expect(served, "Plain.", "")
    assert str(await transcribe(served, spoken, response_format="text")) == "Plain.\n"


async def test_a_stream_tells_each_sentence_when_it_is_there(served: Served, spoken: bytes) -> None:
    expect(served, "First.")  # the second is not written down yet
    events = await transcribe(served, spoken, stream=True)
    first = await anext(aiter(events))
    assert (first.type, first.delta) == ("transcript.text.delta", "First.")
    await until(lambda: len(served.process.of(Transcribe)) == 2)
    number = served.process.of(Transcribe)[-1].number
    served.process.emit(Transcribed(number, text="Second."))
    rest = [event async for event in events]
    assert [event.type for event in rest] == ["transcript.text.delta", "transcript.text.done"]
    assert rest[0].delta == " Second."
    assert rest[1].text == "First. Second."


async def test_language_and_prompt_reach_the_recogniser(served: Served, spoken: bytes) -> None:
    expect(served, "Erstens.", "Zweitens.", language="de")
    told = await transcribe(
        served, spoken, language="de", prompt="Hamburg", response_format="verbose_json"
    )
    command = served.process.of(Transcribe)[0]
    assert (command.language, command.context) == ("de", "Hamburg")
    assert told.language == "german"


async def test_a_language_that_the_weights_do_not_know_is_told_with_a_remedy(
    served: Served, spoken: bytes
) -> None:
    expect(served, "", failed="they know English only", remedy="assistant models pull it")
    error = await refused(served, spoken, language="de")
    assert error.status_code == 400
    assert "assistant models pull it" in error.message


@pytest.mark.parametrize("kind", ["wav 44.1 kHz", "ogg", "flac", "mp3", "vorbis"])
async def test_recordings_of_many_kinds_are_read(served: Served, kind: str, tmp_path: Path) -> None:
    sound = espeak(SENTENCE)
    if kind.startswith("wav"):
        data = wav(soxr.resample(sound, RATE, 44_100), 44_100)
    elif kind == "ogg":
        data = ogg(sound)
    else:
        soundfile = pytest.importorskip("soundfile", reason="it makes the file")
        path, form = tmp_path / "file", {"vorbis": "OGG"}.get(kind, kind.upper())
        soundfile.write(path, sound, RATE, format=form)
        data = path.read_bytes()
    expect(served, "Said.")
    assert (await transcribe(served, data)).text == "Said."
    heard = decode_pcm(served.process.of(Transcribe)[0].pcm)
    assert heard.size / RATE == pytest.approx(sound.size / RATE, abs=0.5)
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize("kind", ["flac", "mp3"])
def test_long_files_are_read_without_a_seam(kind: str, tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile", reason="it makes the file")
    seconds = 2.5 * recordings._BLOCK_SECONDS
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * 24_000)) / 24_000)
    path = tmp_path / "file"
    soundfile.write(path, tone, 24_000, format=kind.upper())
    frames = np.concatenate(list(read_frames(path)))
    assert frames.size / 24_000 == pytest.approx(seconds, abs=0.2)
    steps = np.abs(np.diff(frames[4_800:-9_600]))
    assert steps.max() < 0.08  # a tone moves by 0.058 at most from sample to sample


@pytest.mark.parametrize(
    ("begins", "kind"),
    [(b"\x1a\x45\xdf\xa3", "matroska"), (b"\0\0\0\x20ftypM4A ", "mov"), (b"fLaC", "flac")],
)
def test_where_ffmpeg_is_installed_it_reads_what_nobody_else_can(
    begins: bytes, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = np.full(48_000, 0.25, "<f4")
    (tmp_path / "sound").write_bytes(sound.tobytes())
    program = tmp_path / "ffmpeg"
    told = tmp_path / "told"
    program.write_text(f'#!/bin/sh\necho "$*" > {told}\nexec /bin/cat {tmp_path}/sound\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "recording"
    path.write_bytes(begins + bytes(500))
    frames = np.concatenate(list(read_frames(path)))
    assert (frames[:48_000] == 0.25).all()
    assert f"-protocol_whitelist file,pipe -f {kind} -i file:{path}" in told.read_text()


def test_who_speaks_without_a_pause_is_cut_where_it_can_be_understood() -> None:
    text = "and then we walked along the river until the bridge came into sight " * 12
    voice = espeak(text)
    at24 = soxr.resample(voice, RATE, 24_000).astype(np.float32)
    whole = at24.size // FRAME_SAMPLES
    frames = at24[: whole * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    pieces = list(SpeechPieces().of(iter(frames)))
    assert len(pieces) >= 2
    assert all(piece.seconds <= TRANSCRIBE_SECONDS for piece in pieces)
    assert sum(piece.seconds for piece in pieces) == pytest.approx(voice.size / RATE, abs=1.0)
    ends = [piece.start + piece.seconds for piece in pieces]
    assert all(a <= b.start + 0.01 for a, b in zip(ends, pieces[1:], strict=False))


async def test_where_nobody_speaks_there_are_no_words(served: Served) -> None:
    noise = np.random.default_rng(1).standard_normal(5 * RATE).astype(np.float32) * 0.05
    answer = await transcribe(served, wav(noise))
    assert answer.text == ""
    assert served.process.of(Transcribe) == []


@pytest.mark.parametrize(
    "data",
    [
        b"this is no sound at all" * 50,
        b"\x1a\x45\xdf\xa3" + bytes(500),
        b"RIFF" + bytes(400),
        b"OggS" + bytes(28) + b"OpusHead" + bytes(400),
        b"fLaC" + b"\xff" * 400,
        b"ID3" + b"\x04" * 400,
        bytes(range(256)) * 8,
        wav(silence(1))[:20],
    ],
)
async def test_what_cannot_be_read_is_told_with_what_can(served: Served, data: bytes) -> None:
    error = await refused(served, data)
    assert error.status_code == 415
    assert "flac, mp3" in error.message
    assert error.body["param"] == "file"


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({"response_format": "diarized_json"}, "verbose_json"),
        ({"language": "klingon"}, "klingon"),
        ({"timestamp_granularities": ["phone"]}, "phone"),
        ({"include": ["logprobs"]}, "tokens"),
    ],
)
async def test_what_is_not_there_is_not_promised(
    served: Served, spoken: bytes, wanted: dict[str, object], why: str
) -> None:
    error = await refused(served, spoken, **wanted)
    assert error.status_code == 400
    assert why in error.message


async def test_a_recording_that_is_too_large_is_refused(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcription_request, "MOST_BYTES", 10_000)
    assert (await refused(served, bytes(50_000))).status_code == 413
    assert (await refused(served, bytes(200_000))).status_code == 413


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Content-Type": "application/json"}, b"{}", 400),
        ({"Content-Type": "application/json"}, b"[" * 50_000, 400),
        ({"Content-Type": "application/json"}, b'{"input_audio": {"data": "no base64!"}}', 400),
        ({"Content-Type": "application/json"}, b'{"input_audio": {"data": 5}}', 400),
        ({"Content-Type": "multipart/form-data"}, b"x", 400),
        ({"Content-Type": "multipart/form-data; boundary=a"}, b"\xff\x00garbage", 400),
        ({"Content-Type": "multipart/form-data; boundary=a"}, b"--a--\r\n", 400),
        (
            {"Content-Type": "multipart/form-data; boundary=a"},
            b'--a\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--a--\r\n',
            400,
        ),
    ],
)
async def test_a_form_that_is_none_is_told(
    served: Served, headers: dict[str, str], body: bytes, status: int
) -> None:
    async with served.web as web:
        answer = await web.post("/audio/transcriptions", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


async def test_too_many_recordings_at_once_are_told_when_to_come_again(
    served: Served, spoken: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcriptions, "MOST_AT_ONCE", 1)
    first = asyncio.create_task(transcribe(served, spoken))
    await until(lambda: bool(served.process.of(Transcribe)))
    error = await refused(served, spoken)
    assert error.status_code == 429
    assert "retry-after" in error.response.headers
    first.cancel()
    await asyncio.wait({first})


async def test_the_file_is_gone_when_the_answer_is_there(
    served: Served, spoken: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    expect(served, "First.", "Second.")
    await transcribe(served, spoken)
    assert os.listdir(tmp_path) == []  # noqa: PTH208
