from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from assistant.audio.devices import portaudio
from assistant.audio.devices.portaudio import PortAudioUnavailable, load_sounddevice, quiet_stderr
from tests.audio.devices.fake_sounddevice import FakeSoundDevice


@pytest.fixture
def module_that(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_thread: None) -> Path:
    """Where a test puts a `sounddevice.py` of its own."""
    monkeypatch.setitem(sys.modules, "sounddevice", sys)  # so that what was there comes back
    monkeypatch.delitem(sys.modules, "sounddevice")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path / "sounddevice.py"


def test_a_missing_library_is_told_with_the_command_that_installs_it(
    module_that: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module_that.write_text("raise OSError('PortAudio library not found')")
    monkeypatch.setattr(portaudio.shutil, "which", lambda name: name == "dnf")
    with pytest.raises(PortAudioUnavailable) as raised:
        load_sounddevice()
    assert raised.value.kind == "missing"
    assert raised.value.remedy == "Run: sudo dnf install portaudio"


def test_a_missing_python_package_is_told(module_that: Path) -> None:
    module_that.write_text("raise ModuleNotFoundError('sounddevice')")
    with pytest.raises(PortAudioUnavailable, match="not installed") as raised:
        load_sounddevice()
    assert "pip install" in raised.value.remedy


def test_a_library_that_does_not_start_is_not_called_missing(module_that: Path) -> None:
    module_that.write_text("raise RuntimeError('host error')")
    with pytest.raises(PortAudioUnavailable, match="host error") as raised:
        load_sounddevice()
    assert raised.value.kind == "broken"


def test_a_hung_sound_server_holds_nobody_up_and_is_found_when_it_is_back(
    module_that: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(sys, "_sound_server", gate, raising=False)
    module_that.write_text(
        "import sys\n_initialized = 1\ndef _exit_handler(): pass\nsys._sound_server.wait(60)\n"
    )
    try:
        with pytest.raises(PortAudioUnavailable) as raised:
            load_sounddevice(timeout=0.2)
        assert raised.value.kind == "hung"
        assert raised.value.remedy
    finally:
        gate.set()
    assert load_sounddevice(timeout=30)._initialized == 1


def test_a_hang_does_not_take_stderr_with_it() -> None:
    """sounddevice moves fd 2 to /dev/null while PortAudio starts."""
    before = os.fstat(2)
    with portaudio.kept_stderr(done=lambda: False):
        move_stderr_away()
        assert not os.path.samestat(os.fstat(2), before)
    assert os.path.samestat(os.fstat(2), before)


def test_a_start_that_ended_has_put_stderr_back_itself() -> None:
    kept = os.dup(2)
    try:
        with portaudio.kept_stderr(done=lambda: True):
            move_stderr_away()
            elsewhere = os.fstat(2)
        assert os.path.samestat(os.fstat(2), elsewhere)
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def move_stderr_away() -> None:
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    os.close(sink)


def test_it_is_started_again_where_someone_ended_it(fake_sd: FakeSoundDevice) -> None:
    fake_sd._initialized = 0
    assert load_sounddevice() is fake_sd
    assert fake_sd._initialized == 1


def test_looking_anew_leaves_it_started_once(fake_sd: FakeSoundDevice) -> None:
    fake_sd._initialized = 2
    portaudio.reinitialise(fake_sd)
    assert fake_sd._initialized == 1


def test_what_libraries_print_goes_where_it_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    with quiet_stderr(log):
        os.write(2, b"ALSA lib says something\n")
    with quiet_stderr():
        os.write(2, b"into the void\n")
    os.write(2, b"after\n")
    assert log.read_text() == "before\nALSA lib says something\n"
    assert capfd.readouterr().err == "after\n"
