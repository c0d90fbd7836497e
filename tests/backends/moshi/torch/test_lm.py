"""What is PyTorch's alone: upstream's own loop as the measure, quantised weights, what can fail."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("moshi")

from assistant.backends.base import BackendError  # noqa: E402
from assistant.backends.moshi.checkpoint.weights import read_checkpoint  # noqa: E402
from assistant.backends.moshi.contract import (  # noqa: E402
    Codes,
    EngineSettings,
    Sampling,
)
from assistant.backends.moshi.prompts.prompting import PromptPlan  # noqa: E402
from assistant.backends.moshi.torch.loading import device_of, explained  # noqa: E402
from assistant.backends.moshi.torch.model import load_language_model  # noqa: E402
from assistant.backends.moshi.torch.quantize import check_quantization  # noqa: E402
from tests.backends.moshi.conftest import MakeCheckpoint  # noqa: E402
from tests.backends.moshi.test_language_models import (  # noqa: E402
    GREEDY,
    agent_delays,
    force,
    free_prompt,
    heard,
    prefill,
    prompt_of,
    step_through,
    talk,
)

SETTINGS = EngineSettings(device="cpu", dtype="float32", sampling=GREEDY)


def load(folder: Path, kept_in: Path | None = None, **changes: Any) -> Any:
    return load_language_model(
        read_checkpoint(folder), replace(SETTINGS, **changes), lambda text, part: None, kept_in
    )


def tokens_of(codes: Codes) -> Any:
    return torch.as_tensor(np.asarray(codes)).long().view(1, -1, 1)


# --- measured by upstream's own loop ------------------------------------------------------------


def test_it_says_what_upstreams_own_loop_says(checkpoint: MakeCheckpoint) -> None:
    from moshi.models import LMGen, loaders

    folder, users = checkpoint(context=20), heard(60)
    given = read_checkpoint(folder)
    lm = loaders.get_moshi_lm(given.model, given.config, device="cpu", dtype=torch.float32)
    words: list[int] = []
    gen = LMGen(lm, use_sampling=False, check=True, on_text_hook=lambda t: words.append(int(t)))
    gen.streaming_forever(1)
    frames = [gen.step(tokens_of(user)) for user in users]
    expected = [
        (word, None if frame is None else tuple(frame[0, 1:, 0].tolist()))
        for word, frame in zip(words, frames, strict=True)
    ]
    assert talk(load(folder), users) == expected


def test_personaplex_cut_to_eight_speaks_like_the_whole(checkpoint: MakeCheckpoint) -> None:
    """Upstream with all sixteen steps predicts the user as well; put what the user really said in
    place of that, and the agent's eight codebooks must be those of the model that was cut."""
    from moshi.models import LMGen, loaders

    folder, users = checkpoint("personaplex", context=20), heard(40)
    config = json.loads((folder / "config.json").read_text())
    whole = {k: v for k, v in config.items() if not k.endswith("_name") and k != "model_type"}
    assert whole["dep_q"] == 16
    path = folder / "model.safetensors"
    lm = loaders.get_moshi_lm(path, whole, device="cpu", dtype=torch.float32)
    words: list[int] = []
    frames: list[tuple[int, ...] | None] = []

    def hear(column: Any) -> None:
        position = len(frames)
        for codebook, delay in enumerate(whole["delays"][9:]):
            if position + 1 >= delay and position + 1 - delay < len(users):
                column[0, 8 + codebook] = int(users[position + 1 - delay][codebook])

    gen = LMGen(
        lm,
        use_sampling=False,
        on_text_hook=lambda token: words.append(int(token)),
        on_audio_hook=hear,
    )
    gen.streaming_forever(1)
    for _ in users:
        out = gen.step(torch.zeros(1, 0, 1, dtype=torch.long))
        frames.append(None if out is None else tuple(out[0, 1:9, 0].tolist()))
    assert talk(load(folder), users) == list(zip(words, frames, strict=True))


def test_forced_sound_runs_no_depformer(checkpoint: MakeCheckpoint) -> None:
    model, plan = load(checkpoint()), free_prompt(6)
    runs: list[int] = []
    watch = model._lm.depformer.register_forward_pre_hook(lambda *_: runs.append(1))
    delays = agent_delays(model)
    for position, user in enumerate(heard(5)):
        model.step(user, None, plan.agent_column(position + 1, delays))
    assert not runs
    prefill(model, prompt_of(5, 5))
    assert not runs
    model.step(heard(1)[0])
    assert len(runs) == 8
    watch.remove()


@pytest.mark.parametrize(
    "delays",
    [
        [0, 0, *[2] * 7, 0, *[2] * 7],
        [0, *range(8), 0, 3, 1, 5, 2, 7, 4, 6],
        [0, *[3] * 8, *[0] * 8],
        [0] * 17,
    ],
)
def test_other_delays_than_moshis(checkpoint: MakeCheckpoint, delays: list[int]) -> None:
    """In one pass as step by step, before and after the window is full, whatever lags how far."""
    given = read_checkpoint(checkpoint(context=20))
    given = replace(given, config=given.config | {"delays": delays})
    model: Any = load_language_model(given, SETTINGS, lambda text, part: None)
    plan, more, users = free_prompt(26), free_prompt(17, seed=2), heard(12)
    step_through(model, plan)
    talk(model, heard(5, seed=3))
    force(model, more)
    expected = talk(model, users)
    model.reset()
    prefill(model, plan, 9)
    talk(model, heard(5, seed=3))
    model.extend(more)
    kept = model.snapshot()
    assert talk(model, users) == expected
    model.reset()
    model.put_back(kept)
    assert talk(model, users) == expected


def live_tensors(model: Any) -> list[int]:
    """Addresses of all that a captured CUDA graph would go on reading and writing."""
    state = model._gen._streaming_state
    found = [state.cache, state.exec_mask, model._lm.transformer._streaming_state.offsets]
    for layer in model._lm.transformer.layers:
        attention = layer.self_attn._streaming_state
        ring = attention.kv_cache
        found += [ring.cache, ring.end_offset, attention.offset, attention.exec_mask]
    return [tensor.data_ptr() for tensor in found]


def test_graphs_captured_before_still_find_the_state(checkpoint: MakeCheckpoint) -> None:
    model = load(checkpoint(context=20))
    model.warm_up()
    addresses = live_tensors(model)
    talk(model, heard(30))
    kept = model.snapshot()
    prefill(model, prompt_of(12, 20))
    model.extend(free_prompt(30))
    model.put_back(kept)
    model.reset()
    assert live_tensors(model) == addresses


def test_personas_sampling_does_not_pile_up(checkpoint: MakeCheckpoint) -> None:
    model = load(checkpoint())
    for number in range(40):
        model.set_sampling(Sampling(temperature=0.5 + number / 100))
        model.step(heard(1)[0])
    assert len(model._depformer_graphs) <= 8


def test_a_context_of_ones_own(checkpoint: MakeCheckpoint) -> None:
    folder, users = checkpoint(context=64), heard(50)
    model = load(folder, context=20)
    assert model.shape.context == 20
    assert talk(model, users) == talk(load(checkpoint(context=20)), users)
    assert talk(load(folder), users) != talk(load(folder, context=20), users)


def logits(model: Any, users: Sequence[Codes]) -> Any:
    """Of every step's text: finer than tokens, which a small mistake may leave as they are."""
    seen: list[Any] = []
    model._gen.on_text_logits_hook = lambda given: seen.append(given.flatten().clone())
    talk(model, users)
    model._gen.on_text_logits_hook = None
    return torch.stack(seen)


def test_nothing_within_reach_is_forgotten(checkpoint: MakeCheckpoint) -> None:
    """Every column that attention still reaches comes back, the oldest as well."""
    model, users = load(checkpoint(context=20)), heard(25, seed=4)
    talk(model, heard(55))
    kept = model.snapshot()
    expected = logits(model, users)
    model.put_back(kept)
    assert torch.equal(logits(model, users), expected)
    plan = free_prompt(47)
    model.reset()
    step_through(model, plan)
    expected = logits(model, users)
    for chunk in (9, 46):
        prefill(model, plan, chunk)
        assert torch.allclose(logits(model, users), expected, atol=1e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_talks_too(checkpoint: MakeCheckpoint, dtype: str) -> None:
    folder, users = checkpoint(context=20), heard(25)
    model = load(folder, dtype=dtype)
    prefill(model, prompt_of(8, 20), 16)
    kept = model.snapshot()
    said = talk(model, users)
    model.put_back(kept)
    assert talk(model, users) == said
    full = load(folder)
    prefill(full, prompt_of(8, 20), 16)
    assert kept.nbytes < full.snapshot().nbytes


def test_what_a_snapshot_is_put_into_must_have_made_it(checkpoint: MakeCheckpoint) -> None:
    stt, moshi = load(checkpoint("stt")), load(checkpoint())
    with pytest.raises(ValueError, match="another model"):
        moshi.put_back(stt.snapshot())


def test_a_frame_of_the_wrong_width_is_refused(checkpoint: MakeCheckpoint) -> None:
    model = load(checkpoint())
    with pytest.raises(ValueError, match="8 codes are heard"):
        model.step(np.zeros(7, np.int64))
    with pytest.raises(ValueError, match="8 codes are spoken"):
        model.step(np.zeros(8, np.int64), None, np.zeros(16, np.int64))
    with pytest.raises(ValueError, match="chunk"):
        model.prefill(prompt_of(1, 1), 0)
    with pytest.raises(RuntimeError, match="not through"):
        model.prefill(prompt_of(1, 1)).snapshot()


def test_speech_recognition_with_an_empty_fuser_loads(
    checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    """Kyutai's published configuration names a fuser that fuses nothing."""
    folder = shutil.copytree(checkpoint("stt"), tmp_path / "stt")
    config = json.loads((folder / "config.json").read_text())
    fuser = {"cross_attention_pos_emb": False, "sum": [], "cross": [], "prepend": []}
    config |= {"fuser": fuser, "conditioners": {}, "cross_attention": False}
    (folder / "config.json").write_text(json.dumps(config))
    users = heard(10, codebooks=32)
    assert talk(load(folder), users) == talk(load(checkpoint("stt")), users)


# --- quantised weights --------------------------------------------------------------------------


@pytest.fixture
def torchao() -> None:
    pytest.importorskip("torchao")


@pytest.mark.usefixtures("torchao")
@pytest.mark.parametrize("quantize", ["int8", "int4"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_quantised_once_and_kept(
    checkpoint: MakeCheckpoint, tmp_path: Path, quantize: str, dtype: str
) -> None:
    """The second start says the same tokens, and needs nothing of the original weights."""
    folder = shutil.copytree(checkpoint(context=20), tmp_path / "moshi")
    users, plan = heard(25), prompt_of(6, 20)
    first = load(folder, tmp_path / "kept", quantize=quantize, dtype=dtype)
    assert f"moshi {quantize}" in first.label
    prefill(first, plan, 16)
    said = talk(first, users)
    (file,) = (tmp_path / "kept").iterdir()
    weights = folder / "model.safetensors"
    before = weights.stat()
    with weights.open("r+b") as data:  # its header stays, its weights are gone
        data.seek(before.st_size // 4)
        data.write(bytes(before.st_size - before.st_size // 4))
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    second = load(folder, tmp_path / "kept", quantize=quantize, dtype=dtype)
    prefill(second, plan, 16)
    assert talk(second, users) == said
    assert list((tmp_path / "kept").iterdir()) == [file]


@pytest.mark.usefixtures("torchao")
def test_other_weights_are_quantised_anew(checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    folder = shutil.copytree(checkpoint(), tmp_path / "moshi")
    load(folder, tmp_path / "kept", quantize="int8")
    load(folder, tmp_path / "kept", quantize="int4")
    before = set((tmp_path / "kept").iterdir())
    os.utime(folder / "model.safetensors", (1, 1))
    load(folder, tmp_path / "kept", quantize="int8")
    after = set((tmp_path / "kept").iterdir())
    assert len(before) == len(after) == 2, "the old file goes when a new one comes"
    assert len(before & after) == 1, "the other quantisation's stays"


@pytest.mark.usefixtures("torchao")
def test_kept_weights_that_are_damaged_are_made_anew(
    checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    folder, users = checkpoint(), heard(10)
    said = talk(load(folder, tmp_path, quantize="int8"), users)
    (file,) = tmp_path.iterdir()
    size = file.stat().st_size
    for damaged in (file.read_bytes()[: size // 2], b"not at all"):
        file.write_bytes(damaged)
        assert talk(load(folder, tmp_path, quantize="int8"), users) == said
        assert file.stat().st_size == size


@pytest.mark.usefixtures("torchao")
def test_without_a_place_to_keep_them_it_talks_all_the_same(
    checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    model = load(checkpoint(), tmp_path / "file" / "kept", quantize="int8")
    assert len(talk(model, heard(3))) == 3


@pytest.mark.usefixtures("torchao")
def test_eight_bits_are_close_and_four_not_far(checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    folder = checkpoint()

    def second(quantize: str) -> Any:
        return logits(load(folder, tmp_path, quantize=quantize), heard(2))[1]

    full = second("none")
    alike = [
        torch.nn.functional.cosine_similarity(full, second(quantize), 0).item()
        for quantize in ("int8", "int4")
    ]
    assert alike[0] > 0.999
    assert 0.95 < alike[1] < alike[0]


@pytest.mark.usefixtures("torchao")
def test_quantised_weights_take_less_memory(checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    def size(quantize: str) -> int:
        model = load(checkpoint(), tmp_path, quantize=quantize)
        weight = model._lm.transformer.layers[0].self_attn.in_projs[0].weight
        parts = [weight.qdata, weight.scale] if quantize != "none" else [weight]
        return sum(part.numel() * part.element_size() for part in parts)

    assert size("int8") < size("none") / 3


# --- what can fail ------------------------------------------------------------------------------


def refusal(folder: Path, kept_in: Path | None = None, **changes: Any) -> BackendError:
    with pytest.raises(BackendError) as raised:
        load(folder, kept_in, **changes)
    assert raised.value.remedy
    return raised.value


def test_mlx_weights_are_told_apart(checkpoint: MakeCheckpoint) -> None:
    given = replace(read_checkpoint(checkpoint()), format="mlx")
    with pytest.raises(BackendError, match="for MLX"):
        load_language_model(given, SETTINGS, lambda text, part: None)


def test_weights_that_are_quantised_already_are_refused(checkpoint: MakeCheckpoint) -> None:
    given = replace(read_checkpoint(checkpoint()), stored="int8")
    with pytest.raises(BackendError, match="bitsandbytes"):
        load_language_model(given, SETTINGS, lambda text, part: None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"num_layers": 3}, "model.safetensors"),
        ({"depformer_dim_feedforward": 96}, "model.safetensors"),
        ({"norm": "no_such_norm"}, "no_such_norm"),
        ({"no_such_argument": 1}, "no_such_argument"),
    ],
)
def test_a_configuration_that_does_not_fit_is_named(
    checkpoint: MakeCheckpoint, changed: dict[str, Any], said: str
) -> None:
    given = read_checkpoint(checkpoint())
    given = replace(given, config=given.config | changed)
    with pytest.raises(BackendError) as raised:
        load_language_model(given, SETTINGS, lambda text, part: None)
    assert said in raised.value.message
    assert "config.json" in raised.value.remedy


def test_a_file_that_broke_off_is_named(checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    given = read_checkpoint(checkpoint())
    broken = tmp_path / "model.safetensors"
    broken.write_bytes(given.model.read_bytes()[:5000])
    with pytest.raises(BackendError, match=r"model\.safetensors cannot be read"):
        load_language_model(replace(given, model=broken), SETTINGS, lambda text, part: None)


@pytest.mark.parametrize(("device", "said"), [("gpu", "gpu"), ("mps", "mps")])
def test_a_device_that_will_not_do_is_named(
    checkpoint: MakeCheckpoint, device: str, said: str
) -> None:
    assert said in refusal(checkpoint(), device=device).message


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA card")
def test_without_a_card_cuda_is_refused_and_auto_is_the_processor(
    checkpoint: MakeCheckpoint,
) -> None:
    assert "CUDA" in refusal(checkpoint(), device="cuda").message
    assert device_of("auto").type == "cpu"


def test_a_context_too_long_for_the_memory_says_what_to_do(checkpoint: MakeCheckpoint) -> None:
    told = refusal(checkpoint(), context=10**13)
    assert "does not fit into the memory of cpu" in told.message
    assert "int8" in told.remedy
    assert "context" in told.remedy


def test_out_of_memory_on_a_card_gives_the_figures(
    checkpoint: MakeCheckpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (2 * 1024**3, 8 * 1024**3))
    given = read_checkpoint(checkpoint())
    settings = replace(SETTINGS, quantize="int8")
    with (
        pytest.raises(BackendError, match=r"2\.0 of 8\.0 GiB are free") as raised,
        explained(given, settings, torch.device("cuda")),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory")
    assert "int4" in raised.value.remedy


@pytest.mark.usefixtures("torchao")
def test_int4_on_a_card_needs_bfloat16() -> None:
    with pytest.raises(BackendError, match="bfloat16, not in float16") as raised:
        check_quantization("int4", torch.float16, torch.device("cuda"))
    assert "int8" in raised.value.remedy


@pytest.mark.usefixtures("torchao")
def test_an_old_card_is_told_to_take_int8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    check_quantization("int8", torch.bfloat16, torch.device("cuda"))
    with pytest.raises(BackendError, match=r"has 7\.5") as raised:
        check_quantization("int4", torch.bfloat16, torch.device("cuda"))
    assert "int8" in raised.value.remedy


# --- on a card ----------------------------------------------------------------------------------


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA card")
def test_graphs_say_what_the_same_steps_without_them_say(checkpoint: MakeCheckpoint) -> None:
    """Captured once, replayed after everything that changes the state beneath them."""

    def conversation(graphs: bool) -> Sequence[object]:
        model = load(checkpoint(context=20), device="cuda", cuda_graphs=graphs)
        model.warm_up()
        said: list[object] = list(talk(model, heard(30)))
        work = model.prefill(prompt_of(10, 20), 8)
        while not work.done:
            work.advance()
            said += talk(model, heard(2))
        kept = work.snapshot()
        for _ in range(2):
            model.put_back(kept)
            said += talk(model, heard(30, seed=2))
        model.extend(PromptPlan(free_prompt(25).frames))
        model.set_sampling(Sampling(temperature=0.7, text_temperature=0.7, top_k=1, top_k_text=1))
        said += talk(model, heard(10, seed=3))
        model.set_sampling(GREEDY)
        said += talk(model, heard(10, seed=4))
        model.reset()
        return said + talk(model, heard(30))

    assert conversation(True) == conversation(False)
