"""`python -m benchmarks echo`: the assistant's own voice in its microphone, in simulated rooms.

Real speech through the real front end, in the 20 ms blocks of a sound card, on a clock that stands
while the machine works: the events are the same each time, however busy it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from assistant.audio.frontend.frontend import FrontEnd
from assistant.audio.types import Float32
from assistant.audio.vad import level_db
from assistant.bench.report import Measurement
from assistant.config.schema import AudioConfig
from assistant.frames import SAMPLE_RATE, VoiceSpec
from benchmarks.room import Noise, Room, at_level, speech_level_db

STEP = SAMPLE_RATE // 50
"""Samples of a block: 20 ms."""
NOISE_DB = -70.0
"""A quiet room, dB full scale."""

ROOMS: dict[str, dict[str, Any]] = {
    "laptop, 20 ms": {"delay_ms": 20},
    "speakers, 40 ms": {},
    "slow device, 120 ms": {"delay_ms": 120},
    "Bluetooth, 320 ms": {"delay_ms": 320},
    "loud, echo over voice": {"loss_db": -5},
    "overdriven speaker": {"distortion": 0.15},
    "clocks +200 ppm": {"drift_ppm": 200.0},
    "clocks −200 ppm": {"drift_ppm": -200.0},
}
ASSISTANT = [
    "Good evening. All systems are running, and I have been looking forward to this conversation.",
    "The capital of France is Paris, which lies on the river Seine, and has for a very long time.",
    "I could tell you about the weather, but you have a window, and I have none.",
    "Seven times eight is fifty six. Shall we go on to something harder?",
    "Oh! What a wonderful idea. Let me think about it. Yes, we could do that tomorrow morning.",
]
USER = [
    "Stop.",
    "Change to GLaDOS.",
    "What time is it?",
    "Be quiet please.",
    "Wait a moment.",
    "Tell me a joke.",
    "No, that is wrong.",
    "Excuse me.",
    "And what about London?",
    "Thank you very much.",
]
_LOOP_SECONDS = 0.4
_WARM_UP = 8.0
"""Seconds of the assistant alone before the user speaks over it."""


@dataclass(slots=True)
class EchoRun:
    """What came of it."""

    near: Float32
    """What the microphone heard."""
    out: Float32
    """What the front end handed on."""
    voices: list[tuple[float, bool]] = field(default_factory=list)
    """When a voice was noticed, and when it was over: seconds."""
    clean: list[tuple[float, bool]] = field(default_factory=list)
    """When `clean` changed: seconds."""
    block_ms: list[float] = field(default_factory=list)
    """Milliseconds that ten of them took."""

    @property
    def onsets(self) -> list[float]:
        """Seconds at which a voice was noticed."""
        return [at for at, speaking in self.voices if speaking]


def listen(
    front: FrontEnd,
    room: Room | None,
    far: Float32,
    user: Float32 | None = None,
    *,
    noise: Noise | None = None,
    changes: Sequence[tuple[float, Callable[[Room], None]]] = (),
) -> EchoRun:
    """Play `far` in the room (None: into a headset), with the user's voice and noise in the
    microphone. `changes`: seconds, and what then happens to the room."""
    noise = noise or Noise("pink", NOISE_DB)
    heard = EchoRun(np.zeros(0, np.float32), np.zeros(0, np.float32))
    near, out, at = [], [], 0.0
    due = list(changes)
    front.on_voice = lambda speaking: heard.voices.append((at, speaking))
    for start in range(0, far.size - STEP + 1, STEP):
        while room is not None and due and start >= due[0][0] * SAMPLE_RATE:
            due.pop(0)[1](room)
        block = far[start : start + STEP]
        sound = room.hear(block) if room is not None else np.zeros(STEP, np.float32)
        if user is not None:
            sound = sound + _piece(user, start, sound.size)
        sound = sound + noise.read(sound.size)
        at = (start + STEP) / SAMPLE_RATE
        was_clean, began = front.clean, time.perf_counter()
        front.played(block)
        out.append(front.heard(sound))
        heard.block_ms.append(500 * (time.perf_counter() - began))
        near.append(sound)
        if front.clean != was_clean:
            heard.clean.append((at, front.clean))
    heard.near, heard.out = np.concatenate(near), np.concatenate(out)
    return heard


def looped(sentences: Sequence[Float32], seconds: float) -> Float32:
    """The sentences one after the other, again and again, for so long."""
    pause = np.zeros(round(_LOOP_SECONDS * SAMPLE_RATE), np.float32)
    once = np.concatenate([piece for sentence in sentences for piece in (sentence, pause)])
    samples = round(seconds * SAMPLE_RATE)
    return np.tile(once, -(-samples // once.size))[:samples]


def spoken_over(
    sentences: Sequence[Float32], seconds: float, level: float
) -> tuple[Float32, list[tuple[float, float]]]:
    """A user who says something every other second, `level` dB full scale; and from when to when,
    in seconds, beginning with the first *voiced* sample."""
    random = np.random.default_rng(3)
    sound = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    spans = []
    at = _WARM_UP
    for k in range(10_000):
        words = at_level(sentences[k % len(sentences)], level)
        begin = round(at * SAMPLE_RATE)
        if begin + words.size + SAMPLE_RATE > sound.size:
            break
        sound[begin : begin + words.size] = words
        ends = (begin + words.size) / SAMPLE_RATE
        spans.append((at + first_voiced(words) / SAMPLE_RATE, ends))
        at = ends + random.uniform(0.9, 1.7)
    return sound, spans


def first_voiced(speech: Float32) -> int:
    """Sample at which the voice (80 Hz to 1 kHz) first comes within 20 dB of its loudest."""
    spectrum = np.fft.rfft(speech)
    hertz = np.fft.rfftfreq(speech.size, 1 / SAMPLE_RATE)
    spectrum[(hertz < 80) | (hertz > 1_000)] = 0
    low = np.fft.irfft(spectrum, speech.size)
    block = SAMPLE_RATE // 200
    powers = np.mean(low[: low.size // block * block].reshape(-1, block) ** 2, axis=1)
    return int(np.argmax(powers > powers.max() / 100)) * block


def noticed(heard: EchoRun, spans: Sequence[tuple[float, float]]) -> list[float | None]:
    """Milliseconds from the first voiced sample until the voice was noticed, for each span; None:
    it never was."""
    latencies: list[float | None] = []
    for begins, ends in spans:
        times = [t for t in heard.onsets if begins - 0.1 <= t <= ends]
        latencies.append(1000 * (times[0] - begins) if times else None)
    return latencies


def erle(heard: EchoRun, start: float, stop: float) -> float:
    """Echo return loss enhancement between two times, dB; `near` and `out` without a user."""
    part = slice(round(start * SAMPLE_RATE), round(stop * SAMPLE_RATE))
    return level_db(heard.near[part]) - level_db(heard.out[part])


def measure(*, minutes: float = 10.0) -> list[Measurement]:
    """Everything; about a tenth of the simulated time on one core."""
    assistant, user = material()
    return [
        *_of_rooms(assistant),
        *_alone(assistant, minutes),
        *_over_each_other(assistant, user),
        *_user_alone(user),
    ]


def material() -> tuple[list[Float32], list[Float32]]:
    """The assistant's sentences and the user's, float32 at 24 kHz; rendered by Kokoro."""
    from assistant.backends.cascade.synthesis.tts import load_engine, render

    engine = load_engine("kokoro")
    voices = ["bm_george", "af_heart", "am_fenrir"]
    says = [
        render(engine, text, VoiceSpec(kokoro={voices[k % 3]: 1.0}))
        for k, text in enumerate(ASSISTANT)
    ]
    users = [{"am_puck": 0.5, "af_heart": 0.5}, {"bf_emma": 1.0}]
    asks = [render(engine, text, VoiceSpec(kokoro=users[k % 2])) for k, text in enumerate(USER)]
    return [at_level(sound, -20.0) for sound in says], asks


def _of_rooms(assistant: list[Float32]) -> Iterator[Measurement]:
    far = looped(assistant, 24.0)
    block_ms: list[float] = []
    for name, room in ROOMS.items():
        heard = listen(FrontEnd(AudioConfig()), Room(1, **room), far)
        block_ms += heard.block_ms
        clean = next((f"clean after {at:.1f} s" for at, is_clean in heard.clean if is_clean), "–")
        for start, stop in ((0.0, 3.0), (3.0, 11.0), (16.0, 24.0)):
            value = erle(heard, start, stop)
            note = clean if start == 16.0 else ""
            yield Measurement(f"{name}: {start:.0f}–{stop:.0f} s", "dB", (value,), note)
    share = 10 * float(np.mean(block_ms))
    yield Measurement("10 ms of sound", "ms", tuple(block_ms), f"{share:.1f} % of a core")


def _alone(assistant: list[Float32], minutes: float) -> Iterator[Measurement]:
    far = looped(assistant, 60 * minutes)
    for name in ("speakers, 40 ms", "clocks +200 ppm"):
        heard = listen(FrontEnd(AudioConfig()), Room(2, **ROOMS[name]), far)
        note = f"aim: 0; {len(heard.clean)} changes of clean"
        yield Measurement(
            f"{minutes:g} min alone, {name}: onsets", "", (float(len(heard.onsets)),), note
        )


def _over_each_other(assistant: list[Float32], user: list[Float32]) -> Iterator[Measurement]:
    far = looped(assistant, 60.0)
    echo = speech_level_db(Room(1).echo(far))
    for ratio in (-5, 0, 5, 10):
        sound, spans = spoken_over(user, 60.0, echo + ratio)
        heard = listen(FrontEnd(AudioConfig()), Room(1), far, sound)
        yield _noticed_row(f"user over echo, {ratio:+} dB", heard, spans)


def _user_alone(user: list[Float32]) -> Iterator[Measurement]:
    far = np.zeros(40 * SAMPLE_RATE, np.float32)
    for snr in (45, 20, 10, 5):
        sound, spans = spoken_over(user, 40.0, -25.0)
        noise = Noise("pink", -25.0 - snr)
        heard = listen(FrontEnd(AudioConfig()), None, far, sound, noise=noise)
        yield _noticed_row(f"user alone, {snr} dB over noise", heard, spans)


def _noticed_row(name: str, heard: EchoRun, spans: list[tuple[float, float]]) -> Measurement:
    latencies = noticed(heard, spans)
    found = tuple(latency for latency in latencies if latency is not None)
    return Measurement(name, "ms", found, f"{len(found)} of {len(spans)} noticed")


def _piece(sound: Float32, start: int, samples: int) -> Float32:
    piece = sound[start : start + samples]
    return np.concatenate((piece, np.zeros(samples - piece.size, np.float32)))
