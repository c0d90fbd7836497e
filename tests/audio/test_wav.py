from __future__ import annotations

import contextlib
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.wav import AudioFileError, WavReader, WavWriter

SOUND = np.sin(np.linspace(0, 60, 3_000))


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)


def riff(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def fmt(
    tag: int, channels: int, rate: int, sample_bytes: int, *, extensible: bool = False
) -> bytes:
    block = channels * sample_bytes
    plain = struct.pack("<HIIHH", channels, rate, rate * block, block, 8 * sample_bytes)
    if not extensible:
        return chunk(b"fmt ", struct.pack("<H", tag) + plain)
    extra = struct.pack("<HHIH", 22, 8 * sample_bytes, 0, tag) + bytes(14)
    return chunk(b"fmt ", struct.pack("<H", 0xFFFE) + plain + extra)


def encode(sound: np.ndarray, tag: int, sample_bytes: int) -> bytes:
    if tag == 3:
        return sound.astype(f"<f{sample_bytes}").tobytes()
    if sample_bytes == 1:
        return (np.round(sound * 127) + 128).astype(np.uint8).tobytes()
    whole = np.round(sound * (2 ** (8 * sample_bytes - 1) - 1)).astype("<i8")
    return whole.view(np.uint8).reshape(-1, 8)[:, :sample_bytes].tobytes()


def read(path: Path) -> np.ndarray:
    reader = WavReader(path)
    try:
        return np.concatenate(list(reader.blocks(700)))
    finally:
        reader.close()


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(("tag", "sample_bytes"), [(1, 1), (1, 2), (1, 3), (1, 4), (3, 4), (3, 8)])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_every_usual_kind_of_file_sounds_the_same(
    tmp_path: Path, tag: int, sample_bytes: int, channels: int, extensible: bool
) -> None:
    path = tmp_path / "in.wav"
    data = encode(np.repeat(SOUND, channels), tag, sample_bytes)
    header = fmt(tag, channels, 96_000, sample_bytes, extensible=extensible)
    path.write_bytes(riff(chunk(b"LIST", b"odd"), header, chunk(b"data", data)))
    heard = read(path)
    assert heard.dtype == np.float32
    two_steps = 2 / 2 ** (8 * min(sample_bytes, 2) - 1)
    np.testing.assert_allclose(heard, SOUND, atol=two_steps)


def test_the_two_sides_of_a_stereo_file_are_mixed(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    sides = np.column_stack((SOUND, np.zeros_like(SOUND))).reshape(-1)
    path.write_bytes(riff(fmt(1, 2, 24_000, 2), chunk(b"data", encode(sides, 1, 2))))
    np.testing.assert_allclose(read(path), SOUND / 2, atol=1e-4)


def test_a_file_cut_short_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "in.wav"
    whole = riff(fmt(1, 1, 1_000, 2), chunk(b"data", encode(SOUND, 1, 2)))
    path.write_bytes(whole[: len(whole) - 2_001])
    reader = WavReader(path)
    assert sum(block.size for block in reader.blocks()) == 1_999
    assert reader.warnings == [f"{path} is cut short: its last 1.0 s are missing."]
    reader.close()


@pytest.mark.parametrize("said", [0, 0xFFFFFFFF])
def test_a_file_from_a_pipe_that_does_not_know_its_length(tmp_path: Path, said: int) -> None:
    path = tmp_path / "in.wav"
    data = b"data" + struct.pack("<I", said) + encode(SOUND, 1, 2)
    path.write_bytes(riff(fmt(1, 1, 24_000, 2), data))
    assert read(path).size == SOUND.size


BAD = {
    "empty": b"",
    "not a WAV": b"Dear diary, today I recorded nothing at all.",
    "is a MP3": b"ID3\x04" + bytes(100),
    "is a FLAC": b"fLaC" + bytes(100),
    "no sound": riff(fmt(1, 1, 24_000, 2), chunk(b"data", b"")),
    "has no sound in it": riff(fmt(1, 1, 24_000, 2)),
    "only a header": riff(fmt(1, 1, 24_000, 2))[:20],
    "A-law": riff(fmt(6, 1, 8_000, 1), chunk(b"data", bytes(100))),
    "format 999": riff(fmt(999, 1, 8_000, 1), chunk(b"data", bytes(100))),
    "0 channels": riff(fmt(1, 0, 8_000, 2), chunk(b"data", bytes(100))),
    "0 Hz": riff(fmt(1, 1, 0, 2), chunk(b"data", bytes(100))),
    "40 bits": riff(fmt(1, 1, 8_000, 5), chunk(b"data", bytes(100))),
    "header is too short": riff(chunk(b"fmt ", b"short"), chunk(b"data", bytes(100))),
    "not given before": riff(chunk(b"data", bytes(100)), fmt(1, 1, 8_000, 2)),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_heard_is_named_with_what_to_do(tmp_path: Path, what: str) -> None:
    path = tmp_path / "in.wav"
    path.write_bytes(BAD[what])
    with pytest.raises(AudioFileError) as raised:
        WavReader(path)
    assert str(path) in raised.value.message
    assert raised.value.remedy
    if what != "only a header":
        assert what in raised.value.message


def test_names_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="is a folder"):
        WavReader(tmp_path)
    with pytest.raises(AudioFileError, match="does not exist"):
        WavReader(tmp_path / "none.wav")
    with pytest.raises(AudioFileError, match="is not a file"):
        WavReader(Path("/dev/null"))


@given(st.data())
def test_a_damaged_file_is_read_or_refused_and_never_anything_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray(riff(fmt(1, 2, 24_000, 2), chunk(b"data", encode(SOUND[:50], 1, 2))))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, 60))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("wav") / "in.wav"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(AudioFileError):
        heard = read(path)
        assert heard.ndim == 1
        assert heard.size > 0


@given(st.lists(st.integers(0, 5_000), max_size=8))
def test_what_is_written_can_be_read_by_anyone(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    path = tmp_path_factory.mktemp("wav") / "out.wav"
    sound = np.random.default_rng(2).uniform(-1, 1, sum(sizes)).astype(np.float32)
    with WavWriter(path) as writer:
        for piece in np.split(sound, np.cumsum(sizes)[:-1]) if sizes else []:
            writer.write(piece)
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        heard = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32_767
    np.testing.assert_allclose(heard, sound, atol=1 / 32_767)


def test_a_crash_costs_at_most_the_last_second(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    writer = WavWriter(path)
    for _ in range(30):
        writer.write(np.full(1_920, 0.5, dtype=np.float32))
    with wave.open(str(path)) as file:  # not closed, as after a crash
        assert file.getnframes() > 30 * 1_920 - 24_000 - 1_920
    writer.close()
    with wave.open(str(path)) as file:
        assert file.getnframes() == 30 * 1_920


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="cannot be written") as raised:
        WavWriter(tmp_path / "no such folder" / "out.wav")
    assert raised.value.remedy


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with pytest.raises(AudioFileError, match="No space left"):
        WavWriter(Path("/dev/full"))
