from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.audio import pulse
from assistant.audio.pulse import PulseWatch, read_state

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
