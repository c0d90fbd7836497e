"""`assistant bench moshi`: a person learns how fast Moshi would be here, without a download."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.memory import parameters
from assistant.bench.moshi import random_weights
from assistant.bench.moshi import run as bench_run
from assistant.bench.moshi.command import MoshiOptions, Run, plans, print_runs
from assistant.bench.moshi.plan import BenchPlan, Measured, decode_report, encode
from assistant.bench.report import Measurement
from assistant.cli.main import app
from tests.processes import descendants, is_alive, until

ROWS = {
    "weights made and quantised",
    "engine and codec started",
    "warm-up",
    "process memory, peak",
    "encode",
    "LM step",
    "decode",
    "whole frame",
    "real-time factor",
    "whole frame, upstream",
    "whole frame, ours / upstream",
    "LM step alone",
    "LM step, upstream",
    "LM step, ours / upstream",
    "LM step, ours − upstream",
    "temporal transformer",
    "depformer",
    "prompt, stepped",
    "prompt, forced",
    "prompt, one pass",
    "prompt, put back",
    "prompt, stepped / one pass",
    "snapshot taken",
    "swap: 32 positions of the prompt",
    "swap: 32 positions of the tail",
    "swap: going over",
    "swap: a frame and what runs beside",
    "snapshot holds",
}
NEEDED = {"torch": ("torch", "moshi"), "mlx": ("mlx", "moshi_mlx", "rustymimi")}


def need(framework: str) -> None:
    for package in NEEDED[framework]:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")


@pytest.mark.parametrize("framework", ["torch", "mlx"])
def test_all_quantities_are_measured(framework: str, monkeypatch: pytest.MonkeyPatch) -> None:
    need(framework)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    words = ["bench", "moshi", "--framework", framework, "--device", "cpu", "--frames", "4"]
    result = CliRunner().invoke(app, [*words, "--context", "12", "--json"])
    assert result.exit_code == 0, result.stderr
    (run,) = json.loads(result.stdout)["runs"]
    rows: dict[str, dict[str, Any]] = {row["name"]: row for row in run["rows"]}
    assert rows.keys() >= ROWS
    for name in ROWS:
        values = rows[name]["values"]
        assert values, name
        assert all(map(math.isfinite, values)), name
        if "−" not in name and name != "depformer":
            assert min(values) > 0, name
    late = rows["swap: frames late"]
    assert 0 <= late["values"][0] <= len(rows["swap: a frame and what runs beside"]["values"])
    assert "with nothing beside" in late["note"]
    assert run["facts"]["context"] == "12 s"
    assert "CPU" in run["facts"]["device"]
    assert "measuring" not in result.stderr.lower()
    assert "whole frames" in result.stderr, "it says what it is doing"


@pytest.mark.parametrize("framework", ["torch", "mlx"])
def test_a_device_that_nobody_knows_is_named_with_those_that_are(framework: str) -> None:
    need(framework)
    with pytest.raises(BackendError) as told:
        bench_run.make_rig(BenchPlan(framework=framework, device="warp"))  # type: ignore[arg-type]
    assert "warp" in told.value.message
    assert "cpu" in told.value.remedy


def test_the_child_s_refusal_reaches_the_terminal() -> None:
    need("torch")
    result = CliRunner().invoke(app, ["bench", "moshi", "--framework", "torch", "--device", "warp"])
    assert result.exit_code == 1
    assert "error: PyTorch knows no device “warp”" in result.stderr
    assert "remedy: Say auto, cuda, cuda:1 or cpu" in result.stderr


@pytest.mark.parametrize("framework", ["torch", "mlx"])
def test_without_the_framework_the_way_to_it_is_told(
    framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BackendError) as told:
        bench_run.make_rig(BenchPlan(framework=framework))  # type: ignore[arg-type]
    assert "not found" in told.value.message
    assert f"assistant setup moshi-{framework}" in told.value.remedy


@pytest.mark.parametrize("framework", ["torch", "mlx"])
def test_seven_billion_weights_on_a_processor_need_a_yes_and_the_room(
    framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    need(framework)
    plan = BenchPlan(framework=framework, dims="7b", device="cpu")  # type: ignore[arg-type]
    with pytest.raises(BackendError, match=r"1\d\.\d GiB and seconds a frame") as told:
        bench_run.make_rig(plan)
    assert "--yes --frames" in told.value.remedy
    monkeypatch.setattr("assistant.models.hardware.memory", lambda: (4 * 2**30, 4 * 2**30))
    with pytest.raises(BackendError, match="and 4 GiB are free"):
        random_weights.check_room(BenchPlan(framework="torch", dims="7b", large_on_cpu=True))


def test_each_quantisation_is_measured_with_each_context() -> None:
    asked = plans(MoshiOptions(framework="mlx", quantize="none, int8", context="60,240"))
    assert [(plan.context, plan.quantize) for plan in asked] == [
        (60, "none"),
        (60, "int8"),
        (240, "none"),
        (240, "int8"),
    ]


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (MoshiOptions(quantize="int3"), "int3"),
        (MoshiOptions(context="long"), "long"),
        (MoshiOptions(context="2"), "a context of 2 s"),
    ],
)
def test_a_slip_of_the_pen_is_told(options: MoshiOptions, wrong: str) -> None:
    with pytest.raises(BackendError, match=wrong):
        plans(options)


def test_what_a_library_prints_is_no_report() -> None:
    assert decode_report("Some weights were not initialised\n") is None
    report = Measured("encode", "ms", (1.0,))
    assert decode_report(encode(report)) == report


def test_configurations_stand_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    shared = {"device": "a card", "torch": "2"}
    runs = [
        Run(
            BenchPlan(framework="torch"),
            {**shared, "weights": weights},
            [
                Measurement("encode", "ms", (1.0, 2.0)),
                Measurement("LM step, ours / upstream", "×", (1.0, 1.01)),
            ],
        )
        for weights in ("bfloat16", "int8")
    ]
    print_runs(runs)
    printed = capsys.readouterr().out
    assert printed.count("a card") == 1, "what all have in common is said once"
    assert "bfloat16" in printed
    assert "int8" in printed
    assert "1.50 / 1.99 ms" in printed
    assert "1.00 (1.00–1.01) ×" in printed


@pytest.mark.timeout(120)
def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    need("torch")
    command = [sys.executable, "-m", "assistant", "bench", "moshi", "--framework", "torch"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    measuring = descendants(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, rest = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "random weights" in first
    assert "Traceback" not in rest
    assert measuring
    until(lambda: not any(map(is_alive, measuring)), "the measuring process has ended")
    assert list(tmp_path.iterdir()) == []


def test_the_dimensions_are_moshi_s_own() -> None:
    need("torch")
    from moshi.models import loaders

    assert random_weights.lm_config("7b") == loaders._lm_kwargs
    assert parameters(random_weights.lm_config("7b")).total == 7_687_729_152


def test_mimi_s_random_file_is_one_that_upstream_loads(tmp_path: Path) -> None:
    need("torch")
    import copy

    import torch
    from moshi.models import loaders

    file = random_weights.mimi_file(tmp_path / "mimi.safetensors")
    config = copy.deepcopy(loaders._mimi_config)
    config["quantizer"]["n_q"] = 8
    model = loaders.get_mimi(file, config, num_codebooks=8)  # strict: every name and shape
    with torch.no_grad():
        codes = model.encode(0.1 * torch.randn(1, 1, 1920))
        assert codes.shape == (1, 8, 1)
        assert model.decode(codes).abs().max() > 1e-4
