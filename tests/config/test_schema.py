"""Settings from every source, and what a person reads when one of them is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.config.editing import set_value, unset_value
from assistant.config.loading import known_fields, load_config, load_settings, value_of
from assistant.config.schema import Config, ConfigError
from assistant.locations import config_file


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    for variable in list(os.environ):
        if variable.startswith("ASSISTANT_"):
            monkeypatch.delenv(variable)
    return tmp_path


def write(text: str | bytes) -> Path:
    file = config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_without_a_file_the_defaults_hold() -> None:
    settings = load_settings()
    assert settings.config == Config()
    assert settings.sources == {}
    assert settings.source("audio.volume") == "default"


def test_each_source_overrides_the_one_before() -> None:
    write(
        '[audio]\nvolume = 0.3\nblock_ms = 10\n[session]\npersona = "hal"\n'
        '[ui.keymap]\nquit = "x"\n'
    )
    environ = {"ASSISTANT_AUDIO__BLOCK_MS": "30", "ASSISTANT_SESSION__PERSONA": "tars"}
    settings = load_settings(None, {"session.persona": "marvin", "brain.url": None}, environ)
    config = settings.config
    assert config.audio.volume == 0.3
    assert config.audio.block_ms == 30
    assert config.session.persona == "marvin"
    assert config.ui.keymap == {"quit": "x"}
    assert settings.sources == {
        "audio.volume": "config.toml",
        "audio.block_ms": "ASSISTANT_AUDIO__BLOCK_MS",
        "session.persona": "command line",
        "ui.keymap": "config.toml",
    }


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("AUDIO__INPUT_DEVICE", "3", 3),
        ("AUDIO__INPUT_DEVICE", "USB Mic", "USB Mic"),
        ("AUDIO__ECHO_GUARD", "false", False),
        ("AUDIO__ECHO_GUARD", "no", False),
        ("AUDIO__VOLUME", "1", 1.0),
        ("SESSION__PERSONA", "9000", "9000"),
        ("BRAIN__MODEL", "true", "true"),
        ("BACKEND__CASCADE__THREADS", "2", 2),
        ("UI__KEYMAP", '{quit = "x"}', {"quit": "x"}),
        ("SESSION__PERMISSIONS__CHANGE_THEME", "ask", {"change_theme": "ask"}),
        ("BRAIN__URL", "", None),
    ],
)
def test_variables_are_read_as_the_setting_wants_them(
    variable: str, text: str, value: object
) -> None:
    config = load_config(environ={f"ASSISTANT_{variable}": text})
    key = variable.lower().replace("__", ".").removesuffix(".change_theme")
    assert value_of(config, key) == value


def test_other_variables_of_ours_are_no_settings() -> None:
    environ = {"ASSISTANT_API_KEY": "sk-1", "ASSISTANT__X": "1", "OTHER_AUDIO__VOLUME": "7"}
    assert load_config(environ=environ) == Config()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[audio]\n\nvolume = "loud"\n', 3, ["audio.volume", "number", "'loud'", "0 to 1"]),
        ("[audio]\nvolume = 7\n", 2, ["audio.volume", "less than or equal to 1", "7"]),
        ("[audio]\nvolum = 0.5\n", 2, ['"audio.volum"', 'mean "audio.volume"']),
        ("volume = 0.5\n", 1, ['"volume"', 'mean "audio.volume"']),
        ("[backend.cascade]\nthread = 2\n", 2, ['mean "backend.cascade.threads"']),
        ("[sesion]\n", 1, ['"sesion"', 'mean "session"', "config schema"]),
        ("audio = 5\n", 1, ["audio", "[table]"]),
        ('[brain]\nkind = "magic"\n', 2, ["brain.kind", "'scripted'", "'magic'"]),
        ("[audio]\ninput_device = [1]\n", 2, ["audio.input_device", "part of its name"]),
        ('[session.permissions]\nstop = "maybe"\n', 2, ["session.permissions", "'maybe'"]),
        ("[session]\n[session.x]\n", 2, ['"session.x"', "config schema"]),
        ("[audio\nvolume = 1\n", 1, ["not valid TOML"]),
        ("[audio]\nvolume = 1\nvolume = 2\n", None, ["not valid TOML"]),
        ("[audio]\nvolume = " + "9" * 5_000, None, ["not valid TOML"]),
        ("audio.volume." + "a." * 20_000 + "a = 1\n", None, ["nested too deep"]),
        (b"# caf\xe9\n[audio]\n", 1, ["UTF-8"]),
        (b"\x00\x01\xff" * 10, 1, ["UTF-8"]),
        ("# " + "x" * 1_100_000, None, ["1 MB"]),
        ("[session]\nsave = 1\ngreeting = 7\npersona = 3\n", 4, ["and 1 more"]),
    ],
)
def test_a_file_that_is_wrong_is_told_with_place_and_remedy(
    text: str | bytes, line: int | None, words: list[str]
) -> None:
    file = write(text)
    with pytest.raises(ConfigError) as caught:
        load_config(environ={})
    error = caught.value
    assert str(file) in error.message
    if line is not None:
        assert f"{file}:{line}: " in error.message
        assert (error.file, error.line) == (file, line)
    said = f"{error.message} {error.remedy}"
    for word in words:
        assert word in said
    assert error.remedy


def test_a_variable_or_option_that_is_wrong_is_named() -> None:
    with pytest.raises(ConfigError, match=r"ASSISTANT_AUDIO__VOLUME: audio.volume: .*'loud'"):
        load_config(environ={"ASSISTANT_AUDIO__VOLUME": "loud"})
    with pytest.raises(ConfigError, match=r'ASSISTANT_AUDIO__VOLUM: .*"audio.volum"'):
        load_config(environ={"ASSISTANT_AUDIO__VOLUM": "1"})
    with pytest.raises(ConfigError, match=r"command line: brain.kind"):
        load_config(overrides={"brain.kind": "magic"}, environ={})


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        load_config(tmp_path)
    with pytest.raises(ConfigError, match="no such file"):
        load_config(tmp_path / "absent.toml")
    os.mkfifo(tmp_path / "pipe.toml")
    with pytest.raises(ConfigError, match="no regular file"):
        load_config(tmp_path / "pipe.toml")


def test_a_byte_order_mark_does_no_harm() -> None:
    write(b"\xef\xbb\xbf[audio]\r\nvolume = 0.5\r\n")
    assert load_config(environ={}).audio.volume == 0.5


def test_setting_a_value_keeps_comments_and_order() -> None:
    file = write("# mine\n[audio]\nvolume = 0.3 # quiet\n\n[session]\nsave = true\n")
    file.chmod(0o640)
    assert set_value("audio.volume", "0.5") == 0.5
    assert set_value("audio.input_device", "USB Mic") == "USB Mic"
    assert set_value("session.permissions.change_theme", "ask") == "ask"
    text = file.read_text()
    assert "# mine\n[audio]\nvolume = 0.5 # quiet\n" in text
    assert file.stat().st_mode & 0o777 == 0o600  # whatever it was
    config = load_config(environ={})
    assert config.audio.volume == 0.5
    assert config.audio.input_device == "USB Mic"
    assert config.session.permissions == {"change_theme": "ask"}
    assert [p.name for p in file.parent.iterdir()] == ["config.toml"], "no temporary file is left"


def test_a_value_goes_into_a_table_written_on_one_line() -> None:
    file = write('[session]\npermissions = {} # mine\npersona = "hal"\n')
    set_value("session.permissions.stop", "ask")
    set_value("backend.cascade.threads", "2")
    config = load_config(environ={})
    assert config.session.permissions == {"stop": "ask"}
    assert config.backend.cascade.threads == 2
    assert "# mine" in file.read_text()


def test_setting_makes_the_file_and_unsetting_restores_the_default() -> None:
    assert unset_value("audio.volume") is False
    set_value("audio.volume", "0.5")
    assert config_file().stat().st_mode & 0o777 == 0o600
    assert unset_value("audio.volume") is True
    assert unset_value("audio.volume") is False
    assert load_config(environ={}) == Config()


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("audio.volume", "loud", "audio.volume"),
        ("audio.volume", "2", "less than or equal to 1"),
        ("audio.volum", "1", 'no setting "audio.volum"'),
        ("audio", "1", 'no setting "audio"'),
        ("volume", "1", 'no setting "volume"'),
        ("", "1", "no setting"),
        ("audio.volume.x", "1", "no setting"),
        ("session.permissions.stop", "maybe", "session.permissions"),
    ],
)
def test_nothing_is_written_that_could_not_be_read_again(key: str, text: str, words: str) -> None:
    file = write("[audio]\nvolume = 0.3\n")
    with pytest.raises(ConfigError, match=words):
        set_value(key, text)
    assert file.read_text() == "[audio]\nvolume = 0.3\n"


def test_a_broken_file_is_left_as_it_is() -> None:
    file = write("[audio\n")
    with pytest.raises(ConfigError, match="not valid TOML"):
        set_value("audio.volume", "0.5")
    assert file.read_text() == "[audio\n"


def test_a_linked_file_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text("")
    config_file().parent.mkdir(parents=True)
    config_file().symlink_to(real)
    set_value("audio.volume", "0.5")
    assert config_file().is_symlink()
    assert "volume = 0.5" in real.read_text()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file where a folder should be")
    with pytest.raises(ConfigError) as caught:
        set_value("audio.volume", "0.5", tmp_path / "blocked" / "config.toml")
    assert caught.value.remedy


def test_every_setting_is_documented() -> None:
    undocumented = [key for key, field in known_fields().items() if not field.description]
    assert undocumented == []
    assert "backend.cascade.whisper" in known_fields()
