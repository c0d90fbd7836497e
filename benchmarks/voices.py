"""How loud each persona is, clause by clause, and how long it pauses between them.

Each says the same answer, of long and of very short clauses, just as the cascade speaks it: after
pitch, effect and levelling. Loudness is integrated as in ITU-R BS.1770-4, peaks are true peaks.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.bench.report import machine
from assistant.config.schema import Config
from assistant.frames import SAMPLE_RATE, AgentText, AnyEvent, AudioOut, VoiceSpec
from assistant.session.factory import find_personas

ANSWER = (
    "Of course. It is a quarter past seven, and the train leaves in ten minutes. "
    "Shall I set an alarm? Yes."
)
MOST_APART = 2.0
"""LU between the loudest and the softest persona."""
MOST_BETWEEN_CLAUSES = 3.0
"""LU between a clause and the next."""
HIGHEST_PEAK = -1.0
"""dBTP."""
SHORTEST_GAP, LONGEST_GAP = 60.0, 350.0
"""Milliseconds of silence between two clauses."""
_SILENT = 10 ** (-45 / 20)
"""RMS over 5 ms: 25 LU under speech."""
_STEP = SAMPLE_RATE // 200


@dataclass(frozen=True, slots=True)
class VoiceLevels:
    """What was measured of one persona."""

    persona: str
    loudness: float
    """LUFS, integrated over all that was said."""
    clauses: tuple[float, ...]
    """LUFS of each clause."""
    peak: float
    """dBTP."""
    gaps: tuple[float, ...]
    """Milliseconds of silence between each two clauses."""

    @property
    def step(self) -> float:
        """LU: the largest difference between neighbours."""
        return max((abs(b - a) for a, b in pairwise(self.clauses)), default=0.0)

    def faults(self) -> list[str]:
        """What is not as it should be, in words."""
        found = []
        if self.step > MOST_BETWEEN_CLAUSES:
            found.append(f"{self.persona}: {self.step:.1f} LU between two clauses")
        if self.peak > HIGHEST_PEAK:
            found.append(f"{self.persona}: peaks of {self.peak:.1f} dBTP")
        found += [
            f"{self.persona}: {gap:.0f} ms between two clauses"
            for gap in self.gaps
            if not SHORTEST_GAP <= gap <= LONGEST_GAP
        ]
        return found


def measure(
    voices: Mapping[str, VoiceSpec],
    say: Callable[[VoiceSpec], list[AnyEvent]],
    progress: Callable[[str], None] = lambda persona: None,
) -> list[VoiceLevels]:
    """Levels of each of `voices`, {persona: voice}; `say` speaks an answer with one of them and
    returns the events of it."""
    levels = []
    for persona, voice in voices.items():
        progress(persona)
        levels.append(levels_of(persona, say(voice)))
    return levels


def levels_of(persona: str, events: list[AnyEvent]) -> VoiceLevels:
    """What the events of one utterance sound like."""
    from assistant.backends.cascade.synthesis.loudness import integrated_loudness, true_peaks

    sound = np.frombuffer(b"".join(e.pcm for e in events if isinstance(e, AudioOut)), "<f4")
    spans = [(e.start, e.end) for e in events if isinstance(e, AgentText) and e.end > e.start]
    return VoiceLevels(
        persona,
        integrated_loudness(sound),
        tuple(integrated_loudness(sound[start:end]) for start, end in spans),
        float(20 * np.log10(max(true_peaks(sound).max(initial=0.0), 1e-6))),
        tuple(_gap(sound, end) for _, end in spans[:-1]),
    )


def apart(levels: list[VoiceLevels]) -> float:
    """LU between the loudest persona and the softest."""
    loudness = [voice.loudness for voice in levels]
    return max(loudness) - min(loudness) if loudness else 0.0


def spoken(config: Config) -> Callable[[VoiceSpec], list[AnyEvent]]:
    """Says `ANSWER` with the configured engine. Raises `BackendError` where it is missing."""
    from assistant.backends.cascade.synthesis.engines.choosing import load_voice
    from assistant.backends.cascade.synthesis.speaker import Speaker
    from assistant.backends.cascade.synthesis.voice_cache import VoiceCache

    cascade = config.backend.cascade
    engine = load_voice(cascade.voice_engine, threads=cascade.threads).engine
    nothing_kept = VoiceCache(Path(tempfile.gettempdir()), 0)

    def say(voice: VoiceSpec) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        speaker = Speaker(engine, nothing_kept, events.append, inline=True)
        speaker.set_voice(voice)
        speaker.say(1, ANSWER, final=True)
        speaker.close()
        return events

    return say


def voices_command(config: Config, *, json_output: bool = False) -> int:
    """Print the table; returns 1 where a voice is not as it should be."""
    from rich.text import Text

    from assistant.commands.tables import console

    log = console(stderr=True)
    personas = find_personas(config).loaded
    voices = {persona.name: persona.voice.spec() for persona in personas.values()}
    try:
        say = spoken(config)
    except BackendError as error:
        log.print(f"{error.message} {error.remedy}", style="red")
        return 1
    with log.status("") as status:
        levels = measure(voices, say, lambda name: status.update(Text(f"{name} speaks")))
    faults = [fault for voice in levels for fault in voice.faults()]
    if apart(levels) > MOST_APART:
        faults.append(f"the personas are {apart(levels):.1f} LU apart")
    if json_output:
        rows = [asdict(voice) for voice in levels]
        print(json.dumps({"bench": "voices", "apart": apart(levels), "rows": rows}, indent=2))
    else:
        _print(levels)
    for fault in faults:
        log.print(fault, style="red")
    return 1 if faults else 0


def _print(levels: list[VoiceLevels]) -> None:
    from rich.table import Table

    from assistant.commands.tables import console

    table = Table(title=f"voices · {machine()}", title_justify="left")
    for column in ("persona", "LUFS", "clauses, LUFS", "step, LU", "peak, dBTP", "gaps, ms"):
        table.add_column(column, justify="left" if column == "persona" else "right")
    for voice in levels:
        table.add_row(
            voice.persona,
            f"{voice.loudness:.1f}",
            " ".join(f"{clause:.1f}" for clause in voice.clauses),
            f"{voice.step:.1f}",
            f"{voice.peak:.1f}",
            " ".join(f"{gap:.0f}" for gap in voice.gaps),
        )
    out = console()
    out.print(table)
    out.print(f"{apart(levels):.2f} LU apart; at most {MOST_APART:.0f} are wanted")


def _gap(sound: Float32, at: int) -> float:
    """Milliseconds of silence around sample `at`, the end of a clause."""
    count = len(sound) // _STEP
    loud = np.flatnonzero(
        np.sqrt((sound[: count * _STEP].reshape(count, _STEP) ** 2).mean(axis=1)) > _SILENT
    )
    before, after = loud[loud < at // _STEP], loud[loud >= at // _STEP]
    if not before.size or not after.size:
        return 0.0
    return float((after[0] - before[-1] - 1) * 1000 * _STEP / SAMPLE_RATE)
