"""What the doctor says of backends, cards, weights, memory and servers."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from assistant.backends import base as availability
from assistant.commands.doctor import backends as checks
from assistant.commands.doctor import command as doctor
from assistant.commands.tables import Check, ok
from assistant.config.schema import Config
from assistant.models import hardware
from assistant.models.hardware import Card, Hardware
from tests.backends.moshi.conftest import checkpoint as checkpoint

GIB = 1024**3
PLAIN = Hardware("Linux", "x86_64", memory=16 * GIB, available=12 * GIB)
MAC = Hardware("Darwin", "arm64", memory=32 * GIB, macos="15.1")
DESKTOP = Hardware(
    "Linux", "x86_64", memory=64 * GIB, cards=(Card(0, "RTX 4090", 24 * GIB, 22 * GIB, "555"),)
)
THOR = Hardware("Linux", "aarch64", cards=(Card(0, "Thor", None, None, "580"),))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(availability, "missing", lambda modules, python: [])
    return tmp_path


def by_name(found: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in found}


def test_only_what_this_machine_could_run_is_missed() -> None:
    found = by_name(checks.backends(Config(), lambda: PLAIN))
    assert found["backend moshi-mlx"] == ok("backend moshi-mlx", "not used here: no Apple chip")
    assert found["backend moshi-torch"].state == "ok"
    assert found["backend cascade"].value.startswith("chosen (no NVIDIA card or Apple chip)")
    found = by_name(checks.backends(Config(), lambda: MAC))
    assert found["backend moshi-mlx"].state == "warn"
    assert found["backend moshi-mlx"].remedy.startswith("assistant models pull")
    found = by_name(checks.backends(Config(), lambda: DESKTOP))
    assert found["backend moshi-torch"].state == "warn"


def test_what_was_asked_for_and_cannot_run_is_a_failure() -> None:
    config = Config()
    config.backend.name = "moshi-torch"
    found = by_name(checks.backends(config, lambda: PLAIN))
    assert found["backend moshi-torch"].state == "warn"
    assert found["backend"].state == "fail"
    assert found["backend"].remedy


@pytest.mark.parametrize(
    ("machine", "state", "words"),
    [
        (PLAIN, "ok", "none found"),
        (MAC, "ok", "Apple Silicon, about 22.4 GiB for models"),
        (DESKTOP, "ok", "RTX 4090, 24.0 GiB, 22.0 free, driver 555"),
        (
            Hardware("Linux", "x86_64", cards=(Card(0, "Thor", None, None, "580"),)),
            "ok",
            "not told",
        ),
        (Hardware("Linux", "x86_64", trouble="nvidia-smi: mismatch"), "warn", "mismatch"),
    ],
)
def test_the_card(
    machine: Hardware, state: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "survey", lambda: machine)
    (check,) = checks.gpu(Config())
    assert check.state == state
    assert words in check.value


def test_nothing_is_said_of_moshi_where_it_cannot_run() -> None:
    assert checks.moshi(Config(), lambda: PLAIN) == []


def test_weights_that_are_missing_come_with_the_command() -> None:
    found = by_name(checks.moshi(Config(), lambda: DESKTOP))
    assert "moshi-torch memory" not in found
    assert found["moshi-torch weights"].state == "warn"
    assert "assistant models pull" in found["moshi-torch weights"].remedy
    assert found["moshi-torch environment"].state == "ok"
    assert found["moshi-torch listener"] == ok("moshi-torch listener", "Whisper tiny.en")


def test_weights_that_are_here_are_measured(checkpoint: object) -> None:
    config = Config()
    config.backend.moshi.weights = str(checkpoint("moshi"))  # type: ignore[operator]
    found = by_name(checks.moshi(config, lambda: DESKTOP))
    assert found["moshi-torch weights"].state == "ok"
    memory = found["moshi-torch memory"]
    assert memory.state == "ok"
    assert "of 22.0 GiB on RTX 4090" in memory.value
    assert "Mimi" in memory.value
    small = Hardware("Linux", "x86_64", cards=(Card(0, "Old", GIB, GIB, "1"),))
    found = by_name(checks.moshi(config, lambda: small))
    assert found["moshi-torch memory"].state == "warn"
    assert "backend.name cascade" in found["moshi-torch memory"].remedy


@pytest.mark.parametrize(
    ("listener", "state", "words"),
    [("none", "ok", "nobody"), ("stt", "warn", "not here"), ("whisper", "ok", "Whisper tiny.en")],
)
def test_who_writes_down_what_is_said(listener: str, state: str, words: str) -> None:
    config = Config()
    config.backend.moshi.listener = listener  # type: ignore[assignment]
    check = by_name(checks.moshi(config, lambda: DESKTOP))["moshi-torch listener"]
    assert check.state == state
    assert words in check.value


def test_a_whisper_that_is_missing_is_told() -> None:
    config = Config()
    config.backend.moshi.whisper = "small.en"
    check = by_name(checks.moshi(config, lambda: DESKTOP))["moshi-torch listener"]
    assert check.state == "warn"
    assert "small.en" in check.remedy


def test_a_broken_environment_and_one_of_ones_own(home: Path) -> None:
    (home / "assistant" / "environments" / "moshi-torch").mkdir(parents=True)
    check = by_name(checks.moshi(Config(), lambda: DESKTOP))["moshi-torch environment"]
    assert (check.state, check.remedy) == ("warn", "assistant setup moshi-torch")
    config = Config()
    config.backend.python = "/opt/python"
    check = by_name(checks.moshi(config, lambda: DESKTOP))["moshi-torch environment"]
    assert "/opt/python" in check.value


def test_a_server_is_only_called_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "moshi server" not in doctor.CHECKS
    assert list(doctor.ONLINE) == ["moshi server"]
    config = Config()
    assert checks.server(config)[0] == ok("moshi server", "none is set")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        config.backend.server.url = f"ws://127.0.0.1:{port}/api/chat"
        assert checks.server(config)[0].state == "ok"
    (check,) = checks.server(config)
    assert (check.state, "cannot be reached: connection refused" in check.value) == ("warn", True)


@pytest.mark.parametrize("url", ["desktop", "ws://", "ws://h:port/", "gopher://x/", "ws://[::1"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    config = Config()
    config.backend.server.url = url
    (check,) = checks.server(config)
    assert (check.state, "is no address" in check.value) == ("warn", True)
