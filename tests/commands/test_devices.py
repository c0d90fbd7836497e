from __future__ import annotations

import io
import json

import pytest

from assistant.commands import devices
from assistant.commands.devices import devices_command
from tests.audio.devices.fake_sounddevice import FakeSoundDevice


def test_the_table_says_how_each_device_opens(
    fake_sd: FakeSoundDevice, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_sd.devices.append(("Studio [bold] Interface", 8, 8, {96_000}, {1, 2}))
    fake_sd.devices.append(("Busy", 1, 0, {48_000}, {0}))
    assert devices_command(json_output=False) == 0
    lines = capsys.readouterr().out.splitlines()

    def row(name: str) -> str:
        return next(line for line in lines if name in line)

    assert " *" in row("Built-in Microphone")
    assert "yes" in row("Built-in Microphone")
    assert "resampled" in row("Studio [bold] Interface")
    assert "96000" in row("Studio [bold] Interface")
    assert "*" not in row("Studio [bold] Interface")
    assert "cannot be opened" in row("Busy")


def test_the_same_for_programs(
    fake_sd: FakeSoundDevice, capsys: pytest.CaptureFixture[str]
) -> None:
    assert devices_command(json_output=True) == 0
    found = json.loads(capsys.readouterr().out)["devices"]
    assert [(d["kind"], d["name"], d["index"]) for d in found] == [
        ("input", "Built-in Microphone", 0),
        ("output", "Built-in Speaker", 1),
    ]
    assert found[0]["opens_at_24k"] is True
    assert found[0]["is_default"] is True


@pytest.mark.parametrize("json_output", [False, True])
def test_no_device_at_all_is_told_with_what_to_do(
    fake_sd: FakeSoundDevice, capsys: pytest.CaptureFixture[str], json_output: bool
) -> None:
    fake_sd.devices.clear()
    assert devices_command(json_output) == 1
    out = capsys.readouterr().out
    assert "Plug one in" in out
    if json_output:
        assert json.loads(out)["devices"] == []


@pytest.mark.parametrize("json_output", [False, True])
def test_a_hung_sound_server_is_told(
    fake_sd: FakeSoundDevice,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    json_output: bool,
) -> None:
    monkeypatch.setattr(devices, "_LIMIT", 0.1)
    fake_sd._initialized = 0
    fake_sd.hung.set()
    assert devices_command(json_output) == 1
    out = capsys.readouterr().out
    assert "does not answer" in out
    assert "Restart" in out


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_names_are_whole_on_a_terminal_of_any_width_and_do_nothing(
    fake_sd: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    long = "Bluetooth headset of somebody with a name [/] as long as this one"
    fake_sd.devices.append((f"{long}\x1b]0;t\x07\x1b[2J\u202e", 1, 0, {48_000}, {1}))
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert devices_command(json_output=False) == 0
    shown = screen.getvalue()
    assert long in shown
    assert not [each for each in ("\x1b]", "\x1b[2J", "\u202e") if each in shown]
    for words in ("48000 Hz", "resampled", "Choose others with"):
        assert words in shown or width == 40
