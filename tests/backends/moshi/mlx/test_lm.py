"""Moshi on MLX: what the suite for both frameworks does not ask.

Against upstream's own generator, over thousands of frames, quantised, in the published q8 form, on
another thread, and with files that don't fit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.weights import read_checkpoint
from assistant.backends.moshi.contract import (
    FREE,
    Checkpoint,
    Codes,
    EngineSettings,
    LanguageModel,
    Sampling,
)
from assistant.backends.moshi.mlx import model as mlx_lm
from assistant.backends.moshi.mlx import runtime as mlx_runtime
from assistant.backends.moshi.prompts.prompting import PromptFrame, PromptPlan
from tests.backends.moshi.conftest import MakeCheckpoint

mx = pytest.importorskip("mlx.core")
pytest.importorskip("moshi_mlx")

GREEDY = Sampling(temperature=0.0, text_temperature=0.0)
SETTINGS = EngineSettings(device="cpu", dtype="float32", sampling=GREEDY)
Said = list[tuple[int, tuple[int, ...] | None]]
Load = Callable[..., LanguageModel]


@pytest.fixture
def load(checkpoint: MakeCheckpoint, tmp_path: Path) -> Load:
    """`load(context=20, quantize="int8")`; weights quantised here go to the test's own folder."""

    def load(kind: str = "moshi", context: int = 64, **changes: Any) -> LanguageModel:
        if "settings_context" in changes:
            changes["context"] = changes.pop("settings_context")
        found = read_checkpoint(checkpoint(kind, context=context))
        return load_from(found, tmp_path / "kept", **changes)

    return load


def load_from(found: Checkpoint, kept_in: Path, **changes: Any) -> LanguageModel:
    told = changes.pop("told", lambda text, part: None)
    return mlx_lm.load_language_model(found, replace(SETTINGS, **changes), told, kept_in)


def heard(count: int, seed: int = 0) -> list[Codes]:
    return list(np.random.default_rng(seed).integers(0, 2048, (count, 8)))


def talk(model: LanguageModel, users: list[Codes]) -> Said:
    steps = [model.step(user) for user in users]
    return [
        (step.text, None if step.audio is None else tuple(int(code) for code in step.audio))
        for step in steps
    ]


def prompt(length: int, seed: int = 1) -> PromptPlan:
    dice = np.random.default_rng(seed)
    return PromptPlan(
        tuple(
            PromptFrame(
                dice.integers(0, 2048, 8), int(dice.integers(4, 250)), dice.integers(0, 2048, 8)
            )
            for _ in range(length)
        )
    )


# --- upstream's generator -----------------------------------------------------------------------


def test_it_says_what_upstreams_generator_says(load: Load, checkpoint: MakeCheckpoint) -> None:
    """But for the frame by which upstream hears the user late, which is put right here by hand."""
    from moshi_mlx.models import Lm, LmConfig, LmGen
    from moshi_mlx.utils import Sampler

    found, users = read_checkpoint(checkpoint(context=64)), heard(60)
    config = LmConfig.from_config_dict(found.config)
    upstream = Lm(config)
    upstream.load_pytorch_weights(str(found.model), config)
    upstream.set_dtype(mx.float32)
    gen = LmGen(upstream, max_steps=100, text_sampler=Sampler(0.0), audio_sampler=Sampler(0.0))
    expected: Said = []
    for user in users:
        codes = mx.array(user[None].astype(np.int32))
        if gen.step_idx:
            gen.gen_sequence[:, 1 + gen.main_codebooks :, gen.step_idx - 1] = codes
        text, _ = gen._step(codes)
        audio = gen.last_audio_tokens()
        expected.append(
            (int(text.item()), None if audio is None else tuple(map(int, audio[0].tolist())))
        )
    assert talk(load(), users) == expected


# --- long conversations -------------------------------------------------------------------------


def test_a_conversation_goes_on_past_upstreams_limits(load: Load) -> None:
    """Upstream's key-value cache turns at 4096 positions and its generator stops at `max_steps`:
    known frames carry the conversation there quickly, and it goes on as from anywhere else."""
    model = load(context=20)
    model.extend(prompt(4200))
    kept = model.snapshot()
    assert kept.positions == 4200
    assert kept.nbytes < 200_000
    users = heard(30)
    expected = talk(model, users)
    assert model.snapshot().positions == 4230
    model.put_back(kept)
    assert talk(model, users) == expected
    assert len({audio for _, audio in expected}) > 20


def test_memory_does_not_grow_with_the_frames(load: Load) -> None:
    model = load(context=20)
    talk(model, heard(40))
    before, sizes = mx.get_active_memory(), []
    for round_ in range(3):
        talk(model, heard(30, seed=round_))
        sizes.append(mx.get_active_memory() - before)
    assert max(sizes) < 20_000


def test_the_window_grows_with_the_conversation_and_no_further(load: Load) -> None:
    """Across the cache's growth, at 256 positions, the same tokens as with room from the start."""
    users, model = heard(70), load(context=600)
    model.extend(prompt(230))
    kept = model.snapshot()
    expected = talk(model, users)
    assert model._caches[0].keys.shape[2] == 512  # type: ignore[attr-defined]
    model.put_back(kept)
    first = talk(model, users[:35])
    model.put_back(model.snapshot())
    assert first + talk(model, users[35:]) == expected


# --- snapshots ----------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [3, 20, 41])
def test_what_is_said_later_leaves_a_snapshot_as_it_was(load: Load, before: int) -> None:
    """MLX changes an array in place when a slice of it is assigned; a snapshot's must not."""
    model = load(context=20)
    talk(model, heard(before))
    kept: Any = model.snapshot()
    copies = [np.array(array) for layer in kept.layers for array in layer]
    talk(model, heard(30, seed=2))
    model.put_back(kept)
    talk(model, heard(30, seed=3))
    model.extend(prompt(30))
    for array, copy in zip((a for layer in kept.layers for a in layer), copies, strict=True):
        np.testing.assert_array_equal(np.array(array), copy)


def test_a_prompts_cache_is_the_stepped_ones(load: Load) -> None:
    """Not only the same tokens: the same keys and values, but for rounding."""
    model, plan = load(), prompt(40)
    delays = model.shape.delays[1:9]
    for position in range(len(plan) - 1):
        text = plan.text(position + 1)
        assert text is not None
        model.step(
            plan.frames[position].user,
            lambda _, text=text: text,  # type: ignore[misc]
            plan.agent_column(position + 1, delays),
        )
    stepped: Any = model.snapshot()
    work = model.prefill(plan, 16)
    while not work.done:
        work.advance()
    passed: Any = work.snapshot()
    for one, other in zip(stepped.layers, passed.layers, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(np.array(a), np.array(b), atol=2e-5)


def test_a_prompt_that_is_not_through_gives_no_snapshot(load: Load) -> None:
    work = load().prefill(prompt(30), 8)
    work.advance()
    with pytest.raises(RuntimeError, match="not been run to its end"):
        work.snapshot()


def test_a_snapshot_of_another_model_is_refused(load: Load) -> None:
    class Foreign:
        positions = nbytes = 0

    with pytest.raises(ValueError, match="another model"):
        load().put_back(Foreign())


# --- chance and threads -------------------------------------------------------------------------


def test_another_thread_draws_new_noise_each_frame(load: Load) -> None:
    """Upstream's samplers are bound to the thread that imported them: on another, each frame is
    drawn with the same noise. Loaded here and spoken there, the talk is the same as spoken here."""
    lively = Sampling(temperature=1.0, text_temperature=1.0)
    users = heard(15)
    here = talk(load(sampling=lively, seed=4), users)
    model, there = load(sampling=lively, seed=4), []
    thread = threading.Thread(target=lambda: there.append(talk(model, users)))
    thread.start()
    thread.join()
    assert there == [here]
    assert talk(load(sampling=lively, seed=5), users) != here


def test_only_the_likeliest_are_drawn() -> None:
    from assistant.backends.moshi.mlx.temporal import Dice, choose

    logits = mx.array(np.linspace(0.0, 1.0, 50)[None])
    dice = Dice(0)
    drawn = {int(choose(logits, 5.0, 3, dice).item()) for _ in range(60)}
    assert drawn == {47, 48, 49}
    assert len({int(choose(logits, 5.0, 0, dice).item()) for _ in range(60)}) > 20
    assert {int(choose(logits, 5.0, 1, dice).item()) for _ in range(5)} == {49}


# --- precision and files ------------------------------------------------------------------------


@pytest.mark.parametrize("quantize", ["int8", "int4"])
def test_quantised_weights_are_kept_for_the_next_start(
    load: Load, tmp_path: Path, quantize: str
) -> None:
    users, said = heard(25), []
    model = load(quantize=quantize, told=lambda text, part: said.append(text))
    first = talk(model, users)
    assert quantize in model.label
    (kept,) = (tmp_path / "kept").iterdir()
    assert "Quantising the weights" in said
    said.clear()
    assert talk(load(quantize=quantize, told=lambda text, part: said.append(text)), users) == first
    assert "Loading weights quantised before" in said
    assert "Quantising the weights" not in said
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [kept.name]


def test_what_can_be_quantised_is(load: Load) -> None:
    """The tiny depformer's 32 columns don't divide into groups of 64; the rest is quantised."""
    model: Any = load(quantize="int8")
    layer = model._model.transformer.layers[0]
    assert layer.self_attn.in_proj.weight.dtype == mx.uint32
    assert model._model.audio_embs[0].weight.dtype == mx.uint32
    assert model._model.depformer.slices[0].linear_out.weight.dtype == mx.float32


def test_kept_weights_that_are_broken_are_made_again(load: Load, tmp_path: Path) -> None:
    users = heard(10)
    first = talk(load(quantize="int8"), users)
    (kept,) = (tmp_path / "kept").iterdir()
    kept.write_bytes(kept.read_bytes()[:2000])
    assert talk(load(quantize="int8"), users) == first
    assert kept.stat().st_size > 2000


def test_new_weights_of_the_same_name_replace_the_kept_ones(
    checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    found = read_checkpoint(checkpoint(context=64))
    moved = tmp_path / "model.safetensors"
    moved.write_bytes(found.model.read_bytes())
    kept_in = tmp_path / "kept"
    load_from(found, kept_in, quantize="int8")
    (old,) = kept_in.iterdir()
    load_from(replace(found, model=moved), kept_in, quantize="int8")
    (new,) = kept_in.iterdir()
    assert new.name != old.name


def test_a_folder_that_cannot_be_written_is_told_and_the_model_runs(
    checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    said: list[str] = []
    model = load_from(
        read_checkpoint(checkpoint(context=64)),
        tmp_path / "file",
        quantize="int8",
        told=lambda text, part: said.append(text),
    )
    assert talk(model, heard(3))
    assert any("could not be kept" in line for line in said)


@pytest.mark.parametrize(("bits", "group", "name"), [(8, 64, "q8"), (4, 32, "q4")])
def test_published_mlx_weights_are_read(
    checkpoint: MakeCheckpoint, tmp_path: Path, bits: int, group: int, name: str
) -> None:
    """As upstream's converter writes them: bfloat16, quantised, in moshi_mlx's own names."""
    import mlx.nn as nn
    from mlx.utils import tree_flatten
    from moshi_mlx.models import Lm, LmConfig

    from assistant.backends.moshi.mlx.model import MlxLanguageModel

    found = read_checkpoint(checkpoint(context=64))
    config = LmConfig.from_config_dict(found.config)
    written = Lm(config)
    written.load_pytorch_weights(str(found.model), config)
    written.set_dtype(mx.bfloat16)
    nn.quantize(
        written,
        bits=bits,
        group_size=group,
        class_predicate=lambda _, m: hasattr(m, "to_quantized") and m.weight.shape[-1] % group == 0,
    )
    path = tmp_path / f"model.{name}.safetensors"
    mx.save_safetensors(str(path), dict(tree_flatten(written.parameters())))
    published = replace(
        found, model=path, format="mlx", stored="int8" if bits == 8 else "int4", name=f"tiny-{name}"
    )
    model: Any = load_from(published, tmp_path / "kept")
    assert model._model.transformer.layers[0].self_attn.in_proj.bits == bits
    assert model._model.out_norm.weight.dtype == mx.float32, "computed as the settings say"
    assert published.stored in model.label
    written.set_dtype(mx.float32)
    direct = MlxLanguageModel(written, published, SETTINGS, mx.Device(mx.cpu), "direct")
    users = heard(20)
    assert talk(model, users) == talk(direct, users)
    assert not (tmp_path / "kept").exists(), "what is quantised already need not be kept"


def test_bfloat16_is_computed_in_bfloat16(load: Load) -> None:
    model: Any = load(dtype="bfloat16")
    users = heard(20)
    said = talk(model, users)
    assert model._caches[0].keys.dtype == mx.bfloat16
    work = model.prefill(prompt(20), 8)
    while not work.done:
        work.advance()
    kept = work.snapshot()
    assert kept.layers[0][0].dtype == mx.bfloat16
    model.put_back(kept)
    assert len(talk(model, users)) == len(said)


def test_personaplexs_sixteen_slices_are_cut_to_eight(
    load: Load, checkpoint: MakeCheckpoint
) -> None:
    """Exactly: the depformer is causal, so that the first eight never see the others."""
    from moshi_mlx.models import Lm, LmConfig

    found = read_checkpoint(checkpoint("personaplex"))
    assert found.config["dep_q"] == 8
    model: Any = load("personaplex")
    config = LmConfig.from_config_dict({**found.config, "dep_q": 16})
    whole = Lm(config)
    whole.load_pytorch_weights(str(found.model), config)
    ours, theirs = model._model.depformer.slices, whole.depformer.slices
    assert (len(ours), len(theirs)) == (8, 16)
    for one, other in zip(ours, theirs[:8], strict=True):
        a, b = one.transformer.layers[0].self_attn, other.transformer.layers[0].self_attn
        np.testing.assert_array_equal(np.array(a.in_proj.weight), np.array(b.in_proj.weight))
        np.testing.assert_array_equal(np.array(a.out_proj.weight), np.array(b.out_proj.weight))
        np.testing.assert_array_equal(
            np.array(one.linear_out.weight), np.array(other.linear_out.weight)
        )


def test_forced_sound_is_not_computed(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    model: Any = load()
    asked: list[int] = []
    sample = model._depformer.sample

    def counting(hidden: Any, text: Any, count: int, *rest: Any) -> Any:
        asked.append(count)
        return sample(hidden, text, count, *rest)

    monkeypatch.setattr(model._depformer, "sample", counting)
    column = np.arange(8)
    model.step(heard(1)[0], None, column)
    assert asked == []
    column[2] = FREE
    model.step(heard(1)[0], None, column)
    assert asked == [3], "what comes after the last free codebook does not matter"


def test_another_context_than_the_checkpoints(load: Load) -> None:
    users = heard(60)
    short, long = load(context=64, settings_context=12), load(context=64)
    assert short.shape.context == 12
    one, other = talk(short, users), talk(long, users)
    assert one[:12] == other[:12]
    assert one != other


def test_speech_recognition_with_halves_rotated_hears_as_in_torch(
    checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    """`rope_concat`, which moshi_mlx silently takes for no position at all."""
    pytest.importorskip("moshi")
    from assistant.backends.moshi.torch import model as torch_lm

    plain = read_checkpoint(checkpoint("stt"))
    found = replace(plain, config={**plain.config, "positional_embedding": "rope_concat"})
    users = list(np.random.default_rng(0).integers(0, 2048, (30, 32)))
    torch_model = torch_lm.load_language_model(found, SETTINGS, lambda text, part: None, tmp_path)
    expected = talk(torch_model, users)
    assert talk(load_from(found, tmp_path), users) == expected
    assert talk(load_from(plain, tmp_path), users) != expected


# --- what can go wrong --------------------------------------------------------------------------


def test_a_missing_file_says_how_to_get_it(checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    found = replace(read_checkpoint(checkpoint(context=64)), model=tmp_path / "model.safetensors")
    for quantize in ("none", "int8"):
        with pytest.raises(BackendError, match="missing") as told:
            load_from(found, tmp_path, quantize=quantize)
        assert "pull" in told.value.remedy


@pytest.mark.parametrize("part", [0.0, 0.01, 0.6])
def test_a_file_that_is_cut_off(checkpoint: MakeCheckpoint, tmp_path: Path, part: float) -> None:
    """In its header, or behind it, where MLX reads only when the numbers are asked for, and older
    versions of it read beyond the end without a word."""
    found = read_checkpoint(checkpoint(context=64))
    path = tmp_path / "model.safetensors"
    content = found.model.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(BackendError, match=r"damaged|cut off"):
        load_from(replace(found, model=path), tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"dim": 128}, "shape"), ({"num_layers": 3}, "transformer"), ({"n_q": 17}, "emb.16")],
)
def test_a_configuration_of_another_model(
    checkpoint: MakeCheckpoint, tmp_path: Path, change: dict[str, int], reason: str
) -> None:
    found = read_checkpoint(checkpoint(context=64))
    with pytest.raises(BackendError, match="does not fit its configuration") as told:
        load_from(replace(found, config={**found.config, **change}), tmp_path)
    assert reason in told.value.message


def test_a_configuration_that_says_too_little(checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    found = read_checkpoint(checkpoint(context=64))
    with pytest.raises(BackendError, match="says nothing of 'num_heads'"):
        load_from(
            replace(found, config={k: v for k, v in found.config.items() if k != "num_heads"}),
            tmp_path,
        )


def test_weights_quantised_for_pytorch(checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    found = replace(read_checkpoint(checkpoint(context=64)), stored="int8")
    with pytest.raises(BackendError, match="quantised for PyTorch"):
        load_from(found, tmp_path)


def test_a_device_that_mlx_does_not_know(load: Load) -> None:
    with pytest.raises(BackendError, match="no device “cuda:1”"):
        load(device="cuda:1")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (RuntimeError("[malloc] Unable to allocate 64 bytes."), "memory ran out while answering"),
        (RuntimeError("[METAL] Command buffer execution failed: Insufficient Memory"), "memory"),
        (RuntimeError("no such kernel\ndetails"), "MLX failed while answering: no such kernel"),
    ],
)
def test_a_failure_of_mlx_becomes_a_sentence(error: RuntimeError, message: str) -> None:
    with pytest.raises(BackendError, match=message) as told, mlx_runtime.explained("answering"):
        raise error
    assert told.value.remedy
    assert "details" not in told.value.message


def test_mlx_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise ImportError("libmlx.so: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(mlx_runtime.importlib, "import_module", broken)
    monkeypatch.setattr(mlx_runtime.platform, "system", lambda: "Linux")
    with pytest.raises(BackendError, match="libmlx") as told:
        mlx_runtime.require_mlx()
    assert "mlx[cpu]" in told.value.remedy
