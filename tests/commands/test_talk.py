"""A whole conversation from a file: what `assistant talk` promises to programs outside."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import pytest
import soxr

from assistant.audio.wav import AudioFileError, WavReader, WavWriter
from assistant.commands.event_log import read_events
from assistant.commands.talk import Talk, TalkOptions, talk_command
from assistant.config.schema import Config
from assistant.session.events import (
    AgentSaid,
    AudioChanged,
    FirstSample,
    Notice,
    PersonaChanged,
    SessionEvent,
    StateChanged,
    ToolCalled,
    ToolFinished,
    TurnStarted,
    UserSaid,
)
from tests.fakes import speech_like
from tests.speech import RATE, kokoro

Events = list[SessionEvent]
Event = TypeVar("Event", bound=SessionEvent)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("ASSISTANT_BRAIN__KIND", "scripted")


def save(path: Path, sound: np.ndarray) -> Path:
    with WavWriter(path) as writer:
        writer.write(sound)
    return path


def load(path: Path) -> np.ndarray:
    reader = WavReader(path)
    try:
        return np.concatenate(list(reader.blocks()))
    finally:
        reader.close()


def quiet(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * 24_000), np.float32)


def sounds(path: Path) -> Path:
    """Two sounds, a second each, with a pause after each."""
    loud = speech_like(60.0)
    loud = np.where(np.abs(loud) < 0.02, 0.02, loud)[:24_000]
    return save(path, np.concatenate([quiet(0.4), loud, quiet(1.2), loud, quiet(0.4)]))


def config(backend: str) -> Config:
    return Config.model_validate(
        {"backend": {"name": backend}, "brain": {"kind": "scripted"}, "session": {"save": False}}
    )


def talk(folder: Path, wav: Path, name: str, backend: str = "echo", **options: Any) -> Events:
    """Talk in this process; returns the events."""
    events = folder / f"{name}.jsonl"
    code = talk_command(
        config(backend),
        TalkOptions(
            input=wav, output=folder / f"{name}.wav", events=events, **{"seed": 1, **options}
        ),
    )
    assert code == 0
    return list(read_events(events))


def of(events: Events, kind: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def pieces(events: Events) -> list[AgentSaid]:
    return [event for event in of(events, AgentSaid) if not event.final]


def answers(events: Events) -> list[AgentSaid]:
    return [event for event in of(events, AgentSaid) if event.final]


def turns(events: Events) -> list[str]:
    return [event.text for event in of(events, UserSaid) if event.final]


def without_durations(events: Events) -> Events:
    """Events with what is measured on the machine's clock, and the file's name, left out."""
    unmeasured = {FirstSample: {"latency": None, "stages": {}}, AudioChanged: {"speaker": None}}
    return [msgspec.structs.replace(e, **unmeasured.get(type(e), {})) for e in events]


# --- without speech models -----------------------------------------------------------------


def test_two_sounds_are_two_turns_and_each_comes_back(tmp_path: Path) -> None:
    events = talk(tmp_path, sounds(tmp_path / "in.wav"), "out", greeting=False)
    assert [e.text for e in pieces(events)] == ["echo 1", "echo 2"]
    starts = [e for e in of(events, TurnStarted) if e.side == "user"]
    assert [round(e.t, 1) for e in starts] == [0.5, 2.6]
    assert len(of(events, FirstSample)) == 2
    times = [e.t for e in events]
    assert times == sorted(times)
    spoken = load(tmp_path / "out.wav")
    heard = np.flatnonzero(np.abs(spoken) > 0.1) / 24_000
    assert 1.4 < heard[0] < 2.4, "the echo follows the first sound"
    assert heard[-1] > 3.7


def test_the_same_file_gives_the_same_events_each_time(tmp_path: Path) -> None:
    wav = sounds(tmp_path / "in.wav")
    first, second = (talk(tmp_path, wav, name) for name in "ab")
    assert without_durations(first) == without_durations(second)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_in_real_time_the_words_are_the_same(tmp_path: Path) -> None:
    wav = save(tmp_path / "in.wav", np.concatenate([speech_like(0.5, peak=1.0), quiet(0.2)]))
    events = talk(tmp_path, wav, "out", greeting=False, realtime=True)
    assert [e.text for e in pieces(events)] == ["echo 1"]
    latency = of(events, FirstSample)[0].latency
    assert latency is not None
    assert latency > 0.4, "the backend waits half a second for the end of a turn"


def test_the_greeting_is_spoken_to_its_end(tmp_path: Path) -> None:
    events = talk(tmp_path, save(tmp_path / "in.wav", quiet(0.2)), "out")
    greeting = answers(events)[0]
    assert not greeting.interrupted
    hum = np.abs(load(tmp_path / "out.wav")) > 0.05
    words = len(greeting.played.split())
    assert np.count_nonzero(hum) / 24_000 > 0.1 * words


def test_a_backend_killed_in_mid_conversation_costs_no_input(tmp_path: Path) -> None:
    """The input's clock stands still until it is back."""
    run = Talk(
        config("echo"),
        TalkOptions(
            input=sounds(tmp_path / "in.wav"),
            output=tmp_path / "out.wav",
            events=tmp_path / "events.jsonl",
            greeting=False,
        ),
    )
    feed = run.session.feed

    async def feed_and_kill(number: int, frame: np.ndarray) -> None:
        if number == 25:  # two seconds: between the sounds
            pid = run.session._backend.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            while run.session._backend.ready.is_set():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await feed(number, frame)

    run.session.feed = feed_and_kill  # type: ignore[method-assign]
    asyncio.run(run.run())
    events = list(read_events(tmp_path / "events.jsonl"))
    assert len(turns(events)) == 2
    assert any("stopped" in e.text for e in of(events, Notice))


def limit_files(size: int) -> Callable[[], None]:
    """For `preexec_fn`: no file may grow beyond `size`, as on a disk that is full."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def command(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "assistant", "--backend", "echo", "talk", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        **options,
    )


def test_a_disk_that_fills_up_is_told_and_the_conversation_goes_on(tmp_path: Path) -> None:
    wav = sounds(tmp_path / "in.wav")
    out, log = tmp_path / "out.wav", tmp_path / "events.jsonl"
    done = command("--no-greeting", "-i", wav, "-o", out, "-e", log, preexec_fn=limit_files(60_000))
    assert done.returncode == 1
    assert "out.wav cannot be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    events = list(read_events(log))
    assert len(pieces(events)) == 2, "to the end, though nobody can hear it"
    told = [e for e in of(events, Notice) if "cannot be written" in e.text]
    assert len(told) == 1
    assert load(out).size > 20_000, "what was written before is a whole file"


def test_events_that_cannot_be_written_to_their_end_are_told(tmp_path: Path) -> None:
    wav = save(tmp_path / "in.wav", quiet(0.2))
    done = command("-i", wav, "-o", tmp_path / "out.wav", "-e", "/dev/full")
    assert done.returncode == 1
    assert "/dev/full: no space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert load(tmp_path / "out.wav").size > 0


BAD = {
    "missing": (None, "does not exist"),
    "empty": (b"", "is empty"),
    "text": (b"not a wave at all, sorry", "is not a WAV file"),
    "mp3": (b"ID3\x04" + bytes(64), "MP3"),
    "only a header": (b"RIFF\x24\x00\x00\x00WAVE", "no sound"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_input_is_named_with_what_to_do(tmp_path: Path, name: str) -> None:
    data, words = BAD[name]
    wav = tmp_path / "in.wav"
    if data is not None:
        wav.write_bytes(data)
    with pytest.raises(AudioFileError, match=words) as caught:
        Talk(config("echo"), TalkOptions(input=wav, output=tmp_path / "out.wav"))
    assert caught.value.remedy
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.parametrize(
    ("output", "words"),
    [(".", "Is a directory"), ("no/such/folder.wav", "No such file"), ("in.wav", "both input")],
)
def test_a_bad_output_is_named_with_what_to_do(tmp_path: Path, output: str, words: str) -> None:
    wav = save(tmp_path / "in.wav", quiet(0.2))
    before = wav.read_bytes()
    with pytest.raises(AudioFileError, match=words):
        Talk(config("echo"), TalkOptions(input=wav, output=tmp_path / output))
    assert wav.read_bytes() == before


def test_on_the_command_line_an_error_is_two_lines_and_an_exit_code(tmp_path: Path) -> None:
    wav = tmp_path / "in.wav"
    wav.write_text("not a wave")
    done = command("-i", wav, "-o", tmp_path / "out.wav")
    assert done.returncode == 1
    assert done.stdout == ""
    error, remedy = done.stderr.splitlines()
    assert error == f"error: {wav} is not a WAV file."
    assert remedy.startswith("remedy: ")


# --- with speech models ----------------------------------------------------------------------

Conversation = tuple[Path, Path, float, Events]


@pytest.fixture(scope="module")
def conversation(tmp_path_factory: pytest.TempPathFactory) -> Conversation:
    """A person asks for the time, then for GLaDOS. Gives the folder of the talk, what was said,
    the second at which the last word ends, and the events."""

    def say(text: str) -> np.ndarray:
        return soxr.resample(kokoro(text), RATE, 24_000).astype(np.float32)

    folder = tmp_path_factory.mktemp("talk")
    first, second = say("What time is it?"), say("Change to gladoss.")
    sound = np.concatenate([quiet(0.5), first, quiet(9.0), second])
    voiced = np.flatnonzero(np.abs(sound) > 0.01)
    wav = save(folder / "in.wav", np.concatenate([sound, quiet(0.3)]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        events = talk(folder, wav, "out", "cascade", greeting=False)
    return folder, wav, voiced[-1] / 24_000, events


@pytest.mark.weights
@pytest.mark.xdist_group("talk")
def test_what_time_is_it_then_change_to_glados(conversation: Conversation) -> None:
    _, _, last_word, events = conversation
    times = [e.t for e in events]
    assert times == sorted(times)
    said = [text.lower() for text in turns(events)]
    assert len(said) == 2
    assert "time" in said[0]
    assert said[1].startswith("change to")

    (changed,) = of(events, PersonaChanged)
    assert changed.persona.slug == "glados"
    assert changed.t - last_word <= 0.6
    (called,) = of(events, ToolCalled)
    (finished,) = of(events, ToolFinished)
    assert (called.call.name, called.call.origin) == ("change_theme", "speech")
    assert finished.result.ok
    assert events.index(called) < events.index(changed) < events.index(finished)


@pytest.mark.weights
@pytest.mark.xdist_group("talk")
def test_each_turn_is_told_from_its_beginning_to_its_end(conversation: Conversation) -> None:
    _, _, _, events = conversation
    assert [e.interrupted for e in answers(events)] == [False, False]
    personas = [e.persona for e in pieces(events)]
    assert personas[0] == "jarvis"
    assert personas[-1] == "glados"
    cycle = ["listening", "thinking", "speaking", "idle"]
    states = [e.state for e in of(events, StateChanged)]
    assert states == ["initializing", "idle", *cycle, *cycle]
    begun = [(e.side, e.turn) for e in of(events, TurnStarted)]
    assert begun == [("user", 1), ("assistant", 2), ("user", 3), ("assistant", 4)]


@pytest.mark.weights
@pytest.mark.xdist_group("talk")
def test_a_voice_is_heard_where_it_is_said_to_begin(conversation: Conversation) -> None:
    folder, _, _, events = conversation
    spoken = load(folder / "out.wav")
    first_samples = of(events, FirstSample)
    assert len(first_samples) == 2
    for sample in first_samples:
        assert sample.latency is not None
        start = round(sample.t * 24_000)
        voice = spoken[start : start + 24_000]
        assert np.sqrt(np.mean(voice**2)) > 0.02
        assert not np.any(np.abs(spoken[start - 7_200 : start - 2_400]) > 0.01)


@pytest.mark.weights
@pytest.mark.xdist_group("talk")
def test_with_speech_models_too_the_same_file_gives_the_same_events(
    conversation: Conversation, tmp_path: Path
) -> None:
    def outline(events: Events) -> list[tuple[object, ...]]:
        # The time of day takes longer to say at some minutes than at others.
        keys = ("turn", "side", "state", "persona", "name", "final")
        told = [e for e in events if e not in pieces(events)]
        return [(type(e), *(getattr(e, key, None) for key in keys)) for e in told]

    _, wav, _, events = conversation
    again = talk(tmp_path, wav, "again", "cascade", greeting=False)
    assert outline(again) == outline(events)
    heard = [[e.text for e in of(run, UserSaid)] for run in (events, again)]
    assert heard[0] == heard[1]
