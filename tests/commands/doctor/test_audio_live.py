"""`assistant doctor --audio` as a person starts it, on virtual sound cards with rooms of their own.

The rooms are measured side by side, as each takes a quarter of a minute.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import correlate

from assistant.audio.probe import chirp
from assistant.audio.wav import WavWriter
from benchmarks.room import Noise
from tests.e2e.ear import RATE, Ear
from tests.e2e.virtual_card import VirtualCard, missing_programs

pytestmark = [pytest.mark.sound, pytest.mark.xdist_group("sound")]


def first_sweep(ear: Ear) -> float:
    """When it heard the first of the sweeps, seconds."""
    likeness = np.abs(correlate(ear.sound, chirp(), "valid", method="fft"))
    place = int(np.flatnonzero(likeness > 0.7 * likeness.max())[0])
    return ear.began + place / RATE


@dataclass(frozen=True)
class Visit:
    """What the doctor said, and what was heard meanwhile."""

    code: int
    out: str
    err: str
    room_delay: float | None = None
    """Seconds from the speaker to the microphone, by recordings of both."""
    spoken_on: bool = False
    """The speaker still sounded after the program's end."""

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def figures(self) -> dict[str, Any]:
        found: dict[str, Any] = self.report["figures"]
        return found

    def check(self, name: str) -> dict[str, str]:
        found: dict[str, str] = next(c for c in self.report["checks"] if c["name"] == name)
        return found


class Practice:
    """A card, a home and a doctor."""

    def __init__(self, card: VirtualCard, home: Path) -> None:
        self.card = card
        self.home = home

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        folders = {f"XDG_{k}_HOME": str(self.home / k) for k in ("CONFIG", "DATA", "STATE")}
        return subprocess.Popen(
            [sys.executable, "-m", "assistant", "doctor", "--audio", "--seconds=12", *arguments],
            env=os.environ | self.card.environment | folders,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def visit(self) -> Visit:
        doctor = self.start("--json")
        out, err = doctor.communicate(timeout=90)
        return Visit(doctor.returncode, out, err)

    def listened_to(self) -> Visit:
        """With ears of our own at both devices. The best of some: a busy machine may lose so much
        sound that nothing can be told."""
        for _ in range(3):
            ears = [Ear(self.card, source) for source in ("spk.monitor", "mic")]
            done = self.visit()
            for ear in ears:
                ear.stop()
            if done.figures["delay_ms"] and sum(done.figures["lost_frames"].values()) <= 2:
                break
        at_speaker, at_microphone = (first_sweep(ear) for ear in ears)
        return replace(done, room_delay=at_microphone - at_speaker)

    def echo(self, volume: str, latency_ms: int = 40) -> None:
        self.card.echo(latency_ms)
        (loopback,) = self.card.pactl("list", "short", "sink-inputs").splitlines()
        self.card.pactl("set-sink-input-volume", loopback.split()[0], volume)

    @contextlib.contextmanager
    def noise(self, level_db: float) -> Iterator[None]:
        """In the microphone, for longer than any visit."""
        wav = self.home / f"noise{level_db}.wav"
        with WavWriter(wav) as writer:
            for _ in range(4):
                writer.write(Noise("pink", level_db).read(20 * RATE))
        playing = self.card.start_speaking(wav)
        try:
            yield
        finally:
            playing.kill()
            playing.wait()

    @contextlib.contextmanager
    def echo_of_another_clock(self, rate: int, loss_db: float) -> Iterator[None]:
        """A room whose microphone believes that what comes at 48 kHz came at `rate`."""
        environment = os.environ | self.card.environment
        volume = round(65_536 * 10 ** (-loss_db / 60))  # PulseAudio's volumes are cubic
        common = ["--raw", "--format=s16le", "--channels=1", "--latency-msec=60"]
        for _ in range(3):
            source = subprocess.Popen(
                ["parec", "-d", "spk.monitor", "--rate=48000", *common],
                env=environment,
                stdout=subprocess.PIPE,
            )
            sink = subprocess.Popen(
                ["pacat", "-d", "micin", f"--rate={rate}", f"--volume={volume}", *common],
                env=environment,
                stdin=source.stdout,
            )
            if self._is_connected(source, sink):
                break
            self._end(source, sink)
        else:
            pytest.skip("this machine is too busy: the room's echo does not come about")
        try:
            yield
        finally:
            self._end(source, sink)

    def _is_connected(self, *processes: subprocess.Popen[bytes]) -> bool:
        """Within five seconds; `pacat` only is when it was given its first sound."""
        for _ in range(50):
            if any(process.poll() is not None for process in processes):
                return False
            inputs = self.card.pactl("list", "short", "sink-inputs")
            if inputs.strip() and self.card.pactl("list", "short", "source-outputs").strip():
                return True
            time.sleep(0.1)
        return False

    @staticmethod
    def _end(*processes: subprocess.Popen[bytes]) -> None:
        for process in processes:
            process.kill()
            process.wait()


def quiet_room(practice: Practice) -> Visit:
    with practice.echo_of_another_clock(48_019, loss_db=12), practice.noise(-62):
        return practice.listened_to()


def far_and_loud(practice: Practice) -> Visit:
    """So far that a busy machine, whose buffers grow, cannot make the quiet room as far."""
    practice.echo("+14dB", latency_ms=450)
    with practice.noise(-33):
        return practice.listened_to()


def headset(practice: Practice) -> Visit:
    with practice.noise(-58):
        return practice.visit()


def muted(practice: Practice) -> Visit:
    return practice.visit()


def hung(practice: Practice) -> Visit:
    practice.card.hang()
    return practice.visit()


def deaf(practice: Practice) -> Visit:
    return practice.visit()


def interrupted(practice: Practice) -> Visit:
    """Ctrl-C in the midst of it."""
    doctor = practice.start()
    ear = Ear(practice.card, "spk.monitor")
    deadline = time.monotonic() + 40
    while np.abs(ear.sound).max(initial=0) < 0.1:
        assert time.monotonic() < deadline, "nothing was ever played"
        time.sleep(0.05)
    doctor.send_signal(signal.SIGINT)
    out, err = doctor.communicate(timeout=20)
    time.sleep(0.5)  # what the sound server still has
    heard = ear.sound.size
    while ear.sound.size < heard + RATE:
        time.sleep(0.05)
    ear.stop()
    spoken_on = bool(np.abs(ear.sound[heard:]).max() > 0.01)
    return Visit(doctor.returncode, out, err, spoken_on=spoken_on)


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Visit]]:
    """Two rooms at once; what is asked for is waited for."""
    if missing := missing_programs():
        pytest.skip(f"not installed: {', '.join(missing)}")

    tmp_path_factory.getbasetemp()  # two threads that ask first would each make one

    def go(room: Callable[[Practice], Visit]) -> Visit:
        home = tmp_path_factory.mktemp(room.__name__)
        with VirtualCard(home, microphone=room is not deaf) as card:
            return room(Practice(card, home))

    rooms = [quiet_room, far_and_loud, headset, muted, hung, deaf, interrupted]
    with ThreadPoolExecutor(2) as pool:
        visits = {room.__name__: pool.submit(go, room) for room in rooms}
        yield lambda name: visits[name].result()


Visits = Callable[[str], Visit]


def measured(visits: Visits, room: str) -> Visit:
    """That visit; skips where even the best of three lost sound, which nobody can measure with."""
    found = visits(room)
    lost = sum(found.figures["lost_frames"].values())
    if lost > 2:
        pytest.skip(f"this machine is too busy: {lost} frames of sound were lost")
    return found


def test_a_quiet_room_is_measured_and_a_conversation_can_be_held(visits: Visits) -> None:
    found = measured(visits, "quiet_room")
    assert found.code == 0, found.out
    assert found.report["can_converse"]
    assert found.figures["echo_loss_db"] == pytest.approx(12, abs=2)
    assert found.figures["noise_dbfs"] == pytest.approx(-62, abs=3)
    assert found.figures["cancelled_db"] > 4, "though the clocks are 400 ppm apart"
    assert found.figures["clipped_playing"] == 0.0
    assert found.check("noise")["state"] == found.check("clipping")["state"] == "ok"
    assert "softer than it plays" in found.check("echo")["value"]
    assert "keep quiet" in found.err


def test_the_delay_is_that_of_the_room_and_of_the_buffers(visits: Visits) -> None:
    """Against recordings made by other programs: both rooms differ by what these say."""
    near, far = measured(visits, "quiet_room"), measured(visits, "far_and_loud")
    assert near.room_delay is not None
    assert far.room_delay is not None
    assert far.room_delay - near.room_delay > 0.08
    buffers = [v.figures["delay_ms"] / 1000 - v.room_delay for v in (near, far) if v.room_delay]
    assert all(0.0 < each < 0.2 for each in buffers), buffers
    assert buffers[0] == pytest.approx(buffers[1], abs=0.06)


def test_a_loud_noisy_room_that_is_far_away_gets_advice_for_each(visits: Visits) -> None:
    found = measured(visits, "far_and_loud")
    assert found.code == 1
    assert not found.report["can_converse"]
    assert found.check("clipping")["state"] == "fail"
    assert "Turn the speaker or the microphone down" in found.check("clipping")["remedy"]
    assert "noise_suppression true" in found.check("noise")["remedy"]
    assert "Bluetooth" in found.check("delay")["remedy"]
    assert "louder than it plays" in found.check("echo")["value"]


def test_without_an_echo_a_headset_is_supposed(visits: Visits) -> None:
    found = visits("headset")
    assert found.code == 0
    assert found.figures["delay_ms"] is None
    assert "assistant config set audio.headset true" in found.check("echo")["remedy"]


def test_clocks_that_run_apart_are_told(visits: Visits) -> None:
    """Sound of 48,000 samples a second that is played at 48,019 comes 396 ppm too early."""
    found = measured(visits, "quiet_room")
    assert found.figures["drift_ppm"] == pytest.approx(-396, abs=20), found.out
    assert "one device for both" in found.check("clocks")["remedy"]


def test_a_muted_microphone_stands_in_the_way(visits: Visits) -> None:
    found = visits("muted")
    assert found.code == 1, found.out
    assert "digital silence" in found.check("microphone")["value"]
    assert "muted" in found.check("microphone")["remedy"]


def test_a_hung_sound_server_is_told_as_everywhere(visits: Visits) -> None:
    found = visits("hung")
    assert found.code == 1
    assert found.check("sound")["value"] == "The sound server does not answer."
    assert "Restart the sound server" in found.check("sound")["remedy"]
    assert found.figures is None


def test_without_a_microphone_it_says_so(visits: Visits) -> None:
    found = visits("deaf")
    assert found.code == 1
    assert found.check("sound")["value"] == "There is no microphone."
    assert "Plug one in" in found.check("sound")["remedy"]
    assert "Playing" not in found.err


def test_ctrl_c_ends_it_and_the_sound(visits: Visits) -> None:
    found = visits("interrupted")
    assert found.code == 130
    assert "Traceback" not in found.err
    assert not found.spoken_on
