from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.devices import cable
from assistant.audio.devices.cable import (
    CableError,
    blackhole,
    describe_cable,
    leftovers,
    remove_leftovers,
    virtual_cable,
)
from assistant.audio.devices.live import LiveAudio
from assistant.audio.devices.pulse import ask
from assistant.audio.wav import WavReader, WavWriter
from assistant.config.schema import AudioConfig
from assistant.frames import SAMPLE_RATE
from tests.e2e.virtual_card import VirtualCard

TONE = (0.4 * np.sin(2 * np.pi * 500 * np.arange(SAMPLE_RATE * 2) / SAMPLE_RATE)).astype(np.float32)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.mark.sound
@pytest.mark.xdist_group("sound")
def test_people_find_a_microphone_and_a_speaker_by_names_that_tell(
    virtual_card: VirtualCard,
) -> None:
    with virtual_cable():
        state = ask()
        assert state is not None
        microphones = [each.description for each in state.of_kind("input") if each.is_real]
        speakers = [each.description for each in state.of_kind("output") if each.is_real]
        assert "Assistant-voice" in microphones
        assert "Assistant-ears" in speakers


@pytest.mark.sound
@pytest.mark.xdist_group("sound")
def test_nothing_is_left_and_the_defaults_are_as_before(virtual_card: VirtualCard) -> None:
    before = virtual_card.pactl("list", "short", "modules")
    with virtual_cable():
        assert len(leftovers()) == 4
        during = ask()
    after = ask()
    assert virtual_card.pactl("list", "short", "modules") == before
    assert during is not None
    assert after is not None
    assert (during.default_source, during.default_sink) == ("mic", "spk")
    assert (after.default_source, after.default_sink) == ("mic", "spk")


@pytest.mark.sound
@pytest.mark.xdist_group("sound")
async def test_the_session_hears_the_call_and_the_call_hears_the_session(
    virtual_card: VirtualCard, tmp_path: Path
) -> None:
    writer = WavWriter(tmp_path / "call.wav")
    writer.write(TONE)
    writer.close()
    with virtual_cable() as made:
        config = AudioConfig(input_device=made.hears, output_device=made.speaks, headset=True)
        audio = LiveAudio(config)
        heard: list[np.ndarray] = []
        problems: list[str] = []
        await audio.start(
            lambda number, frame: heard.append(frame), lambda text, remedy: problems.append(text)
        )
        try:
            await asyncio.sleep(0.5)
            heard.clear()
            play = ["paplay", "--device=assistant_ears", str(tmp_path / "call.wav")]
            caller = await asyncio.create_subprocess_exec(*play)
            recorded = tmp_path / "heard.wav"
            with virtual_card.recording(recorded, "assistant_voice"):
                await caller.wait()
                from_call = loudness(np.concatenate(heard))
                heard.clear()
                audio.playback.write(1, TONE)
                audio.playback.end(1)
                await asyncio.sleep(2.5)
            to_itself = loudness(np.concatenate(heard[3:]))
        finally:
            await audio.stop()
    reader = WavReader(recorded)
    to_call = loudness(np.concatenate(list(reader.blocks())))
    reader.close()
    assert problems == []
    assert from_call > 0.2
    assert to_call > 0.2
    assert to_itself < 0.01  # its own voice does not come back


def loudness(sound: np.ndarray) -> float:
    return float(np.percentile(np.abs(sound), 95))


_HOLDER = """
import sys, time
from assistant.audio.devices.cable import virtual_cable
with virtual_cable():
    print("there", flush=True)
    time.sleep(60)
"""


def hold_a_cable() -> subprocess.Popen[str]:
    """Another program that has one."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER], stdout=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "there\n"
    return process


@pytest.mark.sound
@pytest.mark.xdist_group("sound")
def test_what_a_crash_left_behind_is_removed_at_the_next_start(virtual_card: VirtualCard) -> None:
    process = hold_a_cable()
    process.send_signal(signal.SIGKILL)
    process.wait()
    old = leftovers()
    assert len(old) == 4
    assert describe_cable("linux")[1] == old
    with virtual_cable():
        now = leftovers()
        assert len(now) == 4
        assert not set(now) & set(old)
    assert leftovers() == []


@pytest.mark.sound
@pytest.mark.xdist_group("sound")
def test_a_cable_that_is_in_use_is_left_alone(virtual_card: VirtualCard) -> None:
    process = hold_a_cable()
    try:
        with pytest.raises(CableError, match="in use"), virtual_cable():
            pass
        assert len(leftovers()) == 4
    finally:
        process.kill()
        process.wait()
        remove_leftovers()


@pytest.mark.sound
@pytest.mark.xdist_group("sound")
def test_other_peoples_modules_stay(virtual_card: VirtualCard) -> None:
    virtual_card.pactl("load-module", "module-null-sink", "sink_name=assistant_ears_of_mine")
    with virtual_cable():
        pass
    assert "assistant_ears_of_mine" in virtual_card.pactl("list", "short", "modules")


@pytest.mark.sound
@pytest.mark.xdist_group("sound")
def test_a_sound_server_that_goes_away_meanwhile_is_no_error(virtual_card: VirtualCard) -> None:
    with virtual_cable():
        virtual_card.kill()


def test_without_a_sound_server_it_says_what_to_look_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cable.shutil, "which", lambda name: f"/usr/bin/{name}")

    def nobody(*arguments: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("pactl", 5)

    monkeypatch.setattr(cable.subprocess, "run", nobody)
    with pytest.raises(CableError) as caught, virtual_cable("linux"):
        pass
    assert "pactl info" in caught.value.remedy


def test_without_pactl_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cable.shutil, "which", lambda name: None)
    with pytest.raises(CableError) as caught, virtual_cable("linux"):
        pass
    assert "pulseaudio-utils" in caught.value.remedy


def test_blackhole_is_found_or_explained() -> None:
    found = blackhole(["MacBook Pro Microphone", "BlackHole 2ch", "BlackHole 16ch"])
    assert (found.hears, found.speaks) == ("BlackHole 16ch", "BlackHole 2ch")
    assert any("“BlackHole 16ch” as speaker" in line for line in found.advice)
    for names in ([], ["BlackHole 2ch"], ["BlackHole 16ch"]):
        with pytest.raises(CableError) as caught:
            blackhole(names)
        assert "brew install blackhole-2ch" in caught.value.remedy


def test_elsewhere_it_says_that_there_is_none() -> None:
    with pytest.raises(CableError) as caught, virtual_cable("win32"):
        time.sleep(0)
    assert "--input-device" in caught.value.remedy
