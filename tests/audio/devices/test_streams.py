"""Which of PortAudio's looks at the devices are worth what they cost."""

from __future__ import annotations

from assistant.audio.devices.pulse import PulseDevice, PulseState
from assistant.audio.devices.streams import Streams
from assistant.audio.playback.jitter import JitterBuffer
from assistant.config.schema import AudioConfig
from tests.audio.devices.fake_sounddevice import FakeSoundDevice

SERVED = PulseState(
    (
        PulseDevice(0, "mic", "Microphone", "input", is_monitor=False),
        PulseDevice(0, "spk", "Speaker", "output", is_monitor=False),
    ),
    "mic",
    "spk",
)


def without_microphone(fake_sd: FakeSoundDevice) -> Streams:
    """PortAudio was started while the sound server still was: it saw the speaker alone."""
    microphone, speaker = fake_sd.devices
    fake_sd.devices, fake_sd.plugged_in = [speaker], []
    streams = Streams(AudioConfig(), JitterBuffer(), lambda: None)
    streams.mend(("input", "output"), None)
    assert (streams.microphone, streams.speaker is not None) == (None, True)
    fake_sd.plugged_in = [microphone]
    return streams


def test_a_microphone_that_only_the_sound_server_knows_is_looked_for(
    fake_sd: FakeSoundDevice,
) -> None:
    streams = without_microphone(fake_sd)
    assert streams.mend(("input",), SERVED) == {}
    assert streams.microphone is not None
    assert streams.speaker is not None


def test_where_portaudio_never_sees_it_the_speaker_is_soon_left_in_peace(
    fake_sd: FakeSoundDevice,
) -> None:
    streams = without_microphone(fake_sd)
    fake_sd.plugged_in = []
    for _ in range(20):
        assert "input" in streams.mend(("input",), SERVED)
    played = [stream for stream in fake_sd.streams if stream.kind == "output"]
    assert 2 <= len(played) <= 5


def test_what_the_sound_server_does_not_have_either_is_not_looked_for(
    fake_sd: FakeSoundDevice,
) -> None:
    streams = without_microphone(fake_sd)
    speaker_only = PulseState((SERVED.devices[1],), "", "spk")
    streams.mend(("input",), speaker_only)
    assert len(fake_sd.streams) == 1
