"""PersonaPlex's second half of the depformer is left out without changing a single token."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from assistant.backends.moshi.weights import read_checkpoint, slice_depformer
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
        assert torch.equal(whole, sliced)


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
