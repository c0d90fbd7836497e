"""How a conversation goes on real streams: the whole program on a virtual sound card whose speaker
the microphone hears 40 ms later, with a person who talks over it.

    .venv/bin/python scripts/live_room.py [--minutes 10] [--interruptions 10] [--loss-db 6]

The assistant talks for so many minutes: how often does it answer itself? Then it is
interrupted: how long is it from the first voiced sample at the microphone to silence at the
speaker? Needs pulseaudio, pactl, parec, paplay and tmux.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from assistant.audio.wav import WavWriter
from assistant.bench.echo import first_voiced
from assistant.bench.simulator.voice import UserVoice
from assistant.frames import SAMPLE_RATE
from tests.e2e.conftest import Home, Room
from tests.e2e.terminal import Terminal
from tests.e2e.virtual_card import VirtualCard
from tests.processes import until

Float32 = NDArray[np.float32]

_BLOCK = SAMPLE_RATE // 100
_SILENT = 0.003
_GAP = 0.25
"""Seconds without sound that are no pause between words any more."""
ASKS = ["Which personas are there?", "Who are you?", "What can you do?"]
"""Typed, for their long answers."""
SAYS = [
    "Wait a moment.",
    "Excuse me, what time is it?",
    "No, that is wrong.",
    "Stop.",
    "And what about London?",
]


class Tap:
    """What passes a source, with the time at which it did."""

    def __init__(self, card: VirtualCard, source: str) -> None:
        command = ["parec", "-d", source, f"--rate={SAMPLE_RATE}", "--channels=1"]
        command += ["--format=s16le", "--raw", "--latency-msec=10"]
        self._process = subprocess.Popen(
            command, env=_environment(card), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._blocks: list[bytes] = []
        self._start = float("inf")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while block := self._process.stdout.read(2 * _BLOCK):
            self._blocks.append(block)
            # The least delayed block tells best when the first sample was there.
            ends = len(self._blocks) * _BLOCK / SAMPLE_RATE
            self._start = min(self._start, time.monotonic() - ends)

    def close(self) -> tuple[float, Float32]:
        """When it began, and float32 [n] at 24 kHz."""
        self._process.terminate()
        self._process.wait()
        sound = np.frombuffer(b"".join(self._blocks), np.int16)
        return self._start, (sound / 32768).astype(np.float32)

    def sounds(self) -> bool:
        """Whether something was heard in the last tenth of a second."""
        last = np.frombuffer(b"".join(self._blocks[-10:]), np.int16)
        return bool(last.size and np.abs(last).max() > 32768 * 0.01)


def _environment(card: VirtualCard) -> dict[str, str]:
    return {**os.environ, **card.environment}


@contextlib.contextmanager
def furnished(loss_db: float) -> Iterator[tuple[Room, Terminal]]:
    folder = Path(tempfile.mkdtemp(prefix="room-"))
    with VirtualCard(folder) as card, contextlib.closing(Room(card, Home(folder, folder))) as room:
        card.echo()
        (loopback,) = card.pactl("list", "short", "sink-inputs").splitlines()
        card.pactl("set-sink-input-volume", loopback.split()[0], f"-{loss_db}dB")
        app = room.open()
        until(lambda: bool(room.home.turns("JARVIS")), "JARVIS has greeted", app.screen)
        app.until_at_rest()
        yield room, app


def alone(room: Room, app: Terminal, minutes: float) -> None:
    typed, end = 0, time.monotonic() + 60 * minutes
    spoken = Tap(room.card, "spk.monitor")
    while time.monotonic() < end:
        app.type(ASKS[typed % len(ASKS)])
        typed += 1
        time.sleep(2.0)
        app.until_at_rest()
    _, sound = spoken.close()
    blocks = sound[: sound.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    voiced = float(np.count_nonzero(np.abs(blocks).max(axis=1) > _SILENT)) / 100
    heard = [said for said in room.home.turns("You") if said not in ASKS]
    print(f"{minutes:g} min, {typed} answers, {voiced:.0f} s of speech: {len(heard)} self-triggers")
    for said in heard:
        print(f"  it heard: {said!r}")


def interrupted(room: Room, app: Terminal, times: int) -> None:
    voice, latencies = UserVoice(), []
    wav = room.home.folder / "says.wav"
    for k in range(times):
        text = SAYS[k % len(SAYS)]
        words = voice.say(text)
        with WavWriter(wav) as writer:
            writer.write(np.concatenate([words, np.zeros(SAMPLE_RATE // 4, np.float32)]))
        speaker, microphone = Tap(room.card, "spk.monitor"), Tap(room.card, "mic")
        app.type(ASKS[0])
        until(speaker.sounds, "it speaks", app.screen)
        time.sleep(2.5 + 0.37 * k % 1.3)
        until(speaker.sounds, "it speaks", app.screen)
        room.card.speak(wav)
        time.sleep(0.8)
        latency = silence_after(speaker.close(), microphone.close(), words)
        latencies.append(latency)
        print(f"  {text:30} {1000 * latency:6.0f} ms")
        time.sleep(2.0)
        app.until_at_rest()
    spread = f"{1000 * min(latencies):.0f}–{1000 * max(latencies):.0f}"
    print(f"{times} interruptions: p50 {1000 * statistics.median(latencies):.0f} ms ({spread})")


def silence_after(
    speaker: tuple[float, Float32], microphone: tuple[float, Float32], words: Float32
) -> float:
    """Seconds from the first voiced sample to the last sound before a gap; may be negative, where
    the assistant happened to be silent already."""
    began, sound = microphone
    found = np.fft.irfft(
        np.fft.rfft(sound, sound.size + words.size)
        * np.conj(np.fft.rfft(words, sound.size + words.size))
    )
    spoken = began + (int(np.argmax(found[: sound.size])) + first_voiced(words)) / SAMPLE_RATE
    start, played = speaker
    blocks = played[: played.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    loud = np.abs(blocks).max(axis=1) > _SILENT
    at = max(0, round((spoken - start) * 100))
    last = at
    for block in range(max(0, at - 10), loud.size):
        if loud[block]:
            last = block
        elif block - last > 100 * _GAP and block > at:
            break
    return start + (last + 1) / 100 - spoken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--loss-db", type=float, default=6.0, help="from speaker to microphone")
    parser.add_argument("--interruptions", type=int, default=10)
    options = parser.parse_args()
    with furnished(options.loss_db) as (room, app):
        if options.minutes:
            alone(room, app, options.minutes)
        if options.interruptions:
            interrupted(room, app, options.interruptions)
        app.press("q")


if __name__ == "__main__":
    main()
