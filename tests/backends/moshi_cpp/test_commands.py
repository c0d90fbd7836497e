"""What the commands say of moshi.cpp: doctor, setup, models."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from typer.testing import CliRunner

from assistant.backends.base import BackendError
from assistant.backends.moshi_cpp import weights
from assistant.backends.moshi_cpp.weights import PUBLISHED
from assistant.cli.main import app
from assistant.commands.doctor import backends as checks
from assistant.commands.models import command as models
from assistant.commands.models.pull import pull_command
from assistant.commands.setup import moshi_cpp_command
from assistant.config.loading import load_settings
from assistant.config.schema import Config
from assistant.models.hardware import Hardware
from tests.backends.moshi_cpp.conftest import MakeProgram, MakeWeights
from tests.hub_stand_in import HubState, isolated, serving

PLAIN = Hardware("Linux", "x86_64")
NAME = PUBLISHED[1].name


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    isolated(monkeypatch, tmp_path)
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    return tmp_path / "home"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Any:
    held = {
        model.repository: {
            name: b'{"moshi_name": "model-q4_k.gguf"}'
            if name.endswith(".json")
            else b"GGUF" + bytes(5_000)
            for name in model.files
        }
        for model in (weights._COMMON, *PUBLISHED)
    }
    with serving(HubState(held)) as state:
        monkeypatch.setattr(constants, "ENDPOINT", state.endpoint)
        yield state


def config(program: Path | None = None, model: Path | str | None = None) -> Config:
    settings = {"program": program and str(program), "model": model and str(model)}
    return Config.model_validate({"backend": {"moshi_cpp": settings}})


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


# -- doctor ----------------------------------------------------------------------------------------


def test_the_doctor_asks_the_program_for_its_devices(
    make_program: MakeProgram, make_weights: MakeWeights
) -> None:
    folder = make_weights()
    found = checks.moshi_cpp(config(make_program(), folder), lambda: PLAIN)
    assert [check.state for check in found] == ["ok", "ok"]
    assert "its devices: CPU" in found[0].value
    assert found[1].value == str(folder)


def test_the_doctor_tells_what_is_missing_to_who_wants_it(
    make_program: MakeProgram, tmp_path: Path
) -> None:
    assert checks.moshi_cpp(Config(), lambda: PLAIN) == []
    [gone] = checks.moshi_cpp(config(tmp_path / "gone"), lambda: PLAIN)
    assert (gone.state, bool(gone.remedy)) == ("warn", True)
    _, lacking = checks.moshi_cpp(config(make_program()), lambda: PLAIN)
    assert lacking.state == "warn"
    assert lacking.remedy.startswith("assistant models pull")
    listed = {check.name: check for check in checks.backends(config(tmp_path / "gone"))}
    assert listed["backend moshi-cpp"].state == "warn"
    listed = {check.name: check for check in checks.backends(Config(), lambda: PLAIN)}
    assert listed["backend moshi-cpp"].value.startswith("not used here: there is no moshi-sts")


# -- setup -----------------------------------------------------------------------------------------


def test_setup_explains_where_the_program_is_to_be_had() -> None:
    result = CliRunner().invoke(app, ["setup", "moshi-cpp"])
    assert result.exit_code == 1
    assert "moshi.cpp/releases" in result.stderr
    assert "assistant config set backend.moshi_cpp.program" in result.stderr
    assert "assistant models pull" in result.stderr
    assert result.stdout == ""


def test_setup_finds_what_was_unpacked_and_asks_before_it_is_set(
    make_program: MakeProgram,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = home / "Downloads" / "moshi-bin-linux"
    folder.parent.mkdir(parents=True)
    make_program().parent.rename(folder)
    program = folder / "moshi-sts"
    assert moshi_cpp_command(Config()) == 2
    assert "--yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert moshi_cpp_command(Config()) == 1
    assert load_settings().config.backend.moshi_cpp.program is None
    assert moshi_cpp_command(Config(), yes=True) == 0
    said = capsys.readouterr()
    assert str(program) in said.out
    assert "its devices: CPU" in said.err
    assert "assistant models pull" in said.err
    assert load_settings().config.backend.moshi_cpp.program == str(program)


def test_setup_says_when_all_is_there(
    make_program: MakeProgram,
    make_weights: MakeWeights,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert moshi_cpp_command(config(make_program(), make_weights())) == 0
    assert "use it: assistant --backend moshi-cpp" in capsys.readouterr().err


def test_setup_tells_of_a_program_that_cannot_run(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="no program"):
        moshi_cpp_command(config(tmp_path / "gone"))


# -- models ----------------------------------------------------------------------------------------


def test_its_weights_are_listed_pulled_checked_and_removed(
    hub: HubState, capsys: pytest.CaptureFixture[str]
) -> None:
    def listed() -> dict[str, Any]:
        capsys.readouterr()
        assert models.list_command(config(model=NAME), json_output=True) == 0
        found = json.loads(capsys.readouterr().out)["models"]
        return next(m for m in found if m["name"] == PUBLISHED[1].repository)

    assert listed()["place"] == "absent"
    assert pull_command(NAME, yes=True) == 0
    said = capsys.readouterr()
    assert f"assistant config set backend.moshi_cpp.model {NAME}" in said.err
    there = listed()
    assert (there["place"], there["backends"], there["chosen"]) == ("cached", ["moshi-cpp"], True)
    assert models.verify_command(Config(), NAME) == 0
    assert "2 files as published" in capsys.readouterr().out
    model = weights.folder_of(PUBLISHED[1]) / "model-q4_k.gguf"
    model.write_bytes(b"GGUF!")
    assert models.verify_command(Config(), NAME) == 1
    assert "hash differs" in capsys.readouterr().out
    assert models.remove_command(Config(), NAME, yes=True) == 0
    assert listed()["place"] == "absent"


def test_the_list_names_them_as_they_are_pulled(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    assert models.list_command(Config()) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "moshi-cpp" in lines["personaplex-7b-v1-q4_k-GGUF"]
    assert "moshi-cpp" in lines["moshika-q4_k-GGUF"]
