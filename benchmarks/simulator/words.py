"""Whether the transcript of an interrupted answer ends where the sound ended.

An independent ear, the cascade's recogniser, counts the words of what was really played.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.audio.resample import OFFLINE, StreamResampler
from assistant.backends.base import BackendError
from assistant.frames import SAMPLE_RATE
from assistant.session.events import AgentSaid, FirstSample, SessionEvent
from benchmarks.simulator.tape import LiveTape

_EAR = "packaged:tiny.en"
_RATE = 16_000
_WORD = re.compile(r"[a-z0-9]+(?:['’][a-z]+)?")
_TAIL = 0.1
"""Seconds that are listened to beyond the moment at which the answer was over."""


def word_errors(
    events: Sequence[SessionEvent], tape: LiveTape, *, spec: str = _EAR
) -> list[int] | None:
    """Of each interrupted answer that was heard: words in the transcript less words played.

    `tape` has kept the sound. None where there is no recogniser, or nothing to compare.
    """
    from assistant.backends.cascade.recognition.stt import Recognizer

    began = {e.turn: e.t for e in events if isinstance(e, FirstSample)}
    cut = [
        e
        for e in events
        if isinstance(e, AgentSaid) and e.final and e.interrupted and e.turn in began
    ]
    if not cut:
        return None
    try:
        recognizer = Recognizer.load(spec)
    except BackendError:
        return None
    errors = []
    for said in cut:
        sound = tape.sound(began[said.turn] - 0.1, said.t + _TAIL)
        resampler = StreamResampler(SAMPLE_RATE, _RATE, OFFLINE)
        heard = recognizer.transcribe(resampler.process(sound, last=True)).text
        errors.append(count_words(said.played) - count_words(heard))
    return errors


def count_words(text: str) -> int:
    """Words and numbers, a contraction being one."""
    return len(_WORD.findall(text.lower()))
