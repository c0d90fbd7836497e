"""What a person in trouble reads, and that nothing on a broken machine breaks the doctor too."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.audio.devices.portaudio import PortAudioUnavailable
from assistant.backends import registry
from assistant.backends.registry import BackendReport
from assistant.commands import devices
from assistant.commands.doctor import command as doctor
from assistant.commands.doctor import command as doctor_machine
from assistant.commands.doctor import speech as doctor_speech
from assistant.commands.tables import Check, ok
from assistant.config.schema import AdapterConfig, Config
from assistant.session.factory import find_personas


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    return tmp_path


@pytest.fixture
def no_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    def survey(timeout: float) -> Any:
        raise PortAudioUnavailable("missing", "PortAudio is not installed.", "Run: apt it.")

    monkeypatch.setattr(devices, "survey", survey)


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def report(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = doctor.doctor_command(None, {"brain.kind": "scripted"}, json_output=True)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


@pytest.mark.usefixtures("no_sound")
def test_a_whole_report(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = report(capsys)
    assert code == 0
    assert found["can_talk"] is True
    checks = {check["name"]: check for check in found["checks"]}
    assert checks["backend cascade"]["state"] == "ok"
    assert "chosen" in checks["backend cascade"]["value"]
    assert checks["portaudio"]["state"] == "warn"
    assert "apt it" in checks["portaudio"]["remedy"]
    for name in ("settings", "python", "disk", "memory", "gpu", "terminal", "personas", "answers"):
        assert name in checks
    assert all(check["remedy"] for check in found["checks"] if check["state"] == "fail")


@pytest.mark.usefixtures("no_sound")
def test_the_report_on_a_terminal_says_the_state_in_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    doctor.doctor_command(None, {"brain.kind": "scripted"})
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("ok ") and "python" in line for line in lines)
    assert any(line.startswith("warn") and "portaudio" in line for line in lines)
    assert any(line.strip().startswith("Run: apt it.") for line in lines)


@pytest.mark.usefixtures("no_sound")
def test_only_a_machine_on_which_nothing_can_talk_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        registry._BUILT_IN,
        "cascade",
        replace(
            registry._BUILT_IN["cascade"],
            check=lambda config, look: BackendReport(
                "cascade", False, "packages missing: x", "pip install x"
            ),
        ),
    )
    code, found = report(capsys)
    assert (code, found["can_talk"]) == (1, False)
    failed = {check["name"]: check for check in found["checks"] if check["state"] == "fail"}
    assert failed["backend"]["remedy"] == "pip install x"


def test_missing_weights_fail_with_the_command_that_brings_them() -> None:
    config = Config()
    config.backend.cascade.whisper = "small.en"
    (check,) = doctor_speech.whisper(config)
    assert (check.state, check.remedy) == ("fail", "Run: assistant models pull small.en")
    assert not doctor.can_talk(config, [check])
    config.backend.name = "echo"
    assert doctor.can_talk(config, [check])


def test_broken_settings_are_a_finding_and_the_rest_goes_on(home: Path) -> None:
    file = home / "broken.toml"
    file.write_text("[audio]\nvolume = 9\n")
    check, config = doctor.check_settings(file, {})
    assert check.state == "fail"
    assert f"{file}:2" in check.value
    assert config == Config()
    check, config = doctor.check_settings(None, {"audio.volume": 0.5})
    assert (check.state, config.audio.volume) == ("ok", 0.5)


def test_a_check_that_hangs_or_raises_is_reported_and_keeps_nobody_waiting() -> None:
    release = threading.Event()

    def hangs(config: Config) -> list[Check]:
        release.wait(30)
        return []

    def raises(config: Config) -> list[Check]:
        raise RuntimeError("no such card")

    checks = {"first": lambda config: [ok("first", "fine")], "stuck": hangs, "broken": raises}
    found = doctor.run_checks(checks, Config(), limit=0.2)
    release.set()
    assert [check.name for check in found] == ["first", "stuck", "broken"]
    assert [check.state for check in found] == ["ok", "fail", "fail"]
    assert "did not answer" in found[1].value
    assert "no such card" in found[2].value


def test_folders_that_cannot_be_written_are_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "file" / "below"))
    found = by_name(doctor_machine.folders(Config()))
    assert found["data folder"].state == "warn"
    assert found["data folder"].remedy
    assert found["config folder"].state == "ok"
    assert not (home / "config").exists(), "looking must not make anything"


@pytest.mark.parametrize(
    ("environment", "state", "words"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "ok", "16 million"),
        ({"TERM": "xterm-256color"}, "ok", "256 colours"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "ok", "no colours"),
        ({"TERM": "dumb"}, "warn", "dumb"),
        ({}, "warn", "TERM is not set"),
        ({"TERM": "xterm", "COLUMNS": "50"}, "warn", "50×"),
    ],
)
def test_the_terminal(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], state: str, words: str
) -> None:
    class Utf8:
        encoding = "utf-8"

    monkeypatch.setattr("sys.stdout", Utf8())
    for name in ("TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"COLUMNS": "100", "LINES": "30", **environment}.items():
        monkeypatch.setenv(name, value)
    (check,) = doctor_machine.terminal(Config())
    assert check.state == state
    assert words in check.value


def test_an_unknown_persona_and_a_broken_file_are_found(home: Path) -> None:
    folder = home / "config" / "assistant" / "themes"
    folder.mkdir(parents=True)
    (folder / "broken.toml").write_text("name = \n")
    config = Config()
    config.session.persona = "nobody"
    found = by_name(doctor_speech.personas(config))
    assert found["persona file"].state == "warn"
    assert "broken.toml" in found["persona file"].value
    assert found["persona"].state == "fail"
    assert "jarvis" in found["persona"].remedy


@pytest.mark.parametrize("name", ["hal", "HAL", "Hal 9000"])
def test_the_doctor_and_the_start_know_a_persona_by_the_same_names(name: str) -> None:
    config = Config()
    config.session.persona = name
    assert "persona" not in by_name(doctor_speech.personas(config))
    find_personas(config)
    assert config.session.persona == "hal"


def test_a_permission_for_no_tool_is_found() -> None:
    config = Config()
    assert doctor_speech.permissions(config) == []
    config.session.permissions = {"stop": "ask", "chnge_theme": "never"}
    (check,) = doctor_speech.permissions(config)
    # What other programs bring is known only while they run.
    config.adapters = {"notes": AdapterConfig(command=["x"])}
    config.session.permissions |= {"notes__create_note": "always", "other__create_note": "always"}
    (check, other) = doctor_speech.permissions(config)
    assert "other__create_note" in other.value
    assert (check.state, "chnge_theme" in check.value) == ("warn", True)
    assert "change_theme" in check.remedy


class Models(http.server.BaseHTTPRequestHandler):
    """A language model's server that wants a key."""

    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization") == "Bearer right-key"
        self.send_response(200 if allowed else 401)
        self.end_headers()
        self.wfile.write(b'{"data": []}')

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Models)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}/v1"
    listening.shutdown()
    listening.server_close()


def test_a_configured_language_model_is_asked(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config()
    config.brain.url = server
    monkeypatch.setenv("ASSISTANT_API_KEY", "wrong-key")
    (check,) = doctor_speech.brain(config)
    assert (check.state, "401" in check.value) == ("warn", True)
    assert "ASSISTANT_API_KEY" in check.remedy
    assert "wrong-key" not in str(check)
    monkeypatch.setenv("ASSISTANT_API_KEY", "right-key")
    assert doctor_speech.brain(config)[0].state == "ok"
    config.brain.url = server.removeprefix("http://").removesuffix("/v1")
    assert doctor_speech.brain(config)[0].state == "ok", "as the conversation would ask it"
    for bad in ("http://127.0.0.1:1/v1", "not a url"):
        config.brain.url = bad
        (check,) = doctor_speech.brain(config)
        assert (check.state, "cannot be reached" in check.value) == ("warn", True)
