"""Mimi in both frameworks and in Rust: sound to codes and back, a frame at a time."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.weights import read_checkpoint
from assistant.backends.moshi.contract import Codec, Codes, EngineSettings
from tests.backends.moshi.conftest import MakeCheckpoint

FRAME = 1920
SETTINGS = EngineSettings(device="cpu", dtype="float32")
Load = Callable[..., Codec]


def load(framework: str, folder: Path, codebooks: int = 8) -> Codec:
    pytest.importorskip("moshi" if framework == "torch" else "moshi_mlx")
    pytest.importorskip("torch" if framework == "torch" else "mlx.core")
    module = importlib.import_module(f"assistant.backends.moshi.{framework}.codec")
    codec: Codec = module.load_codec(read_checkpoint(folder), SETTINGS, codebooks)
    return codec


@pytest.fixture(scope="session")
def loaded(checkpoint: MakeCheckpoint) -> Load:
    """`loaded("torch", codebooks=32)`: fresh streams; the weights are read once."""
    made: dict[tuple[str, int], Codec] = {}

    def fresh(framework: str, codebooks: int = 8) -> Codec:
        if (framework, codebooks) not in made:
            made[framework, codebooks] = load(framework, checkpoint(), codebooks)
        codec = made[framework, codebooks]
        codec.reset_encoder()
        codec.reset_decoder()
        return codec

    return fresh


@pytest.fixture(params=["torch", "mlx"])
def framework(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def codec(framework: str, loaded: Load) -> Codec:
    return loaded(framework)


def sound(frames: int, seed: int = 0) -> list[Float32]:
    """Tones and noise that change from frame to frame."""
    dice = np.random.default_rng(seed)
    times = np.arange(FRAME) / 24000
    return [
        (
            dice.uniform(0.05, 0.6) * np.sin(2 * np.pi * dice.uniform(100, 1500) * times)
            + dice.uniform(0, 0.2) * dice.standard_normal(FRAME)
        ).astype(np.float32)
        for _ in range(frames)
    ]


def encoded(codec: Codec, frames: list[Float32]) -> Codes:
    return np.stack([codec.encode(frame) for frame in frames])


def decoded(codec: Codec, columns: Codes) -> Float32:
    return np.stack([codec.decode(column[:8]) for column in columns])


def test_one_frame_in_one_column_out_and_back(codec: Codec) -> None:
    for frame in sound(4):
        codes = codec.encode(frame)
        assert codes.shape == (8,)
        assert codes.dtype == np.int64
        assert ((codes >= 0) & (codes < 2048)).all()
        heard = codec.decode(codes)
        assert heard.shape == (FRAME,)
        assert heard.dtype == np.float32
        assert np.isfinite(heard).all()


def test_the_codes_depend_on_what_is_heard(codec: Codec) -> None:
    one = encoded(codec, sound(12))
    codec.reset_encoder()
    other = encoded(codec, sound(12, seed=1))
    assert (one != other).mean() > 0.5
    assert len(np.unique(one, axis=0)) > 6


def test_the_sound_depends_on_the_codes(codec: Codec) -> None:
    columns = encoded(codec, sound(8))
    one = decoded(codec, columns)
    codec.reset_decoder()
    assert not np.allclose(one, decoded(codec, columns[::-1]))
    assert one.std() > 0


def test_a_reset_ear_hears_the_same_again(codec: Codec) -> None:
    """From the very first frame: nothing of what was before is left."""
    frames = sound(10)
    first = encoded(codec, frames)
    encoded(codec, sound(5, seed=2))
    codec.reset_encoder()
    np.testing.assert_array_equal(encoded(codec, frames), first)


def test_a_reset_mouth_speaks_the_same_again(codec: Codec) -> None:
    columns = np.random.default_rng(0).integers(0, 2048, (10, 8))
    first = decoded(codec, columns)
    decoded(codec, columns[::-1])
    codec.reset_decoder()
    np.testing.assert_array_equal(decoded(codec, columns), first)


def test_ear_and_mouth_are_reset_apart(codec: Codec) -> None:
    frames, columns = sound(8), np.random.default_rng(0).integers(0, 2048, (8, 8))
    heard, spoken = encoded(codec, frames), decoded(codec, columns)
    codec.reset_encoder()
    codec.reset_decoder()
    again = [codec.encode(frame) for frame in frames[:4]]
    codec.reset_decoder()
    again += [codec.encode(frame) for frame in frames[4:]]
    np.testing.assert_array_equal(np.stack(again), heard)
    aloud = [codec.decode(column) for column in columns[:4]]
    codec.reset_encoder()
    aloud += [codec.decode(column) for column in columns[4:]]
    np.testing.assert_array_equal(np.stack(aloud), spoken)


def test_what_was_heard_before_colours_what_is_heard_now(codec: Codec) -> None:
    """It is a stream: the same frame after another past is not the same codes."""
    frames = sound(6)
    alone = codec.encode(frames[-1])
    codec.reset_encoder()
    assert (encoded(codec, frames)[-1] != alone).any()


def test_thirty_two_codebooks_begin_with_the_eight(framework: str, loaded: Load) -> None:
    """One encoding feeds the conversation and speech recognition."""
    frames = sound(12)
    eight = encoded(loaded(framework), frames)
    many = loaded(framework, 32)
    all_of_them = encoded(many, frames)
    assert all_of_them.shape == (12, 32)
    assert many.codebooks == 32
    np.testing.assert_array_equal(all_of_them[:, :8], eight)


def test_a_codec_of_thirty_two_speaks_the_agents_eight(framework: str, loaded: Load) -> None:
    columns = np.random.default_rng(0).integers(0, 2048, (6, 8))
    eight = decoded(loaded(framework), columns)
    np.testing.assert_allclose(decoded(loaded(framework, 32), columns), eight, atol=1e-6)


def test_a_frame_of_another_length_is_refused(codec: Codec) -> None:
    with pytest.raises(ValueError, match="1920"):
        codec.encode(np.zeros(960, np.float32))


def test_more_codebooks_than_there_are(framework: str, checkpoint: MakeCheckpoint) -> None:
    with pytest.raises(BackendError, match="32 codebooks, not 64"):
        load(framework, checkpoint(), 64)


def test_weights_of_another_shape(framework: str, checkpoint: MakeCheckpoint) -> None:
    published = read_checkpoint(checkpoint())
    assert published.mimi_config is not None
    wider = {**published.mimi_config}
    wider["transformer"] = {**wider["transformer"], "dim_feedforward": 96}
    module = importlib.import_module(f"assistant.backends.moshi.{framework}.codec")
    with pytest.raises(BackendError, match="does not fit its configuration"):
        module.load_codec(replace(published, mimi_config=wider), SETTINGS)


@pytest.mark.parametrize("content", [None, b"no tensors"])
def test_weights_that_are_none(
    framework: str, checkpoint: MakeCheckpoint, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "mimi.safetensors"
    if content is not None:
        path.write_bytes(content)
    module = importlib.import_module(f"assistant.backends.moshi.{framework}.codec")
    with pytest.raises(BackendError, match=r"mimi\.safetensors") as told:
        module.load_codec(replace(read_checkpoint(checkpoint()), mimi=path), SETTINGS)
    assert "ownload" in told.value.remedy


def test_another_thread_may_go_on(framework: str, checkpoint: MakeCheckpoint) -> None:
    """The backend loads on one thread and hears on another."""
    frames = sound(5)
    codec = load(framework, checkpoint())
    here = encoded(codec, frames)
    there: list[Any] = []
    codec = load(framework, checkpoint())

    def hear() -> None:
        there.append(encoded(codec, frames))
        there.append(decoded(codec, here))

    thread = threading.Thread(target=hear)
    thread.start()
    thread.join()
    np.testing.assert_array_equal(there[0], here)
    assert there[1].shape == (5, FRAME)


def test_mlx_and_torch_hear_nearly_alike(loaded: Load) -> None:
    """Rounding may tip a code over, and then those after it; most are the same."""
    frames = sound(20)
    one, other = (encoded(loaded(name), frames) for name in ("torch", "mlx"))
    assert (one[:, 0] == other[:, 0]).mean() > 0.8


def test_the_codecs_memory_of_long_ago_fades(checkpoint: MakeCheckpoint) -> None:
    """Upstream's streaming in MLX keeps every position; here what is past the window is gone."""
    pytest.importorskip("moshi_mlx")
    codec: Any = load("mlx", checkpoint())
    codec._context = 12
    codec.reset_encoder()
    encoded(codec, sound(20))
    held = [cache.self_attn.keys.shape[2] for cache in codec._encoder_caches]
    assert held == [12] * len(held)


# --- rustymimi, which knows Mimi only in its real size -------------------------------------------


@pytest.fixture(scope="session")
def full(checkpoint: MakeCheckpoint) -> Path:
    pytest.importorskip("rustymimi")
    return checkpoint(full_mimi=True)


@pytest.mark.weights
def test_rust_hears_and_speaks_in_the_published_shape(full: Path) -> None:
    codec = load("mlx", full)
    frames = sound(4)
    first = encoded(codec, frames)
    assert first.shape == (4, 8)
    spoken = decoded(codec, first)
    assert spoken.shape == (4, FRAME)
    assert spoken.dtype == np.float32
    codec.reset_encoder()
    np.testing.assert_array_equal(encoded(codec, frames), first)
    assert (encoded(codec, sound(2, seed=1)) != first[:2]).any()
    # Samples that are equal by chance are few.
    assert np.mean(decoded(codec, first)[0] != spoken[0]) > 0.99
    codec.reset_decoder()
    np.testing.assert_allclose(decoded(codec, first), spoken, atol=1e-6)


@pytest.mark.weights
def test_rust_goes_on_past_the_end_of_its_table(full: Path) -> None:
    """Upstream's own codec fails after 5.5 minutes; so does this one here, after four frames."""
    from rustymimi import Tokenizer

    from assistant.backends.moshi.rusty_codec import RustyCodec

    path, frames = full / "mimi.safetensors", sound(6)
    upstream = Tokenizer(str(path), num_codebooks=8, max_seq_len=8)
    for frame in frames[:4]:
        upstream.encode_step(frame[None, None])
    with pytest.raises(ValueError, match="narrow"):
        upstream.encode_step(frames[4][None, None])
    codec = RustyCodec(path, table=4, run=2)
    columns = encoded(codec, frames)
    assert columns.shape == (6, 8)
    for _ in range(2):
        assert np.isfinite(decoded(codec, columns[:3])).all()
        codec.reset_decoder()


@pytest.mark.weights
def test_rust_begins_anew_in_a_silence(full: Path) -> None:
    """Else it would hold every frame of a conversation for ever."""
    from assistant.backends.moshi.rusty_codec import RustyCodec

    codec: Any = RustyCodec(full / "mimi.safetensors", run=4)
    held = []
    for loud in (True, True, True, False, True, True, True, True, True):
        codec.encode(sound(1)[0] if loud else np.zeros(FRAME, np.float32))
        held.append(codec._encoder._since)
    assert held == [1, 2, 3, 1, 2, 3, 4, 1, 2]


@pytest.mark.weights
def test_torch_reads_a_mimi_of_published_shape_with_fewer_codebooks(full: Path) -> None:
    codec = load("torch", full)
    columns = encoded(codec, sound(2))
    assert columns.shape == (2, 8)
    assert decoded(codec, columns).shape == (2, FRAME)


@pytest.mark.weights
def test_rust_refuses_another_shape(checkpoint: MakeCheckpoint) -> None:
    pytest.importorskip("rustymimi")
    tiny = replace(read_checkpoint(checkpoint()), mimi_config=None)
    module = importlib.import_module("assistant.backends.moshi.mlx.codec")
    with pytest.raises(BackendError, match="cannot be loaded as Mimi") as told:
        module.load_codec(tiny, SETTINGS)
    assert "\n" not in told.value.message


@pytest.mark.weights
def test_rust_asked_for_more_codebooks_than_there_are(full: Path) -> None:
    with pytest.raises(BackendError, match="8 codebooks, not 32"):
        load("mlx", full, 32)
