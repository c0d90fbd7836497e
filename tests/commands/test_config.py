"""`assistant config`: what is printed can be used as it is."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from assistant.commands import config as commands
from assistant.config.loading import load_config
from assistant.config.schema import Config, ConfigError
from assistant.locations import config_file


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_what_is_shown_is_a_settings_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_AUDIO__VOLUME", "0.25")
    commands.set_command("session.permissions.stop", "ask", None)
    capsys.readouterr()
    commands.show_command(None, {"session.persona": "hal"})
    text = capsys.readouterr().out
    assert Config.model_validate(tomllib.loads(text)) == load_config(
        overrides={"session.persona": "hal"}
    )
    lines = {line.split(" = ")[0]: line for line in text.splitlines() if " = " in line}
    assert lines["volume"].endswith("# ASSISTANT_AUDIO__VOLUME")
    assert lines["persona"].endswith("# command line")
    assert lines["permissions"].endswith("# config.toml")
    assert "#" not in lines["block_ms"]


def test_only_what_was_changed(capsys: pytest.CaptureFixture[str]) -> None:
    commands.set_command("audio.volume", "0.5", None)
    capsys.readouterr()
    commands.show_command(None, changed=True)
    assert tomllib.loads(capsys.readouterr().out) == {"audio": {"volume": 0.5}}
    commands.show_command(None, changed=True, json_output=True)
    found = json.loads(capsys.readouterr().out)
    assert found["settings"] == {"audio.volume": {"value": 0.5, "source": "config.toml"}}


def test_path_schema_and_unset(capsys: pytest.CaptureFixture[str]) -> None:
    commands.path_command(None)
    assert capsys.readouterr().out.strip() == str(config_file())
    commands.schema_command()
    text = capsys.readouterr().out
    assert 'audio.mode  ("open" or "push-to-talk"; default: "open")' in text
    assert "audio.input_device  (text or whole number; default: unset)" in text
    assert "ASSISTANT_BACKEND__CASCADE__WHISPER" in text
    commands.schema_command(json_output=True)
    assert json.loads(capsys.readouterr().out)["additionalProperties"] is False
    commands.unset_command("audio.volume", None)
    assert "was not set" in capsys.readouterr().err


def test_a_variable_that_hides_the_file_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_AUDIO__VOLUME", "0.25")
    commands.set_command("audio.volume", "0.5", None)
    said = capsys.readouterr()
    assert said.out == "audio.volume = 0.5\n"
    assert "ASSISTANT_AUDIO__VOLUME is set" in said.err


def test_a_wrong_value_is_refused() -> None:
    with pytest.raises(ConfigError):
        commands.set_command("audio.volume", "11", None)
    assert not config_file().exists()
