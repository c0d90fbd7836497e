"""`assistant adapters`: from another program's settings to a tool that runs."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest

from assistant.adapters.known import PRESETS, ImportProblem, imported
from assistant.commands import adapters
from assistant.config.loading import load_config
from assistant.config.schema import AdapterConfig

SERVER = [sys.executable, "-m", "tests.adapters.server"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    settings = tmp_path / "config.toml"
    settings.write_text('# mine\n[session]\npersona = "hal"\n')
    return settings


def test_one_is_added_checked_tried_and_removed(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mcp")
    assert adapters.add_command(load_config(file), "notes", SERVER, yes=True, file=file) == 0
    config = load_config(file)
    assert config.adapters["notes"].command == SERVER
    assert adapters.check_command(config, None) == 0
    told = capsys.readouterr().out
    assert "notes: ready after" in told
    assert "asks first" in told
    assert adapters.try_command(config, "notes", "search_notes", '{"query": "walnuts"}') == 0
    assert "Bruno is one of them" in capsys.readouterr().out
    with pytest.raises(adapters.AdapterError, match="no tool nope"):
        adapters.try_command(config, "notes", "nope", "")
    assert adapters.remove_command(config, "notes", file=file) == 0
    assert "# mine" in file.read_text()
    assert not load_config(file).adapters


def test_what_is_wrong_with_one_does_not_hide_the_others(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mcp")
    for name, command in (("gone", ["no-such-program-here"]), ("notes", SERVER)):
        adapters.add_command(load_config(file), name, command, yes=True, file=file)
    assert adapters.check_command(load_config(file), None) == 1
    told = capsys.readouterr()
    assert "the command of gone was not found" in told.err
    assert "notes: ready" in told.out


CLAUDE = {
    "mcpServers": {
        "My Notes": {"command": "uvx", "args": ["light-obsidian-mcp"], "env": {"API_KEY": "s3cr3t"}}
    }
}
ZED = {"context_servers": {"time": {"command": {"path": "uvx", "args": ["mcp-server-time"]}}}}
CODE = {"servers": {"far": {"type": "http", "url": "https://far.example/mcp"}}}


@pytest.mark.parametrize(
    ("settings", "name", "expected"),
    [
        (
            CLAUDE,
            "my-notes",
            {"command": ["uvx", "light-obsidian-mcp"], "env": {"API_KEY": "$API_KEY"}},
        ),
        (ZED, "time", {"command": ["uvx", "mcp-server-time"]}),
        (CODE, "far", {"url": "https://far.example/mcp"}),
        ({"mcp": CODE}, "far", {"url": "https://far.example/mcp"}),
    ],
)
def test_servers_of_other_programs_are_taken_over_but_not_their_secrets(
    tmp_path: Path, file: Path, settings: object, name: str, expected: dict[str, object]
) -> None:
    source = tmp_path / "other.json"
    source.write_text(f"// written by hand\n{json.dumps(settings, indent=1)}")
    assert adapters.import_command(load_config(file), source, yes=True, file=file) == 0
    assert tomllib.loads(file.read_text())["adapters"][name] == expected
    assert "s3cr3t" not in file.read_text()
    assert load_config(file).adapters[name].enabled
    assert adapters.import_command(load_config(file), source, yes=True, file=file) == 0


def test_an_agent_is_added_with_its_folder_and_checked(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("acp")
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    add = adapters.add_command
    command = ["sh", "-c", f"cd {Path.cwd()} && exec {sys.executable} -m tests.adapters.acp.agent"]
    assert add(load_config(file), "mine", command, yes=True, file=file, agent_folder=tmp_path) == 0
    monkeypatch.setattr("builtins.input", lambda question: "~/code/parser")
    assert add(load_config(file), "goose", [], yes=True, file=file) == 0
    config = load_config(file)
    assert config.adapters["goose"].kind == "acp"
    assert config.adapters["goose"].folder == "~/code/parser"
    assert config.adapters["goose"].command == ["goose", "acp"]
    assert adapters.check_command(config, "mine") == 0
    told = capsys.readouterr().out
    assert "mine: ready after" in told
    assert "scripted 1.2" in told
    assert str(tmp_path) in told
    assert adapters.list_command(config, json_output=False) == 0
    assert "an agent, in" in capsys.readouterr().out
    with pytest.raises(adapters.AdapterError, match="is an agent"):
        adapters.try_command(config, "mine", "x", "")
    with pytest.raises(adapters.AdapterError, match="time is no agent"):
        add(config, "time", [], yes=True, file=file, agent_folder=tmp_path)


def test_an_agent_that_cannot_be_started_is_told_of_by_the_check(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("acp")
    adapters.add_command(
        load_config(file), "mine", ["false"], yes=True, file=file, agent_folder=tmp_path
    )
    assert adapters.check_command(load_config(file), None) == 1
    assert "mine ended when it was started (exit code 1)" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "{", "[]", '{"mcpServers": {"x": {"args": []}}}', "{}"])
def test_a_file_that_names_no_servers_is_told_of(tmp_path: Path, text: str) -> None:
    source = tmp_path / "other.json"
    source.write_text(text)
    with pytest.raises(ImportProblem):
        imported(source)


@pytest.mark.parametrize("name", list(PRESETS))
def test_what_is_known_by_name_is_a_table_that_the_settings_take(name: str) -> None:
    preset = PRESETS[name]
    table = preset.filled(dict.fromkeys(preset.asks, "/somewhere"))
    AdapterConfig.model_validate(table)
    assert "{" not in json.dumps([table["command"], table.get("env", {})]).replace(
        "{}", ""
    ).replace('{"', ""), "nothing is left to be filled in"


def test_a_name_that_is_none_and_one_that_is_there_are_refused(file: Path) -> None:
    config = load_config(file)
    with pytest.raises(adapters.AdapterError, match="is no name"):
        adapters.add_command(config, "My Notes!", ["x"], yes=True, file=file)
    with pytest.raises(adapters.AdapterError, match="not known by name"):
        adapters.add_command(config, "nonsense", [], yes=True, file=file)
    adapters.add_command(config, "x", ["x"], yes=True, file=file)
    with pytest.raises(adapters.AdapterError, match="there is x already"):
        adapters.add_command(load_config(file), "x", ["x"], yes=True, file=file)
