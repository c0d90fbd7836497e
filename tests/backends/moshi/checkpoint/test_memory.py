"""Memory told beforehand: the arithmetic against real models, and advice that helps."""

from __future__ import annotations

import re
from typing import Any

import pytest

from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint import memory
from assistant.backends.moshi.checkpoint.memory import (
    STT_1B,
    cache_bytes,
    check_fits,
    choose_quantization,
    estimate,
    fits,
    parameters,
    weight_bytes,
)
from assistant.backends.moshi.checkpoint.weights import MOSHI_7B
from assistant.backends.moshi.contract import Quantization
from assistant.models.hardware import GIB
from tests.backends.moshi import tiny

PERSONAPLEX = {**MOSHI_7B, "dep_q": 16, "depformer_context": 16}


def _counted(config: dict[str, Any]) -> int:
    """Weights of the real model, built without memory."""
    torch = pytest.importorskip("torch", reason="torch builds the model that is counted")
    lm = pytest.importorskip("moshi.models.lm", reason="moshi builds the model that is counted")
    arguments = {k: v for k, v in config.items() if k not in ("model_type", "stt_config")}
    with torch.device("meta"):
        model = lm.LMModel(dtype=torch.bfloat16, **arguments)
    return sum(each.numel() for each in model.parameters())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"layer_scale": 0.01},
        {"norm": "layer_norm"},
        {"hidden_scale": 4, "depformer_dim_feedforward": None},
        {"gating": "none"},
        {"text_card_out": 40},
        {"depformer_norm": "rms_norm_f32"},
        {"depformer_weights_per_step_schedule": [0, 1, 2, 2, 3, 3, 3, 3]},
        {"depformer_low_rank_embeddings": 16},
        {"depformer_weights_per_step": False, "depformer_multi_linear": False},
        {"depformer_dim_feedforward": [64, 80, 96, 96, 96, 96, 96, 96]},
    ],
    ids=lambda changes: ",".join(changes) or "as published",
)
def test_every_weight_of_a_real_model_is_counted(changes: dict[str, Any]) -> None:
    config = {**tiny.lm_config(), **changes}
    assert parameters(config).total == _counted(config)


@pytest.mark.parametrize("kind", ["personaplex", "stt"])
def test_other_kinds_of_models_are_counted_too(kind: tiny.Kind) -> None:
    config = tiny.lm_config(kind)
    assert parameters(config).total == _counted(config)


@pytest.mark.parametrize(
    ("config", "billions"), [(MOSHI_7B, 7.69), (PERSONAPLEX, 8.37), (STT_1B, 0.99)]
)
def test_published_models(config: dict[str, Any], billions: float) -> None:
    assert parameters(config).total / 1e9 == pytest.approx(billions, abs=0.005)


def test_the_7b_model_as_upstream_describes_it() -> None:
    loaders = pytest.importorskip("moshi.models.loaders", reason="moshi knows its own dimensions")
    assert parameters(MOSHI_7B).total == _counted(dict(loaders._lm_kwargs))


@pytest.mark.parametrize(
    ("quantize", "gigabytes"), [("none", 15.38), ("int8", 8.17), ("int4", 4.81)]
)
def test_mlx_weights_are_as_large_as_the_published_files(
    quantize: Quantization, gigabytes: float
) -> None:
    assert weight_bytes(MOSHI_7B, quantize, "mlx") / 1e9 == pytest.approx(gigabytes, abs=0.02)


def test_the_cache_of_four_minutes() -> None:
    """32 layers of 3000 keys and values, 4096 wide, in bfloat16."""
    assert cache_bytes(MOSHI_7B, 3000) == 2 * 32 * 3000 * 4096 * 2


def test_the_cache_is_as_large_as_the_real_one() -> None:
    torch = pytest.importorskip("torch", reason="torch builds the model that is measured")
    lm = pytest.importorskip("moshi.models.lm", reason="moshi builds the model that is measured")
    config = tiny.lm_config(context=48)
    arguments = {k: v for k, v in config.items() if k != "model_type"}
    model = lm.LMModel(device="cpu", dtype=torch.float32, **arguments).eval()
    with model.transformer.streaming(1):
        held = sum(
            layer.self_attn._streaming_state.kv_cache.cache.numel() * 4
            for layer in model.transformer.layers
        )
    assert cache_bytes(config, 48, 4) == held


def test_quantised_mlx_weights_are_as_large_as_real_ones() -> None:
    mx = pytest.importorskip("mlx.core", reason="mlx quantises")
    nn = pytest.importorskip("mlx.nn", reason="mlx quantises")
    utils = pytest.importorskip("mlx.utils", reason="mlx quantises")
    models = pytest.importorskip("moshi_mlx.models", reason="moshi_mlx builds the model")
    config = {**tiny.lm_config(), "depformer_dim": 64, "depformer_dim_feedforward": 288}
    for bits, group, quantize in ((8, 64, "int8"), (4, 32, "int4")):
        model = models.Lm(models.LmConfig.from_config_dict(config))
        model.set_dtype(mx.bfloat16)
        nn.quantize(
            model,
            bits=bits,
            group_size=group,
            class_predicate=lambda _, m, g=group: (
                hasattr(m, "to_quantized") and m.weight.shape[-1] % g == 0
            ),
        )
        real = sum(a.nbytes for _, a in utils.tree_flatten(model.parameters()))
        told = weight_bytes(config, quantize, "mlx")  # type: ignore[arg-type]
        assert told == pytest.approx(real, rel=0.05)


@pytest.mark.parametrize("quantize", ["int8", "int4"])
def test_quantised_torch_weights_are_as_large_as_real_ones(quantize: Quantization) -> None:
    torch = pytest.importorskip("torch", reason="torch builds the model that is measured")
    pytest.importorskip("torchao", reason="torchao quantises")
    lm = pytest.importorskip("moshi.models.lm", reason="moshi builds the model that is measured")
    from assistant.backends.moshi.torch.quantize import quantize_linears

    config = {**tiny.lm_config(dim=256), "depformer_dim": 64, "depformer_dim_feedforward": 288}
    arguments = {k: v for k, v in config.items() if k != "model_type"}
    model = lm.LMModel(device="cpu", dtype=torch.float32, **arguments).eval()
    quantize_linears(model, quantize, torch.device("cpu"), lambda text, part: None)

    def size(tensor: Any) -> int:
        if not hasattr(tensor, "__tensor_flatten__"):
            return int(tensor.numel() * tensor.element_size())
        return sum(size(getattr(tensor, name)) for name in tensor.__tensor_flatten__()[0])

    real = sum(size(each.data) for each in model.parameters())
    assert weight_bytes(config, quantize, "torch", 4) == pytest.approx(real, rel=0.05)


@pytest.mark.parametrize(
    ("gigabytes", "quantize"), [(24, "none"), (15.5, "int8"), (11.5, "int8"), (10, "int4")]
)
def test_the_best_that_fits_is_taken(gigabytes: float, quantize: Quantization) -> None:
    free = int(gigabytes * GIB)
    chosen, reason = choose_quantization(MOSHI_7B, free, framework="torch")
    assert chosen == quantize
    assert "GiB" in reason
    assert fits(estimate(MOSHI_7B, chosen, framework="torch"), free)


def test_a_listener_and_personas_want_room_too() -> None:
    asked = {"framework": "torch", "listener": True, "snapshots_bytes": 4 * GIB}
    alone = estimate(MOSHI_7B, "none", framework="torch")
    both = estimate(MOSHI_7B, "none", **asked)  # type: ignore[arg-type]
    assert both.total - alone.total == both.listener + both.snapshots
    assert both.snapshots == 4 * GIB
    assert 1.9e9 < both.listener < 2.3e9
    chosen, reason = choose_quantization(MOSHI_7B, 22 * GIB, **asked)  # type: ignore[arg-type]
    assert chosen == "int8"
    assert "full precision would take" in reason


def test_quantised_weights_stay_as_they_are_and_unknown_memory_is_said() -> None:
    assert choose_quantization(MOSHI_7B, GIB, framework="mlx", stored="int4")[0] == "int4"
    chosen, reason = choose_quantization(MOSHI_7B, None, framework="torch")
    assert (chosen, "not known" in reason) == ("int8", True)


def test_float32_on_a_cpu_is_twice_as_large() -> None:
    wide = estimate(MOSHI_7B, "none", framework="torch", bytes_per_weight=4)
    narrow = estimate(MOSHI_7B, "none", framework="torch")
    assert wide.weights == 2 * narrow.weights
    assert wide.kv_cache == 2 * narrow.kv_cache


def test_what_does_not_fit_is_refused_with_figures() -> None:
    with pytest.raises(
        BackendError, match=r"the card has 8 GiB free, Moshi in int8 takes 1\d"
    ) as e:
        check_fits(MOSHI_7B, "int8", 8 * GIB, framework="torch")
    assert "backend.moshi.quantize int4" in e.value.remedy
    assert "backend.name cascade" in e.value.remedy
    assert check_fits(MOSHI_7B, "int8", 12 * GIB, framework="torch").total < 12 * GIB
    assert check_fits(MOSHI_7B, "int8", None, framework="torch").total > 0


@pytest.mark.parametrize("free", [n / 2 * GIB for n in range(6, 44)])
@pytest.mark.parametrize("quantize", ["none", "int8", "int4"])
@pytest.mark.parametrize("stored", ["none", "int8"])
def test_every_advice_alone_makes_it_fit(
    free: float, quantize: Quantization, stored: Quantization
) -> None:
    asked: dict[str, Any] = {
        "framework": "torch",
        "listener": True,
        "snapshots_bytes": GIB,
    }
    try:
        check_fits(MOSHI_7B, quantize, int(free), stored=stored, **asked)
        return
    except BackendError as error:
        remedy = error.remedy
    assert "backend.name cascade" in remedy
    for setting, value in re.findall(r"config set backend\.moshi\.(\w+) (\w+)", remedy):
        changed, positions = dict(asked), None
        with_quantize = quantize
        match setting:
            case "listener":
                changed["listener"] = False
            case "snapshot_mb":
                changed["snapshots_bytes"] = int(value) * 2**20
            case "context_seconds":
                positions = int(int(value) * memory.POSITIONS_PER_SECOND)
                assert positions < MOSHI_7B["context"]
            case "quantize":
                assert stored == "none"
                with_quantize = value  # type: ignore[assignment]
        check_fits(MOSHI_7B, with_quantize, int(free), positions, **changed)
