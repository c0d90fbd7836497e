from __future__ import annotations

import subprocess
from typing import Any

import pytest

from assistant.audio import devices
from assistant.audio.devices import (
    Device,
    NoSuchDevice,
    choose_device,
    list_devices,
    listens_to_speaker,
    opens_at,
    ways_to_open,
)
from tests.audio.fake_sounddevice import FakeSoundDevice


def device(index: int, name: str, *, default: bool = False, rate: int = 44_100) -> Device:
    return Device(index, name, "ALSA", "input", 2, rate, default)


FOUND = [
    device(0, "HDA Intel: ALC269"),
    device(3, "USB Headset"),
    device(4, "USB Headset Pro", default=True),
]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (None, 4),
        ("", 4),
        (0, 0),
        ("3", 3),
        ("alc", 0),
        ("usb headset", 3),
        ("usb", 4),
        (" Pro ", 4),
    ],
)
def test_a_device_is_found_by_number_name_or_part_of_it(
    wanted: str | int | None, index: int
) -> None:
    chosen = choose_device(FOUND, wanted)
    assert chosen is not None
    assert chosen.index == index


@pytest.mark.parametrize("wanted", ["bluetooth", 1, "17"])
def test_a_device_that_is_not_there_is_told(wanted: str | int) -> None:
    with pytest.raises(NoSuchDevice, match=str(wanted)) as raised:
        choose_device(FOUND, wanted)
    assert "assistant devices" in raised.value.remedy


def test_without_a_default_the_first_is_taken_and_without_any_none() -> None:
    assert choose_device(FOUND[:2], None) == FOUND[0]
    assert choose_device([], None) is None


def test_both_directions_are_listed_apart(fake_sd: FakeSoundDevice) -> None:
    [microphone] = list_devices(fake_sd, "input")
    [speaker] = list_devices(fake_sd, "output")
    assert (microphone.name, microphone.index, microphone.is_default) == (
        "Built-in Microphone",
        0,
        True,
    )
    assert (speaker.name, speaker.channels, speaker.default_rate) == ("Built-in Speaker", 2, 48_000)
    fake_sd.devices.clear()
    assert list_devices(fake_sd, "input") == []


def test_our_own_rate_is_tried_first_and_then_the_devices(fake_sd: FakeSoundDevice) -> None:
    assert list(ways_to_open(device(0, "any")))[:2] == [(24_000, 1), (44_100, 1)]
    fake_sd.devices[0] = ("Locked", 2, 0, {48_000}, {2})
    [locked] = list_devices(fake_sd, "input")
    assert not opens_at(fake_sd, locked, 24_000)
    assert opens_at(fake_sd, locked, 48_000)


@pytest.mark.parametrize(
    ("name", "source", "deaf"),
    [
        ("default", "spk.monitor\n", True),
        ("default", "alsa_input.usb\n", False),
        ("USB Headset", "spk.monitor\n", False),
    ],
)
def test_the_speakers_monitor_is_not_taken_for_a_microphone(
    monkeypatch: pytest.MonkeyPatch, name: str, source: str, deaf: bool
) -> None:
    def pactl(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, source)

    monkeypatch.setattr(devices.subprocess, "run", pactl)
    monkeypatch.setattr(devices.shutil, "which", lambda name: "/usr/bin/pactl")
    assert listens_to_speaker(device(0, name)) is deaf


def test_a_sound_server_that_does_not_say_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(command: list[str], **options: Any) -> None:
        raise subprocess.TimeoutExpired(command, 1.0)

    monkeypatch.setattr(devices.shutil, "which", lambda name: "/usr/bin/pactl")
    monkeypatch.setattr(devices.subprocess, "run", hang)
    assert not listens_to_speaker(device(0, "default"))
