"""End of speech → theme change, end of speech → first sample, through `talk --realtime`.

The user is one of our own voices, rendered beforehand. Persona changes and questions alternate;
every turn has time to be answered before the next.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from assistant.audio.types import Float32
from assistant.audio.wav import WavWriter
from assistant.bench.report import Measurement
from assistant.commands.talk import Talk, TalkOptions
from assistant.config.schema import Config
from assistant.frames import SAMPLE_RATE, VoiceSpec
from assistant.locations import scratch_dir
from assistant.private_files import scratch_folder
from assistant.session.events import FirstSample, PersonaChanged, SessionEvent, UserSaid
from assistant.session.factory import find_personas

USER = VoiceSpec(kokoro={"am_puck": 0.5, "af_heart": 0.5})
"""A voice that no persona has."""
CHANGES = [
    "Change to GLaDOS.",
    "Switch to HAL 9000.",
    "Change to Marvin.",
    "Talk to Samantha.",
    "Change to the Dalek.",
    "Switch to Jarvis.",
]
QUESTIONS = [
    "What time is it?",
    "Tell me a joke.",
    "Who are you?",
    "What is seven times eight?",
    "How are you?",
    "What day is it?",
    "What can you do?",
    "Thank you very much.",
]
GAP = 7.0
"""Seconds of silence after each turn: most answers are over by then."""


def script(turns: int) -> list[str]:
    """`turns` sentences, every third one a change of persona."""
    return [
        CHANGES[(i // 3) % len(CHANGES)] if i % 3 == 2 else QUESTIONS[i % len(QUESTIONS)]
        for i in range(turns)
    ]


def measure(config: Config, turns: int = 24, *, warm: float = 0.0) -> list[Measurement]:
    """Milliseconds. `warm` seconds of silence come first, in which lines are rendered ahead."""
    find_personas(config)  # a misspelt name is told before anything is rendered
    config.session.save = False
    config.brain.kind = "scripted"
    with scratch_folder(scratch_dir()) as folder:
        source, target = Path(folder) / "in.wav", Path(folder) / "out.wav"
        with WavWriter(source) as file:
            file.write(_speech(script(turns), warm))
        options = TalkOptions(input=source, output=target, realtime=True, seed=1)
        watch = _Watch()
        asyncio.run(_talk(config, options, watch))
    return watch.rows()


async def _talk(config: Config, options: TalkOptions, watch: _Watch) -> None:
    talk = Talk(config, options)
    talk.session.subscribe(watch)
    await talk.run()


class _Watch:
    def __init__(self) -> None:
        self.turns = 0
        self.changes: list[float] = []
        self.samples: list[float] = []
        self.stages: dict[str, list[float]] = {}

    def __call__(self, event: SessionEvent) -> None:
        match event:
            case UserSaid(final=True, text=text) if text:
                self.turns += 1
            case PersonaChanged(latency=float(latency)):
                self.changes.append(1000 * latency)
            case FirstSample(latency=float(latency)):
                self.samples.append(1000 * latency)
                for name, ms in event.stages.items():
                    self.stages.setdefault(name, []).append(ms)
            case _:
                pass

    def rows(self) -> list[Measurement]:
        rows = [
            Measurement(
                "end of speech → theme change", "ms", tuple(self.changes), "aim: p50 ≤ 500 ms"
            ),
            Measurement(
                "end of speech → first sample", "ms", tuple(self.samples), "aim: p50 ≤ 600 ms"
            ),
        ]
        rows += [
            Measurement(f"  {name}", "ms", tuple(values)) for name, values in self.stages.items()
        ]
        return rows


def _speech(sentences: list[str], warm: float) -> Float32:
    from assistant.backends.cascade.synthesis.tts import load_engine, render

    engine = load_engine("kokoro")
    pieces = [np.zeros(int(SAMPLE_RATE * (1 + warm)), np.float32)]
    for sentence in sentences:
        pieces += [render(engine, sentence, USER), np.zeros(int(SAMPLE_RATE * GAP), np.float32)]
    return np.concatenate(pieces)
