from __future__ import annotations

import pytest

from assistant.audio.devices.listing import (
    Device,
    NoSuchDevice,
    choose_device,
    list_devices,
    listens_to_speaker,
    opens_at,
    route_of,
    routed,
    ways_to_open,
)
from assistant.audio.devices.pulse import PulseDevice, PulseState
from tests.audio.devices.fake_sounddevice import FakeSoundDevice, os_environment


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


def source(index: int, name: str, description: str) -> PulseDevice:
    return PulseDevice(index, name, description, "input", is_monitor=name.endswith(".monitor"))


SERVER = PulseState(
    devices=(
        source(0, "spk.monitor", "Monitor of Speakers"),
        source(1, "alsa_input.usb-Acme", "Acme Headset"),
        source(2, "alsa_input.pci", "Built-in Audio"),
    ),
    default_source="alsa_input.pci",
    default_sink="spk",
)
DEAF_SERVER = PulseState(SERVER.devices[:1], default_source="spk.monitor", default_sink="spk")


@pytest.mark.parametrize(
    ("name", "server", "deaf"),
    [
        ("default", DEAF_SERVER, True),
        ("default", SERVER, False),
        ("USB Headset", DEAF_SERVER, False),
        ("default", None, False),
    ],
)
def test_the_speakers_monitor_is_not_taken_for_a_microphone(
    name: str, server: PulseState | None, deaf: bool
) -> None:
    assert listens_to_speaker(device(0, name), server) is deaf


@pytest.fixture
def carried(fake_sd: FakeSoundDevice) -> list[Device]:
    """What is found where a sound server stands behind one ALSA device."""
    fake_sd.host_api = "ALSA"
    fake_sd.devices.append(("pulse", 32, 32, {24_000, 44_100}, {1, 2}))
    return list_devices(fake_sd, "input", SERVER)


def test_the_sound_servers_microphones_can_be_told_apart(carried: list[Device]) -> None:
    assert [(each.name, each.is_default) for each in carried if each.route] == [
        ("Monitor of Speakers", False),
        ("Acme Headset", False),
        ("Built-in Audio", True),
    ]
    chosen = choose_device(carried, "headset")
    assert chosen is not None
    assert (chosen.index, chosen.route) == (2, "alsa_input.usb-Acme")
    by_its_own_name = choose_device(carried, "alsa_input.usb-acme")
    assert by_its_own_name == chosen
    assert choose_device(carried, 2) != chosen, "a number is PortAudio's"


def test_what_a_speaker_plays_is_recorded_only_by_its_full_name(carried: list[Device]) -> None:
    with pytest.raises(NoSuchDevice):
        choose_device(carried, "speakers")
    monitor = choose_device(carried, "spk.monitor")
    assert monitor is not None
    assert monitor.hears_speaker


def test_a_stream_is_opened_by_the_way_that_was_chosen_and_no_other_is(
    carried: list[Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_SOURCE", "the user's own")
    headset = choose_device(carried, "headset")
    assert headset is not None
    with routed(headset):
        assert os_environment("PULSE_SOURCE") == "alsa_input.usb-Acme"
    assert os_environment("PULSE_SOURCE") == "the user's own"
    with routed(carried[0]):
        assert os_environment("PULSE_SOURCE") == "the user's own"


def test_a_chosen_name_is_looked_up_at_the_sound_server() -> None:
    assert route_of(SERVER, "input", "headset") == "alsa_input.usb-Acme"
    assert route_of(SERVER, "input", "bluetooth") is None
    assert route_of(SERVER, "input", None) is None
    assert route_of(SERVER, "input", 3) is None
