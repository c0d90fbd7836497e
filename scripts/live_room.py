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
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from assistant.frames import SAMPLE_RATE
from benchmarks.echo import first_voiced
from benchmarks.simulator.voice import UserVoice
from tests.e2e.conftest import Home, Room
from tests.e2e.ear import Ear
from tests.e2e.mouth import Mouth
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


@contextlib.contextmanager
def furnished(loss_db: float) -> Iterator[tuple[Room, Terminal, Mouth]]:
    folder = Path(tempfile.mkdtemp(prefix="room-"))
    with VirtualCard(folder) as card, contextlib.closing(Room(card, Home(folder, folder))) as room:
        card.echo()
        (loopback,) = card.pactl("list", "short", "sink-inputs").splitlines()
        card.pactl("set-sink-input-volume", loopback.split()[0], f"-{loss_db}dB")
        app = room.open()
        until(lambda: bool(room.home.turns("JARVIS")), "JARVIS has greeted", app.screen)
        app.until_at_rest()
        mouth = Mouth(card)
        yield room, app, mouth
        mouth.close()


def alone(room: Room, app: Terminal, minutes: float) -> None:
    typed, end = 0, time.monotonic() + 60 * minutes
    spoken = Ear(room.card, "spk.monitor")
    while time.monotonic() < end:
        app.type(ASKS[typed % len(ASKS)])
        typed += 1
        time.sleep(2.0)
        app.until_at_rest()
    spoken.stop()
    sound = spoken.sound
    blocks = sound[: sound.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    voiced = float(np.count_nonzero(np.abs(blocks).max(axis=1) > _SILENT)) / 100
    heard = [said for said in room.home.turns("You") if said not in ASKS]
    print(f"{minutes:g} min, {typed} answers, {voiced:.0f} s of speech: {len(heard)} self-triggers")
    for said in heard:
        print(f"  it heard: {said!r}")


def interrupted(room: Room, app: Terminal, mouth: Mouth, times: int) -> None:
    voice, latencies = UserVoice(), []
    speaker, microphone = Ear(room.card, "spk.monitor"), Ear(room.card, "mic")
    for k in range(times):
        text = SAYS[k % len(SAYS)]
        words = voice.say(text)
        app.type(ASKS[0])
        until(speaker.hears_something, "it speaks", app.screen)
        time.sleep(2.5 + 0.37 * k % 1.3)
        until(speaker.hears_something, "it speaks", app.screen)
        for ear in (speaker, microphone):
            ear.forget()
        mouth.say(words)
        time.sleep(words.size / SAMPLE_RATE + 1.5)
        latency = silence_after(speaker, microphone, words)
        latencies.append(latency)
        print(f"  {text:30} {1000 * latency:6.0f} ms")
        time.sleep(2.0)
        app.until_at_rest()
    for ear in (speaker, microphone):
        ear.stop()
    spread = f"{1000 * min(latencies):.0f}–{1000 * max(latencies):.0f}"
    print(f"{times} interruptions: p50 {1000 * statistics.median(latencies):.0f} ms ({spread})")


def silence_after(speaker: Ear, microphone: Ear, words: Float32) -> float:
    """Seconds from the first voiced sample to the last sound before a gap; may be negative, where
    the assistant happened to be silent already."""
    began, sound = microphone.began, microphone.sound
    found = np.fft.irfft(
        np.fft.rfft(sound, sound.size + words.size)
        * np.conj(np.fft.rfft(words, sound.size + words.size))
    )
    spoken = began + (int(np.argmax(found[: sound.size])) + first_voiced(words)) / SAMPLE_RATE
    start, played = speaker.began, speaker.sound
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
    with furnished(options.loss_db) as (room, app, mouth):
        if options.minutes:
            alone(room, app, options.minutes)
        if options.interruptions:
            interrupted(room, app, mouth, options.interruptions)
        app.press("q")


if __name__ == "__main__":
    main()
