"""When does a turn end? The wait after the last word, and how often somebody is cut off.

Speech recognition is the cascade's own, on the virtual clock: frames go into `Hearing`, and what
counts is the frame at which `UserTurnEnded` came out. Where the weights of Smart Turn are on this
machine, they judge the voice, as they do for users. The material is rendered (see `turn_material`:
what is reported here was never used to tune a rule), or a folder of recordings.

A recording `name.wav` may have `name.json` beside it, `{"ends": [2.31, 7.9]}`, or `name.txt`, one
number a line: the seconds at which a turn ends. Without them the recording is one turn, however
long its pauses.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.bench.report import Measurement
from assistant.config.schema import Config
from assistant.frames import (
    FRAME_SAMPLES,
    FRAME_SECONDS,
    SAMPLE_RATE,
    AnyEvent,
    Failed,
    SpokenNames,
    UserTurnEnded,
)
from assistant.session.factory import find_personas
from assistant.terminal.output import write_status
from benchmarks.sound_files import read_sound
from benchmarks.turn_material import (
    AFTER,
    COMPLETE,
    PAUSED,
    Half,
    RecordedTurn,
    spoken,
    voiced,
)

if TYPE_CHECKING:
    from assistant.backends.cascade.endpointing.patience import TurnConfig
    from assistant.backends.cascade.endpointing.smart_turn import Judge
    from assistant.backends.cascade.recognition.decode import Transcription
    from assistant.backends.cascade.recognition.hearing import Transcribes
    from assistant.backends.cascade.recognition.names import NameHints

_EARLY = 0.15
"""Seconds by which a decision may come before the marked end: its last sound fades."""
_FADE = 0.05
"""Seconds after a marked end that still belong to the turn."""
_BEFORE = 0.6
"""Seconds of silence before a recording."""
_ROOM = 10 ** (-75 / 20)
"""Noise of the room that a recording is heard in, root mean square."""


@dataclass(frozen=True, slots=True)
class TurnOutcome:
    """What became of one turn."""

    turn: RecordedTurn
    wait: float | None
    """Milliseconds from the last voiced sample to the frame that ended the turn; None where it was
    cut off, or never ended."""
    cut_off: bool
    transcribing: tuple[float, ...]
    """Milliseconds that each transcript of this turn took on this machine; the virtual clock knows
    nothing of them."""


def measure(
    config: Config, *, recordings: Path | None = None, half: Half = "reporting", seed: int = 1
) -> list[Measurement]:
    """Milliseconds and percent. Raises `BackendError` where weights or recordings are missing."""
    turns = read_recordings(recordings) if recordings else spoken(half, seed, _tell)
    return rows(list(judge(config, turns)))


def judge(config: Config, turns: Iterable[RecordedTurn]) -> Iterator[TurnOutcome]:
    """Let the cascade hear each turn, in a room of its own."""
    from assistant.backends.cascade.endpointing.patience import TurnConfig
    from assistant.backends.cascade.endpointing.smart_turn import SmartTurn
    from assistant.backends.cascade.recognition.choosing import load_recognizer

    judge = SmartTurn.load()
    cascade = config.backend.cascade
    recognizer = load_recognizer(config.stt, cascade.threads).recognizer
    names = [persona.spoken_names() for persona in find_personas(config).loaded.values()]
    settings = TurnConfig(end_silence_ms=cascade.end_silence_ms)
    for turn in turns:
        timed = _Timed(recognizer)
        yield _outcome(turn, _decision(timed, settings, names, turn.sound, judge), timed)


def _decision(
    recognizer: Transcribes,
    settings: TurnConfig,
    names: list[SpokenNames],
    sound: Float32,
    judge: Judge | None,
) -> float | None:
    """Seconds to the end of the frame at which the first turn was over."""
    from assistant.backends.cascade.recognition.hearing import Hearing

    events: list[AnyEvent] = []
    hearing = Hearing(recognizer, settings, names, events.append, inline=True, judge=judge)
    for number in range(sound.size // FRAME_SAMPLES):
        hearing.push(number, sound[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES])
        for event in events:
            if isinstance(event, Failed):
                raise BackendError(event.message, event.remedy)
            if isinstance(event, UserTurnEnded):
                return (number + 1) * FRAME_SECONDS
    return None


def _outcome(turn: RecordedTurn, decided: float | None, timed: _Timed) -> TurnOutcome:
    cut_off = decided is not None and decided < turn.end - _EARLY
    wait = None if decided is None or cut_off else 1000 * (decided - turn.end)
    return TurnOutcome(turn, wait, cut_off, tuple(timed.milliseconds))


class _Timed:
    """A recogniser that is timed."""

    def __init__(self, recognizer: Transcribes) -> None:
        self._recognizer = recognizer
        self.milliseconds: list[float] = []

    def transcribe(
        self, audio: Float32, names: NameHints | None = None, *, brief: bool = False
    ) -> Transcription:
        began = time.perf_counter()
        transcript = self._recognizer.transcribe(audio, names, brief=brief)
        self.milliseconds.append(1000 * (time.perf_counter() - began))
        return transcript

    def closure(self, text: str) -> float | None:
        return self._recognizer.closure(text)


# --- recordings -------------------------------------------------------------------------------


def read_recordings(folder: Path) -> list[RecordedTurn]:
    """Every turn of every WAV file in `folder`, each with silence after it.

    Raises `BackendError` where there are none, or one of them cannot be used.
    """
    paths = sorted(path for path in folder.glob("*") if path.suffix.lower() == ".wav")
    if not paths:
        raise BackendError(
            f"There are no WAV files in {folder}.", "Name a folder of recordings: --recordings DIR"
        )
    return [turn for path in paths for turn in _turns_of(path)]


def _turns_of(path: Path) -> Iterator[RecordedTurn]:
    sound = read_sound(path)
    begins = 0.0
    for end in _marked_ends(path) or [voiced(sound)[1] / SAMPLE_RATE]:
        piece = sound[int(begins * SAMPLE_RATE) : int((end + _FADE) * SAMPLE_RATE)]
        before, after = (np.zeros(int(s * SAMPLE_RATE), np.float32) for s in (_BEFORE, AFTER))
        room = np.random.default_rng(0).standard_normal(before.size + piece.size + after.size)
        heard = np.concatenate([before, piece, after]) + _ROOM * room
        last = _BEFORE + end - begins
        yield RecordedTurn(path.stem, "recording", heard.astype(np.float32), last, None)
        begins = end + _FADE


def _marked_ends(path: Path) -> list[float]:
    """What the file beside a recording says; empty where there is none."""
    try:
        if (beside := path.with_suffix(".json")).is_file():
            found = json.loads(beside.read_text(encoding="utf-8"))["ends"]
        elif (beside := path.with_suffix(".txt")).is_file():
            found = beside.read_text(encoding="utf-8").split()
        else:
            return []
        return sorted(float(end) for end in found)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackendError(
            f"{beside} does not say where turns end: {error}",
            'Write {"ends": [2.31]} there, or one number a line: seconds.',
        ) from error


# --- the table --------------------------------------------------------------------------------


def rows(outcomes: Sequence[TurnOutcome]) -> list[Measurement]:
    """Waits of the turns that were not cut off; shares of those that were, by kind."""
    paused = [o for o in outcomes if o.turn.goes_on is not None]
    found = [
        Measurement("wait after the last word", "ms", _waits(outcomes), "aim: p50 ≤ 350 ms"),
        *_by_kind(outcomes, "  "),
        _share("cut off, of all turns", outcomes, "aim: ≤ 5 %"),
    ]
    if paused:
        easy = [o for o in paused if o.turn.kind != "clause"]
        found += [
            _share("  of those with a pause inside", paused),
            _share("  … but for whole clauses", easy, "the words can tell"),
            *(_share(f"    {kind}", _of(paused, kind)) for kind in PAUSED),
        ]
    never = [o for o in outcomes if o.wait is None and not o.cut_off]
    found.append(Measurement("never ended", "turns", (float(len(never)),)))
    work = tuple(ms for o in outcomes for ms in o.transcribing)
    found.append(Measurement("a transcript, on this machine", "ms", work))
    return found


def _by_kind(outcomes: Sequence[TurnOutcome], indent: str) -> list[Measurement]:
    kinds = [kind for kind in (*COMPLETE, *PAUSED) if _of(outcomes, kind)]
    return [Measurement(indent + kind, "ms", _waits(_of(outcomes, kind))) for kind in kinds]


def _of(outcomes: Sequence[TurnOutcome], kind: str) -> list[TurnOutcome]:
    return [o for o in outcomes if o.turn.kind == kind]


def _waits(outcomes: Sequence[TurnOutcome]) -> tuple[float, ...]:
    return tuple(o.wait for o in outcomes if o.wait is not None)


def _share(name: str, outcomes: Sequence[TurnOutcome], note: str = "") -> Measurement:
    cut = sum(o.cut_off for o in outcomes)
    percent = 100 * cut / len(outcomes) if outcomes else 0.0
    return Measurement(
        name, "%", (percent,), ", ".join(filter(None, [f"{cut} of {len(outcomes)}", note]))
    )


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        write_status(f"rendering: {text}")
