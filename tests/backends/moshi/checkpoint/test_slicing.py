"""PersonaPlex's second half of the depformer is left out without changing a single token."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from assistant.backends.moshi.checkpoint.weights import read_checkpoint, slice_depformer
from tests.backends.moshi.conftest import MakeCheckpoint

torch = pytest.importorskip("torch")
pytest.importorskip("moshi")


def language_model(config: dict[str, Any], state: dict[str, Any]) -> Any:
    from moshi.models.lm import LMModel

    model = LMModel(device="cpu", dtype=torch.float32, **config)
    model.load_state_dict(state)
    return model.eval()


@pytest.fixture(scope="module")
def both(checkpoint: MakeCheckpoint) -> tuple[Any, Any]:
    """The model with all 16 steps, and the sliced one."""
    from safetensors.torch import load_file

    found = read_checkpoint(checkpoint("personaplex"))
    state = load_file(found.model)
    whole = {**found.config, "dep_q": 16}
    return language_model(whole, state), language_model(found.config, slice_depformer(state))


def test_depformer_logits_of_the_agents_codebooks_are_the_same(both: tuple[Any, Any]) -> None:
    torch.manual_seed(1)
    inside = torch.randn(1, 1, 64)
    tokens = torch.randint(0, 256, (1, 17, 1))
    logits = []
    for model in both:
        with torch.no_grad(), model.depformer.streaming(1):
            logits.append(
                [
                    model.forward_depformer(step, tokens[:, step : step + 1], inside)
                    for step in range(8)
                ]
            )
    for whole, sliced in zip(*logits, strict=True):
        # To the last bits: which kernel multiplies depends on the processor and where the rows lie.
        torch.testing.assert_close(whole, sliced)


def test_a_conversation_is_the_same_token_for_token(both: tuple[Any, Any]) -> None:
    from moshi.models.lm import LMGen

    torch.manual_seed(2)
    user = torch.randint(0, 2048, (41, 1, 8, 1))
    rows = []
    for model in both:
        generator = LMGen(model, use_sampling=False, check=False)
        heard = []

        def put_user(audio: Any, now: int) -> None:
            """With 16 steps the model answers itself: put the user's delayed codes in its place."""
            audio[:, 8:9] = user[now + 1, :, :1, 0]
            audio[:, 9:] = user[now, :, 1:, 0]

        with torch.no_grad(), generator.streaming(1):
            for now in range(40):
                if model.dep_q == 16:
                    generator.on_audio_hook = partial(put_user, now=now)
                out = generator.step(user[now][:, : model.num_audio_codebooks - model.dep_q])
                if out is not None:
                    heard.append(out[0, :9, 0])
        rows.append(torch.stack(heard))
    assert len(rows[0]) > 30
    assert torch.equal(*rows)


def test_mlx_arrays_are_cut_as_tensors_are(checkpoint: MakeCheckpoint) -> None:
    mx = pytest.importorskip("mlx.core")
    from safetensors.torch import load_file

    model = read_checkpoint(checkpoint("personaplex")).model
    tensors = slice_depformer(load_file(model))
    arrays = slice_depformer(mx.load(str(model)))
    assert arrays.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert arrays[name].shape == tuple(tensor.shape), name
        assert (torch.from_numpy(np.array(arrays[name])) == tensor).all(), name


def test_every_way_to_name_the_steps_is_cut() -> None:
    shapes = {
        "depformer.layers.0.self_attn.in_proj_weight": (16 * 3 * 4, 4),
        "depformer.layers.0.self_attn.in_proj_weight_scb": (16 * 3 * 4,),
        "depformer.layers.0.self_attn.out_proj.weight": (16 * 4, 4),
        "depformer.layers.0.norm1.alpha": (1, 1, 4),
        "transformer.layers.0.self_attn.in_proj_weight": (3 * 64, 64),
        "depformer_text_emb.weight": (5, 4),
        **{f"depformer.layers.0.self_attn.in_projs.{n}.weight": (12, 4) for n in range(16)},
        **{f"depformer.layers.0.gating.{n}.linear_in.weight": (8, 4) for n in range(16)},
        **{f"depformer_emb.{n}.weight": (5, 4) for n in range(15)},
        **{f"depformer.slices.{n}.emb.weight": (5, 4) for n in range(16)},
        **{f"linears.{n}.weight": (5, 4) for n in range(16)},
    }
    sliced = slice_depformer({name: torch.zeros(shape) for name, shape in shapes.items()})
    assert sliced["depformer.layers.0.self_attn.in_proj_weight"].shape == (8 * 3 * 4, 4)
    assert sliced["depformer.layers.0.self_attn.in_proj_weight_scb"].shape == (8 * 3 * 4,)
    assert sliced["depformer.layers.0.self_attn.out_proj.weight"].shape == (8 * 4, 4)
    assert sliced["transformer.layers.0.self_attn.in_proj_weight"].shape == (3 * 64, 64)
    kept = {"depformer_emb.": 7, ".slices.": 8, ".in_projs.": 8, ".gating.": 8, "linears.": 8}
    for part, count in kept.items():
        assert sum(part in name for name in sliced) == count, part
    again = slice_depformer(sliced)
    assert again.keys() == sliced.keys()
    assert all(again[name].shape == sliced[name].shape for name in again)


def test_steps_that_share_weights_keep_those_that_the_first_eight_use() -> None:
    schedule = [0, 1, 2, 3, 4, 4, 4, 4, *[5] * 8]
    state = {f"depformer_in.{n}.weight": torch.zeros(4, 4) for n in range(6)}
    state |= {f"linears.{n}.weight": torch.zeros(5, 4) for n in range(16)}
    sliced = slice_depformer(state, schedule=schedule)
    assert sum("depformer_in" in name for name in sliced) == 5
    assert sum("linears" in name for name in sliced) == 8
