"""A persona's voice comes out of a recording, or out of a file of NVIDIA's, and is kept."""

from __future__ import annotations

import builtins
import importlib
import io
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.loudness import integrated_loudness
from assistant.backends.moshi.checkpoint.pt_reader import NotTensors, read_tensors
from assistant.backends.moshi.checkpoint.weights import read_checkpoint
from assistant.backends.moshi.contract import Checkpoint, EngineSettings, Sampling
from assistant.backends.moshi.prompts.prompting import EmbeddedVoice, persona_prompt
from assistant.backends.moshi.prompts.voices import LONGEST_SECONDS, load_voice, read_recording
from tests.backends.moshi.conftest import MakeCheckpoint

pytest.importorskip("sphn", reason="sphn reads recordings")
pytest.importorskip("safetensors", reason="voices are kept as safetensors")


def quiet_progress(text: str, part: float | None) -> None:
    pass


class LevelCodec:
    """Codes tell how loud a frame is and how many came before it since the last reset."""

    codebooks = 8

    def __init__(self) -> None:
        self.encoded = 0
        self.since_reset = 0

    def encode(self, frame: Float32) -> NDArray[np.int64]:
        assert frame.shape == (1920,)
        assert frame.dtype == np.float32
        self.encoded += 1
        self.since_reset += 1
        # Five steps a decibel: coarser than 16 bits are, far finer than a fault would be.
        loud = round(100 * np.log10(np.sqrt(np.mean(frame**2)) + 1e-9)) + 1000
        return np.array([loud, self.since_reset, *[7] * 6])

    def decode(self, codes: NDArray[np.int64]) -> Float32:
        raise AssertionError("a voice is only encoded")

    def reset_encoder(self) -> None:
        self.since_reset = 0

    def reset_decoder(self) -> None:
        raise AssertionError("a voice is only encoded")


def speech_like(seconds: float, rate: int = 24_000) -> Float32:
    times = np.arange(round(seconds * rate)) / rate
    pitch = np.sin(2 * np.pi * 170 * times) + 0.5 * np.sin(2 * np.pi * 510 * times)
    syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 2.1 * times)
    return (0.3 * pitch * syllables).astype(np.float32)


def wav(path: Path, sound: Float32, rate: int = 24_000, channels: int = 1) -> Path:
    pcm = np.round(np.repeat(sound[:, None], channels, 1) * 32_767).astype("<i2").tobytes()
    head = struct.pack("<HHIIHH", 1, channels, rate, 2 * channels * rate, 2 * channels, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(pcm)) + pcm
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


@pytest.fixture
def moshi(tmp_path: Path) -> Checkpoint:
    """A checkpoint as far as voices ask for it."""
    mimi = tmp_path / "mimi.safetensors"
    mimi.write_bytes(b"the weights of Mimi")
    own = tmp_path / "voices"
    own.mkdir()
    return Checkpoint(
        model=tmp_path / "model.safetensors",
        mimi=mimi,
        tokenizer=tmp_path / "tokenizer.model",
        config={"dim": 64, "card": 2048},
        kind="personaplex",
        name="personaplex-7b",
        voices=own,
    )


def codes_of(
    recording: Path, checkpoint: Checkpoint, codec: LevelCodec, cache: Path
) -> NDArray[np.int64]:
    voice = load_voice(str(recording), checkpoint, codec, cache, quiet_progress)
    assert isinstance(voice, list)
    return np.stack(voice)


def test_a_quiet_and_a_loud_recording_are_the_same_voice(tmp_path: Path, moshi: Checkpoint) -> None:
    loud = wav(tmp_path / "loud.wav", speech_like(2.0))
    quiet = wav(tmp_path / "quiet.wav", speech_like(2.0) * 0.03)
    assert integrated_loudness(read_recording(loud)) == pytest.approx(-24, abs=0.05)
    one, other = (codes_of(path, moshi, LevelCodec(), tmp_path / "cache") for path in (loud, quiet))
    assert np.abs(one - other).max() <= 1


def test_a_recording_may_have_any_rate_and_two_channels(tmp_path: Path, moshi: Checkpoint) -> None:
    plain = wav(tmp_path / "plain.wav", speech_like(2.0))
    stereo = wav(tmp_path / "stereo.wav", speech_like(2.0, 44_100), 44_100, channels=2)
    one, other = (
        codes_of(path, moshi, LevelCodec(), tmp_path / "cache") for path in (plain, stereo)
    )
    assert len(one) == len(other) == 25
    assert np.abs(one - other)[1:-1].max() <= 2


def test_only_the_beginning_of_a_long_recording_is_taken(tmp_path: Path, moshi: Checkpoint) -> None:
    path = wav(tmp_path / "long.wav", speech_like(LONGEST_SECONDS + 3, 16_000), 16_000)
    codec = LevelCodec()
    assert len(codes_of(path, moshi, codec, tmp_path / "cache")) == np.ceil(LONGEST_SECONDS / 0.08)


def test_the_last_frame_is_filled_and_the_encoder_is_left_fresh(
    tmp_path: Path, moshi: Checkpoint
) -> None:
    path = wav(tmp_path / "odd.wav", speech_like(1.0))
    codec = LevelCodec()
    codec.since_reset = 40  # something was heard before
    codes = codes_of(path, moshi, codec, tmp_path / "cache")
    assert list(codes[:, 1]) == list(range(1, 14))
    assert codec.since_reset == 0


def test_the_second_start_encodes_nothing(tmp_path: Path, moshi: Checkpoint) -> None:
    path = wav(tmp_path / "voice.wav", speech_like(1.0))
    codec = LevelCodec()
    first = codes_of(path, moshi, codec, tmp_path / "cache")
    encoded = codec.encoded
    assert (codes_of(path, moshi, codec, tmp_path / "cache") == first).all()
    assert codec.encoded == encoded
    wav(path, speech_like(1.5))
    assert len(codes_of(path, moshi, codec, tmp_path / "cache")) == 19, "the recording has changed"
    moshi.mimi.write_bytes(b"other weights of Mimi")
    before = codec.encoded
    codes_of(path, moshi, codec, tmp_path / "cache")
    assert codec.encoded == before + 19, "another codec has other codes"


@pytest.mark.parametrize("damage", ["cut", "garbage", "huge codes"])
def test_a_damaged_kept_voice_is_made_anew(tmp_path: Path, moshi: Checkpoint, damage: str) -> None:
    path, cache = wav(tmp_path / "voice.wav", speech_like(1.0)), tmp_path / "cache"
    codec = LevelCodec()
    first = codes_of(path, moshi, codec, cache)
    (kept,) = cache.iterdir()
    data = kept.read_bytes()
    at = len(data) - 8
    kept.write_bytes(
        {
            "cut": data[:-20],
            "garbage": b"x" * 50,
            "huge codes": data[:at] + b"\xff" * 7 + b"\x00",
        }[damage]
    )
    assert (codes_of(path, moshi, codec, cache) == first).all()
    assert codec.encoded == 26
    assert kept.read_bytes() == data


def test_a_kept_voice_is_a_voice_itself(tmp_path: Path, moshi: Checkpoint) -> None:
    path, cache = wav(tmp_path / "voice.wav", speech_like(1.0)), tmp_path / "cache"
    first = codes_of(path, moshi, LevelCodec(), cache)
    (kept,) = cache.iterdir()
    path.unlink()
    assert (codes_of(kept, moshi, LevelCodec(), tmp_path / "none") == first).all()


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path, moshi: Checkpoint) -> None:
    path = wav(tmp_path / "voice.wav", speech_like(1.0))
    (tmp_path / "cache").write_text("a file where a folder should be")
    assert len(codes_of(path, moshi, LevelCodec(), tmp_path / "cache")) == 13


def refusal(voice: str | Path, checkpoint: Checkpoint, tmp_path: Path) -> BackendError:
    with pytest.raises(BackendError) as caught:
        load_voice(str(voice), checkpoint, LevelCodec(), tmp_path / "cache", quiet_progress)
    assert caught.value.remedy
    return caught.value


def test_what_is_no_recording_is_named(tmp_path: Path, moshi: Checkpoint) -> None:
    text = tmp_path / "notes.wav"
    text.write_text("Dear diary, " * 40)
    assert "notes.wav cannot be read as sound" in refusal(text, moshi, tmp_path).message
    silent = wav(tmp_path / "silent.wav", np.zeros(48_000, np.float32))
    assert "nothing can be heard" in refusal(silent, moshi, tmp_path).message
    short = wav(tmp_path / "short.wav", speech_like(0.1))
    assert "too short" in refusal(short, moshi, tmp_path).message


def test_a_voice_that_does_not_exist_names_those_that_do(tmp_path: Path, moshi: Checkpoint) -> None:
    assert moshi.voices is not None
    wav(moshi.voices / "NATF0.wav", speech_like(1.0))
    wav(moshi.voices / "VARM3.wav", speech_like(1.0))
    error = refusal("NATF9", moshi, tmp_path)
    assert "NATF9" in error.message
    assert "NATF0, VARM3" in error.remedy
    assert "There is no recording" in refusal("voices/her.wav", moshi, tmp_path).message
    for name in ("NATF0", "natf0.wav"):
        assert len(load_voice(name, moshi, LevelCodec(), tmp_path / "c", quiet_progress)) == 13


@pytest.mark.parametrize("framework", ["torch", "mlx"])
def test_a_recording_becomes_mimis_codes(
    tmp_path: Path, checkpoint: MakeCheckpoint, framework: str
) -> None:
    """The same codes however loud it was recorded, and whatever the codec heard before."""
    pytest.importorskip("moshi" if framework == "torch" else "moshi_mlx")
    codecs = importlib.import_module(f"assistant.backends.moshi.{framework}.codec")
    published = read_checkpoint(checkpoint("personaplex"))
    codec = codecs.load_codec(published, EngineSettings(device="cpu", dtype="float32"))
    sound = speech_like(1.0)
    codes = []
    for number, gain in enumerate((1.0, 0.25)):
        path = wav(tmp_path / f"{gain}.wav", sound * gain)
        codes.append(codes_of(path, published, codec, tmp_path / f"cache {number}"))
        codec.encode(sound[:1920])
    assert codes[0].shape == (13, 8)
    assert len(np.unique(codes[0])) > 20, "it is no silence"
    assert (codes[0] == codes[1]).mean() > 0.9


# -- NVIDIA's files ------------------------------------------------------------------------------


def test_a_saved_dictionary_is_read_without_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    base = torch.randn(6, 5)
    tensors = {
        "whole": base,
        "half": base.half(),
        "brain": base.bfloat16(),
        "double": base.double(),
        "codes": torch.arange(12).reshape(3, 4),
        "turned": base.T[1:, ::2],
        "spread": torch.ones(1).expand(4, 3),
        "nothing": torch.zeros(0, 3),
    }
    torch.save(tensors, tmp_path / "some.pt")
    read = read_tensors(tmp_path / "some.pt")
    assert set(read) == set(tensors)
    for name, tensor in tensors.items():
        expected = tensor.float() if tensor.dtype in (torch.half, torch.bfloat16) else tensor
        assert read[name].shape == tuple(tensor.shape)
        assert (read[name] == expected.numpy()).all(), name


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return builtins.eval, (f"open({str(self.path)!r}, 'w').write('gotcha')",)


def archive(path: Path, program: bytes, parts: dict[str, bytes] | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", program)
        for name, data in (parts or {}).items():
            file.writestr(f"archive/data/{name}", data)
    return path


def tensor_program(shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> bytes:
    """{"embeddings": a tensor over storage 0} as torch writes it."""

    def tuple_of(numbers: tuple[int, ...]) -> bytes:
        wide = [b"\x8a\x09" + n.to_bytes(9, "little", signed=True) for n in numbers]
        return b"(" + b"".join(wide) + b"t"

    text = b"".join(
        [
            b"\x80\x02}(X\n\x00\x00\x00embeddingsctorch._utils\n_rebuild_tensor_v2\n((",
            b"X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000",
            b"X\x03\x00\x00\x00cpuK\x04tQ",
        ]
    )
    return text + tuple_of((offset,))[1:-1] + tuple_of(shape) + tuple_of(strides) + b"\x89NtRu."


STORED = {"0": np.arange(4, dtype="<f4").tobytes()}


def test_the_forged_programs_would_be_read_if_they_were_honest(tmp_path: Path) -> None:
    read = read_tensors(archive(tmp_path / "a.pt", tensor_program((2, 2), (2, 1)), STORED))
    assert read["embeddings"].tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [
        ((5,), (1,), 0),
        ((2, 2), (3, 1), 0),
        ((4,), (1,), 1),
        ((4,), (-1,), 3),
        ((-4,), (1,), 0),
        ((1 << 40,), (0,), 0),
        ((1 << 20, 1 << 20), (0, 0), 0),
        ((2,), (1 << 62,), 0),
        ((4,), (1, 1), 0),
    ],
)
def test_a_tensor_that_reaches_beyond_the_file_is_refused(
    tmp_path: Path, shape: tuple[int, ...], strides: tuple[int, ...], offset: int
) -> None:
    path = archive(tmp_path / "a.pt", tensor_program(shape, strides, offset), STORED)
    with pytest.raises(NotTensors):
        read_tensors(path)


HOSTILE = {
    "os.system": b"cos\nsystem\n(X\x04\x00\x00\x00truetR.",
    "a class of the standard library": b"(isubprocess\nPopen\n.",
    "state": b"ctorch._utils\n_rebuild_tensor_v2\n}X\x01\x00\x00\x00aK\x01sb.",
    "a memo of 64 GB": b"}r\xff\xff\xff\xff0.",
    "a number of 2 GB": b"\x8b\xff\xff\xff\x7f\x00.",
    "nothing on the stack": b"R.",
    "no end": b"}",
    "no program": b"",
    "another program": b"\xff\xff\xff",
    "a name that takes for ever": b"}K\x01" + b"(h\x00h\x00tq\x00" * 60 + b"K\x01s.",
    "storage elsewhere": b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
    b"X\x10\x00\x00\x00../../etc/passwdX\x03\x00\x00\x00cpuK\x04tQ.",
    "a list": b"].",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_runs_nothing(
    tmp_path: Path, moshi: Checkpoint, name: str
) -> None:
    path = archive(tmp_path / "evil.pt", HOSTILE[name], STORED)
    assert "evil.pt cannot be used" in refusal(path, moshi, tmp_path).message


def test_code_in_a_voice_never_runs(tmp_path: Path, moshi: Checkpoint) -> None:
    trace = tmp_path / "trace"
    for protocol in range(6):
        archive(tmp_path / "evil.pt", pickle.dumps({"embeddings": Evil(trace)}, protocol))
        refusal(tmp_path / "evil.pt", moshi, tmp_path)
    (tmp_path / "bare.pt").write_bytes(pickle.dumps(Evil(trace)))
    refusal(tmp_path / "bare.pt", moshi, tmp_path)
    assert not trace.exists()


def test_a_compressed_bomb_is_refused(tmp_path: Path, moshi: Checkpoint) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", b"\x00" * (1 << 20))
    (tmp_path / "bomb.pt").write_bytes(data.getvalue())
    assert "compressed" in refusal(tmp_path / "bomb.pt", moshi, tmp_path).message


def nvidia_voice(path: Path, embeddings: int, dim: int, columns: int = 4) -> NDArray[np.int64]:
    torch = pytest.importorskip("torch")
    ring = torch.randint(0, 2048, (1, 17, columns))
    ring[0, 0] = 3
    torch.save({"embeddings": torch.randn(embeddings, 1, 1, dim), "cache": ring}, path)
    return ring[0].numpy()  # type: ignore[no-any-return]


def test_a_voice_of_another_model_is_refused(tmp_path: Path, moshi: Checkpoint) -> None:
    nvidia_voice(tmp_path / "NATF0.pt", 5, 32)
    error = refusal(tmp_path / "NATF0.pt", moshi, tmp_path)
    assert "made for another model (32 instead of 64 wide)" in error.message
    torch = pytest.importorskip("torch")
    torch.save({"weight": torch.zeros(3)}, tmp_path / "weights.pt")
    assert "holds no voice" in refusal(tmp_path / "weights.pt", moshi, tmp_path).message


def test_other_safetensors_are_no_voice(tmp_path: Path, moshi: Checkpoint) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    for number, tensors in enumerate(
        [
            {"weight": torch.zeros(3, dtype=torch.bfloat16)},
            {"codes": torch.zeros(3, 8, 2)},
            {"codes": torch.full((3, 8), 2048)},
            {"embeddings": torch.zeros(5, 64), "following": torch.zeros(1, 2, dtype=torch.long)},
            {"embeddings": torch.zeros(5, 64), "following": torch.zeros(17, 1, dtype=torch.long)},
            {"embeddings": torch.full((5, 64), torch.nan), "following": torch.ones(17, 2)},
        ]
    ):
        path = tmp_path / f"{number}.safetensors"
        save_file(tensors, path)
        assert "cannot be used" in refusal(path, moshi, tmp_path).message


def test_an_nvidia_voice_is_converted_once(tmp_path: Path, moshi: Checkpoint) -> None:
    assert moshi.voices is not None
    ring = nvidia_voice(moshi.voices / "NATF0.pt", 6, 64)
    done: list[str] = []
    for _ in range(2):
        voice = load_voice(
            "NATF0", moshi, LevelCodec(), tmp_path / "cache", lambda text, part: done.append(text)
        )
        assert isinstance(voice, EmbeddedVoice)
        assert voice.embeddings.shape == (6, 64)
        assert (voice.following == ring[:, [2, 3]]).all()
    assert done == ["converting the voice NATF0"]


def as_nvidia_saves_it(checkpoint: Checkpoint, frames: list[NDArray[np.int64]], path: Path) -> None:
    """What NVIDIA's fork writes for a voice of these codes: the summed input of positions 0 …
    N − 1 of N + 1 frames, and its ring of four columns after them."""
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    tables = load_file(checkpoint.model)
    plan = persona_prompt(frames, [])
    delays = (0, *(0, *[1] * 7) * 2)
    positions = len(frames) - 1
    columns = plan.columns(delays, 256, 2048)[:, :positions]
    embeddings = tables["text_emb.weight"][torch.from_numpy(columns[0])]
    for codebook, codes in enumerate(columns[1:]):
        embeddings = embeddings + tables[f"emb.{codebook}.weight"][torch.from_numpy(codes)]
    ring = torch.full((1, 17, 4), -2)
    for row, delay in enumerate(delays):
        for number, frame in enumerate(plan.frames[: len(frames)]):
            code = [frame.text, *frame.agent, *frame.user][row]
            ring[0, row, (number + delay) % 4] = int(code)
    torch.save({"embeddings": embeddings[:, None, None], "cache": ring}, path)


@pytest.mark.parametrize("framework", ["torch", "mlx"])
def test_an_nvidia_voice_speaks_like_the_recording_it_was_made_of(
    tmp_path: Path, checkpoint: MakeCheckpoint, framework: str
) -> None:
    pytest.importorskip("moshi" if framework == "torch" else "moshi_mlx")
    models = importlib.import_module(f"assistant.backends.moshi.{framework}.model")
    published = read_checkpoint(checkpoint("personaplex"))
    settings = EngineSettings(device="cpu", dtype="float32", sampling=Sampling(0.0, 0.0))
    model = models.load_language_model(published, settings, quiet_progress)
    dice = np.random.default_rng(3)
    frames = [dice.integers(0, 2048, 8) for _ in range(7)]
    as_nvidia_saves_it(published, frames, tmp_path / "NATF0.pt")
    path = str(tmp_path / "NATF0.pt")
    embedded = load_voice(path, published, LevelCodec(), tmp_path / "cache", quiet_progress)
    said = []
    for voice in (frames, embedded):
        prefill = model.prefill(persona_prompt(voice, [40, 41, 42]))
        while not prefill.done:
            prefill.advance()
        model.put_back(prefill.snapshot())
        users = np.random.default_rng(4).integers(0, 2048, (30, 8))
        steps = [model.step(user) for user in users]
        said.append([(s.text, None if s.audio is None else s.audio.tolist()) for s in steps])
    assert said[0] == said[1]
