from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.files import AudioFileError, FileAudio
from assistant.audio.wav import WavWriter


def tone(seconds: float, hertz: float = 440.0) -> np.ndarray:
    t = np.arange(round(seconds * 24_000)) / 24_000
    return (0.5 * np.sin(2 * np.pi * hertz * t)).astype(np.float32)


def save(path: Path, sound: np.ndarray, rate: int = 24_000) -> Path:
    with WavWriter(path, rate) as writer:
        writer.write(sound)
    return path


def load(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32_767


async def begin(audio: FileAudio) -> None:
    def problem(text: str, remedy: str) -> None:
        raise AssertionError(text)

    await audio.start(lambda number, frame: None, problem)


def all_frames(audio: FileAudio) -> list[np.ndarray]:
    frames = []
    while (frame := audio.next_frame()) is not None:
        frames.append(frame)
    return frames


async def test_the_input_comes_frame_by_frame(tmp_path: Path) -> None:
    sound = tone(1.0)
    audio = FileAudio(save(tmp_path / "in.wav", sound), tmp_path / "out.wav")
    await begin(audio)
    assert audio.seconds == 1.0
    frames = all_frames(audio)
    assert [frame.size for frame in frames] == 13 * [1_920]
    heard = np.concatenate(frames)
    np.testing.assert_allclose(heard[: sound.size], sound, atol=1 / 32_767)
    assert not heard[sound.size :].any()
    assert audio.input_levels.count == 13 * 4
    await audio.stop()


async def test_without_an_input_there_is_no_microphone(tmp_path: Path) -> None:
    audio = FileAudio(None, tmp_path / "out.wav")
    assert audio.microphone is None
    assert audio.next_frame() is None
    audio.playback.write(1, tone(0.1))
    audio.pull_output(480)
    await audio.stop()
    assert load(tmp_path / "out.wav").size == 480


@pytest.mark.parametrize("rate", [8_000, 44_100, 96_000])
async def test_a_file_of_any_rate_keeps_its_length_and_place(tmp_path: Path, rate: int) -> None:
    t = np.arange(round(1.3 * rate)) / rate
    sound = (0.5 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    audio = FileAudio(save(tmp_path / "in.wav", sound, rate))
    await begin(audio)
    frames = all_frames(audio)
    heard = np.concatenate(frames)
    assert len(frames) == 17  # 1.3 s and the padding of the last frame
    np.testing.assert_allclose(heard[1_000:30_000], tone(1.3)[1_000:30_000], atol=0.002)
    await audio.stop()


async def test_what_is_played_stands_in_the_output_to_the_sample(tmp_path: Path) -> None:
    audio = FileAudio(save(tmp_path / "in.wav", tone(0.1)), tmp_path / "out.wav")
    await begin(audio)
    audio.pull_output()
    spoken = tone(0.5)
    audio.playback.write(1, spoken)
    pulled = [audio.pull_output() for _ in range(8)]
    assert pulled[0].size == 1_920
    await audio.stop()
    heard = load(tmp_path / "out.wav")
    assert heard.size == 9 * 1_920
    assert not heard[:1_920].any()
    np.testing.assert_allclose(heard[1_920 + 120 : 1_920 + 12_000], spoken[120:], atol=1 / 32_767)
    assert audio.playback.first_sample_at(1) == 1_920
    assert audio.output_levels.count == 9 * 4
    assert audio.error is None


async def test_a_disk_that_fills_up_is_told_once_and_the_conversation_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = FileAudio(save(tmp_path / "in.wav", tone(0.1)), tmp_path / "out.wav")
    told: list[tuple[str, str]] = []
    await audio.start(lambda number, frame: None, lambda *problem: told.append(problem))
    audio.pull_output()

    class FullDisk:
        closed = False

        def write(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

        seek = write

        def close(self) -> None:
            self.closed = True

    assert audio._writer is not None
    monkeypatch.setattr(audio._writer, "_file", FullDisk())
    for _ in range(3):
        assert audio.pull_output().size == 1_920
    await audio.stop()
    assert len(told) == 1
    assert "No space left" in told[0][0]
    assert audio.error is not None


async def test_a_file_cut_short_is_told_and_used(tmp_path: Path) -> None:
    path = save(tmp_path / "in.wav", tone(1.0))
    path.write_bytes(path.read_bytes()[:24_044])
    audio = FileAudio(path)
    told: list[str] = []
    await audio.start(lambda number, frame: None, lambda text, remedy: told.append(text))
    assert len(all_frames(audio)) == 7  # half a second
    assert "cut short" in told[0]
    await audio.stop()


def test_input_and_output_may_not_be_the_same_file(tmp_path: Path) -> None:
    path = save(tmp_path / "in.wav", tone(0.1))
    before = path.read_bytes()
    with pytest.raises(AudioFileError, match="both input and output"):
        FileAudio(path, tmp_path / "." / "in.wav")
    assert path.read_bytes() == before


def test_a_bad_input_leaves_an_old_output_alone(tmp_path: Path) -> None:
    output = save(tmp_path / "out.wav", tone(0.1))
    before = output.read_bytes()
    (tmp_path / "in.wav").write_bytes(b"")
    with pytest.raises(AudioFileError, match="is empty"):
        FileAudio(tmp_path / "in.wav", output)
    assert output.read_bytes() == before
