"""`assistant say`: the file holds the speech and nothing else, however slow the machine is."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.wav import AudioFileError, WavReader
from assistant.backends.base import BackendError
from assistant.commands.say import say_command
from assistant.config.schema import Config
from tests.commands.test_talk import limit_files

TEXT = "The town has 8,000 people, and 3.05 percent are farmers. That is all there is to say."


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("ASSISTANT_BRAIN__KIND", "scripted")


def load(path: Path) -> np.ndarray:
    reader = WavReader(path)
    try:
        return np.concatenate(list(reader.blocks()))
    finally:
        reader.close()


def silences(heard: np.ndarray) -> tuple[float, float, float]:
    """Seconds before the first voiced sample, the longest between two, and after the last."""
    voiced = np.flatnonzero(np.abs(heard) > 0.01) / 24_000
    return voiced[0], float(np.diff(voiced).max()), len(heard) / 24_000 - voiced[-1]


def into(path: Path, text: str = TEXT, backend: str = "echo", persona: str = "jarvis") -> Path:
    config = Config.model_validate(
        {"backend": {"name": backend}, "session": {"persona": persona, "save": False}}
    )
    assert say_command(config, text, path) == 0
    return path


def start(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "assistant", "--backend", "echo", "say", *map(str, arguments)],
        **{"stdin": subprocess.DEVNULL, "stdout": -1, "stderr": -1, **options},  # type: ignore
    )


def command(*arguments: object, given: bytes | None = None, **options: object) -> tuple:
    """Exit code, standard output and standard error."""
    stdin = {} if given is None else {"stdin": subprocess.PIPE}
    process = start(*arguments, **stdin, **options)
    out, err = process.communicate(given, timeout=120)
    return process.returncode, out, err.decode()


# --- without speech models -----------------------------------------------------------------


def test_the_file_is_the_speech_and_the_same_each_time(tmp_path: Path) -> None:
    first, second = into(tmp_path / "a.wav"), into(tmp_path / "b.wav")
    assert first.read_bytes() == second.read_bytes()
    before, gap, after = silences(load(first))
    assert max(before, after) < 0.1
    assert gap < 0.5
    assert sorted(p.name for p in tmp_path.glob("*.wav*")) == ["a.wav", "b.wav"]


def test_a_delivery_is_not_spoken_and_it_is_told_where_it_is_not_heard(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plain = into(tmp_path / "plain.wav")
    config = Config.model_validate({"backend": {"name": "echo"}, "session": {"save": False}})
    assert say_command(config, TEXT, tmp_path / "dry.wav", "dry") == 0
    assert (tmp_path / "dry.wav").read_bytes() == plain.read_bytes()
    assert "its own way" in capfd.readouterr().err


def test_a_machine_that_is_slow_makes_no_longer_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = into(tmp_path / "quick.wav")
    from assistant.commands import say
    from assistant.session.turns.playback_tracker import PlaybackTracker

    take = PlaybackTracker.audio

    def late(self: PlaybackTracker, event: object) -> None:
        time.sleep(0.1)
        take(self, event)  # type: ignore[arg-type]

    monkeypatch.setattr(PlaybackTracker, "audio", late)
    monkeypatch.setattr(say, "_LOOK", 0.0)
    assert into(tmp_path / "slow.wav").read_bytes() == quick.read_bytes()


def test_into_a_pipe_goes_a_wav_file_and_nothing_else(tmp_path: Path) -> None:
    code, out, err = command(TEXT, "--output", "-")
    assert (code, err) == (0, "")
    assert out[:4] == b"RIFF"
    streamed = tmp_path / "streamed.wav"
    streamed.write_bytes(out)
    assert np.array_equal(load(streamed), load(into(tmp_path / "a.wav")))


@pytest.mark.parametrize("arguments", [["-"], []])
def test_the_text_comes_from_standard_input(tmp_path: Path, arguments: list[str]) -> None:
    out = tmp_path / "x.wav"
    code, _, err = command(*arguments, "-o", out, given=f"\ufeff{TEXT}\n".encode())
    assert (code, err) == (0, "")
    assert np.array_equal(load(out), load(into(tmp_path / "a.wav")))


@pytest.mark.parametrize(
    ("arguments", "given"),
    [([], None), (["-"], b""), (["  "], None), ([], b" \n"), ([""], b"not asked for")],
)
def test_where_there_is_no_text_it_is_asked_for(
    tmp_path: Path, arguments: list[str], given: bytes | None
) -> None:
    code, out, err = command(*arguments, "-o", tmp_path / "x.wav", given=given)
    assert code == 2
    assert out == b""
    assert "nothing to say" in err
    assert "Traceback" not in err
    assert not (tmp_path / "x.wav").exists()


@pytest.mark.parametrize(
    ("output", "words"),
    [(".", "Is a directory"), ("no/such/folder.wav", "No such file"), ("kept.wav", "Permission")],
)
def test_a_bad_output_is_named_and_left_as_it_was(
    tmp_path: Path, output: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept.wav"
    kept.write_bytes(b"older")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != kept)  # root may all
    with pytest.raises(AudioFileError, match=words):
        into(tmp_path / output)
    assert kept.read_bytes() == b"older"
    assert list(tmp_path.glob(".*.part")) == []


def test_an_older_file_is_replaced_by_a_whole_one_and_keeps_who_may_read_it(
    tmp_path: Path,
) -> None:
    older = tmp_path / "real.wav"
    older.write_bytes(b"older")
    older.chmod(0o600)
    link = tmp_path / "link.wav"
    link.symlink_to(older)
    into(link)
    assert link.is_symlink()
    assert older.stat().st_mode & 0o777 == 0o600
    assert load(older).size > 24_000


def test_a_disk_that_fills_up_is_told_and_leaves_no_half_file(tmp_path: Path) -> None:
    older = tmp_path / "x.wav"
    older.write_bytes(b"older")
    code, _, err = command(TEXT, "-o", older, preexec_fn=limit_files(60_000))
    assert code == 1
    assert "x.wav cannot be written: File too large" in err
    assert older.read_bytes() == b"older"
    assert list(tmp_path.glob(".*.part")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_no_half_file(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "x.wav"
    process = start("-o", out, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(b"One more sentence of many. " * 40_000)
    process.stdin.close()
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".*.part")) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    assert [p for p in tmp_path.iterdir() if "x.wav" in p.name] == []


def test_a_reader_that_has_heard_enough_is_no_fault() -> None:
    process = start("-o", "-", stdin=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(b"One more sentence of many. " * 2_000)
    process.stdin.close()
    assert process.stdout.read(4) == b"RIFF"
    process.stdout.close()
    assert process.wait(60) == 1
    assert [line for line in process.stderr.read().splitlines() if b"speech" not in line] == []


def test_of_a_long_text_the_progress_is_told_beside_the_sound(tmp_path: Path) -> None:
    code, out, err = command("-o", "-", given=b"One more sentence of many. " * 400)
    assert code == 0
    assert out[:4] == b"RIFF"
    assert all(line.startswith("· ") and "s of speech" in line for line in err.splitlines())


def test_a_sound_file_is_not_shown_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    with pytest.raises(AudioFileError, match="terminal"):
        into(Path("-"))


# --- with speech models ----------------------------------------------------------------------


@pytest.mark.weights
@pytest.mark.parametrize(("engine", "persona"), [("kokoro", "glados"), ("piper", "hal")])
def test_a_real_voice_begins_at_once_and_pauses_as_it_does_when_it_speaks(
    tmp_path: Path, engine: str, persona: str
) -> None:
    config = {
        "backend": {"name": "cascade", "cascade": {"voice_engine": engine}},
        "session": {"persona": persona, "save": False},
    }
    rendered = []
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        for name in ("a.wav", "b.wav"):
            path = tmp_path / name
            assert say_command(Config.model_validate(config), TEXT, path) == 0
            rendered.append(load(path))
            busy.terminate()
    finally:
        busy.kill()
        busy.wait()
    before, gap, after = silences(rendered[0])
    assert before < 0.1
    assert gap < 0.6
    assert after < 0.2
    assert 3.0 < len(rendered[0]) / 24_000 < 14.0
    assert np.array_equal(rendered[0], rendered[1]), "rendered beside a busy process, and kept"


@pytest.mark.weights
def test_a_sad_text_takes_longer_and_is_softer_and_expression_may_be_off(tmp_path: Path) -> None:
    def spoken(name: str, text: str, delivery: str = "", *, expressive: bool = True) -> np.ndarray:
        config = Config.model_validate(
            {
                "backend": {"name": "cascade"},
                "session": {"save": False},
                "voice": {"expressive": expressive},
            }
        )
        assert say_command(config, text, tmp_path / name, delivery) == 0
        return load(tmp_path / name)

    text = "The door is open. It was not, a while ago."
    plain = spoken("plain.wav", text)
    sad = spoken("sad.wav", text, "sad")
    assert len(sad) > 1.08 * len(plain)
    assert np.sqrt((sad**2).mean()) < 0.85 * np.sqrt((plain**2).mean())
    assert np.array_equal(spoken("off.wav", f"[delivery: sad] {text}", expressive=False), plain)


@pytest.mark.weights
def test_a_text_without_words_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="nothing in this text"):
        into(tmp_path / "x.wav", "😀 …", "cascade")
    assert not (tmp_path / "x.wav").exists()
