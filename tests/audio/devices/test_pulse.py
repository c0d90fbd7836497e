from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from assistant.audio.devices import pulse
from assistant.audio.devices.pulse import PulseWatch, read_state
from tests.e2e.virtual_card import VirtualCard, missing_programs

INFO = b"Server Name: PulseAudio\nDefault Sink: spk\nDefault Source: usb\nCookie: 1\n"


def listing(**changes: Any) -> bytes:
    def source(index: int, name: str, description: str, monitors: str = "") -> dict[str, Any]:
        return {
            "index": index,
            "name": name,
            "description": description,
            "monitor_source": monitors,
            "mute": False,
        }

    def stream(index: int, to: str, device: int, pid: str) -> dict[str, Any]:
        return {"index": index, to: device, "properties": {"application.process.id": pid}}

    found = {
        "sources": [
            source(0, "spk.monitor", "Monitor of Speakers", "spk"),
            source(1, "usb", "Headset"),
            source(2, "mic", "Built-in"),
        ],
        "sinks": [
            {"index": 0, "name": "spk", "description": "Speakers", "mute": True},
            {"index": 1, "name": "hdmi-0", "description": "Screen", "mute": False},
            {"index": 2, "name": "hdmi-1", "description": "Screen", "mute": False},
        ],
        "source_outputs": [
            stream(4, "source", 0, "77"),
            stream(9, "source", 2, "77"),
            stream(12, "source", 1, "5"),
        ],
        "sink_inputs": [stream(3, "sink", 1, "77")],
    }
    return json.dumps(found | changes).encode()


def test_where_our_own_streams_are_connected_is_found() -> None:
    state = read_state(listing(), INFO, pid=77)
    assert state is not None
    heard, played = state.in_use("input"), state.in_use("output")
    assert heard is not None
    assert heard.description == "Built-in", "the newest stream of this process"
    assert played is not None
    assert played.name == "hdmi-0"
    other = read_state(listing(), INFO, pid=6)
    assert other is not None
    assert other.in_use("input") is None


def test_what_is_a_microphone_and_what_only_hears_a_speaker() -> None:
    state = read_state(listing(), INFO, pid=77)
    assert state is not None
    assert [device.is_real for device in state.of_kind("input")] == [False, True, True]
    default = state.default("input")
    assert default is not None
    assert default.description == "Headset"


def test_two_of_the_same_name_can_be_told_apart() -> None:
    state = read_state(listing(), INFO, pid=77)
    assert state is not None
    names = [device.description for device in state.of_kind("output")]
    assert names == ["Speakers", "Screen (hdmi-0)", "Screen (hdmi-1)"]
    assert [device.muted for device in state.of_kind("output")] == [True, False, False]


@pytest.mark.parametrize("garbage", [b"", b"Unknown option -f", b"{}", b'{"sources": 3}'])
def test_an_old_pactl_still_tells_that_there_is_no_microphone(garbage: bytes) -> None:
    info = b"Default Sink: spk\nDefault Source: spk.monitor\n"
    state = read_state(garbage, info, pid=77)
    assert state is not None
    default = state.default("input")
    assert default is not None
    assert not default.is_real
    assert state.of_kind("input") == []


def test_a_server_that_does_not_answer_is_not_believed_to_have_nothing() -> None:
    assert read_state(b"", b"", pid=77) is None
    assert read_state(b"", b"Connection failure: Connection refused\n", pid=77) is None


async def test_without_pactl_nothing_is_known_and_nothing_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulse.shutil, "which", lambda name: None)
    watch = PulseWatch(lambda: None)
    await watch.run()
    assert not await watch.look()
    assert watch.state is None
    assert pulse.ask() is None


UNTOLD = [
    {"index": 2, "name": "usb", "description": "(null)", "properties": {}},
    {
        "index": 3,
        "name": "bt",
        "description": "(null)",
        "properties": {"device.product.name": "(null)", "bluetooth.alias": "Anna's ears"},
    },
    {"index": 4, "name": "hdmi", "description": "(null)", "properties": None},
]
TEXT = """Sink #2
\tState: IDLE
\tName: usb
\tDescription: Колонки: левая
\tProperties:
\t\tdevice.description = "Другая"
\tDescription: forged

Module #3
\tName: module-x
\tDescription: of a module
"""


def test_names_that_pactl_hides_in_json_are_read_from_its_text() -> None:
    state = read_state(listing(sinks=UNTOLD), INFO, 1, TEXT.encode())
    assert state is not None
    names = [device.description for device in state.of_kind("output")]
    assert names == ["Колонки: левая", "Anna's ears", "hdmi"]


def test_where_no_text_is_to_be_had_a_hidden_name_is_the_servers_own() -> None:
    state = read_state(listing(sinks=UNTOLD), INFO, 1)
    assert state is not None
    names = [device.description for device in state.of_kind("output")]
    assert names == ["usb", "Anna's ears", "hdmi"]


@pytest.mark.parametrize("text", [b"\xff\xfe\n\tName: x", b"Sink #99999999999\nSink #\n", b"\t\n"])
def test_text_that_is_none_hides_nothing_else(text: bytes) -> None:
    state = read_state(listing(), INFO, 1, text)
    assert state is not None
    assert state.of_kind("output")[0].description == "Speakers"


def plug_in(name: str, called: str) -> None:
    properties = f'sink_properties=device.description="{called}"'
    load = ["pactl", "load-module", "module-null-sink", f"sink_name={name}", properties]
    subprocess.run(load, check=True, capture_output=True)


async def test_devices_with_cyrillic_and_japanese_names_are_called_so_by_a_real_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing := missing_programs():
        pytest.skip(f"needs {', '.join(missing)}")
    with VirtualCard(tmp_path) as card:
        for name, value in card.environment.items():
            monkeypatch.setenv(name, value)
        for name, called in (("ru", "Колонки"), ("ja", "スピーカー"), ("he", "רמקול")):
            plug_in(name, called)
        asked = pulse.ask(10.0)
        watch = PulseWatch(lambda: None)
        monkeypatch.setattr(pulse, "ASK_LIMIT", 10.0)
        assert await watch.look()
    for state in (asked, watch.state):
        assert state is not None
        called_so = {device.name: device.description for device in state.devices}
        assert (called_so["ru"], called_so["ja"]) == ("Колонки", "スピーカー")
        assert called_so["he"] == "רמקול"
        assert called_so["ru.monitor"] == "Monitor of Колонки"
        assert "(null)" not in str(state)
