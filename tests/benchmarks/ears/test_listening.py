"""The cascade is told what a session would tell it, and its texts come with their times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.backends.base import BackendError
from assistant.backends.cascade.recognition.choosing import Loaded
from assistant.config.schema import Config
from assistant.frames import FRAME_SAMPLES, FRAME_SECONDS, Failed, UserText, UserTurnStarted
from benchmarks.ears import listening
from benchmarks.ears.clips import Clip
from benchmarks.ears.listening import Ears, FinalText
from benchmarks.ears.manifest import ClipEntry, read_events
from benchmarks.ears.scene import Placement


class Recognizer:
    label = "none"


class Hearing:
    """Says what it was told to say at its frames, and keeps what it is told."""

    script: dict[int, list] = {}
    told: list[bool] = []

    def __init__(self, recognizer, settings, names, emit, *, inline, judge):
        assert inline
        self._emit = emit
        type(self).told = []

    def push(self, number, frame, *, speaking):
        self.told.append(speaking)
        for event in self.script.get(number, ()):
            self._emit(event)


@pytest.fixture
def ears(monkeypatch):
    loaded = Loaded(Recognizer())
    monkeypatch.setattr(listening, "load_recognizer", lambda *of, measure: loaded)
    monkeypatch.setattr(listening, "Hearing", Hearing)
    monkeypatch.setattr(Hearing, "script", {})
    return Ears(Config())


def sound(frames):
    return np.zeros(frames * FRAME_SAMPLES, np.float32)


def placed(start, seconds, events=""):
    entry = ClipEntry(Path("a.wav"), "", read_events(events), "", "tuning")
    clip = Clip(entry, np.zeros(round(seconds * 24_000), np.float32), (0.5, seconds - 0.5))
    return Placement(clip, start, 1.0)


def test_a_text_comes_with_its_turn_and_the_end_of_the_frame_it_came_in(ears):
    final = UserText(text="yes", final=True, speech_end=1.5, stages={"wait": 480.0})
    Hearing.script = {
        10: [UserTurnStarted(side="user", at=0.7), UserText(text="ye", final=False)],
        24: [final, UserText(text=" ", final=True)],
    }

    assert ears.listen(sound(30)) == [FinalText("yes", 0.7, 1.5, 25 * FRAME_SECONDS, 0.48)]


def test_the_assistant_talks_over_those_that_are_spoken_over_it_and_over_no_others(ears):
    ears.listen(sound(200), [placed(4.0, 3.0, "over=assistant"), placed(10.0, 3.0)])

    spoken = [number * FRAME_SECONDS for number, told in enumerate(Hearing.told) if told]
    assert spoken[0] == pytest.approx(3.5, abs=FRAME_SECONDS)
    assert spoken[-1] == pytest.approx(6.5, abs=FRAME_SECONDS)


def test_recognition_that_fails_ends_the_measurement_and_is_told(ears):
    Hearing.script = {3: [Failed(message="speech recognition failed", remedy="try again")]}

    with pytest.raises(BackendError, match="speech recognition failed"):
        ears.listen(sound(5))
